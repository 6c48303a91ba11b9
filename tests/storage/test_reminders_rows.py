"""What is late is found by an index, and each step of a due time is claimed once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event
from surroundings import Clock

from storage import concerns, people, reminders
from storage.concerns import Concern
from storage.work import Database, Work

HOUR = dt.timedelta(hours=1)


def a_concern(work: Work, **more: Any) -> Concern:
    values = {"person_id": None, "town": "iwami", "district": None, "kind": "poverty", "level": 2}
    values |= {"since": "today", "subject_knows": "unknown", "window": "desk", "route_reason": "own"}
    made = concerns.open_concern(work, "default", **{**values, **more})
    return concerns.set_dues(work, made, work.now + HOUR, work.now + 2 * HOUR, work.now + 3 * HOUR)


def late_at(db: Database) -> int:
    with db.look() as work:
        return len(reminders.late(work))


def test_a_concern_is_late_as_long_as_its_deed_is_missing(db: Database, clock: Clock) -> None:
    with db.work() as work:
        concern = a_concern(work)
    assert late_at(db) == 0
    clock.move(hours=1)
    assert late_at(db) == 1  # not accepted in time; the very moment counts
    with db.work() as work:
        concern = concerns.accept(work, concern)
    assert late_at(db) == 0
    clock.move(hours=1)
    assert late_at(db) == 1  # not in touch
    with db.work() as work:
        concern = concerns.in_touch(work, concern)
    assert late_at(db) == 0
    clock.move(hours=1)
    assert late_at(db) == 1  # not closed
    with db.work() as work:
        concerns.close(work, concern, "none")
    assert late_at(db) == 0


def test_the_most_urgent_comes_first(db: Database, clock: Clock) -> None:
    with db.work() as work:
        usual, urgent = a_concern(work, level=3), a_concern(work, level=0)
    clock.move(hours=1)
    with db.look() as work:
        assert [each.id for each in reminders.late(work)] == [urgent.id, usual.id]


def test_a_step_is_claimed_once_and_a_new_due_time_anew(
    db: Database, together: Callable[..., list[Any]]
) -> None:
    with db.work() as work:
        concern = a_concern(work)
    due = concern.accept_due
    assert due is not None

    def claim(_number: int) -> bool:
        with db.work() as work:
            return reminders.claim(work, concern, "accept", "desk", due)

    assert sum(together(8, claim)) == 1
    with db.work() as work:
        assert reminders.claim(work, concern, "accept", "leader", due)
        assert reminders.claim(work, concern, "accept", "desk", due + HOUR)
        assert not reminders.claim(work, concern, "accept", "desk", due + HOUR)
    with db.look() as work:
        assert reminders.sent(work, [concern.id]) == {
            (concern.id, "accept", "desk", due),
            (concern.id, "accept", "leader", due),
            (concern.id, "accept", "desk", due + HOUR),
        }
        assert reminders.sent(work, []) == frozenset()


def test_a_claim_that_is_rolled_back_counts_for_nothing(db: Database) -> None:
    with db.work() as work:
        concern = a_concern(work)
    assert concern.accept_due is not None
    due = concern.accept_due

    def dies() -> None:
        with db.work() as work:
            reminders.claim(work, concern, "accept", "desk", due)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        dies()
    with db.work() as work:
        assert reminders.claim(work, concern, "accept", "desk", due)


def test_a_reminder_of_something_open_is_never_forgotten(db: Database, clock: Clock) -> None:
    with db.work() as work:
        concern, done = a_concern(work), a_concern(work)
        for each in (concern, done):
            assert each.accept_due is not None
            reminders.claim(work, each, "accept", "desk", each.accept_due)
        concerns.close(work, done, "none")
    clock.move(days=91)
    with db.work() as work:
        assert reminders.forget_old(work, dt.timedelta(days=90)) == 1
        assert {row[0] for row in reminders.sent(work, [concern.id, done.id])} == {concern.id}


def test_homeless_is_what_no_living_desk_has(db: Database) -> None:
    with db.work() as work:
        a_concern(work)
        lost = a_concern(work, window="gone")
        closed = a_concern(work, window="gone")
        concerns.close(work, closed, "none")
        assert reminders.homeless(work, ["desk", "other"]) == (lost.id,)
        assert reminders.homeless(work, ["desk", "gone"]) == ()


def test_looking_each_minute_reads_no_whole_table(db: Database, clock: Clock) -> None:
    with db.work() as work:
        person = people.lock(work, "default", "U" + "1" * 32)
        a_concern(work, person_id=person.id)
    asked: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        asked.append((statement, parameters))

    on_postgresql = db.engine.dialect.name == "postgresql"
    with db.look() as work:
        event.listen(work.conn, "before_cursor_execute", note)
        reminders.late(work)
        reminders.homeless(work, ["desk"])
        reminders.to_follow_up(work, dt.timedelta(days=28), dt.timedelta(days=42), ["mistaken"])
        event.remove(work.conn, "before_cursor_execute", note)
        if on_postgresql:  # its planner would read so tiny a table as a whole, index or not
            work.conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, parameters in asked:
            explain = "EXPLAIN" if on_postgresql else "EXPLAIN QUERY PLAN"
            plan = [str(row[-1]) for row in work.conn.exec_driver_sql(f"{explain} {statement}", parameters)]
            whole = [step for step in plan if "Seq Scan on concerns" in step or "SCAN concerns" in step]
            assert plan
            assert not whole, (statement, plan)
    assert len(asked) == 3
