"""Counted links of a broadcast: how often each was opened. By whom and when is not known here, nor anywhere else."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, func, insert, select, update

from storage.schema import metadata, sealed
from storage.work import Work

TOKEN_BYTES = 16
LONGEST_TOKEN = 22  # characters that 16 bytes become

broadcast_links = Table(
    "broadcast_links",
    metadata,
    Column("token", String(LONGEST_TOKEN), primary_key=True),
    Column("broadcast_id", ForeignKey("broadcasts.id", ondelete="CASCADE"), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("number", Integer, nullable=False),
    sealed("url", row="token", nullable=False),
    Column("clicks", Integer, nullable=False, server_default="0"),
    Index(None, "broadcast_id", "number"),
)


@dataclass(frozen=True)
class Link:
    """One address of a broadcast; `number` is its place among them, from 1 on. `clicks` are taps, not people."""

    token: str
    number: int
    url: str
    clicks: int


def make(work: Work, broadcast_id: str, channel: str, url: str) -> str:
    """The token under which this address of this broadcast is counted from now on."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    there = select(func.count()).select_from(broadcast_links)
    count = work.conn.execute(there.where(broadcast_links.c.broadcast_id == broadcast_id)).scalar_one()
    work.conn.execute(
        insert(broadcast_links).values(
            token=token,
            broadcast_id=broadcast_id,
            channel=channel,
            number=count + 1,
            url=work.seal(url, channel, "broadcast_links", "url", token),
        )
    )
    return token


def where_to(work: Work, token: str) -> str | None:
    """The address behind this token; None where it is none of ours (any more)."""
    row = work.conn.execute(
        select(broadcast_links.c.channel, broadcast_links.c.url).where(broadcast_links.c.token == token)
    ).first()
    if row is None:
        return None
    url: str = work.unseal(row.url, row.channel, "broadcast_links", "url", token)
    return url


def count(work: Work, token: str) -> None:
    """Somebody opened it."""
    one_more = {"clicks": broadcast_links.c.clicks + 1}
    work.conn.execute(update(broadcast_links).where(broadcast_links.c.token == token).values(one_more))


def of(work: Work, broadcast_id: str) -> tuple[Link, ...]:
    """The counted links of a broadcast, in their order; none before it begins."""
    query = select(broadcast_links).where(broadcast_links.c.broadcast_id == broadcast_id)
    rows = work.conn.execute(query.order_by(broadcast_links.c.number))
    return tuple(
        Link(
            row.token,
            row.number,
            work.unseal(row.url, row.channel, "broadcast_links", "url", row.token),
            row.clicks,
        )
        for row in rows
    )


def clicks(work: Work, broadcast_ids: Iterable[str]) -> dict[str, int]:
    """All taps on links by broadcast, for a list."""
    query = (
        select(broadcast_links.c.broadcast_id, func.sum(broadcast_links.c.clicks))
        .where(broadcast_links.c.broadcast_id.in_(list(broadcast_ids)))
        .group_by(broadcast_links.c.broadcast_id)
    )
    return {row[0]: int(row[1]) for row in work.conn.execute(query)}
