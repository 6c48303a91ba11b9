"""Events that arrive together are written together, and none of them harms the others."""

from __future__ import annotations

import dataclasses
import datetime as dt
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from sqlalchemy import event as sql
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from bot import handlers
from bot.app import Services
from bot.events import Known, TextSent
from bot.intake import LARGEST_GROUP, MOST_TRIES, Intake, Outcome
from storage import events, people
from storage.events import seen_events
from storage.work import Database, Work

NOW = dt.datetime(2026, 11, 22, 3, tzinfo=dt.UTC)


def said(number: int, person: int | None = None) -> TextSent:
    return TextSent(
        id=f"event-{number}",
        channel="default",
        at=NOW,
        line_id=f"U{number if person is None else person:032x}",
        text="こんにちは",
        message_id=str(number),
    )


@dataclass
class Handler:
    """Stands for bot.handlers: notes who was handled together, and fails on demand."""

    groups: list[list[str]] = field(default_factory=list)
    fails: Callable[[Sequence[Known]], Exception | None] = lambda _events: None
    before: Callable[[], object] = lambda: None
    sorry: list[str] = field(default_factory=list)

    def handle(self, _services: Services, _work: Work, events: Sequence[Known], _heard: object) -> None:
        self.before()
        if trouble := self.fails(events):
            raise trouble
        self.groups.append([event.id for event in events])

    def apologise(self, _services: Services, _work: Work, event: Known) -> None:
        self.sorry.append(event.id)


@dataclass
class House:
    """All of the services that taking in needs."""

    db: Database


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Handler:
    found = Handler()
    monkeypatch.setattr(handlers, "heard_in", lambda *_: None)
    monkeypatch.setattr(handlers, "handle", found.handle)
    monkeypatch.setattr(handlers, "apologise", found.apologise)
    return found


@pytest.fixture
def intake(db: Database, handler: Handler) -> Intake:
    return Intake(cast(Services, House(db)))


def at_once(intake: Intake, handler: Handler, events: Sequence[Known]) -> list[Outcome]:
    """Each from a thread of its own, all of them there before the first one's unit of work ends."""
    intake._most_writers = 1  # as on SQLite
    begun = threading.Event()

    def wait_for_all() -> None:
        handler.before = lambda: None
        begun.set()
        for _ in range(10_000):
            if len(intake._arrivals) == len(events) - 1:
                return
            threading.Event().wait(0.001)
        raise AssertionError("they did not come")

    def take(event: Known) -> Outcome:
        return intake.take([event])[0]

    handler.before = wait_for_all
    with ThreadPoolExecutor(len(events)) as threads:
        first = threads.submit(take, events[0])
        assert begun.wait(30)
        others = threads.map(take, events[1:])
        return [first.result(), *others]


def stored(db: Database) -> set[str]:
    with db.look() as work:
        return set(work.conn.execute(select(seen_events.c.event_id)).scalars())


@pytest.mark.parametrize(
    ("text", "understood_by"), [("こんにちは", "who brings it"), ("長" * 201, "who writes")]
)
def test_words_are_understood_before_anybody_else_has_to_wait(
    db: Database, intake: Intake, monkeypatch: pytest.MonkeyPatch, text: str, understood_by: str
) -> None:
    found: list[object] = []

    @dataclass
    class Words:
        text: str

        def listen(self) -> Words:
            found.append("who brings it" if threading.get_ident() == brings else "who writes")
            return self

    def first_times(*_: object) -> set[tuple[str, str]]:
        found.append("written")
        return set()

    brings = threading.get_ident()
    monkeypatch.setattr(handlers, "heard_in", lambda _services, event: Words(event.text))
    monkeypatch.setattr(events, "first_times", first_times)
    intake.take([dataclasses.replace(said(1), text=text)])
    assert found[0] == understood_by
    assert found[-1] == "written"
    assert "who brings it" not in found[1:]


