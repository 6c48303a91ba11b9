"""「気になるしるし」: what the staff of a watch partner noticed at a door, in three taps."""

from __future__ import annotations

from bot.content.library import UNSURE_KIND
from bot.flows.context import Context
from bot.flows.effects import Effect, OpenConcern, Say
from bot.flows.sending import LATER, TODAY, Destination, ask_danger, ask_to_send
from bot.flows.talk import Option, Talk, pick

NOT_TOLD = "better_not"
OTHER_TOWN = "other_town"
# Which kind of concern a sign is, and which level it makes at least; the kind may have a more urgent one.
SIGNS = {
    "papers": ("safety", LATER),
    "no_answer": ("safety", TODAY),
    "unwell": ("safety", TODAY),
    "hurt": (UNSURE_KIND, TODAY),
    "confused": ("dementia", LATER),
    "money": ("poverty", LATER),
    "other": (UNSURE_KIND, LATER),
}


def sign(ctx: Context) -> Talk[list[Effect]]:
    """Is a life at risk, which sign, send. The town is asked for where the partner has several and none is known."""
    watch = ctx.visitor.watch
    if watch is None:
        return [Say("sign.only_partners")]
    if not watch.active:
        return [Say("sign.resting")]
    level_seen = yield from ask_danger()
    seen = yield from pick("sign", *SIGNS)
    key, by_sign = SIGNS[seen]
    kind = ctx.content.concern_kinds.get(key) or ctx.content.concern_kinds[UNSURE_KIND]
    level = min(kind.level, level_seen, by_sign)
    towns = [town for town in watch.towns if town in ctx.content.towns] or [ctx.central_town]
    town = watch.last_town if watch.last_town in towns else towns[0]
    if len(towns) > 1 and town != watch.last_town:
        town = yield from pick("town", *_options(ctx, towns))
    several = (Option(OTHER_TOWN),) if len(towns) > 1 else ()
    sent = yield from ask_to_send(ctx, town, kind, level, label=_label(ctx, seen, town, towns), more=several)
    if sent == OTHER_TOWN:
        town = yield from pick(OTHER_TOWN, *_options(ctx, towns))
        label = _label(ctx, seen, town, towns)
        sent = yield from ask_to_send(ctx, town, kind, level, label=label, key="send_other_town")
    if not isinstance(sent, Destination):
        return [Say("sign.not_sent")]
    return [
        OpenConcern(
            *(town, None, kind.key, level, "unknown", NOT_TOLD, sent.window, sent.reason),
            doubted=sent.doubted,
            source="partner",
        )
    ]


def _options(ctx: Context, towns: list[str]) -> list[Option]:
    found = [ctx.content.town(key) for key in towns]
    return [Option(town.key, town.name, also=(town.kana, *town.aliases)) for town in found]


def _label(ctx: Context, seen: str, town: str, towns: list[str]) -> str:
    """The sign; with the town, where the partner has several."""
    texts = ctx.content.texts
    named = texts.get(f"sign.sign.{seen}")
    return named if len(towns) == 1 else texts.get("sign.at", town=ctx.content.town(town).name, sign=named)
