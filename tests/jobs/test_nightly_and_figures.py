"""The night forgets what is old and only that; the month's figures count what happened in it."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from rooms import Rooms
from surroundings import Clock

from bot import log
from jobs import nightly
from storage import (
    audit,
    broadcasts,
    concerns,
    conversations,
    dangers,
    events,
    figures,
    freezing,
    outbox,
    people,
)
from storage.segments import EVERYONE
from storage.work import Database, Work

DECEMBER = (dt.datetime(2026, 12, 1, tzinfo=dt.UTC), dt.datetime(2027, 1, 1, tzinfo=dt.UTC))


def settled(work: Work, person_id: str) -> None:
    outbox.put(work, "default", "message", {"messages": []}, person_id=person_id)
    (row,) = outbox.claim(work, 10)
    outbox.settle(work, row.id, "accepted", via="push")


def test_what_is_old_goes_and_what_is_young_stays(rooms: Rooms, clock: Clock) -> None:
    def happen(name: str) -> None:
        with rooms.db.work() as work:
            person = people.lock(work, "default", f"U{name:0>32}")
            events.first_time(work, "default", name)
            settled(work, person.id)

    with rooms.db.work() as work:
        resting = people.lock(work, "default", "U" + "f" * 32)
        conversations.start(work, "default", resting.id, "handbook")
    happen("1")
    clock.move(days=91)
    happen("2")
    gone = nightly.purge(rooms)  # type: ignore[arg-type]
    assert (gone["events"], gone["outbox"], gone["conversations"]) == (1, 1, 1)
    with rooms.db.work() as work:
        assert events.first_time(work, "default", "1")  # forgotten; too old to be accepted all the same
        assert not events.first_time(work, "default", "2")
        assert conversations.open_one(work, resting.id) is None


def test_one_kind_that_fails_does_not_keep_the_others(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_work: Work) -> int:
        raise OSError("no")

    monkeypatch.setitem(nightly.FORGET, "events", broken)
    gone = nightly.purge(rooms)  # type: ignore[arg-type]
    assert "events" not in gone
    assert {"outbox", "guard"} <= gone.keys()


def test_the_newest_hash_of_each_audit_chain_is_written_where_the_database_is_not(
    rooms: Rooms, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure("INFO", "json")
    for channel in ("default", "iwami"):
        with rooms.db.work() as work:
            audit.note(work, "staff:1", "read", "concern", "c1", channel)
    nightly.purge(rooms)  # type: ignore[arg-type]
    logged = [json.loads(line) for line in capsys.readouterr().err.splitlines() if "audit.head" in line]
    with rooms.db.look() as work:
        heads = [audit.head(work, channel) for channel in ("default", "iwami")]
    log.configure("WARNING", "text")
    assert [each["mark"] for each in logged] == [f"{h.channel}:{h.seq}:{h.hash}" for h in heads]


@pytest.fixture
def december(db: Database) -> None:
    """Two supporters (one blocked us), a concern, words of danger, a message, a broadcast; all on 1 December."""
    with db.work() as work:
        for number in (1, 2):
            person = people.lock(work, "default", f"U{number:032x}")
            people.register(work, person, town="tottori", district="higashi", topics=(), consent_version="1")
        people.set_friend(work, person.id, False, 1)
        settled(work, person.id)
        dangers.note(work, person, "S1", "suicide")
        concerns.open_concern(
            work,
            "default",
            person_id=person.id,
            town="tottori",
            district=None,
            kind="safety",
            level=2,
            since="days",
            subject_knows="unaware",
            window="desk",
            route_reason="own",
        )
        made = broadcasts.schedule(work, "default", [{"text": "a"}], EVERYONE, work.now, created_by="test")
        broadcasts.start(work, made.id)
        freezing.freeze(work, made.id, lambda _: [{"type": "text", "text": "a"}])


@pytest.mark.usefixtures("december")
def test_the_month_counts_what_happened_in_it(db: Database) -> None:
    with db.look() as work:
        month = figures.month(work, "default", *DECEMBER)
    assert month.registered == {"tottori": 2}
    assert (month.friends, month.supporters) == (1, 1)
    assert month.concerns == {("tottori", "safety"): 1}
    assert month.dangers == {"suicide": 1}
    assert (month.broadcasts, month.recipients) == (1, {"blocked": 1, "remaining": 1})
    assert month.messages == {"push": 1}


@pytest.mark.usefixtures("december")
def test_another_month_and_another_channel_count_nothing(db: Database) -> None:
    with db.look() as work:
        january = figures.month(work, "default", DECEMBER[1], DECEMBER[1] + dt.timedelta(days=31))
        elsewhere = figures.month(work, "iwami", *DECEMBER)
    assert (january.registered, january.concerns, january.broadcasts, january.messages) == ({}, {}, 0, {})
    assert (elsewhere.registered, elsewhere.friends, elsewhere.concerns) == ({}, 0, {})
