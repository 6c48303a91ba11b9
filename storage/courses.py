"""Courses and meetings to which people sign up, and the code on the poster that says they were there."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import secrets
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    bindparam,
    insert,
    select,
    update,
)

from storage.course_members import attend, attendance, attendances, course_members, members
from storage.schema import Moment, metadata, new_id
from storage.work import Work

__all__ = [
    "attend",
    "attendance",
    "attendances",
    "course_members",
    "members",
]  # who was there: said here, too

# Neither 0/O, 1/I/L, 2/Z, 5/S, 8/B nor U/V stand both in it: nothing is misread, nothing is misheard.
ALPHABET = "23456789ACDEFGHJKMNPQRTUWXY"
CODE_LENGTH = 10
CODE_BITS = CODE_LENGTH * math.log2(len(ALPHABET))  # 47.5: far beyond what a rate limit lets anyone guess
SIGN_LENGTH = 5  # no secret: it names a course on paper and in the address /c/<sign>
_MISREAD = str.maketrans({"Z": "2", "S": "5", "B": "8", "V": "U"})

Kind = Literal["training", "refresher", "outreach", "meeting", "symposium", "event"]
KINDS: tuple[Kind, ...] = ("training", "refresher", "outreach", "meeting", "symposium", "event")
MAKING: tuple[Kind, ...] = ("training", "refresher", "outreach")  # after these people become supporters

courses = Table(
    "courses",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("title", String(100), nullable=False),
    Column("town", String(32), nullable=False),  # the first of `towns`: it stands on the certificate
    Column("on_date", Date, nullable=False),  # of the first session, as `starts` and `ends`
    Column("starts", String(5)),
    Column("ends", String(5)),
    Column("place", String(200), nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("code", String(CODE_LENGTH), nullable=False, unique=True),
    Column("valid_from", Moment, nullable=False),
    Column("valid_until", Moment, nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("sign", String(SIGN_LENGTH), nullable=False),
    Column("kind", String(16), nullable=False, server_default="training"),
    Column("towns", Text, nullable=False),  # JSON
    Column("sessions", Text, nullable=False),  # JSON: all of them, the first one too
    Column("last_on", Date, nullable=False),
    Column("lecturer", String(100)),
    Column("group_name", String(100)),  # whom an outreach course is held for
    Column("sign_up_from", Moment),
    Column("sign_up_until", Moment),  # None: nobody signs up for it
    Column("waiting_list", Boolean, nullable=False, server_default="1"),
    Column("questionnaire", Boolean, nullable=False, server_default="1"),
    Column("called_off_at", Moment),
    Index(None, "channel", "on_date"),
    Index(None, "last_on"),
    Index("uq_courses_sign", "sign", unique=True),
)


class Session(NamedTuple):
    """One meeting; `starts` and `ends` are "13:30", Asia/Tokyo."""

    on: dt.date
    starts: str | None = None
    ends: str | None = None


@dataclass(frozen=True)
class Course:
    """One course. `starts` and `ends` (of the first session) are "13:30", Asia/Tokyo; `code` is in its normal form."""

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
    sign: str
    kind: Kind
    towns: tuple[str, ...]
    sessions: tuple[Session, ...]
    last_on: dt.date
    lecturer: str | None
    group_name: str | None
    sign_up_from: dt.datetime | None
    sign_up_until: dt.datetime | None
    waiting_list: bool
    questionnaire: bool
    called_off_at: dt.datetime | None

    @property
    def readable_code(self) -> str:
        """As on the poster: two groups of five."""
        return f"{self.code[:5]}-{self.code[5:]}"


_COLUMNS = tuple(courses.c[name] for name in Course.__dataclass_fields__)

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
    values = dict(row._mapping)
    values["towns"] = tuple(json.loads(values["towns"]))
    listed = json.loads(values["sessions"])
    values["sessions"] = tuple(Session(dt.date.fromisoformat(on), *hours) for on, *hours in listed)
    return Course(**values)


def _in_columns(towns: Sequence[str], sessions: Sequence[Session]) -> dict[str, Any]:
    ordered = sorted(sessions, key=lambda session: (session.on, session.starts or ""))
    first, last = ordered[0], ordered[-1]
    return {
        "town": towns[0],
        "towns": json.dumps(list(dict.fromkeys(towns))),
        "sessions": json.dumps([(each.on.isoformat(), each.starts, each.ends) for each in ordered]),
        "on_date": first.on,
        "starts": first.starts,
        "ends": first.ends,
        "last_on": last.on,
    }


def normal_code(text: str) -> str:
    """What a person typed as a code, as it is stored: 「コードは 7kq4m－2xw9h です」 is 7KQ4M2XW9H."""
    plain = unicodedata.normalize("NFKC", text).upper()
    return re.sub(r"[^A-Z0-9]", "", plain).translate(_MISREAD)


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


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
    also_in: Collection[str] = (),
    more_sessions: Collection[Session] = (),
    **more: Any,
) -> Course:
    """Plan a course and give it a fresh code. `also_in` are further towns, `more_sessions` further days; `more`
    are other fields of Course (kind, lecturer, group_name, sign_up_from …); without `sign_up_until` nobody signs up."""
    _check(valid_from, valid_until, more.get("sign_up_from"), more.get("sign_up_until"))
    row = work.conn.execute(
        insert(courses)
        .values(
            id=new_id(),
            channel=channel,
            title=title,
            place=place,
            capacity=capacity,
            code=_random(CODE_LENGTH),
            sign=_free_sign(work),
            valid_from=valid_from,
            valid_until=valid_until,
            closed=False,
            created_at=work.now,
            **_in_columns((town, *also_in), (Session(on, starts, ends), *more_sessions)),
            **{"kind": "training", "waiting_list": True, "questionnaire": True, **more},
        )
        .returning(*_COLUMNS)
    ).one()
    return _of(row)


def _check(
    valid_from: dt.datetime,
    valid_until: dt.datetime,
    sign_up_from: dt.datetime | None,
    sign_up_until: dt.datetime | None,
) -> None:
    if valid_until <= valid_from:
        raise ValueError(f"a course's code ends ({valid_until}) before it begins ({valid_from})")
    if sign_up_from and sign_up_until and sign_up_until <= sign_up_from:
        raise ValueError(f"sign-up ends ({sign_up_until}) before it begins ({sign_up_from})")


def _free_sign(work: Work) -> str:
    while True:
        sign = _random(SIGN_LENGTH)
        if work.conn.execute(select(courses.c.id).where(courses.c.sign == sign)).first() is None:
            return sign


def edit(
    work: Work,
    course: Course,
    *,
    towns: Sequence[str] | None = None,
    sessions: Sequence[Session] | None = None,
    **values: Any,
) -> Course:
    """Change what is planned; its code and its sign stay: they are on paper already."""
    if values.keys() & {"code", "sign", "id"}:
        raise ValueError("a course keeps its code, whatever else is changed")
    _check(
        values.get("valid_from", course.valid_from),
        values.get("valid_until", course.valid_until),
        values.get("sign_up_from", course.sign_up_from),
        values.get("sign_up_until", course.sign_up_until),
    )
    values |= _in_columns(towns or course.towns, sessions or course.sessions)
    row = work.conn.execute(
        update(courses).where(courses.c.id == course.id).values(**values).returning(*_COLUMNS)
    ).one()
    return _of(row)


def get(work: Work, course_id: str) -> Course | None:
    """The course with this id."""
    row = work.conn.execute(select(*_COLUMNS).where(courses.c.id == course_id)).first()
    return None if row is None else _of(row)


def by_sign(work: Work, text: str) -> Course | None:
    """The course with this sign, however it was typed."""
    sign = normal_code(text[:40])
    if len(sign) != SIGN_LENGTH:
        return None
    row = work.conn.execute(select(*_COLUMNS).where(courses.c.sign == sign)).first()
    return None if row is None else _of(row)


def lock(work: Work, course_id: str) -> Course | None:
    """The same as `get`; nobody else gives or frees a seat until this unit of work ends."""
    query = select(*_COLUMNS).where(courses.c.id == course_id)
    row = work.conn.execute(query.with_for_update() if work.on_postgresql else query).first()
    return None if row is None else _of(row)


def listed(work: Work, channel: str | None = None) -> tuple[Course, ...]:
    """All courses, of one channel or of all, the latest day first."""
    query = select(*_COLUMNS).order_by(courses.c.on_date.desc(), courses.c.id.desc())
    if channel is not None:
        query = query.where(courses.c.channel == channel)
    return tuple(_of(row) for row in work.conn.execute(query))


def between(
    work: Work, first: dt.date, last: dt.date | None = None, channel: str | None = None
) -> tuple[Course, ...]:
    """Courses that are not over on `first` (and begin on `last` at the latest), the soonest first."""
    query = select(*_COLUMNS).where(courses.c.last_on >= first)
    if last is not None:
        query = query.where(courses.c.on_date <= last)
    if channel is not None:
        query = query.where(courses.c.channel == channel)
    found = work.conn.execute(query.order_by(courses.c.on_date, courses.c.starts, courses.c.id))
    return tuple(_of(row) for row in found)


def with_open_codes(work: Work, channel: str) -> tuple[Course, ...]:
    """The courses whose code counts at this moment."""
    return tuple(_of(row) for row in work.conn.execute(_OPEN_CODES, {"channel": channel, "now": work.now}))


def close(work: Work, course_id: str) -> bool:
    """The code counts no longer and nobody signs up any more; False where there is no such open course."""
    changed = work.conn.execute(
        update(courses)
        .where(courses.c.id == course_id, courses.c.closed.is_(False))
        .values(closed=True)
        .returning(courses.c.id)
    ).first()
    return changed is not None
