"""Services without a web side, for the tests of jobs."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import dataclass, field
from typing import Any

from town import settings, the_content

from bot.content.library import Content
from bot.settings import Settings
from jobs import timetable
from jobs.engine import Crew, Pace
from jobs.timetable import Timetable
from storage import broadcasts, jobs_queue
from storage.broadcasts import Broadcast
from storage.segments import EVERYONE
from storage.work import Database


@dataclass
class Rooms:
    """What a job needs of the services."""

    db: Database
    content: Content = field(default_factory=the_content)
    settings: Settings = field(default_factory=settings)
    bell: threading.Event = field(default_factory=threading.Event)


QUICK = Pace(tries=3, wait=0, longer=0, beat=0.2, silent=dt.timedelta(seconds=1), look=0.2, poll=0.2)


@dataclass
class AtWork:
    """A timetable, and on PostgreSQL the workers that do what it asks for: what `tsunagari work` runs beside sending."""

    timetable: Timetable
    crew: Crew | None

    def stop(self) -> None:
        self.timetable.stop()
        if self.crew is not None:
            self.crew.stop()


def at_work(rooms: Rooms) -> AtWork:
    """Begin."""
    services: Any = rooms
    crew = Crew(services, QUICK) if jobs_queue.serves(rooms.db) else None
    if crew is not None:
        crew.start()
    return AtWork(timetable.start(services), crew)


def planned(db: Database, due_at: dt.datetime) -> Broadcast:
    """A broadcast to everybody that stands in the timetable."""
    with db.work() as work:
        made = broadcasts.schedule(
            work, "default", [{"text": "お知らせ"}], EVERYONE, due_at, created_by="test"
        )
    timetable.plan_broadcast(db, made.id, due_at)
    return made
