"""What goes when a concern has been closed for long enough, what stays, and what keeps it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Table, func, select
from surroundings import Clock

from storage import audit, concerns, entries, handons, links, people, recusals, reminders, retention
from storage.concerns import Concern
from storage.tables import metadata
from storage.work import Database, Work

POLICY = {
    "connected": dt.timedelta(days=365),
    "none": dt.timedelta(days=30),
    "merged": dt.timedelta(days=30),
}


def a_concern(work: Work, **more: Any) -> Concern:
    values = {"person_id": None, "town": "iwami", "district": "iwami_all", "kind": "poverty", "level": 2}
    values |= {"since": "today", "subject_knows": "unknown", "window": "desk", "route_reason": "own"}
    made = concerns.open_concern(work, "default", **{**values, **more})
    concerns.add_details(work, made, {"who": "角の家の山本さん"})
    return made


def closed(work: Work, outcome: str = "none", **more: Any) -> Concern:
    return concerns.close(work, a_concern(work, **more), outcome)


def due_numbers(db: Database, policy: dict[str, dt.timedelta] | None = None) -> list[str]:
    with db.look() as work:
        return [each.number for each in retention.due(work, policy or POLICY)]


def purge_all(db: Database, policy: dict[str, dt.timedelta] | None = None) -> int:
    with db.work() as work:
        return sum(retention.purge(work, each, "nightly") for each in retention.due(work, policy or POLICY))


def rows_of(db: Database, table: Table) -> int:
    with db.look() as work:
        return int(work.conn.execute(select(func.count()).select_from(table)).scalar_one())


def test_words_and_reporter_go_and_the_figures_stay(db: Database, clock: Clock) -> None:
    with db.work() as work:
        person = people.lock(work, "default", "U" + "1" * 32)
        concern = a_concern(work, person_id=person.id)
        links.make(
            work,
            "default",
            purpose="details",
            about=concern.id,
            person_id=person.id,
            valid_for=dt.timedelta(days=1),
        )
        entries.add(work, concern, "note", "staff:1", {"text": "訪ねたが留守"})
        offer = handons.offer(work, concern, "other", "staff:1", {"text": "ひきつぎます"})
        handons.withdraw(work, offer, "staff:1")
        recusals.recuse(work, concern, "staff-2")
        due = work.now + dt.timedelta(hours=1)
        reminders.claim(work, concern, "accept", "desk", due)
        before = concerns.close(work, concerns.accept(work, concern), "none")
    clock.move(days=30, seconds=1)
    assert purge_all(db) == 1
    with db.look() as work:
        after = concerns.get(work, concern.id)
        assert after is not None
        assert concerns.details(work, after) == {}
        assert entries.of(work, after) == ()
        assert recusals.of(work, after) == frozenset()
        (kept,) = handons.of(work, after)
        assert handons.words(work, kept) == {}
        assert (kept.from_window, kept.to_window, kept.state) == ("desk", "other", "withdrawn")
        assert after.person_id is None
        assert (after.number, after.town, after.district, after.kind, after.level) == (
            before.number, before.town, before.district, before.kind, before.level
        )  # fmt: skip
        assert (after.created_at, after.accepted_at, after.closed_at, after.outcome) == (
            before.created_at, before.accepted_at, before.closed_at, "none"
        )  # fmt: skip
        assert concerns.of_reporter(work, person.id) == ()
        (line,) = [each for each in audit.listed(work, subject_id=concern.id) if each.deed == "purged"]
        assert line.actor == "nightly"
        assert audit.verify(work, "default") is None
    assert rows_of(db, links.links) == rows_of(db, reminders.reminders) == 0
    assert purge_all(db) == 0  # once


def test_no_sealed_word_of_a_purged_concern_is_left_in_any_table(db: Database, clock: Clock) -> None:
    """Also of tables that will be added later: whatever hangs on a concern by `concern_id`."""
    with db.work() as work:
        concern = closed(work)
        entries.add(work, concern, "note", "staff:1", {"text": "訪ねたが留守"})
        for table in metadata.sorted_tables:
            if "concern_id" in table.c and table.name == "concern_photos":
                values = {"id": "p1", "concern_id": concern.id, "channel": "default", "picture": b"jpeg"}
                work.conn.execute(table.insert().values(**values, width=1, height=1, created_at=work.now))
    clock.move(days=31)
    assert purge_all(db) == 1
    with db.look() as work:
        for table in metadata.sorted_tables:
            sealed = [column for column in table.c if "sealed_row" in column.info]
            if "concern_id" not in table.c or not sealed:
                continue
            for column in sealed:
                here = table.c.concern_id == concern.id
                found = work.conn.execute(select(table).where(here, column.is_not(None))).all()
                assert found == [], table.name


def test_each_outcome_has_its_own_time_and_an_unknown_one_the_longest(db: Database, clock: Clock) -> None:
    with db.work() as work:
        short, long, unknown = closed(work), closed(work, "connected"), closed(work, "an_old_word")
    clock.move(days=30)
    assert due_numbers(db) == []  # the last day is still kept
    clock.move(seconds=1)
    assert due_numbers(db) == [short.number]
    clock.move(days=335)
    assert sorted(due_numbers(db)) == sorted([short.number, long.number, unknown.number])


def test_a_changed_policy_counts_for_what_is_closed_already(db: Database, clock: Clock) -> None:
    with db.work() as work:
        concern = closed(work, "connected")
    clock.move(days=40)
    assert due_numbers(db) == []
    assert due_numbers(db, {"connected": dt.timedelta(days=39)}) == [concern.number]


def test_what_is_open_never_goes(db: Database, clock: Clock) -> None:
    with db.work() as work:
        a_concern(work)
        concerns.accept(work, a_concern(work))
    clock.move(days=10_000)
    assert purge_all(db) == 0


def test_a_legal_hold_keeps_it_until_it_is_released(db: Database, clock: Clock) -> None:
    with db.work() as work:
        concern = concerns.hold(work, closed(work), True)
    clock.move(days=1000)
    assert purge_all(db) == 0
    with db.look() as work:
        assert retention.held(work) == 1
        assert concerns.details(work, concern) != {}
    with db.work() as work:
        concerns.hold(work, concern, False)
    assert purge_all(db) == 1


def test_a_hold_that_comes_between_the_list_and_the_purge_counts(db: Database, clock: Clock) -> None:
    with db.work() as work:
        held, reopened, twice = closed(work), closed(work), closed(work)
    clock.move(days=31)
    with db.look() as work:
        listed = retention.due(work, POLICY)
    with db.work() as work:
        concerns.hold(work, held, True)
        again = concerns.reopen(work, reopened)
        concerns.close(work, again, "none")
    with db.work() as work:
        gone = [each.number for each in listed if retention.purge(work, each, "nightly")]
    assert gone == [twice.number]


def test_what_was_reopened_begins_anew(db: Database, clock: Clock) -> None:
    with db.work() as work:
        concern = closed(work)
    clock.move(days=20)
    with db.work() as work:
        concerns.close(work, concerns.reopen(work, concern), "none")
    clock.move(days=20)
    assert purge_all(db) == 0
    clock.move(days=11)
    assert purge_all(db) == 1


def test_a_merged_report_stays_as_long_as_the_one_it_went_into(db: Database, clock: Clock) -> None:
    with db.work() as work:
        first, second, third = a_concern(work), a_concern(work), a_concern(work)
        concerns.merge(work, first, second)
        concerns.merge(work, second, third)
    clock.move(days=100)
    assert due_numbers(db) == []  # the last one is still open
    with db.work() as work:
        third = concerns.hold(work, concerns.close(work, third, "none"), True)
    clock.move(days=31)
    assert due_numbers(db) == []  # on hold, and those that belong to it with it
    with db.work() as work:
        concerns.hold(work, third, False)
    assert set(due_numbers(db)) == {first.number, second.number, third.number}
    assert purge_all(db) == 3
    assert purge_all(db) == 0


def test_two_purges_at_the_same_moment_leave_one_line_each(
    db: Database, clock: Clock, together: Callable[..., list[Any]]
) -> None:
    with db.work() as work:
        for _ in range(4):
            closed(work)
    clock.move(days=31)
    with db.look() as work:
        listed = retention.due(work, POLICY)

    def one(_number: int) -> int:
        count = 0
        for each in listed:
            with db.work() as work:
                count += retention.purge(work, each, "nightly")
        return count

    assert sum(together(4, one)) == 4
    with db.look() as work:
        assert sum(each.deed == "purged" for each in audit.listed(work)) == 4


def test_a_purge_that_dies_in_the_middle_has_done_nothing(db: Database, clock: Clock) -> None:
    with db.work() as work:
        concern = closed(work)
    clock.move(days=31)
    with db.look() as work:
        (each,) = retention.due(work, POLICY)

    def dies() -> None:
        with db.work() as work:
            assert retention.purge(work, each, "nightly")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        dies()
    with db.look() as work:
        assert concerns.details(work, concern) != {}
        assert not [line for line in audit.listed(work) if line.deed == "purged"]
