"""The timetable: when something is due. APScheduler holds it in our database; the work is done elsewhere.

Two sorts of entries. The due times of broadcasts stand in the table apscheduler_jobs, so that they survive a
restart and another process (the CLI) can add one. The rhythm (heartbeat, nightly purge) lives in memory.

Several timetables may run on one database. Both then see a due broadcast; jobs/broadcast.py lets one win.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.job import Job
from apscheduler.jobstores.base import JobLookupError
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot import log
from jobs import (
    broadcast,
    clocks,
    courses,
    dangers,
    handbook_changes,
    news,
    nightly,
    programme,
    quota,
    series,
)
from jobs.clock_watch import ClockWatch
from storage import broadcasts, instance
from storage.work import Database, Work

if TYPE_CHECKING:
    from bot.app import Services

TOKYO = ZoneInfo("Asia/Tokyo")
DUE, RHYTHM = "default", "rhythm"
ALONE = "alone"  # for who may be in danger: a mail server that hangs elsewhere holds up nobody
AFTER_TROUBLE = dt.timedelta(seconds=10)
WATCH_EVERY = 5.0  # seconds between two looks at the clock itself
Fire = Callable[[str, dt.datetime], object]


class DueTimes(SQLAlchemyJobStore):  # type: ignore[misc]  # APScheduler has no types
    """APScheduler's own table with three of its habits changed.

    A row holds JSON (which broadcast, when), no pickle: who can write into the database cannot make us run
    code. Polling only reads, so that it never waits for a writer. And a job that another timetable has taken
    meanwhile is no error, which in APScheduler 3 would end the scheduler's thread.
    """

    def __init__(self, db: Database, fire: Fire) -> None:
        super().__init__(engine=db.engine)
        self.reading = db.engine.execution_options(reads_only=True)
        self.fire = fire

    def shutdown(self) -> None:
        """The engine belongs to the services, which go on using it."""

    def get_due_jobs(self, now: dt.datetime) -> list[Any]:
        due = self.jobs_t.c.next_run_time
        with self.reading.begin() as conn:
            rows = conn.execute(self.jobs_t.select().where(due <= now.timestamp()).order_by(due)).all()
        return [self._reconstitute_job(row.job_state) for row in rows]

    def get_next_run_time(self) -> dt.datetime | None:
        due = self.jobs_t.c.next_run_time
        try:
            with self.reading.begin() as conn:
                row = conn.execute(self.jobs_t.select().order_by(due).limit(1)).first()
        except Exception as trouble:  # let through, it would end the scheduler's thread
            log.error("timetable.trouble", trouble)
            return dt.datetime.now(dt.UTC) + AFTER_TROUBLE
        return dt.datetime.fromtimestamp(row.next_run_time, dt.UTC) if row else None

    def remove_job(self, job_id: str) -> None:
        try:
            super().remove_job(job_id)
        except JobLookupError:
            return  # another timetable was faster, or the broadcast was cancelled at this moment
        except Exception as trouble:  # the row comes due again, and jobs/broadcast.py fires it only once
            log.error("timetable.trouble", trouble)

    def _reconstitute_job(self, job_state: bytes) -> Any:
        row = json.loads(job_state)
        due_at = dt.datetime.fromisoformat(row["due_at"])
        job = Job.__new__(Job)
        job.__setstate__(
            {
                "version": 1,
                "id": job_id(row["broadcast"]),
                "func": f"{__name__}:{nothing.__name__}",  # a name that can be looked up; replaced below
                "trigger": DateTrigger(due_at),
                "executor": DUE,
                "args": (row["broadcast"], due_at),
                "kwargs": {},
                "name": job_id(row["broadcast"]),
                "misfire_grace_time": None,  # however late: our own rule decides, and says so in `show`
                "coalesce": True,
                "max_instances": 1,
                "next_run_time": due_at,
            }
        )
        job.func = self.fire
        job._scheduler, job._jobstore_alias = self._scheduler, self._alias
        return job


class Beat(IntervalTrigger):  # type: ignore[misc]
    """Each so many seconds, and what was left out counts as one beat: where the clock is put forward by months,
    APScheduler would list every second of them, for minutes and in gigabytes."""

    def get_next_fire_time(self, previous: dt.datetime | None, now: dt.datetime) -> dt.datetime | None:
        due: dt.datetime | None = super().get_next_fire_time(previous, now)
        if due is None or previous is None or due >= now:
            return due
        interval: dt.timedelta = self.interval
        return due + ((now - due) // interval + 1) * interval


def nothing(*_arguments: object) -> None:
    """The beat of the second: that APScheduler wakes up for it is what makes it read the table again."""


def job_id(broadcast_id: str) -> str:
    """How a broadcast's turn is called, here and in the guard."""
    return f"broadcast:{broadcast_id}"


# ---- what is due: written in the transaction that schedules or cancels the broadcast ----------------------


def prepare(db: Database) -> None:
    """Make APScheduler's table where it is missing; two processes may try at the same moment."""
    table = SQLAlchemyJobStore(engine=db.engine).jobs_t
    try:
        table.create(db.engine, checkfirst=True)
    except Exception:
        table.create(db.engine, checkfirst=True)  # the other process has made it


def plan_broadcast(db: Database, broadcast_id: str, due_at: dt.datetime) -> None:
    """Make the broadcast due at this moment; a running timetable sees it within a second."""
    prepare(db)
    with db.work() as work:
        _plan(work, _table(db), broadcast_id, due_at)


