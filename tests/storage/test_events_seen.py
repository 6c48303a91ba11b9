"""An event counts once; one that fails is kept, sealed, and counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from surroundings import Clock

from storage import events
from storage.work import Database


def test_an_event_is_new_exactly_once(db: Database) -> None:
    for expected in (True, False, False):
        with db.work() as work:
            assert events.first_time(work, "default", "01EVENT") is expected


def test_the_same_id_on_another_channel_is_another_event(db: Database) -> None:
    with db.work() as work:
        assert events.first_time(work, "default", "01EVENT")
        assert events.first_time(work, "iwami", "01EVENT")


def test_of_many_deliveries_at_one_moment_one_is_the_first(
    db: Database, together: Callable[..., list[Any]]
) -> None:
    def deliver(_number: int) -> bool:
        with db.work() as work:
            return events.first_time(work, "default", "01EVENT")

    assert sorted(together(8, deliver)) == [False] * 7 + [True]


def test_an_event_whose_work_failed_is_new_again(db: Database) -> None:
    try:
        with db.work() as work:
            events.first_time(work, "default", "01EVENT")
            raise RuntimeError
    except RuntimeError:
        pass
    with db.work() as work:
        assert events.first_time(work, "default", "01EVENT")


def test_a_troubled_event_is_counted_and_its_words_are_sealed(db: Database) -> None:
    with db.work() as work:
        tries = [events.troubled(work, "default", "01E", "message", "KeyError", "死にたい") for _ in range(3)]
        row = work.conn.execute(select(events.troubled_events)).one()
        assert tries == [1, 2, 3]
        assert "死にたい".encode() not in bytes(row.raw)
        assert work.unseal(row.raw, "default", "troubled_events", "raw", "01E") == "死にたい"
        assert events.list_troubled(work)[0][:5] == ("default", "01E", "message", "KeyError", 3)


def test_events_are_forgotten_only_when_no_event_so_old_is_accepted(db: Database, clock: Clock) -> None:
    with db.work() as work:
        events.first_time(work, "default", "01E")
    clock.move(days=30, hours=12)
    with db.work() as work:
        assert events.forget_old(work) == 0
    clock.move(days=1)
    with db.work() as work:
        assert events.forget_old(work) == 1
