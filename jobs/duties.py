"""What is done by the clock, and by what name: the same functions on one machine and on many.

On SQLite the timetable calls them in threads of its own process (jobs/timetable.py), on PostgreSQL a worker does
(jobs/engine.py), whom any of the clocks has asked for it. Each of them claims in the database what it does, so that
one that is begun twice, or died in the middle, harms nobody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jobs import broadcast, clocks, courses, dangers, handbook_changes, news, nightly, programme, quota
from storage.jobs_queue import ALONE, ORDINARY, Job

if TYPE_CHECKING:
    from bot.app import Services

BROADCAST: Final = "broadcast"


@dataclass(frozen=True)
class Duty:
    """Something that comes again and again: each so many seconds, or where the clock of Tokyo shows hour and minute."""

    name: str
    do: Callable[[Services], object]
    seconds: int | None = None
    hour: int | None = None
    minute: int | None = None
    alone: bool = False
    at_once: bool = False

    @property
    def job(self) -> Job:
        """For a worker; of one duty one runs at a time."""
        return Job(self.name, queue=ALONE if self.alone else ORDINARY, lock=self.name)

    def turn(self, now: dt.datetime) -> dt.datetime:
        """The turn to which this moment belongs: the same for every clock."""
        length = self.seconds or 60
        return dt.datetime.fromtimestamp(now.timestamp() // length * length, dt.UTC)


DUTIES: Final = (
    # What a dead process left half prepared does not wait for a minute.
    Duty("go_on", broadcast.go_on_with_all, seconds=60, at_once=True),
    Duty("clocks", clocks.minute, seconds=60),
    Duty(
        "dangers", dangers.look, seconds=10, alone=True
    ),  # a mail server that hangs elsewhere holds up nobody
    Duty("courses", courses.minute, seconds=60),
    Duty("drips", programme.minute, seconds=60),
    Duty("news", news.minute, seconds=60),
    Duty("life", programme.night, hour=3, minute=0),
    Duty("nightly", nightly.purge, hour=3, minute=20),
    Duty("handbook", handbook_changes.morning, hour=10, minute=30),
    Duty("quota", quota.hour, minute=10),
)


def due(broadcast_id: str, due_at: dt.datetime) -> Job:
    """A broadcast whose time has come. It has no `once`: its entry is taken from the timetable once, and Procrastinate
    cannot let a job wait again while another with that mark does (its issue 1543)."""
    given = {"broadcast_id": broadcast_id, "due_at": due_at.isoformat()}
    return Job(BROADCAST, given, lock=f"{BROADCAST}:{broadcast_id}", rank=5)


def begin(services: Services, broadcast_id: str, due_at: str) -> None:
    """Start it, or go on with what a worker that died had started."""
    if not broadcast.fire(services, broadcast_id, dt.datetime.fromisoformat(due_at)):
        broadcast.go_on(services, broadcast_id)