def forget_broadcast(db: Database, broadcast_id: str) -> None:
    """It is due no longer."""
    prepare(db)
    table = _table(db)
    with db.work() as work:
        work.conn.execute(table.delete().where(table.c.id == job_id(broadcast_id)))


def planned(db: Database) -> dict[str, dt.datetime]:
    """The due broadcasts by id."""
    with db.look() as work:
        rows = work.conn.execute(_table(db).select()).all()
    states = (json.loads(row.job_state) for row in rows)
    return {state["broadcast"]: dt.datetime.fromisoformat(state["due_at"]) for state in states}


def sync(db: Database) -> int:
    """Every series has its next broadcast, every scheduled broadcast its entry, and no other; how many had to be mended.

    Needed where a process died between taking an entry and starting its broadcast, and after a restore.
    """
    mended = series.repair(db)
    with db.look() as work:
        wanted = {each.id: each.due_at for each in broadcasts.scheduled(work)}
    found = planned(db)
    table = _table(db)
    missing = {key: due_at for key, due_at in wanted.items() if found.get(key) != due_at}
    left_over = found.keys() - wanted.keys()
    if missing or left_over:
        with db.work() as work:
            for key, due_at in missing.items():
                _plan(work, table, key, due_at)
            for key in left_over:
                work.conn.execute(table.delete().where(table.c.id == job_id(key)))
    return mended + len(missing) + len(left_over)


def _table(db: Database) -> Any:
    return SQLAlchemyJobStore(engine=db.engine).jobs_t


def _plan(work: Work, table: Any, broadcast_id: str, due_at: dt.datetime) -> None:
    due_at = due_at.astimezone(dt.UTC)
    state = {"broadcast": broadcast_id, "due_at": due_at.isoformat()}
    values = {"next_run_time": due_at.timestamp(), "job_state": json.dumps(state).encode()}
    work.conn.execute(
        work.insert(table)
        .values(id=job_id(broadcast_id), **values)
        .on_conflict_do_update(index_elements=["id"], set_=values)
    )


# ---- the clock itself -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Timetable:
    """A running timetable; `stop` waits for what it has just begun."""

    scheduler: Any
    watch: ClockWatch
    ended: threading.Event = field(default_factory=threading.Event)

    def watches(self) -> None:
        """Beside the scheduler: where the clock goes back by a day, that would sleep for a day."""
        while not self.ended.wait(WATCH_EVERY):
            try:
                if self.watch.look():
                    self.begin_anew()
            except Exception as trouble:  # the database is away, say: the next look finds the same jump
                log.error("timetable.trouble", trouble)

    def begin_anew(self) -> None:
        """The next turn of everything counts from the present time."""
        for job in self.scheduler.get_jobs(jobstore=RHYTHM):
            self.scheduler.reschedule_job(job.id, jobstore=RHYTHM, trigger=job.trigger)

    def stop(self) -> None:
        self.ended.set()
        self.scheduler.shutdown(wait=True)


def start(services: Services) -> Timetable:
    """Run the timetable in threads of this process until it is stopped."""
    db = services.db
    prepare(db)
    sync(db)

    def fire(broadcast_id: str, due_at: dt.datetime) -> None:
        broadcast.fire(services, broadcast_id, due_at)

    def minute() -> None:
        instance.beat(db)
        sync(db)
        broadcast.go_on_with_all(services)

    scheduler = BackgroundScheduler(
        timezone=TOKYO,
        jobstores={DUE: DueTimes(db, fire), RHYTHM: MemoryJobStore()},
        executors={DUE: ThreadPoolExecutor(4), RHYTHM: ThreadPoolExecutor(3), ALONE: ThreadPoolExecutor(1)},
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    in_rhythm = {"jobstore": RHYTHM, "executor": RHYTHM}
    scheduler.add_job(nothing, Beat(seconds=1), id="tick", **in_rhythm)
    at_once = dt.datetime.now(TOKYO)  # what a dead process left half prepared does not wait for a minute
    scheduler.add_job(minute, Beat(minutes=1), id="minute", next_run_time=at_once, **in_rhythm)
    scheduler.add_job(clocks.minute, Beat(minutes=1), id="clocks", args=[services], **in_rhythm)
    alone = {"jobstore": RHYTHM, "executor": ALONE}
    scheduler.add_job(dangers.look, Beat(seconds=10), id="dangers", args=[services], **alone)
    scheduler.add_job(courses.minute, Beat(minutes=1), id="courses", args=[services], **in_rhythm)
    scheduler.add_job(programme.minute, Beat(minutes=1), id="drips", args=[services], **in_rhythm)
    scheduler.add_job(news.minute, Beat(minutes=1), id="news", args=[services], **in_rhythm)
    at_night = CronTrigger(hour=3, minute=0, timezone=TOKYO)
    scheduler.add_job(programme.night, at_night, id="life", args=[services], **in_rhythm)
    purge_at = CronTrigger(hour=3, minute=20, timezone=TOKYO)
    scheduler.add_job(nightly.purge, purge_at, id="nightly", args=[services], **in_rhythm)
    by_day = CronTrigger(hour=10, minute=30, timezone=TOKYO)
    scheduler.add_job(handbook_changes.morning, by_day, id="handbook", args=[services], **in_rhythm)
    hourly = CronTrigger(minute=10, timezone=TOKYO)
    scheduler.add_job(quota.hour, hourly, id="quota", args=[services], **in_rhythm)
    scheduler.start()
    running = Timetable(scheduler, ClockWatch(db))
    threading.Thread(target=running.watches, name="clock-watch", daemon=True).start()
    return running
