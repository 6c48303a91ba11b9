"""Jobs for other processes, on PostgreSQL: rows of Procrastinate's tables, written in the transaction that causes them.

The engine behind them is jobs/engine.py; who only asks for a job needs nothing of it but its tables, and these hold
names, ids and moments, never a word. On SQLite there are none: one process does everything itself (jobs/timetable.py).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Insert, event, text

from storage.database import connected_to
from storage.work import Database, Work

ORDINARY: Final = "ordinary"
ALONE: Final = "alone"  # for who may be in danger: whatever else hangs holds up nobody
TABLES: Final = frozenset(
    f"procrastinate_{name}" for name in ("jobs", "events", "periodic_defers", "workers")
)  # made by migration 0023, on PostgreSQL only

SILENT: Final = dt.timedelta(seconds=15)  # without a sign of life a worker counts as dead
NOBODY_WORKS: Final = dt.timedelta(minutes=5)  # that a job waits: no worker runs, or all of them hang


@dataclass(frozen=True)
class Job:
    """What a worker is asked for: a deed by its name, and what it is given: ids and moments, never a word.

    Of one `lock` one runs at a time, of one `once` one waits at a time; a higher `rank` leaves first.
    """

    name: str
    given: Mapping[str, str] = field(default_factory=dict)
    queue: str = ORDINARY
    lock: str | None = None
    once: str | None = None
    rank: int = 0


WAKE_UP: Final = Job("wake", once="wake", rank=10)  # there is something to send


@dataclass(frozen=True)
class Stalled:
    """A job whose worker gave no sign of life any more; `failed` where it was taken up often enough."""

    id: int
    name: str
    tries: int
    failed: bool


@dataclass(frozen=True)
class Standing:
    """How many jobs there are in which state, and for how long the oldest has been waiting for a worker."""

    waiting: int = 0
    doing: int = 0
    stalled: int = 0
    failed: int = 0
    waits: dt.timedelta = dt.timedelta()

    @property
    def counts(self) -> dict[str, int]:
        """By state, for /metrics."""
        return {
            "waiting": self.waiting,
            "doing": self.doing,
            "stalled": self.stalled,
            "failed": self.failed,
        }


def serves(db: Database) -> bool:
    """Whether jobs go to workers here; on SQLite they do not."""
    return db.engine.dialect.name == "postgresql"


def address(db: Database) -> dict[str, Any]:
    """What psycopg needs to connect where this database is, as the rest of us does."""
    _, named = db.engine.dialect.create_connect_args(db.engine.url)
    return {**named, **connected_to(db.engine.url)}


# ---- asking for a job ------------------------------------------------------------------------------------------

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('jobs:' || :once, 0))")
# The one that waits is held until we have committed, so that its worker sees what we have written.
_DEFER = text(
    """
    WITH waits AS (
        SELECT id FROM procrastinate_jobs
         WHERE queueing_lock = CAST(:once AS text) AND status = 'todo' FOR SHARE
    )
    SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(
               CAST(:queue AS varchar), CAST(:name AS varchar), CAST(:rank AS integer), CAST(:lock AS text),
               CAST(:once AS text), CAST(:given AS jsonb), NULL)::procrastinate_job_to_defer_v1])
     WHERE NOT EXISTS (SELECT FROM waits)
    """
)
_DEFER_TURN = text(
    """
    SELECT procrastinate_defer_periodic_job_v2(
               CAST(:queue AS varchar), CAST(:lock AS varchar), CAST(:once AS varchar), CAST(:name AS varchar),
               CAST(:rank AS integer), '', CAST(:turn AS bigint), CAST(:given AS jsonb))
     WHERE NOT EXISTS (SELECT FROM procrastinate_jobs WHERE task_name = :name AND status = 'todo')
    """
)


def defer(work: Work, job: Job) -> bool:
    """Ask for this job in this transaction; False where one like it is waiting already. Call it last: whoever asks for
    the same at this moment waits for our commit."""
    if job.once is not None:
        work.conn.execute(_ONE_AT_A_TIME, {"once": job.once})
    return work.conn.execute(_DEFER, _row(job)).scalar() is not None


def defer_turn(work: Work, job: Job, turn: dt.datetime) -> bool:
    """The turn of something that comes again and again: asked for once, however many clocks there are. One that still
    waits stands for the later ones too, so that nothing piles up where no worker runs."""
    once = f"{job.name}@{turn:%Y-%m-%dT%H:%M:%S%z}"
    row = {**_row(job), "once": once, "turn": int(turn.timestamp())}
    return work.conn.execute(_DEFER_TURN, row).scalar() is not None


def _row(job: Job) -> dict[str, Any]:
    return {
        "queue": job.queue,
        "name": job.name,
        "rank": job.rank,
        "lock": job.lock,
        "once": job.once,
        "given": json.dumps(dict(job.given)),
    }


def wake_senders(db: Database) -> None:
    """From now on whoever writes into the outbox through this database asks for a wake-up in the same transaction. For
    processes without a sender of their own (the command line); where one runs, its bell is cheaper."""
    if not serves(db):
        return

    @event.listens_for(db.engine, "after_execute")
    def _noticed(conn: Connection, statement: object, *_: object) -> None:
        if isinstance(statement, Insert) and statement.table.name == "outbox":
            conn.info["wakes"] = True

    @event.listens_for(db.engine, "commit")
    def _asked(conn: Connection) -> None:
        if conn.info.pop("wakes", False):
            conn.execute(_ONE_AT_A_TIME, {"once": WAKE_UP.once})
            conn.execute(_DEFER, _row(WAKE_UP))

    @event.listens_for(db.engine, "rollback")
    def _forgotten(conn: Connection) -> None:
        conn.info.pop("wakes", None)


# ---- what became of them ---------------------------------------------------------------------------------------

_SILENT = """
    (job.worker_id IS NULL OR EXISTS (
        SELECT FROM procrastinate_workers AS worker
         WHERE worker.id = job.worker_id AND worker.last_heartbeat < now() - make_interval(secs => :silent)))
