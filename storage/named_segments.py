"""Named segments: what staff keep under a name of their own, to write @名前. A broadcast keeps what it was then."""

from __future__ import annotations

import datetime as dt
import unicodedata
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Row, String, Table, Text, UniqueConstraint, delete, select, update

from storage.schema import Moment, metadata, new_id
from storage.segments import Segment, segment_of, segment_text
from storage.work import Work

LONGEST_NAME = 40

segments = Table(
    "segments",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("name", String(LONGEST_NAME), nullable=False),
    Column("segment", Text, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment),
    UniqueConstraint("channel", "name"),
)


@dataclass(frozen=True)
class NamedSegment:
    """A segment with its name, which is one on its channel."""

    id: str
    channel: str
    name: str
    segment: Segment
    created_by: str
    created_at: dt.datetime
    changed_at: dt.datetime | None


def _of(row: Row[*tuple[Any, ...]]) -> NamedSegment:
    values = row._asdict()
    return NamedSegment(**values | {"segment": segment_of(values["segment"])})


def plain_name(name: str) -> str:
    """A name as it is kept: in one width, without spaces around it."""
    return unicodedata.normalize("NFKC", name).strip()


def add(work: Work, channel: str, name: str, segment: Segment, *, created_by: str) -> NamedSegment | None:
    """Keep it under this name; None where the name is taken."""
    row = work.conn.execute(
        work.insert(segments)
        .values(
            id=new_id(),
            channel=channel,
            name=plain_name(name),
            segment=segment_text(segment),
            created_by=created_by,
            created_at=work.now,
        )
        .on_conflict_do_nothing(index_elements=["channel", "name"])
        .returning(*segments.c)
    ).first()
    return None if row is None else _of(row)


def change(work: Work, channel: str, name: str, segment: Segment) -> NamedSegment | None:
    """Keep this one under the name from now on; None where there is no such name."""
    row = work.conn.execute(
        update(segments)
        .where(segments.c.channel == channel, segments.c.name == plain_name(name))
        .values(segment=segment_text(segment), changed_at=work.now)
        .returning(*segments.c)
    ).first()
    return None if row is None else _of(row)


def listed(work: Work, channel: str | None = None) -> tuple[NamedSegment, ...]:
    """All of one channel or of all channels, by name."""
    query = select(*segments.c).order_by(segments.c.name, segments.c.channel)
    if channel is not None:
        query = query.where(segments.c.channel == channel)
    return tuple(_of(row) for row in work.conn.execute(query))


def remove(work: Work, segment_id: str) -> bool:
    """Forget it; what was planned with it keeps its recipients. False where it was gone already."""
    row = work.conn.execute(
        delete(segments).where(segments.c.id == segment_id).returning(segments.c.id)
    ).first()
    return row is not None
