"""Segments: whom a broadcast is for, as an expression of conditions joined by and, or and not.

An expression is two-valued for everybody: what we do not know of somebody fits nothing, and so fits its `Not`.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Table,
    and_,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    union_all,
)

from storage.course_members import course_members
from storage.course_places import course_places
from storage.joinings import joinings
from storage.people import RHYTHMS, people, person_topics
from storage.supporters import SUPPORTING, supporters

TOKYO = ZoneInfo("Asia/Tokyo")
DEEPEST, MOST_PARTS = 20, 200  # far beyond what anybody types, far below what databases take
MOST_VALUES, MOST_VALUES_IN_ALL = 200, 2_000

Field = Literal[
    "role",
    "town",
    "district",  # a key within its town: to be joined with that town by `All`
    "topic",
    "rhythm",  # takes a topic at this rhythm: "week", or "week.events" for this topic alone
    "language",  # reads news in it; who chose none reads Japanese
    "course",  # who was there, or came in by its code: ids
    "seat",  # who has a seat at this course: ids
    "partner",  # who reports for this watch partner: ids
    "entry",  # how they came into the register: its `source`
    "registered-after",  # on this day or later
    "registered-before",  # before this day
    "refresher-due",  # up to and with this day, or "30d": with the 30th day from the sending on
]
FIELDS: tuple[Field, ...] = get_args(Field)
_DATE = r"(?:19|20)\d\d-\d\d-\d\d"
_FORMS: Mapping[str, re.Pattern[str]] = {
    "registered-after": re.compile(_DATE, re.ASCII),
    "registered-before": re.compile(_DATE, re.ASCII),
    "refresher-due": re.compile(rf"{_DATE}|\d{{1,4}}d", re.ASCII),
}
_RHYTHM = re.compile(rf"({'|'.join(RHYTHMS)})(\.[a-z0-9_]{{1,32}})?", re.ASCII)
JAPANESE = "ja"


@dataclass(frozen=True)
class Fits:
    """Any of these values will do; days are ISO 8601."""

    field: Field
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.field not in FIELDS or not 1 <= len(self.values) <= MOST_VALUES:
            raise ValueError(f"no segment: {self.field} with {len(self.values)} values")
        form = _FORMS.get(self.field)
        if form and not all(
            form.fullmatch(value) and _day(value, dt.date(2026, 1, 1)) for value in self.values
        ):
            raise ValueError(f"no days: {self.values}")
        if self.field == "rhythm" and not all(map(_RHYTHM.fullmatch, self.values)):
            raise ValueError(f"no rhythm: {self.values}")


@dataclass(frozen=True)
class All:
    """Every part has to fit; without any part everybody does."""

    parts: tuple[Segment, ...] = ()


@dataclass(frozen=True)
class Either:
    """One part that fits is enough; without any part nobody does."""

    parts: tuple[Segment, ...] = ()


@dataclass(frozen=True)
class Not:
    """Whom the part does not fit."""

    part: Segment


Segment = Fits | All | Either | Not
EVERYONE = All()


def walk(segment: Segment, depth: int = 1) -> Iterator[tuple[Segment, int]]:
    """Every node with its depth, the outermost first."""
    yield segment, depth
    match segment:
        case All(parts) | Either(parts):
            for part in parts:
                yield from walk(part, depth + 1)
        case Not(part):
            yield from walk(part, depth + 1)


def too_large(segment: Segment) -> bool:
    """Whether it has more parts, parts within parts, or values than are kept."""
    nodes = list(walk(segment))
    values = sum(len(node.values) for node, _ in nodes if isinstance(node, Fits))
    deepest = max(depth for _, depth in nodes)
    return len(nodes) > MOST_PARTS or values > MOST_VALUES_IN_ALL or deepest > DEEPEST


def values_of(segment: Segment, field: Field) -> tuple[str, ...]:
    """Every value of this field that it names, wherever it stands."""
    named = [node.values for node, _ in walk(segment) if isinstance(node, Fits) and node.field == field]
    return tuple(dict.fromkeys(value for values in named for value in values))


# ---- as it is kept -----------------------------------------------------------------------------------------


def segment_text(segment: Segment) -> str:
    """The segment as it is kept, JSON; ValueError where it is too large."""
    if too_large(segment):
        raise ValueError("a segment with too many parts")
    return json.dumps(as_plain(segment), ensure_ascii=False)


def as_plain(segment: Segment) -> dict[str, Any]:
    """For JSON: {"all": […]}, {"any": […]}, {"not": …} or {"field": …, "values": […]}."""
    match segment:
        case Fits(field, values):
            return {"field": field, "values": list(values)}
        case All(parts):
            return {"all": [as_plain(part) for part in parts]}
        case Either(parts):
            return {"any": [as_plain(part) for part in parts]}
        case Not(part):
            return {"not": as_plain(part)}


def segment_of(text: str) -> Segment:
    """The segment that was kept; ValueError where the text is none."""
    return _of_plain(json.loads(text))


def _of_plain(plain: Any) -> Segment:
    match plain:
        case {"field": field, "values": [*values]}:
            return Fits(field, tuple(values))
        case {"all": [*parts]}:
            return All(tuple(_of_plain(part) for part in parts))
        case {"any": [*parts]}:
            return Either(tuple(_of_plain(part) for part in parts))
        case {"not": part}:
            return Not(_of_plain(part))
        case _:
            raise ValueError("no segment")


# ---- as the database asks it -------------------------------------------------------------------------------


def fitting(channel: str, segment: Segment, now: dt.datetime) -> ColumnElement[bool]:
    """In a query over `people`: those of this channel whom it fits."""
    return and_(people.c.channel == channel, _condition(channel, segment, now))


def _condition(channel: str, segment: Segment, now: dt.datetime) -> ColumnElement[bool]:
    match segment:
        case Fits(field, values):
            return _CONDITIONS[field](channel, values, now.astimezone(TOKYO).date())
        case All(parts):
            return and_(true(), *(_condition(channel, part, now) for part in parts))
        case Either(parts):
            return or_(false(), *(_condition(channel, part, now) for part in parts))
        case Not(part):
            return not_(_condition(channel, part, now))


Condition = Callable[[str, tuple[str, ...], dt.date], ColumnElement[bool]]


def _column(column: Column[Any]) -> Condition:
    """NULL is none of the values: without saying so, NOT would pass over whoever has none."""

    def condition(_channel: str, values: tuple[str, ...], _today: dt.date) -> ColumnElement[bool]:
        one = column.in_(values)
        return and_(column.is_not(None), one) if column.nullable else one

    return condition


def _those(query: Callable[[tuple[str, ...]], Any]) -> Condition:
    """People whose ids a query gives: few, and made once for all."""
    return lambda _channel, values, _today: people.c.id.in_(query(values))


def _having(table: Table, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    """People of whom such a row speaks: many, and so looked up for each of them. A list that is too long for its memory
    PostgreSQL would walk through for each of them."""
    return select(literal(1)).select_from(table).where(table.c.person_id == people.c.id, *which).exists()


def _wanting(_channel: str, values: tuple[str, ...], _today: dt.date) -> ColumnElement[bool]:
    return _having(person_topics, person_topics.c.topic.in_(values))


def _at_rhythm(_channel: str, values: tuple[str, ...], _today: dt.date) -> ColumnElement[bool]:
    parts = []
    for value in values:
        rhythm, _, topic = value.partition(".")
        at = person_topics.c.rhythm == rhythm
        parts.append(and_(at, person_topics.c.topic == topic) if topic else at)
    return _having(person_topics, or_(*parts))


def _reading(_channel: str, values: tuple[str, ...], _today: dt.date) -> ColumnElement[bool]:
    return func.coalesce(people.c.language, JAPANESE).in_(values)


def _entered(_channel: str, values: tuple[str, ...], _today: dt.date) -> ColumnElement[bool]:
    return _having(supporters, supporters.c.state.in_(SUPPORTING), supporters.c.source.in_(values))


def _refresher_due(_channel: str, values: tuple[str, ...], today: dt.date) -> ColumnElement[bool]:
    last = max(_day(value, today) for value in values)
    due = and_(supporters.c.refresher_due_on.is_not(None), supporters.c.refresher_due_on <= last)
    return _having(supporters, supporters.c.state.in_(SUPPORTING), due)


def _of_courses(values: tuple[str, ...]) -> Any:
    """By their phone, or by their entry in the register and that one's phone."""
    member, joining = course_members.c, and_(joinings.c.status == "joined", joinings.c.course_id.in_(values))
    phones = select(member.person_id).where(member.course_id.in_(values), member.person_id.is_not(None))
    entries = select(member.supporter_id).where(
        member.course_id.in_(values), member.supporter_id.is_not(None)
    )
    joined = select(joinings.c.person_id).where(joining, joinings.c.person_id.is_not(None))
    joined_entries = select(joinings.c.supporter_id).where(joining, joinings.c.supporter_id.is_not(None))
    registered = select(supporters.c.person_id).where(
        supporters.c.person_id.is_not(None), supporters.c.id.in_(union_all(entries, joined_entries))
    )
    return union_all(phones, joined, registered)


