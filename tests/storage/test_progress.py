"""Who looks twice a second sees the same as who counts everybody."""

from __future__ import annotations

import random

import pytest

from storage import broadcasts, freezing, outbox, people, progress
from storage.broadcasts import Outcome
from storage.segments import EVERYONE
from storage.work import Database

HELLO = [{"type": "text", "text": "a"}]
ENDS: tuple[tuple[outbox.State, Outcome], ...] = (
    ("accepted", "accepted"),
    ("refused", "failed"),
    ("unknown", "unknown"),
    ("dropped", "failed"),
)


@pytest.fixture
def begun(db: Database) -> str:
    """Thirty people in chunks of two or one, and one who blocked us."""
    with db.work() as work:
        for number in range(31):
            person = people.lock(work, "default", f"U{number:032x}")
            people.register(work, person, town="tottori", district=None, topics=(), consent_version="1")
            if number == 30:
                people.set_friend(work, person.id, False, 1)
        made = broadcasts.schedule(work, "default", [{"text": "a"}], EVERYONE, work.now, created_by="x")
        assert broadcasts.start(work, made.id)
        freezing.freeze(work, made.id, lambda _: HELLO, chunk_size=2)
    return made.id


def settle(db: Database, count: int, pick: random.Random) -> int:
    """Some of the chunks end, in any order and with any outcome; how many there were."""
    with db.work() as work:
        rows = outbox.claim(work, 100)
        ending = pick.sample(rows, min(count, len(rows)))
        for row in rows:
            if row not in ending:
                outbox.postpone(work, row, work.now, "later", reply="keep")
                continue
            state, outcome = pick.choice(ENDS)
            outbox.settle(work, row.id, state)
            assert row.broadcast_id is not None
            assert row.chunk is not None
            broadcasts.settle_chunk(work, row.broadcast_id, row.chunk, outcome)
            broadcasts.finish_if_done(work, row.broadcast_id)
    return len(ending)


@pytest.mark.parametrize("seed", range(3))
def test_each_look_is_what_counting_everybody_gives(db: Database, begun: str, seed: int) -> None:
    pick = random.Random(seed)
    with db.look() as work:
        seen = progress.first_look(work, begun)
    assert (seen.tally.recipients, seen.tally.blocked, seen.tally.remaining) == (31, 1, 30)
    looked = 0
    while settle(db, pick.randint(1, 5), pick):
        with db.look() as work:
            seen = progress.next_look(work, seen)
            assert seen == progress.first_look(work, begun)
        looked += 1
    assert looked >= 3
    assert (seen.status, seen.tally.remaining) == ("sent", 0)


def test_a_look_before_its_time_sees_nobody_and_the_next_one_everybody(db: Database) -> None:
    with db.work() as work:
        person = people.lock(work, "default", "U1")
        people.register(work, person, town="tottori", district=None, topics=(), consent_version="1")
        made = broadcasts.schedule(work, "default", [{"text": "a"}], EVERYONE, work.now, created_by="x")
    with db.look() as work:
        before = progress.first_look(work, made.id)
    assert (before.status, before.tally.recipients) == ("scheduled", 0)
    with db.work() as work:
        assert broadcasts.start(work, made.id)
        freezing.freeze(work, made.id, lambda _: HELLO)
    with db.look() as work:
        assert progress.next_look(work, before).tally.recipients == 1


def test_a_broadcast_that_is_forgotten_has_no_state(db: Database) -> None:
    with db.look() as work:
        assert progress.first_look(work, "gone").status is None
