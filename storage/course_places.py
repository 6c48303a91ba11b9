"""Places at a course: who has a seat, who waits for one, and in which order.

A person on LINE is known by their phone; somebody who signed up on the web or by telephone by sealed words. Seats
are given and freed only with the course's row locked (`courses.lock`): of a hundred who want the last one, one gets it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    ForeignKey,
    Index,
    Row,
    String,
    Table,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from storage.courses import courses
from storage.crypto import token_hash
from storage.schema import Moment, metadata, new_id, sealed
from storage.supporters import Profile, index_of
from storage.work import Work

State = Literal["seat", "waiting", "cancelled"]
Source = Literal["line", "web", "staff"]
LIVE: tuple[State, ...] = ("seat", "waiting")
WORDS = ("name", "kana", "phone", "mail")
NOBODY = Profile()
FOUND_BY = ("name", "phone", "mail")

course_places = Table(
    "course_places",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("course_id", ForeignKey("courses.id", ondelete="CASCADE"), nullable=False),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE")),
    Column("source", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("once", String(64), unique=True),  # the form's own id: sent twice, it makes one place
    Column("token_hash", String(64)),  # of the link by which it is cancelled
    sealed("name"),
    sealed("kana"),
    sealed("phone"),
    sealed("mail"),
    *(Column(f"{name}_index", String(64)) for name in FOUND_BY),
    Column("consent_version", String(32)),
    Column("created_at", Moment, nullable=False),
    Column("seat_at", Moment),
    Column("cancelled_at", Moment),
    Column("promoted_at", Moment),  # got a seat that somebody else gave up
    Column("told_at", Moment),  # None although something changed: staff have to telephone
    Index(None, "course_id", "state"),
    Index(None, "person_id"),
    Index(None, "name_index"),
)

course_reminders = Table(
    "course_reminders",
    metadata,
    Column("place_id", ForeignKey("course_places.id", ondelete="CASCADE"), primary_key=True),
    Column("on_date", Date, primary_key=True),
)


@dataclass(frozen=True)
class Place:
    """One person's place at one course, without the sealed words: `profiles` opens them."""

    id: str
    channel: str
    course_id: str
    person_id: str | None
    source: Source
    state: State
    consent_version: str | None
    created_at: dt.datetime
    seat_at: dt.datetime | None
    cancelled_at: dt.datetime | None
    promoted_at: dt.datetime | None
    told_at: dt.datetime | None


@dataclass(frozen=True)
class Taken:
    """How many seats of a course are given, and how many people wait."""

    seats: int = 0
    waiting: int = 0


_COLUMNS = tuple(course_places.c[name] for name in Place.__dataclass_fields__)
_IN_LINE = (course_places.c.created_at, course_places.c.id)


def _of(row: Row[*tuple[Any, ...]] | None) -> Place | None:
    return None if row is None else Place(*row)


def add(
    work: Work,
    channel: str,
    course_id: str,
    *,
    source: Source,
    state: State,
    person_id: str | None = None,
    profile: Profile = NOBODY,
    once: str | None = None,
    token: str | None = None,
    consent_version: str | None = None,
) -> Place:
    """A new place. Call it with the course locked."""
    fresh = new_id()
    row = work.conn.execute(
        insert(course_places)
        .values(
            id=fresh,
            channel=channel,
            course_id=course_id,
            person_id=person_id,
            source=source,
            state=state,
            once=once,
            token_hash=token_hash(token) if token else None,
            consent_version=consent_version,
            created_at=work.now,
            seat_at=work.now if state == "seat" else None,
            told_at=work.now,  # whoever makes it tells them at once
            **_sealed(work, channel, fresh, profile),
        )
        .returning(*_COLUMNS)
    ).one()
    return Place(*row)


def _sealed(work: Work, channel: str, row: str, profile: Profile) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in WORDS:
        text = getattr(profile, name)
        values[name] = work.seal(text, channel, "course_places", name, row) if text else None
        if name in FOUND_BY:
            values[f"{name}_index"] = index_of(work, channel, name, text) if text else None
    return values


def get(work: Work, place_id: str) -> Place | None:
    """The place with this id."""
    return _of(work.conn.execute(select(*_COLUMNS).where(course_places.c.id == place_id)).first())


def made_once(work: Work, once: str) -> Place | None:
    """The place that this form has made already."""
    return _of(work.conn.execute(select(*_COLUMNS).where(course_places.c.once == once)).first())


def with_token(work: Work, place_id: str, token: str) -> Place | None:
    """The place that this link cancels; None where the link is wrong."""
    same = and_(course_places.c.id == place_id, course_places.c.token_hash == token_hash(token))
    return _of(work.conn.execute(select(*_COLUMNS).where(same)).first())


def of_course(work: Work, course_id: str, states: Collection[State] = LIVE) -> tuple[Place, ...]:
    """The places of a course in the order in which people came."""
    query = select(*_COLUMNS).where(course_places.c.course_id == course_id, course_places.c.state.in_(states))
    return tuple(Place(*row) for row in work.conn.execute(query.order_by(*_IN_LINE)))


def of_person(work: Work, person_id: str) -> dict[str, Place]:
    """This person's seats and waits, by course."""
    query = select(*_COLUMNS).where(course_places.c.person_id == person_id, course_places.c.state.in_(LIVE))
    return {row.course_id: Place(*row) for row in work.conn.execute(query)}


def same_again(work: Work, channel: str, course_id: str, profile: Profile) -> Place | None:
    """Somebody of this name with this phone or this mail who has a place already."""
    same = _same(work, channel, profile)
    if same is None:
        return None
    here = course_places.c
    query = select(*_COLUMNS).where(here.course_id == course_id, here.state.in_(LIVE), same)
    return _of(work.conn.execute(query).first())


