"""How each entry of the register came in: by which course and which code, and what staff still have to look at."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    and_,
    delete,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from storage.course_members import course_members
from storage.courses import Course, courses
from storage.courses import get as get_course
from storage.schema import Moment, metadata
from storage.supporters import supporters
from storage.work import Work

Status = Literal["joined", "waiting", "declined"]
Why = Literal["over_cap", "by_approval", "not_on_roster", "same_name", "other_phone", "declined_before"]
MARGIN = 5  # registrations more than the places of a course, before staff are asked

joinings = Table(
    "joinings",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("course_id", ForeignKey("courses.id", ondelete="CASCADE"), nullable=False),
    Column("card_id", ForeignKey("cards.id", ondelete="SET NULL")),
    Column("supporter_id", ForeignKey("supporters.id", ondelete="SET NULL")),
    Column("person_id", ForeignKey("people.id", ondelete="SET NULL")),
    Column("status", String(16), nullable=False),
    Column("why", String(16)),  # what staff should look at; nothing where all is well
    Column("matched", Boolean, nullable=False),  # the name was found on the roster or in the register
    Column("topics", String(200), nullable=False),  # chosen in the chat, for whoever waits
    Column("at", Moment, nullable=False),
    Column("decided_at", Moment),
    Index(None, "course_id", "status"),
    Index(None, "supporter_id"),
    Index(None, "person_id"),
    Index(None, "status", "at"),
)

course_gates = Table(
    "course_gates",
    metadata,
    Column("course_id", ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("margin", Integer, nullable=False),
    Column("by_approval", Boolean, nullable=False),
)


@dataclass(frozen=True)
class Joining:
    """One person's way in through one course. `status` says whether it counts, `why` what to look at."""

    id: str
    channel: str
    course_id: str
    card_id: str | None
    supporter_id: str | None
    person_id: str | None
    status: Status
    why: Why | None
    matched: bool
    topics: tuple[str, ...]
    at: dt.datetime
    decided_at: dt.datetime | None


@dataclass(frozen=True)
class Gate:
    """How far the code of a course opens: so many more than its places; or only with approval."""

    margin: int = MARGIN
    by_approval: bool = False


_COLUMNS = tuple(joinings.c[name] for name in Joining.__dataclass_fields__)


def _of(row: Row[*tuple[Any, ...]]) -> Joining:
    values = row._asdict()
    return Joining(**values | {"topics": tuple(filter(None, values["topics"].split(",")))})


# ---- how far a code opens ----------------------------------------------------------------------------------


def gate(work: Work, course_id: str) -> Gate:
    """What is set for this course; else the ordinary."""
    row = work.conn.execute(
        select(course_gates.c.margin, course_gates.c.by_approval).where(course_gates.c.course_id == course_id)
    ).first()
    return Gate() if row is None else Gate(*row)


def set_gate(work: Work, course_id: str, channel: str, new: Gate) -> None:
    """Set it; it replaces what was set before."""
    values = {"margin": new.margin, "by_approval": new.by_approval}
    work.conn.execute(
        work.insert(course_gates)
        .values(course_id=course_id, channel=channel, **values)
        .on_conflict_do_update(index_elements=["course_id"], set_=values)
    )


def course_of_code(work: Work, channel: str, maybe: Collection[str]) -> Course | None:
    """The course to which one of these (normal) codes belongs, whether it counts now or not."""
    if not maybe:
        return None
    query = select(courses.c.id).where(courses.c.channel == channel, courses.c.code.in_(tuple(maybe)))
    found = work.conn.execute(query).scalar()
    return None if found is None else get_course(work, found)


def joined_by_code(work: Work, course_id: str) -> int:
    """How many came in by the code that everybody in the room sees. Cards count themselves."""
    return work.conn.execute(
        select(func.count())
        .select_from(joinings)
        .where(joinings.c.course_id == course_id, joinings.c.card_id.is_(None), joinings.c.status == "joined")
    ).scalar_one()


def noted_by_staff(work: Work, course_id: str) -> int:
    """How many were there by the roster or by the word of staff; 0 where nobody has noted it."""
    noted = or_(course_members.c.how.in_(("roster", "staff")), course_members.c.place_id.is_not(None))
    query = select(func.count()).select_from(course_members)
    return work.conn.execute(query.where(course_members.c.course_id == course_id, noted)).scalar_one()


# ---- joinings ----------------------------------------------------------------------------------------------


def add(
    work: Work,
    channel: str,
    *,
    course_id: str,
    supporter_id: str,
    person_id: str,
    status: Status,
    card_id: str | None = None,
    why: Why | None = None,
    topics: tuple[str, ...] = (),
) -> Joining:
    """Write one down."""
    row = work.conn.execute(
        insert(joinings)
        .values(
            id=secrets.token_hex(5),
            channel=channel,
            course_id=course_id,
            card_id=card_id,
            supporter_id=supporter_id,
            person_id=person_id,
            status=status,
            why=why,
            matched=False,
            topics=",".join(topics),
            at=work.now,
        )
        .returning(*_COLUMNS)
    ).one()
    return _of(row)


