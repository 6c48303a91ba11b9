"""Hand-ons: nothing falls between desks, because the sender is in charge until the receiver accepts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from office import IWAMI, SUPPORT, WAKASA, again, desk_now, doer, hire, report
from town import the_content

from bot.desk import deeds, handing_on
from bot.desk.deeds import CannotBeDone
from storage import entries, handons, notices
from storage.concerns import Concern
from storage.handons import Handon
from storage.staff import Staff
from storage.transitions import NotPermitted
from storage.work import Database


def offer(db: Database, by: Staff, concern: Concern, to: str, text: str = "訪問してください") -> Handon:
    with db.work() as work:
        return handing_on.hand_on(
            work, desk_now(db), doer(by), concern, to, subject="agreed", reporter="not_asked", text=text
        )


def told(db: Database, window: str) -> list[str]:
    with db.look() as work:
        return [one.what for one in notices.unseen(work, (window,))]


@pytest.fixture
def people(db: Database) -> tuple[Staff, Staff, Staff]:
    return hire(db, "田中", IWAMI), hire(db, "佐藤", SUPPORT), hire(db, "若桜", WAKASA)


def test_the_sender_is_in_charge_until_the_other_desk_accepts(
    db: Database, people: tuple[Staff, Staff, Staff]
) -> None:
    tanaka, sato, _ = people
    concern = report(db)
    with db.work() as work:
        concern = deeds.accept(work, doer(tanaka), concern)
    asked = offer(db, tanaka, concern, SUPPORT)
    assert again(db, concern).window == IWAMI
    assert told(db, SUPPORT) == ["handon"]
    with db.work() as work:
        moved = handing_on.accept(work, desk_now(db), doer(sato), concern, asked)
    assert (moved.window, moved.state, moved.assignee_id) == (SUPPORT, "accepted", sato.id)
    assert moved.routed_to == IWAMI
    assert moved.contact_due is not None
    assert told(db, IWAMI) == ["moved"]
    with db.look() as work:
        assert [one.kind for one in entries.of(work, concern)] == ["handon", "moved"]


def test_a_case_goes_through_three_desks(db: Database, people: tuple[Staff, Staff, Staff]) -> None:
    tanaka, sato, mitsu = people
    concern = report(db)
    for giver, taker, to in ((tanaka, sato, SUPPORT), (sato, mitsu, WAKASA), (mitsu, tanaka, IWAMI)):
        asked = offer(db, giver, concern, to)
        with db.work() as work:
            concern = handing_on.accept(work, desk_now(db), doer(taker), concern, asked)
        assert concern.window == to
    with db.look() as work:
        chain = [(one.from_window, one.to_window, one.state) for one in handons.of(work, concern)]
    assert chain == [
        (IWAMI, SUPPORT, "accepted"),
        (SUPPORT, WAKASA, "accepted"),
        (WAKASA, IWAMI, "accepted"),
    ]


def test_a_refusal_names_its_reason_and_the_next_owner_who_is_one_tap_away(
    db: Database, people: tuple[Staff, Staff, Staff]
) -> None:
    tanaka, sato, _ = people
    concern = report(db)
    asked = offer(db, tanaka, concern, SUPPORT, text="家賃が払えないそうです")
    with db.work() as work:
        handing_on.refuse(
            work,
            desk_now(db),
            doer(sato),
            concern,
            asked,
            reason="not_our_area",
            proposed=WAKASA,
            text="若桜町の人です",
        )
    assert again(db, concern).window == IWAMI
    assert told(db, IWAMI) == ["refused"]
    with db.work() as work:
        refusal = handing_on.refused_last(work, concern)
        assert refusal is not None
        assert (refusal.reason, refusal.proposed) == ("not_our_area", WAKASA)
        sent_on = handing_on.send_to_proposed(work, desk_now(db), doer(tanaka), concern)
    assert (sent_on.to_window, sent_on.state) == (WAKASA, "offered")
    with db.look() as work:
        assert handons.words(work, sent_on)["text"] == "家賃が払えないそうです"
        assert handons.words(work, sent_on)["subject"] == "agreed"
        assert handing_on.refused_last(work, concern) is None
    assert told(db, WAKASA) == ["handon"]


@pytest.mark.parametrize("proposed", [SUPPORT, "nowhere"])
def test_a_refusal_must_propose_another_desk(
    db: Database, people: tuple[Staff, Staff, Staff], proposed: str
) -> None:
    tanaka, sato, _ = people
    concern = report(db)
    asked = offer(db, tanaka, concern, SUPPORT)
    with db.work() as work, pytest.raises(CannotBeDone, match="no_such_desk"):
        handing_on.refuse(
            work,
            desk_now(db),
            doer(sato),
            concern,
            asked,
            reason="no_hands",
            proposed=proposed,
            text="x",
        )


def test_only_the_desk_that_was_asked_answers(db: Database, people: tuple[Staff, Staff, Staff]) -> None:
    tanaka, _, mitsu = people
    concern = report(db)
    asked = offer(db, tanaka, concern, SUPPORT)
    for who in (tanaka, mitsu):
        with db.work() as work, pytest.raises(CannotBeDone, match="not_asked"):
            handing_on.accept(work, desk_now(db), doer(who), concern, asked)


def test_one_offer_at_a_time_and_only_to_a_living_desk(
    db: Database, people: tuple[Staff, Staff, Staff]
) -> None:
    tanaka, _, _ = people
    concern = report(db)
    for to in (IWAMI, "nowhere"):
        with pytest.raises(CannotBeDone, match="no_such_desk"):
            offer(db, tanaka, concern, to)
    offer(db, tanaka, concern, SUPPORT)
    with pytest.raises(CannotBeDone, match="handed_on"):
        offer(db, tanaka, concern, WAKASA)


def test_an_offer_that_was_taken_back_is_nobodys_any_more(
    db: Database, people: tuple[Staff, Staff, Staff]
) -> None:
    tanaka, sato, _ = people
    concern = report(db)
    asked = offer(db, tanaka, concern, SUPPORT)
    with db.work() as work:
        handing_on.withdraw(work, doer(tanaka), concern, asked)
    with db.work() as work, pytest.raises(NotPermitted):
        handing_on.accept(work, desk_now(db), doer(sato), concern, asked)
    assert again(db, concern).window == IWAMI


def test_accepting_and_withdrawing_at_once_leaves_one_truth(
    db: Database,
    people: tuple[Staff, Staff, Staff],
    together: Callable[[int, Callable[[int], Any]], list[Any]],
) -> None:
    tanaka, sato, _ = people
    for _ in range(5):
        concern = report(db)
        asked = offer(db, tanaka, concern, SUPPORT)

        def both(number: int, concern: Concern = concern, asked: Handon = asked) -> str | None:
            try:
                with db.work() as work:
                    if number:
                        handing_on.accept(work, desk_now(db), doer(sato), concern, asked)
                        return "accepted"
                    handing_on.withdraw(work, doer(tanaka), concern, asked)
                    return "withdrawn"
            except NotPermitted:
                return None

        (winner,) = [one for one in together(2, both) if one]
        with db.look() as work:
            assert [one.state for one in handons.of(work, concern)] == [winner]
        assert again(db, concern).window == (SUPPORT if winner == "accepted" else IWAMI)


def test_the_desks_of_the_own_town_are_offered_first(db: Database) -> None:
    concern = report(db)
    found = handing_on.targets(desk_now(db), concern)
    assert IWAMI not in [window.key for window in found]
    near = [concern.town in window.serves for window in found]
    assert near == sorted(near, reverse=True)
    assert {window.key for window in found} < {window.key for window in the_content().windows}
