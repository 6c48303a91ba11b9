"""What meets at one moment in the life of supporters: everybody gets an answer, and nobody waits for ever.

In PostgreSQL two units of work that take the same rows crosswise end in a deadlock: one of them is thrown away after
a second. The order is: the phone, its courses, then the rest.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from test_coming_in import C, a_course, comes, in_, only
from test_signing_up import OFFICE, person, sign
from test_signing_up import a_course as a_coming_one
from town import make_town

from bot.programme import approving, life
from bot.programme import certificates as issuing
from bot.programme import courses as seats
from bot.programme.approving import CannotBeDone
from bot.programme.certificates import NoCertificate
from bot.web import profile as form
from storage import cards, course_places, joinings, links, people, supporters
from storage.course_places import Taken
from storage.supporters import Profile, Supporter
from storage.work import Database, Work

Together = Callable[[int, Callable[[int], Any]], list[Any]]
ROUNDS = 3
FORM = dict.fromkeys(("kana", "mail", "age_band", "group", "district", "motive", "motive_words"), "")


def chats(work: Work, number: int = 1) -> people.Person:
    """An event of this phone's chat begins, and takes a while."""
    found = people.lock(work, "default", f"U{number:032x}")
    time.sleep(0.03)
    return found


def somebody(db: Database, number: int = 1, name: str | None = None) -> Supporter:
    with db.work() as work:
        entry = in_(comes(work, a_course(work), number).supporter)
        return supporters.write(work, entry, Profile(name=name)) if name else entry


# ---- one card, one seat, one cap ---------------------------------------------------------------------------


def test_of_twenty_phones_with_one_card_one_wins_and_the_others_are_told(
    db: Database, together: Together
) -> None:
    with db.work() as work:
        course = a_course(work)
        (card,) = cards.issue(work, course, 1)

    def one(number: int) -> str:
        with db.work() as work:
            return comes(work, course, number + 1, card.id).result

    assert Counter(together(20, one)) == {"registered": 1, "card_gone": 19}


def test_of_fifty_registrations_at_once_never_more_come_in_than_may(db: Database, together: Together) -> None:
    with db.work() as work:
        course = a_course(work, capacity=10)

    def one(number: int) -> str:
        with db.work() as work:
            return comes(work, course, number + 1).result

    assert Counter(together(50, one)) == {"registered": 10 + joinings.MARGIN, "waiting": 35}


def test_seats_that_are_given_up_and_wanted_at_once_are_each_given_once(
    db: Database, together: Together
) -> None:
    with db.work() as work:
        course = a_coming_one(work, capacity=5)
        for number in range(40):
            person(work, number + 1)
    for number in range(15):
        sign(db, course, number + 1)
    with db.look() as work:
        places = course_places.of_course(work, course.id)

    def one(number: int) -> str:
        if number >= 10:
            return sign(db, course, number + 10).result
        with db.work() as work:
            return seats.cancel(work, OFFICE, places[number].id)

    assert Counter(together(20, one)) == {"cancelled": 10, "waiting": 10}
    with db.look() as work:
        assert course_places.taken(work, course.id) == Taken(5, 10)


# ---- staff and the chat ------------------------------------------------------------------------------------


def test_staff_decide_while_the_same_person_chats(db: Database, together: Together) -> None:
    for number in range(1, ROUNDS + 1):
        with db.work() as work:
            course = a_course(work)
            comes(work, course, number)
            each = only(work, course)

        def at_once(who: int, each: Any = each, number: int = number) -> bool:
            with db.work() as work:
                if who == 0:
                    approving.decline(work, C, each.id, "山田")
                else:
                    life.touched(work, chats(work, number))
            return True

        assert together(2, at_once) == [True, True]
        with db.look() as work:
            assert people.get(work, str(each.person_id)).role == "resident"  # type: ignore[union-attr]


