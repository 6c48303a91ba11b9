"""Signs of life, for /readyz."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select

from storage.instance import instance
from storage.work import Work


@dataclass(frozen=True)
class Pulse:
    """When the timetable of some process last ticked; None in a database that never had one."""

    jobs_seen_at: dt.datetime | None


def pulse(work: Work) -> Pulse:
    """Read the signs of life; raises what the database raises when it does not answer."""
    return Pulse(work.conn.execute(select(instance.c.seen_at)).scalar())
