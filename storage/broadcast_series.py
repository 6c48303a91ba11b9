"""Series: what comes again. Of each active one exactly the next turn stands in `broadcasts`; jobs/series.py sees to it.

Whoever changes a series and one of its broadcasts locks the series first: nobody waits crosswise.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    Column,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from storage.broadcasts import broadcasts
from storage.schema import Moment, metadata, new_id, sealed
from storage.segments import Segment, segment_of, segment_text
from storage.transitions import check
from storage.work import Work

Status = Literal["awaiting", "active", "paused", "ended", "cancelled"]
PERMITTED: Mapping[Status, frozenset[Status]] = {
    "awaiting": frozenset({"active", "cancelled"}),  # a second person has to approve; no turn stands
    "active": frozenset({"paused", "ended", "cancelled"}),
    "paused": frozenset({"active", "cancelled"}),
    "ended": frozenset(),  # its rule has no further day
    "cancelled": frozenset(),
}

broadcast_series = Table(
    "broadcast_series",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("title", String(100), nullable=False),
    sealed("messages", nullable=False),
    sealed("translations"),
    Column("segment", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("late_limit_minutes", Integer, nullable=False),
    sealed("urgent_reason"),
    Column("status", String(16), nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("approved_by", String(64)),
    Index(None, "status"),
)


@dataclass(frozen=True)
class Series:
    """`rule` is JSON as bot/recurrence.py reads and writes it; all else is copied into each broadcast."""

    id: str
    channel: str
    title: str
    messages: tuple[Mapping[str, Any], ...]
    segment: Segment
    rule: str
    late_limit: dt.timedelta
    urgent_reason: str | None
    status: Status
    created_by: str
    created_at: dt.datetime
    ended_at: dt.datetime | None
    approved_by: str | None
    translations: Mapping[str, tuple[Mapping[str, Any], ...]]


@dataclass(frozen=True)
class Standing:
    """How far an active series is: the turn that waits, and the latest that is over or cancelled."""

    series_id: str
    rule: str
    waiting_id: str | None
    waits_until: dt.datetime | None
    settled: dt.datetime | None


def create(
    work: Work,
    channel: str,
    title: str,
    messages: Sequence[Mapping[str, Any]],
    segment: Segment,
    rule: str,
    *,
    created_by: str,
    late_limit: dt.timedelta = dt.timedelta(hours=1),
    urgent_reason: str | None = None,
    awaits: bool = False,
    translations: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Series:
    """A new series, active unless it `awaits` approval; its first turn is not there yet."""
    if not messages:
        raise ValueError("a series needs a message")
    fresh = new_id()

    def seal(column: str, value: Any) -> bytes:
        return work.seal(value, channel, "broadcast_series", column, fresh)

    row = work.conn.execute(
        insert(broadcast_series)
        .values(
            id=fresh,
            channel=channel,
            title=title,
            messages=seal("messages", [dict(message) for message in messages]),
            translations=seal("translations", translations) if translations else None,
            segment=segment_text(segment),
            rule=rule,
            late_limit_minutes=int(late_limit.total_seconds() // 60),
            urgent_reason=urgent_reason and seal("urgent_reason", urgent_reason),
            status="awaiting" if awaits else "active",
            created_by=created_by,
            created_at=work.now,
        )
        .returning(*broadcast_series.c)
    ).one()
    return _of(work, row)


def _of(work: Work, row: Row[*tuple[Any, ...]]) -> Series:
    def opened(column: str) -> Any:
        return work.unseal(getattr(row, column), row.channel, "broadcast_series", column, row.id)

    return Series(
        id=row.id,
        channel=row.channel,
        title=row.title,
        messages=tuple(opened("messages")),
        segment=segment_of(row.segment),
        rule=row.rule,
        late_limit=dt.timedelta(minutes=row.late_limit_minutes),
        urgent_reason=opened("urgent_reason"),
        status=row.status,
        created_by=row.created_by,
        created_at=row.created_at,
        ended_at=row.ended_at,
        approved_by=row.approved_by,
        translations={key: tuple(each) for key, each in (opened("translations") or {}).items()},
    )


def get(work: Work, series_id: str) -> Series | None:
    """The series with this id."""
    row = work.conn.execute(select(broadcast_series).where(broadcast_series.c.id == series_id)).first()
    return None if row is None else _of(work, row)


def lock(work: Work, series_id: str) -> Series | None:
    """The same, and nobody else changes it until this unit of work ends."""
    query = select(broadcast_series).where(broadcast_series.c.id == series_id).with_for_update()
    row = work.conn.execute(query).first()
    return None if row is None else _of(work, row)


def listed(
    work: Work, channel: str | None = None, status: Status | None = None, limit: int = 1000
) -> tuple[Series, ...]:
    """The series of one channel or of all, the latest first."""
    query = select(broadcast_series).order_by(broadcast_series.c.id.desc()).limit(limit)
    if channel is not None:
        query = query.where(broadcast_series.c.channel == channel)
    if status is not None:
        query = query.where(broadcast_series.c.status == status)
    return tuple(_of(work, row) for row in work.conn.execute(query))


def standing(work: Work, series_id: str | None = None) -> tuple[Standing, ...]:
    """How far the active series are, or this one; without opening what is sealed."""
    waits = broadcasts.c.status == "scheduled"
    query = (
        select(
            broadcast_series.c.id,
            broadcast_series.c.rule,
            func.max(case((waits, broadcasts.c.id))).label("waiting_id"),
            func.max(case((waits, broadcasts.c.due_at))).label("waits_until"),
            func.max(case((~waits, broadcasts.c.due_at))).label("settled"),
        )
        .select_from(broadcast_series.outerjoin(broadcasts, broadcasts.c.series_id == broadcast_series.c.id))
        .where(broadcast_series.c.status == "active")
        .group_by(broadcast_series.c.id, broadcast_series.c.rule)
        .order_by(broadcast_series.c.id)
    )
    if series_id is not None:
        query = query.where(broadcast_series.c.id == series_id)
    return tuple(Standing(*row) for row in work.conn.execute(query))


def waiting(work: Work, series_id: str) -> str | None:
    """The id of the turn that waits, whatever the series' own state."""
    query = select(broadcasts.c.id).where(
        broadcasts.c.series_id == series_id, broadcasts.c.status == "scheduled"
    )
    return work.conn.execute(query).scalar()


def turn(work: Work, series: Series, then: Status) -> None:
    """Take the series to another state; NotPermitted where that makes no sense. It has to be locked."""
    check(PERMITTED, series.status, then)
    ended_at = work.now if not PERMITTED[then] else None
    mine = broadcast_series.c.id == series.id
    work.conn.execute(update(broadcast_series).where(mine).values(status=then, ended_at=ended_at))


def forget_old(work: Work, older_than: dt.timedelta) -> int:
    """Nightly: series that ended so long ago; their broadcasts have a term of their own."""
    return work.conn.execute(
        delete(broadcast_series).where(broadcast_series.c.ended_at < work.now - older_than)
    ).rowcount
