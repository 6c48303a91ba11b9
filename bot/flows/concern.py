"""「気になる人がいる」: what a supporter noticed about a neighbour, and which window will look after it.

Only what can be tapped is asked here. Who and where exactly is typed in our own form, never in the chat.
"""

from __future__ import annotations

from bot.flows.context import Context
from bot.flows.effects import Effect, OpenConcern, Say
from bot.flows.rules import ask_district, ask_town_or_landmark
from bot.flows.sending import LATER, SOON, TODAY, Destination, ask_danger, ask_to_send
from bot.flows.talk import Option, Talk, choice, pick

NOT_TOLD = "better_not"
# One question more, where a kind holds what cannot wait: nothing to eat today, being hurt, growing weak.
MORE = {"poverty", "disability", "home"}
HURT = {
    "disability"
}  # where that answer speaks of violence: then the person is not told, as with all violence
UNSEEN = {"safety": ("week", "month", "longer")}  # nobody has been seen or reached for so long


def concern(ctx: Context) -> Talk[list[Effect]]:
    """Danger first, then where, what, since when, whether the person knows; sent only after it was shown."""
    level_seen = yield from ask_danger()
    town = yield from ask_town_or_landmark(ctx)
    at = town or ctx.central_town
    district = (yield from ask_district(ctx, at)) if town else None
    kinds = ctx.content.concern_kinds
    kind = kinds[(yield from pick("kind", *(Option(k.key, k.label) for k in kinds.values())))]
    cannot_wait = "no"
    if kind.key in MORE:
        cannot_wait = (yield from choice(f"more_{kind.key}", "yes", "no", skippable=True)) or "unknown"
    since = (
        yield from choice("since", "today", "days", "week", "month", "longer", skippable=True)
    ) or "unknown"
    knows = NOT_TOLD
    if not (kind.never_told or (kind.key in HURT and cannot_wait != "no")):
        knows = yield from pick(
            "knows",
            "agrees",
            Option("knows", also=("しっている", "しってる", "知ってる")),
            Option("unaware", also=("しらない", "しりません", "知りません")),
            "refused",
            NOT_TOLD,
        )
    # An answer may raise the level of a kind; nothing lowers it.
    unseen = TODAY if since in UNSEEN.get(kind.key, ()) else LATER
    by_answer = {"yes": TODAY, "unknown": SOON, "no": LATER}[cannot_wait]
    level = min(kind.level, level_seen, unseen, by_answer)
    sent = yield from ask_to_send(
        ctx, at, kind, level, label=kind.label, note=ctx.content.texts.get(f"concern.then.{knows}")
    )
    if not isinstance(sent, Destination):
        return [Say("concern.not_sent")]
    return [
        OpenConcern(
            at, district, kind.key, level, since, knows, sent.window, sent.reason, doubted=sent.doubted
        )
    ]
