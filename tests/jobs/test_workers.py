"""PostgreSQL: clocks ask, workers do. Each turn once, nothing lost with the worker that died, and an alarm for what fails."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from rooms import QUICK, Rooms, planned
from surroundings import Clock
from town import settings
from waiting import wait_until

from bot import log, metrics
from bot.cli.house import open_db
from bot.web import health
from jobs import duties, timetable
from jobs.duties import DUTIES, Duty
from jobs.engine import Crew
from storage import broadcasts, jobs_queue, outbox, people
from storage.broadcasts import Broadcast
from storage.crypto import Cipher, cipher_from, new_key
from storage.database import open_database
from storage.jobs_queue import WAKE_UP, Job
from storage.work import Database, Work

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
HERE = Path(__file__).parent
KEYS = new_key("t1")


@pytest.fixture
def cipher() -> Cipher:
    """Another process opens the database, too."""
    return cipher_from(KEYS)


@pytest.fixture(autouse=True)
def real_time(clock: Clock) -> None:
    """APScheduler and PostgreSQL look at the real clock."""
    clock.now = dt.datetime.now(dt.UTC)


@pytest.fixture
def rota(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What is done by the clock, in place of all that really is."""

    def set_to(*made: Duty) -> None:
        monkeypatch.setattr(timetable, "DUTIES", made)
        monkeypatch.setattr(duties, "DUTIES", made)

    return set_to


