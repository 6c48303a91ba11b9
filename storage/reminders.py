"""Who was reminded of what is late: each step of a clock once, however many processes look at that minute."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from typing import Literal

from sqlalchemy import Column, ForeignKey, Index, String, Table, and_, delete, or_, select

from storage.concern_table import COLUMNS, OPEN, Concern, concerns, read_row
from storage.handons import handons
from storage.people import people
from storage.schema import Moment, metadata
from storage.work import Work

Clock = Literal["accept", "contact", "close"]
Step = Literal["desk", "leader", "department", "duty"]
Sent = tuple[str, str, str, dt.datetime]
"""Concern, clock, step and the due time that had passed."""

reminders = Table(
    "reminders",
    metadata,
    Column("concern_id", ForeignKey("concerns.id", ondelete="CASCADE"), primary_key=True),
    Column("clock", String(16), primary_key=True),
    Column("step", String(16), primary_key=True),
    Column("due_at", Moment, primary_key=True),  # a due time that changes begins a series of its own
    Column("at", Moment, nullable=False),
    Index(None, "at"),
)

_AT_ONCE = 500  # ids in one query


def late(work: Work) -> tuple[Concern, ...]:
    """Open concerns of which at least one clock has run out without the deed, the most urgent first."""
    query = (
        select(*COLUMNS)
        .where(
            concerns.c.state.in_(OPEN),
            or_(
                and_(concerns.c.state == "sent", concerns.c.accept_due <= work.now),
                and_(concerns.c.state != "in_touch", concerns.c.contact_due <= work.now),
                concerns.c.close_due <= work.now,
            ),
        )
        .order_by(concerns.c.level, concerns.c.created_at, concerns.c.id)
    )
    return tuple(read_row(row) for row in work.conn.execute(query))


def sent(work: Work, concern_ids: Sequence[str]) -> frozenset[Sent]:
    """The reminders that went out about these concerns."""
    columns = (reminders.c.concern_id, reminders.c.clock, reminders.c.step, reminders.c.due_at)
    found: set[Sent] = set()
    for ids in _batches(concern_ids):
        rows = work.conn.execute(select(*columns).where(reminders.c.concern_id.in_(ids)))
        found |= {(row.concern_id, row.clock, row.step, row.due_at) for row in rows}
    return frozenset(found)


def claim(work: Work, concern: Concern, clock: Clock, step: Step, due_at: dt.datetime) -> bool:
    """True for exactly one caller; it counts once the unit of work is committed."""
    row = work.conn.execute(
        work.insert(reminders)
        .values(concern_id=concern.id, clock=clock, step=step, due_at=due_at, at=work.now)
        .on_conflict_do_nothing()
        .returning(reminders.c.concern_id)
    ).first()
    return row is not None


def homeless(work: Work, living: Collection[str]) -> tuple[str, ...]:
    """Ids of open concerns whose desk, or the desk that was asked to take them over, is none of the living."""
    at_a_dead_desk = select(concerns.c.id).where(concerns.c.state.in_(OPEN), concerns.c.window.not_in(living))
    offered_to_one = (
        select(concerns.c.id)
        .join(handons, handons.c.concern_id == concerns.c.id)
        .where(
            concerns.c.state.in_(OPEN),
            handons.c.state == "offered",
            handons.c.to_window.not_in(living),
        )
    )
    return tuple(sorted(work.conn.execute(at_a_dead_desk.union(offered_to_one)).scalars()))


def lock(work: Work, concern_id: str) -> Concern | None:
    """The concern as it stands now, kept still until the unit of work ends."""
    row = work.conn.execute(select(*COLUMNS).where(concerns.c.id == concern_id).with_for_update()).first()
    return None if row is None else read_row(row)


def to_follow_up(
    work: Work, age: dt.timedelta, not_older: dt.timedelta, outcomes: Collection[str]
) -> tuple[Concern, ...]:
    """Concerns that are old enough to ask the reporter how it went, who is on LINE and has not been asked.

    Not those that are older than `not_older` (after a long outage nobody is asked about last year), not those
    that ended with one of these outcomes, and not while words of danger keep news from the person.
    """
    query = (
        select(*COLUMNS)
        .join(people, people.c.id == concerns.c.person_id)
        .where(
            concerns.c.created_at <= work.now - age,
            concerns.c.created_at > work.now - not_older,
            concerns.c.follow_up_at.is_(None),
            concerns.c.source == "line",
            concerns.c.merged_into.is_(None),
            or_(concerns.c.outcome.is_(None), concerns.c.outcome.not_in(outcomes)),
            people.c.friend,
            or_(people.c.danger_until.is_(None), people.c.danger_until <= work.now),
        )
        .order_by(concerns.c.created_at, concerns.c.id)
    )
    return tuple(read_row(row) for row in work.conn.execute(query))


def forget_old(work: Work, older_than: dt.timedelta) -> int:
    """Nightly: reminders about what is closed. One about an open concern stays, or it would be sent again."""
    closed = select(concerns.c.id).where(
        concerns.c.id == reminders.c.concern_id, concerns.c.state == "closed"
    )
    return work.conn.execute(
        delete(reminders).where(reminders.c.at < work.now - older_than, closed.exists())
    ).rowcount


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    yield from (ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE))
