"""Broadcasts: whom a segment fits, who gets it, and every step that one may take."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text
from surroundings import Clock

from storage import broadcasts, freezing, outbox, people
from storage.broadcasts import Broadcast, Tally
from storage.people import Person
from storage.recipients import count_recipients
from storage.segments import EVERYONE, All, Fits, Not, Segment
from storage.transitions import NotPermitted
from storage.work import Database, Work

MESSAGES = [{"kind": "text", "text": "お知らせです"}]
LINE_MESSAGES = [{"type": "text", "text": "お知らせです"}]
two_writers = pytest.mark.parametrize(
    "database_url", ["postgresql"], indirect=True
)  # SQLite has one at a time


def _supporter(work: Work, number: int, channel: str = "default", **facts: Any) -> Person:
    person = people.lock(work, channel, f"U{number:032x}")
    chosen: dict[str, Any] = {"town": "鳥取市", "district": None, "topics": ("news",)}
    people.register(work, person, **(chosen | facts), consent_version="1")
    return person


def _schedule(work: Work, segment: Segment = EVERYONE, minutes: int = 0, **more: Any) -> Broadcast:
    due_at = work.now + dt.timedelta(minutes=minutes)
    return broadcasts.schedule(work, "default", MESSAGES, segment, due_at, created_by="staff:1", **more)


def _sending(db: Database, supporters: int = 5, chunk_size: int = 2) -> str:
    """A broadcast to so many supporters that has just been frozen."""
    with db.work() as work:
        for number in range(supporters):
            _supporter(work, number)
        made = _schedule(work)
        assert broadcasts.start(work, made.id)
        freezing.freeze(work, made.id, lambda _: LINE_MESSAGES, chunk_size=chunk_size)
    return made.id


def _status(db: Database, broadcast_id: str) -> str:
    with db.look() as work:
        found = broadcasts.get(work, broadcast_id)
    assert found is not None
    return found.status


def _tally(db: Database, broadcast_id: str) -> Tally:
    with db.look() as work:
        return broadcasts.tally(work, broadcast_id)


def _send_one(db: Database, outcome: broadcasts.Outcome = "accepted") -> None:
    with db.work() as work:
        (row,) = outbox.claim(work, 1)
        outbox.settle(work, row.id, "accepted")
        assert row.broadcast_id is not None
        assert row.chunk is not None
        broadcasts.settle_chunk(work, row.broadcast_id, row.chunk, outcome)
        broadcasts.finish_if_done(work, row.broadcast_id)


def test_a_broadcast_is_kept_as_it_was_planned_and_its_words_are_sealed(db: Database) -> None:
    segment = All((Fits("role", ("supporter",)), Not(Fits("town", ("鳥取市", "岩美町")))))
    with db.work() as work:
        made = _schedule(work, segment, late_limit=dt.timedelta(minutes=30))
        assert broadcasts.get(work, made.id) == made
        assert (made.segment, made.status, made.late_limit) == (
            segment,
            "scheduled",
            dt.timedelta(minutes=30),
        )
        assert made.messages == tuple(MESSAGES)
        raw = work.conn.execute(select(broadcasts.broadcasts.c.messages)).scalar_one()
    assert "お知らせ".encode() not in bytes(raw)


def test_a_broadcast_without_a_message_is_refused(db: Database) -> None:
    with db.work() as work, pytest.raises(ValueError, match="message"):
        broadcasts.schedule(work, "default", [], EVERYONE, work.now, created_by="x")


def test_who_blocked_us_is_recorded_and_who_is_in_danger_is_left_alone(db: Database, clock: Clock) -> None:
    with db.work() as work:
        friend, blocked, danger, calm = (_supporter(work, number) for number in range(4))
        people.set_friend(work, blocked.id, False, 1)
        people.hold_broadcasts(work, danger.id, clock.now + dt.timedelta(days=1))
        people.hold_broadcasts(work, calm.id, clock.now)
        made = _schedule(work)
        assert count_recipients(work, "default", EVERYONE) == 2
        broadcasts.start(work, made.id)
        assert freezing.freeze(work, made.id, lambda _: LINE_MESSAGES) == 3
        (row,) = outbox.claim(work, 10)
    assert row.body["to"] == [friend.line_id, calm.line_id]
    assert _tally(db, made.id) == Tally(3, accepted=0, blocked=1, failed=0, unknown=0, remaining=2)


def test_freezing_writes_one_multicast_per_chunk_in_the_order_of_ids(db: Database) -> None:
    broadcast_id = _sending(db, supporters=5, chunk_size=2)
    with db.work() as work:
        rows = outbox.claim(work, 10)
        ids = work.conn.execute(select(people.people.c.id).order_by(people.people.c.id)).scalars()
        lines = [person.line_id for each in ids if (person := people.get(work, each))]
    assert [row.chunk for row in rows] == [0, 1, 2]
    assert [row.body["to"] for row in rows] == [lines[0:2], lines[2:4], lines[4:5]]
    assert {row.kind for row in rows} == {"multicast"}
    assert all(row.body["messages"] == LINE_MESSAGES for row in rows)
    assert len({row.retry_key for row in rows}) == 3
    assert {row.broadcast_id for row in rows} == {broadcast_id}


def test_who_comes_after_the_freezing_is_not_added(db: Database) -> None:
    broadcast_id = _sending(db, supporters=2)
    with db.work() as work:
        _supporter(work, 77)
        with pytest.raises(ValueError, match="frozen"):
            freezing.freeze(work, broadcast_id, lambda _: LINE_MESSAGES)
    assert _tally(db, broadcast_id).recipients == 2


def test_only_what_was_started_is_frozen(db: Database) -> None:
    with db.work() as work:
        made = _schedule(work)
        with pytest.raises(ValueError, match="scheduled"):
            freezing.freeze(work, made.id, lambda _: LINE_MESSAGES)


def test_a_broadcast_to_nobody_is_sent_at_once(db: Database) -> None:
    assert _status(db, _sending(db, supporters=0)) == "sent"


def test_it_is_started_once_however_many_try(db: Database, together: Callable[..., list[Any]]) -> None:
    with db.work() as work:
        _supporter(work, 1)
        made = _schedule(work)

    def begin(_number: int) -> bool:
        with db.work() as work:
            started = broadcasts.start(work, made.id)
            if started:
                freezing.freeze(work, made.id, lambda _: LINE_MESSAGES)
            return started

    assert sum(together(6, begin)) == 1
    assert _tally(db, made.id).recipients == 1


def test_what_waits_is_listed_by_its_time(db: Database) -> None:
    with db.work() as work:
        soon, later = _schedule(work, minutes=10), _schedule(work, minutes=20)
        assert [each.id for each in broadcasts.scheduled(work)] == [soon.id, later.id]
        assert [each.id for each in broadcasts.listed(work, "default")] == [later.id, soon.id]
        assert broadcasts.listed(work, "iwami") == ()


@pytest.mark.parametrize(("seconds", "status"), [(3600, "sending"), (3601, "missed")])
def test_a_broadcast_that_is_too_late_is_missed(
    db: Database, clock: Clock, seconds: int, status: str
) -> None:
    with db.work() as work:
        made = _schedule(work)
    clock.move(seconds=seconds)
    with db.work() as work:
        assert broadcasts.start(work, made.id) is (status == "sending")
    assert _status(db, made.id) == status


def test_it_is_sent_when_the_last_chunk_is_settled_and_the_figures_add_up(db: Database) -> None:
    broadcast_id = _sending(db, supporters=5, chunk_size=2)
    _send_one(db, "accepted")
    _send_one(db, "failed")
    assert _status(db, broadcast_id) == "sending"
    assert _tally(db, broadcast_id) == Tally(5, accepted=2, blocked=0, failed=2, unknown=0, remaining=1)
    _send_one(db, "unknown")
    assert _status(db, broadcast_id) == "sent"
    assert _tally(db, broadcast_id) == Tally(5, accepted=2, blocked=0, failed=2, unknown=1, remaining=0)


def test_chunks_that_settle_at_the_same_moment_still_finish_it(
    db: Database, together: Callable[..., list[Any]]
) -> None:
    broadcast_id = _sending(db, supporters=8, chunk_size=1)
    with db.work() as work:
        rows = outbox.claim(work, 10)

    def settle(number: int) -> bool:
        with db.work() as work:
            outbox.settle(work, rows[number].id, "accepted")
            broadcasts.settle_chunk(work, broadcast_id, rows[number].chunk or 0, "accepted")
            return broadcasts.finish_if_done(work, broadcast_id)

    assert sum(together(8, settle)) == 1
    assert _status(db, broadcast_id) == "sent"


def test_a_chunk_that_was_settled_keeps_its_first_outcome(db: Database) -> None:
    broadcast_id = _sending(db, supporters=1)
    _send_one(db, "accepted")
    with db.work() as work:
        broadcasts.settle_chunk(work, broadcast_id, 0, "failed")
    assert _tally(db, broadcast_id).accepted == 1


def test_a_paused_broadcast_waits_and_others_do_not(db: Database) -> None:
    broadcast_id = _sending(db, supporters=4, chunk_size=2)
    with db.work() as work:
        broadcasts.pause(work, broadcast_id)
        outbox.put(work, "default", "multicast", {"to": [], "messages": []})
    with db.work() as work:
        assert [row.broadcast_id for row in outbox.claim(work, 10)] == [None]
        broadcasts.resume(work, broadcast_id)
    with db.work() as work:
        assert len(outbox.claim(work, 10)) == 2
    assert _status(db, broadcast_id) == "sending"


def test_a_long_pause_does_not_make_the_chunks_expire(db: Database, clock: Clock) -> None:
    broadcast_id = _sending(db, supporters=1)
    with db.work() as work:
        broadcasts.pause(work, broadcast_id)
    clock.move(days=3)
    with db.work() as work:
        broadcasts.resume(work, broadcast_id)
    with db.work() as work:
        assert outbox.claim(work, 1)[0].expires > clock.now


def test_a_chunk_under_way_at_the_pause_still_counts(db: Database) -> None:
    broadcast_id = _sending(db, supporters=1)
    with db.work() as work:
        (row,) = outbox.claim(work, 1)
    with db.work() as work:
        broadcasts.pause(work, broadcast_id)
    with db.work() as work:
        outbox.settle(work, row.id, "accepted")
        broadcasts.settle_chunk(work, broadcast_id, 0, "accepted")
        assert broadcasts.finish_if_done(work, broadcast_id)
    assert _status(db, broadcast_id) == "sent"


@two_writers
@pytest.mark.parametrize("deed", [broadcasts.pause, broadcasts.cancel])
@pytest.mark.parametrize("tried", [True, False], ids=["tried", "refused unread"])
def test_a_chunk_that_goes_back_to_wait_while_it_is_stopped_is_stopped_too(
    db: Database, clock: Clock, deed: Callable[[Work, str], None], tried: bool
) -> None:
    broadcast_id = _sending(db, supporters=1)
    with db.work() as sender:
        (row,) = outbox.claim(sender, 1)
    with db.work() as sender:
        outbox.postpone(sender, row, clock.now, "500", reply="keep", untried=not tried)
        with db.work() as staff:
            deed(staff, broadcast_id)
        broadcasts.goes_back(sender, broadcast_id)
    with db.work() as work:
        assert outbox.claim(work, 10) == []
    if deed is broadcasts.pause:
        with db.work() as work:
            broadcasts.resume(work, broadcast_id)
            assert len(outbox.claim(work, 10)) == 1
    else:
        with db.look() as work:
            tally = broadcasts.tally(work, broadcast_id)
            assert (tally.unknown, tally.remaining) == ((1, 0) if tried else (0, 1))


@two_writers
@pytest.mark.parametrize("deed", [broadcasts.pause, broadcasts.cancel])
def test_stopping_does_not_wait_for_a_chunk_that_is_settling(
    db: Database, deed: Callable[[Work, str], None]
) -> None:
    broadcast_id = _sending(db, supporters=1)
    with db.work() as sender:
        (row,) = outbox.claim(sender, 1)
    with db.work() as sender:
        outbox.settle(sender, row.id, "accepted")
        with db.work() as staff:
            staff.conn.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
            deed(staff, broadcast_id)
        broadcasts.settle_chunk(sender, broadcast_id, 0, "accepted")
        broadcasts.finish_if_done(sender, broadcast_id)
    assert _tally(db, broadcast_id).accepted == 1


def test_a_cancelled_broadcast_sends_nothing_more(db: Database) -> None:
    broadcast_id = _sending(db, supporters=4, chunk_size=2)
    _send_one(db)
    with db.work() as work:
        broadcasts.cancel(work, broadcast_id)
        assert outbox.claim(work, 10) == []
        assert not broadcasts.finish_if_done(work, broadcast_id)
    assert _status(db, broadcast_id) == "cancelled"
    assert _tally(db, broadcast_id) == Tally(4, accepted=2, blocked=0, failed=0, unknown=0, remaining=2)


def test_a_cancelled_chunk_that_was_tried_without_a_clear_end_is_unknown(db: Database, clock: Clock) -> None:
    broadcast_id = _sending(db, supporters=2, chunk_size=1)
    with db.work() as work:
        (row,) = outbox.claim(work, 1)
        outbox.postpone(work, row, clock.now, "timeout", reply="gone")
    with db.work() as work:
        broadcasts.cancel(work, broadcast_id)
    assert _tally(db, broadcast_id) == Tally(2, accepted=0, blocked=0, failed=0, unknown=1, remaining=1)


def test_a_chunk_under_way_at_the_cancelling_is_left_to_its_sender_and_not_repeated(
    db: Database, clock: Clock
) -> None:
    broadcast_id = _sending(db, supporters=1)
    with db.work() as work:
        (row,) = outbox.claim(work, 1)
    with db.work() as work:
        broadcasts.cancel(work, broadcast_id)
    with db.work() as work:
        outbox.postpone(work, row, clock.now, "500", reply="gone")
    with db.work() as work:
        (again,) = outbox.claim(work, 1)
        assert again.expires <= clock.now  # so the sender gives it up instead of trying again
        broadcasts.settle_chunk(work, broadcast_id, 0, "unknown")
    assert _tally(db, broadcast_id).unknown == 1


@pytest.mark.parametrize("state", ["scheduled", "sent", "cancelled"])
def test_steps_that_make_no_sense_are_refused_and_change_nothing(db: Database, state: str) -> None:
    with db.work() as work:
        made = _schedule(work)
        if state == "sent":
            broadcasts.start(work, made.id)
            freezing.freeze(work, made.id, lambda _: LINE_MESSAGES)
        if state == "cancelled":
            broadcasts.cancel(work, made.id)
    deeds = [broadcasts.pause, broadcasts.resume]
    if state != "scheduled":
        deeds.append(broadcasts.cancel)
        with db.work() as work:
            assert not broadcasts.start(work, made.id)
    for deed in deeds:
        with pytest.raises(NotPermitted), db.work() as work:
            deed(work, made.id)
    assert _status(db, made.id) == state


def test_what_runs_is_named_after_a_restore(db: Database) -> None:
    broadcast_id = _sending(db, supporters=1)
    with db.work() as work:
        _schedule(work)
        assert broadcasts.running(work) == [broadcast_id]


def test_broadcasts_of_long_ago_are_forgotten_with_their_recipients(db: Database, clock: Clock) -> None:
    broadcast_id = _sending(db, supporters=1)
    _send_one(db)
    clock.move(days=400)
    with db.work() as work:
        assert broadcasts.forget_old(work, dt.timedelta(days=365)) == 1
        assert broadcasts.get(work, broadcast_id) is None
        assert work.conn.execute(text("SELECT count(*) FROM broadcast_recipients")).scalar() == 0
