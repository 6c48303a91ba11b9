"""Who asked for it hears once, by day, that something changed in their result of the handbook, and not what."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest
from rooms import Rooms
from surroundings import Clock
from town import wrong_with
from undisturbed import REASONS, leave_in_peace

from bot.content.library import Content
from bot.handbook.kept_results import changes, schemes_of
from bot.handbook.recommend import Catalogue, Result
from bot.night import TOKYO
from jobs import handbook_changes
from storage import handbook_results, outbox, people
from storage.people import Person
from storage.work import Database

DAY = dt.date(2026, 11, 20)
HALF_PAST_TEN = dt.datetime(2026, 11, 20, 10, 30, tzinfo=TOKYO)
WATCHED = ("national-001", "national-002", "national-004")
ANSWERS = {"Q2": frozenset({"money"}), "Q7": frozenset({"bill"}), "Q8": frozenset({"left2y"})}


@pytest.fixture(autouse=True)
def by_day(clock: Clock) -> None:
    clock.now = HALF_PAST_TEN


def shown(content: Content) -> Result:
    return content.catalogue.recommend(ANSWERS, "tottori", DAY)


def watcher(rooms: Rooms, number: int = 1, town: str = "tottori") -> Person:
    """Somebody who asked to hear of changes in what was shown to them."""
    with rooms.db.work() as work:
        person = people.lock(work, "default", f"U{number:032x}")
        people.set_friend(work, person.id, True, int(work.now.timestamp() * 1000))
        schemes = schemes_of(rooms.content, shown(rooms.content), town, DAY)
        assert {each.id for each in schemes} >= set(WATCHED)
        handbook_results.watch(work, "default", person.id, town, schemes)
    return person


def with_other(content: Content, scheme_id: str, **other: Any) -> Content:
    """The content in which one scheme is another than it was."""
    schemes = [
        replace(scheme, **other) if scheme.id == scheme_id else scheme for scheme in content.catalogue.schemes
    ]
    return replace(content, catalogue=Catalogue(schemes, content.questions, content.rules))


def without(content: Content, scheme_id: str) -> Content:
    schemes = [scheme for scheme in content.catalogue.schemes if scheme.id != scheme_id]
    return replace(content, catalogue=Catalogue(schemes, content.questions, content.rules))


def messages(db: Database) -> list[list[dict[str, Any]]]:
    """What was written to LINE's outbox, each time one list of messages."""
    with db.look() as work:
        rows = work.conn.execute(outbox.outbox.select().order_by(outbox.outbox.c.id)).all()
        return [
            work.unseal(row.body, row.channel, "outbox", "body", row.retry_key)["messages"] for row in rows
        ]


def found_in(rooms: Rooms, person: Person) -> dict[str, tuple[str, tuple[str, ...]]]:
    with rooms.db.look() as work:
        (kept,) = handbook_results.watched(work, person.id)
    return {each.shown.id: (each.state, each.parts) for each in changes(rooms.content, kept, DAY)}


# ---- what is a change --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "part"),
    [
        ("what", "月に1万円", "what"),
        ("cost", "はじめに千円", "cost"),
        ("deadline", "12月25日まで", "deadline"),
        ("phone", "0857-00-0000", "phone"),
        ("window_kind", "税務署", "desk"),
    ],
)
def test_each_of_these_is_a_change_and_says_what_has_changed(
    rooms: Rooms, field: str, value: str, part: str
) -> None:
    person = watcher(rooms)
    rooms.content = with_other(rooms.content, "national-002", **{field: value})
    (found,) = found_in(rooms, person).items()
    assert found[0] == "national-002"
    assert found[1][0] == "changed"
    assert part in found[1][1]


@pytest.mark.parametrize("field", ["plain_title", "source", "legal_basis", "say", "reading"])
def test_other_words_are_none(rooms: Rooms, field: str) -> None:
    person = watcher(rooms)
    rooms.content = with_other(rooms.content, "national-002", **{field: "ほかの言葉"})
    assert found_in(rooms, person) == {}


def test_neither_are_commas_and_widths(rooms: Rooms) -> None:
    person = watcher(rooms)
    scheme = next(each for each in rooms.content.catalogue.schemes if each.id == "national-004")
    wider = scheme.cost.replace("5", "５").replace("、", " ")
    assert wider != scheme.cost
    rooms.content = with_other(rooms.content, "national-004", cost=wider)
    assert found_in(rooms, person) == {}


