"""People as rows: made once, sealed, locked, in the newest state that LINE told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from surroundings import Clock

from storage import conversations, people
from storage.work import Database

LINE_ID = "U0123456789abcdef0123456789abcdef"


def test_a_person_is_made_at_first_sight_and_found_again(db: Database) -> None:
    with db.work() as work:
        first = people.lock(work, "default", LINE_ID)
    with db.work() as work:
        assert people.lock(work, "default", LINE_ID) == first
        assert people.get(work, first.id) == first


def test_the_same_account_on_another_channel_is_another_person(db: Database) -> None:
    with db.work() as work:
        assert people.lock(work, "default", LINE_ID).id != people.lock(work, "iwami", LINE_ID).id


def test_the_line_user_id_stands_in_no_column_as_it_is(db: Database) -> None:
    with db.work() as work:
        people.lock(work, "default", LINE_ID)
        row = work.conn.execute(select(people.people)).one()
    assert not [
        value for value in row if LINE_ID in str(value) or LINE_ID.encode() in bytes(str(value), "utf8")
    ]


def test_many_first_events_at_once_make_one_person(db: Database, together: Callable[..., list[Any]]) -> None:
    def arrive(_number: int) -> str:
        with db.work() as work:
            return people.lock(work, "default", LINE_ID).id

    assert len(set(together(8, arrive))) == 1


def test_two_answers_at_one_moment_are_both_kept(db: Database, together: Callable[..., list[Any]]) -> None:
    with db.work() as work:
        person = people.lock(work, "default", LINE_ID)
        conversations.start(work, "default", person.id, "handbook")

    def answer(number: int) -> None:
        for step in range(5):
            with db.work() as work:
                locked = people.lock(work, "default", LINE_ID)
                conversation = conversations.open_one(work, locked.id)
                assert conversation is not None
                answers = {**conversation.answers, f"q{number}-{step}": step}
                conversations.keep(work, conversation, answers)

    together(4, answer)
    with db.look() as work:
        found = conversations.open_one(work, person.id)
    assert found is not None
    assert len(found.answers) == 20


def test_an_older_block_that_comes_late_changes_nothing(db: Database) -> None:
    with db.work() as work:
        person = people.lock(work, "default", LINE_ID)
        assert people.set_friend(work, person.id, True, 2_000)
        assert not people.set_friend(work, person.id, False, 1_000)
        found = people.get(work, person.id)
    assert found is not None
    assert found.friend


def test_who_registers_again_keeps_the_first_day_and_gets_the_new_topics(db: Database, clock: Clock) -> None:
    first_day = clock.now
    for topics in (("courses", "news"), ("news", "news", "cafe")):
        with db.work() as work:
            person = people.lock(work, "default", LINE_ID)
            people.register(
                work, person, town="鳥取市", district=None, topics=topics, consent_version="2026-12"
            )
        clock.move(days=3)
    with db.look() as work:
        found = people.get(work, person.id)
    assert found is not None
    assert (found.role, found.town, found.supporter_since) == ("supporter", "鳥取市", first_day)
    assert found.topics == ("cafe", "news")


def test_a_moment_comes_back_in_utc_whatever_zone_it_had(db: Database, clock: Clock) -> None:
    tokyo = clock.now.astimezone(dt.timezone(dt.timedelta(hours=9)))
    with db.work() as work:
        person = people.lock(work, "default", LINE_ID)
        people.hold_broadcasts(work, person.id, tokyo)
        found = people.get(work, person.id)
    assert found is not None
    assert found.danger_until == clock.now
    assert found.danger_until.utcoffset() == dt.timedelta(0)