def _same(work: Work, channel: str, profile: Profile) -> ColumnElement[bool] | None:
    same = [
        course_places.c[f"{name}_index"] == index_of(work, channel, name, text)
        for name in ("phone", "mail")
        if (text := getattr(profile, name))
    ]
    if not profile.name or not same:
        return None
    return and_(course_places.c.name_index == index_of(work, channel, "name", profile.name), or_(*same))


def taken(work: Work, course_id: str) -> Taken:
    """How many seats of this course are given, and how many people wait."""
    return all_taken(work, (course_id,)).get(course_id, Taken())


def all_taken(work: Work, course_ids: Collection[str] | None = None) -> dict[str, Taken]:
    """The same for several courses, or all of them, by course."""
    query = select(course_places.c.course_id, course_places.c.state, func.count()).where(
        course_places.c.state.in_(LIVE)
    )
    if course_ids is not None:
        query = query.where(course_places.c.course_id.in_(course_ids))
    counts: dict[str, dict[str, int]] = {}
    for course_id, state, count in work.conn.execute(
        query.group_by(course_places.c.course_id, course_places.c.state)
    ):
        counts.setdefault(course_id, {})[state] = count
    return {key: Taken(found.get("seat", 0), found.get("waiting", 0)) for key, found in counts.items()}


def cancel(work: Work, place: Place) -> bool:
    """Give it up; False where that was done before. Call it with the course locked."""
    row = work.conn.execute(
        update(course_places)
        .where(course_places.c.id == place.id, course_places.c.state.in_(LIVE))
        .values(state="cancelled", cancelled_at=work.now)
        .returning(course_places.c.id)
    ).first()
    return row is not None


def promote(work: Work, course_id: str, seats: int) -> tuple[Place, ...]:
    """The first `seats` of those who wait get one. Call it with the course locked."""
    here = course_places.c
    waiting = select(here.id).where(here.course_id == course_id, here.state == "waiting").order_by(*_IN_LINE)
    ids = list(work.conn.execute(waiting.limit(seats)).scalars())
    values = {"state": "seat", "seat_at": work.now, "promoted_at": work.now, "told_at": None}
    rows = work.conn.execute(
        update(course_places).where(here.id.in_(ids)).values(**values).returning(*_COLUMNS)
    )
    found = {row.id: Place(*row) for row in rows}
    return tuple(found[place_id] for place_id in ids)


def note_told(work: Work, place_id: str, told: bool = True) -> bool:
    """They know how things stand (by LINE, by mail, by telephone), or do not yet."""
    row = work.conn.execute(
        update(course_places)
        .where(course_places.c.id == place_id)
        .values(told_at=work.now if told else None)
        .returning(course_places.c.id)
    ).first()
    return row is not None


def write(work: Work, place: Place, profile: Profile) -> None:
    """Put these words in the place of the ones that stand there."""
    values = _sealed(work, place.channel, place.id, profile)
    work.conn.execute(update(course_places).where(course_places.c.id == place.id).values(**values))


def profiles(work: Work, places: Collection[Place]) -> dict[str, Profile]:
    """The sealed words of many, by place; what was erased is None."""
    opened: dict[str, Profile] = {}
    ids = [place.id for place in places]
    columns = [course_places.c[name] for name in ("id", "channel", *WORDS)]
    for start in range(0, len(ids), 500):
        query = select(*columns).where(course_places.c.id.in_(ids[start : start + 500]))
        for row in work.conn.execute(query):
            opened[row.id] = Profile(
                **{
                    name: work.unseal(getattr(row, name), row.channel, "course_places", name, row.id)
                    for name in WORDS
                }
            )
    return opened


def claim_reminder(work: Work, place_id: str, on: dt.date) -> bool:
    """True for exactly one caller: this one reminds of this day."""
    row = work.conn.execute(
        work.insert(course_reminders)
        .values(place_id=place_id, on_date=on)
        .on_conflict_do_nothing()
        .returning(course_reminders.c.place_id)
    ).first()
    return row is not None


def not_reminded(work: Work, course_id: str, on: dt.date, limit: int) -> tuple[Place, ...]:
    """Seats of which nobody has been reminded of this day yet."""
    gone = select(course_reminders.c.place_id).where(course_reminders.c.on_date == on)
    query = select(*_COLUMNS).where(
        course_places.c.course_id == course_id,
        course_places.c.state == "seat",
        course_places.c.id.not_in(gone),
    )
    return tuple(Place(*row) for row in work.conn.execute(query.order_by(*_IN_LINE).limit(limit)))


# ---- forgetting --------------------------------------------------------------------------------------------

_NOTHING: dict[str, Any] = {
    **dict.fromkeys(WORDS),
    **{f"{name}_index": None for name in FOUND_BY},
    "once": None,
    "token_hash": None,
}


def let_go(work: Work, channel: str, profile: Profile) -> int:
    """Erase what places hold of somebody with this name and this phone or mail; how many there were."""
    same = _same(work, channel, profile)
    if same is None:
        return 0
    mine = and_(course_places.c.channel == channel, same)
    return work.conn.execute(update(course_places).where(mine).values(**_NOTHING)).rowcount


def forget_old(work: Work, older_than: dt.timedelta) -> int:
    """Nightly: names and numbers of people whose course was so long ago; that they were there stays counted."""
    before = (work.now - older_than).date()
    over = course_places.c.course_id.in_(select(courses.c.id).where(courses.c.last_on < before))
    something = or_(*(course_places.c[name].is_not(None) for name in _NOTHING))
    work.conn.execute(
        delete(course_reminders).where(course_reminders.c.on_date < before)
    )  # nobody is reminded of a past day
    return work.conn.execute(update(course_places).where(over, something).values(**_NOTHING)).rowcount
