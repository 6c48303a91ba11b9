"""Exactly once: a broadcast is paused, resumed, cancelled, out of quota or a day late in the middle, while processes die.
What has gone out and what has not adds up, and is what LINE says."""

from __future__ import annotations

import datetime as dt
import json
import signal

import pytest
from killing import PATIENCE, ROUGH, Deathbed, Mortal, begun_in_parts
from sqlalchemy import select
from waiting import wait_until

from jobs import timetable
from storage import broadcasts, freezing, outbox, quota
from storage.outbox import outbox as rows
from storage.segments import EVERYONE
from storage.work import Work

on_sqlite = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.hard)], indirect=True
)
MORNING = dt.datetime(
    2026, 12, 1, 0, 9, 0, tzinfo=dt.UTC
)  # 9:09 in Tottori; quotas are asked for at ten past
TEXT = "大切なお知らせ"
COUNT, SIZE = 600, 2  # more parts than one sender takes at once


def shown(bed: Deathbed, broadcast_id: str) -> dict[str, object]:
    """`tsunagari broadcast show ID --json`"""
    found: dict[str, object] = json.loads(
        bed.says_at_the_terminal("broadcast", "show", broadcast_id, "--json")
    )
    return found


def sends_a_little_and_dies(bed: Deathbed, calls: int = 6, role: str = "all") -> None:
    before = bed.judge.calls()
    sender = bed.begins("work", "--role", role)
    wait_until(lambda: bed.judge.calls() >= before + calls, PATIENCE, what="it sends")
    assert sender.kill()
    bed.kills += 1
    bed.a_minute_passes()


class Undone(Exception):
    """It was only a question."""


def would_send(bed: Deathbed) -> int:
    """How many parts a sender would take now."""
    found = 0
    try:
        with bed.db.work() as work:
            found = len(outbox.claim(work, 1000))
            raise Undone
    except Undone:
        return found


def held(work: Work) -> set[bool]:
    query = select(rows.c.held).where(rows.c.state == "waiting").distinct()
    return set(work.conn.execute(query).scalars())


@on_sqlite
def test_pausing_resuming_and_cancelling_are_whole_or_nothing_and_the_figures_add_up(bed: Deathbed) -> None:
    bed.hands = 8
    bed.has_people(COUNT, gone=2)
    bed.judge.behaves(**ROUGH, slowest=0.1, seed=5)
    broadcast_id = begun_in_parts(bed.db, TEXT, SIZE)
    sends_a_little_and_dies(bed)

    for point in (
        "storage.broadcasts:pause:before:1",
        "storage.broadcast_calls:hold:after:1",
        "storage.audit:note:after:1",
    ):
        bed.dies(point, "broadcast", "pause", broadcast_id)
        with bed.db.look() as work:
            assert held(work) == {False}
        assert bed.status(broadcast_id) == "sending"
        sends_a_little_and_dies(bed, 3)
    sender = bed.begins("work")  # and once while a sender lives
    wait_until(lambda: bed.judge.figures()["under_way"] > 0, PATIENCE, what="it sends")
    bed.says_at_the_terminal("broadcast", "pause", broadcast_id)
    assert sender.kill()
    bed.a_minute_passes()
    assert bed.status(broadcast_id) == "paused"
    assert would_send(bed) == 0, "also of what was under way: nobody knows, and it waits"
    bed.says(TEXT, broadcast_id)

    for point in (
        "storage.broadcast_calls:release:before:1",
        "storage.broadcast_calls:release:after:1",
        "storage.audit:note:after:1",
    ):
        bed.dies(point, "broadcast", "resume", broadcast_id)
        assert bed.status(broadcast_id) == "paused"
        assert would_send(bed) == 0
    bed.says_at_the_terminal("broadcast", "resume", broadcast_id)
    bed.judge.behaves(fastest=1.0, slowest=2.0)
    sender = bed.begins("work")
    wait_until(lambda: bed.judge.figures()["under_way"] > 0, PATIENCE, what="it sends")
    for point in (
        "storage.broadcast_calls:give_up:before:1",
        "storage.broadcast_calls:give_up:after:1",
        "storage.audit:note:after:1",
    ):
        bed.dies(point, "broadcast", "cancel", broadcast_id)
        assert bed.status(broadcast_id) in ("sending", "sent")
    bed.says_at_the_terminal("broadcast", "cancel", broadcast_id)
    assert sender.kill()
    bed.kills += 1
    bed.a_minute_passes()
    ender = bed.begins("work")
    bed.all_is_settled()
    ender.stop()
    assert bed.status(broadcast_id) == "cancelled"
    assert would_send(bed) == 0
    found = bed.says(TEXT, broadcast_id)
    tally = bed.tally(broadcast_id)
    bed.report("paused, resumed and cancelled", twice=found["twice"], tally=tally)
    assert found["twice"] == 0
    assert (tally.recipients, tally.blocked, tally.failed) == (COUNT, 2, 0)
    assert min(tally.accepted, tally.unknown, tally.remaining) > 0
    assert shown(bed, broadcast_id)["remaining"] == tally.remaining


