"""Attempts, counted per person: so that codes cannot be guessed and nobody floods a desk."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    delete,
    func,
    insert,
    select,
)

from storage.schema import Moment, metadata
from storage.work import Work

attempts = Table(
    "attempts",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("channel", String(32), nullable=False),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("what", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "person_id", "what", "at"),
    Index(None, "at"),
)


def count(work: Work, channel: str, person_id: str, what: str, within: dt.timedelta) -> int:
    """Count one more attempt, and say how many there were within this time, this one included."""
    work.conn.execute(insert(attempts).values(channel=channel, person_id=person_id, what=what, at=work.now))
    return so_far(work, channel, person_id, what, within)


def so_far(work: Work, channel: str, person_id: str, what: str, within: dt.timedelta) -> int:
    """How many attempts there were within this time."""
    return work.conn.execute(
        select(func.count())
        .select_from(attempts)
        .where(
            attempts.c.channel == channel,
            attempts.c.person_id == person_id,
            attempts.c.what == what,
            attempts.c.at > work.now - within,
        )
    ).scalar_one()


def of_channel(work: Work, channel: str, what: str, within: dt.timedelta) -> int:
    """How many attempts all people of a channel together made within this time."""
    return work.conn.execute(
        select(func.count())
        .select_from(attempts)
        .where(attempts.c.channel == channel, attempts.c.what == what, attempts.c.at > work.now - within)
    ).scalar_one()


def forget_old(work: Work, older_than: dt.timedelta = dt.timedelta(days=7)) -> int:
    """Nightly: attempts that no limit asks for any more."""
    return work.conn.execute(delete(attempts).where(attempts.c.at < work.now - older_than)).rowcount
