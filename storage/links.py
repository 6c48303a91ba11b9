"""One-time links: looking at one spends nothing (messengers open links for a preview), its form does."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Row,
    String,
    Table,
    and_,
    delete,
    insert,
    select,
    update,
)

from storage.crypto import token_hash
from storage.schema import Moment, metadata
from storage.work import Work

links = Table(
    "links",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("about", String(32)),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE")),
    Column("token_hash", String(64), nullable=False),
    Column("valid_until", Moment, nullable=False),
    Column("used_at", Moment),
    Column("created_at", Moment, nullable=False),
    Index(None, "valid_until"),
    Index(None, "person_id"),
)


@dataclass(frozen=True)
class Link:
    """What a link is for; `about` is the id of a concern, `person_id` who got it."""

    id: str
    channel: str
    purpose: str
    about: str | None
    person_id: str | None
    valid_until: dt.datetime


_COLUMNS = tuple(links.c[name] for name in ("id", "channel", "purpose", "about", "person_id", "valid_until"))


def _of(row: Row[*tuple[Any, ...]] | None) -> Link | None:
    return None if row is None else Link(*row)


def make(
    work: Work,
    channel: str,
    *,
    purpose: str,
    about: str | None,
    person_id: str | None,
    valid_for: dt.timedelta,
) -> tuple[str, str]:
    """A fresh link: its id and its token. Only the token's hash is stored; the token belongs behind the #."""
    link_id = secrets.token_hex(8)
    token = secrets.token_urlsafe(32)
    work.conn.execute(
        insert(links).values(
            id=link_id,
            channel=channel,
            purpose=purpose,
            about=about,
            person_id=person_id,
            token_hash=token_hash(token),
            valid_until=work.now + valid_for,
            created_at=work.now,
        )
    )
    return link_id, token


def _usable(work: Work, link_id: str, token: str) -> ColumnElement[bool]:
    return and_(
        links.c.id == link_id,
        links.c.token_hash == token_hash(token),
        links.c.used_at.is_(None),
        links.c.valid_until > work.now,
    )


def peek(work: Work, link_id: str, token: str) -> Link | None:
    """What this link would open, without spending it; None where it is wrong, spent or too old."""
    return _of(work.conn.execute(select(*_COLUMNS).where(_usable(work, link_id, token))).first())


def spend(work: Work, link_id: str, token: str) -> Link | None:
    """Use the link up; of any number of callers at one moment exactly one gets it."""
    return _of(
        work.conn.execute(
            update(links).where(_usable(work, link_id, token)).values(used_at=work.now).returning(*_COLUMNS)
        ).first()
    )


def opened(work: Work, link_id: str) -> Link | None:
    """A link that was used and whose time is not over: for pages that whoever spent it may look at once more."""
    mine = and_(links.c.id == link_id, links.c.used_at.is_not(None), links.c.valid_until > work.now)
    return _of(work.conn.execute(select(*_COLUMNS).where(mine)).first())


def forget_old(work: Work, older_than: dt.timedelta = dt.timedelta(days=30)) -> int:
    """Nightly: links that ended so long ago."""
    return work.conn.execute(delete(links).where(links.c.valid_until < work.now - older_than)).rowcount
