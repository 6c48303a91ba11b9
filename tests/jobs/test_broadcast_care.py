"""A second person lets large broadcasts go; the same is not said twice; who has got it and who has not is counted."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import replace

import pytest
from rooms import Rooms
from surroundings import Clock

from bot.recurrence import EveryDays, Rule
from jobs import broadcast, series, timetable
from storage import (
    audit,
    broadcast_care,
    broadcast_series,
    broadcasts,
    freezing,
    outbox,
    people,
    same_words,
)
from storage.broadcast_care import SamePerson
from storage.broadcast_series import Series
from storage.broadcasts import Broadcast
from storage.segments import EVERYONE, Fits
from storage.transitions import NotPermitted
from storage.work import Database

TEXT = [{"text": "講座のお知らせです。"}]
pytestmark = pytest.mark.usefixtures("five_friends")  # four get it, one has blocked us


@pytest.fixture
def careful(rooms: Rooms) -> Rooms:
    """More than three people need a second person's word."""
    return replace(rooms, settings=replace(rooms.settings, broadcast_approval_above=3))


def plan(db: Database, due_at: dt.datetime, *, awaits: bool = False, by: str = "山田 花子") -> Broadcast:
    with db.work() as work:
        return broadcasts.schedule(work, "default", TEXT, EVERYONE, due_at, created_by=by, awaits=awaits)


def status(db: Database, made: Broadcast) -> str | None:
    with db.look() as work:
        return broadcasts.status_of(work, made.id)


def approve(db: Database, made: Broadcast, by: str = "佐藤") -> None:
    with db.work() as work:
        broadcast_care.approve(work, made, by, "cli:desk")


def deeds(db: Database, made: Broadcast) -> list[tuple[str, str]]:
    with db.work() as work:
        return [(each.actor, each.deed) for each in audit.listed(work, subject_id=made.id)]


def daily(db: Database, *, awaits: bool) -> Series:
    first = dt.date(2026, 12, 1)  # the clock of the tests begins on this day, at 10:00
    rule = Rule(dt.time(10, 30), EveryDays(), first)
    with db.work() as work:
        made, _ = series.begin(
            work,
            "default",
            "地域食堂",
            TEXT,
            EVERYONE,
            rule,
            created_by="山田",
            late_limit=dt.timedelta(hours=1),
            awaits=awaits,
        )
    return made


def turns(db: Database, made: Series) -> list[str]:
    with db.look() as work:
        return [each.status for each in reversed(broadcasts.listed(work, series_id=made.id))]


# ---- a second person ----------------------------------------------------------------------------------------


def test_what_awaits_approval_is_not_sent_at_its_time_and_goes_out_once_when_it_is_approved(
    careful: Rooms, clock: Clock
) -> None:
    made = plan(careful.db, clock(), awaits=True)
    assert not broadcast.fire(careful, made.id, made.due_at)
    assert status(careful.db, made) == "awaiting"
    clock.move(minutes=59)
    approve(careful.db, made)
    assert broadcast.fire(careful, made.id, made.due_at)
    assert not broadcast.fire(careful, made.id, made.due_at)
    with careful.db.work() as work:
        assert len(outbox.claim(work, 10)) == 1
        found = broadcasts.get(work, made.id)
    assert found is not None
    assert (found.status, found.approved_by) == ("sending", "佐藤")


def test_approved_before_its_time_it_waits_for_that(careful: Rooms, clock: Clock) -> None:
    made = plan(careful.db, clock() + dt.timedelta(minutes=10), awaits=True)
    approve(careful.db, made)
    assert status(careful.db, made) == "scheduled"
    clock.move(minutes=10)
    assert broadcast.fire(careful, made.id, made.due_at)


def test_what_nobody_approved_in_time_is_missed_and_the_audit_list_says_why(
    careful: Rooms, clock: Clock
) -> None:
    made = plan(careful.db, clock(), awaits=True)
    clock.move(minutes=61)
    assert not broadcast.fire(careful, made.id, made.due_at)
    assert status(careful.db, made) == "missed"
    assert deeds(careful.db, made) == [("system", "unapproved")]
    with pytest.raises(NotPermitted):
        approve(careful.db, made)


