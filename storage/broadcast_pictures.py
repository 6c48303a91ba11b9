"""Pictures of broadcasts: their words under a token that LINE fetches them by, and the photos that staff brought.

A picture is kept as the words it is drawn from: the transaction that starts a broadcast draws nothing, and a database
holds no megabytes that it can make again.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, String, Table, delete, insert, select, update

from storage.broadcast_links import LONGEST_TOKEN, TOKEN_BYTES
from storage.schema import Moment, metadata, sealed
from storage.work import Work

OF_A_TEST = dt.timedelta(
    days=31
)  # a picture that belongs to no broadcast was for a member of staff's own phone
UNUSED = dt.timedelta(days=800)  # a photo; what comes again each year still finds its own

broadcast_pictures = Table(
    "broadcast_pictures",
    metadata,
    Column("token", String(LONGEST_TOKEN), primary_key=True),
    Column("broadcast_id", ForeignKey("broadcasts.id", ondelete="CASCADE")),
    Column("channel", String(32), nullable=False),
    sealed("words", row="token", nullable=False),
    Column("made_at", Moment, nullable=False),
    Index(None, "broadcast_id"),
)

broadcast_photos = Table(
    "broadcast_photos",
    metadata,
    Column("id", String(64), primary_key=True),  # of the picture itself: the same one is kept once
    Column("channel", String(32), nullable=False),
    sealed("picture", nullable=False),
    Column("used_at", Moment, nullable=False),
)


def make(work: Work, channel: str, words: Mapping[str, Any], broadcast_id: str | None = None) -> str:
    """The token by which the picture with these words is fetched; without a broadcast it is for a test."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    work.conn.execute(
        insert(broadcast_pictures).values(
            token=token,
            broadcast_id=broadcast_id,
            channel=channel,
            words=work.seal(dict(words), channel, "broadcast_pictures", "words", token),
            made_at=work.now,
        )
    )
    return token


def words(work: Work, token: str) -> Mapping[str, Any] | None:
    """What the picture under this token is drawn from; None where there is none (any more)."""
    row = work.conn.execute(
        select(broadcast_pictures.c.channel, broadcast_pictures.c.words).where(
            broadcast_pictures.c.token == token
        )
    ).first()
    if row is None:
        return None
    found: dict[str, Any] = work.unseal(row.words, row.channel, "broadcast_pictures", "words", token)
    return found


def photo_id(jpeg: bytes) -> str:
    """The name of a photo: the same picture has the same."""
    return hashlib.sha256(jpeg).hexdigest()


def keep_photo(work: Work, channel: str, jpeg: bytes) -> str:
    """Keep a JPEG that bot/pictures.py has made safe; its id."""
    name = photo_id(jpeg)
    said = base64.b64encode(jpeg).decode()
    sealed_picture = work.seal(said, channel, "broadcast_photos", "picture", name)
    work.conn.execute(
        work.insert(broadcast_photos)
        .values(id=name, channel=channel, picture=sealed_picture, used_at=work.now)
        .on_conflict_do_update(index_elements=["id"], set_={"used_at": work.now})
    )
    return name


def photo(work: Work, name: str) -> bytes | None:
    """The JPEG with this id; None where it was not used for years."""
    row = work.conn.execute(
        select(broadcast_photos.c.channel, broadcast_photos.c.picture).where(broadcast_photos.c.id == name)
    ).first()
    if row is None:
        return None
    said: str = work.unseal(row.picture, row.channel, "broadcast_photos", "picture", name)
    return base64.b64decode(said)


def use_photos(work: Work, names: Iterable[str]) -> None:
    """These are needed again: they are kept for longer."""
    table, wanted = broadcast_photos, list(names)
    if wanted:
        work.conn.execute(update(table).where(table.c.id.in_(wanted)).values(used_at=work.now))


def forget_old_tests(work: Work) -> int:
    """Nightly: pictures of tests. Those of a broadcast go with it."""
    table = broadcast_pictures
    old = table.c.made_at < work.now - OF_A_TEST
    return work.conn.execute(delete(table).where(table.c.broadcast_id.is_(None), old)).rowcount


def forget_old_photos(work: Work) -> int:
    """Nightly: photos that nothing has used for long."""
    table = broadcast_photos
    return work.conn.execute(delete(table).where(table.c.used_at < work.now - UNUSED)).rowcount
