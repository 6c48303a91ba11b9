"""The way of a concern through the desks: who sees it, which steps it may take, what stays sealed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from surroundings import Clock

from storage import concerns, entries, handons, people, recusals
from storage.concerns import OPEN, Concern
from storage.transitions import NotPermitted
from storage.work import Database, Work

Together = Callable[[int, Callable[[int], Any]], list[Any]]


def _concern(work: Work, window: str = "a", **more: Any) -> Concern:
    facts: dict[str, Any] = {
        "person_id": people.lock(work, "default", "U" + "a" * 32).id,
        "town": "tottori",
        "district": None,
        "kind": "safety",
        "level": 3,
        "since": "week",
        "subject_knows": "unaware",
        "window": window,
        "route_reason": "own",
    }
    return concerns.open_concern(work, "default", **(facts | more))


@pytest.fixture
def concern(db: Database) -> Concern:
    with db.work() as work:
        return _concern(work)


def _now(db: Database, concern: Concern) -> Concern:
    with db.look() as work:
        found = concerns.get(work, concern.id)
    assert found is not None
    return found


def test_it_goes_from_sent_to_closed_and_may_be_opened_again(
    db: Database, concern: Concern, clock: Clock
) -> None:
    with db.work() as work:
        assert concerns.accept(work, concern).accepted_at == work.now
    clock.move(hours=1)
    with db.work() as work:
        assert concerns.in_touch(work, concern).contacted_at == work.now
        closed = concerns.close(work, concern, "connected")
        assert (closed.state, closed.outcome, closed.closed_at) == ("closed", "connected", work.now)
        again = concerns.reopen(work, concern)
        assert (again.state, again.outcome, again.closed_at) == ("accepted", None, None)


@pytest.mark.parametrize(
    ("steps", "step"),
    [
        ([], "reopen"),
        ([], "in_touch"),
        (["accept"], "accept"),
        (["accept", "in_touch"], "in_touch"),
        (["accept", "in_touch"], "accept"),
        (["accept", "close"], "accept"),
        (["close"], "close"),
        (["accept", "close"], "in_touch"),
    ],
)
def test_no_other_step_is_permitted(db: Database, concern: Concern, steps: list[str], step: str) -> None:
    def take(work: Work, name: str) -> None:
        if name == "close":
            concerns.close(work, concern, "connected")
        else:
            getattr(concerns, name)(work, concern)

    with db.work() as work:
        for name in steps:
            take(work, name)
        with pytest.raises(NotPermitted):
            take(work, step)


def test_of_many_who_accept_at_once_one_does(db: Database, concern: Concern, together: Together) -> None:
    def accept(_number: int) -> bool:
        try:
            with db.work() as work:
                concerns.accept(work, concern)
        except NotPermitted:
            return False
        return True

    assert sum(together(8, accept)) == 1


def test_it_is_read_for_the_first_time_once(db: Database, concern: Concern, together: Together) -> None:
    def read(_number: int) -> bool:
        with db.work() as work:
            return concerns.note_read(work, concern)

    assert sum(together(8, read)) == 1


def test_its_level_rises_and_never_falls(db: Database, concern: Concern) -> None:
    with db.work() as work:
        assert concerns.raise_level(work, concern, 1).level == 1
        assert concerns.raise_level(work, concern, 4).level == 1
        assert concerns.raise_level(work, concern, 1).level == 1


def test_words_of_danger_make_it_a_matter_of_today(db: Database, concern: Concern) -> None:
    with db.work() as work:
        flagged = concerns.flag_danger(work, concern)
        assert (flagged.danger, flagged.level) == (True, 1)
        worst = concerns.raise_level(work, concern, 0)
        assert concerns.flag_danger(work, worst).level == 0


def test_the_route_stays_as_it_was_frozen(db: Database) -> None:
    frozen = {"window": "a", "reason": "own", "rule": [["kind", {"kind": "safety"}]]}
    with db.work() as work:
        made = _concern(work, route=frozen)
        moved = concerns.move(work, made, "b", accepted=True)
    assert (moved.window, moved.routed_to, moved.route) == ("b", "a", frozen)


def test_a_desk_that_took_it_over_has_it_in_hand(db: Database, concern: Concern) -> None:
    with db.work() as work:
        concerns.accept(work, concern)
        concerns.in_touch(work, concern)
        concerns.assign(work, concern, "staff1")
        moved = concerns.move(work, concern, "b", accepted=True)
    assert (moved.state, moved.assignee_id, moved.contacted_at) == ("accepted", None, None)


def test_a_desk_that_inherits_it_still_has_to_take_it(db: Database, concern: Concern) -> None:
    with db.work() as work:
        concerns.note_read(work, concern)
        concerns.accept(work, concern)
        moved = concerns.move(work, concern, "b", accepted=False)
    assert (moved.state, moved.read_at, moved.accepted_at) == ("sent", None, None)


def test_a_form_that_comes_a_hundred_times_makes_one_concern(db: Database, together: Together) -> None:
    def send(_number: int) -> str:
        with db.work() as work:
            return _concern(work, once="form", person_id=None).number

    assert len(set(together(20, send))) == 1
    with db.look() as work:
        assert len(concerns.listed(work)) == 1


def test_only_its_desk_sees_it(db: Database, concern: Concern) -> None:
    with db.look() as work:
        assert concerns.visible(work, concern.number, ("a", "x"), "s1") == concern
        assert concerns.visible(work, concern.number.lower(), ("a",), "s1") == concern
        assert concerns.visible(work, concern.number, ("b",), "s1") is None
        assert concerns.visible(work, concern.number, (), "s1") is None
        assert concerns.visible(work, "K-0000-0000-0", ("a",), "s1") is None
        assert concerns.visible(work, "nonsense", ("a",), "s1") is None
        assert concerns.inbox(work, ("a",), "s1") == (concern,)
        assert concerns.inbox(work, ("b",), "s1") == ()


def test_a_desk_that_was_asked_to_take_it_over_sees_it_until_it_refuses(
    db: Database, concern: Concern
) -> None:
    with db.work() as work:
        offer = handons.offer(work, concern, "b", "staff:s1", {"note": "お願いします"})
    with db.look() as work:
        assert [each.id for each in concerns.inbox(work, ("b",), "s2")] == [concern.id]
        assert concerns.visible(work, concern.number, ("b",), "s2") is not None
        assert [each.id for each in handons.offered_to(work, ("b",))] == [offer.id]
        assert handons.words(work, offer) == {"note": "お願いします"}
    with db.work() as work:
        refused = handons.refuse(work, offer, "staff:s2", "not_ours", "c")
    assert (refused.state, refused.reason, refused.proposed) == ("refused", "not_ours", "c")
    with db.look() as work:
        assert concerns.visible(work, concern.number, ("b",), "s2") is None
        assert concerns.visible(work, concern.number, ("a",), "s1") is not None
        assert handons.open_of(work, concern) is None


def test_it_is_offered_to_one_desk_at_a_time(db: Database, concern: Concern, together: Together) -> None:
    def offer(number: int) -> bool:
        try:
            with db.work() as work:
                handons.offer(work, concern, f"desk{number}", "staff:s1", {})
        except NotPermitted:
            return False
        return True

    assert sum(together(6, offer)) == 1
    with db.work() as work, pytest.raises(NotPermitted):
        handons.offer(work, _now(db, concern), "a", "staff:s1", {})  # it is there already


def test_an_offer_is_answered_once(db: Database, concern: Concern, together: Together) -> None:
    with db.work() as work:
        made = handons.offer(work, concern, "b", "staff:s1", {})

    def answer(number: int) -> bool:
        try:
            with db.work() as work:
                (handons.accept if number % 2 else handons.withdraw)(work, made, f"staff:{number}")
        except NotPermitted:
            return False
        return True

    assert sum(together(8, answer)) == 1
    with db.look() as work:
        assert next(each.state for each in handons.of(work, concern)) in ("accepted", "withdrawn")


def test_who_steps_back_does_not_see_it_any_more(db: Database, concern: Concern) -> None:
    with db.work() as work:
        recusals.recuse(work, concern, "s1")
        recusals.recuse(work, concern, "s1")
        assert recusals.of(work, concern) == {"s1"}
    with db.look() as work:
        assert concerns.visible(work, concern.number, ("a",), "s1") is None
        assert concerns.inbox(work, ("a",), "s1") == ()
        assert concerns.inbox(work, ("a",), "s2") == (concern,)


def test_two_reports_about_one_person_become_one_and_both_are_kept(db: Database, concern: Concern) -> None:
    with db.work() as work:
        other = _concern(work)
        merged = concerns.merge(work, other, concern)
        assert (merged.state, merged.outcome, merged.merged_into) == ("closed", "merged", concern.id)
        assert concerns.inbox(work, ("a",), "s1", states=(*OPEN, "closed")) == (concern,)
        assert concerns.visible(work, other.number, ("a",), "s1") == merged
        for into in (concern, merged):  # neither into itself nor into what has ended
            with pytest.raises(NotPermitted):
                concerns.merge(work, merged, into)
        with pytest.raises(NotPermitted):
            concerns.merge(work, concern, merged)


def test_the_most_urgent_stands_first_then_the_oldest(db: Database, concern: Concern, clock: Clock) -> None:
    clock.move(minutes=1)
    with db.work() as work:
        urgent, later = _concern(work, level=0), _concern(work)
    with db.look() as work:
        assert [each.id for each in concerns.inbox(work, ("a",), "s1")] == [urgent.id, concern.id, later.id]
        assert concerns.inbox(work, ("a",), "s1", limit=1, offset=1) == (concern,)


def test_the_follow_up_is_asked_once(db: Database, concern: Concern, together: Together) -> None:
    def ask(_number: int) -> bool:
        with db.work() as work:
            return concerns.ask_follow_up(work, concern)

    assert sum(together(6, ask)) == 1
    with db.work() as work:
        assert concerns.answer_follow_up(work, concern, "same").follow_up == "same"


def test_news_wait_until_they_are_seen(db: Database, concern: Concern, clock: Clock) -> None:
    with db.work() as work:
        assert concerns.news(work, concern).news_at == work.now
        assert concerns.news_seen(work, concern).news_at is None
        assert concerns.doubt(work, concern).doubted
        assert concerns.hold(work, concern, True).held_at == work.now
        assert concerns.hold(work, concern, False).held_at is None
        due = work.now + dt.timedelta(days=1)
        assert concerns.set_dues(work, concern, due, None, due).accept_due == due


def test_a_history_keeps_its_order_and_its_words_sealed(db: Database, concern: Concern, clock: Clock) -> None:
    with db.work() as work:
        entries.add(work, concern, "note", "staff:s1", {"text": "郵便受けがいっぱい"})
        entries.add(work, concern, "question", "staff:s1", {"text": "いつからですか"})
    clock.move(minutes=5)
    with db.work() as work:
        entries.add(work, concern, "answer", "person", {"text": "先週から"})
    with db.look() as work:
        found = entries.of(work, concern)
        assert [(each.kind, each.words["text"]) for each in found] == [
            ("note", "郵便受けがいっぱい"),
            ("question", "いつからですか"),
            ("answer", "先週から"),
        ]
        latest = entries.latest(work, concern, "question")
        assert latest is not None
        assert latest.words == {"text": "いつからですか"}
        for row in work.conn.execute(entries.concern_entries.select()):
            assert "郵便".encode() not in row.words
