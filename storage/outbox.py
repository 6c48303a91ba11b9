"""The outbox: every call to LINE is a row in the transaction that caused it, and is sent from there.

What keeps "0 lost, 0 twice" true: the retry key is in the row before the first try; the body is frozen in the
row; a person's rows leave one after another; a row is leased while it is tried; what was first tried more
than 23 hours ago is never repeated by itself (LINE forgets a retry key after 24).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, TypedDict, Unpack, get_args

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    FromClause,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)

from storage.crypto import SealBroken
from storage.people import people
from storage.schema import Moment, metadata, sealed
from storage.work import Work

Kind = Literal["message", "link_menu", "multicast"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)  # in the order in which they leave
State = Literal["waiting", "accepted", "blocked", "refused", "unknown", "stale", "dropped"]

LEASE = dt.timedelta(seconds=60)  # longer than the slowest call, so that two senders never try one row
# A reply is one call, and only while its token lives can LINE be asked whether a dead sender had used it.
REPLY_LEASE = dt.timedelta(seconds=18)
RETRY_KEY_LIFE = dt.timedelta(hours=23)
MESSAGE_LIFE = dt.timedelta(hours=23)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("channel", String(32), nullable=False),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE")),
    Column("kind", String(16), nullable=False),
    Column("broadcast_id", String(32)),
    Column("chunk", Integer),
    Column("retry_key", String(36), nullable=False, unique=True),
    sealed("body", row="retry_key"),
    sealed("reply_token", row="retry_key"),
    Column("reply_until", Moment),
    Column("reply_doubtful", Boolean, nullable=False, default=False),
    Column("must_arrive", Boolean, nullable=False, default=False),
    Column("held", Boolean, nullable=False, default=False),  # its broadcast is paused
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("next_try", Moment, nullable=False),
    Column("leased_until", Moment),
    Column("first_tried", Moment),
    Column("expires", Moment, nullable=False),
    Column("settled", Moment),
    Column("via", String(16)),
    Column("request_id", String(64)),
    Column("error", String(300)),
    Column("created_at", Moment, nullable=False),
    Index(None, "state", "kind", "next_try", "id"),
    Index(None, "person_id", "settled", "id"),
    Index(None, "broadcast_id", "chunk"),
    Index(
        "ix_outbox_waiting",
        *("state", "kind", "channel", "next_try", "id"),
        postgresql_where=text("settled IS NULL AND held IS FALSE"),
        sqlite_where=text("settled IS NULL AND held IS 0"),
    ),
)


@dataclass(frozen=True)
class Outgoing:
    """A row that this sender holds under lease. `to` is the LINE user id, for rows that have a person."""

    id: int
    channel: str
    person_id: str | None
    to: str | None
    friend: bool
    kind: Kind
    body: Mapping[str, Any]
    retry_key: str
    reply_token: str | None
    reply_until: dt.datetime | None
    reply_doubtful: bool
    must_arrive: bool
    tries: int
    leased_until: dt.datetime
    first_tried: dt.datetime
    expires: dt.datetime
    broadcast_id: str | None
    chunk: int | None = None


class End(NamedTuple):
    """How a row ended."""

    id: int
    state: State
    via: str | None = None
    request_id: str | None = None
    error: str | None = None


class How(TypedDict, total=False):
    """What else may be said of a call."""

    person_id: str | None
    reply_token: str | None
    reply_until: dt.datetime | None
    must_arrive: bool
    broadcast_id: str | None
    chunk: int | None
    expires: dt.datetime | None
    not_before: dt.datetime | None
    held: bool


_PUT = insert(outbox)


def put(work: Work, channel: str, kind: Kind, body: Mapping[str, Any], **how: Unpack[How]) -> None:
    """Write one call to be made. For kind "message", body is {"messages": [...]} without the address."""
    put_all(work, [row_of(work, channel, kind, body, **how)])


def put_all(work: Work, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write several calls, as `row_of` makes them, at once."""
    if rows:
        work.conn.execute(_PUT, rows)


def row_of(
    work: Work, channel: str, kind: Kind, body: Mapping[str, Any], **how: Unpack[How]
) -> dict[str, Any]:
    """One call to be made, sealed, with a retry key of its own."""
    key, begins, token = str(uuid.uuid4()), how.get("not_before") or work.now, how.get("reply_token")
    return {
        "channel": channel,
        "person_id": how.get("person_id"),
        "kind": kind,
        "broadcast_id": how.get("broadcast_id"),
        "chunk": how.get("chunk"),
        "retry_key": key,
        "body": work.seal(body, channel, "outbox", "body", key),
        "reply_token": work.seal(token, channel, "outbox", "reply_token", key) if token else None,
        "reply_until": how.get("reply_until"),
        "reply_doubtful": False,
        "must_arrive": how.get("must_arrive", False),
        "held": how.get("held", False),
        "state": "waiting",
        "tries": 0,
        "next_try": begins,
        "expires": how.get("expires") or begins + MESSAGE_LIFE,
        "created_at": work.now,
    }


