"""Stepping back: who knows the family does not see the concern any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, ForeignKey, String, Table, select

from storage.schema import Moment, metadata
from storage.work import Work

if TYPE_CHECKING:
    from storage.concerns import Concern

recusals = Table(
    "recusals",
    metadata,
    Column("concern_id", ForeignKey("concerns.id", ondelete="CASCADE"), primary_key=True),
    Column("staff_id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("at", Moment, nullable=False),
)


def recuse(work: Work, concern: Concern, staff_id: str) -> None:
    """From now on this concern does not exist for this person; a second time changes nothing."""
    work.conn.execute(
        work.insert(recusals)
        .values(concern_id=concern.id, staff_id=staff_id, channel=concern.channel, at=work.now)
        .on_conflict_do_nothing()
    )


def of(work: Work, concern: Concern) -> frozenset[str]:
    """Who stepped back from this concern (ids of staff)."""
    query = select(recusals.c.staff_id).where(recusals.c.concern_id == concern.id)
    return frozenset(work.conn.execute(query).scalars())
