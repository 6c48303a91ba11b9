"""Who sends at present: each sending process signs here, so that all of them together stay below LINE's limits."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Column, String, Table, delete, func, select

from storage.schema import Moment, metadata
from storage.work import Work

GONE_AFTER = dt.timedelta(seconds=30)  # without a sign of life

senders = Table(
    "senders",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("seen_at", Moment, nullable=False, index=True),
)


def sign(work: Work, sender: str) -> int:
    """This process sends; how many do so, with it."""
    work.conn.execute(
        work.insert(senders)
        .values(id=sender, seen_at=work.now)
        .on_conflict_do_update(index_elements=["id"], set_={"seen_at": work.now})
    )
    alive = select(func.count()).select_from(senders).where(senders.c.seen_at > work.now - GONE_AFTER)
    return work.conn.execute(alive).scalar_one()


def leave(work: Work, sender: str) -> None:
    """This process sends no more; what others left behind long ago goes, too."""
    old = senders.c.seen_at < work.now - 10 * GONE_AFTER
    work.conn.execute(delete(senders).where((senders.c.id == sender) | old))
