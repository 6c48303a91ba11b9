"""「気になる人がいる」: what a supporter noticed about a neighbour, and which window will look after it.

Only what can be tapped is asked here. Who and where exactly is typed in our own form, never in the chat.
"""

from __future__ import annotations

from bot.content.places import Route, route
from bot.flows.context import Context
from bot.flows.effects import Effect, OpenConcern, Say
from bot.flows.rules import ask_district, ask_town_if_known
from bot.flows.talk import Option, Talk, choice, pick

LIFE_AT_RISK = 0
TODAY = 1
NOT_TOLD = "better_not"
EMERGENCY = ("ambulance", "police")  # asked about first of all; repeated only for what cannot wait


def concern(ctx: Context) -> Talk[list[Effect]]:
    """Danger first, then where, what, since when, whether the person knows; sent only after it was shown."""
    level_seen = 4
    danger = yield from pick("danger", "now", "no", "unsure")
    if danger != "no":
        called = yield from pick("call", "called", "not_now", call=EMERGENCY)
        level_seen = LIFE_AT_RISK if called == "called" else TODAY
    town = yield from ask_town_if_known(ctx)
    at = town or ctx.central_town
    district = (yield from ask_district(ctx, at)) if town else None
    kinds = ctx.content.concern_kinds
    kind = kinds[(yield from pick("kind", *(Option(k.key, k.label) for k in kinds.values())))]
    since = (
        yield from choice("since", "today", "days", "week", "month", "longer", skippable=True)
    ) or "unknown"
    knows = NOT_TOLD
    if not kind.never_told:
        knows = yield from pick("knows", "agrees", "knows", "unaware", "refused", NOT_TOLD)
    way = route(ctx.content.windows, at, kind.key)
    window = way.reader
    # An answer may raise the level of a kind; nothing lowers it.
    level = min(kind.level, level_seen)
    sent = yield from pick(
        "send",
        Option("send", also=("送る", "おくる", "お願いします", "おねがいします")),
        Option("stop", also=("おくらない", "やめておく")),
        call=tuple(key for key in kind.hotlines if kind.level <= TODAY or key not in EMERGENCY),
        params={
            "kind": kind.label,
            "window": window.name,
            "phone": window.phone or "",
            "specialist": _specialist(ctx, way),
        },
    )
    if sent == "stop":
        return [Say("concern.not_sent")]
    return [OpenConcern(at, district, kind.key, level, since, knows, window.key, way.reason)]


def _specialist(ctx: Context, way: Route) -> str:
    """The line about a desk that knows more of this, but does not read here; empty where there is none."""
    if way.reader is way.window or not way.window.phone:
        return ""
    line = ctx.content.texts.get("concern.specialist", window=way.window.name, phone=way.window.phone)
    return f"\n{line}"
