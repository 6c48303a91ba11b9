"""Exactly once: four timetables on one database, many broadcasts due in the same second, clocks that jump, the turns of
months and years, and a machine that thinks it is elsewhere. All in processes as an operator starts them."""

from __future__ import annotations

import datetime as dt
import signal
from zoneinfo import ZoneInfo

import pytest
from killing import PATIENCE, Deathbed, Mortal, begun_in_parts
from sqlalchemy import func, select
from waiting import wait_until

from bot.recurrence import LAST, MonthDays, Pattern, Rule
from jobs import series, timetable
from storage import broadcasts, jobs_queue, outbox
from storage.broadcasts import Broadcast
from storage.segments import EVERYONE

HARD = pytest.mark.hard
TOKYO = ZoneInfo("Asia/Tokyo")
CLOCK, SENDER = ("work", "--role", "clock"), ("work", "--role", "sender")
on_sqlite = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=HARD)], indirect=True
)


def town_time(year: int, month: int, day: int, hour: int, minute: int = 0, second: int = 0) -> dt.datetime:
    return dt.datetime(year, month, day, hour, minute, second, tzinfo=TOKYO)


def runs(bed: Deathbed, count: int = 1, **more: str) -> list[Mortal]:
    """So many timetables, all of them at work; on PostgreSQL they only ask, and the last process is who does it."""
    known = len(bed.events("work.started"))
    roles = [CLOCK] * count + [SENDER] * jobs_queue.serves(bed.db)
    begun = [bed.begins(*role, **more) for role in roles]
    wait_until(
        lambda: len(bed.events("work.started")) >= known + len(roles), PATIENCE, what="the timetables run"
    )
    return begun


def plan(bed: Deathbed, due_at: dt.datetime, many: int = 1, late: int = 60) -> list[Broadcast]:
    timetable.prepare(bed.db)
    with bed.db.work() as work:
        made = [
            broadcasts.schedule(
                work, "default", [{"text": f"{number}番のお知らせ"}], EVERYONE, due_at,
                created_by="test", late_limit=dt.timedelta(minutes=late),
            )
            for number in range(many)
        ]  # fmt: skip
    timetable.sync(bed.db)
    return made


def begun(bed: Deathbed, made: list[Broadcast]) -> list[int]:
    """How often each was begun: the outbox holds one part for each time."""
    rows = outbox.outbox.c
    with bed.db.look() as work:
        counts = dict(
            work.conn.execute(select(rows.broadcast_id, func.count()).group_by(rows.broadcast_id)).all()  # type: ignore[arg-type]
        )
    return [counts.get(each.id, 0) for each in made]


