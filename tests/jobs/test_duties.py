"""One list of what is done by the clock, for one machine and for many."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from procrastinate.schema import SchemaManager
from rooms import Rooms, at_work
from surroundings import Clock

from jobs import duties, timetable
from jobs.duties import DUTIES, Duty
from storage import jobs_queue, migrate
from storage.jobs_queue import ALONE


def test_the_same_function_is_called_with_the_same_services_on_both_databases(
    rooms: Rooms, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[object, str]] = []

    def look(services: object) -> None:
        called.append((services, threading.current_thread().name))

    clock.now = dt.datetime.now(dt.UTC)
    for room in (timetable, duties):
        monkeypatch.setattr(room, "DUTIES", (Duty("look", look, seconds=1),))
    running = at_work(rooms)
    try:
        end = time.monotonic() + 15
        while not called:
            assert time.monotonic() < end
            time.sleep(0.02)
    finally:
        running.stop()
    services, thread = called[0]
    assert services is rooms
    assert thread.startswith("job_" if jobs_queue.serves(rooms.db) else "ThreadPoolExecutor")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_on_sqlite_nothing_of_it_is_there_or_needed(rooms: Rooms) -> None:
    with rooms.db.look() as work:
        found = work.conn.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE name LIKE 'procrastinate%'"
        ).all()
        assert found == []
        assert jobs_queue.standing(work) == jobs_queue.Standing()
    with rooms.db.work() as work:
        assert jobs_queue.forget_old(work) == 0
    code = (
        "import sys; sys.modules.update({'procrastinate': None, 'psycopg_pool': None});"
        "from bot.cli.serve import Engine; from jobs import timetable; print('whole')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "whole\n"


def test_every_duty_has_a_time_of_its_own_and_a_name_that_no_other_job_has() -> None:
    names = [duty.name for duty in duties.DUTIES]
    assert len({*names, duties.BROADCAST, jobs_queue.WAKE_UP.name}) == len(names) + 2
    for duty in duties.DUTIES:
        assert (duty.seconds is None) != (duty.minute is None), duty.name


def test_a_turn_is_the_same_for_two_clocks_that_look_at_it_some_seconds_apart() -> None:
    minute, ten = Duty("a", print, seconds=60), Duty("b", print, seconds=10)
    early = dt.datetime(2026, 12, 1, 10, 0, 1, tzinfo=dt.UTC)
    late = early + dt.timedelta(seconds=57)
    assert minute.turn(early) == minute.turn(late) == early.replace(second=0)
    assert (ten.turn(early), ten.turn(late)) == (early.replace(second=0), early.replace(second=50))


def test_who_may_be_in_danger_has_a_queue_of_its_own() -> None:
    assert [duty.name for duty in DUTIES if duty.job.queue == ALONE] == ["dangers"]


def test_the_schema_is_that_of_the_installed_release() -> None:
    """A newer release that changes it needs a migration of its own: see storage/migrations/versions/0023."""
    ours = Path(migrate.__file__).parent / "migrations" / "procrastinate_3_10.sql"
    assert ours.read_text("utf-8") == SchemaManager.get_schema()
