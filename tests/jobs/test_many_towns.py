"""One town's burst, or a LINE that hangs for it, delays no other town's answers."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import pytest
from sqlalchemy import Connection, Select, event, update
from waiting import wait_until

from bot.line.client import Answer, Json, LineClient
from jobs import deliver
from jobs.deliver import Deliverer
from jobs.hands import Hands
from jobs.verdicts import BAD_CREDENTIALS
from storage import outbox, people, quota, switches, turns
from storage.work import Database, Work

SOON = 20.0  # seconds; the machine may be busy, and what would hang hangs for ever
A, B = "tottori", "iwami"


class Line:
    """A LINE that takes everything, but for the channels in `hangs`: those wait until the end of the test."""

    def __init__(self, *hangs: str, seconds: float = 0.0) -> None:
        self.hangs, self.seconds = hangs, seconds
        self.over = threading.Event()
        self.asked: list[str] = []
        self.lock = threading.Lock()

    def push(self, channel: str, _to: str, _messages: Sequence[Json], _key: str) -> Answer:
        with self.lock:
            self.asked.append(channel)
        if channel in self.hangs:
            self.over.wait()
            return Answer(None, "unknown")
        time.sleep(self.seconds)
        return Answer(200, "yes", "r")


def write(db: Database, channel: str, count: int, kind: outbox.Kind = "message") -> None:
    with db.work() as work:
        for number in range(count):
            person = people.lock(work, channel, f"U{number:032x}").id
            outbox.put(work, channel, kind, {"messages": [{"type": "text", "text": "x"}]}, person_id=person)


@contextmanager
def sending(db: Database, line: Line, hands: int) -> Iterator[Deliverer]:
    sender = Deliverer(db, cast(LineClient, line), threads=hands, every=0.05)
    sender.start()
    try:
        yield sender
    finally:
        line.over.set()
        sender.stop()


def waiting(db: Database, channel: str) -> int:
    with db.look() as work:
        return outbox.counts(work).get((channel, "waiting"), 0)


def test_a_town_whose_line_hangs_delays_nobody_else(db: Database) -> None:
    write(db, A, 30)
    line = Line(A)
    with sending(db, line, 8):
        wait_until(lambda: line.asked.count(A) == 4)
        write(db, B, 10)
        wait_until(lambda: waiting(db, B) == 0)
        assert line.asked.count(A) == 4  # half of the hands hang, and no more


def test_three_towns_whose_line_hangs_delay_nobody_else(db: Database) -> None:
    hang = (A, "wakasa", "chizu")
    for channel in hang:
        write(db, channel, 20)
    line = Line(*hang)
    with sending(db, line, 16):
        wait_until(lambda: len(line.asked) >= 12)
        write(db, B, 10)
        wait_until(lambda: waiting(db, B) == 0)


def test_a_towns_burst_does_not_stand_before_anothers_answer(db: Database) -> None:
    write(db, A, 300)
    line = Line(seconds=0.05)
    with sending(db, line, 8):
        wait_until(lambda: line.asked.count(A) >= 4)
        write(db, B, 1)
        wait_until(lambda: waiting(db, B) == 0)
        assert waiting(db, A) > 100


def test_one_town_alone_has_as_many_hands_as_it_may_have_and_all_of_them_again(db: Database) -> None:
    write(db, A, 60)
    line = Line()
    with sending(db, line, 8):
        wait_until(lambda: waiting(db, A) == 0)
    assert line.asked == [A] * 60


@pytest.mark.parametrize(
    ("reason", "kind", "leaves"),
    [
        (BAD_CREDENTIALS, "message", False),
        (quota.USED_UP, "message", False),
        (quota.USED_UP, "link_menu", True),
        (quota.SHORT, "message", True),
        (quota.SHORT, "multicast", False),
    ],
)
def test_what_rests_stands_in_nobodys_way(db: Database, reason: str, kind: outbox.Kind, leaves: bool) -> None:
    write(db, A, 40, kind)
    write(db, B, 2, kind)
    with db.work() as work:
        switches.pause_channel(work, A, work.now.replace(year=work.now.year + 1), reason)
    with db.work() as work:
        claimed = Counter(row.channel for row in deliver.claim(work, Hands(20)))
    assert claimed == ({A: claimed[A], B: 2} if leaves else {B: 2})
    assert (claimed[A] > 0) == leaves


def test_with_more_towns_than_hands_each_has_its_turn(db: Database) -> None:
    towns = [f"t{number:02}" for number in range(60)]
    for town in towns:
        write(db, town, 3)
    write(db, A, 100)
    hands, had = Hands(12), Counter[str]()
    hands.take(A, 6)  # as many as it may have: now each of the others has its turn
    for _ in range(40):
        with db.work() as work:
            rows = deliver.claim(work, hands)
            for row in rows:
                outbox.settle(work, row.id, "accepted")
        had.update(row.channel for row in rows)
    assert set(had) == set(towns)


def test_many_channels_are_each_named_once(db: Database) -> None:
    towns = sorted(f"t{number:02}" for number in range(turns.FEW * 4))
    for town in towns:
        write(db, town, 1)
    with db.work() as work:
        assert sorted(turns.in_turn(work, "message", "")) == towns
        behind = list(turns.in_turn(work, "message", "t30"))
        assert sorted(behind) == towns
        assert behind[0] == "t31"


def test_no_channel_holds_more_hands_than_stay_free() -> None:
    hands = Hands(256)
    for channel in "abcdefgh":
        while hands.room(channel):
            hands.take(channel)
    assert hands.held["a"] == 128
    assert hands.free > 0
    for _ in range(128):
        hands.give_back("a")
    assert "a" not in hands.held
    assert hands.room("a") > hands.room("b") >= 0


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_fewest_hands_are_used_all_the_same(number: int) -> None:
    assert Hands(number).room("a") >= 1
    assert Hands(number).room_of_any >= 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL decides by what is there
def test_the_claim_of_one_channel_asks_the_index_that_knows_channels(db: Database) -> None:
    """Else it would read what all others have waiting."""
    with db.look() as work:
        query = str(outbox._due(False, True, False).compile(work.conn))
        plan = work.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", (None,) * query.count("?")).all()
    assert any("USING INDEX ix_outbox_waiting" in row[3] for row in plan)


def with_a_burst(db: Database, rows: int) -> None:
    """So many rows wait, of which PostgreSQL's statistics know nothing yet: a minute ago there was hardly anything."""
    with db.work() as work:
        person = people.lock(work, "default", f"U{1:032x}")
        for _ in range(rows):
            outbox.put(work, "default", "message", {"messages": []}, person_id=person.id)
        work.conn.execute(update(outbox.outbox).values(state="accepted", settled=work.now))
    with db.work() as work:
        work.conn.exec_driver_sql("ANALYZE outbox")
        work.conn.execute(update(outbox.outbox).values(state="waiting", settled=None))


