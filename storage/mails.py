"""Mails to desks: each is a row in the transaction that caused it, and is sent from there (jobs/mail.py).

A row names the kind of notice, the number of the concern and the path of a page: there is no body, so nothing
can stand in it. SMTP has no retry key: a mail whose sender died after the server took it is sent again, with the
same Message-ID (the row's id), by which mail programs fold the two. Never lost, seldom twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    UniqueConstraint,
    delete,
    func,
    or_,
    select,
    update,
)

from storage.crypto import SealBroken
from storage.notices import notices
from storage.schema import Moment, metadata, new_id, sealed
from storage.work import Work

State = Literal["queued", "sent", "failed", "dead"]

LEASE = dt.timedelta(
    minutes=5
)  # longer than a batch: its sender begins no mail that the lease would not outlast
LIFE = dt.timedelta(days=3)  # tried for so long; by then the desk has long heard by LINE or from the inbox
PATIENCE = dt.timedelta(minutes=5)  # a mail that fails for longer is told by LINE

mails = Table(
    "mails",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("notice_id", ForeignKey("notices.id", ondelete="CASCADE"), nullable=False),
    sealed("address"),
    Column("address_index", String(64), nullable=False),
    Column("template", String(16), nullable=False),
    Column("number", String(16), nullable=False),
    Column("path", String(64), nullable=False),
    Column("state", String(8), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_try", Moment, nullable=False),
    Column("leased_until", Moment),
    Column("first_tried", Moment),
    Column("settled", Moment),
    Column("error", String(100)),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("notice_id", "address_index"),
    Index(None, "state", "next_try"),
    Index(None, "settled"),
)

refused_mailboxes = Table(
    "refused_mailboxes",
    metadata,
    Column("address_index", String(64), primary_key=True),
    sealed("address", row="address_index"),
    Column("error", String(100), nullable=False),
    Column("since", Moment, nullable=False),
    Column("at", Moment, nullable=False),
)


@dataclass(frozen=True)
class Mail:
    """A row that this sender holds under lease."""

    id: str
    channel: str
    notice_id: str
    address: str
    template: str
    number: str
    path: str
    tries: int
    first_tried: dt.datetime
    leased_until: dt.datetime
    created_at: dt.datetime


@dataclass(frozen=True)
class Refused:
    """A mailbox that the mail server says does not exist (any more)."""

    address: str
    error: str
    since: dt.datetime


def index_of(work: Work, address: str) -> str:
    """By what an address is found without being stored; the part behind the @ knows no capitals."""
    local, _, host = address.rpartition("@")
    return work.index("mailbox", f"{local}@{host.lower()}")


def put(
    work: Work, channel: str, *, notice_id: str, address: str, template: str, number: str, path: str
) -> bool:
    """Write one mail to be sent; False where this notice goes to this address already."""
    mail_id = new_id()
    row = work.conn.execute(
        work.insert(mails)
        .values(
            id=mail_id,
            channel=channel,
            notice_id=notice_id,
            address=work.seal(address, channel, "mails", "address", mail_id),
            address_index=index_of(work, address),
            template=template,
            number=number,
            path=path,
            state="queued",
            tries=0,
            next_try=work.now,
            created_at=work.now,
        )
        .on_conflict_do_nothing()
        .returning(mails.c.id)
    ).first()
    return row is not None


def claim(work: Work, limit: int) -> list[Mail]:
    """Lease up to `limit` mails that are due, the oldest first; the lease is committed before anything is sent."""
    ids = list(work.conn.execute(_due(work, limit)).scalars())
    if not ids:
        return []
    rows = work.conn.execute(
        update(mails)
        .where(mails.c.id.in_(ids))
        .values(
            leased_until=work.now + LEASE,
            tries=mails.c.tries + 1,
            first_tried=func.coalesce(mails.c.first_tried, work.now),
        )
        .returning(*mails.c)
    ).all()
    opened = (_opened(work, row) for row in sorted(rows, key=lambda row: ids.index(row.id)))
    return [mail for mail in opened if mail is not None]


def _due(work: Work, limit: int) -> Select[tuple[str]]:
    due = (
        select(mails.c.id)
        .where(
            mails.c.state == "queued",
            mails.c.next_try <= work.now,
            or_(mails.c.leased_until.is_(None), mails.c.leased_until < work.now),
        )
        .order_by(mails.c.next_try, mails.c.id)
        .limit(limit)
    )
    return due.with_for_update(skip_locked=True) if work.on_postgresql else due


def _opened(work: Work, row: Row[*tuple[Any, ...]]) -> Mail | None:
    """The mail with its address; one that no key of ours opens is set aside and holds up nobody."""
    try:
        address = work.unseal(row.address, row.channel, "mails", "address", row.id)
    except SealBroken:
        settle(work, row.id, "failed", "cannot be opened")
        return None
    return Mail(
        id=row.id,
        channel=row.channel,
        notice_id=row.notice_id,
        address=address,
        template=row.template,
        number=row.number,
        path=row.path,
        tries=row.tries,
        first_tried=row.first_tried,
        leased_until=row.leased_until,
        created_at=row.created_at,
    )


def settle(work: Work, mail_id: str, state: State, error: str | None = None) -> bool:
    """The mail has reached its end, and its address is wiped. False where it had ended before.

    "sent" always counts: a slow sender may have been taken for dead, and still have brought it.
    """
    still = mails.c.state != "sent" if state == "sent" else mails.c.state == "queued"
    row = work.conn.execute(
        update(mails)
        .where(mails.c.id == mail_id, still)
        .values(state=state, settled=work.now, error=_short(error), address=None, leased_until=None)
        .returning(mails.c.id)
    ).first()
    return row is not None


def postpone(work: Work, mail: Mail, until: dt.datetime, error: str | None) -> None:
    """Try again at `until`; nothing where another sender holds or has ended it meanwhile."""
    work.conn.execute(
        update(mails)
        .where(mails.c.id == mail.id, mails.c.state == "queued", mails.c.tries == mail.tries)
        .values(next_try=until, leased_until=None, error=_short(error))
    )


def release(work: Work, held: Iterable[Mail]) -> None:
    """These were not begun after all: whoever comes next may send them."""
    for mail in held:
        work.conn.execute(
            update(mails)
            .where(mails.c.id == mail.id, mails.c.state == "queued", mails.c.tries == mail.tries)
            .values(leased_until=None)
        )


def _short(error: str | None) -> str | None:
    return error[:100] if error else None


def failing(work: Work, limit: int = 50) -> list[str]:
    """Notices whose mails fail for longer than PATIENCE and that were not told by LINE yet, by id."""
    query = (
        select(notices.c.id)
        .join(mails, mails.c.notice_id == notices.c.id)
        .where(
            mails.c.state == "queued",
            mails.c.first_tried <= work.now - PATIENCE,
            mails.c.error.is_not(None),
            notices.c.line_at.is_(None),
        )
        .distinct()
        .limit(limit)
    )
    return list(work.conn.execute(query).scalars())


def states_of(work: Work, notice_id: str) -> frozenset[State]:
    """In which states the mails of this notice are."""
    query = select(mails.c.state).where(mails.c.notice_id == notice_id).distinct()
    return frozenset(work.conn.execute(query).scalars())


def counts(work: Work) -> dict[str, int]:
    """Rows by state, for metrics and checks."""
    rows = work.conn.execute(select(mails.c.state, func.count().label("how_many")).group_by(mails.c.state))
    return {row.state: row.how_many for row in rows}


# ---- mailboxes that do not exist -------------------------------------------------------------------------


def note_refused(work: Work, address: str, error: str) -> bool:
    """The server says that this mailbox does not exist; True where that is news."""
    index = index_of(work, address)
    before = work.conn.execute(
        update(refused_mailboxes)
        .where(refused_mailboxes.c.address_index == index)
        .values(at=work.now, error=error[:100])
        .returning(refused_mailboxes.c.since)
    ).first()
    if before is not None:
        return False
    row = work.conn.execute(
        work.insert(refused_mailboxes)
        .values(
            address_index=index,
            address=work.seal(address, "", "refused_mailboxes", "address", index),
            error=error[:100],
            since=work.now,
            at=work.now,
        )
        .on_conflict_do_nothing()
        .returning(refused_mailboxes.c.since)
    ).first()
    return row is not None


def note_alive(work: Work, address: str) -> None:
    """A mail was taken: whatever was wrong with this mailbox is mended."""
    work.conn.execute(
        delete(refused_mailboxes).where(refused_mailboxes.c.address_index == index_of(work, address))
    )


def refused(work: Work) -> tuple[Refused, ...]:
    """The mailboxes that do not exist, the longest known first; what no key of ours opens is left out."""
    found = []
    for row in work.conn.execute(select(refused_mailboxes).order_by(refused_mailboxes.c.since)):
        try:
            address = work.unseal(row.address, "", "refused_mailboxes", "address", row.address_index)
        except SealBroken:
            continue
        found.append(Refused(address, row.error, row.since))
    return tuple(found)


def refused_indexes(work: Work) -> frozenset[str]:
    """The same as `index_of` gives them, without opening an address."""
    return frozenset(work.conn.execute(select(refused_mailboxes.c.address_index)).scalars())


def bounced(work: Work) -> frozenset[str]:
    """The addresses of the mailboxes that do not exist, for `route lint` and the inbox."""
    return frozenset(each.address for each in refused(work))


def forget_old(work: Work, older_than: dt.timedelta) -> int:
    """Nightly: mails that ended, and refusals of addresses to which nobody has written for four times as long."""
    work.conn.execute(delete(refused_mailboxes).where(refused_mailboxes.c.at < work.now - 4 * older_than))
    return work.conn.execute(delete(mails).where(mails.c.settled < work.now - older_than)).rowcount