@pytest.fixture
def crew(rooms: Rooms) -> Iterator[Callable[[], Crew]]:
    """`crew()` begins to take jobs."""
    made: list[Crew] = []

    def begin() -> Crew:
        made.append(Crew(rooms, QUICK))  # type: ignore[arg-type]
        made[-1].start()
        return made[-1]

    yield begin
    for each in made:
        each.stop()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What was logged as warning, error or alarm."""
    lines: list[tuple[str, dict[str, Any]]] = []
    for kind in ("warning", "alarm"):
        monkeypatch.setattr(log, kind, lambda name, **more: lines.append((name, more)))
    monkeypatch.setattr(log, "error", lambda name, _trouble, **more: lines.append((name, more)))
    return lines


def ask(db: Database, job: Job) -> bool:
    with db.work() as work:
        return jobs_queue.defer(work, job)


def standing(db: Database) -> tuple[int, int, int]:
    """Waiting, doing, failed."""
    with db.look() as work:
        found = jobs_queue.standing(work)
    return found.waiting, found.doing, found.failed


def status(db: Database, made: Broadcast) -> str | None:
    with db.look() as work:
        return broadcasts.status_of(work, made.id)


# ---- who does it -----------------------------------------------------------------------------------------------


def test_a_due_broadcast_is_carried_out_by_a_worker_and_not_by_the_clock(
    rooms: Rooms, five_friends: list[str], crew: Callable[[], Crew], rota: Callable[..., None]
) -> None:
    rota()
    timetable.prepare(rooms.db)
    made = planned(rooms.db, rooms.db.clock())
    clock = timetable.start(rooms)  # type: ignore[arg-type]
    try:
        wait_until(lambda: standing(rooms.db) == (1, 0, 0))
        assert timetable.planned(rooms.db) == {}, "entry and job change places in one transaction"
        assert timetable.sync(rooms.db) == 0, "what waits for a worker is not entered anew"
        assert status(rooms.db, made) == "scheduled"
        crew()
        wait_until(lambda: status(rooms.db, made) == "sending")
        wait_until(lambda: standing(rooms.db) == (0, 0, 0))
    finally:
        clock.stop()
    with rooms.db.work() as work:
        assert [row.broadcast_id for row in outbox.claim(work, 10)] == [made.id]


# ---- each turn once --------------------------------------------------------------------------------------------


def test_four_clocks_ask_for_each_turn_once(
    rooms: Rooms,
    crew: Callable[[], Crew],
    rota: Callable[..., None],
    database_url: str,
    cipher: Cipher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[int] = []
    asked: list[tuple[dt.datetime, bool]] = []
    really = jobs_queue.defer_turn

    def defer_turn(work: Work, job: Job, turn: dt.datetime) -> bool:
        asked.append((turn, really(work, job, turn)))
        return asked[-1][1]

    monkeypatch.setattr(jobs_queue, "defer_turn", defer_turn)
    rota(Duty("each_second", lambda _: done.append(1), seconds=1))
    crew()
    others = [Rooms(open_database(database_url, cipher)) for _ in range(4)]
    clocks = [timetable.start(each) for each in others]  # type: ignore[arg-type]
    wait_until(lambda: len(done) >= 4)
    for clock, each in zip(clocks, others, strict=True):
        clock.stop()
        each.db.close()
    wait_until(lambda: standing(rooms.db) == (0, 0, 0))
    given = [turn for turn, mine in asked if mine]
    assert len(given) == len(set(given)) == len(done), "each turn is asked for once, and done once"
    assert len(asked) > len(given), "though several clocks would"


def test_a_turn_that_was_asked_for_is_not_asked_for_again_when_it_is_over(rooms: Rooms) -> None:
    """A lock on what waits is not enough for this: the slower clock comes when nothing waits any more."""
    duty = DUTIES[0]
    now = dt.datetime.now(dt.UTC)
    with rooms.db.work() as work:
        assert jobs_queue.defer_turn(work, duty.job, duty.turn(now))
        work.conn.exec_driver_sql("DELETE FROM procrastinate_jobs")  # a worker was quick
        assert not jobs_queue.defer_turn(work, duty.job, duty.turn(now))
        assert jobs_queue.defer_turn(work, duty.job, duty.turn(now + dt.timedelta(seconds=60)))


def test_where_no_worker_runs_one_turn_of_each_waits_and_not_an_hour_of_them(rooms: Rooms) -> None:
    now = dt.datetime.now(dt.UTC)
    for minute in range(60):
        for duty in DUTIES:
            with rooms.db.work() as work:
                jobs_queue.defer_turn(work, duty.job, duty.turn(now + dt.timedelta(minutes=minute)))
    assert standing(rooms.db)[0] == len(DUTIES)


def test_of_one_duty_one_runs_at_a_time_however_many_workers_there_are(
    rooms: Rooms, crew: Callable[[], Crew], rota: Callable[..., None]
) -> None:
    inside, most, done = [0], [0], []

    def slow(_services: object) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.3)
        inside[0] -= 1
        done.append(1)

    duty = Duty("slow", slow, seconds=60)
    rota(duty)
    crew()
    crew()
    for _ in range(4):
        ask(rooms.db, duty.job)
    wait_until(lambda: len(done) == 4)
    assert most == [1]


def test_whoever_may_be_in_danger_is_looked_after_while_everything_else_hangs(
    rooms: Rooms, crew: Callable[[], Crew], rota: Callable[..., None]
) -> None:
    free, looked = threading.Event(), threading.Event()
    hangs = [Duty(f"hangs{number}", lambda _: free.wait(10), seconds=60) for number in range(6)]
    danger = Duty("dangers", lambda _: looked.set(), seconds=10, alone=True)
    rota(*hangs, danger)
    crew()
    for duty in hangs:
        ask(rooms.db, duty.job)
    wait_until(lambda: standing(rooms.db)[1] == 4)
    try:
        ask(rooms.db, danger.job)
        assert looked.wait(5)
    finally:
        free.set()


# ---- the rows and the wake-up ----------------------------------------------------------------------------------


def something_to_send(db: Database, *, then_fail: bool = False) -> None:
    with db.work() as work:
        person = people.lock(work, "default", f"U{1:032x}")
        outbox.put(work, "default", "message", {"messages": []}, person_id=person.id)
        if then_fail:
            raise RuntimeError("staff thought better of it")


def rows_and_jobs(db: Database) -> tuple[int, int]:
    with db.look() as work:
        rows = work.conn.exec_driver_sql("SELECT count(*) FROM outbox").scalar_one()
        jobs = work.conn.exec_driver_sql("SELECT count(*) FROM procrastinate_jobs").scalar_one()
    return rows, jobs


def test_rows_to_be_sent_and_their_wake_up_are_both_there_or_both_not(db: Database) -> None:
    jobs_queue.wake_senders(db)
    with pytest.raises(RuntimeError):
        something_to_send(db, then_fail=True)
    assert rows_and_jobs(db) == (0, 0)
    with db.work() as work:
        people.lock(work, "default", f"U{2:032x}")  # nothing to send
    assert rows_and_jobs(db) == (0, 0)
    something_to_send(db)
    assert rows_and_jobs(db) == (1, 1)


def test_one_wake_up_waits_however_many_write_at_once(
    db: Database, database_url: str, cipher: Cipher, together: Callable[..., list[Any]]
) -> None:
    jobs_queue.wake_senders(db)

    def write(number: int) -> None:
        for turn in range(5):
            with db.work() as work:
                person = people.lock(work, "default", f"U{number:032x}")
                outbox.put(work, "default", "message", {"messages": [turn]}, person_id=person.id)

    together(8, write)
    assert rows_and_jobs(db) == (40, 1)


def test_a_wake_up_is_not_taken_before_the_rows_that_it_is_for_are_there(db: Database) -> None:
    """One waits already when more is written: its worker must not be done before that is committed."""
    assert ask(db, WAKE_UP)
    with db.work() as work:
        assert not jobs_queue.defer(work, WAKE_UP)
        with db.work() as worker:
            fetched = "SELECT id FROM procrastinate_fetch_job_v2(NULL, NULL)"
            assert worker.conn.exec_driver_sql(fetched).scalar() is None
    with db.work() as worker:
        assert worker.conn.exec_driver_sql(fetched).scalar() is not None


def test_a_wake_up_rings_the_bell_of_a_sender_at_once(rooms: Rooms, crew: Callable[[], Crew]) -> None:
    crew()
    time.sleep(0.5)
    jobs_queue.wake_senders(rooms.db)
    something_to_send(rooms.db)
    assert rooms.bell.wait(3)


def test_the_webhooks_way_asks_for_nothing(db: Database) -> None:
    """Its own process sends: only whoever was told to (`wake_senders`) asks for a wake-up."""
    something_to_send(db)
    assert rows_and_jobs(db) == (1, 0)


# ---- what goes wrong -------------------------------------------------------------------------------------------


def test_a_failing_job_is_tried_so_often_and_then_it_is_an_alarm(
    rooms: Rooms, crew: Callable[[], Crew], rota: Callable[..., None], said: list[tuple[str, dict[str, Any]]]
) -> None:
    tries: list[int] = []

    def fail(_services: object) -> None:
        tries.append(1)
        raise ValueError("山田さんの家は")

    before = metrics.ALARMS.labels("job.failed")._value.get()
    duty = Duty("fails", fail, seconds=60)
    rota(duty)
    crew()
    ask(rooms.db, duty.job)
    wait_until(lambda: standing(rooms.db) == (0, 0, 1))
    assert len(tries) == QUICK.tries
    assert said == [
        ("job.trouble", {"job": "fails", "tries": 1}),
        ("job.trouble", {"job": "fails", "tries": 2}),
        ("job.trouble", {"job": "fails", "tries": 3}),
        ("job.failed", {"job": "fails", "tries": 3}),
    ]
    assert metrics.ALARMS.labels("job.failed")._value.get() == before + 1
    ask(rooms.db, duty.job)
    wait_until(lambda: standing(rooms.db) == (0, 0, 2), 10)  # it keeps nobody from the next turn


MORTAL = """
import functools, os, signal, sys, time
sys.path[:0] = {path!r}
from rooms import QUICK, Rooms
from storage.crypto import cipher_from
from storage.database import open_database
from storage import freezing
from jobs import duties
from jobs.duties import Duty
from jobs.engine import Crew

