"""Handing on: another desk is asked to take a concern over. Until it accepts, the sender is in charge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Column, ForeignKey, Index, Row, String, Table, select, text, update

from storage.schema import Moment, metadata, new_id, sealed
from storage.transitions import NotPermitted, check
from storage.work import Work

if TYPE_CHECKING:
    from storage.concerns import Concern

State = Literal["offered", "accepted", "refused", "withdrawn"]
PERMITTED: Mapping[State, frozenset[State]] = {
    "offered": frozenset({"accepted", "refused", "withdrawn"}),
    "accepted": frozenset(),
    "refused": frozenset(),
    "withdrawn": frozenset(),
}
_STILL_OPEN = text("state = 'offered'")

handons = Table(
    "handons",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("concern_id", ForeignKey("concerns.id", ondelete="CASCADE"), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("from_window", String(64), nullable=False),
    Column("to_window", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("by", String(64), nullable=False),
    Column("offered_at", Moment, nullable=False),
    Column("answered_at", Moment),
    Column("answered_by", String(64)),
    Column("reason", String(32)),
    Column("proposed", String(64)),
    sealed("words"),
    Index(None, "concern_id", "offered_at"),
    Index(None, "to_window", "state"),
    Index(
        "uq_handons_open",
        "concern_id",
        unique=True,
        sqlite_where=_STILL_OPEN,
        postgresql_where=_STILL_OPEN,
    ),
)


@dataclass(frozen=True)
class Handon:
    """One offer to another desk; `reason` (a key) and `proposed` (a desk) belong to a refusal."""

    id: str
    concern_id: str
    channel: str
    from_window: str
    to_window: str
    state: State
    by: str
    offered_at: dt.datetime
    answered_at: dt.datetime | None
    answered_by: str | None
    reason: str | None
    proposed: str | None


_COLUMNS = tuple(column for column in handons.c if column.name != "words")


def _of(row: Row[*tuple[Any, ...]]) -> Handon:
    return Handon(*row)


def offer(work: Work, concern: Concern, to_window: str, by: str, words: Mapping[str, Any]) -> Handon:
    """Ask another desk; `words` (sealed) go with it. NotPermitted where an offer is open already, or where
    the desk is in charge anyway."""
    fresh = new_id()
    row = None
    if to_window != concern.window:
        row = work.conn.execute(
            work.insert(handons)
            .values(
                id=fresh,
                concern_id=concern.id,
                channel=concern.channel,
                from_window=concern.window,
                to_window=to_window,
                state="offered",
                by=by,
                offered_at=work.now,
                words=work.seal(dict(words), concern.channel, "handons", "words", fresh),
            )
            .on_conflict_do_nothing(index_elements=["concern_id"], index_where=_STILL_OPEN)
            .returning(*_COLUMNS)
        ).first()
    if row is None:
        raise NotPermitted(f"{concern.number} cannot be offered to {to_window}")
    return _of(row)


def accept(work: Work, handon: Handon, by: str) -> Handon:
    """The other desk takes it; the caller moves the concern in the same unit of work."""
    return _answer(work, handon, "accepted", by)


def refuse(work: Work, handon: Handon, by: str, reason: str, proposed: str | None) -> Handon:
    """The other desk cannot take it: why (a key of content/), and which desk it proposes instead."""
    return _answer(work, handon, "refused", by, reason=reason, proposed=proposed)


def withdraw(work: Work, handon: Handon, by: str) -> Handon:
    """The sender takes the offer back."""
    return _answer(work, handon, "withdrawn", by)


def _answer(work: Work, handon: Handon, then: State, by: str, **values: Any) -> Handon:
    now: State = work.conn.execute(
        select(handons.c.state).where(handons.c.id == handon.id).with_for_update()
    ).scalar_one()
    check(PERMITTED, now, then)
    row = work.conn.execute(
        update(handons)
        .where(handons.c.id == handon.id)
        .values(state=then, answered_at=work.now, answered_by=by, **values)
        .returning(*_COLUMNS)
    ).one()
    return _of(row)


def get(work: Work, handon_id: str) -> Handon | None:
    """The offer with this id."""
    row = work.conn.execute(select(*_COLUMNS).where(handons.c.id == handon_id)).first()
    return None if row is None else _of(row)


def open_of(work: Work, concern: Concern) -> Handon | None:
    """The offer that waits for an answer."""
    row = work.conn.execute(
        select(*_COLUMNS).where(handons.c.concern_id == concern.id, handons.c.state == "offered")
    ).first()
    return None if row is None else _of(row)


def offered_to(work: Work, windows: Collection[str]) -> tuple[Handon, ...]:
    """What waits for the answer of these desks, the oldest first."""
    query = select(*_COLUMNS).where(handons.c.state == "offered", handons.c.to_window.in_(windows))
    return tuple(_of(row) for row in work.conn.execute(query.order_by(handons.c.offered_at, handons.c.id)))


def of(work: Work, concern: Concern) -> tuple[Handon, ...]:
    """All offers of this concern, the oldest first."""
    query = select(*_COLUMNS).where(handons.c.concern_id == concern.id)
    return tuple(_of(row) for row in work.conn.execute(query.order_by(handons.c.offered_at, handons.c.id)))


def words(work: Work, handon: Handon) -> Mapping[str, Any]:
    """What the sender wrote for the other desk; empty where it was purged."""
    envelope = work.conn.execute(select(handons.c.words).where(handons.c.id == handon.id)).scalar()
    opened: dict[str, Any] | None = work.unseal(envelope, handon.channel, "handons", "words", handon.id)
    return opened or {}