def _seated(values: tuple[str, ...]) -> Select[Any]:
    place = course_places.c
    return select(place.person_id).where(
        place.course_id.in_(values), place.state == "seat", place.person_id.is_not(None)
    )


def _after(_channel: str, values: tuple[str, ...], today: dt.date) -> ColumnElement[bool]:
    since = people.c.supporter_since
    return and_(since.is_not(None), since >= _begins(min(_day(value, today) for value in values)))


def _before(_channel: str, values: tuple[str, ...], today: dt.date) -> ColumnElement[bool]:
    since = people.c.supporter_since
    return and_(since.is_not(None), since < _begins(max(_day(value, today) for value in values)))


def _begins(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), TOKYO)


def _day(value: str, today: dt.date) -> dt.date:
    """The day that is meant by "2026-12-01", or by "30d": so many from today on."""
    return today + dt.timedelta(days=int(value[:-1])) if value.endswith("d") else dt.date.fromisoformat(value)


_CONDITIONS: Mapping[Field, Condition] = {
    "role": _column(people.c.role),
    "town": _column(people.c.town),
    "district": _column(people.c.district),
    "topic": _wanting,
    "rhythm": _at_rhythm,
    "language": _reading,
    "course": _those(_of_courses),
    "seat": _those(_seated),
    "partner": _column(people.c.partner_id),
    "entry": _entered,
    "registered-after": _after,
    "registered-before": _before,
    "refresher-due": _refresher_due,
}