def test_what_has_ended_is_told_as_ended_and_what_is_only_missing_is_not(rooms: Rooms) -> None:
    person = watcher(rooms)
    yesterday = DAY - dt.timedelta(days=1)
    rooms.content = with_other(rooms.content, "national-002", valid_to=yesterday, ended=True)
    rooms.content = with_other(rooms.content, "national-001", valid_to=yesterday)
    rooms.content = without(rooms.content, "national-004")
    assert found_in(rooms, person) == {
        "national-001": ("missing", ()),
        "national-002": ("ended", ()),
        "national-004": ("missing", ()),
    }


def test_a_new_scheme_is_no_change_of_an_old_result(rooms: Rooms) -> None:
    all_of_them = rooms.content
    rooms.content = without(all_of_them, "national-003")
    watcher(rooms)
    rooms.content = all_of_them
    assert handbook_changes.tell(rooms) == 0


# ---- who is told, when, and how often ----------------------------------------------------------------------


def test_nothing_changed_and_nobody_hears_anything(rooms: Rooms) -> None:
    watcher(rooms)
    assert handbook_changes.tell(rooms) == 0
    assert messages(rooms.db) == []


def test_a_change_is_told_once_and_the_next_one_again(rooms: Rooms, clock: Clock) -> None:
    watcher(rooms)
    rooms.content = with_other(rooms.content, "national-002", cost="1,000円")
    assert handbook_changes.tell(rooms) == 1
    clock.move(days=1)
    assert handbook_changes.tell(rooms) == 0
    rooms.content = without(rooms.content, "national-004")
    assert handbook_changes.tell(rooms) == 1
    assert len(messages(rooms.db)) == 2


def test_the_news_names_no_scheme_and_says_how_to_stop(rooms: Rooms) -> None:
    watcher(rooms)
    rooms.content = without(rooms.content, "national-002")
    handbook_changes.tell(rooms)
    (said,) = messages(rooms.db)
    assert wrong_with(said) == []
    words = json.dumps(said, ensure_ascii=False)
    assert "前に見た支援に、変わったところがあります" in words
    assert "支援のお知らせをやめる" in words
    titles = {each.plain_title for each in rooms.content.catalogue.schemes} | {"生活保護", "national"}
    assert not [title for title in titles if title in words]


def test_whoever_watches_several_results_hears_of_all_of_them_in_one_message(rooms: Rooms) -> None:
    person = watcher(rooms)
    with rooms.db.work() as work:
        kept = schemes_of(rooms.content, shown(rooms.content), "iwami", DAY)
        handbook_results.watch(work, "default", person.id, "iwami", kept)
    rooms.content = with_other(rooms.content, "national-002", cost="1,000円")
    assert handbook_changes.tell(rooms) == 1
    assert len(messages(rooms.db)) == 1


def test_at_night_nobody_is_woken_and_it_is_told_in_the_morning(rooms: Rooms, clock: Clock) -> None:
    watcher(rooms)
    rooms.content = without(rooms.content, "national-002")
    for hour in (21, 23, 3, 7):
        clock.now = HALF_PAST_TEN.replace(hour=hour)
        assert handbook_changes.tell(rooms) == 0
    clock.now = HALF_PAST_TEN + dt.timedelta(days=1)
    assert handbook_changes.tell(rooms) == 1


@pytest.mark.parametrize("why", [*REASONS, "stopped"])
def test_who_must_not_be_disturbed_is_not_and_hears_of_it_later(rooms: Rooms, clock: Clock, why: str) -> None:
    person = watcher(rooms)
    with rooms.db.work() as work:
        if why == "stopped":
            handbook_results.stop(work, person.id)
        else:
            leave_in_peace(work, person.id, why)
    rooms.content = without(rooms.content, "national-002")
    assert handbook_changes.tell(rooms) == 0
    if why == "danger":
        clock.move(days=1, minutes=1)
        assert handbook_changes.tell(rooms) == 1


def test_one_in_trouble_does_not_keep_the_others_waiting(rooms: Rooms) -> None:
    first, _ = watcher(rooms), watcher(rooms, 2)
    with rooms.db.work() as work:
        table = handbook_results.kept_results
        work.conn.execute(table.update().where(table.c.person_id == first.id).values(shown=b"\x01broken"))
    rooms.content = without(rooms.content, "national-002")
    assert handbook_changes.tell(rooms) == 1


def test_the_timetable_rings_for_the_sender(rooms: Rooms) -> None:
    watcher(rooms)
    handbook_changes.morning(rooms)
    assert not rooms.bell.is_set()
    rooms.content = without(rooms.content, "national-002")
    handbook_changes.morning(rooms)
    assert rooms.bell.is_set()
