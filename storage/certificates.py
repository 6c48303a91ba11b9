"""Certificates: the number of a supporter's 修了証, and the token behind the QR code of their card.

Who scans the code learns whether the card counts and of which town it is, and nothing else: the token is random, says
nothing, and is kept sealed, so that a lost card can be printed again with the same code.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Date, ForeignKey, Integer, Row, String, Table, and_, delete, select, update

from storage import courses
from storage.course_members import course_members
from storage.courses import Course
from storage.schema import Moment, metadata, sealed
from storage.supporters import Supporter, by_number
from storage.work import Work

certificates = Table(
    "certificates",
    metadata,
    Column("supporter_id", ForeignKey("supporters.id", ondelete="CASCADE"), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("number", String(16), nullable=False, unique=True),
    sealed("token", row="supporter_id", nullable=False),
    Column("token_index", String(64), nullable=False, unique=True),
    Column("course_title", String(100), nullable=False),
    Column("course_on", Date, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("created_at", Moment, nullable=False),
)

certificate_numbers = Table(
    "certificate_numbers",
    metadata,
    Column("fiscal_year", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)


@dataclass(frozen=True)
class Certificate:
    """What was issued to one supporter; printed again, it is the same."""

    supporter_id: str
    channel: str
    number: str
    token: str
    course_title: str
    course_on: dt.date
    issued_on: dt.date


def fiscal_year(day: dt.date) -> int:
    """The Japanese fiscal year (年度) of a day: it begins on 1 April."""
    return day.year if day.month >= 4 else day.year - 1


def issue(
    work: Work, supporter: Supporter, *, course_title: str, course_on: dt.date, issued_on: dt.date
) -> Certificate:
    """The supporter's certificate, made the first time it is asked for; afterwards the one that is there."""
    there = of(work, supporter.id)
    if there is not None:
        return there
    token = secrets.token_urlsafe(16)
    work.conn.execute(
        work.insert(certificates)
        .values(
            supporter_id=supporter.id,
            channel=supporter.channel,
            number=supporter.number or _next_number(work, fiscal_year(course_on)),
            token=work.seal(token, supporter.channel, "certificates", "token", supporter.id),
            token_index=_index(work, token),
            course_title=course_title,
            course_on=course_on,
            issued_on=issued_on,
            created_at=work.now,
        )
        .on_conflict_do_nothing(index_elements=["supporter_id"])
    )
    made = of(work, supporter.id)
    assert made is not None
    return made


def _next_number(work: Work, year: int) -> str:
    """「2026-0012」: the next of this fiscal year that nobody has, not even from the imported register."""
    while True:
        last = work.conn.execute(
            work.insert(certificate_numbers)
            .values(fiscal_year=year, last=1)
            .on_conflict_do_update(
                index_elements=["fiscal_year"], set_={"last": certificate_numbers.c.last + 1}
            )
            .returning(certificate_numbers.c.last)
        ).scalar_one()
        number = f"{year}-{last:04}"
        if by_number(work, number) is None:
            return number


def of(work: Work, supporter_id: str) -> Certificate | None:
    """This supporter's certificate."""
    query = select(certificates).where(certificates.c.supporter_id == supporter_id)
    row = work.conn.execute(query).first()
    return None if row is None else _of(work, row)


def first_course(work: Work, supporter: Supporter) -> Course | None:
    """The first course at which this entry was noted; for an old entry, the first at which its phone was."""
    member = course_members.c
    whose = [member.supporter_id == supporter.id]
    if supporter.person_id is not None:
        whose.append(and_(member.person_id == supporter.person_id, member.supporter_id.is_(None)))
    for mine in whose:
        query = (
            select(member.course_id)
            .join(courses.courses, courses.courses.c.id == member.course_id)
            .where(mine)
            .order_by(courses.courses.c.on_date, member.id)
        )
        found = work.conn.execute(query).scalars().first()
        if found is not None:
            return courses.get(work, found)
    return None


def hand_over(work: Work, from_id: str, to_id: str, number: str | None) -> None:
    """Two entries were one person: the one that stays keeps its certificate, else it gets the other one's, under the
    number that stands in the register."""
    made, there = of(work, from_id), of(work, to_id)
    here = certificates.c.supporter_id
    if made is not None and there is None:
        token = work.seal(made.token, made.channel, "certificates", "token", to_id)
        values = {"supporter_id": to_id, "token": token}
        work.conn.execute(update(certificates).where(here == from_id).values(**values))
    elif made is not None:
        work.conn.execute(delete(certificates).where(here == from_id))
    renumber(work, to_id, number)


def renumber(work: Work, supporter_id: str, number: str | None) -> None:
    """The number in the register is another one now: printed again, the certificate bears that one."""
    if number is not None:
        mine = certificates.c.supporter_id == supporter_id
        work.conn.execute(update(certificates).where(mine).values(number=number))


def by_token(work: Work, token: str) -> Certificate | None:
    """The certificate whose QR code holds this token."""
    query = select(certificates).where(certificates.c.token_index == _index(work, token))
    row = work.conn.execute(query).first()
    return None if row is None else _of(work, row)


def _index(work: Work, token: str) -> str:
    return work.index("certificate", token)


def _of(work: Work, row: Row[*tuple[Any, ...]]) -> Certificate:
    return Certificate(
        row.supporter_id,
        row.channel,
        row.number,
        work.unseal(row.token, row.channel, "certificates", "token", row.supporter_id),
        row.course_title,
        row.course_on,
        row.issued_on,
    )
