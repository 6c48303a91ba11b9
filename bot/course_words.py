"""How courses are said: days, places, what is still free. The same words on LINE, on pages, in mails and on paper. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from bot.content.texts import Texts
from bot.when import WEEKDAYS

LONGEST_LABEL = 40  # letters on a button
Sitting = tuple[dt.date, str | None, str | None]  # a day, from when, until when


def day_said(on: dt.date) -> str:
    """「12月6日（日）」."""
    return f"{on.month}月{on.day}日（{WEEKDAYS[on.weekday()]}）"


def sitting_said(sitting: Sitting, year: int | None = None) -> str:
    """「12月6日（日）13:30〜15:30」; with the year where it is not `year`."""
    on, starts, ends = sitting
    words = day_said(on) if year == on.year else f"{on.year}年{day_said(on)}"
    return words + (f"{starts}〜{ends or ''}" if starts else "")


def when_said(sittings: Sequence[Sitting], year: int | None = None) -> str:
    """All of them, one a line."""
    if len(sittings) == 1:
        return sitting_said(sittings[0], year)
    return "\n".join(f"第{number}回 {sitting_said(each, year)}" for number, each in enumerate(sittings, 1))


def label(texts: Texts, sittings: Sequence[Sitting], towns: str, title: str) -> str:
    """What stands on a button: the day, the town, and as much of the title as there is room for."""
    on = sittings[0][0]
    words = texts.get(
        "course.label",
        month=str(on.month),
        day=str(on.day),
        weekday=WEEKDAYS[on.weekday()],
        town=towns,
        title=title,
    )
    return words if len(words) <= LONGEST_LABEL else f"{words[: LONGEST_LABEL - 1]}…"


def told_apart(labels: Sequence[str]) -> tuple[str, ...]:
    """The same labels; of equal ones each gets its number."""
    seen: dict[str, int] = {}
    told = []
    for text in labels:
        seen[text] = seen.get(text, 0) + 1
        more = "" if seen[text] == 1 else f"（{seen[text]}）"
        told.append(f"{text[: LONGEST_LABEL - len(more)]}{more}")
    return tuple(told)
