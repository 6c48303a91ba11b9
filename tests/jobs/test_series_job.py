"""A series: of each exactly the next turn waits, whatever happens to the one before, to the clock, or to the process."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

import pytest
from rooms import Rooms, at_work
from sqlalchemy import func, select
from surroundings import Clock

from bot.recurrence import TOKYO, Dates, EveryDays, MonthDays, Pattern, Rule
from jobs import broadcast, series, timetable
from storage import broadcast_series, broadcasts, outbox
from storage.broadcast_series import Series
from storage.broadcasts import Broadcast
from storage.database import open_database
from storage.segments import EVERYONE
from storage.transitions import NotPermitted
from storage.work import Database

FIRST = dt.date(2026, 12, 1)  # the clock of the tests begins on this Tuesday, at 10:00
pytestmark = pytest.mark.usefixtures("five_friends")


def begin(
    db: Database,
    pattern: Pattern | None = None,
    at: str = "10:30",
    late: int = 60,
    urgent_reason: str | None = None,
    **more: Any,
) -> Series:
    rule = Rule(dt.time.fromisoformat(at), pattern or EveryDays(), FIRST, **more)
    with db.work() as work:
        made, _ = series.begin(
            work,
            "default",
            "地域食堂",
            [{"text": "地域食堂のお知らせです。"}],
            EVERYONE,
            rule,
            created_by="test",
            late_limit=dt.timedelta(minutes=late),
            urgent_reason=urgent_reason,
        )
    return made


def turns(db: Database, made: Series) -> list[tuple[str, str]]:
    """Day and state of each turn, the first one first."""
    with db.look() as work:
        found = broadcasts.listed(work, series_id=made.id)
    return [(f"{one.due_at.astimezone(TOKYO):%m-%d %H:%M}", one.status) for one in reversed(found)]


def waiting(db: Database, made: Series) -> Broadcast:
    with db.look() as work:
        (found,) = [one for one in broadcasts.listed(work, series_id=made.id) if one.status == "scheduled"]
    return found


def state(db: Database, made: Series) -> str:
    with db.look() as work:
        found = broadcast_series.get(work, made.id)
    assert found is not None
    return found.status


def fire(rooms: Rooms, made: Series) -> bool:
    one = waiting(rooms.db, made)
    return broadcast.fire(rooms, one.id, one.due_at)


def sent(db: Database) -> int:
    with db.work() as work:
        return len(outbox.claim(work, 1000))


def in_town(clock: Clock, day: int, at: str, month: int = 12) -> None:
    clock.now = dt.datetime.combine(dt.date(2026, month, day), dt.time.fromisoformat(at), TOKYO)


def test_a_turn_carries_all_that_the_series_says(rooms: Rooms) -> None:
    made = begin(rooms.db, urgent_reason="避難所のため", late=5)
    one = waiting(rooms.db, made)
    assert (one.messages, one.segment, one.late_limit) == (made.messages, made.segment, made.late_limit)
    assert (one.series_id, one.urgent_reason, one.created_by) == (made.id, "避難所のため", "test")
    assert turns(rooms.db, made) == [("12-01 10:30", "scheduled")]


def test_when_a_turn_begins_the_next_one_waits(rooms: Rooms, clock: Clock) -> None:
    made = begin(rooms.db)
    clock.move(minutes=30)
    assert fire(rooms, made)
    assert turns(rooms.db, made) == [("12-01 10:30", "sending"), ("12-02 10:30", "scheduled")]


def test_a_rule_without_a_day_to_come_makes_nothing(rooms: Rooms) -> None:
    with pytest.raises(ValueError, match="no day to come"):
        begin(rooms.db, Dates(frozenset({FIRST})), at="09:00")
    with rooms.db.look() as work:
        assert broadcast_series.listed(work) == ()


def test_after_its_last_turn_a_series_has_ended(rooms: Rooms, clock: Clock) -> None:
    made = begin(rooms.db, last=FIRST)
    clock.move(minutes=30)
    assert fire(rooms, made)
    assert state(rooms.db, made) == "ended"
    assert turns(rooms.db, made) == [("12-01 10:30", "sending")]


def test_the_end_of_the_year_is_a_day_like_another(rooms: Rooms, clock: Clock) -> None:
    in_town(clock, 31, "10:00")
    made = begin(rooms.db)
    in_town(clock, 31, "10:30")
    assert fire(rooms, made)
    assert turns(rooms.db, made)[-1] == ("01-01 10:30", "scheduled")
    assert waiting(rooms.db, made).due_at == dt.datetime(2027, 1, 1, 1, 30, tzinfo=dt.UTC)


def test_an_outage_of_five_days_leaves_one_missed_turn_and_the_next_to_come(
    rooms: Rooms, clock: Clock
) -> None:
    made = begin(rooms.db)
    clock.move(days=5)
    assert not fire(rooms, made)
    assert turns(rooms.db, made) == [("12-01 10:30", "missed"), ("12-06 10:30", "scheduled")]
    assert sent(rooms.db) == 0


def test_a_turn_that_would_begin_late_and_at_night_is_missed(rooms: Rooms, clock: Clock) -> None:
    made = begin(rooms.db, at="20:50", late=60)
    in_town(clock, 1, "21:00")
    assert not fire(rooms, made)
    assert turns(rooms.db, made) == [("12-01 20:50", "missed"), ("12-02 20:50", "scheduled")]


def test_a_minute_before_the_night_it_is_sent(rooms: Rooms, clock: Clock) -> None:
    made = begin(rooms.db, at="20:50", late=60)
    in_town(clock, 1, "20:59")
    assert fire(rooms, made)


def test_what_is_urgent_is_sent_late_at_night(rooms: Rooms, clock: Clock) -> None:
    made = begin(rooms.db, at="20:50", late=60, urgent_reason="大雪のため")
    in_town(clock, 1, "21:40")
    assert fire(rooms, made)


def test_what_may_not_be_late_at_all_still_has_two_minutes_for_the_look_of_each_minute(
    rooms: Rooms, clock: Clock
) -> None:
    made = begin(rooms.db, late=0)
    in_town(clock, 1, "10:32")
    assert fire(rooms, made)
    in_town(clock, 2, "10:33")
    assert not fire(rooms, made)
    assert turns(rooms.db, made)[1:] == [("12-02 10:30", "missed"), ("12-03 10:30", "scheduled")]


def test_cancelling_one_turn_goes_on_with_the_next(rooms: Rooms) -> None:
    made = begin(rooms.db)
    with rooms.db.work() as work:
        coming = series.cancel_one(work, waiting(rooms.db, made))
    assert coming is not None
    assert turns(rooms.db, made) == [("12-01 10:30", "cancelled"), ("12-02 10:30", "scheduled")]
    assert series.repair(rooms.db) == 0


def test_cancelling_a_turn_in_the_middle_of_sending_leaves_the_next_as_it_is(
    rooms: Rooms, clock: Clock
) -> None:
    made = begin(rooms.db)
    clock.move(minutes=30)
    one = waiting(rooms.db, made)
    assert fire(rooms, made)
    with rooms.db.work() as work:
        assert series.cancel_one(work, one) is None
    assert turns(rooms.db, made) == [("12-01 10:30", "cancelled"), ("12-02 10:30", "scheduled")]


def pause(db: Database, made: Series) -> None:
    with db.work() as work:
        found = broadcast_series.lock(work, made.id)
        assert found is not None
        series.pause(work, found)


def resume(db: Database, made: Series) -> None:
    with db.work() as work:
        found = broadcast_series.lock(work, made.id)
        assert found is not None
        series.resume(work, found)


def test_a_paused_series_has_no_turn_and_goes_on_from_the_day_it_is_resumed(
    rooms: Rooms, clock: Clock
) -> None:
    made = begin(rooms.db)
    pause(rooms.db, made)
    assert turns(rooms.db, made) == []
    assert series.repair(rooms.db) == 0
    clock.move(days=3)
    resume(rooms.db, made)
    assert turns(rooms.db, made) == [("12-04 10:30", "scheduled")]


def test_pausing_does_not_bring_back_a_turn_that_was_cancelled(rooms: Rooms) -> None:
    made = begin(rooms.db)
    with rooms.db.work() as work:
        series.cancel_one(work, waiting(rooms.db, made))
    pause(rooms.db, made)
    resume(rooms.db, made)
    assert turns(rooms.db, made) == [("12-01 10:30", "cancelled"), ("12-02 10:30", "scheduled")]


def test_a_series_that_is_resumed_after_its_last_day_has_ended(rooms: Rooms, clock: Clock) -> None:
    made = begin(rooms.db, last=FIRST)
    pause(rooms.db, made)
    clock.move(days=1)
    resume(rooms.db, made)
    assert state(rooms.db, made) == "ended"


def test_a_turn_that_comes_due_while_its_series_is_paused_is_no_error(rooms: Rooms, clock: Clock) -> None:
    made = begin(rooms.db)
    one = waiting(rooms.db, made)
    clock.move(minutes=30)
    pause(rooms.db, made)
    assert not broadcast.fire(rooms, one.id, one.due_at)
    assert sent(rooms.db) == 0


def test_a_turn_whose_series_was_paused_meanwhile_cannot_be_cancelled(rooms: Rooms) -> None:
    made = begin(rooms.db)
    one = waiting(rooms.db, made)
    pause(rooms.db, made)
    with rooms.db.work() as work, pytest.raises(NotPermitted):
        series.cancel_one(work, one)


def test_a_cancelled_series_has_no_further_turn_and_stays_cancelled(rooms: Rooms) -> None:
    made = begin(rooms.db)
    with rooms.db.work() as work:
        series.cancel(work, made)
    assert turns(rooms.db, made) == [("12-01 10:30", "cancelled")]
    assert series.repair(rooms.db) == 0
    for deed in (pause, resume):
        with pytest.raises(NotPermitted):
            deed(rooms.db, made)
    assert state(rooms.db, made) == "cancelled"


# ---- the clock, and processes that die ------------------------------------------------------------------------------


def test_the_look_of_each_minute_gives_a_series_its_lost_turn_back(rooms: Rooms) -> None:
    made = begin(rooms.db)
    with rooms.db.work() as work:
        broadcasts.withdraw(work, waiting(rooms.db, made).id)
    timetable.prepare(rooms.db)
    assert timetable.sync(rooms.db) == 2  # the turn and its entry
    assert turns(rooms.db, made) == [("12-01 10:30", "scheduled")]
    assert timetable.planned(rooms.db) == {waiting(rooms.db, made).id: waiting(rooms.db, made).due_at}
    assert timetable.sync(rooms.db) == 0


def test_where_the_clock_was_ahead_for_a_while_no_day_is_lost_and_none_comes_twice(
    rooms: Rooms, clock: Clock
) -> None:
    made = begin(rooms.db)
    clock.move(days=5)
    assert not fire(rooms, made)  # missed, since the clock says so
    clock.move(days=-5)
    assert series.repair(rooms.db) == 1
    assert turns(rooms.db, made) == [("12-01 10:30", "missed"), ("12-02 10:30", "scheduled")]
    assert series.repair(rooms.db) == 0


def test_where_the_clock_is_put_back_a_turn_that_was_sent_is_not_sent_again(
    rooms: Rooms, clock: Clock
) -> None:
    made = begin(rooms.db)
    clock.move(minutes=30)
    assert fire(rooms, made)
    clock.move(days=-1)
    series.repair(rooms.db)
    assert turns(rooms.db, made) == [("12-01 10:30", "sending"), ("12-02 10:30", "scheduled")]


def test_a_turn_whose_time_has_come_is_not_taken_back(rooms: Rooms, clock: Clock) -> None:
    made = begin(rooms.db)
    clock.move(minutes=31)
    assert series.repair(rooms.db) == 0
    assert turns(rooms.db, made) == [("12-01 10:30", "scheduled")]


def test_one_rule_that_cannot_be_read_harms_no_other_series(rooms: Rooms) -> None:
    broken, whole = begin(rooms.db), begin(rooms.db)
    with rooms.db.work() as work:
        table = broadcast_series.broadcast_series
        work.conn.execute(table.update().where(table.c.id == broken.id).values(rule="{}"))
        for made in (broken, whole):
            broadcasts.withdraw(work, waiting(rooms.db, made).id)
    assert series.repair(rooms.db) == 1
    assert turns(rooms.db, broken) == []
    assert turns(rooms.db, whole) == [("12-01 10:30", "scheduled")]


def test_of_eight_that_repair_at_once_one_makes_the_turn(
    rooms: Rooms, together: Callable[..., list[Any]]
) -> None:
    made = begin(rooms.db)
    with rooms.db.work() as work:
        broadcasts.withdraw(work, waiting(rooms.db, made).id)
    together(8, lambda _number: series.repair(rooms.db))
    assert turns(rooms.db, made) == [("12-01 10:30", "scheduled")]


def test_pausing_while_the_turn_begins_ends_in_one_of_two_ways(
    rooms: Rooms, clock: Clock, together: Callable[..., list[Any]]
) -> None:
    for _ in range(5):
        made = begin(rooms.db, at=f"{clock().astimezone(TOKYO) + dt.timedelta(minutes=1):%H:%M}")
        one = waiting(rooms.db, made)
        clock.move(minutes=1)
        deeds = (lambda: pause(rooms.db, made), lambda: broadcast.fire(rooms, one.id, one.due_at))  # noqa: B023
        together(2, lambda number: deeds[number]())  # noqa: B023
        assert state(rooms.db, made) == "paused"
        assert [status for _, status in turns(rooms.db, made)] in ([], ["sending"])


def test_a_hundred_series_due_in_the_same_second_fire_once_each_with_two_timetables(
    rooms: Rooms, database_url: str, clock: Clock
) -> None:
    """In real time: each has a turn two seconds ahead, and the turn of its rule follows."""
    clock.now = dt.datetime.now(dt.UTC)
    timetable.prepare(rooms.db)
    timetable.sync(rooms.db)
    due_at = clock.now.replace(microsecond=0) + dt.timedelta(seconds=2)
    tomorrow = (clock.now.astimezone(TOKYO) + dt.timedelta(days=1)).date()
    with rooms.db.work() as work:
        for _ in range(100):
            rule = Rule(dt.time(10), MonthDays(frozenset(range(1, 32))), tomorrow)
            _made, first = series.begin(
                work, "default", "", [{"text": "a"}], EVERYONE, rule,
                created_by="test", late_limit=dt.timedelta(hours=1),
            )  # fmt: skip
            moved = broadcasts.broadcasts.update().where(broadcasts.broadcasts.c.id == first.id)
            work.conn.execute(moved.values(due_at=due_at))
    timetable.sync(rooms.db)
    other = Rooms(open_database(database_url, rooms.db.cipher, clock))
    running = [at_work(each) for each in (rooms, other)]
    try:
        end = time.monotonic() + 60
        while count(rooms.db, "sending") < 100:
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(0.2)
        time.sleep(1.2)  # one more beat, in which a second firing would show
    finally:
        for each in running:
            each.stop()
        other.db.close()
    assert (count(rooms.db, "sending"), count(rooms.db, "scheduled")) == (100, 100)
    with rooms.db.work() as work:
        chunks = outbox.claim(work, 1000)
        names = {each.broadcast_id for each in chunks}
        for each in broadcasts.scheduled(work):
            assert each.due_at.astimezone(TOKYO) == Rule(dt.time(10), EveryDays(), tomorrow).moment(tomorrow)
    assert (len(chunks), len(names)) == (100, 100)
    timetable.sync(rooms.db)
    assert len(timetable.planned(rooms.db)) == 100
    for left in timetable.planned(rooms.db):
        timetable.forget_broadcast(rooms.db, left)


def count(db: Database, status: str) -> int:
    table = broadcasts.broadcasts
    with db.look() as work:
        return work.conn.execute(select(func.count()).where(table.c.status == status)).scalar_one()
