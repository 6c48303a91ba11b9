"""Attempts, counted per person: so that codes cannot be guessed and nobody floods a desk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
)

from storage import tries
from storage.outbox import outbox
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


_ASKED: Final = "sure."  # under which it is kept that something was asked
_YOUNG: Final = dt.timedelta(minutes=5)
_ASKED_OF = (  # asked for every event: building it costs as much as running it
    select(attempts.c.person_id, attempts.c.what, attempts.c.at)
    .where(
        attempts.c.person_id.in_(bindparam("people", expanding=True)),
        attempts.c.what.startswith(_ASKED),
        attempts.c.at >= bindparam("since"),
    )
    .order_by(attempts.c.at, attempts.c.id)
)


def ask(work: Work, channel: str, person_id: str, question: str) -> None:
    """Remember that this person is asked, with buttons, something that belongs to no conversation."""
    count(work, channel, person_id, f"{_ASKED}{question}", _YOUNG)


def asked_of(work: Work, people: Sequence[str]) -> dict[str, tuple[str, dt.datetime]]:
    """The last such question of each of these people, and when, where that is some minutes ago at most."""
    rows = work.conn.execute(_ASKED_OF, {"people": people, "since": work.now - _YOUNG})
    return {row.person_id: (row.what.removeprefix(_ASKED), row.at) for row in rows}


def last_to(work: Work, person_id: str) -> dt.datetime | None:
    """When something was last written for this person: a moment of its unit of work."""
    return work.conn.execute(
        select(outbox.c.created_at)
        .where(outbox.c.person_id == person_id)
        .order_by(outbox.c.id.desc())
        .limit(1)
    ).scalar()


def of_channel(work: Work, channel: str, what: str, within: dt.timedelta) -> int:
    """How many attempts all people of a channel together made within this time, also who has been erased since."""
    there = work.conn.execute(
        select(func.count())
        .select_from(attempts)
        .where(attempts.c.channel == channel, attempts.c.what == what, attempts.c.at > work.now - within)
    ).scalar_one()
    return there + tries.so_far(work, _of_nobody(work, channel, what), within)


def leave_count(work: Work, person_id: str, within: dt.timedelta = dt.timedelta(hours=1)) -> None:
    """Before somebody is erased: how many they made lately stays counted, without them. Else who guesses, is erased
    and comes again would never be noticed."""
    query = (
        select(attempts.c.channel, attempts.c.what, func.count())
        .where(attempts.c.person_id == person_id, attempts.c.at > work.now - within)
        .group_by(attempts.c.channel, attempts.c.what)
    )
    for channel, what, count in work.conn.execute(query).all():
        tries.add(work, _of_nobody(work, channel, what), count, within)


def _of_nobody(work: Work, channel: str, what: str) -> str:
    return tries.bucket(work, "attempts", channel, what)


def forget_old(work: Work, older_than: dt.timedelta = dt.timedelta(days=7)) -> int:
    """Nightly: attempts that no limit asks for any more."""
    return work.conn.execute(delete(attempts).where(attempts.c.at < work.now - older_than)).rowcount
