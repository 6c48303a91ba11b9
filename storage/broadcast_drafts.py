"""Drafts of broadcasts: the file as staff wrote it, finished or not, under a name, until it is scheduled or deleted."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Row, String, Table, delete, select

from storage.schema import Moment, metadata, new_id, sealed
from storage.work import Work

LONGEST_NAME = 60
KEPT = dt.timedelta(days=365)  # after the last change

broadcast_drafts = Table(
    "broadcast_drafts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("name", String(LONGEST_NAME), nullable=False, unique=True),
    sealed("file", nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
)


@dataclass(frozen=True)
class Draft:
    """A file in the database. `suffix` is .yaml or .md; `photos` are ids by the file names that the text uses."""

    id: str
    name: str
    text: str = field(repr=False)
    suffix: str
    photos: Mapping[str, str]
    created_by: str
    created_at: dt.datetime
    changed_at: dt.datetime


def plain_name(name: str) -> str:
    """A name as it is kept: in one width, without spaces around it."""
    return unicodedata.normalize("NFKC", name).strip()


def save(
    work: Work, channel: str, name: str, text: str, suffix: str, photos: Mapping[str, str], *, created_by: str
) -> Draft:
    """Keep it under this name; what had the name before is gone."""
    before = find(work, name)
    fresh = new_id()
    if before is not None:
        remove(work, before.id)
    file = {"text": text, "suffix": suffix, "photos": dict(photos)}
    row = work.conn.execute(
        work.insert(broadcast_drafts)
        .values(
            id=fresh,
            channel=channel,
            name=plain_name(name),
            file=work.seal(file, channel, "broadcast_drafts", "file", fresh),
            created_by=created_by if before is None else before.created_by,
            created_at=work.now if before is None else before.created_at,
            changed_at=work.now,
        )
        .returning(*broadcast_drafts.c)
    ).one()
    return _of(work, row)


def _of(work: Work, row: Row[*tuple[Any, ...]]) -> Draft:
    file = work.unseal(row.file, row.channel, "broadcast_drafts", "file", row.id)
    return Draft(
        row.id,
        row.name,
        file["text"],
        file["suffix"],
        file["photos"],
        row.created_by,
        row.created_at,
        row.changed_at,
    )


def find(work: Work, name: str) -> Draft | None:
    """The draft with this name."""
    query = select(broadcast_drafts).where(broadcast_drafts.c.name == plain_name(name))
    row = work.conn.execute(query).first()
    return None if row is None else _of(work, row)


def listed(work: Work) -> tuple[Draft, ...]:
    """All drafts, the one changed last first."""
    query = select(broadcast_drafts).order_by(
        broadcast_drafts.c.changed_at.desc(), broadcast_drafts.c.id.desc()
    )
    return tuple(_of(work, row) for row in work.conn.execute(query))


def remove(work: Work, draft_id: str) -> bool:
    """Forget it; False where it was gone already."""
    query = delete(broadcast_drafts).where(broadcast_drafts.c.id == draft_id)
    return work.conn.execute(query.returning(broadcast_drafts.c.id)).first() is not None


def forget_old(work: Work) -> int:
    """Nightly: drafts that nobody has touched for a year."""
    return work.conn.execute(
        delete(broadcast_drafts).where(broadcast_drafts.c.changed_at < work.now - KEPT)
    ).rowcount
