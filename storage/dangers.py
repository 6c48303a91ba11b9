"""Words of danger: that somebody wrote such words is kept, so that staff look after it; never the words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Column, ForeignKey, Index, String, Table, delete, insert, select, update

from storage.people import Person
from storage.schema import Moment, metadata, new_id
from storage.work import Work

dangers = Table(
    "dangers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("code", String(8), nullable=False),
    Column("category", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Column("seen_at", Moment),
    Index(None, "seen_at", "at"),
    Index(None, "person_id", "at"),
)


@dataclass(frozen=True)
class Danger:
    """Somebody wrote words of this kind at this moment. `code` is S0, S1 …"""

    id: str
    channel: str
    person_id: str
    code: str
    category: str
    at: dt.datetime
    seen_at: dt.datetime | None


def note(work: Work, person: Person, code: str, category: str) -> str:
    """Keep that it happened, and give its id."""
    fresh = new_id()
    work.conn.execute(
        insert(dangers).values(
            id=fresh, channel=person.channel, person_id=person.id, code=code, category=category, at=work.now
        )
    )
    return fresh


def listed(work: Work, unseen_only: bool = False, channel: str | None = None) -> tuple[Danger, ...]:
    """The newest first."""
    query = select(*dangers.c).order_by(dangers.c.at.desc(), dangers.c.id.desc())
    if unseen_only:
        query = query.where(dangers.c.seen_at.is_(None))
    if channel is not None:
        query = query.where(dangers.c.channel == channel)
    return tuple(Danger(*row) for row in work.conn.execute(query))


def seen(work: Work, danger_id: str) -> bool:
    """A member of staff looked after it; False where somebody had done so before."""
    row = work.conn.execute(
        update(dangers)
        .where(dangers.c.id == danger_id, dangers.c.seen_at.is_(None))
        .values(seen_at=work.now)
        .returning(dangers.c.id)
    ).first()
    return row is not None


def forget_old(work: Work, older_than: dt.timedelta) -> int:
    """Nightly: what staff looked after so long ago; what nobody has seen yet stays."""
    return work.conn.execute(
        delete(dangers).where(dangers.c.seen_at.is_not(None), dangers.c.at < work.now - older_than)
    ).rowcount
