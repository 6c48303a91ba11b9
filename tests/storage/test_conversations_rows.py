"""One open conversation per person, whose answers are sealed and are wiped at its end."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from surroundings import Clock

from storage import conversations, people
from storage.work import Database, Work


def _person(work: Work, sign: str = "a") -> str:
    return people.lock(work, "default", "U" + sign * 32).id


def test_answers_are_kept_and_sealed(db: Database) -> None:
    with db.work() as work:
        person = _person(work)
        begun = conversations.start(work, "default", person, "handbook")
        conversations.keep(work, begun, {"home": "ひとり暮らし"})
        found = conversations.open_one(work, person)
        raw = work.conn.execute(select(conversations.conversations.c.answers)).scalar_one()
    assert found is not None
    assert found.answers == {"home": "ひとり暮らし"}
    assert "ひとり".encode() not in bytes(raw)


def test_a_new_flow_leaves_the_one_before_and_wipes_it(db: Database) -> None:
    with db.work() as work:
        person = _person(work)
        old = conversations.start(work, "default", person, "handbook")
        new = conversations.start(work, "default", person, "concern")
        found = conversations.open_one(work, person)
        left = conversations.get(work, old.id, person)
        assert found is not None
        assert found.id == new.id
        assert left is not None
        assert (left.state, left.answers) == ("left", {})


def test_nobody_finds_the_conversation_of_somebody_else(db: Database) -> None:
    with db.work() as work:
        mine = conversations.start(work, "default", _person(work, "a"), "handbook")
        assert conversations.get(work, mine.id, _person(work, "b")) is None


def test_a_finished_conversation_is_open_no_more(db: Database) -> None:
    with db.work() as work:
        person = _person(work)
        conversations.finish(work, conversations.start(work, "default", person, "handbook"))
        assert conversations.open_one(work, person) is None


def test_a_conversation_that_nobody_came_back_to_is_wiped(db: Database, clock: Clock) -> None:
    with db.work() as work:
        person = _person(work)
        conversations.start(work, "default", person, "handbook")
    clock.move(days=8)
    with db.work() as work:
        conversations.forget_old(work, dt.timedelta(days=7))
        assert conversations.open_one(work, person) is None
        assert work.conn.execute(select(conversations.conversations.c.answers)).scalar_one() is None