@pytest.mark.parametrize(
    ("database_url", "many", "kills"),
    [
        pytest.param("sqlite", 20, 4, id="small-sqlite"),
        pytest.param("postgresql", 20, 4, id="small-postgresql"),
        *(
            pytest.param(database, 100, kills, id=f"{kills} kills-{database}", marks=HARD)
            for database in ("sqlite", "postgresql")
            for kills in (0, 20)
        ),
    ],
    indirect=["database_url"],
)
def test_what_is_due_in_the_same_second_begins_once_each_with_four_timetables(
    bed: Deathbed, many: int, kills: int
) -> None:
    bed.has_people(3)
    bed.judge.behaves(seed=many)
    running = runs(bed, 4)
    worker = running.pop() if jobs_queue.serves(bed.db) else None
    due_at = (bed.clock() + dt.timedelta(seconds=3)).replace(microsecond=0)
    made = plan(bed, due_at, many)
    for number in range(kills):  # one after another, while they are at it
        wait_until(lambda: sum(begun(bed, made)) >= number * many // kills, PATIENCE, what="they begin")  # noqa: B023
        running[number % 4].kill()
        bed.kills += 1
        running[number % 4] = bed.begins(*CLOCK)
    wait_until(lambda: begun(bed, made) == [1] * many, PATIENCE, what="each has begun")
    assert {each.stop() for each in running} <= {0, -signal.SIGTERM}, "the youngest may not have listened yet"
    sender = worker or bed.begins(*SENDER)
    bed.all_is_settled()
    assert sender.stop() == 0
    for each in made:
        assert bed.status(each.id) == "sent"
        assert bed.says(str(each.messages[0]["text"]), each.id) == {"lost": 0, "twice": 0}
    timetable.sync(bed.db)  # what a dead one left in the table is swept away each minute
    assert timetable.planned(bed.db) == {}
    bed.report(f"{many} broadcasts in one second, four timetables", missed=0, double=0)


@on_sqlite
def test_clocks_that_jump_neither_miss_nor_repeat_what_is_due(bed: Deathbed) -> None:
    """It is put forward and back by hand, corrected over the network by an hour, and sleeps for three."""
    bed.has_people(3)
    bed.sets_clock(town_time(2026, 12, 1, 9))
    half_past, late, later, night, next_day = (
        plan(bed, town_time(2026, 12, day, hour, minute, 10))[0]
        for day, hour, minute in ((1, 9, 30), (1, 10, 40), (1, 12, 55), (1, 20, 30), (2, 9, 0))
    )
    everything = [half_past, late, later, night, next_day]
    running = runs(bed, 2)
    bed.sets_clock(town_time(2026, 12, 1, 10))  # an hour forward: within its limit it is sent
    wait_until(
        lambda: begun(bed, everything) == [1, 0, 0, 0, 0], PATIENCE, what="what was due meanwhile begins"
    )
    bed.sets_clock(town_time(2026, 12, 1, 9, 30, 9))  # back: its time comes a second time
    fresh = plan(bed, town_time(2026, 12, 1, 9, 30, 15))
    wait_until(
        lambda: begun(bed, fresh) == [1], PATIENCE, what="the timetables do not sleep until it is ten again"
    )
    assert begun(bed, everything) == [1, 0, 0, 0, 0]
    bed.sets_clock(town_time(2026, 12, 1, 13))  # it slept for three hours
    wait_until(
        lambda: begun(bed, everything) == [1, 0, 1, 0, 0], PATIENCE, what="what is late by minutes begins"
    )
    wait_until(lambda: bed.status(late.id) == "missed", PATIENCE, what="what is late by hours does not")
    bed.sets_clock(town_time(2026, 12, 1, 21, 10))  # and into the night
    wait_until(lambda: bed.status(night.id) == "missed", PATIENCE, what="nobody is woken")
    bed.sets_clock(town_time(2026, 11, 30, 9))  # a day and a half back
    fresh += plan(bed, town_time(2026, 11, 30, 9, 0, 5))
    wait_until(lambda: begun(bed, fresh) == [1, 1], PATIENCE, what="the timetables go on")
    bed.sets_clock(town_time(2026, 12, 2, 9, 0, 5))  # and all of it forward again
    wait_until(
        lambda: bed.status(next_day.id) in ("sending", "sent"), PATIENCE, what="what was to come comes"
    )
    assert begun(bed, everything) == [1, 0, 1, 0, 1]
    assert begun(bed, fresh) == [1, 1]
    assert bed.events("clock.jumped")
    assert {each.stop() for each in running} == {0}
    bed.report("clocks that jump", jumps=6)


@HARD  # it waits for the true end of a lease
def test_a_clock_that_was_put_back_while_nothing_ran_keeps_nobody_waiting(bed: Deathbed) -> None:
    bed.has_people(40)
    bed.sets_clock(town_time(2026, 12, 1, 10))
    broadcast_id = begun_in_parts(bed.db, "お知らせ", 5)
    bed.dies("http.client:HTTPConnection.request:after:3")
    bed.judge.at_rest()
    bed.sets_clock(
        town_time(2026, 12, 1, 9)
    )  # the parts that the dead one holds are leased until a minute past ten
    sender = bed.begins("work")
    wait_until(lambda: bed.waiting() == 0, PATIENCE, what="everything is settled")
    assert sender.stop() == 0
    assert bed.says("お知らせ", broadcast_id) == {"lost": 0, "twice": 0}
    assert bed.tally(broadcast_id).accepted == 40
    assert [each["seconds"] for each in bed.events("clock.jumped")] == [pytest.approx(-3_600, abs=120)]


TURNS: list[
    tuple[str, dt.datetime, Pattern, tuple[int, int, int]]
] = [  # due, and the day of the turn after it
    ("the turn of the year", town_time(2027, 1, 1, 0), MonthDays(frozenset({1})), (2027, 2, 1)),
    (
        "the last evening of the year",
        town_time(2026, 12, 31, 23, 59),
        MonthDays(frozenset({31})),
        (2027, 1, 31),
    ),
    ("29 February", town_time(2028, 2, 29, 10), MonthDays(frozenset({29})), (2028, 3, 29)),
    ("no 29 February", town_time(2027, 1, 29, 10), MonthDays(frozenset({29})), (2027, 3, 29)),
    ("no 30 February", town_time(2028, 1, 30, 10), MonthDays(frozenset({30})), (2028, 3, 30)),
    ("no 31 April", town_time(2027, 3, 31, 10), MonthDays(frozenset({31})), (2027, 5, 31)),
    ("the end of February", town_time(2028, 1, 31, 10), MonthDays(frozenset({LAST})), (2028, 2, 29)),
    ("New York loses an hour", town_time(2027, 3, 14, 16), MonthDays(frozenset({LAST})), (2027, 3, 31)),
    ("New York has an hour twice", town_time(2027, 11, 7, 15), MonthDays(frozenset({LAST})), (2027, 11, 30)),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("zone", ["America/New_York", pytest.param("Asia/Kolkata", marks=HARD)])
def test_the_turns_of_months_and_years_come_at_their_time_wherever_the_machine_thinks_it_is(
    bed: Deathbed, zone: str
) -> None:
    """One process lives through them all: its clock is set to two seconds before each."""
    bed.has_people(1)
    running: list[Mortal] = []
    timetable.prepare(bed.db)
    for name, due_at, pattern, then in sorted(TURNS, key=lambda turn: turn[1]):
        bed.sets_clock(due_at - dt.timedelta(seconds=30))
        with bed.db.work() as work:
            made, first = series.begin(
                work, "default", name, [{"text": name}], EVERYONE, Rule(due_at.time(), pattern, due_at.date()),
                created_by="test", late_limit=dt.timedelta(minutes=10), urgent_reason="テスト",
            )  # fmt: skip
            assert first is not None
            if first.due_at != due_at:  # the rule does not hold this day; its turn is there all the same
                table = broadcasts.broadcasts
                work.conn.execute(table.update().where(table.c.id == first.id).values(due_at=due_at))
        timetable.sync(bed.db)
        running = running or runs(bed, 1, TZ=zone)
        assert begun(bed, [first]) == [0]
        bed.sets_clock(due_at - dt.timedelta(seconds=2))
        wait_until(lambda: begun(bed, [first]) == [1], PATIENCE, what=name)  # noqa: B023
        with bed.db.look() as work:
            turns = {each.status: each for each in broadcasts.listed(work, series_id=made.id)}
            assert work.now >= due_at
        assert turns["sending"].id == first.id
        next_turn = turns["scheduled"].due_at.astimezone(TOKYO)
        assert next_turn == dt.datetime.combine(dt.date(*then), due_at.time(), TOKYO), name
        with bed.db.work() as work:
            found = series.broadcast_series.lock(work, made.id)
            assert found is not None
            series.cancel(work, found)
    assert running[0].stop() == 0
