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
from typing import Any, Final, Literal, NamedTuple, get_args

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
    Index(None, "person_id", "state", "id"),
    Index(None, "broadcast_id", "chunk"),
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


_PUT = insert(outbox)


def put(
    work: Work,
    channel: str,
    kind: Kind,
    body: Mapping[str, Any],
    *,
    person_id: str | None = None,
    reply_token: str | None = None,
    reply_until: dt.datetime | None = None,
    must_arrive: bool = False,
    broadcast_id: str | None = None,
    chunk: int | None = None,
    expires: dt.datetime | None = None,
    not_before: dt.datetime | None = None,
    held: bool = False,
) -> None:
    """Write one call to be made. For kind "message", body is {"messages": [...]} without the address."""
    key, begins = str(uuid.uuid4()), not_before or work.now
    token = work.seal(reply_token, channel, "outbox", "reply_token", key) if reply_token else None
    work.conn.execute(
        _PUT,
        {
            "channel": channel,
            "person_id": person_id,
            "kind": kind,
            "broadcast_id": broadcast_id,
            "chunk": chunk,
            "retry_key": key,
            "body": work.seal(body, channel, "outbox", "body", key),
            "reply_token": token,
            "reply_until": reply_until,
            "reply_doubtful": False,
            "must_arrive": must_arrive,
            "held": held,
            "state": "waiting",
            "tries": 0,
            "next_try": begins,
            "expires": expires or begins + MESSAGE_LIFE,
            "created_at": work.now,
        },
    )


_earlier = outbox.alias("earlier")
# Statements that run for every message are built once: building one costs as much as running it.
_NOW: BindParameter[dt.datetime] = bindparam("now", type_=Moment)
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


@lru_cache(maxsize=64)
def _due(lock: bool, skip: frozenset[str], free_only: frozenset[str], no_news: frozenset[str]) -> Select[int]:
    """The ids of the rows of one kind that may be sent now; bound when it runs: `kind`, `now`, `most`."""
    holds_up: list[ColumnElement[bool]] = [
        _earlier.c.person_id == outbox.c.person_id,
        _earlier.c.kind == outbox.c.kind,  # a menu that waits holds up no answer
        _earlier.c.state == "waiting",
        _earlier.c.id < outbox.c.id,
        or_(_earlier.c.next_try <= _NOW, _earlier.c.tries > 0),  # what waits for the morning holds up nobody
    ]
    permitted: list[ColumnElement[bool]] = [outbox.c.channel.not_in(skip)]
    if free_only:
        permitted.append(or_(outbox.c.channel.not_in(free_only), _costs_nothing(outbox)))
        holds_up.append(or_(_earlier.c.channel.not_in(free_only), _costs_nothing(_earlier)))
    if no_news:
        permitted.append(or_(outbox.c.channel.not_in(no_news), outbox.c.kind != "multicast"))
    due = (
        select(outbox.c.id)
        .where(
            outbox.c.state == "waiting",
            outbox.c.kind == bindparam("kind", type_=String),
            outbox.c.held.is_(False),
            outbox.c.next_try <= _NOW,
            or_(outbox.c.leased_until.is_(None), outbox.c.leased_until < _NOW),
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


def claim(
    work: Work,
    limit: int,
    skip_channels: frozenset[str] = frozenset(),
    free_only: frozenset[str] = frozenset(),
    no_news: frozenset[str] = frozenset(),
) -> list[Outgoing]:
    """Lease up to `limit` due rows, only the oldest of each person, before any call is made. What somebody waits for
    comes before the parts of broadcasts, however old these are. Channels in `free_only` have no quota left: what costs
    nothing leaves, also past what must wait. On those in `no_news` only broadcasts wait."""
    due = _due(work.on_postgresql, skip_channels, free_only, no_news)
    ids: list[int] = []
    for kind in KINDS:
        if len(ids) < limit:
            given = {"kind": kind, "now": work.now, "most": limit - len(ids)}
            ids += work.conn.execute(due, given).scalars().all()
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
    outgoing_id: int,
    until: dt.datetime,
    error: str,
    *,
    reply: Literal["keep", "doubtful", "gone"],
    untried: bool = False,
) -> None:
    """Try again at `until`. The reply token is kept, is kept but doubtful (perhaps used), or is gone. `untried`: it
    was refused unread, so that this try does not count."""
    values: dict[str, Any] = {"next_try": until, "leased_until": None, "error": error[:300]}
    if untried:
        again = outbox.c.tries > 1  # somebody tried it before, or meanwhile: that counts
        values["tries"] = case((again, outbox.c.tries), else_=0)
        values["first_tried"] = case((again, outbox.c.first_tried))
    if reply != "keep":
        values |= {"reply_token": None} if reply == "gone" else {"reply_doubtful": True}
    work.conn.execute(update(outbox).where(outbox.c.id == outgoing_id).values(**values))


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