_earlier = outbox.alias("earlier")
# Statements that run for every message are built once: building one costs as much as running it.
_NOW: BindParameter[dt.datetime] = bindparam("now", type_=Moment)
_KIND: BindParameter[str] = bindparam("kind", type_=String)
_IDS = outbox.c.id.in_(bindparam("ids", expanding=True))
_CAN_REPLY = and_(outbox.c.reply_token.is_not(None), outbox.c.reply_until > _NOW)
_LEASE_THEM = (
    update(outbox)
    .where(_IDS)
    .values(
        leased_until=case(
            (_CAN_REPLY, bindparam("reply_lease", type_=Moment)), else_=bindparam("lease", type_=Moment)
        ),
        tries=outbox.c.tries + 1,
        first_tried=func.coalesce(outbox.c.first_tried, _NOW),
    )
)
_LEASED = (
    select(outbox, people.c.line_id, people.c.friend)
    .select_from(outbox.outerjoin(people, people.c.id == outbox.c.person_id))
    .where(_IDS)
    .order_by(outbox.c.id)
)
_SETTLE = (
    update(outbox)
    .where(outbox.c.id == bindparam("which"))
    .values(
        state=bindparam("end"),
        settled=_NOW,
        via=bindparam("through"),
        request_id=bindparam("request"),
        error=bindparam("why"),
        body=None,
        reply_token=None,
        leased_until=None,
    )
)


def _costs_nothing(row: FromClause) -> ColumnElement[bool]:
    """A reply whose token lives, or a menu: LINE counts neither against the month's quota."""
    return or_(row.c.kind == "link_menu", and_(row.c.reply_token.is_not(None), row.c.reply_until > _NOW))


@lru_cache
def _due(lock: bool, one_channel: bool, free_only: bool) -> Select[int]:
    """The ids of the rows of one kind that may be sent now; bound when it runs: `kind`, `now`, `most`, and `channel`
    where only one's are asked for."""
    holds_up: list[ColumnElement[bool]] = [
        _earlier.c.person_id == outbox.c.person_id,
        _earlier.c.kind == outbox.c.kind,  # a menu that waits holds up no answer
        # It waits; said like this, since by a state that was rare a minute ago PostgreSQL would look through all of it.
        _earlier.c.settled.is_(None),
        _earlier.c.id < outbox.c.id,
        or_(_earlier.c.next_try <= _NOW, _earlier.c.tries > 0),  # what waits for the morning holds up nobody
    ]
    permitted: list[ColumnElement[bool]] = []
    if one_channel:
        permitted += [outbox.c.channel == bindparam("channel", type_=String), outbox.c.settled.is_(None)]
    if free_only:
        permitted.append(_costs_nothing(outbox))
        holds_up.append(_costs_nothing(_earlier))
    due = (
        select(outbox.c.id)
        .where(
            *ripe(outbox),
            *permitted,
            or_(
                outbox.c.person_id.is_(None),
                ~select(literal_column("1")).select_from(_earlier).where(*holds_up).exists(),
            ),
        )
        .order_by(outbox.c.next_try, outbox.c.id)
        .limit(bindparam("most", type_=Integer))
    )
    return due.with_for_update(skip_locked=True, of=outbox) if lock else due


def ripe(row: FromClause) -> tuple[ColumnElement[bool], ...]:
    """Of the kind that is asked for, its time has come, and nobody holds it."""
    return (
        row.c.state == "waiting",
        row.c.kind == _KIND,
        row.c.held.is_(False),
        row.c.next_try <= _NOW,
        or_(row.c.leased_until.is_(None), row.c.leased_until < _NOW),
    )


def claim(work: Work, limit: int) -> list[Outgoing]:
    """Lease up to `limit` due rows of whomever, only the oldest of each person, before any call is made. What somebody
    waits for comes before the parts of broadcasts, however old these are."""
    ids: list[int] = []
    for kind in KINDS:
        if len(ids) < limit:
            ids += pick(work, kind, limit - len(ids))
    return lease(work, ids)


def pick(
    work: Work, kind: Kind, limit: int, channel: str | None = None, *, free_only: bool = False
) -> list[int]:
    """The ids of up to `limit` due rows, to be leased in the same unit of work. `free_only`: no quota is left, and only
    what costs nothing may leave, also past what must wait."""
    due = _due(work.on_postgresql, channel is not None, free_only)
    given = {"kind": kind, "now": work.now, "most": limit, "channel": channel}
    return list(work.conn.execute(due, given).scalars())


