"""Codes, cards, caps, names that are found again, approval and taking it back: on both databases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from surroundings import Clock
from town import MORNING, the_content

from bot.programme import approving, joining, life, matching
from bot.programme import certificates as issuing
from bot.programme.approving import CannotBeDone
from storage import (
    attempts,
    cards,
    certificates,
    course_members,
    course_places,
    courses,
    joinings,
    outbox,
    people,
    supporters,
)
from storage.courses import Course
from storage.joinings import Gate, Joining
from storage.supporters import Profile, Supporter
from storage.transitions import NotPermitted
from storage.work import Database, Work

C = the_content()
HANAKO = Profile(name="鳥取 花子", kana="とっとり はなこ", phone="090-1234-5678")


def a_course(work: Work, capacity: int = 40, **more: Any) -> Course:
    start = more.pop("valid_from", MORNING)
    return courses.create(
        work,
        "default",
        title="つながりサポーター養成講座",
        town="tottori",
        on=MORNING.date(),
        place="駅南庁舎",
        capacity=capacity,
        valid_from=start,
        valid_until=start + dt.timedelta(days=7),
        **more,
    )


def comes(
    work: Work, course: Course, number: int = 1, card: str | None = None, family: bool = False
) -> joining.Joined:
    person = people.lock(work, "default", f"U{number:032x}")
    return joining.join(
        work,
        C,
        person,
        course.id,
        card,
        town="iwami",
        district="whole",
        topics=("events",),
        consent_version="c1",
        pledge_version="p1",
        family=family,
    )


def only(work: Work, course: Course) -> Joining:
    (each,) = joinings.of_course(work, course.id)
    return each


def imported(work: Work, words: Profile, **more: Any) -> Supporter:
    return supporters.add(
        work,
        "default",
        source="import",
        town="tottori",
        profile=words,
        **{"state": "attended", "attended_on": MORNING.date(), **more},
    )


def in_(entry: Supporter | None) -> Supporter:
    assert entry is not None
    return entry


# ---- cards -------------------------------------------------------------------------------------------------


def test_of_two_phones_with_one_card_at_the_same_second_one_wins(
    db: Database, together: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    with db.work() as work:
        course = a_course(work)
        (card,) = cards.issue(work, course, 1)

    def one(number: int) -> str:
        with db.work() as work:
            return comes(work, course, number + 1, card.id).result

    assert sorted(together(2, one)) == ["card_gone", "registered"]
    with db.look() as work:
        assert len(supporters.listed(work)) == len(joinings.of_course(work, course.id)) == 1


def test_whoever_typed_a_card_first_keeps_it_while_they_answer(db: Database, clock: Clock) -> None:
    with db.work() as work:
        course = a_course(work)
        (card,) = cards.issue(work, course, 1)
        code = cards.codes(work, (card,))[card.id]
        me, other = (people.lock(work, "default", f"U{n:032x}").id for n in (1, 2))

        def state(who: str) -> str:
            found = joining.read(work, "default", who, f"コード {code[:5]}-{code[5:]}")
            assert found is not None
            return found.state

        assert [state(me), state(other), state(me)] == ["open", "busy", "open"]
    clock.move(minutes=31)  # they gave up
    with db.work() as work:
        found = joining.read(work, "default", other, code)
        assert found is not None
        assert found.state == "open"
        assert comes(work, course, 1, card.id).result == "card_gone"
        assert comes(work, course, 2, card.id).result == "registered"
        for who, state_now in ((me, "used"), (other, "mine")):
            found = joining.read(work, "default", who, code)
            assert found is not None
            assert found.state == state_now


def test_cards_that_were_taken_back_count_no_longer_and_used_ones_stay_used(db: Database) -> None:
    with db.work() as work:
        course = a_course(work)
        first, second = cards.issue(work, course, 2)
        comes(work, course, 1, first.id)
        assert cards.take_back(work, course.id) == 1
        code = cards.codes(work, (second,))[second.id]
        found = joining.read(work, "default", "x", code)
        assert found is not None
        assert found.state == "closed"
        assert [card.number for card in cards.issue(work, course, 2)] == [3, 4]


def test_the_codes_of_cards_lie_nowhere_in_clear(db: Database) -> None:
    with db.work() as work:
        made = cards.issue(work, a_course(work), 3)
        codes = cards.codes(work, made)
        for row in work.conn.execute(cards.cards.select()):
            assert not any(code in repr(tuple(row)) for code in codes.values())


@pytest.mark.parametrize(
    "said", ["7KQ4M-2XW9H", "TUUHN-FUMCF", "tuuhnfumcf", "コードは７ＫＱ４Ｍー２ＸＷ９Ｈです", "7KQ4M-OXW9H"]
)
def test_what_was_meant_as_a_code_is_noticed_also_without_a_digit(said: str) -> None:
    assert joining.looks_like_a_code(said)


@pytest.mark.parametrize(
    "said",
    ["こんにちは", "090-1234-5678", "0857-22-8111", "K-7Q2M-X4TB-9", "Thank you so much", "good morning", ""],
)
def test_what_was_not_is_left_alone(said: str) -> None:
    assert not joining.looks_like_a_code(said)


# ---- the code on the wall ----------------------------------------------------------------------------------


def test_a_code_says_how_it_stands(db: Database, clock: Clock) -> None:
    with db.work() as work:
        course = a_course(work, valid_from=MORNING + dt.timedelta(days=1))

    def state() -> str:
        with db.work() as work:
            found = joining.read(work, "default", "x", course.readable_code)
            assert found is not None
            return found.state

    assert state() == "early"
    clock.move(days=1)
    assert state() == "open"
    clock.move(days=7)
    assert state() == "late"
    with db.work() as work:
        courses.close(work, course.id)
    assert state() == "closed"


def test_beyond_the_places_and_the_margin_staff_are_asked(db: Database) -> None:
    with db.work() as work:
        course = a_course(work, capacity=2)
        results = [comes(work, course, number).result for number in range(1, 10)]
        assert results == ["registered"] * 7 + ["waiting"] * 2
        assert {each.why for each in joinings.to_look_at(work)} == {"over_cap"}
        joinings.set_gate(work, course.id, course.channel, Gate(margin=6))
        assert comes(work, course, 10).result == "registered"


def test_the_last_place_is_given_once(
    db: Database, together: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    with db.work() as work:
        course = a_course(work, capacity=1)
        joinings.set_gate(work, course.id, course.channel, Gate(margin=0))

    def one(number: int) -> str:
        with db.work() as work:
            return comes(work, course, number + 1).result

    assert sorted(together(4, one)) == ["registered", "waiting", "waiting", "waiting"]


def test_once_it_is_over_only_as_many_may_come_as_staff_noted(db: Database, clock: Clock) -> None:
    with db.work() as work:
        course = a_course(work)
        joinings.set_gate(work, course.id, course.channel, Gate(margin=1))
        there = imported(work, HANAKO)
        course_members.attend(work, course.id, supporter_id=there.id, how="roster")
        assert joining.most_by_code(work, course) == 41
    clock.move(days=1)
    with db.look() as work:
        assert joining.most_by_code(work, course) == 2


def test_who_waits_is_no_supporter_and_gets_no_news(db: Database) -> None:
    with db.work() as work:
        course = a_course(work)
        joinings.set_gate(work, course.id, course.channel, Gate(by_approval=True))
        entry = in_(comes(work, course).supporter)
        assert entry.state == "attended"
        person = people.lock(work, "default", f"U{1:032x}")
        assert person.role == "resident"
        assert course_members.attendance(work, course.id) == 0


def test_cards_do_not_use_up_the_places_of_the_code(db: Database) -> None:
    with db.work() as work:
        course = a_course(work, capacity=1)
        joinings.set_gate(work, course.id, course.channel, Gate(margin=0))
        for number, card in enumerate(cards.issue(work, course, 3), 1):
            assert comes(work, course, number, card.id).result == "registered"
        assert comes(work, course, 9).result == "registered"


def guesses(work: Work, number: int, times: int = joining.GUESSES_OF_ALL) -> people.Person:
    person = people.lock(work, "default", f"U{number:032x}")
    for _ in range(times):
        attempts.count(work, "default", person.id, joining.GUESS, joining.WITHIN)
    return person


def test_while_everybody_guesses_only_what_counts_now_is_known(db: Database, clock: Clock) -> None:
    with db.work() as work:
        today, later = a_course(work), a_course(work, valid_from=MORNING + dt.timedelta(days=3))
        person = guesses(work, 1)
        joining.watch_guessing(work, "default")
        assert joining.read(work, "default", person.id, today.code) is not None
        assert joining.read(work, "default", person.id, later.code) is None
    clock.move(hours=2)
    with db.work() as work:
        assert joining.read(work, "default", person.id, later.code) is not None


def test_who_guesses_keeps_nobody_else_out(db: Database, clock: Clock) -> None:
    """On the day of the course all is as ever; the days after, staff look, or the name on the roster says enough."""
    with db.work() as work:
        course = a_course(work)
        guesses(work, 99)
        assert comes(work, course, 1).result == "registered"
    clock.move(days=1)
    with db.work() as work:
        guesses(work, 99)
        assert joining.read(work, "default", "anybody", course.code) is not None
        joined = comes(work, course, 2)
        assert joined.result == "waiting"
        course_places.add(work, "default", course.id, source="web", state="seat", profile=HANAKO)
        now = matching.write_profile(work, C, in_(joined.supporter), HANAKO).supporter
        assert now.state == "registered"


def test_who_guesses_is_erased_and_comes_again_is_counted_on(db: Database) -> None:
    with db.work() as work:
        for _ in range(20):
            life.erase_person(work, guesses(work, 99, 5))
        assert joining.guessing(work, "default")
        assert not joining.guessing(work, "iwami")


# ---- who they are ------------------------------------------------------------------------------------------


def test_the_same_name_and_telephone_make_one_entry_of_two(db: Database) -> None:
    with db.work() as work:
        old = imported(work, HANAKO, number="2023-001", attended_on=dt.date(2023, 6, 1))
        course = a_course(work)
        fresh = in_(comes(work, course).supporter)
        given = Profile(name="鳥取花子", phone="０９０ー１２３４ー５６７８", mail="h@example.jp")
        now = matching.write_profile(work, C, fresh, given, age_band="seventies").supporter
        assert now.id == old.id
        assert supporters.listed(work) == (now,)
        assert (now.person_id, now.number, now.state) == (fresh.person_id, "2023-001", "registered")
        assert (now.attended_on, now.refreshed_on) == (dt.date(2023, 6, 1), MORNING.date())
        words = supporters.profile(work, now)
        assert (words.kana, words.mail) == ("とっとり はなこ", "h@example.jp")
        (member,) = course_members.members(work, course.id)
        assert member.supporter_id == old.id
        each = only(work, course)
        assert (each.supporter_id, each.matched, each.why) == (old.id, True, None)


def test_a_name_alone_is_enough_where_it_is_the_only_one_on_the_list_of_that_day(db: Database) -> None:
    with db.work() as work:
        old = imported(work, Profile(name="鳥取花子"))
        fresh = in_(comes(work, a_course(work)).supporter)
        assert matching.write_profile(work, C, fresh, HANAKO).supporter.id == old.id


def test_two_of_the_same_name_are_left_to_staff(db: Database) -> None:
    with db.work() as work:
        imported(work, Profile(name="鳥取花子", phone="0857-11-1111"))
        imported(work, Profile(name="鳥取花子", phone="0857-22-2222"))
        course = a_course(work)
        fresh = in_(comes(work, course).supporter)
        now = matching.write_profile(work, C, fresh, HANAKO).supporter
        assert now.id == fresh.id
        assert only(work, course).why == "same_name"
        assert now.state == "registered"  # nobody is kept out by it


def test_the_same_name_of_another_day_is_left_to_staff(db: Database) -> None:
    with db.work() as work:
        imported(work, Profile(name="鳥取花子"), attended_on=dt.date(2020, 1, 1))
        course = a_course(work)
        fresh = in_(comes(work, course).supporter)
        assert matching.write_profile(work, C, fresh, HANAKO).supporter.id == fresh.id
        assert only(work, course).why == "same_name"


def test_the_entry_of_another_phone_is_never_taken(db: Database) -> None:
    with db.work() as work:
        course = a_course(work)
        first = in_(comes(work, course, 1).supporter)
        matching.write_profile(work, C, first, HANAKO)
        second = in_(comes(work, course, 2).supporter)
        now = matching.write_profile(work, C, second, HANAKO).supporter
        assert (now.id, now.person_id) == (second.id, second.person_id)
        whys = [joinings.of_supporter(work, one.id)[0].why for one in (first, second)]
        assert whys == [None, "other_phone"]


def on_the_roster(work: Work, course: Course, words: Profile = HANAKO) -> None:
    course_places.add(work, "default", course.id, source="web", state="seat", profile=words)


def test_with_a_roster_the_name_lets_in_who_waits_for_approval(db: Database) -> None:
    with db.work() as work:
        course = a_course(work)
        joinings.set_gate(work, course.id, course.channel, Gate(by_approval=True))
        on_the_roster(work, course)
        entry = in_(comes(work, course).supporter)
        written = matching.write_profile(work, C, entry, Profile(name="鳥取　花子"))
        assert written.registered_now
        assert written.supporter.state == "registered"
        assert supporters.profile(work, written.supporter).phone == "090-1234-5678"
        (member,) = course_members.members(work, course.id)
        assert member.place_id is not None
        person = people.get(work, entry.person_id or "")
        assert person is not None
        assert (person.role, person.topics) == ("supporter", ("events",))


def test_a_leaked_code_needs_more_than_a_name_that_is_on_the_roster(db: Database) -> None:
    with db.work() as work:
        course = a_course(work, capacity=1)
        joinings.set_gate(work, course.id, course.channel, Gate(margin=0))
        on_the_roster(work, course, Profile(name="鳥取花子", phone="0901111222"))
        comes(work, course, 1)
        entry = in_(comes(work, course, 2).supporter)
        assert not matching.write_profile(work, C, entry, Profile(name="鳥取花子")).registered_now
        again = in_(supporters.get(work, entry.id))
        assert matching.write_profile(work, C, again, Profile(phone="0901111222")).registered_now


def test_who_is_not_on_the_roster_is_in_but_staff_see_it(db: Database) -> None:
    with db.work() as work:
        course = a_course(work)
        on_the_roster(work, course, Profile(name="米子太郎"))
        entry = in_(comes(work, course).supporter)
        assert matching.write_profile(work, C, entry, HANAKO).supporter.state == "registered"
        assert only(work, course).why == "not_on_roster"


def test_without_a_roster_nobody_is_listed(db: Database) -> None:
    with db.work() as work:
        course = a_course(work)
        entry = in_(comes(work, course).supporter)
        matching.write_profile(work, C, entry, HANAKO)
        assert joinings.to_look_at(work) == ()


# ---- what staff decide -------------------------------------------------------------------------------------


def test_approved_means_registered_and_told(db: Database) -> None:
    with db.work() as work:
        course = a_course(work)
        joinings.set_gate(work, course.id, course.channel, Gate(by_approval=True))
        entry = in_(comes(work, course).supporter)
        approving.approve(work, C, only(work, course).id, "山田")
        now = in_(supporters.get(work, entry.id))
        assert (now.state, now.attended_on) == ("registered", MORNING.date())
        assert course_members.attendance(work, course.id) == 1
        kinds = [row.kind for row in work.conn.execute(outbox.outbox.select().order_by(outbox.outbox.c.id))]
        assert kinds == ["link_menu", "message"]
        with pytest.raises(CannotBeDone):
            approving.approve(work, C, only(work, course).id, "山田")


def test_staff_say_who_somebody_with_a_typing_error_is(db: Database) -> None:
    with db.work() as work:
        old = imported(work, HANAKO, number="77")
        course = a_course(work)
        entry = in_(comes(work, course).supporter)
        entry = matching.write_profile(work, C, entry, Profile(name="鳥取 花予")).supporter
        now = approving.approve(work, C, only(work, course).id, "山田", as_entry=old)
        assert (now.id, now.number, now.person_id) == (old.id, "77", entry.person_id)
        assert supporters.profile(work, now).name == "鳥取 花子"


def test_when_two_entries_become_one_the_certificate_goes_along(db: Database) -> None:
    """Its token is sealed for one entry: it is sealed anew, and bears the number of the register from now on."""
    with db.work() as work:
        old = imported(work, Profile(name="鳥取花子"), number="2023-077")
        course = a_course(work)
        fresh = supporters.write(work, in_(comes(work, course).supporter), Profile(name="鳥取ハナコ"))
        made = issuing.issue(work, C, fresh)
        now = approving.approve(work, C, only(work, course).id, "山田", as_entry=old)
        again = certificates.of(work, now.id)
        assert again is not None
        assert (again.token, again.number, now.number) == (made.token, "2023-077", "2023-077")
        assert issuing.looked_up(work, made.token) == ("valid", now.town)


def test_where_both_entries_have_a_certificate_the_older_one_counts(db: Database) -> None:
    with db.work() as work:
        old = imported(work, Profile(name="鳥取花子"), state="registered", number="2023-077")
        kept = issuing.issue(work, C, old)
        course = a_course(work)
        fresh = supporters.write(work, in_(comes(work, course).supporter), Profile(name="鳥取ハナコ"))
        issuing.issue(work, C, fresh)
        now = approving.approve(work, C, only(work, course).id, "山田", as_entry=old)
        assert certificates.of(work, now.id) == kept


def test_a_registration_that_is_taken_back_leaves_no_supporter_and_can_be_made_good(db: Database) -> None:
    with db.work() as work:
        course = a_course(work)
        entry = in_(comes(work, course).supporter)
        each = only(work, course)
        approving.decline(work, C, each.id, "山田")
        assert in_(supporters.get(work, entry.id)).state == "left"
        person = people.lock(work, "default", f"U{1:032x}")
        assert person.role == "resident"
        assert course_members.attendance(work, course.id) == 0
        assert comes(work, course).result == "waiting"  # the same code does not open the door again
        approving.approve(work, C, each.id, "山田")
        assert in_(supporters.get(work, entry.id)).state == "registered"
        person = people.lock(work, "default", f"U{1:032x}")
        assert person.role == "supporter"


def test_who_was_declined_cannot_come_back_by_themselves_but_staff_may_take_them_back(db: Database) -> None:
    with db.work() as work:
        course = a_course(work)
        entry = in_(comes(work, course).supporter)
        approving.decline(work, C, only(work, course).id, "山田")
        with pytest.raises(NotPermitted):
            life.come_back(work, C, entry)
        assert life.come_back(work, C, entry, "山田").state == "registered"


def test_who_left_while_waiting_for_staff_does_not_slip_in_by_coming_back(db: Database) -> None:
    with db.work() as work:
        course = a_course(work)
        joinings.set_gate(work, course.id, course.channel, Gate(by_approval=True))
        entry = in_(comes(work, course).supporter)
        life.leave(work, entry)
        with pytest.raises(NotPermitted):
            life.come_back(work, C, entry)


def test_who_left_after_a_course_comes_back(db: Database) -> None:
    with db.work() as work:
        entry = in_(comes(work, a_course(work)).supporter)
        life.leave(work, entry)
        assert life.come_back(work, C, entry).state == "registered"


def test_whoever_was_erased_is_nobody_to_look_at(db: Database) -> None:
    with db.work() as work:
        course = a_course(work)
        joinings.set_gate(work, course.id, course.channel, Gate(by_approval=True))
        entry = in_(comes(work, course).supporter)
        assert len(joinings.to_look_at(work)) == 1
        life.erase_entry(work, entry, "山田")
        assert joinings.to_look_at(work) == ()


def test_who_has_another_course_stays_a_supporter(db: Database, clock: Clock) -> None:
    with db.work() as work:
        first = a_course(work)
        comes(work, first)
    clock.move(days=30)
    with db.work() as work:
        leaked = courses.edit(work, a_course(work), sessions=(courses.Session(dt.date(2026, 12, 31)),))
        leaked = courses.edit(work, leaked, valid_until=MORNING + dt.timedelta(days=60))
        assert comes(work, leaked).result == "again"
        (entry,) = supporters.listed(work)
        assert entry.refreshed_on == dt.date(2026, 12, 31)
        approving.decline(work, C, only(work, leaked).id, "山田")
        (entry,) = supporters.listed(work)
        assert (entry.state, entry.refreshed_on) == ("active", None)
        assert entry.refresher_due_on == dt.date(2027, 12, 1)


def test_two_of_a_family_are_two_and_one_of_them_may_be_taken_back(db: Database) -> None:
    with db.work() as work:
        course = a_course(work)
        comes(work, course)
        second = in_(comes(work, course, family=True).supporter)
        assert course_members.attendance(work, course.id) == 2
        (mine,) = joinings.of_supporter(work, second.id)
        approving.decline(work, C, mine.id, "山田")
        assert course_members.attendance(work, course.id) == 1
        person = people.lock(work, "default", f"U{1:032x}")
        assert person.role == "supporter"