def test_words_that_cannot_be_understood_harm_nobody_who_brings_them(
    intake: Intake, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Words:
        text = "?"

        def listen(self) -> Words:
            raise ValueError

    monkeypatch.setattr(handlers, "heard_in", lambda *_: Words())
    outcomes: list[Outcome] = []
    for _ in range(MOST_TRIES):
        outcomes += intake.take([said(1)])
    assert outcomes == ["again"] * (MOST_TRIES - 1) + ["poisoned"]
    assert handler.sorry == ["event-1"]


def test_who_comes_while_another_is_written_is_written_with_all_who_came(
    db: Database, intake: Intake, handler: Handler
) -> None:
    commits: list[object] = []
    note = commits.append
    sql.listen(db.engine, "commit", note)
    outcomes = at_once(intake, handler, [said(number) for number in range(9)])
    sql.remove(db.engine, "commit", note)
    assert outcomes == ["handled"] * 9
    assert sorted(map(len, handler.groups)) == [1, 8]
    assert len(commits) == 2
    assert stored(db) == {f"event-{number}" for number in range(9)}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_beside_a_group_that_takes_long_another_one_is_written(intake: Intake, handler: Handler) -> None:
    begun, ends = threading.Event(), threading.Event()

    def takes_long() -> None:
        handler.before = lambda: None
        begun.set()
        ends.wait(30)

    handler.before = takes_long
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(intake.take, [said(1)])
        assert begun.wait(30)
        assert intake.take([said(2)]) == ["handled"]
        assert handler.groups == [["event-2"]]
        ends.set()
        assert first.result(30) == ["handled"]


def test_a_group_is_never_larger_than_its_limit(db: Database, intake: Intake, handler: Handler) -> None:
    outcomes = intake.take([said(number) for number in range(LARGEST_GROUP + 5)])
    assert outcomes == ["handled"] * (LARGEST_GROUP + 5)
    assert [len(group) for group in handler.groups] == [LARGEST_GROUP, 5]


def test_several_events_of_one_person_are_taken_one_after_the_other_in_their_order(
    intake: Intake, handler: Handler
) -> None:
    intake.take([said(1, person=7), said(2), said(3, person=7), said(4), said(5, person=7)])
    assert handler.groups == [["event-1", "event-2", "event-4"], ["event-3"], ["event-5"]]


def test_the_same_event_twice_in_one_group_counts_once(
    db: Database, intake: Intake, handler: Handler
) -> None:
    assert intake.take([said(1), said(1), said(2)]) == ["handled", "duplicate", "handled"]
    assert intake.take([said(2), said(3)]) == ["duplicate", "handled"]
    assert [one for group in handler.groups for one in group] == ["event-1", "event-2", "event-3"]


def test_one_that_fails_harms_none_of_those_who_came_with_it(
    db: Database, intake: Intake, handler: Handler
) -> None:
    bad = "event-2"
    handler.fails = lambda events: ValueError() if bad in [event.id for event in events] else None
    assert intake.take([said(number) for number in range(4)]) == ["handled", "handled", "again", "handled"]
    assert stored(db) == {"event-0", "event-1", "event-3"}
    assert handler.sorry == [bad]
    handler.fails = lambda _events: None
    assert intake.take([said(2)]) == ["handled"]


def test_a_deadlock_of_a_group_ends_with_each_alone(db: Database, intake: Intake, handler: Handler) -> None:
    locked = OperationalError("", {}, Exception("deadlock detected"))
    handler.fails = lambda events: locked if len(events) > 1 else None
    assert intake.take([said(number) for number in range(3)]) == ["handled"] * 3
    assert sorted(handler.groups) == [["event-0"], ["event-1"], ["event-2"]]


def test_without_the_database_all_of_a_group_are_to_come_again(
    db: Database, intake: Intake, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any) -> None:
        raise OperationalError("", {}, Exception("connection refused"))

    with monkeypatch.context() as away:
        away.setattr(Database, "work", gone)
        assert intake.take([said(number) for number in range(3)]) == ["again"] * 3
    assert intake.take([said(number) for number in range(3)]) == ["handled"] * 3


@pytest.mark.parametrize("person", [None, 7], ids=["two people", "one, whose second event comes next"])
def test_nobody_waits_for_ever_for_a_thread_that_is_ended_while_it_writes(
    db: Database, intake: Intake, handler: Handler, person: int | None
) -> None:
    def ended() -> None:
        raise SystemExit

    handler.before = ended
    assert intake.take([said(1, person), said(2, person)]) == ["again"] * 2
    handler.before = lambda: None
    assert stored(db) == set()
    assert intake.take([said(1), said(2)]) == ["handled"] * 2


def test_whoever_does_not_wait_is_told_when_all_of_theirs_is_written(
    intake: Intake, handler: Handler
) -> None:
    told: queue.SimpleQueue[list[Outcome]] = queue.SimpleQueue()
    intake.bring([said(1, person=7), said(2, person=7), said(1, person=7)], told.put)
    assert told.get(timeout=30) == ["handled", "handled", "duplicate"]
    intake.bring([], told.put)
    assert told.get(timeout=30) == []


def test_who_cannot_be_told_harms_nobody_else(intake: Intake, handler: Handler) -> None:
    told: queue.SimpleQueue[list[Outcome]] = queue.SimpleQueue()

    def hung_up(_outcomes: list[Outcome]) -> None:
        raise OSError

    handler.before = lambda: threading.Event().wait(0.2)  # the next two come meanwhile, and are one group
    intake.bring([said(1)], told.put)
    intake.bring([said(2)], hung_up)
    intake.bring([said(3)], told.put)
    assert [told.get(timeout=30), told.get(timeout=30)] == [["handled"]] * 2
    assert intake.take([said(4)]) == ["handled"]


def test_whoever_is_held_by_a_dead_machine_holds_up_nobody_else(
    db: Database, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    if db.one_writer:
        pytest.skip("on SQLite whoever writes holds everybody, and a process that dies lets go at once")
    monkeypatch.setattr(handlers, "heard_in", lambda *_: None)
    monkeypatch.setattr(handlers, "handle", _locks)
    with db.work() as work:
        people.lock(work, "default", said(0).line_id)
    others = [said(number) for number in range(1, 30)]
    with ThreadPoolExecutor(31) as threads:
        with db.work() as work:
            people.lock(work, "default", said(0).line_id)
            waits = [threads.submit(intake.take, [said(number, person=0)]) for number in range(100, 110)]
            assert [intake.take([event]) for event in others] == [["handled"]] * len(others)
            assert not any(one.done() for one in waits)
        assert [one.result(timeout=20) for one in waits] == [["handled"]] * 10


def _locks(_services: Services, work: Work, events: Sequence[Known], _heard: object) -> None:
    people.lock_all(work, [(event.channel, event.line_id) for event in events])