def lease(work: Work, ids: Sequence[int]) -> list[Outgoing]:
    """Hold these rows until the calls for them have ended."""
    if not ids:
        return []
    leases = {"reply_lease": work.now + REPLY_LEASE, "lease": work.now + LEASE}
    work.conn.execute(_LEASE_THEM, {"ids": ids, "now": work.now, **leases})
    return [opened for row in work.conn.execute(_LEASED, {"ids": ids}) if (opened := _opened(work, row))]


def _opened(work: Work, row: Row[*tuple[Any, ...]]) -> Outgoing | None:
    """The row with its body; one that no key of ours opens is set aside, so that it holds up nobody else."""
    try:
        return _outgoing(work, row)
    except SealBroken as error:
        settle(work, row.id, "refused", error=f"cannot be opened: {error}")
        return None


def _outgoing(work: Work, row: Row[*tuple[Any, ...]]) -> Outgoing:
    to = None
    if row.person_id is not None:
        to = work.unseal(row.line_id, row.channel, "people", "line_id", row.person_id)
    return Outgoing(
        id=row.id,
        channel=row.channel,
        person_id=row.person_id,
        to=to,
        friend=row.friend if row.person_id is not None else True,
        kind=row.kind,
        body=work.unseal(row.body, row.channel, "outbox", "body", row.retry_key),
        retry_key=row.retry_key,
        reply_token=work.unseal(row.reply_token, row.channel, "outbox", "reply_token", row.retry_key),
        reply_until=row.reply_until,
        reply_doubtful=row.reply_doubtful,
        must_arrive=row.must_arrive,
        tries=row.tries,
        leased_until=row.leased_until,
        first_tried=row.first_tried,
        expires=row.expires,
        broadcast_id=row.broadcast_id,
        chunk=row.chunk,
    )


def settle(work: Work, outgoing_id: int, state: State, **how: str | None) -> None:
    """One row has reached its end."""
    settle_all(work, [End(outgoing_id, state, **how)])


def settle_all(work: Work, ends: Sequence[End]) -> None:
    """These rows (at least one) have reached their ends, locked in the order in which they are given; bodies and tokens
    are wiped, since nothing needs them any more. To PostgreSQL all go together: one by one took half its time."""
    work.conn.execute(
        _SETTLE,
        [
            {"which": end.id, "end": end.state, "now": work.now, "through": end.via}
            | {"request": end.request_id, "why": end.error and end.error[:300]}
            for end in ends
        ],
    )


def postpone(
    work: Work,
    row: Outgoing,
    until: dt.datetime,
    error: str,
    *,
    reply: Literal["keep", "doubtful", "gone"],
    untried: bool = False,
) -> None:
    """Try again at `until`. The reply token is kept, is kept but doubtful (perhaps used), or is gone. `untried`: it
    was refused unread, so that this try does not count. Whoever slept past the end of their lease changes nothing:
    the row may be another's by now, and to free it would let a third send the same."""
    values: dict[str, Any] = {"next_try": until, "leased_until": None, "error": error[:300]}
    if untried:
        again = outbox.c.tries > 1  # somebody tried it before, or meanwhile: that counts
        values["tries"] = case((again, outbox.c.tries), else_=0)
        values["first_tried"] = case((again, outbox.c.first_tried))
    if reply != "keep":
        values |= {"reply_token": None} if reply == "gone" else {"reply_doubtful": True}
    ours = (outbox.c.id == row.id, outbox.c.leased_until == row.leased_until)
    work.conn.execute(update(outbox).where(*ours).values(**values))


def counts(work: Work) -> dict[tuple[str, str], int]:
    """Rows by channel and state, for metrics and checks."""
    by = (outbox.c.channel, outbox.c.state)
    rows = work.conn.execute(select(*by, func.count()).group_by(*by))
    return {(channel, state): count for channel, state, count in rows}


def forget_old(work: Work, older_than: dt.timedelta, reasons_older_than: dt.timedelta | None = None) -> int:
    """Nightly: settled rows have served once their figures are no longer asked for; why a part of a broadcast was not
    accepted is asked for as long as the broadcast stands."""
    ended = work.now - (reasons_older_than or older_than)
    served = or_(outbox.c.broadcast_id.is_(None), outbox.c.state == "accepted", outbox.c.settled < ended)
    return work.conn.execute(
        delete(outbox).where(outbox.c.state != "waiting", outbox.c.settled < work.now - older_than, served)
    ).rowcount
