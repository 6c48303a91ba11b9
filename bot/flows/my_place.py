"""「住まいを変える」: the town and the district of a supporter who moved."""

from __future__ import annotations

import datetime as dt

from bot.flows.context import Context
from bot.flows.effects import ChangePlace, Effect, Say
from bot.flows.rules import ask_district, ask_town
from bot.flows.talk import Option, Talk, pick


def my_place(ctx: Context) -> Talk[list[Effect]]:
    """Whose entry (in a family that shares a phone), then where they live now."""
    enrolled = tuple(ctx.visitor.enrolled)
    if not enrolled:
        return [Say("life.not_registered")]
    who = enrolled[0].id
    if len(enrolled) > 1:
        options = (
            Option(
                one.id, ctx.content.texts.get("registration.nth", number=str(number), since=_day(one.since))
            )
            for number, one in enumerate(enrolled, 1)
        )
        who = yield from pick("who", *options)
    town = yield from ask_town(ctx)
    district = yield from ask_district(ctx, town)
    return [
        ChangePlace(who, town, district),
        Say("my_place.done", {"town": ctx.content.town(town).name}),
    ]


def _day(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