@on_sqlite
def test_with_the_quota_used_up_in_the_middle_it_goes_on_where_it_stopped_when_that_is_raised(
    bed: Deathbed,
) -> None:
    bed.sets_clock(MORNING)
    bed.has_people(COUNT)
    bed.judge.behaves(**ROUGH, slowest=0.1, seed=6, quota=COUNT // 2)
    broadcast_id = begun_in_parts(bed.db, TEXT, SIZE)

    def resting() -> bool:
        with bed.db.look() as work:
            return bool(quota.resting(work))

    for point in ("storage.switches:pause_channel:before:1", "storage.switches:pause_channel:after:1"):
        bed.dies(point)  # the sender that first hears of it dies before it is written
        bed.a_minute_passes()
        assert not resting()
    sender = bed.begins("work")
    wait_until(resting, PATIENCE, what="it rests for the quota")
    assert sender.kill()
    bed.kills += 2
    bed.a_minute_passes()
    assert bed.judge.ledger()["used"] == COUNT // 2
    assert shown(bed, broadcast_id)["waits"]
    bed.says(TEXT, broadcast_id)

    bed.judge.behaves(
        quota=2 * COUNT
    )  # at exactly COUNT, a chance 429 to what was accepted unseen looks like a full quota
    for hour, where in enumerate(("before", "after"), 1):
        asker = begun_before_the_hourly_question(bed, hour, f"storage.switches:resume_channel:{where}:1")
        assert asker.wait() == -signal.SIGKILL
        bed.kills += 1
        assert resting()
    ender = begun_before_the_hourly_question(bed, 3)
    wait_until(lambda: not resting(), PATIENCE, what="LINE was asked")
    bed.all_is_settled()
    assert ender.stop() == 0
    found = bed.says(TEXT, broadcast_id)
    bed.report("the quota used up and raised", **found)
    assert found == {"lost": 0, "twice": 0}
    assert bed.status(broadcast_id) == "sent"


def begun_before_the_hourly_question(bed: Deathbed, hour: int, die: str | None = None) -> Mortal:
    """It runs, and a second later it is ten past."""
    bed.sets_clock(MORNING + dt.timedelta(hours=hour, minutes=-5))
    known = len(bed.events("work.started"))
    mortal = bed.begins("work", die=die)
    wait_until(lambda: len(bed.events("work.started")) > known, PATIENCE, what="it has started")
    bed.sets_clock(MORNING + dt.timedelta(hours=hour, seconds=59))
    return mortal


@on_sqlite
def test_what_was_first_tried_a_day_ago_is_not_repeated_but_shown_to_staff(bed: Deathbed) -> None:
    bed.sets_clock(MORNING)
    bed.has_people(COUNT)
    bed.judge.behaves(seed=7)
    broadcast_id = begun_in_parts(bed.db, TEXT, SIZE)
    bed.dies("http.client:HTTPConnection.request:after:3")  # up to 8 parts are under way, 3 of them at LINE
    bed.judge.at_rest()
    tried = parts_tried(bed)
    at_line, calls = bed.judge.ledger()["used"], bed.judge.calls()
    assert tried
    assert at_line
    bed.sets_clock(MORNING + dt.timedelta(hours=23, minutes=1))  # nothing ran for a day
    sender = bed.begins("work")
    bed.all_is_settled()
    assert sender.stop() == 0
    assert bed.judge.calls() == calls, "LINE may have forgotten the keys: nothing is asked again"
    assert bed.judge.ledger()["used"] == at_line
    assert bed.says(TEXT, broadcast_id)["twice"] == 0
    told = shown(bed, broadcast_id)
    assert (told["unknown"], told["failed"], told["remaining"]) == (tried * SIZE, COUNT - tried * SIZE, 0)
    why = {each["outcome"]: each["reason"] for each in told["reasons"]}  # type: ignore[attr-defined]
    assert why == {"unknown": "first tried more than 23 hours ago", "failed": "too old"}
    alarms = {each["event"] for each in bed.events("deliver.stale", "deliver.too_old")}
    assert alarms == {"deliver.stale", "deliver.too_old"}
    for_people = bed.says_at_the_terminal("broadcast", "show", broadcast_id)
    assert "初めの送信から23時間たち、二重になるおそれがあるので止めた" in for_people
    bed.report("a day late", parts_tried=tried)


def parts_tried(bed: Deathbed) -> int:
    with bed.db.look() as work:
        return len(work.conn.execute(select(rows.c.id).where(rows.c.first_tried.is_not(None))).all())


@on_sqlite
@pytest.mark.parametrize("deed", ["pause", "cancel"])
def test_what_is_stopped_while_its_parts_are_still_being_made_goes_out_as_far_as_it_says(
    bed: Deathbed, deed: str
) -> None:
    """Its preparing process dies between two steps; staff stop it; the next process finds it like that."""
    bed.has_people(COUNT)
    timetable.prepare(bed.db)
    with bed.db.work() as work:
        made = broadcasts.schedule(work, "default", [{"text": TEXT}], EVERYONE, work.now, created_by="test")
    timetable.sync(bed.db)
    with bed.sending_nothing():
        bed.dies("storage.freezing:go_on:gave:4", *bed.timetable, parts=SIZE)
    sends_a_little_and_dies(bed, 2, role="sender")
    bed.says_at_the_terminal("broadcast", deed, made.id)
    begun = len(bed.events("work.started"))
    clock = bed.begins(*bed.timetable, parts=SIZE)
    wait_until(lambda: len(bed.events("work.started")) > begun, PATIENCE, what="the timetable runs")
    if deed == "pause":
        wait_until(lambda: not unfinished(bed), PATIENCE, what="all its parts are there")
    sender = bed.begins("work", "--role", "sender")
    wait_until(lambda: len(bed.events("work.started")) > begun + 1, PATIENCE, what="the sender runs")
    assert would_send(bed) == 0
    bed.says(TEXT, made.id)
    if deed == "pause":
        bed.says_at_the_terminal("broadcast", "resume", made.id)
        bed.all_is_settled()
        assert bed.says(TEXT, made.id) == {"lost": 0, "twice": 0}
        assert bed.tally(made.id).accepted == COUNT
    else:
        tally = bed.tally(made.id)
        assert (tally.recipients, tally.failed, tally.blocked) == (COUNT, 0, 0)
        assert tally.accepted + tally.unknown + tally.remaining == COUNT
        assert tally.remaining > 0
        assert bed.says(TEXT, made.id)["twice"] == 0
    assert (clock.stop(), sender.stop()) == (0, 0)


def unfinished(bed: Deathbed) -> list[str]:
    with bed.db.look() as work:
        return list(freezing.unfinished(work))