freezing.freeze = functools.partial(freezing.freeze, chunk_size=1)
freezing.AT_ONCE = 1
whole, parts = freezing.go_on, []

def part(work, broadcast_id):
    more = whole(work, broadcast_id)
    parts.append(1)
    if len(parts) == 2:
        os.kill(os.getpid(), signal.SIGKILL)  # its second part is written, and not committed
        time.sleep(60)
    return more

freezing.go_on = part
Crew(Rooms(open_database({url!r}, cipher_from({keys!r}))), QUICK).start()
print("at work", flush=True)
time.sleep(60)
"""


def test_what_a_killed_worker_was_at_is_taken_up_by_another(
    rooms: Rooms,
    five_friends: list[str],
    crew: Callable[[], Crew],
    said: list[tuple[str, dict[str, Any]]],
    database_url: str,
) -> None:
    made = planned(rooms.db, rooms.db.clock())
    timetable.forget_broadcast(rooms.db, made.id)
    code = MORTAL.format(path=[str(HERE), str(HERE.parent)], url=database_url, keys=KEYS)
    mortal = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert mortal.stdout is not None
        assert mortal.stdout.readline() == "at work\n"
        ask(rooms.db, duties.due(made.id, made.due_at))
        assert mortal.wait(60) == -signal.SIGKILL
    finally:
        mortal.kill()
    assert standing(rooms.db) == (0, 1, 0)
    assert len(parts_of(rooms.db)) == 1
    crew()
    wait_until(lambda: standing(rooms.db) == (0, 0, 0))
    assert parts_of(rooms.db) == [0, 1, 2, 3], "each part once, and none missing"
    assert [name for name, more in said if more.get("job") == duties.BROADCAST] == ["job.stalled"]


def parts_of(db: Database) -> list[int]:
    with db.look() as work:
        return list(work.conn.exec_driver_sql("SELECT chunk FROM outbox ORDER BY chunk").scalars())


def doing(db: Database, *jobs: Job, attempts: int = 0) -> None:
    """These were begun by a worker that is gone."""
    for job in jobs:
        assert ask(db, job)
        with db.work() as work:
            work.conn.exec_driver_sql(
                f"UPDATE procrastinate_jobs SET status = 'doing', attempts = {attempts} WHERE status = 'todo'"
            )


def test_a_job_that_kills_whoever_takes_it_ends_as_an_alarm(
    rooms: Rooms, crew: Callable[[], Crew], said: list[tuple[str, dict[str, Any]]]
) -> None:
    doing(rooms.db, Job("poison"), attempts=QUICK.tries - 1)
    crew()
    wait_until(lambda: standing(rooms.db) == (0, 0, 1))
    assert [name for name, _ in said] == ["job.stalled", "job.failed"]


def test_two_workers_who_look_at_the_same_moment_take_a_job_up_once(
    db: Database, together: Callable[..., list[Any]]
) -> None:
    doing(db, Job("a"), Job("b"), Job("c"))

    def look(_number: int) -> int:
        with db.work() as work:
            return len(jobs_queue.take_up_again(work, 5))

    assert sum(together(6, look)) == 3
    assert standing(db) == (3, 0, 0)


def test_a_stalled_job_for_which_another_waits_just_goes(db: Database) -> None:
    """Procrastinate's own recipe fails here for ever: two of one queueing lock cannot wait (its issue 1446)."""
    doing(db, WAKE_UP)
    assert ask(db, WAKE_UP)
    with db.work() as work:
        assert [each.failed for each in jobs_queue.take_up_again(work, 5)] == [False]
    assert standing(db) == (1, 0, 0)
    with db.work() as work:  # and of two dead ones with one mark, one goes
        work.conn.exec_driver_sql("UPDATE procrastinate_jobs SET status = 'doing'")
    doing(db, WAKE_UP)
    with db.work() as work:
        assert len(jobs_queue.take_up_again(work, 5)) == 2
    assert standing(db) == (1, 0, 0)


