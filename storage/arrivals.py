"""Whether anybody of those who were told of somebody in danger can have heard of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import select

from storage.mails import mails
from storage.notices import notices
from storage.outbox import outbox
from storage.work import Work


def told(work: Work, danger_id: str, on_line: Collection[str], since: dt.datetime) -> bool:
    """A mail server took one of the mails, or LINE a message to one of these people, since then."""
    by_mail = (
        select(mails.c.id)
        .join(notices, notices.c.id == mails.c.notice_id)
        .where(notices.c.danger_id == danger_id, mails.c.state == "sent", mails.c.created_at >= since)
    )
    by_line = select(outbox.c.id).where(
        outbox.c.person_id.in_(tuple(on_line)),
        outbox.c.kind == "message",
        outbox.c.state == "accepted",
        outbox.c.created_at >= since,
    )
    return any(work.conn.execute(query.limit(1)).first() is not None for query in (by_mail, by_line))
