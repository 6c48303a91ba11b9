"""Photos that a reporter added in our own form: sealed, small, without the place where they were taken."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, insert, select

from storage.schema import Moment, metadata, new_id, sealed
from storage.work import Work

if TYPE_CHECKING:
    from storage.concerns import Concern

concern_photos = Table(
    "concern_photos",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("concern_id", ForeignKey("concerns.id", ondelete="CASCADE"), nullable=False),
    Column("channel", String(32), nullable=False),
    sealed("picture", nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index(None, "concern_id", "created_at"),
)


@dataclass(frozen=True)
class Photo:
    """One photo without its picture: `picture()` opens it, and that is to be audited."""

    id: str
    concern_id: str
    channel: str
    width: int
    height: int
    created_at: dt.datetime


_COLUMNS = tuple(column for column in concern_photos.c if column.name != "picture")


def add(work: Work, concern: Concern, jpeg: bytes, width: int, height: int) -> Photo:
    """Keep a JPEG, sealed. It holds nothing but the picture: bot/pictures.py has seen to that."""
    fresh = new_id()
    said = base64.b64encode(jpeg).decode()  # what is sealed is JSON, which knows no bytes
    row = work.conn.execute(
        insert(concern_photos)
        .values(
            id=fresh,
            concern_id=concern.id,
            channel=concern.channel,
            picture=work.seal(said, concern.channel, "concern_photos", "picture", fresh),
            width=width,
            height=height,
            created_at=work.now,
        )
        .returning(*_COLUMNS)
    ).one()
    return Photo(*row)


def of(work: Work, concern: Concern) -> tuple[Photo, ...]:
    """The photos of a concern, the oldest first."""
    query = select(*_COLUMNS).where(concern_photos.c.concern_id == concern.id)
    rows = work.conn.execute(query.order_by(concern_photos.c.created_at, concern_photos.c.id))
    return tuple(Photo(*row) for row in rows)


def picture(work: Work, concern: Concern, photo_id: str) -> bytes | None:
    """The JPEG itself; None where this concern has no such photo."""
    envelope = work.conn.execute(
        select(concern_photos.c.picture).where(
            concern_photos.c.id == photo_id, concern_photos.c.concern_id == concern.id
        )
    ).scalar()
    if envelope is None:
        return None
    said: str = work.unseal(envelope, concern.channel, "concern_photos", "picture", photo_id)
    return base64.b64decode(said)
