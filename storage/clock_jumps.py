"""What waits, when the clock of the machine was put back or forward (jobs/clock_watch.py sees it)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import bindparam, or_, select, update

from storage import mails as mail_rows
from storage import outbox as outgoing
from storage.mails import mails
from storage.outbox import outbox
from storage.work import Work

_MOVE = (
    update(outbox)
    .where(outbox.c.id == bindparam("which"), outbox.c.state == "waiting")
    .values(
        next_try=bindparam("next"),
        leased_until=bindparam("lease"),
        first_tried=bindparam("first"),
        expires=bindparam("end"),
        reply_until=bindparam("reply"),
    )
)


def follow(work: Work, jump: dt.timedelta) -> None:
    """Messages and mails that wait are neither out of reach nor suddenly too old."""
    _messages(work, jump)
    _mails(work)


def _messages(work: Work, jump: dt.timedelta) -> None:
    """What was to leave at once, or again, is due now. What waits for a moment in town (the morning) keeps it."""
    table, now = outbox.c, work.now
    rows = work.conn.execute(
        select(
            table.id, table.next_try, table.leased_until, table.first_tried, table.expires, table.reply_until,
            table.created_at, table.tries,
        ).where(table.state == "waiting")
    ).all()  # fmt: skip
    moved = [
        {
            "which": row.id,
            "next": min(row.next_try, now) if row.tries or row.next_try <= row.created_at else row.next_try,
            "lease": row.leased_until and min(row.leased_until + jump, now + outgoing.LEASE),
            "first": row.first_tried and min(row.first_tried + jump, now),
            "end": row.expires + jump,
            "reply": row.reply_until and row.reply_until + jump,
        }
        for row in rows
    ]
    if moved:
        work.conn.execute(_MOVE, moved)


def _mails(work: Work) -> None:
    """What waits for another try, or for a lease that lies far ahead, is due now."""
    work.conn.execute(
        update(mails)
        .where(
            mails.c.state == "queued",
            or_(mails.c.next_try > work.now, mails.c.leased_until > work.now + mail_rows.LEASE),
        )
        .values(next_try=work.now, leased_until=None)
    )
