"""Who was at a course: by its code, by a card, by the roster, or because staff said so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Row,
    String,
    Table,
    UniqueConstraint,
    and_,
    column,
    func,
    or_,
    select,
    table,
    update,
)

from storage.schema import Moment, metadata, new_id
from storage.work import Work

course_members = Table(
    "course_members",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("course_id", ForeignKey("courses.id", ondelete="CASCADE"), nullable=False),
    Column("channel", String(32), nullable=False),
    Column(
        "who", String(64), nullable=False
    ),  # a keyed hash of what makes them one: who is erased leaves no id
    Column("person_id", ForeignKey("people.id", ondelete="SET NULL")),
    Column("supporter_id", ForeignKey("supporters.id", ondelete="SET NULL")),
    Column("place_id", ForeignKey("course_places.id", ondelete="SET NULL")),
    Column("how", String(16), nullable=False),  # code, card, roster, staff
    Column("at", Moment, nullable=False),
    UniqueConstraint("course_id", "who"),
    Index(None, "person_id"),
    Index(None, "supporter_id"),
    Index(None, "place_id"),
)

_courses = table("courses", column("id"), column("channel"))  # storage/courses.py stands on this file


@dataclass(frozen=True)
class Member:
    """Somebody who was there. They are known by their phone, their entry in the register, or their place."""

    id: str
    course_id: str
    person_id: str | None
    supporter_id: str | None
    place_id: str | None
    how: str
    at: dt.datetime


_MEMBER = tuple(course_members.c[name] for name in Member.__dataclass_fields__)


def attend(
    work: Work,
    course_id: str,
    person_id: str | None = None,
    *,
    supporter_id: str | None = None,
    place_id: str | None = None,
    how: str = "code",
) -> bool:
    """Note that somebody was there; True the first time. They may be known by their phone, by their entry in the
    register, by their place: said again with more of it, it is the same one (a family with one phone is several,
    as soon as each has an entry)."""
    told = {"person_id": person_id, "supporter_id": supporter_id, "place_id": place_id}
    named = {name: value for name, value in told.items() if value is not None}
    if not named:
        raise ValueError("who was there?")
    if (known := _known(work, course_id, named)) is not None:
        missing = {name: value for name, value in named.items() if getattr(known, name) is None}
        if missing:
            work.conn.execute(update(course_members).where(course_members.c.id == known.id).values(**missing))
        return False
    channel = select(_courses.c.channel).where(_courses.c.id == course_id).scalar_subquery()
    first = next(name for name in ("supporter_id", "person_id", "place_id") if name in named)
    row = work.conn.execute(
        work.insert(course_members)
        .values(
            id=new_id(),
            course_id=course_id,
            channel=channel,
            who=work.index("was-there", course_id, first, named[first]),
            how=how,
            at=work.now,
            **named,
        )
        .on_conflict_do_nothing()
        .returning(course_members.c.id)
    ).first()
    return row is not None


def _known(work: Work, course_id: str, named: Mapping[str, str]) -> Row[*tuple[Any, ...]] | None:
    member = course_members.c
    same: list[ColumnElement[bool]] = []
    for name in ("supporter_id", "place_id"):
        if name in named:
            same.append(member[name] == named[name])
    if "person_id" in named:
        phone = member.person_id == named["person_id"]
        others = [member[name].is_(None) for name in ("supporter_id", "place_id") if name in named]
        same.append(and_(phone, *others))
    query = select(*_MEMBER).where(member.course_id == course_id, or_(*same)).order_by(member.id)
    return work.conn.execute(query).first()


def members(work: Work, course_id: str | None = None) -> tuple[Member, ...]:
    """Who was there, of one course or of all, the first first."""
    query = select(*_MEMBER).order_by(course_members.c.at, course_members.c.id)
    if course_id is not None:
        query = query.where(course_members.c.course_id == course_id)
    return tuple(Member(*row) for row in work.conn.execute(query))


def attendances(work: Work) -> dict[str, int]:
    """How many were at each course."""
    query = select(course_members.c.course_id, func.count().label("how_many")).group_by(
        course_members.c.course_id
    )
    return {row.course_id: row.how_many for row in work.conn.execute(query)}


def attendance(work: Work, course_id: str) -> int:
    """How many were at this course."""
    query = select(func.count()).select_from(course_members).where(course_members.c.course_id == course_id)
    return work.conn.execute(query).scalar_one()
