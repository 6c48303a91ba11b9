"""Courses where people become supporters, and the code on the poster that says they were there."""

from __future__ import annotations

import datetime as dt
import math
import re
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    bindparam,
    func,
    insert,
    select,
    update,
)

from storage.schema import Moment, metadata, new_id
from storage.work import Work

# Neither 0/O, 1/I/L, 2/Z, 5/S, 8/B nor U/V stand both in it: nothing is misread, nothing is misheard.
ALPHABET = "23456789ACDEFGHJKMNPQRTUWXY"
CODE_LENGTH = 10
CODE_BITS = CODE_LENGTH * math.log2(len(ALPHABET))  # 47.5: far beyond what a rate limit lets anyone guess
_MISREAD = str.maketrans({"Z": "2", "S": "5", "B": "8", "V": "U"})

courses = Table(
    "courses",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("title", String(100), nullable=False),
    Column("town", String(32), nullable=False),
    Column("on_date", Date, nullable=False),
    Column("starts", String(5)),
    Column("ends", String(5)),
    Column("place", String(200), nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("code", String(CODE_LENGTH), nullable=False, unique=True),
    Column("valid_from", Moment, nullable=False),
    Column("valid_until", Moment, nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index(None, "channel", "on_date"),
)

course_members = Table(
    "course_members",
    metadata,
    Column("course_id", ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "person_id"),
)


@dataclass(frozen=True)
class Course:
    """One course on one day. `starts` and `ends` are "13:30", Asia/Tokyo; `code` is in its normal form."""

    id: str
    channel: str
    title: str
    town: str
    on_date: dt.date
    starts: str | None
    ends: str | None
    place: str
    capacity: int
    code: str
    valid_from: dt.datetime
    valid_until: dt.datetime
    closed: bool

    @property
    def readable_code(self) -> str:
        """As on the poster: two groups of five."""
        return f"{self.code[:5]}-{self.code[5:]}"


_COLUMNS = tuple(column for column in courses.c if column.name != "created_at")

_OPEN_CODES = (
    select(*_COLUMNS)
    .where(
        courses.c.channel == bindparam("channel"),
        courses.c.closed.is_(False),
        courses.c.valid_from <= bindparam("now"),
        courses.c.valid_until > bindparam("now"),
    )
    .order_by(courses.c.on_date, courses.c.id)
)


def _of(row: Row[*tuple[Any, ...]]) -> Course:
    return Course(*row)


def normal_code(text: str) -> str:
    """What a person typed as a code, as it is stored: 「コードは 7kq4m－2xw9h です」 is 7KQ4M2XW9H."""
    plain = unicodedata.normalize("NFKC", text).upper()
    return re.sub(r"[^A-Z0-9]", "", plain).translate(_MISREAD)


def create(
    work: Work,
    channel: str,
    *,
    title: str,
    town: str,
    on: dt.date,
    place: str,
    capacity: int,
    valid_from: dt.datetime,
    valid_until: dt.datetime,
    starts: str | None = None,
    ends: str | None = None,
) -> Course:
    """Plan a course and give it a fresh code."""
    if valid_until <= valid_from:
        raise ValueError(f"a course's code ends ({valid_until}) before it begins ({valid_from})")
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    row = work.conn.execute(
        insert(courses)
        .values(
            id=new_id(),
            channel=channel,
            title=title,
            town=town,
            on_date=on,
            starts=starts,
            ends=ends,
            place=place,
            capacity=capacity,
            code=code,
            valid_from=valid_from,
            valid_until=valid_until,
            closed=False,
            created_at=work.now,
        )
        .returning(*_COLUMNS)
    ).one()
    return _of(row)


def get(work: Work, course_id: str) -> Course | None:
    """The course with this id."""
    row = work.conn.execute(select(*_COLUMNS).where(courses.c.id == course_id)).first()
    return None if row is None else _of(row)


def listed(work: Work, channel: str | None = None) -> tuple[Course, ...]:
    """All courses, of one channel or of all, the latest day first."""
    query = select(*_COLUMNS).order_by(courses.c.on_date.desc(), courses.c.id.desc())
    if channel is not None:
        query = query.where(courses.c.channel == channel)
    return tuple(_of(row) for row in work.conn.execute(query))


def with_open_codes(work: Work, channel: str) -> tuple[Course, ...]:
    """The courses whose code counts at this moment."""
    return tuple(_of(row) for row in work.conn.execute(_OPEN_CODES, {"channel": channel, "now": work.now}))


def close(work: Work, course_id: str) -> bool:
    """The code counts no longer; False where there is no such open course."""
    changed = work.conn.execute(
        update(courses)
        .where(courses.c.id == course_id, courses.c.closed.is_(False))
        .values(closed=True)
        .returning(courses.c.id)
    ).first()
    return changed is not None


def attend(work: Work, course_id: str, person_id: str) -> bool:
    """Note that this person was there; True the first time."""
    channel = select(courses.c.channel).where(courses.c.id == course_id).scalar_subquery()
    row = work.conn.execute(
        work.insert(course_members)
        .values(course_id=course_id, person_id=person_id, channel=channel, at=work.now)
        .on_conflict_do_nothing()
        .returning(course_members.c.course_id)
    ).first()
    return row is not None


def attendance(work: Work, course_id: str) -> int:
    """How many people gave this course's code."""
    query = select(func.count()).select_from(course_members).where(course_members.c.course_id == course_id)
    return work.conn.execute(query).scalar_one()
