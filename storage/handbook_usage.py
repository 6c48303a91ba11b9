"""How often the handbook is used: counters, and nothing else. No row, no time and no number belongs to anybody.

What is counted by the hour says only that the handbook was opened, begun, finished …, by which tag. What would show a
person's troubles (questions, schemes, numbers that were dialled) is counted by the month, without the tag: where few
people use it, an hour or a tag would put one visit's counters together again.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Integer, String, Table, delete, select

from storage.handbook_tags import LONGEST
from storage.schema import Moment, metadata
from storage.work import Work

TOKYO: Final = ZoneInfo("Asia/Tokyo")
HOURS_KEPT: Final = dt.timedelta(days=400)  # a year, and the same month of the year before to compare with
LONGEST_ABOUT: Final = 64

handbook_hours = Table(
    "handbook_hours",
    metadata,
    Column("at", Moment, primary_key=True),
    Column("town", String(32), primary_key=True),
    Column("way", String(8), primary_key=True),
    Column("tag", String(LONGEST), primary_key=True),
    Column("event", String(16), primary_key=True),
    Column("count", Integer, nullable=False),
)

handbook_months = Table(
    "handbook_months",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("town", String(32), primary_key=True),
    Column("way", String(8), primary_key=True),
    Column("tag", String(LONGEST), primary_key=True),
    Column("event", String(16), primary_key=True),
    Column("about", String(LONGEST_ABOUT), primary_key=True),
    Column("count", Integer, nullable=False),
)


class Seen(NamedTuple):
    """What is counted. `at` is the beginning of the hour; town and tag are empty where there is none; `about` is the
    question, scheme, number or language of an event that has one, else empty."""

    at: dt.datetime
    town: str
    way: str
    tag: str
    event: str
    about: str = ""


class OfHour(NamedTuple):
    """A counter of an hour."""

    at: dt.datetime
    town: str
    way: str
    tag: str
    event: str
    times: int


class OfMonth(NamedTuple):
    """A counter of a month (2026-12)."""

    month: str
    town: str
    way: str
    tag: str
    event: str
    about: str
    times: int


def hour_of(moment: dt.datetime) -> dt.datetime:
    """Its beginning."""
    return moment.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)


def month_of(moment: dt.datetime) -> str:
    """As it is in Japan."""
    return f"{moment.astimezone(TOKYO):%Y-%m}"


def add(work: Work, seen: Mapping[Seen, int]) -> None:
    """Count all of this; in one order, so that nobody who counts the same waits crosswise."""
    hours, months = Counter[tuple[object, ...]](), Counter[tuple[object, ...]]()
    for one, count in seen.items():
        month = month_of(one.at)
        if one.about:
            months[(month, one.town, one.way, "", one.event, one.about)] += count
        else:
            hours[(one.at, one.town, one.way, one.tag, one.event)] += count
            months[(month, one.town, one.way, one.tag, one.event, "")] += count
    _count(work, handbook_hours, hours)
    _count(work, handbook_months, months)


def _count(work: Work, table: Table, more: Counter[tuple[object, ...]]) -> None:
    keys = [column.name for column in table.primary_key]
    rows = [
        dict(zip(keys, key, strict=True), count=count)
        for key, count in sorted(more.items(), key=lambda one: tuple(str(part) for part in one[0]))
    ]
    if rows:
        one = work.insert(table)
        more_of_it = {"count": table.c.count + one.excluded.count}
        work.conn.execute(one.on_conflict_do_update(index_elements=keys, set_=more_of_it), rows)


def hours(work: Work, begin: dt.datetime, end: dt.datetime) -> list[OfHour]:
    """The counters of the hours from `begin` to `end` (not included)."""
    query = select(handbook_hours).where(handbook_hours.c.at >= hour_of(begin), handbook_hours.c.at < end)
    return [OfHour(*row) for row in work.conn.execute(query)]


def months(work: Work, wanted: Iterable[str]) -> list[OfMonth]:
    """The counters of these months."""
    query = select(handbook_months).where(handbook_months.c.month.in_(list(wanted)))
    return [OfMonth(*row) for row in work.conn.execute(query)]


def forget_old(work: Work) -> int:
    """Nightly: hours of more than 400 days ago; the months stay."""
    return work.conn.execute(
        delete(handbook_hours).where(handbook_hours.c.at < work.now - HOURS_KEPT)
    ).rowcount
