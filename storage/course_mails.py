"""Mails to people who signed up on the web: each is a row in the transaction that caused it.

Subject and words stand sealed in the row (they hold the link by which a place is cancelled) and are wiped when it ends.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from storage.crypto import SealBroken
from storage.schema import Moment, metadata, new_id, sealed
from storage.work import Work

LEASE = dt.timedelta(minutes=10)
LIFE = dt.timedelta(days=2)

course_mails = Table(
    "course_mails",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("place_id", ForeignKey("course_places.id", ondelete="CASCADE"), nullable=False),
    sealed("body"),
    Column("state", String(8), nullable=False),  # queued, sent, failed
    Column("tries", Integer, nullable=False),
    Column("next_try", Moment, nullable=False),
    Column("leased_until", Moment),
    Column("settled", Moment),
    Column("error", String(100)),
    Column("created_at", Moment, nullable=False),
    Index(None, "state", "next_try"),
    Index(None, "place_id"),
    Index(None, "settled"),
)


@dataclass(frozen=True)
class CourseMail:
    """A mail that this sender holds under lease."""

    id: str
    place_id: str
    to: str
    subject: str
    text: str
    tries: int
    created_at: dt.datetime


def put(
    work: Work,
    channel: str,
    place_id: str,
    *,
    to: str,
    subject: str,
    text: str,
    not_before: dt.datetime | None = None,
) -> None:
    """Write one mail to be sent."""
    mail_id = new_id()
    body = {"to": to, "subject": subject, "text": text}
    work.conn.execute(
        insert(course_mails).values(
            id=mail_id,
            channel=channel,
            place_id=place_id,
            body=work.seal(body, channel, "course_mails", "body", mail_id),
            state="queued",
            tries=0,
            next_try=not_before or work.now,
            created_at=work.now,
        )
    )


def claim(work: Work, limit: int) -> list[CourseMail]:
    """Lease up to `limit` mails that are due; the lease is committed before anything is sent."""
    here = course_mails.c
    due = (
        select(here.id)
        .where(
            here.state == "queued",
            here.next_try <= work.now,
            or_(here.leased_until.is_(None), here.leased_until < work.now),
        )
        .order_by(here.next_try, here.id)
        .limit(limit)
    )
    ids = list(
        work.conn.execute(due.with_for_update(skip_locked=True) if work.on_postgresql else due).scalars()
    )
    if not ids:
        return []
    rows = work.conn.execute(
        update(course_mails)
        .where(here.id.in_(ids))
        .values(leased_until=work.now + LEASE, tries=here.tries + 1)
        .returning(*course_mails.c)
    ).all()
    held = []
    for row in rows:
        try:
            body = work.unseal(row.body, row.channel, "course_mails", "body", row.id)
        except SealBroken:
            settle(work, row.id, "failed", "cannot be opened")
            continue
        held.append(
            CourseMail(
                row.id, row.place_id, body["to"], body["subject"], body["text"], row.tries, row.created_at
            )
        )
    return held


def settle(work: Work, mail_id: str, state: str, error: str | None = None) -> None:
    """It has reached its end; its words are wiped."""
    work.conn.execute(
        update(course_mails)
        .where(course_mails.c.id == mail_id)
        .values(
            state=state, settled=work.now, body=None, leased_until=None, error=error[:100] if error else None
        )
    )


def postpone(work: Work, mail_id: str, until: dt.datetime, error: str) -> None:
    """Try again at `until`."""
    work.conn.execute(
        update(course_mails)
        .where(course_mails.c.id == mail_id)
        .values(next_try=until, leased_until=None, error=error[:100])
    )


def release(work: Work, mail_id: str) -> None:
    """It was not begun after all."""
    work.conn.execute(update(course_mails).where(course_mails.c.id == mail_id).values(leased_until=None))


def states(work: Work) -> dict[str, int]:
    """Rows by state."""
    query = select(course_mails.c.state, func.count().label("how_many")).group_by(course_mails.c.state)
    return {row.state: row.how_many for row in work.conn.execute(query)}


def forget_old(work: Work, older_than: dt.timedelta) -> int:
    """Nightly: mails that ended so long ago."""
    return work.conn.execute(
        delete(course_mails).where(course_mails.c.settled < work.now - older_than)
    ).rowcount