def test_the_timetable_asks_again_each_minute_for_what_awaits_approval(careful: Rooms, clock: Clock) -> None:
    made = plan(careful.db, clock(), awaits=True)
    timetable.prepare(careful.db)
    timetable.sync(careful.db)
    assert timetable.planned(careful.db) == {made.id: made.due_at}
    timetable.forget_broadcast(careful.db, made.id)  # its entry was taken, and it still waits
    timetable.sync(careful.db)
    assert made.id in timetable.planned(careful.db)
    clock.move(minutes=61)
    broadcast.fire(careful, made.id, made.due_at)
    timetable.sync(careful.db)
    assert timetable.planned(careful.db) == {}


def test_approved_while_the_timetables_ask_it_goes_out_exactly_once(careful: Rooms, clock: Clock) -> None:
    made = plan(careful.db, clock(), awaits=True)
    ready, answers = threading.Barrier(6), []

    def ask() -> None:
        ready.wait()
        answers.extend(broadcast.fire(careful, made.id, made.due_at) for _ in range(5))

    def say_yes() -> None:
        ready.wait()
        approve(careful.db, made)
        answers.append(broadcast.fire(careful, made.id, made.due_at))

    threads = [threading.Thread(target=each) for each in (*[ask] * 5, say_yes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(answers), sum(answers)) == (26, 1)
    with careful.db.work() as work:
        assert len(outbox.claim(work, 10)) == 1
    assert deeds(careful.db, made) == []


def test_missed_for_want_of_approval_is_noted_once(careful: Rooms, clock: Clock) -> None:
    made = plan(careful.db, clock(), awaits=True)
    clock.move(minutes=61)
    threads = [
        threading.Thread(target=broadcast.fire, args=(careful, made.id, made.due_at)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert deeds(careful.db, made) == [("system", "unapproved")]


@pytest.mark.parametrize("name", ["山田 花子", "山田花子", "山田　花子"])
def test_who_made_it_cannot_approve_it_however_they_write_their_name(careful: Rooms, name: str) -> None:
    made = plan(careful.db, careful.db.clock(), awaits=True)
    with pytest.raises(SamePerson):
        approve(careful.db, made, name)
    assert status(careful.db, made) == "awaiting"


@pytest.mark.parametrize(("maker", "by"), [("cli:desk", "佐藤"), ("cli:sato", "Sato")])
def test_who_gave_no_name_is_the_account_at_the_terminal(careful: Rooms, maker: str, by: str) -> None:
    made = plan(careful.db, careful.db.clock(), awaits=True, by=maker)
    with pytest.raises(SamePerson):
        approve(careful.db, made, by)


def test_what_has_grown_past_the_limit_waits_rather_than_goes_out(
    careful: Rooms, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    made = plan(careful.db, clock())  # planned when there were fewer
    assert not broadcast.fire(careful, made.id, made.due_at)
    assert status(careful.db, made) == "awaiting"
    assert "broadcast.awaits_approval" in capsys.readouterr().err
    assert deeds(careful.db, made) == [("system", "awaits")]
    with careful.db.work() as work:
        assert outbox.claim(work, 10) == []
    approve(careful.db, made)
    assert broadcast.fire(careful, made.id, made.due_at)


@pytest.mark.parametrize("above", [0, 4])
def test_up_to_the_limit_and_without_one_nobody_has_to_approve(rooms: Rooms, above: int) -> None:
    rooms = replace(rooms, settings=replace(rooms.settings, broadcast_approval_above=above))
    made = plan(rooms.db, rooms.db.clock())
    assert broadcast.fire(rooms, made.id, made.due_at)


def test_a_series_has_no_turn_before_it_is_approved_and_then_all_go_out(careful: Rooms, clock: Clock) -> None:
    made = daily(careful.db, awaits=True)
    assert series.repair(careful.db) == 0
    assert turns(careful.db, made) == []
    clock.move(hours=24)
    with careful.db.work() as work:
        locked = broadcast_series.lock(work, made.id)
        assert locked is not None
        with pytest.raises(SamePerson):
            series.approve(work, locked, "山田", "cli:desk")
        first = series.approve(work, locked, "佐藤", "cli:desk")
    assert first is not None
    clock.move(minutes=30)
    assert first.due_at == clock()
    assert broadcast.fire(careful, first.id, first.due_at)
    assert turns(careful.db, made) == ["sending", "scheduled"]
    clock.move(hours=24)
    with careful.db.look() as work:
        second = broadcasts.listed(work, series_id=made.id)[0]
    assert broadcast.fire(careful, second.id, second.due_at)


def test_a_turn_that_has_grown_holds_up_none_after_it_and_ends_with_its_series(
    careful: Rooms, clock: Clock
) -> None:
    made = daily(careful.db, awaits=False)
    clock.move(minutes=30)
    with careful.db.look() as work:
        (first,) = broadcasts.listed(work, series_id=made.id)
    assert not broadcast.fire(careful, first.id, first.due_at)
    assert turns(careful.db, made) == ["awaiting", "scheduled"]
    with careful.db.work() as work:
        locked = broadcast_series.lock(work, made.id)
        assert locked is not None
        series.cancel(work, locked)
    assert turns(careful.db, made) == ["cancelled", "cancelled"]


# ---- the same twice -----------------------------------------------------------------------------------------


def again(db: Database, due_at: dt.datetime, text: str = TEXT[0]["text"], town: str | None = None) -> bool:
    segment = Fits("town", (town,)) if town else EVERYONE
    with db.look() as work:
        return broadcast_care.said_already(work, "default", [{"text": text}], segment, due_at) is not None


def test_the_same_words_to_the_same_people_within_a_day_are_found(rooms: Rooms, clock: Clock) -> None:
    made = plan(rooms.db, clock())
    hours = dt.timedelta(hours=1)
    assert [again(rooms.db, clock() + n * hours) for n in (-24, -23, 0, 23, 24)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert again(rooms.db, clock(), "講座の　お知らせです。 ") is False
    assert again(rooms.db, clock(), "講座のお知らせです。\n")
    assert not again(rooms.db, clock(), town="tottori")
    assert broadcast.fire(rooms, made.id, made.due_at)
    assert again(rooms.db, clock())


def test_what_was_cancelled_before_it_began_counts_no_longer_but_in_the_middle_it_does(rooms: Rooms) -> None:
    now = rooms.db.clock()
    before = plan(rooms.db, now)
    with rooms.db.work() as work:
        broadcasts.cancel(work, before.id)
    assert not again(rooms.db, now)
    middle = plan(rooms.db, now)
    broadcast.fire(rooms, middle.id, middle.due_at)
    with rooms.db.work() as work:
        broadcasts.cancel(work, middle.id)
    assert again(rooms.db, now)


def test_the_words_do_not_stand_in_the_table(rooms: Rooms) -> None:
    made = plan(rooms.db, rooms.db.clock())
    with rooms.db.look() as work:
        row = work.conn.execute(broadcasts.broadcasts.select()).one()
        words = same_words.index_of(work, "default", TEXT, EVERYONE)
    assert row.same_index == words
    assert len(words) == 64
    assert TEXT[0]["text"] not in str(row)
    assert made.id == row.id


# ---- in the middle ------------------------------------------------------------------------------------------


def test_whose_part_is_being_tried_is_in_doubt_and_all_others_were_not_tried(rooms: Rooms) -> None:
    made = plan(rooms.db, rooms.db.clock())
    with rooms.db.work() as work:
        broadcasts.start(work, made.id)
        freezing.freeze(work, made.id, lambda _: [{"type": "text", "text": "a"}], chunk_size=1)
        assert broadcast_care.in_doubt(work, made.id) == 0
        outbox.claim(work, 3)
        assert broadcast_care.in_doubt(work, made.id) == 3
        assert broadcasts.tally(work, made.id).remaining == 4


def test_a_person_more_is_what_makes_it_too_large(careful: Rooms, five_friends: list[str]) -> None:
    with careful.db.work() as work:
        person = people.lock(work, "default", five_friends[0])
        people.set_friend(work, person.id, False, 2)
    made = plan(careful.db, careful.db.clock())  # three now
    with careful.db.work() as work:
        people.set_friend(work, person.id, True, 3)
    assert not broadcast.fire(careful, made.id, made.due_at)
    assert status(careful.db, made) == "awaiting"