"""
_STALLED = text(
    f"""
    SELECT job.id, job.task_name, job.queueing_lock, job.attempts + 1 AS tries
      FROM procrastinate_jobs AS job
     WHERE job.status = 'doing' AND {_SILENT}
     ORDER BY job.id FOR UPDATE OF job SKIP LOCKED
    """  # noqa: S608  # our own words, no value
)
_ANOTHER_WAITS = text(
    "SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE queueing_lock = :once AND status = 'todo')"
)
_AGAIN = text("SELECT procrastinate_retry_job_v2(:id, NULL, NULL, NULL, NULL)")
_END = text(
    "SELECT procrastinate_finish_job_v1(:id, CAST(:state AS procrastinate_job_status), CAST(:gone AS boolean))"
)
_STANDING = text(
    f"""
    SELECT count(*) FILTER (WHERE job.status = 'todo') AS waiting,
           count(*) FILTER (WHERE job.status = 'doing') AS doing,
           count(*) FILTER (WHERE job.status = 'doing' AND {_SILENT}) AS stalled,
           count(*) FILTER (WHERE job.status = 'failed') AS failed,
           now() - min(asked.at) FILTER (
               WHERE job.status = 'todo' AND job.attempts = 0) AS waits
      FROM procrastinate_jobs AS job
      LEFT JOIN procrastinate_events AS asked ON asked.job_id = job.id AND asked.type = 'deferred'
    """  # noqa: S608
)
_FORGET = text(
    """
    DELETE FROM procrastinate_jobs AS job
     WHERE job.status IN ('succeeded', 'failed', 'cancelled', 'aborted')
       AND NOT EXISTS (SELECT FROM procrastinate_events AS seen WHERE seen.job_id = job.id AND seen.at >= :before)
    """
)


def take_up_again(work: Work, most_tries: int, silent: dt.timedelta = SILENT) -> list[Stalled]:
    """The jobs of workers without a sign of life for so long wait again, or have failed after so many tries.

    Each of them is locked first, so that two workers who look at the same moment do not hand out one job twice
    (Procrastinate's own recipe reads and writes in two steps). One for which another of the same `once` waits
    meanwhile just goes: that one does the same (and Procrastinate's recipe would stumble over it, its issue 1446).
    """
    found = []
    for row in work.conn.execute(_STALLED, {"silent": silent.total_seconds()}).all():
        failed = row.tries >= most_tries
        if failed or work.conn.execute(_ANOTHER_WAITS, {"once": row.queueing_lock}).scalar_one():
            end = {"state": "failed" if failed else "aborted", "gone": not failed}
            work.conn.execute(_END, {"id": row.id, **end})
        else:
            work.conn.execute(_AGAIN, {"id": row.id})
        found.append(Stalled(row.id, row.task_name, row.tries, failed))
    return found


def standing(work: Work, silent: dt.timedelta = SILENT) -> Standing:
    """What monitors want to know; nothing on SQLite, where no job waits for another process."""
    if not work.on_postgresql:
        return Standing()
    row = work.conn.execute(_STANDING, {"silent": silent.total_seconds()}).one()
    return Standing(row.waiting, row.doing, row.stalled, row.failed, row.waits or dt.timedelta())


def under_way(work: Work, name: str) -> list[dict[str, str]]:
    """What was given to the jobs of this name that wait or are being done."""
    query = text(
        "SELECT args FROM procrastinate_jobs WHERE task_name = :name AND status IN ('todo', 'doing') ORDER BY id"
    )
    return list(work.conn.execute(query, {"name": name}).scalars())


def forget_old(work: Work, older_than: dt.timedelta = dt.timedelta(days=30)) -> int:
    """Nightly: what failed so long ago; what succeeded has gone at once."""
    if not work.on_postgresql:
        return 0
    return work.conn.execute(_FORGET, {"before": work.now - older_than}).rowcount


def remove(conn: Connection) -> None:
    """Everything of Procrastinate goes from this database: before a restore, and where 0023 is taken back."""
    conn.exec_driver_sql(
        """
        DO $$
        DECLARE each record;
        BEGIN
            FOR each IN SELECT oid::regclass AS name FROM pg_class
                WHERE starts_with(relname, 'procrastinate_') AND relkind = 'r' AND pg_table_is_visible(oid)
            LOOP EXECUTE 'DROP TABLE ' || each.name || ' CASCADE'; END LOOP;
            FOR each IN SELECT oid::regprocedure AS name FROM pg_proc
                WHERE starts_with(proname, 'procrastinate_') AND pg_function_is_visible(oid)
            LOOP EXECUTE 'DROP FUNCTION ' || each.name; END LOOP;
            FOR each IN SELECT oid::regtype AS name FROM pg_type
                WHERE starts_with(typname, 'procrastinate_') AND typtype IN ('e', 'c') AND pg_type_is_visible(oid)
            LOOP EXECUTE 'DROP TYPE ' || each.name; END LOOP;
        END $$
        """
    )
