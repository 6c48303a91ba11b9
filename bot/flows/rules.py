"""Questions and rules that several conversations share."""

from __future__ import annotations

from bot.flows.context import Context
from bot.flows.talk import Option, Talk, choice, pick

UNKNOWN_TOWN = "unknown"
LANDMARK = "landmark"


def ask_town(ctx: Context) -> Talk[str]:
    """The key of the town; not asked where the channel serves only one."""
    if len(ctx.towns) == 1:
        return ctx.towns[0].key
    return (yield from pick("town", *_towns(ctx)))


def ask_town_if_known(ctx: Context) -> Talk[str | None]:
    """As ask_town, but the person may not know, or not want to say."""
    if len(ctx.towns) == 1:
        return ctx.towns[0].key
    return (yield from choice("town", *_towns(ctx), skippable=True))


def ask_town_or_landmark(ctx: Context) -> Talk[str | None]:
    """As ask_town_if_known; who cannot name the town may find it by a place that everybody knows."""
    if len(ctx.towns) == 1:
        return ctx.towns[0].key
    marks = [Option(f"{town.key}.{n}", mark) for town in ctx.towns for n, mark in enumerate(town.landmarks)]
    towns = tuple(
        Option(town.key, town.name, also=(town.kana, *town.aliases, *town.landmarks)) for town in ctx.towns
    )
    search = (Option(LANDMARK, also=("目じるし", "めじるし", "目印")),) if marks else ()
    hint = ctx.content.texts.get("concern.landmark.offered") if marks else None
    town = yield from choice("town", *towns, *search, skippable=True, hint=hint)
    if town != LANDMARK:
        return town
    mark = yield from choice(LANDMARK, *marks, skippable=True)
    return mark.partition(".")[0] if mark else None


def _towns(ctx: Context) -> tuple[Option, ...]:
    return tuple(Option(town.key, town.name, also=(town.kana, *town.aliases)) for town in ctx.towns)


def ask_district(ctx: Context, town: str) -> Talk[str | None]:
    """The key of the (junior-high-school) district; not asked where a town has only one."""
    districts = ctx.content.town(town).districts
    if len(districts) < 2:
        return districts[0].key if districts else None
    options = (Option(district.key, district.name, also=district.called) for district in districts)
    return (yield from choice("district", *options, skippable=True))
