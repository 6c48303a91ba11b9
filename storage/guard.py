"""A job's turn is taken once, however many schedulers are awake at that second."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Column, Index, String, Table, delete, select

from storage.schema import Moment, metadata
from storage.work import Work

fired = Table(
    "fired",
    metadata,
    Column("job", String(64), primary_key=True),
    Column("due_at", Moment, primary_key=True),
    Column("at", Moment, nullable=False),
    Index(None, "at"),
)


def claim_once(work: Work, job: str, due_at: dt.datetime) -> bool:
    """True for exactly one caller of this job's turn; it counts once the unit of work is committed."""
    row = work.conn.execute(
        work.insert(fired)
        .values(job=job, due_at=due_at, at=work.now)
        .on_conflict_do_nothing()
        .returning(fired.c.job)
    ).first()
    return row is not None


def is_claimed(work: Work, job: str, due_at: dt.datetime) -> bool:
    """Whether somebody has it already; a look that costs nobody the turn to write."""
    mine = select(fired.c.job).where(fired.c.job == job, fired.c.due_at == due_at)
    return work.conn.execute(mine).first() is not None


def forget_old(work: Work, older_than: dt.timedelta = dt.timedelta(days=30)) -> int:
    """Nightly: turns that no scheduler can ask for any more."""
    return work.conn.execute(
        delete(fired).where(fired.c.at < work.now - older_than, fired.c.due_at < work.now - older_than)
    ).rowcount
