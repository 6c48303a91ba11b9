"""A job's turn is taken once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from surroundings import Clock

from storage import guard
from storage.work import Database


def test_of_eight_schedulers_one_gets_each_turn(
    db: Database, clock: Clock, together: Callable[..., list[Any]]
) -> None:
    turns = [clock.now + dt.timedelta(minutes=number) for number in range(5)]

    def schedule(_number: int) -> list[bool]:
        taken = []
        for due_at in turns:
            with db.work() as work:
                taken.append(guard.claim_once(work, "nightly", due_at))
        return taken

    assert [sum(each) for each in zip(*together(8, schedule), strict=True)] == [1] * 5


def test_another_job_has_turns_of_its_own(db: Database, clock: Clock) -> None:
    with db.work() as work:
        assert guard.claim_once(work, "nightly", clock.now)
        assert guard.claim_once(work, "hourly", clock.now)


def test_the_same_moment_in_another_zone_is_the_same_turn(db: Database, clock: Clock) -> None:
    with db.work() as work:
        assert guard.claim_once(work, "nightly", clock.now)
        tokyo = clock.now.astimezone(dt.timezone(dt.timedelta(hours=9)))
        assert not guard.claim_once(work, "nightly", tokyo)


def test_a_turn_whose_work_failed_is_free_again(db: Database, clock: Clock) -> None:
    try:
        with db.work() as work:
            guard.claim_once(work, "nightly", clock.now)
            raise RuntimeError
    except RuntimeError:
        pass
    with db.work() as work:
        assert guard.claim_once(work, "nightly", clock.now)


def test_old_turns_are_forgotten(db: Database, clock: Clock) -> None:
    with db.work() as work:
        guard.claim_once(work, "nightly", clock.now)
    clock.move(days=31)
    with db.work() as work:
        assert guard.forget_old(work) == 1