def get(work: Work, joining_id: str) -> Joining | None:
    """The one with this id."""
    row = work.conn.execute(select(*_COLUMNS).where(joinings.c.id == joining_id)).first()
    return None if row is None else _of(row)


def locked(work: Work, joining_id: str) -> Joining:
    """What stands there now; nobody else decides on it until this unit of work ends."""
    query = select(*_COLUMNS).where(joinings.c.id == joining_id)
    return _of(work.conn.execute(query.with_for_update() if work.on_postgresql else query).one())


def of_supporter(work: Work, supporter_id: str) -> tuple[Joining, ...]:
    """All courses through which this entry came, the oldest first."""
    return _listed(work, joinings.c.supporter_id == supporter_id)


def never_let_in() -> ColumnElement[bool]:
    """In a query over `supporters`: entries that came by codes alone, none of which counts (bot/programme/life.py)."""
    through = joinings.c.supporter_id == supporters.c.id
    return and_(
        supporters.c.source == "line",
        exists().where(through),
        ~exists().where(through, joinings.c.status == "joined"),
    )


def of_person(work: Work, person_id: str) -> tuple[Joining, ...]:
    """All that came from this phone, the oldest first."""
    return _listed(work, joinings.c.person_id == person_id)


def of_course(work: Work, course_id: str) -> tuple[Joining, ...]:
    """All that came through this course, the oldest first."""
    return _listed(work, joinings.c.course_id == course_id)


def to_look_at(work: Work, channel: str | None = None, course_id: str | None = None) -> tuple[Joining, ...]:
    """Who waits for approval, and who is in but should be looked at; the oldest first. Not who was erased since."""
    wanted = [
        joinings.c.supporter_id.is_not(None),
        or_(joinings.c.status == "waiting", and_(joinings.c.status == "joined", joinings.c.why.is_not(None))),
    ]
    if channel is not None:
        wanted.append(joinings.c.channel == channel)
    if course_id is not None:
        wanted.append(joinings.c.course_id == course_id)
    return _listed(work, *wanted)


def _listed(work: Work, *wanted: Any) -> tuple[Joining, ...]:
    query = select(*_COLUMNS).where(*wanted).order_by(joinings.c.at, joinings.c.id)
    return tuple(_of(row) for row in work.conn.execute(query))


def decide(
    work: Work, joining: Joining, status: Status, *, why: Why | None = None, matched: bool | None = None
) -> Joining:
    """It counts, waits or counts no longer, from now on."""
    row = work.conn.execute(
        update(joinings)
        .where(joinings.c.id == joining.id)
        .values(
            status=status,
            why=why,
            matched=joining.matched if matched is None else matched,
            decided_at=work.now,
        )
        .returning(*_COLUMNS)
    ).one()
    return _of(row)


def was_not_there(work: Work, course_id: str, supporter_id: str | None, person_id: str | None) -> None:
    """What `courses.attend` noted by a code was not so; what the roster or staff said stays."""
    member = course_members.c
    same: list[ColumnElement[bool]] = [false()]
    if supporter_id is not None:
        same.append(member.supporter_id == supporter_id)
    if person_id is not None:
        same.append(and_(member.supporter_id.is_(None), member.person_id == person_id))
    work.conn.execute(
        delete(course_members).where(
            course_members.c.course_id == course_id,
            course_members.c.how.in_(("code", "card")),
            or_(*same),
        )
    )


def hand_over(work: Work, from_id: str, to_id: str) -> None:
    """Whatever hangs on one entry of the register hangs on another one now: two were the same person.

    A row that the other entry has already (the same course, the same reminder) stays as it is there.
    """
    from storage import tables  # all of them, whoever asks; it imports this module, so not above

    _one_attendance(work, from_id, to_id)
    for table in tables.metadata.sorted_tables:
        for column in table.columns:
            if not any(key.column.table.name == "supporters" for key in column.foreign_keys):
                continue
            keys = list(table.primary_key.columns)
            for row in work.conn.execute(select(*keys).where(column == from_id)).all():
                same = and_(*(key == value for key, value in zip(keys, row, strict=True)))
                try:
                    with work.conn.begin_nested():
                        work.conn.execute(update(table).where(same).values({column: to_id}))
                except IntegrityError:
                    work.conn.execute(delete(table).where(same))


def _one_attendance(work: Work, from_id: str, to_id: str) -> None:
    """Who was noted twice at one course, once as each entry, was there once."""
    member = course_members.c
    theirs = {
        row.course_id: row
        for row in work.conn.execute(select(course_members).where(member.supporter_id == to_id)).all()
    }
    for row in work.conn.execute(select(course_members).where(member.supporter_id == from_id)).all():
        if (known := theirs.get(row.course_id)) is not None:
            values = {
                "person_id": known.person_id or row.person_id,
                "place_id": known.place_id or row.place_id,
            }
            work.conn.execute(update(course_members).where(member.id == known.id).values(**values))
            work.conn.execute(delete(course_members).where(member.id == row.id))
