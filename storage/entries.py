"""What was said and done about a concern, in order: notes, questions, answers, hand-ons. All words sealed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Column, ForeignKey, Index, String, Table, insert, select

from storage.schema import Moment, metadata, new_id, sealed
from storage.work import Work

if TYPE_CHECKING:
    from storage.concerns import Concern

Kind = Literal[
    "note",
    "question",
    "answer",
    "call",
    "moved",
    "handon",
    "refused",
    "identity",
    "recused",
    "merged",
    "closed",
    "reopened",
    "level",
    "doubt",
    "follow_up",
]

concern_entries = Table(
    "concern_entries",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("concern_id", ForeignKey("concerns.id", ondelete="CASCADE"), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("author", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    sealed("words"),
    Index(None, "concern_id", "at"),
)


@dataclass(frozen=True)
class Entry:
    """One line of a concern's history; `author` is "staff:<id>", "person" or "system"."""

    id: str
    concern_id: str
    kind: Kind
    author: str
    at: dt.datetime
    words: Mapping[str, Any]


def add(work: Work, concern: Concern, kind: Kind, author: str, words: Mapping[str, Any]) -> Entry:
    """Write a line; its words are sealed."""
    fresh = new_id()
    work.conn.execute(
        insert(concern_entries).values(
            id=fresh,
            concern_id=concern.id,
            channel=concern.channel,
            kind=kind,
            author=author,
            at=work.now,
            words=work.seal(dict(words), concern.channel, "concern_entries", "words", fresh),
        )
    )
    return Entry(fresh, concern.id, kind, author, work.now, dict(words))


def of(work: Work, concern: Concern) -> tuple[Entry, ...]:
    """The whole history with its words opened, the oldest first; that reading is to be audited."""
    query = select(concern_entries).where(concern_entries.c.concern_id == concern.id)
    rows = work.conn.execute(query.order_by(concern_entries.c.at, concern_entries.c.id))
    return tuple(
        Entry(
            row.id,
            row.concern_id,
            row.kind,
            row.author,
            row.at,
            work.unseal(row.words, row.channel, "concern_entries", "words", row.id) or {},
        )
        for row in rows
    )


def latest(work: Work, concern: Concern, kind: Kind) -> Entry | None:
    """The newest line of this kind."""
    return next((entry for entry in reversed(of(work, concern)) if entry.kind == kind), None)
