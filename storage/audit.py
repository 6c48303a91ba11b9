"""Who did what to which row: staff, commands and jobs leave a line here, in the transaction of the deed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, delete, insert, select

from storage.schema import Moment, metadata
from storage.work import Work

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("deed", String(32), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("subject_id", String(64), nullable=False),
    Column("channel", String(32), nullable=False),
    Index(None, "kind", "subject_id"),
    Index(None, "at"),
)


@dataclass(frozen=True)
class Entry:
    """One deed; `kind` and `subject_id` say to what (ids only, never words)."""

    id: int
    at: dt.datetime
    actor: str
    deed: str
    kind: str
    subject_id: str
    channel: str


def note(work: Work, actor: str, deed: str, kind: str, subject_id: str, channel: str) -> None:
    """Write a deed down."""
    work.conn.execute(
        insert(audit).values(
            at=work.now, actor=actor, deed=deed, kind=kind, subject_id=subject_id, channel=channel
        )
    )


def listed(
    work: Work,
    *,
    channel: str | None = None,
    kind: str | None = None,
    subject_id: str | None = None,
    limit: int = 200,
) -> tuple[Entry, ...]:
    """The newest first, of one channel, kind or row where these are named."""
    query = select(*audit.c).order_by(audit.c.id.desc()).limit(limit)
    wanted = ((audit.c.channel, channel), (audit.c.kind, kind), (audit.c.subject_id, subject_id))
    for column, value in wanted:
        if value is not None:
            query = query.where(column == value)
    return tuple(Entry(*row) for row in work.conn.execute(query))


def forget_old(work: Work, older_than: dt.timedelta) -> int:
    """Nightly: lines beyond their retention."""
    return work.conn.execute(delete(audit).where(audit.c.at < work.now - older_than)).rowcount
