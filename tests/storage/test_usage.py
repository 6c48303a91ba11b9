"""The usage report counts what happened in a month and a town; few people of a kind are not told apart."""

from __future__ import annotations

import datetime as dt

import pytest
from surroundings import Clock

from bot.programme.usage_lines import exactly, in_all, with_few_hidden
from storage import broadcasts, concerns, conversations, dangers, freezing, outbox, people
from storage.segments import EVERYONE
from storage.usage import Usage, usage
from storage.work import Database

BEGIN, END = dt.datetime(2026, 11, 30, 15, tzinfo=dt.UTC), dt.datetime(2026, 12, 31, 15, tzinfo=dt.UTC)
DAYS_90 = dt.timedelta(days=90)
HELLO = [{"type": "text", "text": "a"}]


@pytest.fixture(autouse=True)
def december(db: Database, clock: Clock) -> None:
    """Two supporters of 鳥取市 and one of 岩美町, who then blocked us; one of each thing, all in 鳥取市 but a broadcast."""
    clock.now = dt.datetime(2026, 12, 5, tzinfo=dt.UTC)
    now_ms = int(clock.now.timestamp() * 1000)
    with db.work() as work:
        found = []
        for number, town in enumerate(("tottori", "tottori", "iwami")):
            person = people.lock(work, "default", f"U{number:032x}")
            people.register(work, person, town=town, district=None, topics=(), consent_version="1")
            found.append(people.lock(work, "default", f"U{number:032x}"))
        people.set_friend(work, found[2].id, False, now_ms)
        conversations.start(work, "default", found[0].id, "handbook")
        dangers.note(work, found[0], "S1", "suicide")
        concerns.open_concern(
            work,
            "default",
            person_id=found[0].id,
            town="tottori",
            district=None,
            kind="safety",
            level=2,
            since="days",
            subject_knows="unaware",
            window="desk",
            route_reason="own",
        )
        outbox.put(work, "default", "message", {"messages": []}, person_id=found[0].id)
        (row,) = outbox.claim(work, 10)
        outbox.settle(work, row.id, "accepted", via="push")
        made = broadcasts.schedule(work, "default", [{"text": "a"}], EVERYONE, work.now, created_by="test")
        broadcasts.start(work, made.id)
        freezing.freeze(work, made.id, lambda _: HELLO, chunk_size=1)
        broadcasts.settle_chunk(work, made.id, 0, "accepted")


def counted(db: Database, town: str | None, begin: dt.datetime = BEGIN, end: dt.datetime = END) -> Usage:
    with db.look() as work:
        return usage(work, town, begin, end, DAYS_90)


def test_a_month_of_all_towns(db: Database) -> None:
    # who wrote words of danger, and whose concern no desk has taken, gets no news: that leaves one of two friends
    assert counted(db, None) == Usage(
        friends_new=3,
        friends_left=1,
        friends_now=2,
        supporters_new=3,
        supporters_now=2,
        broadcasts=1,
        recipients={"accepted": 1, "blocked": 1},
        messages={"push": 1},
        handbook=1,
        concerns={"safety": 1},
        dangers=1,
    )


def test_a_town_counts_its_own_people_only(db: Database) -> None:
    assert counted(db, "iwami") == Usage(1, 1, 0, 1, 0, 1, {"blocked": 1}, {}, 0, {}, 0)
    assert counted(db, "tottori").recipients == {"accepted": 1}
    assert counted(db, "yazu") == Usage(0, 0, 0, 0, 0, 0, {}, {}, 0, {}, 0)


def test_another_month_has_none_of_it_but_those_who_are_there_now(db: Database) -> None:
    january = counted(db, None, END, END + dt.timedelta(days=31))
    assert january == Usage(0, 0, 2, 0, 2, 0, {}, {}, 0, {}, 0)


def test_what_is_forgotten_sooner_than_it_is_asked_for_is_no_zero(db: Database, clock: Clock) -> None:
    clock.now = BEGIN + dt.timedelta(days=91)
    late = counted(db, None)
    assert (late.messages, late.handbook) == (None, None)
    assert (late.friends_new, late.recipients) == (3, {"accepted": 1, "blocked": 1})


@pytest.mark.parametrize(("count", "shown"), [(0, "0"), (1, "1〜4"), (4, "1〜4"), (5, "5"), (40, "40")])
def test_one_to_four_are_not_told_apart(count: int, shown: str) -> None:
    assert str(with_few_hidden(count)) == shown


def test_the_sum_gives_no_hidden_part_away() -> None:
    assert str(in_all([with_few_hidden(9), with_few_hidden(2)])) == "10〜13"
    assert str(in_all([with_few_hidden(9), with_few_hidden(7)])) == "16"
    assert str(in_all([])) == "0"


def test_what_is_not_known_any_more_is_said_so() -> None:
    assert str(exactly(None)) == "記録なし"
