"""A broadcast whose time has come is started once, frozen, and handed to the outbox; or said to be missed."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from rooms import Rooms
from surroundings import Clock

from jobs import broadcast
from storage import broadcasts, freezing, outbox
from storage.broadcasts import Broadcast
from storage.segments import EVERYONE
from storage.work import Database


def plan(db: Database, due_at: dt.datetime, *texts: str) -> Broadcast:
    with db.work() as work:
        messages = [{"text": text} for text in texts or ("講座のお知らせです。",)]
        return broadcasts.schedule(work, "default", messages, EVERYONE, due_at, created_by="test")


def status(db: Database, broadcast_id: str) -> str:
    with db.look() as work:
        found = broadcasts.get(work, broadcast_id)
    assert found is not None
    return found.status


def test_it_reaches_every_friend_in_one_multicast(rooms: Rooms, five_friends: list[str]) -> None:
    made = plan(rooms.db, rooms.db.clock(), "一つ目", "二つ目")
    assert broadcast.fire(rooms, made.id, made.due_at)
    with rooms.db.work() as work:
        (row,) = outbox.claim(work, 10)
        tally = broadcasts.tally(work, made.id)
    assert sorted(row.body["to"]) == five_friends[:4]
    first, second = row.body["messages"]
    assert first == {"type": "text", "text": "一つ目"}
    assert second["text"].startswith("二つ目\n\nお知らせをへらす")  # every broadcast ends with how to stop
    assert len(second["quickReply"]["items"]) == 2
    assert (tally.recipients, tally.blocked, tally.remaining) == (5, 1, 4)


def test_it_rings_the_bell_so_that_sending_begins_at_once(rooms: Rooms, five_friends: list[str]) -> None:
    made = plan(rooms.db, rooms.db.clock())
    broadcast.fire(rooms, made.id, made.due_at)
    assert rooms.bell.is_set()


def test_a_second_call_for_the_same_turn_does_nothing(rooms: Rooms, five_friends: list[str]) -> None:
    made = plan(rooms.db, rooms.db.clock())
    assert broadcast.fire(rooms, made.id, made.due_at)
    assert not broadcast.fire(rooms, made.id, made.due_at)
    with rooms.db.work() as work:
        assert len(outbox.claim(work, 10)) == 1


def test_of_eight_callers_at_once_exactly_one_starts_it(rooms: Rooms, five_friends: list[str]) -> None:
    made = plan(rooms.db, rooms.db.clock())
    ready, answers = threading.Barrier(8), []

    def call() -> None:
        ready.wait()
        answers.append(broadcast.fire(rooms, made.id, made.due_at))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 7 + [True]
    with rooms.db.work() as work:
        assert len(outbox.claim(work, 10)) == 1


def test_an_hour_and_a_minute_late_it_is_missed_and_nothing_is_sent(
    rooms: Rooms, five_friends: list[str], clock: Clock
) -> None:
    made = plan(rooms.db, clock())
    clock.move(minutes=61)
    assert not broadcast.fire(rooms, made.id, made.due_at)
    assert status(rooms.db, made.id) == "missed"
    with rooms.db.work() as work:
        assert outbox.claim(work, 10) == []


def test_half_an_hour_late_it_is_still_sent(rooms: Rooms, five_friends: list[str], clock: Clock) -> None:
    made = plan(rooms.db, clock())
    clock.move(minutes=30)
    assert broadcast.fire(rooms, made.id, made.due_at)
    assert status(rooms.db, made.id) == "sending"


def test_a_cancelled_one_stays_cancelled(rooms: Rooms, five_friends: list[str]) -> None:
    made = plan(rooms.db, rooms.db.clock())
    with rooms.db.work() as work:
        broadcasts.cancel(work, made.id)
    assert not broadcast.fire(rooms, made.id, made.due_at)
    assert status(rooms.db, made.id) == "cancelled"


def test_one_that_is_gone_is_no_error(rooms: Rooms) -> None:
    assert not broadcast.fire(rooms, "0" * 32, rooms.db.clock())


def test_when_freezing_fails_its_turn_is_not_lost(
    rooms: Rooms, five_friends: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = plan(rooms.db, rooms.db.clock())

    def no_disk(*_: object) -> int:
        raise OSError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr(freezing, "freeze", no_disk)
        with pytest.raises(OSError, match="no space"):
            broadcast.fire(rooms, made.id, made.due_at)
    assert status(rooms.db, made.id) == "scheduled"
    assert broadcast.fire(rooms, made.id, made.due_at)


def test_a_large_broadcast_is_put_into_the_outbox_step_by_step(
    rooms: Rooms, five_friends: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freezing, "AT_ONCE", 2)
    monkeypatch.setattr(freezing.freeze, "__defaults__", (frozenset(), 1, None))  # one person in a chunk
    made = plan(rooms.db, rooms.db.clock())
    assert broadcast.fire(rooms, made.id, made.due_at)
    with rooms.db.work() as work:
        assert sorted(row.body["to"][0] for row in outbox.claim(work, 10)) == five_friends[:4]


def test_what_a_dead_process_left_half_done_is_ended_within_the_minute(
    rooms: Rooms, five_friends: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freezing, "AT_ONCE", 2)
    monkeypatch.setattr(freezing.freeze, "__defaults__", (frozenset(), 1, None))
    made = plan(rooms.db, rooms.db.clock())

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(broadcast, "go_on", killed)
        with pytest.raises(KeyboardInterrupt):
            broadcast.fire(rooms, made.id, made.due_at)
    with rooms.db.look() as work:
        assert broadcasts.tally(work, made.id).remaining == 4
        assert freezing.unfinished(work) == [made.id]
    rooms.bell.clear()
    broadcast.go_on_with_all(rooms)
    assert rooms.bell.is_set()
    with rooms.db.work() as work:
        assert sorted(row.body["to"][0] for row in outbox.claim(work, 10)) == five_friends[:4]
        assert freezing.unfinished(work) == []
