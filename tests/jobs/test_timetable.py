"""The timetable: due times survive restarts, come from other processes, and fire once however many look on."""

from __future__ import annotations

import datetime as dt
import json
import pickle
import time
from collections.abc import Iterator
from typing import Any

import pytest
from apscheduler.triggers.interval import IntervalTrigger
from rooms import Rooms, at_work, planned
from surroundings import Clock
from waiting import wait_until

from jobs import timetable
from storage import broadcasts, outbox
from storage.database import open_database
from storage.work import Database


@pytest.fixture(autouse=True)
def real_time(clock: Clock, db: Database) -> Iterator[None]:
    """APScheduler looks at the real clock, so the database's clock stands at the same time."""
    clock.now = dt.datetime.now(dt.UTC)
    timetable.prepare(db)
    timetable.sync(db)  # drops what another test left on PostgreSQL
    yield
    for left in timetable.planned(db):
        timetable.forget_broadcast(db, left)


def soon(**by: float) -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(**by)


def statuses(db: Database) -> set[str]:
    with db.look() as work:
        return {each.status for each in broadcasts.listed(work)}


def test_two_timetables_fire_twenty_broadcasts_of_one_second_once_each(
    rooms: Rooms, five_friends: list[str], database_url: str, clock: Clock
) -> None:
    other = Rooms(open_database(database_url, rooms.db.cipher, clock))
    due_at = soon(seconds=2).replace(microsecond=0)
    made = [planned(rooms.db, due_at) for _ in range(20)]
    running = [at_work(rooms), at_work(other)]
    try:
        wait_until(lambda: statuses(rooms.db) == {"sending"}, 20)
        time.sleep(1.2)  # one more beat, in which a second firing would show
    finally:
        for each in running:
            each.stop()
        other.db.close()
    with rooms.db.work() as work:
        rows = outbox.claim(work, 100)
    assert sorted(row.broadcast_id or "" for row in rows) == sorted(each.id for each in made)
    assert timetable.planned(rooms.db) == {}


def test_a_broadcast_that_another_process_adds_is_seen_within_two_seconds(
    rooms: Rooms, five_friends: list[str]
) -> None:
    running = at_work(rooms)
    try:
        time.sleep(0.3)
        planned(rooms.db, soon(seconds=0.2))
        wait_until(lambda: statuses(rooms.db) == {"sending"}, 3)
    finally:
        running.stop()


def test_a_due_time_outlives_the_process_that_planned_it(rooms: Rooms, five_friends: list[str]) -> None:
    at_work(rooms).stop()
    planned(rooms.db, soon(seconds=-30))  # came due while nothing ran
    running = at_work(rooms)
    try:
        wait_until(lambda: statuses(rooms.db) == {"sending"}, 5)
    finally:
        running.stop()


def test_what_came_due_hours_ago_is_missed_rather_than_sent(rooms: Rooms, five_friends: list[str]) -> None:
    planned(rooms.db, soon(hours=-3))
    running = at_work(rooms)
    try:
        wait_until(lambda: statuses(rooms.db) == {"missed"}, 5)
    finally:
        running.stop()
    with rooms.db.work() as work:
        assert outbox.claim(work, 10) == []


def test_a_forgotten_broadcast_does_not_come_due(rooms: Rooms) -> None:
    made = planned(rooms.db, soon(hours=1))
    timetable.forget_broadcast(rooms.db, made.id)
    assert timetable.planned(rooms.db) == {}


def test_planning_again_moves_the_due_time(rooms: Rooms) -> None:
    made = planned(rooms.db, soon(hours=1))
    later = soon(hours=2)
    timetable.plan_broadcast(rooms.db, made.id, later)
    assert timetable.planned(rooms.db) == {made.id: later}


def test_sync_gives_a_scheduled_broadcast_its_lost_entry_back_and_drops_left_over_ones(rooms: Rooms) -> None:
    made = planned(rooms.db, soon(hours=1))
    timetable.forget_broadcast(rooms.db, made.id)
    timetable.plan_broadcast(rooms.db, "0" * 32, soon(hours=1))
    assert timetable.sync(rooms.db) == 2
    assert set(timetable.planned(rooms.db)) == {made.id}
    assert timetable.sync(rooms.db) == 0


def test_a_row_holds_ids_only_and_no_pickle(rooms: Rooms) -> None:
    made = planned(rooms.db, soon(hours=1))
    with rooms.db.look() as work:
        ((state,),) = work.conn.exec_driver_sql("SELECT job_state FROM apscheduler_jobs").all()
    assert set(json.loads(bytes(state))) == {"broadcast", "due_at"}
    assert json.loads(bytes(state))["broadcast"] == made.id
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(bytes(state))


def test_the_timetable_goes_on_when_the_database_was_away_for_a_moment(
    rooms: Rooms, five_friends: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = at_work(rooms)
    monkeypatch.setattr(timetable, "AFTER_TROUBLE", dt.timedelta(seconds=0.5))
    try:

        def away(*_: Any) -> Any:
            raise OSError("the database is away")

        with monkeypatch.context() as trouble:
            trouble.setattr(timetable.DueTimes, "get_due_jobs", away)
            time.sleep(1.5)
        planned(rooms.db, soon(seconds=0.2))
        wait_until(lambda: statuses(rooms.db) == {"sending"}, 15)
    finally:
        running.stop()


def test_ten_years_that_the_clock_leaves_out_are_one_beat() -> None:
    """A machine whose battery is empty begins in 2016: what is put right then must not be done second by second."""
    begin = dt.datetime(2016, 12, 1, 10, 0, tzinfo=dt.UTC)
    beat = timetable.Beat(seconds=1, start_date=begin)
    assert beat.get_next_fire_time(None, begin) == begin
    assert beat.get_next_fire_time(begin, begin) == begin + dt.timedelta(seconds=1)
    now = begin + dt.timedelta(days=3_653, seconds=0.5)
    following = beat.get_next_fire_time(begin, now)
    assert following == now + dt.timedelta(seconds=0.5)
    assert beat.get_next_fire_time(following, following) == following + dt.timedelta(seconds=1)


def test_everything_that_comes_each_second_or_minute_beats_like_this(rooms: Rooms) -> None:
    running = at_work(rooms)
    try:
        triggers = [job.trigger for job in running.timetable.scheduler.get_jobs(jobstore=timetable.RHYTHM)]
    finally:
        running.stop()
    in_seconds = [each for each in triggers if isinstance(each, IntervalTrigger)]
    assert len(in_seconds) > 3
    assert all(isinstance(each, timetable.Beat) for each in in_seconds)


def test_all_timetables_beat_at_the_same_moments_also_behind_a_clock_that_was_put_back(rooms: Rooms) -> None:
    """So a turn has one name for all of them; and where a day and a half come twice, none sleeps until they are over."""
    trigger = timetable.Beat(minutes=1, start_date=timetable.ORIGIN)
    now = dt.datetime(2026, 12, 1, 10, 0, 17, tzinfo=dt.UTC)
    first = trigger.get_next_fire_time(None, now)
    assert first == now.replace(second=0) + dt.timedelta(minutes=1)
    assert trigger.get_next_fire_time(now, now) == first
    assert trigger.get_next_fire_time(first, now) == now.replace(second=0) + dt.timedelta(minutes=2)
    for back in (dt.timedelta(days=1.5), dt.timedelta(days=365 * 40)):
        due = trigger.get_next_fire_time(None, now - back)
        assert due is not None
        assert dt.timedelta() <= due - (now - back) <= dt.timedelta(minutes=1)
