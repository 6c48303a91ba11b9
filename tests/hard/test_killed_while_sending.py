"""Exactly once: the sender is killed again and again while it sends, and a LINE that is not our simulator judges."""

from __future__ import annotations

import time

import pytest
from killing import ISSUE, KEYS, PATIENCE, ROUGH, Deathbed, begun_in_parts, user
from serving import Served
from sqlalchemy import select
from waiting import wait_until

from storage import outbox, people

HARD = pytest.mark.hard
TEXT = "あしたは地域食堂の日です"


def sends_under_fire(bed: Deathbed, kills: int, longest: float, real_time: bool) -> None:
    """`tsunagari work` is killed so often, each time somewhere in its work, and then lives to the end. In real time
    leases end by themselves, and some of its lives are new interpreters with nothing added."""
    bed.began = time.monotonic()
    for number in range(kills):
        before = bed.judge.calls()
        sender = bed.begins_afresh("work") if real_time and number % 20 == 0 else bed.begins("work")
        wait_until(lambda: bed.judge.calls() > before or not bed.waiting(), PATIENCE, what="it sends")  # noqa: B023
        time.sleep(bed.chance.uniform(0, longest))
        assert sender.kill(), bed.last_words()
        bed.kills += 1
        if not real_time:
            bed.a_minute_passes()
    assert bed.waiting(), "it was at its end before it was killed often enough"
    sender = bed.begins("work")
    if real_time:
        wait_until(lambda: bed.waiting() == 0, 900, what="everything is settled")
    bed.all_is_settled(900)
    assert sender.stop() == 0


@pytest.mark.parametrize(
    ("database_url", "count", "size", "kills", "faults", "answers", "longest", "real_time"),
    [
        pytest.param("sqlite", 200, 10, 4, ROUGH, (0.0, 0.3), 0.2, False, id="small-sqlite"),
        pytest.param("postgresql", 200, 10, 4, ROUGH, (0.0, 0.3), 0.2, False, id="small-postgresql"),
        pytest.param("sqlite", 10_000, 20, 100, ISSUE, (0.0, 0.6), 0.3, True, id="500 parts-sqlite", marks=HARD),
        pytest.param("postgresql", 10_000, 20, 100, ISSUE, (0.0, 0.6), 0.3, True, id="500 parts-postgresql", marks=HARD),
        pytest.param("sqlite", 10_000, 500, 100, ISSUE, (0.8, 2.5), 0.5, False, id="20 parts-sqlite", marks=HARD),
        pytest.param("postgresql", 10_000, 500, 100, ISSUE, (0.8, 2.5), 0.5, False, id="20 parts-postgresql", marks=HARD),
    ],
    indirect=["database_url"],
)  # fmt: skip
def test_a_broadcast_reaches_everybody_once_though_its_sender_is_killed(
    bed: Deathbed,
    count: int,
    size: int,
    kills: int,
    faults: dict[str, float],
    answers: tuple[float, float],
    longest: float,
    real_time: bool,
) -> None:
    bed.has_people(count, gone=3)
    bed.hands = (
        8 if real_time else None
    )  # what 128 hands hold in four deaths is everything, until a minute is over
    bed.judge.behaves(**faults, fastest=answers[0], slowest=answers[1], seed=count + size)
    broadcast_id = begun_in_parts(bed.db, TEXT, size)
    sends_under_fire(bed, kills, longest, real_time)
    found = bed.says(TEXT, broadcast_id)
    bed.report(f"{count} people in parts of {size}", **found)
    assert found == {"lost": 0, "twice": 0}
    assert bed.status(broadcast_id) == "sent"
    tally = bed.tally(broadcast_id)
    assert (tally.recipients, tally.accepted, tally.blocked) == (count, count - 3, 3)


@pytest.mark.parametrize(
    ("database_url", "count", "kills", "faults", "slowest", "longest"),
    [
        pytest.param("sqlite", 150, 3, ROUGH, 0.1, 0.1, id="small-sqlite"),
        pytest.param("postgresql", 150, 3, ROUGH, 0.1, 0.1, id="small-postgresql", marks=HARD),
        pytest.param("sqlite", 10_000, 100, ISSUE, 0.2, 0.8, id="whole-sqlite", marks=HARD),
        pytest.param("postgresql", 10_000, 100, ISSUE, 0.2, 0.8, id="whole-postgresql", marks=HARD),
    ],
    indirect=["database_url"],
)
def test_what_is_pushed_to_each_person_arrives_once_though_its_sender_is_killed(
    bed: Deathbed, count: int, kills: int, faults: dict[str, float], slowest: float, longest: float
) -> None:
    bed.has_people(count)
    with bed.db.work() as work:
        for person_id in list(work.conn.execute(select(people.people.c.id)).scalars()):
            body = {"messages": [{"type": "text", "text": TEXT}]}
            outbox.put(work, "default", "message", body, person_id=person_id)
    bed.judge.behaves(**faults, slowest=slowest, seed=count)
    sends_under_fire(bed, kills, longest, real_time=False)
    ledger = bed.judge.ledger()
    times = [ledger["delivered"].get(user(number), {}).get(TEXT, 0) for number in range(count)]
    found = {"lost": times.count(0), "twice": sum(1 for each in times if each > 1)}
    bed.report(f"{count} messages to one person each", **found)
    assert found == {"lost": 0, "twice": 0}
    assert not ledger["wrongs"]
    with bed.db.look() as work:
        assert outbox.counts(work) == {("default", "accepted"): count}


@HARD
def test_the_service_in_one_process_is_killed_with_and_without_its_master(bed: Deathbed) -> None:
    """`tsunagari serve`: its worker is killed and comes back by itself, or all of it is and is begun anew."""
    bed.has_people(1_000)
    bed.judge.behaves(**ISSUE, fastest=0.2, slowest=1.0, seed=9)
    broadcast_id = begun_in_parts(bed.db, TEXT, 10)
    served = Served(bed.url, KEYS, bed.judge.url, bed.folder)
    served.start()
    try:
        for number in range(10):
            before = bed.judge.calls()
            served.wait_until_ready()
            wait_until(lambda: bed.judge.calls() > before, PATIENCE, what="it sends")  # noqa: B023
            if number % 2:
                served.kill()
                served.start()
            else:
                served.kill_worker()
            bed.kills += 1
        wait_until(lambda: bed.waiting() == 0, 600, what="everything is settled")
    finally:
        served.stop()
    found = bed.says(TEXT, broadcast_id)
    bed.report("tsunagari serve, 1000 people in parts of 10", **found)
    assert found == {"lost": 0, "twice": 0}
