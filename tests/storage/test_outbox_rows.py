"""The outbox: leased, in order per person, settled once, held when its broadcast pauses."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from surroundings import Clock

from storage import outbox, people, turns, waiting
from storage.work import Database, Work


def _put(work: Work, sign: str | None, text: str, **more: Any) -> None:
    person = people.lock(work, "default", "U" + sign * 32).id if sign else None
    outbox.put(work, "default", "message", {"messages": [text]}, person_id=person, **more)


def _claimed(db: Database, limit: int = 10) -> list[str]:
    with db.work() as work:
        return [row.body["messages"][0] for row in outbox.claim(work, limit)]


def test_a_claimed_row_has_address_body_and_its_first_try(db: Database, clock: Clock) -> None:
    with db.work() as work:
        _put(work, "a", "hello", reply_token="r1", reply_until=clock.now)
    with db.work() as work:
        (row,) = outbox.claim(work, 10)
    assert (row.to, row.body, row.reply_token) == ("U" + "a" * 32, {"messages": ["hello"]}, "r1")
    assert (row.tries, row.first_tried, row.friend) == (1, clock.now, True)


def test_the_first_try_is_a_moment_in_utc_also_when_the_clock_is_in_tokyo(db: Database, clock: Clock) -> None:
    utc = clock.now
    clock.now = utc.astimezone(dt.timezone(dt.timedelta(hours=9)))
    with db.work() as work:
        _put(work, "a", "hello")
    with db.work() as work:
        assert outbox.claim(work, 1)[0].first_tried == utc


def test_the_words_and_the_reply_token_are_sealed_and_wiped_when_settled(db: Database) -> None:
    with db.work() as work:
        _put(work, "a", "花子さん", reply_token="token-of-line")
        row = work.conn.execute(select(outbox.outbox)).one()
        assert "花子".encode() not in bytes(row.body)
        assert b"token-of-line" not in bytes(row.reply_token)
        outbox.settle(work, row.id, "accepted", via="push")
        row = work.conn.execute(select(outbox.outbox)).one()
    assert (row.state, row.body, row.reply_token) == ("accepted", None, None)


def test_messages_of_one_person_leave_one_after_another(db: Database) -> None:
    with db.work() as work:
        for sign, text in (("a", "a1"), ("a", "a2"), ("b", "b1"), (None, "nobody's")):
            _put(work, sign, text)
    assert sorted(_claimed(db)) == ["a1", "b1", "nobody's"]
    assert _claimed(db) == []
    with db.work() as work:
        first = work.conn.execute(select(outbox.outbox.c.id).order_by(outbox.outbox.c.id)).scalars().first()
        assert first is not None
        outbox.settle(work, first, "accepted")
    assert _claimed(db) == ["a2"]


def test_a_postponed_message_holds_up_those_behind_it(db: Database, clock: Clock) -> None:
    with db.work() as work:
        _put(work, "a", "a1")
        _put(work, "a", "a2")
    with db.work() as work:
        (row,) = outbox.claim(work, 10)
        outbox.postpone(work, row, clock.now + dt.timedelta(minutes=5), "500", reply="gone")
    assert _claimed(db) == []
    clock.move(minutes=5)
    assert _claimed(db) == ["a1"]


@pytest.mark.parametrize(
    ("fate", "token", "doubtful"), [("keep", "r1", False), ("doubtful", "r1", True), ("gone", None, False)]
)
def test_a_postponed_row_says_what_its_reply_token_is_worth(
    db: Database, clock: Clock, fate: Any, token: str | None, doubtful: bool
) -> None:
    with db.work() as work:
        _put(work, "a", "a1", reply_token="r1", reply_until=clock.now)
    with db.work() as work:
        outbox.postpone(work, outbox.claim(work, 1)[0], clock.now, "timeout", reply=fate)
    with db.work() as work:
        (row,) = outbox.claim(work, 1)
    assert (row.reply_token, row.reply_doubtful, row.tries) == (token, doubtful, 2)


def test_a_lease_ends_and_the_row_keeps_its_key_and_its_first_try(db: Database, clock: Clock) -> None:
    with db.work() as work:
        _put(work, "a", "a1")
    with db.work() as work:
        (first,) = outbox.claim(work, 1)
    clock.move(seconds=59)
    assert _claimed(db) == []
    clock.move(seconds=2)
    with db.work() as work:
        (again,) = outbox.claim(work, 1)
    assert (again.retry_key, again.first_tried) == (first.retry_key, first.first_tried)


def test_a_channel_has_its_turn_alone(db: Database) -> None:
    with db.work() as work:
        _put(work, "a", "a1")
        assert list(turns.in_turn(work, "message", "")) == ["default"]
        assert list(turns.in_turn(work, "multicast", "")) == []
        assert outbox.pick(work, "message", 10, "other") == []
        assert len(ids := outbox.pick(work, "message", 10, "default")) == 1
        assert [row.id for row in outbox.lease(work, ids)] == ids
        assert list(turns.in_turn(work, "message", "")) == []


def test_how_long_the_oldest_row_of_a_channel_waits(db: Database, clock: Clock) -> None:
    with db.work() as work:
        assert turns.oldest(work) == {}
        outbox.put(work, "a", "message", {}, not_before=clock.now - dt.timedelta(seconds=90))
        outbox.put(work, "a", "message", {})
        outbox.put(work, "b", "message", {}, not_before=clock.now + dt.timedelta(hours=9))
        outbox.put(work, "c", "multicast", {}, held=True)
        assert turns.oldest(work) == {"a": 90.0}


def test_leases_of_many_senders_never_overlap(db: Database, together: Callable[..., list[Any]]) -> None:
    with db.work() as work:
        for number in range(60):
            person = people.lock(work, "default", f"U{number % 20:032x}").id
            outbox.put(work, "default", "message", {"messages": [number]}, person_id=person)
    in_flight: set[str] = set()
    seen: list[tuple[str, int]] = []
    guard = threading.Lock()

    def send(_number: int) -> None:
        for _ in range(40):
            with db.work() as work:
                rows = outbox.claim(work, 3)
            with guard:
                for row in rows:
                    assert row.person_id not in in_flight
                    assert row.person_id is not None
                    in_flight.add(row.person_id)
                    seen.append((row.person_id, row.body["messages"][0]))
            with guard:
                in_flight.difference_update(str(row.person_id) for row in rows)
            with db.work() as work:
                for row in rows:
                    outbox.settle(work, row.id, "accepted")

    together(4, send)
    assert sorted(number for _, number in seen) == list(range(60))
    for person in {person for person, _ in seen}:
        mine = [number for who, number in seen if who == person]
        assert mine == sorted(mine)


def test_everything_that_waits_can_be_given_up(db: Database) -> None:
    with db.work() as work:
        _put(work, "a", "a1")
        _put(work, "a", "a2")
        assert waiting.drop_waiting(work) == 2
        assert outbox.counts(work) == {("default", "dropped"): 2}
        assert outbox.claim(work, 10) == []


def test_settled_rows_are_forgotten_and_waiting_ones_are_not(db: Database, clock: Clock) -> None:
    with db.work() as work:
        _put(work, "a", "a1")
        _put(work, "b", "b1")
        outbox.settle(work, outbox.claim(work, 1)[0].id, "accepted")
    clock.move(days=40)
    with db.work() as work:
        assert outbox.forget_old(work, dt.timedelta(days=30)) == 1
        assert outbox.counts(work) == {("default", "waiting"): 1}


def test_what_one_person_waits_for_leaves_before_a_broadcast_that_came_earlier(db: Database) -> None:
    with db.work() as work:
        for chunk in range(3):
            outbox.put(
                work, "default", "multicast", {"to": ["U1"], "messages": []}, broadcast_id="b", chunk=chunk
            )
    with db.work() as work:
        person = people.lock(work, "default", f"U{1:032x}")
        outbox.put(work, "default", "message", {"messages": ["answer"]}, person_id=person.id)
        assert [row.kind for row in outbox.claim(work, 1)] == ["message"]
        assert [row.kind for row in outbox.claim(work, 10)] == ["multicast"] * 3
