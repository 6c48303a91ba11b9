"""The timetable: when something is due. APScheduler holds it in our database; what it does then depends on the database.

Two sorts of entries. The due times of broadcasts stand in the table apscheduler_jobs, so that they survive a
restart and another process (the CLI) can add one. The rhythm (jobs/duties.py) lives in memory.

On SQLite the timetable calls what is due in threads of its own. On PostgreSQL it only decides when: an entry that is
due becomes a job for a worker, in one transaction, and of the rhythm each turn is asked for once.

Several timetables may run on one database. On PostgreSQL one of them takes the entry; on SQLite both see a due
broadcast, and jobs/broadcast.py lets one win.
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

from bot import log, metrics
from jobs import broadcast, duties, series
from jobs.clock_watch import ClockWatch
from jobs.duties import DUTIES, Duty
from storage import broadcasts, guard, instance, jobs_queue
from storage.work import Database, Work

if TYPE_CHECKING:
    from bot.app import Services

TOKYO = ZoneInfo("Asia/Tokyo")
DUE, RHYTHM = "default", "rhythm"
ALONE = "alone"
AFTER_TROUBLE = dt.timedelta(seconds=10)
WATCH_EVERY = 5.0  # seconds between two looks at the clock itself
ORIGIN = dt.datetime(
    2000, 1, 1, tzinfo=TOKYO
)  # beats are counted from here, so that all clocks beat together
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
        """Called for what has been begun."""
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


class HandedOver(DueTimes):
    """On PostgreSQL: what is due leaves the table and becomes a job for a worker, both in one transaction."""

    def __init__(self, db: Database) -> None:
        super().__init__(db, nothing)
        self.db = db

    def get_due_jobs(self, now: dt.datetime) -> list[Any]:
        """Nothing that this process would do itself."""
        due = self.jobs_t.c.next_run_time <= now.timestamp()
        with self.reading.begin() as conn:
            if conn.execute(self.jobs_t.select().where(due).limit(1)).first() is None:
                return []
        with self.db.work() as work:
            every = self.jobs_t.select().where(due).order_by(self.jobs_t.c.next_run_time, self.jobs_t.c.id)
            mine = every.with_for_update(skip_locked=True)  # what is locked is being taken by another clock
            rows = work.conn.execute(mine).all()
            work.conn.execute(self.jobs_t.delete().where(self.jobs_t.c.id.in_([row.id for row in rows])))
            for row in rows:
                entry = json.loads(row.job_state)
                due_at = dt.datetime.fromisoformat(entry["due_at"])
                jobs_queue.defer(work, duties.due(entry["broadcast"], due_at))
        return []


class Beat(IntervalTrigger):  # type: ignore[misc]
    """Each so many seconds, and what was left out counts as one beat: where the clock is put forward by months,
    APScheduler would list every second of them, for minutes and in gigabytes; where it is put back behind the
    beginning, it would wait until the clock comes there again."""

    def get_next_fire_time(self, previous: dt.datetime | None, now: dt.datetime) -> dt.datetime | None:
        due = self._beat(now)
        if previous is not None and due <= previous:
            due = self._beat(previous + self.interval)
        return due

    def _beat(self, earliest: dt.datetime) -> dt.datetime:
        """The first one that is not before this moment."""
        begin: dt.datetime = self.start_date
        interval: dt.timedelta = self.interval
        return begin - (begin - earliest) // interval * interval


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
    for key, due_at in _handed_over(db).items():  # looked at last: an entry may become a job meanwhile
        if wanted.get(key) == due_at and key not in found:
            del wanted[key]
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


def _handed_over(db: Database) -> dict[str, dt.datetime]:
    """The broadcasts that wait for a worker, or are with one."""
    if not jobs_queue.serves(db):
        return {}
    with db.look() as work:
        given = jobs_queue.under_way(work, duties.BROADCAST)
    return {each["broadcast_id"]: dt.datetime.fromisoformat(each["due_at"]) for each in given}


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

    def do(duty: Duty) -> None:
        duty.do(services)

    def ask(duty: Duty) -> None:
        with db.work() as work:
            jobs_queue.defer_turn(work, duty.job, duty.turn(work.now))

    others_work = jobs_queue.serves(db)
    scheduler = BackgroundScheduler(
        timezone=TOKYO,
        jobstores={DUE: HandedOver(db) if others_work else DueTimes(db, fire), RHYTHM: MemoryJobStore()},
        executors={DUE: ThreadPoolExecutor(4), RHYTHM: ThreadPoolExecutor(3), ALONE: ThreadPoolExecutor(1)},
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    own = {"jobstore": RHYTHM, "executor": RHYTHM}
    at_once = {"next_run_time": dt.datetime.now(TOKYO)}
    scheduler.add_job(nothing, Beat(seconds=1, start_date=ORIGIN), id="tick", **own)
    scheduler.add_job(
        minute, Beat(minutes=1, start_date=ORIGIN), id="minute", args=[services.db], **at_once, **own
    )
    for duty in DUTIES:
        scheduler.add_job(
            ask if others_work else do,
            _trigger(duty),
            id=duty.name,
            args=[duty],
            jobstore=RHYTHM,
            executor=ALONE if duty.alone else RHYTHM,
            **(at_once if duty.at_once else {}),
        )
    scheduler.start()
    running = Timetable(scheduler, ClockWatch(db))
    threading.Thread(target=running.watches, name="clock-watch", daemon=True).start()
    return running


def minute(db: Database) -> None:
    """What a timetable does itself: it shows that it lives, and puts its own entries right."""
    instance.beat(db)
    sync(db)
    if jobs_queue.serves(db):
        _miss_workers(db)


def _miss_workers(db: Database) -> None:
    """Where nobody does what the clocks ask for: one alarm an hour."""
    with db.look() as work:
        standing = jobs_queue.standing(work)
    if standing.waits < jobs_queue.NOBODY_WORKS:
        return
    with db.work() as work:
        first = guard.claim_once(work, "jobs_wait", work.now.replace(minute=0, second=0, microsecond=0))
    if first:
        metrics.ALARMS.labels("jobs.nobody_works").inc()
        log.alarm(
            "jobs.nobody_works", waiting=standing.waiting, seconds=round(standing.waits.total_seconds())
        )


def _trigger(duty: Duty) -> Any:
    if duty.seconds is not None:
        return Beat(seconds=duty.seconds, start_date=ORIGIN)
    return CronTrigger(hour=duty.hour, minute=duty.minute, timezone=TOKYO)
