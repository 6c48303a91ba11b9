"""Broadcasts: one message to everybody whom a segment fits, frozen at its start, in chunks of at most 500."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from storage import broadcast_calls, outbox, recipients
from storage.same_words import index_of
from storage.schema import Moment, metadata, new_id, sealed
from storage.segments import Segment, segment_of, segment_text
from storage.transitions import NotPermitted, check
from storage.work import Work

Status = Literal["awaiting", "scheduled", "sending", "paused", "sent", "cancelled", "missed"]
PERMITTED: Mapping[Status, frozenset[Status]] = {
    "awaiting": frozenset({"scheduled", "cancelled", "missed"}),  # a second person has to approve
    "scheduled": frozenset(
        {"sending", "cancelled", "missed", "awaiting"}
    ),  # awaiting: found too large at its time
    "sending": frozenset({"paused", "sent", "cancelled"}),
    "paused": frozenset({"sending", "sent", "cancelled"}),  # sent: the last chunk was under way at the pause
    "sent": frozenset(),
    "cancelled": frozenset(),
    "missed": frozenset(),
}
Outcome = Literal["accepted", "blocked", "failed", "unknown"]

AT_ONCE = dt.timedelta(minutes=2)  # what may be no minute late may yet be found by the look of each minute

broadcasts = Table(
    "broadcasts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    sealed("messages", nullable=False),
    sealed("translations"),
    Column("segment", Text, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("status", String(16), nullable=False),
    Column("recipients", Integer, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("late_limit_minutes", Integer, nullable=False),
    Column("prepared_at", Moment),
    Column("finished_at", Moment),
    Column("series_id", ForeignKey("broadcast_series.id", ondelete="SET NULL")),
    sealed("urgent_reason"),
    Column("approved_by", String(64)),
    Column("next_chunk", Integer),  # the first whose call does not stand in the outbox yet; none: all do
    Column("same_index", String(64)),  # of what is said to whom: by it the same is found a second time
    Index(None, "status", "due_at"),
    Index(None, "same_index"),
    UniqueConstraint("series_id", "due_at"),
)

broadcast_recipients = Table(
    "broadcast_recipients",
    metadata,
    # No foreign keys: to check two for each of a million people took PostgreSQL three times as long as all the rest.
    Column("person_id", String(32), primary_key=True),  # storage/erasing.py takes it
    Column("broadcast_id", String(32), primary_key=True),  # `forget_old` takes it
    Column("channel", String(32), nullable=False),
    Column("chunk", Integer),  # none: blocked already at the start
    Column("outcome", String(16)),
    Index(None, "broadcast_id", "chunk"),
    postgresql_with={"fillfactor": 50},  # each row is changed once: with room beside it that costs a third
)
_SETTLE_CHUNK = (  # built once: building it costs as much as running it
    update(broadcast_recipients)
    .where(
        broadcast_recipients.c.broadcast_id == bindparam("which"),
        broadcast_recipients.c.chunk == bindparam("part"),
        broadcast_recipients.c.outcome.is_(None),
    )
    .values(outcome=bindparam("end"))
)


@dataclass(frozen=True)
class Broadcast:
    """`messages` are in our own words, not LINE's (bot/broadcasting/forms.py), `translations` the same in other languages;
    `recipients` is 0 until they are frozen. `urgent_reason`: why it may go out at night."""

    id: str
    channel: str
    messages: tuple[Mapping[str, Any], ...]
    segment: Segment
    due_at: dt.datetime
    status: Status
    recipients: int
    created_by: str
    created_at: dt.datetime
    late_limit: dt.timedelta
    prepared_at: dt.datetime | None
    finished_at: dt.datetime | None
    series_id: str | None
    urgent_reason: str | None
    approved_by: str | None
    translations: Mapping[str, tuple[Mapping[str, Any], ...]]


@dataclass(frozen=True)
class Tally:
    """How far it got; the five figures behind `recipients` add up to it."""

    recipients: int
    accepted: int
    blocked: int
    failed: int
    unknown: int
    remaining: int


def _of(work: Work, row: Row[*tuple[Any, ...]]) -> Broadcast:
    return Broadcast(
        id=row.id,
        channel=row.channel,
        messages=tuple(work.unseal(row.messages, row.channel, "broadcasts", "messages", row.id)),
        segment=segment_of(row.segment),
        due_at=row.due_at,
        status=row.status,
        recipients=row.recipients,
        created_by=row.created_by,
        created_at=row.created_at,
        late_limit=dt.timedelta(minutes=row.late_limit_minutes),
        prepared_at=row.prepared_at,
        finished_at=row.finished_at,
        series_id=row.series_id,
        urgent_reason=work.unseal(row.urgent_reason, row.channel, "broadcasts", "urgent_reason", row.id),
        approved_by=row.approved_by,
        translations=_translations(work, row),
    )


def _translations(work: Work, row: Row[*tuple[Any, ...]]) -> dict[str, tuple[Mapping[str, Any], ...]]:
    found = work.unseal(row.translations, row.channel, "broadcasts", "translations", row.id) or {}
    return {language: tuple(messages) for language, messages in found.items()}


def schedule(
    work: Work,
    channel: str,
    messages: Sequence[Mapping[str, Any]],
    segment: Segment,
    due_at: dt.datetime,
    *,
    created_by: str,
    late_limit: dt.timedelta = dt.timedelta(hours=1),
    series_id: str | None = None,
    urgent_reason: str | None = None,
    awaits: bool = False,
    approved_by: str | None = None,
    translations: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Broadcast:
    """Plan a broadcast. Later than `late_limit` after its time it is missed rather than sent. `awaits`: not before
    somebody else approves it."""
    if not messages:
        raise ValueError("a broadcast needs a message")
    fresh = new_id()
    row = work.conn.execute(
        insert(broadcasts)
        .values(
            id=fresh,
            channel=channel,
            messages=work.seal([dict(m) for m in messages], channel, "broadcasts", "messages", fresh),
            segment=segment_text(segment),
            due_at=due_at,
            status="awaiting" if awaits else "scheduled",
            recipients=0,
            created_by=created_by,
            created_at=work.now,
            late_limit_minutes=int(late_limit.total_seconds() // 60),
            series_id=series_id,
            urgent_reason=urgent_reason
            and work.seal(urgent_reason, channel, "broadcasts", "urgent_reason", fresh),
            approved_by=approved_by,
            translations=work.seal(translations, channel, "broadcasts", "translations", fresh)
            if translations
            else None,
            same_index=index_of(work, channel, messages, segment, translations),
        )
        .returning(*broadcasts.c)
    ).one()
    return _of(work, row)


def get(work: Work, broadcast_id: str, lock: bool = False) -> Broadcast | None:
    """The broadcast with this id; with `lock` nobody else changes it until this unit of work ends."""
    query = select(broadcasts).where(broadcasts.c.id == broadcast_id)
    row = work.conn.execute(query.with_for_update() if lock else query).first()
    return None if row is None else _of(work, row)


def status_of(work: Work, broadcast_id: str) -> Status | None:
    """The state it is in now."""
    return work.conn.execute(select(broadcasts.c.status).where(broadcasts.c.id == broadcast_id)).scalar()


def listed(
    work: Work, channel: str | None = None, limit: int = 100, series_id: str | None = None
) -> tuple[Broadcast, ...]:
    """Broadcasts of one channel, one series or of all, the latest first."""
    query = select(broadcasts).order_by(broadcasts.c.due_at.desc(), broadcasts.c.id.desc()).limit(limit)
    if channel is not None:
        query = query.where(broadcasts.c.channel == channel)
    if series_id is not None:
        query = query.where(broadcasts.c.series_id == series_id)
    return tuple(_of(work, row) for row in work.conn.execute(query))


def scheduled(work: Work) -> list[Broadcast]:
    """All broadcasts that wait for their time or for approval, the next one first."""
    query = select(broadcasts).where(broadcasts.c.status.in_(("scheduled", "awaiting")))
    return [_of(work, row) for row in work.conn.execute(query.order_by(broadcasts.c.due_at, broadcasts.c.id))]


def _locked(work: Work, broadcast_id: str) -> Row[*tuple[Any, ...]]:
    return work.conn.execute(
        select(broadcasts).where(broadcasts.c.id == broadcast_id).with_for_update()
    ).one()


def _turn(work: Work, broadcast_id: str, now: Status, then: Status, **values: Any) -> None:
    check(PERMITTED, now, then)
    work.conn.execute(update(broadcasts).where(broadcasts.c.id == broadcast_id).values(status=then, **values))


def start(work: Work, broadcast_id: str, *, would_wake: bool = False, approval_above: int = 0) -> bool:
    """Take a scheduled broadcast's turn, once; call `freezing.freeze` in the same unit of work.

    False: somebody else started or cancelled it; or it is too late (`would_wake`: so late that it is night) and counts
    as missed from now on; or nobody has approved it and it reaches more than `approval_above` people by now (0: no
    such limit), and waits for that.
    """
    row = _locked(work, broadcast_id)
    if row.status not in ("scheduled", "awaiting"):
        return False
    limit = max(dt.timedelta(minutes=row.late_limit_minutes), AT_ONCE)
    if would_wake or work.now > row.due_at + limit:
        _turn(work, broadcast_id, row.status, "missed", finished_at=work.now)
        return False
    if row.status == "awaiting":
        return False
    if approval_above and row.approved_by is None:
        count = recipients.count_recipients(work, row.channel, segment_of(row.segment))
        if count > approval_above:
            _turn(work, broadcast_id, row.status, "awaiting")
            return False
    _turn(work, broadcast_id, row.status, "sending")
    return True


def keep_from_freezing(work: Work, channel: str) -> None:
    """Until this unit of work ends nobody of this channel is put into a chunk: whoever freezes a broadcast, or goes on
    with one, waits for us, or we for them. Without it an address that is taken out of all chunks at this moment could
    stand in one that we do not see yet."""
    begun = broadcasts.c.status.in_(("sending", "paused")) & broadcasts.c.next_chunk.is_not(None)
    query = select(broadcasts.c.id).where(
        broadcasts.c.channel == channel, (broadcasts.c.status == "scheduled") | begun
    )
    work.conn.execute(query.order_by(broadcasts.c.id).with_for_update()).all()


def settle_chunk(work: Work, broadcast_id: str, chunk: int, outcome: Outcome) -> None:
    """What became of one multicast, for all its people; call it where the outbox row is settled."""
    work.conn.execute(_SETTLE_CHUNK, {"which": broadcast_id, "part": chunk, "end": outcome})


def finish_if_done(work: Work, broadcast_id: str) -> bool:
    """Call it a day when nobody remains; True where that happened now.

    The row is locked before the question, so that of two last chunks that settle together one sees both.
    """
    row = _locked(work, broadcast_id)
    if row.status not in ("sending", "paused") or row.prepared_at is None:
        return False
    if row.next_chunk is not None or _waits(work, broadcast_id):
        return False  # known at once; to look for one of a million people without an outcome takes long
    remaining = work.conn.execute(
        select(literal(1))
        .select_from(broadcast_recipients)
        .where(broadcast_recipients.c.broadcast_id == broadcast_id, broadcast_recipients.c.outcome.is_(None))
        .limit(1)
    ).first()
    if remaining is not None:
        return False
    _turn(work, broadcast_id, row.status, "sent", finished_at=work.now)
    return True


def _waits(work: Work, broadcast_id: str) -> bool:
    """Whether a chunk of it waits; the last ones leave last."""
    rows = outbox.outbox.c
    query = select(rows.id).where(rows.broadcast_id == broadcast_id, rows.state == "waiting")
    return work.conn.execute(query.order_by(rows.chunk.desc()).limit(1)).first() is not None


def pause(work: Work, broadcast_id: str) -> None:
    """Send no further chunk until it is resumed; what is under way right now still arrives."""
    row = _locked(work, broadcast_id)
    _turn(work, broadcast_id, row.status, "paused")
    broadcast_calls.hold(work, broadcast_id)


def resume(work: Work, broadcast_id: str) -> None:
    """Go on with what waited."""
    row = _locked(work, broadcast_id)
    if row.status != "paused":  # scheduled -> sending is permitted too, but that step is `start`'s
        raise NotPermitted(f"{row.status} is not paused")
    _turn(work, broadcast_id, row.status, "sending")
    broadcast_calls.release(work, broadcast_id)


def cancel(work: Work, broadcast_id: str) -> None:
    """Send nothing more of it. Who was not reached stays `remaining`; a chunk whose try had no clear end is
    `unknown`."""
    row = _locked(work, broadcast_id)
    _turn(work, broadcast_id, row.status, "cancelled", finished_at=work.now)
    for chunk in broadcast_calls.give_up(work, broadcast_id):
        settle_chunk(work, broadcast_id, chunk, "unknown")


def goes_back(work: Work, broadcast_id: str) -> None:
    """A chunk of it that was tried waits again. Whoever stopped the broadcast meanwhile passed by what a sender held
    (broadcast_calls.py): it is stopped now."""
    of_it = select(broadcasts.c.status).where(broadcasts.c.id == broadcast_id).with_for_update()
    match work.conn.execute(of_it).scalar():
        case "paused":
            broadcast_calls.hold(work, broadcast_id)
        case "cancelled":
            for chunk in broadcast_calls.give_up(work, broadcast_id):
                settle_chunk(work, broadcast_id, chunk, "unknown")


def withdraw(work: Work, broadcast_id: str) -> None:
    """Take back one that only waits, as if it had never been planned: its series pauses, or comes earlier."""
    row = _locked(work, broadcast_id)
    if row.status != "scheduled":
        raise NotPermitted(f"{row.status} has begun")
    work.conn.execute(delete(broadcasts).where(broadcasts.c.id == broadcast_id))


def running(work: Work) -> list[str]:
    """The broadcasts that are being sent or are paused (after a restore: to be cancelled or resumed)."""
    query = select(broadcasts.c.id).where(broadcasts.c.status.in_(("sending", "paused")))
    return list(work.conn.execute(query.order_by(broadcasts.c.id)).scalars())


def tally(work: Work, broadcast_id: str) -> Tally:
    """How far it got."""
    rows = work.conn.execute(
        select(broadcast_recipients.c.outcome, func.count())
        .where(broadcast_recipients.c.broadcast_id == broadcast_id)
        .group_by(broadcast_recipients.c.outcome)
    )
    by: dict[str | None, int] = {row.outcome: row[1] for row in rows}
    return Tally(
        recipients=sum(by.values()),
        accepted=by.get("accepted", 0),
        blocked=by.get("blocked", 0),
        failed=by.get("failed", 0),
        unknown=by.get("unknown", 0),
        remaining=by.get(None, 0),
    )


def forget_old(work: Work, older_than: dt.timedelta) -> int:
    """Nightly: broadcasts that ended so long ago, with who got them."""
    old = broadcasts.c.finished_at < work.now - older_than
    theirs = broadcast_recipients.c.broadcast_id.in_(select(broadcasts.c.id).where(old))
    work.conn.execute(delete(broadcast_recipients).where(theirs))
    return work.conn.execute(delete(broadcasts).where(old)).rowcount
