"""Events that were seen: LINE may deliver one twice, at once or much later, and it must count once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache

from sqlalchemy import Column, Executable, Index, Integer, String, Table, bindparam, delete, select

from storage.schema import Moment, metadata, sealed
from storage.work import Work, insert_for

KEPT_FOR = dt.timedelta(days=30)  # an older event is not accepted: its id may be forgotten by now

seen_events = Table(
    "seen_events",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("event_id", String(64), primary_key=True),
    Column("at", Moment, nullable=False),
    Index(None, "at"),
)

troubled_events = Table(
    "troubled_events",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("event_id", String(64), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("error", String(200), nullable=False),
    Column("tries", Integer, nullable=False),
    sealed("raw", row="event_id"),
    Column("at", Moment, nullable=False),
)


@cache
def _seen(dialect: str) -> Executable:
    return (
        insert_for(dialect, seen_events)
        .values(channel=bindparam("channel"), event_id=bindparam("event_id"), at=bindparam("at"))
        .on_conflict_do_nothing()
        .returning(seen_events.c.channel, seen_events.c.event_id)
    )


def first_time(work: Work, channel: str, event_id: str) -> bool:
    """True once for every event, also when two deliveries of it run at the same moment."""
    return bool(first_times(work, [(channel, event_id)]))


def first_times(work: Work, given: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these events (channel, id; at least one) are seen for the first time, asked in one statement."""
    rows = work.conn.execute(
        _seen(work.conn.dialect.name),
        [{"channel": channel, "event_id": event_id, "at": work.now} for channel, event_id in given],
    )
    return {(row.channel, row.event_id) for row in rows}  # rowcount says -1 on PostgreSQL; this is the truth


def troubled(work: Work, channel: str, event_id: str, kind: str, error: str, raw: str) -> int:
    """Keep an event that could not be handled (sealed), and say how often it failed so far."""
    tries: int = work.conn.execute(
        work.insert(troubled_events)
        .values(
            channel=channel,
            event_id=event_id,
            kind=kind,
            error=error[:200],
            tries=1,
            raw=work.seal(raw, channel, "troubled_events", "raw", event_id),
            at=work.now,
        )
        .on_conflict_do_update(
            index_elements=["channel", "event_id"],
            set_={"tries": troubled_events.c.tries + 1, "error": error[:200]},
        )
        .returning(troubled_events.c.tries)
    ).scalar_one()
    return tries


def list_troubled(work: Work) -> list[tuple[str, str, str, str, int, dt.datetime]]:
    """channel, event id, kind, error, tries, time: the ids and kinds only, never the words."""
    table = troubled_events.c
    rows = work.conn.execute(
        select(table.channel, table.event_id, table.kind, table.error, table.tries, table.at).order_by(
            table.at
        )
    )
    return [(r.channel, r.event_id, r.kind, r.error, r.tries, r.at) for r in rows]


def forget_old(work: Work) -> int:
    """Nightly: drop what is older than any event that would still be accepted."""
    limit = work.now - KEPT_FOR - dt.timedelta(days=1)
    work.conn.execute(delete(troubled_events).where(troubled_events.c.at < limit))
    return work.conn.execute(delete(seen_events).where(seen_events.c.at < limit)).rowcount
