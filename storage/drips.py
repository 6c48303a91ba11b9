"""What supporters were told in the days after their course: each step once per person and per date it counts from.

Nothing is planned ahead: who is to be told what is asked of the register at the moment of telling. So a date that
changes takes what followed from the old one with it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    ForeignKey,
    Index,
    String,
    Table,
    exists,
    func,
    or_,
    select,
    update,
)

from storage.concern_table import OPEN, concerns
from storage.people import people
from storage.schema import Moment, metadata
from storage.supporters import State, supporters
from storage.work import Work

Base = Literal["course", "refresher_course", "refresher"]
# the course itself · a later one that counts as refresher · the day on which the next refresher is due
LISTENING: tuple[State, ...] = ("registered", "active", "refresher_due")
URGENT = 1  # who has reported something of this level or worse that is still open hears no cheerful news

drips = Table(
    "drips",
    metadata,
    Column("supporter_id", ForeignKey("supporters.id", ondelete="CASCADE"), primary_key=True),
    Column("step", String(32), primary_key=True),
    Column("base_on", Date, primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE")),
    Column("mark", String(16), nullable=False),  # of the words: a phone gets the same ones once
    Column("at", Moment, nullable=False),
    Column("answer", String(16)),
    Index(None, "person_id", "mark", "at"),
    Index(None, "at"),
)


@dataclass(frozen=True)
class Due:
    """Somebody for whom a step's day has come."""

    supporter_id: str
    person_id: str
    channel: str
    town: str
    base_on: dt.date


def due(
    work: Work,
    step: str,
    base: Base,
    first: dt.date,
    last: dt.date,
    *,
    without_profile: bool = False,
    person_id: str | None = None,
) -> tuple[Due, ...]:
    """Who may hear this step now: counted from a date between these two, not told yet for it, and reached.

    Not: who paused, left or blocked us, who wrote words of danger lately, who waits for an urgent report.
    """
    counted = _counted_from(base)
    told = exists().where(
        drips.c.supporter_id == supporters.c.id, drips.c.step == step, drips.c.base_on == counted
    )
    waits = exists().where(
        concerns.c.person_id == people.c.id, concerns.c.state.in_(OPEN), concerns.c.level <= URGENT
    )
    query = (
        select(supporters.c.id, people.c.id, people.c.channel, supporters.c.town, counted)
        .join(people, people.c.id == supporters.c.person_id)
        .where(
            counted.between(first, last),
            supporters.c.state.in_(LISTENING),
            people.c.friend,
            people.c.role == "supporter",
            people.c.paused.is_(False),
            or_(people.c.danger_until.is_(None), people.c.danger_until <= work.now),
            ~told,
            ~waits,
        )
        .order_by(people.c.id, supporters.c.id)
    )
    if base == "course":  # whoever came to another one since is past what follows the first
        query = query.where(
            or_(supporters.c.refreshed_on.is_(None), supporters.c.refreshed_on <= supporters.c.attended_on)
        )
    if without_profile:
        query = query.where(supporters.c.name.is_(None))
    if person_id is not None:
        query = query.where(people.c.id == person_id)
    return tuple(Due(*row) for row in work.conn.execute(query))


def _counted_from(base: Base) -> ColumnElement[dt.date]:
    columns: dict[Base, ColumnElement[dt.date]] = {
        "course": supporters.c.attended_on,
        "refresher_course": supporters.c.refreshed_on,
        "refresher": supporters.c.refresher_due_on,
    }
    return columns[base]


def claim(work: Work, each: Due, step: str, mark: str) -> bool:
    """True for exactly one caller; it counts once the unit of work is committed."""
    row = work.conn.execute(
        work.insert(drips)
        .values(
            supporter_id=each.supporter_id,
            step=step,
            base_on=each.base_on,
            channel=each.channel,
            person_id=each.person_id,
            mark=mark,
            at=work.now,
        )
        .on_conflict_do_nothing()
        .returning(drips.c.supporter_id)
    ).first()
    return row is not None


def heard(work: Work, person_id: str, mark: str, within: dt.timedelta) -> bool:
    """Whether this phone got the same words so lately: a second one in the family, or a date that was mended."""
    query = select(drips.c.step).where(
        drips.c.person_id == person_id, drips.c.mark == mark, drips.c.at > work.now - within
    )
    return work.conn.execute(query.limit(1)).first() is not None


def answered(work: Work, person_id: str, step: str, answer: str) -> bool:
    """The one tap under a step; the last answer counts. False where this phone was never told that step."""
    row = work.conn.execute(
        update(drips)
        .where(drips.c.person_id == person_id, drips.c.step == step)
        .values(answer=answer)
        .returning(drips.c.step)
    ).first()
    return row is not None


def numbers(work: Work, channel: str | None = None) -> list[tuple[str, str | None, int]]:
    """How often each step was told, by the answer that came; never who."""
    query = select(drips.c.step, drips.c.answer, func.count()).group_by(drips.c.step, drips.c.answer)
    if channel is not None:
        query = query.where(drips.c.channel == channel)
    return sorted(
        ((step, answer, count) for step, answer, count in work.conn.execute(query)),
        key=lambda row: (row[0], row[1] or ""),
    )