def test_what_is_planned_again_while_it_fails_is_still_tried_again(
    rooms: Rooms, crew: Callable[[], Crew], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two jobs for one due time: where they bore one mark, the first could never wait for its next try."""
    made = planned(rooms.db, rooms.db.clock())
    tried: list[int] = []

    def begin(*_services: object, **given: str) -> None:
        tried.append(1)
        if len(tried) == 1:
            ask(rooms.db, duties.due(given["broadcast_id"], made.due_at))
            raise OSError("the disk is full")

    monkeypatch.setattr(duties, "begin", begin)
    crew()
    ask(rooms.db, duties.due(made.id, made.due_at))
    wait_until(lambda: standing(rooms.db) == (0, 0, 0))
    assert len(tried) == 3


def test_workers_go_on_when_the_database_was_away(
    rooms: Rooms, crew: Callable[[], Crew], rota: Callable[..., None], said: list[tuple[str, dict[str, Any]]]
) -> None:
    done: list[int] = []
    duty = Duty("count", lambda _: done.append(1), seconds=60)
    rota(duty)
    crew()
    ask(rooms.db, duty.job)
    wait_until(lambda: len(done) == 1)
    with rooms.db.work() as work:
        work.conn.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    ask(rooms.db, duty.job)
    wait_until(lambda: len(done) == 2, 20)


# ---- what is kept, and what is said ----------------------------------------------------------------------------


def test_what_succeeded_goes_at_once_and_what_failed_after_thirty_days(
    rooms: Rooms, crew: Callable[[], Crew], clock: Clock
) -> None:
    crew()
    ask(rooms.db, WAKE_UP)
    assert rooms.bell.wait(5)
    wait_until(lambda: rows_and_jobs(rooms.db) == (0, 0))
    doing(rooms.db, Job("poison"), attempts=QUICK.tries)
    wait_until(lambda: standing(rooms.db) == (0, 0, 1))
    for days, gone in ((29, 0), (31, 1)):
        clock.now = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
        with rooms.db.work() as work:
            assert jobs_queue.forget_old(work) == gone


def test_jobs_that_nobody_does_are_an_alarm_once_an_hour(
    rooms: Rooms, said: list[tuple[str, dict[str, Any]]]
) -> None:
    ask(rooms.db, WAKE_UP)
    timetable.prepare(rooms.db)
    timetable.minute(rooms.db)
    assert said == []
    with rooms.db.work() as work:
        work.conn.exec_driver_sql("UPDATE procrastinate_events SET at = at - interval '6 minutes'")
    timetable.minute(rooms.db)
    timetable.minute(rooms.db)
    assert [(name, more["waiting"]) for name, more in said] == [("jobs.nobody_works", 1)]


def test_a_job_holds_a_name_and_ids_and_nothing_else(rooms: Rooms, five_friends: list[str]) -> None:
    made = planned(rooms.db, rooms.db.clock())
    for job in (*(duty.job for duty in DUTIES), WAKE_UP, duties.due(made.id, made.due_at)):
        ask(rooms.db, job)
    with rooms.db.look() as work:
        rows = (
            work.conn.exec_driver_sql("SELECT args FROM procrastinate_jobs WHERE args <> '{}'")
            .scalars()
            .all()
        )
    assert rows == [{"broadcast_id": made.id, "due_at": made.due_at.isoformat()}]


def test_everything_of_it_can_be_taken_away_and_made_again(db: Database) -> None:
    from storage import migrate

    path = Path(migrate.__file__).parent / "migrations" / "procrastinate_3_10.sql"
    with db.work() as work:
        jobs_queue.remove(work.conn)
        jobs_queue.remove(work.conn)
        left = "SELECT count(*) FROM pg_proc WHERE proname LIKE 'procrastinate%%'"
        assert work.conn.exec_driver_sql(left).scalar() == 0
        driver: Any = work.conn.connection
        driver.cursor().execute(path.read_text("utf-8"))
    assert ask(db, WAKE_UP)


def test_monitors_see_how_many_jobs_there_are_and_that_nobody_does_them(rooms: Rooms) -> None:
    app = Flask("monitored")
    app.register_blueprint(health.blueprint(rooms))  # type: ignore[arg-type]
    seen = app.test_client()
    doing(rooms.db, Job("begun"))
    ask(rooms.db, WAKE_UP)
    shown = seen.get("/metrics").get_data(as_text=True)
    for state, count in {"waiting": 1, "doing": 1, "stalled": 1, "failed": 0}.items():
        assert f'tsunagari_jobs{{state="{state}"}} {count}.0' in shown
    assert seen.get("/readyz").status_code == 200
    with rooms.db.work() as work:
        work.conn.exec_driver_sql("UPDATE procrastinate_events SET at = at - interval '6 minutes'")
    answer = seen.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["wrong"] == ["jobs: no worker does what 1 of them wait for"]


def test_whoever_writes_at_the_terminal_wakes_a_sender(database_url: str) -> None:
    with open_db(replace(settings(), database_url=database_url, keys=KEYS)) as db:
        something_to_send(db)
        assert rows_and_jobs(db) == (1, 1)
