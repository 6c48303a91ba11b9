"""The calls of a large broadcast are put in steps: nobody is lost, nobody twice, whatever happens between two of them."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text, update
from surroundings import PATIENCE, Clock

from storage import broadcasts, erasing, freezing, outbox, people, quiet
from storage.broadcasts import Tally, broadcast_recipients
from storage.crypto import Cipher
from storage.database import open_database
from storage.people import Person
from storage.segments import EVERYONE
from storage.work import Database, Work

WORDS = [{"type": "text", "text": "お知らせです"}]
MANY, SIZE, STEP = 35, 3, 10
MOST_STEPS = 6  # that a process makes before it is killed


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freezing, "AT_ONCE", STEP)


def everybody(work: Work, count: int = MANY) -> list[Person]:
    return [people.lock(work, "default", f"U{number:032x}") for number in range(count)]


def begun(work: Work) -> str:
    """A broadcast whose people all stand, and whose first calls do."""
    made = broadcasts.schedule(work, "default", [{"text": "a"}], EVERYONE, work.now, created_by="x")
    assert broadcasts.start(work, made.id)
    freezing.freeze(work, made.id, lambda _: WORDS, chunk_size=SIZE)
    assert freezing.unfinished(work) == [made.id]
    return made.id


def step(db: Database, broadcast_id: str) -> bool:
    with db.work() as work:
        return freezing.go_on(work, broadcast_id)


def finish(db: Database, broadcast_id: str) -> None:
    while step(db, broadcast_id):
        pass


def addresses(db: Database) -> list[str]:
    """Everybody who stands in a call."""
    with db.work() as work:
        rows = work.conn.execute(select(outbox.outbox.c.body, outbox.outbox.c.retry_key)).all()
        bodies = [
            work.unseal(row.body, "default", "outbox", "body", row.retry_key) for row in rows if row.body
        ]
    assert all(body["messages"] == WORDS and len(body["to"]) <= SIZE for body in bodies)
    return [address for body in bodies for address in body["to"]]


def tally(db: Database, broadcast_id: str) -> Tally:
    with db.look() as work:
        return broadcasts.tally(work, broadcast_id)


def send(db: Database) -> int:
    """All calls that may leave now are accepted."""
    with db.work() as work:
        rows = outbox.claim(work, 1_000)
        for row in rows:
            assert row.broadcast_id is not None
            assert row.chunk is not None
            outbox.settle(work, row.id, "accepted")
            broadcasts.settle_chunk(work, row.broadcast_id, row.chunk, "accepted")
            broadcasts.finish_if_done(work, row.broadcast_id)
    return len(rows)


def test_all_people_stand_before_the_first_call_does(db: Database) -> None:
    with db.work() as work:
        everybody(work)
        made = begun(work)
    assert tally(db, made).remaining == MANY
    assert len(addresses(db)) == STEP - STEP % SIZE  # a chunk that is not whole is left to the next step


def test_after_the_last_step_everybody_has_one_place(db: Database) -> None:
    with db.work() as work:
        known = everybody(work)
        made = begun(work)
    finish(db, made)
    assert sorted(addresses(db)) == [person.line_id for person in known]
    with db.look() as work:
        assert freezing.unfinished(work) == []
    assert not step(db, made)


def test_it_does_not_end_while_calls_are_missing_although_all_that_stand_were_sent(db: Database) -> None:
    with db.work() as work:
        everybody(work)
        made = begun(work)
    assert send(db) == 3
    with db.look() as work:
        assert broadcasts.status_of(work, made) == "sending"
    finish(db, made)
    send(db)
    with db.look() as work:
        assert broadcasts.status_of(work, made) == "sent"
    assert tally(db, made) == Tally(MANY, accepted=MANY, blocked=0, failed=0, unknown=0, remaining=0)


def test_who_comes_between_two_steps_is_not_added(db: Database) -> None:
    with db.work() as work:
        everybody(work)
        made = begun(work)
        late = people.lock(work, "default", f"U{777:032x}")
    finish(db, made)
    assert late.line_id not in addresses(db)
    assert tally(db, made).recipients == MANY


def test_who_falls_in_danger_between_two_steps_is_left_alone(db: Database, clock: Clock) -> None:
    with db.work() as work:
        known = everybody(work)
        made = begun(work)
    with db.work() as work:
        quiet.until(work, known[0], clock.now + dt.timedelta(days=1))
        quiet.until(work, known[-1], clock.now + dt.timedelta(days=1))
    finish(db, made)
    assert sorted(addresses(db)) == [person.line_id for person in known[1:-1]]
    assert tally(db, made).recipients == MANY - 2


def test_who_is_erased_between_two_steps_is_gone_from_everywhere(db: Database) -> None:
    with db.work() as work:
        known = everybody(work)
        made = begun(work)
    for gone in (known[0], *known[20:30]):  # also whole chunks
        with db.work() as work:
            erasing.erase_person(work, gone, ())
    finish(db, made)
    left = [*known[1:20], *known[30:]]
    assert sorted(addresses(db)) == [person.line_id for person in left]
    assert tally(db, made).recipients == len(left)
    send(db)
    with db.look() as work:
        assert broadcasts.status_of(work, made) == "sent"


def test_who_asks_for_their_data_sees_that_they_stand_in_a_broadcast(db: Database) -> None:
    with db.work() as work:
        known = everybody(work)
        begun(work)
        tables = {held.table: held.rows for held in erasing.held(work, known[0].id, ())}
    assert len(tables["broadcast_recipients"]) == 1


def test_whoever_vanished_without_a_word_holds_up_nobody(db: Database) -> None:
    with db.work() as work:
        known = everybody(work)
        made = begun(work)
        ids = [person.id for person in known[9:30]]
        work.conn.execute(delete(people.people).where(people.people.c.id.in_(ids)))
    finish(db, made)
    assert sorted(addresses(db)) == [person.line_id for person in (*known[:9], *known[30:])]
    assert tally(db, made).recipients == MANY - 21


def test_an_address_that_no_key_opens_counts_as_failed_and_keeps_nobody_else_waiting(db: Database) -> None:
    with db.work() as work:
        known = everybody(work)
        where = people.people.c.id.in_([known[1].id, *(person.id for person in known[12:15])])
        work.conn.execute(update(people.people).where(where).values(line_id=b"\x01\x02t1broken"))
        made = begun(work)
    finish(db, made)
    assert len(addresses(db)) == MANY - 4
    send(db)
    assert tally(db, made) == Tally(MANY, accepted=MANY - 4, blocked=0, failed=4, unknown=0, remaining=0)
    with db.look() as work:
        assert broadcasts.status_of(work, made) == "sent"


def test_a_pause_between_two_steps_holds_what_comes_after_it_too(db: Database) -> None:
    with db.work() as work:
        everybody(work)
        made = begun(work)
        broadcasts.pause(work, made)
    finish(db, made)
    assert send(db) == 0
    with db.work() as work:
        broadcasts.resume(work, made)
    send(db)
    assert tally(db, made).accepted == MANY


def test_a_cancelled_broadcast_gets_no_further_calls_and_says_who_was_not_reached(db: Database) -> None:
    with db.work() as work:
        everybody(work)
        made = begun(work)
    send(db)
    with db.work() as work:
        broadcasts.cancel(work, made)
    assert not step(db, made)
    with db.look() as work:
        assert freezing.unfinished(work) == []
    assert send(db) == 0
    assert tally(db, made) == Tally(MANY, accepted=9, blocked=0, failed=0, unknown=0, remaining=MANY - 9)


def test_several_who_go_on_at_once_take_turns(db: Database, together: Callable[..., list[Any]]) -> None:
    with db.work() as work:
        known = everybody(work)
        made = begun(work)
    together(4, lambda _number: finish(db, made))
    assert sorted(addresses(db)) == [person.line_id for person in known]


def test_a_step_that_fails_leaves_nothing_behind(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with db.work() as work:
        known = everybody(work)
        made = begun(work)
    puts, put = iter([1, 2]), outbox.put

    def full_disk(*arguments: Any, **more: Any) -> None:
        if next(puts, None) is None:
            raise OSError("no space left")
        put(*arguments, **more)

    before = addresses(db)
    with monkeypatch.context() as broken:
        broken.setattr(outbox, "put", full_disk)
        with pytest.raises(OSError, match="no space"):
            step(db, made)
    assert addresses(db) == before
    finish(db, made)
    assert sorted(addresses(db)) == [person.line_id for person in known]


def test_broadcasts_of_long_ago_are_forgotten_with_their_words_and_people(db: Database, clock: Clock) -> None:
    with db.work() as work:
        everybody(work)
        made = begun(work)
        broadcasts.cancel(work, made)
    clock.move(days=366)
    with db.work() as work:
        assert broadcasts.forget_old(work, dt.timedelta(days=365)) == 1
        for table in (broadcast_recipients, freezing.broadcast_variants):
            assert work.conn.execute(select(func.count()).select_from(table)).scalar() == 0


@pytest.mark.parametrize("deed", ["erase", "quiet"])
def test_who_is_taken_out_while_a_step_is_under_way_waits_for_it(
    db: Database, clock: Clock, deed: str
) -> None:
    """PostgreSQL alone has two writers: without the wait the address would be in a chunk that nobody has looked at."""
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with db.work() as work:
        known = everybody(work)
        made = begun(work)
    someone = known[15]

    def take_out() -> None:
        with db.work() as work:
            if deed == "erase":
                erasing.erase_person(work, someone, ())
            else:
                quiet.until(work, someone, clock.now + dt.timedelta(days=1))

    other = threading.Thread(target=take_out)
    with db.work() as work:
        freezing.go_on(work, made)
        other.start()
        _until_somebody_waits(db)
    other.join(PATIENCE)
    finish(db, made)
    assert sorted(addresses(db)) == [person.line_id for person in known if person != someone]


def _until_somebody_waits(db: Database) -> None:
    waits = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(600):
        with db.look() as work:
            if work.conn.execute(waits).scalar_one():
                return
        time.sleep(0.02)
    pytest.fail("nobody waits")


# ---- killed ------------------------------------------------------------------------------------------------


def _go_on_for_ever(url: str, cipher: Cipher, broadcast_id: str, steps: Any) -> None:
    """In its own process: step by step, each of a few people."""
    freezing.AT_ONCE = 4
    db = open_database(url, cipher)
    while step(db, broadcast_id):
        steps.release()
    for _ in range(MOST_STEPS):  # nobody waits for what does not come
        steps.release()


def test_however_often_the_process_is_killed_nobody_is_lost_and_nobody_twice(
    db: Database, database_url: str, cipher: Cipher
) -> None:
    pick, context = random.Random(1), multiprocessing.get_context("fork")
    with db.work() as work:
        known = everybody(work, 120)
        made = begun(work)
    kills = 0
    while True:
        with db.look() as work:
            if not freezing.unfinished(work):
                break
        db.engine.dispose()
        steps = context.Semaphore(0)
        process = context.Process(target=_go_on_for_ever, args=(database_url, cipher, made, steps))
        process.start()
        for _ in range(pick.randint(1, MOST_STEPS)):
            steps.acquire(timeout=PATIENCE / 1000)
        time.sleep(pick.uniform(0, 0.01))
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        kills += 1
    assert kills >= 5
    assert sorted(addresses(db)) == [person.line_id for person in known]
