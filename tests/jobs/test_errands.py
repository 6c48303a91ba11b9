"""Answers that leave at once: they keep every promise of the outbox, only sooner."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from loopback_line import LoopbackLine, Said, loopback_line, nobody_listens
from sqlalchemy import Row, select
from surroundings import Clock
from waiting import wait_until

from bot.errands import Errands
from bot.line.client import LineClient
from bot.settings import Channel
from jobs.deliver import Deliverer, deliver_some
from storage import at_once, outbox, people, switches
from storage.at_once import Answer
from storage.outbox import REPLY_LEASE
from storage.work import Database, Work

REPLY, PUSH = "/v2/bot/message/reply", "/v2/bot/message/push"
CHANNELS = {name: Channel(name, "s", "t") for name in ("default", "iwami")}
LONG = 600.0  # seconds between two looks of a sender that nobody calls
A, B, C = ("U" + letter * 32 for letter in "abc")


@pytest.fixture
def line() -> Iterator[LoopbackLine]:
    with loopback_line() as found:
        yield found


@contextmanager
def sending(
    db: Database, base: str, *, threads: int = 8, timeouts: tuple[float, float] = (0.5, 2.0)
) -> Iterator[Deliverer]:
    """A sender that looks once and then, unless it is called, not for the time of a test."""
    client = LineClient(CHANNELS, base, timeouts)
    sender = Deliverer(db, client, threads=threads, every=LONG)
    sender.start()
    try:
        yield sender
    finally:
        sender.stop()
        client.close()


def answer(work: Work, to: str, words: str, *, channel: str = "default", token: bool = True) -> Answer:
    """What a handler says to somebody who has just written."""
    person = people.lock(work, channel, to)
    body = {"messages": [{"type": "text", "text": words}]}
    reply_token = f"token-{words}" if token else None
    row = outbox.row_of(
        work,
        channel,
        "message",
        body,
        person_id=person.id,
        reply_token=reply_token,
        reply_until=work.now + dt.timedelta(seconds=50) if token else None,
    )
    return Answer(row, body, to, reply_token)


def say(db: Database, errands: Errands, *said: tuple[str, str], **more: Any) -> None:
    """As bot/handlers does it."""
    with db.work() as work:
        answers = [answer(work, to, words, **more) for to, words in said]
        first = at_once.may_leave(work, answers)
        rows = at_once.put(work, first)
        outbox.put_all(work, [each.row for each in answers if each not in first])
        work.after_commit(lambda: errands.send(rows))


def rows(db: Database) -> Sequence[Row[Any]]:
    with db.look() as work:
        return work.conn.execute(select(outbox.outbox).order_by(outbox.outbox.c.id)).all()


def states(db: Database) -> list[tuple[str, str | None]]:
    return [(row.state, row.via) for row in rows(db)]


def tokens(line: LoopbackLine) -> list[str]:
    return [asked.json["replyToken"] for asked in line.calls("reply")]


# ---- what leaves at once ------------------------------------------------------------------------------------


def test_a_reply_leaves_once_it_is_committed_and_nobody_looks_for_it(
    db: Database, line: LoopbackLine
) -> None:
    with sending(db, line.base) as sender:
        say(db, sender.errands, (A, "1"), (B, "2"), (C, "3"))
        wait_until(lambda: states(db) == [("accepted", "reply")] * 3)
    assert sorted(tokens(line)) == ["token-1", "token-2", "token-3"]
    assert {(row.tries, row.body, row.reply_token, row.request_id) for row in rows(db)} == {
        (1, None, None, "req-1")
    }


def test_nothing_leaves_of_what_was_not_written(db: Database, line: LoopbackLine) -> None:
    with sending(db, line.base) as sender:
        with suppress(ZeroDivisionError), db.work() as work:
            gone = at_once.put(work, [answer(work, A, "1")])
            work.after_commit(lambda: sender.errands.send(gone))
            raise ZeroDivisionError
        say(db, sender.errands, (B, "2"))
        wait_until(lambda: states(db) == [("accepted", "reply")])
    assert tokens(line) == ["token-2"]


def test_nobody_else_sends_it_while_it_is_held(db: Database, clock: Clock, line: LoopbackLine) -> None:
    client = LineClient(CHANNELS, line.base)
    with db.work() as work:
        assert len(at_once.put(work, [answer(work, A, "1")])) == 1
    assert deliver_some(db, client) == 0
    clock.move(seconds=REPLY_LEASE.total_seconds() - 1)
    assert deliver_some(db, client) == 0
    client.close()


@pytest.mark.parametrize("line_took_it", [True, False])
def test_one_whose_process_died_is_replied_again_while_its_token_lives(
    db: Database, clock: Clock, line: LoopbackLine, line_took_it: bool
) -> None:
    """LINE answers 400 to a token that was used, so that it arrives once, whenever the process died."""
    client = LineClient(CHANNELS, line.base)
    with db.work() as work:
        at_once.put(work, [answer(work, A, "1")])  # and then the process is killed
    if line_took_it:
        line.on(REPLY, Said(400, {"message": "Invalid reply token"}))
    clock.move(seconds=REPLY_LEASE.total_seconds() + 1)
    deliver_some(db, client)
    assert states(db) == [("accepted", "reply")]
    assert [row.tries for row in rows(db)] == [2]
    assert tokens(line) == ["token-1"]
    client.close()


# ---- what waits for its turn ---------------------------------------------------------------------------------


def may_leave(db: Database, *said: tuple[str, str], **more: Any) -> list[str]:
    with db.work() as work:
        found = at_once.may_leave(work, [answer(work, to, words, **more) for to, words in said])
        return [each.body["messages"][0]["text"] for each in found]


def test_what_costs_a_message_waits_for_its_turn(db: Database) -> None:
    assert may_leave(db, (A, "1"), token=False) == []


def test_nothing_leaves_while_sending_is_paused(db: Database) -> None:
    with db.work() as work:
        switches.pause_sending(work, "restored")
    assert may_leave(db, (A, "1")) == []


def test_a_channel_that_rests_is_left_alone(db: Database) -> None:
    with db.work() as work:
        switches.pause_channel(work, "iwami", work.now + dt.timedelta(minutes=1), "quota")
    assert may_leave(db, (A, "1"), channel="iwami") == []
    assert may_leave(db, (A, "1")) == ["1"]


def test_of_several_to_one_person_the_first_leaves_and_the_next_only_when_that_has_ended(
    db: Database, line: LoopbackLine
) -> None:
    line.on(REPLY, Said(after=0.3), Said(after=0.3), Said())
    with sending(db, line.base) as sender:
        say(db, sender.errands, (A, "1"), (A, "2"), (B, "3"))
        wait_until(lambda: len(line.asked) == 2)
        with db.work() as work:
            assert outbox.claim(work, 10) == []
        wait_until(lambda: [state for state, _ in states(db)] == ["accepted"] * 3)
    assert set(tokens(line)[:2]) == {"token-1", "token-3"}
    assert tokens(line)[2:] == ["token-2"]


def test_whoever_has_something_waiting_is_told_that_first(db: Database) -> None:
    with db.work() as work:
        outbox.put_all(work, [answer(work, A, "before", token=False).row])
    assert may_leave(db, (A, "1"), (B, "2")) == ["2"]


def test_what_waits_for_the_morning_holds_up_no_answer(db: Database) -> None:
    with db.work() as work:
        later = answer(work, A, "in the morning", token=False).row
        outbox.put_all(work, [{**later, "next_try": work.now + dt.timedelta(hours=8)}])
    assert may_leave(db, (A, "1")) == ["1"]


def test_nothing_is_taken_where_nobody_sends_or_many_hands_are_out(db: Database, line: LoopbackLine) -> None:
    line.on(REPLY, Said(after=0.5))
    with sending(db, line.base, threads=4) as sender:
        say(db, sender.errands, (A, "1"))
        assert sender.errands.taken
        say(db, sender.errands, (B, "2"))
        assert not sender.errands.taken
        wait_until(lambda: sender.errands.taken)
    assert not sender.errands.taken
    assert not Errands().taken


# ---- trouble on the way --------------------------------------------------------------------------------------


def test_one_that_hangs_holds_up_no_result_of_the_others(db: Database, line: LoopbackLine) -> None:
    line.on(REPLY, Said(after=1.5), Said())
    with sending(db, line.base) as sender:
        say(db, sender.errands, (A, "1"), (B, "2"), (C, "3"))
        wait_until(lambda: sorted(state for state, _ in states(db)) == ["accepted", "accepted", "waiting"])
        wait_until(lambda: [state for state, _ in states(db)] == ["accepted"] * 3)
    assert len(line.asked) == 3


def test_where_line_says_nothing_each_is_asked_again_with_its_token(
    db: Database, clock: Clock, line: LoopbackLine
) -> None:
    line.on(REPLY, Said(None))
    with sending(db, line.base) as sender:
        say(db, sender.errands, (A, "1"), (B, "2"))
        wait_until(lambda: all(row.reply_doubtful for row in rows(db)))
    line.on(REPLY, Said())
    clock.move(seconds=10)
    client = LineClient(CHANNELS, line.base)
    deliver_some(db, client)
    assert states(db) == [("accepted", "reply")] * 2
    client.close()


def test_where_line_cannot_be_reached_each_waits_for_its_next_try(db: Database, line: LoopbackLine) -> None:
    with sending(db, nobody_listens()) as sender:
        say(db, sender.errands, (A, "1"), (B, "2"), (C, "3"))
        wait_until(lambda: all(row.error for row in rows(db)))
    for row in rows(db):
        assert (row.state, row.leased_until, row.reply_doubtful) == ("waiting", None, False)


def test_what_is_given_when_the_sender_has_stopped_is_another_ones_after_the_lease(
    db: Database, clock: Clock, line: LoopbackLine
) -> None:
    with sending(db, line.base) as sender:
        pass
    say(db, sender.errands, (A, "1"))
    assert line.asked == []
    clock.move(seconds=REPLY_LEASE.total_seconds() + 1)
    client = LineClient(CHANNELS, line.base)
    deliver_some(db, client)
    assert states(db) == [("accepted", "reply")]
    client.close()
