"""Conversations: which flow a person is in, and the answers so far. That is the whole state."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Row,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from storage.schema import Moment, metadata, sealed
from storage.work import Work

State = Literal["open", "done", "left"]

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("flow", String(32), nullable=False),
    Column("state", String(8), nullable=False),
    sealed("answers"),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index(None, "person_id", "state"),
    Index(None, "state", "updated_at"),
)


@dataclass(frozen=True)
class Conversation:
    """One run of one flow. `answers` is what bot/flows makes of it: question -> JSON value."""

    id: str
    channel: str
    person_id: str
    flow: str
    state: State
    answers: Mapping[str, Any]
    updated_at: dt.datetime


_OPEN = select(conversations).where(
    conversations.c.person_id.in_(bindparam("whose", expanding=True)), conversations.c.state == "open"
)
_ONE = select(conversations).where(
    conversations.c.id == bindparam("which"), conversations.c.person_id == bindparam("whose")
)
# Built once: building a statement costs as much as running it (performance facts).
_LEAVE = (
    update(conversations)
    .where(conversations.c.person_id == bindparam("whose"), conversations.c.state == "open")
    .values(state="left", answers=None, updated_at=bindparam("now"))
)
_BEGIN = insert(conversations)
_WRITE = (
    update(conversations)
    .where(conversations.c.id == bindparam("which"))
    .values(state=bindparam("new_state"), answers=bindparam("sealed"), updated_at=bindparam("now"))
)


def _of(work: Work, row: Row[*tuple[Any, ...]]) -> Conversation:
    answers = work.unseal(row.answers, row.channel, "conversations", "answers", row.id) or {}
    return Conversation(row.id, row.channel, row.person_id, row.flow, row.state, answers, row.updated_at)


def open_one(work: Work, person_id: str) -> Conversation | None:
    """The conversation that this person is in; there is at most one."""
    return open_of(work, [person_id]).get(person_id)


def open_of(work: Work, people: Sequence[str]) -> dict[str, Conversation]:
    """The conversations that these people are in, by person."""
    return {row.person_id: _of(work, row) for row in work.conn.execute(_OPEN, {"whose": people})}


def get(work: Work, conversation_id: str, person_id: str) -> Conversation | None:
    """This person's conversation by its id (from a button); nobody else's is ever found."""
    row = work.conn.execute(_ONE, {"which": conversation_id, "whose": person_id}).first()
    return _of(work, row) if row else None


def start(work: Work, channel: str, person_id: str, flow: str) -> Conversation:
    """Begin a flow; what this person was in before is left."""
    work.conn.execute(_LEAVE, {"whose": person_id, "now": work.now})
    fresh = secrets.token_hex(6)
    work.conn.execute(
        _BEGIN,
        {
            "id": fresh,
            "channel": channel,
            "person_id": person_id,
            "flow": flow,
            "state": "open",
            "answers": work.seal({}, channel, "conversations", "answers", fresh),
            "created_at": work.now,
            "updated_at": work.now,
        },
    )
    return Conversation(fresh, channel, person_id, flow, "open", {}, work.now)


def keep(work: Work, conversation: Conversation, answers: Mapping[str, Any]) -> None:
    """Write the answers so far; one that was begun just now and has the same ones is written already."""
    if conversation.updated_at != work.now or conversation.answers != answers:
        _write(work, conversation, conversation.state, answers)


def finish(
    work: Work, conversation: Conversation, state: State = "done", answers: Mapping[str, Any] | None = None
) -> None:
    """End it. The answers are wiped: what matters of them is in the rows that the effects wrote. `answers`
    are kept (sealed, until the night) where the person may still ask for more of the result."""
    _write(work, conversation, state, answers)


def _write(work: Work, conversation: Conversation, state: State, answers: Mapping[str, Any] | None) -> None:
    kept = None
    if answers is not None:
        kept = work.seal(dict(answers), conversation.channel, "conversations", "answers", conversation.id)
    work.conn.execute(_WRITE, {"which": conversation.id, "new_state": state, "sealed": kept, "now": work.now})


def forget_old(
    work: Work, older_than: dt.timedelta, row_older_than: dt.timedelta = dt.timedelta(days=90)
) -> int:
    """Nightly: wipe the answers of conversations that nobody came back to, and results that were kept for a day;
    that there was a conversation goes with `row_older_than`. How many were left or went."""
    gone = work.conn.execute(
        delete(conversations).where(
            conversations.c.state != "open", conversations.c.updated_at < work.now - row_older_than
        )
    ).rowcount
    work.conn.execute(
        update(conversations)
        .where(
            conversations.c.state == "done",
            conversations.c.answers.is_not(None),
            conversations.c.updated_at < work.now - dt.timedelta(days=1),
        )
        .values(answers=None)
    )
    left = work.conn.execute(
        update(conversations)
        .where(conversations.c.state == "open", conversations.c.updated_at < work.now - older_than)
        .values(state="left", answers=None)
    ).rowcount
    return gone + left