def test_of_two_who_decide_the_same_at_once_one_is_told_it_is_done(db: Database, together: Together) -> None:
    with db.work() as work:
        course = a_course(work)
        joinings.set_gate(work, course.id, "default", joinings.Gate(5, True))
        comes(work, course)
        each = only(work, course)

    def one(_number: int) -> str:
        with db.work() as work:
            try:
                approving.approve(work, C, each.id, "山田")
            except CannotBeDone as no:
                return no.why
            return "approved"

    assert Counter(together(5, one)) == {"approved": 1, "nothing_to_do": 4}


def test_staff_write_down_that_somebody_leaves_while_they_move(db: Database, together: Together) -> None:
    for number in range(1, ROUNDS + 1):
        entry = somebody(db, number)

        def at_once(who: int, entry: Supporter = entry, number: int = number) -> bool:
            with db.work() as work:
                if who == 0:
                    life.leave(work, entry, "山田")
                else:
                    chats(work, number)
                    life.change_place(work, C, entry, "iwami", None)
            return True

        assert together(2, at_once) == [True, True]


# ---- erasing -----------------------------------------------------------------------------------------------


def erases(db: Database, number: int = 1) -> bool:
    with db.work() as work:
        life.erase_person(work, chats(work, number))
    return True


def test_the_form_is_sent_while_its_owner_erases_everything(db: Database, together: Together) -> None:
    town = make_town(db)
    for number in range(1, ROUNDS + 1):
        entry = somebody(db, number)
        with db.work() as work:
            whose: dict[str, Any] = {"about": entry.id, "person_id": entry.person_id}
            link = links.make(work, "default", purpose="profile", valid_for=dt.timedelta(hours=1), **whose)

        def at_once(who: int, link: tuple[str, str] = link, number: int = number) -> bool:
            if who == 0:
                return erases(db, number)
            with db.work() as work, town.app.test_request_context():
                form._store(town.services, work, *link, {**FORM, "name": "花子", "phone": "09012345678"})
            return True

        assert together(2, at_once) == [True, True]
        with db.look() as work:
            assert supporters.listed(work) == ()


def test_a_certificate_is_made_while_its_owner_is_erased(db: Database, together: Together) -> None:
    for number in range(1, ROUNDS + 1):
        entry = somebody(db, number, "花子")

        def at_once(who: int, entry: Supporter = entry, number: int = number) -> bool:
            if who == 0:
                return erases(db, number)
            time.sleep(0.02)
            with db.work() as work, contextlib.suppress(NoCertificate):
                issuing.issue(work, C, entry)
            return True

        assert together(2, at_once) == [True, True]


def test_a_seat_becomes_free_for_somebody_who_is_just_being_erased(db: Database, together: Together) -> None:
    for _ in range(ROUNDS):
        with db.work() as work:
            course = a_coming_one(work, capacity=1)
        for number in (1, 2, 3):
            sign(db, course, number)
        with db.look() as work:
            first = course_places.of_course(work, course.id)[0]

        def at_once(who: int, place: str = first.id) -> str:
            with db.work() as work:
                if who == 0:
                    return seats.cancel(work, OFFICE, place)
            return str(erases(db, 2))

        assert together(2, at_once) == ["cancelled", "True"]
        with db.work() as work:
            seats.fill(work, OFFICE, course.id)
            left = course_places.of_course(work, course.id)
            assert [(place.person_id, place.state) for place in left] == [(person(work, 3).id, "seat")]


def test_staff_and_the_person_erase_at_once(db: Database, together: Together) -> None:
    entry = somebody(db)

    def at_once(who: int) -> bool:
        if who == 0:
            return erases(db)
        with db.work() as work:
            life.erase_entry(work, entry, "山田")
        return True

    assert together(2, at_once) == [True, True]


def test_who_comes_back_while_the_night_forgets_them_stays(db: Database) -> None:
    """What the night read is looked at again, with the phone held."""
    entry = somebody(db)
    with db.work() as work:
        life.leave(work, entry)
        life.come_back(work, C, entry)
        held = supporters.hold(work, entry.id)
        assert held is not None
        assert held.state == "registered"
        supporters.erase(work, entry)
        assert supporters.hold(work, entry.id) is None
        with pytest.raises(LookupError):
            supporters.locked(work, entry.id)
