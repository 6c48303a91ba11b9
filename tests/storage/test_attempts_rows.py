"""Attempts are counted per person, deed and span of time."""

from __future__ import annotations

import datetime as dt

from surroundings import Clock

from storage import attempts, people
from storage.work import Database, Work

HOUR = dt.timedelta(hours=1)


def _person(work: Work, sign: str = "a") -> str:
    return people.lock(work, "default", "U" + sign * 32).id


def test_every_attempt_counts_itself(db: Database) -> None:
    with db.work() as work:
        person = _person(work)
        assert [attempts.count(work, "default", person, "code", HOUR) for _ in range(3)] == [1, 2, 3]


def test_asking_counts_nothing(db: Database) -> None:
    with db.work() as work:
        person = _person(work)
        attempts.count(work, "default", person, "code", HOUR)
        assert [attempts.so_far(work, "default", person, "code", HOUR) for _ in range(2)] == [1, 1]


def test_people_and_deeds_are_counted_apart(db: Database) -> None:
    with db.work() as work:
        attempts.count(work, "default", _person(work, "a"), "code", HOUR)
        assert attempts.so_far(work, "default", _person(work, "b"), "code", HOUR) == 0
        assert attempts.so_far(work, "default", _person(work, "a"), "concern", HOUR) == 0


def test_an_attempt_leaves_the_window_and_later_the_table(db: Database, clock: Clock) -> None:
    with db.work() as work:
        person = _person(work)
        attempts.count(work, "default", person, "code", HOUR)
    clock.move(hours=1)
    with db.work() as work:
        assert attempts.so_far(work, "default", person, "code", HOUR) == 0
        assert attempts.forget_old(work) == 0
    clock.move(days=7)
    with db.work() as work:
        assert attempts.forget_old(work) == 1