def plan_of(work: Work, query: Select[Any], given: dict[str, Any], how: str) -> list[str]:
    literal = query.compile(work.conn, compile_kwargs={"render_postcompile": True})
    bound = literal.construct_params(given | {"now": work.now})
    return [str(row[0]) for row in work.conn.exec_driver_sql(f"{how} {literal}", bound)]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_waits_of_somebody_is_found_by_that_person_though_nothing_waited_a_minute_ago(
    db: Database,
) -> None:
    """By the state, which looks rare to PostgreSQL, each of a hundred thousand rows would be compared with all others."""
    with_a_burst(db, 300)
    with db.work() as work:
        plan = plan_of(work, outbox._due(True, False, False), {"kind": "message", "most": 10}, "EXPLAIN")
    (earlier,) = [step for step in plan if "on outbox earlier" in step]
    assert "ix_outbox_person_id_settled_id" in earlier


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_whose_turn_it_is_costs_the_same_though_nothing_waited_a_minute_ago(db: Database) -> None:
    """It took 40 ms of each round while one town's hundred thousand rows left."""
    with_a_burst(db, 300)
    with db.work() as work:
        given = {"kind": "message", "after": "", "most": turns.FEW}
        plan = plan_of(work, turns._channels(), given, "EXPLAIN (ANALYZE, TIMING OFF)")
    read = [int(rows) for rows in re.findall(r"on outbox .*actual rows=(\d+)", "\n".join(plan))]
    assert len(read) == 3
    assert max(read) <= 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_sender_plans_for_what_waits_now(db: Database) -> None:
    """What PostgreSQL had prepared while nothing waited, it went on to do with a hundred thousand rows."""
    rounds: list[list[str]] = []

    def begins(_conn: Connection) -> None:
        rounds.append([])

    def notes(_conn: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        rounds[-1].append(statement)

    sender = Deliverer(db, cast(LineClient, Line()))
    event.listen(db.engine, "begin", begins)
    event.listen(db.engine, "before_cursor_execute", notes)
    sender._write_and_claim([])
    event.remove(db.engine, "begin", begins)
    event.remove(db.engine, "before_cursor_execute", notes)
    (only,) = rounds
    assert only[0] == "SET LOCAL plan_cache_mode = force_custom_plan"
    assert any("FROM outbox" in statement for statement in only)
