"""The month's quota of messages: which channels rest for it, until when, and what waits for it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select, update

from storage.broadcasts import broadcast_recipients
from storage.outbox import MESSAGE_LIFE, outbox
from storage.switches import channel_pauses
from storage.work import Work

USED_UP = "monthly quota used up"  # only what costs nothing leaves
SHORT = "monthly quota too small for the broadcast"  # broadcasts rest, one person's messages go on
RESTS = (USED_UP, SHORT)


def resting(work: Work) -> dict[str, tuple[str, dt.datetime]]:
    """The channels whose broadcasts rest for the quota at this moment: why (one of RESTS), and until when."""
    pauses = channel_pauses.c
    query = select(channel_pauses).where(pauses.reason.in_(RESTS), pauses.until > work.now)
    return {row.channel: (row.reason, row.until) for row in work.conn.execute(query)}


def keep_alive(work: Work, channel: str) -> None:
    """What was never tried of this channel's broadcasts does not grow too old while it waits for the quota."""
    here = (outbox.c.channel == channel, outbox.c.kind == "multicast", outbox.c.state == "waiting")
    work.conn.execute(
        update(outbox).where(*here, outbox.c.first_tried.is_(None)).values(expires=work.now + MESSAGE_LIFE)
    )


def least_wanted(work: Work, channel: str) -> int:
    """How many messages the smallest part of a broadcast takes that waits on this channel; 1 where none waits."""
    chunks = (
        select(func.count().label("people"))
        .select_from(outbox)
        .join(
            broadcast_recipients,
            (broadcast_recipients.c.broadcast_id == outbox.c.broadcast_id)
            & (broadcast_recipients.c.chunk == outbox.c.chunk),
        )
        .where(outbox.c.channel == channel, outbox.c.kind == "multicast", outbox.c.state == "waiting")
        .group_by(outbox.c.id)
        .subquery()
    )
    return work.conn.execute(select(func.min(chunks.c.people))).scalar() or 1
