"""Signs of life: of the timetable, for /readyz, and of LINE."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select

from storage.instance import instance
from storage.outbox import outbox
from storage.work import Work


@dataclass(frozen=True)
class Pulse:
    """When the timetable of some process last ticked; None in a database that never had one."""

    jobs_seen_at: dt.datetime | None


def pulse(work: Work) -> Pulse:
    """Read the signs of life; raises what the database raises when it does not answer."""
    return Pulse(work.conn.execute(select(instance.c.seen_at)).scalar())


def line_took_something(work: Work, channel: str, since: dt.datetime, until: dt.datetime) -> bool:
    """Whether LINE accepted anything of this channel in that time."""
    query = select(outbox.c.id).where(
        outbox.c.channel == channel, outbox.c.state == "accepted", outbox.c.settled.between(since, until)
    )
    return work.conn.execute(query.limit(1)).first() is not None
