"""Signing up for a course: the last seat, the waiting list, giving up, and what people hear."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from surroundings import Clock
from town import TOKYO, the_content

from bot.programme import courses as seats
from bot.programme.course_news import Office
from storage import course_mails, course_places, courses, outbox, people
from storage.courses import Course, Session
from storage.supporters import Profile
from storage.work import Database, Work

OFFICE = Office(the_content(), "https://tsunagari.example", mails=True)
NO_MAIL = Office(the_content(), "https://tsunagari.example", mails=False)
HANAKO = Profile("鳥取 花子", "とっとり はなこ", "090-1234-5678", "hanako@example.jp")


def a_course(work: Work, capacity: int = 2, **more: Any) -> Course:
    """A week from now, in the afternoon; sign-up until it begins."""
    on = (work.now + dt.timedelta(days=7)).astimezone(TOKYO).date()
    plan: dict[str, Any] = {
        "title": "つながりサポーター養成講座",
        "town": "tottori",
        "on": on,
        "starts": "13:30",
        "ends": "15:30",
        "place": "駅南庁舎",
        "capacity": capacity,
        "valid_from": work.now,
        "valid_until": work.now + dt.timedelta(days=14),
        "sign_up_from": work.now,
        "sign_up_until": dt.datetime.combine(on, dt.time(13, 30), TOKYO),
    }
    return courses.create(work, "default", **(plan | more))


def person(work: Work, number: int) -> people.Person:
    return people.lock(work, "default", f"U{number:032x}")


def sign(db: Database, course: Course, number: int) -> seats.SignedUp:
    with db.work() as work:
        return seats.sign_up(work, OFFICE, course.id, source="line", person=person(work, number))


def test_of_a_hundred_who_want_the_last_seat_one_gets_it_and_the_others_wait(
    db: Database, together: Callable[..., list[Any]]
) -> None:
    with db.work() as work:
        course = a_course(work, capacity=1)
        for number in range(100):
            person(work, number)
    got = together(100, lambda number: sign(db, course, number).result)
    assert sorted(got) == ["seat"] + ["waiting"] * 99
    with db.look() as work:
        assert course_places.taken(work, course.id) == course_places.Taken(1, 99)


def test_somebody_signs_up_once(db: Database) -> None:
    with db.work() as work:
        course = a_course(work)
    assert [sign(db, course, 1).result for _ in range(2)] == ["seat", "already_seat"]
    with db.look() as work:
        assert course_places.taken(work, course.id).seats == 1


def test_who_gives_up_makes_room_for_the_first_who_waits_and_that_one_is_told(db: Database) -> None:
    with db.work() as work:
        course = a_course(work, capacity=1)
    first, second, third = (sign(db, course, number) for number in (1, 2, 3))
    assert first.place
    assert second.place
    assert third.place
    with db.work() as work:
        assert seats.cancel(work, OFFICE, first.place.id) == "cancelled"
        assert seats.cancel(work, OFFICE, first.place.id) == "again"
    with db.look() as work:
        assert [place.state for place in course_places.of_course(work, course.id)] == ["seat", "waiting"]
        promoted = course_places.get(work, second.place.id)
        told = list(work.conn.execute(outbox.outbox.select()))
    assert promoted
    assert promoted.state == "seat"
    assert promoted.told_at is not None
    assert [row.person_id for row in told] == [second.place.person_id]


def test_cancelling_frees_exactly_one_seat_however_often_it_is_tapped(
    db: Database, together: Callable[..., list[Any]]
) -> None:
    with db.work() as work:
        course = a_course(work, capacity=1)
    places = [sign(db, course, number).place for number in range(4)]
    assert places[0] is not None
    place_id = places[0].id

    def cancel(_number: int) -> str:
        with db.work() as work:
            return seats.cancel(work, OFFICE, place_id)

    assert sorted(together(6, cancel)) == ["again"] * 5 + ["cancelled"]
    with db.look() as work:
        assert course_places.taken(work, course.id) == course_places.Taken(1, 2)


@pytest.mark.parametrize(
    ("plan", "result"),
    [
        ({"waiting_list": False, "capacity": 1}, "full"),
        ({"sign_up_until": None}, "closed"),
    ],
)
def test_where_nobody_can_come_in_it_says_why(db: Database, plan: dict[str, Any], result: str) -> None:
    with db.work() as work:
        course = a_course(work, **plan)
    sign(db, course, 1)
    assert sign(db, course, 2).result == result


def test_before_and_after_the_time_for_it_nobody_signs_up(db: Database, clock: Clock) -> None:
    with db.work() as work:
        later = a_course(work, sign_up_from=work.now + dt.timedelta(days=1))
        course = a_course(work)
        off = a_course(work)
        courses.close(work, off.id)
    assert sign(db, later, 1).result == "not_yet"
    assert sign(db, off, 1).result == "closed"
    clock.move(days=8)
    assert sign(db, course, 1).result == "past"
    with db.work() as work:
        assert seats.sign_up(work, OFFICE, "nowhere", source="line", person=person(work, 1)).result == "gone"


def test_staff_enter_somebody_who_telephones_after_sign_up_has_ended(db: Database) -> None:
    with db.work() as work:
        course = a_course(work, sign_up_until=None)
        done = seats.sign_up(
            work, OFFICE, course.id, source="staff", profile=Profile("岩美 太郎"), actor="staff"
        )
    assert done.result == "seat"


def test_a_form_that_is_sent_twice_makes_one_place(db: Database, together: Callable[..., list[Any]]) -> None:
    with db.work() as work:
        course = a_course(work, capacity=10)

    def send(_number: int) -> str:
        with db.work() as work:
            return seats.sign_up(work, OFFICE, course.id, source="web", profile=HANAKO, once="f" * 32).result

    assert sorted(together(5, send)) == ["already_seat"] * 4 + ["seat"]


def test_the_same_name_with_the_same_telephone_is_the_same_person(db: Database) -> None:
    with db.work() as work:
        course = a_course(work, capacity=10)
        results = [
            seats.sign_up(work, OFFICE, course.id, source="web", profile=profile).result
            for profile in (
                HANAKO,
                Profile("鳥取花子", None, "０９０１２３４５６７８", None),
                Profile("鳥取 太郎", None, "090-1234-5678", None),  # the family's telephone
                Profile("鳥取 花子", None, "0857-22-0000", None),  # another one of that name
            )
        ]
    assert results == ["seat", "already_seat", "seat", "seat"]


def test_people_of_the_web_are_told_by_mail_or_else_by_telephone(db: Database) -> None:
    with db.work() as work:
        course = a_course(work, capacity=1)
    first = sign(db, course, 1)
    with db.work() as work:
        with_mail = seats.sign_up(work, OFFICE, course.id, source="web", profile=HANAKO)
        phone_only = seats.sign_up(
            work, OFFICE, course.id, source="web", profile=Profile("岩美 太郎", None, "0857-73-0000")
        )
    assert with_mail.token
    assert with_mail.place
    assert phone_only.place
    assert first.place
    with db.work() as work:
        (confirmation,) = course_mails.claim(work, 10)
        assert confirmation.to == HANAKO.mail
        assert f"/c/cancel/{with_mail.place.id}#{with_mail.token}" in confirmation.text
        seats.cancel(work, OFFICE, first.place.id)
    with db.work() as work:
        assert "お席があきました" in course_mails.claim(work, 10)[0].subject
        seats.cancel(work, OFFICE, with_mail.place.id)
    with db.look() as work:
        last = course_places.get(work, phone_only.place.id)
    assert last
    assert (last.state, last.told_at) == ("seat", None)


def test_without_a_mail_server_no_mail_waits(db: Database) -> None:
    with db.work() as work:
        course = a_course(work)
        seats.sign_up(work, NO_MAIL, course.id, source="web", profile=HANAKO)
        assert course_mails.states(work) == {}


def test_a_link_cancels_its_own_place_only(db: Database) -> None:
    with db.work() as work:
        course = a_course(work)
        done = seats.sign_up(work, OFFICE, course.id, source="web", profile=HANAKO)
        assert done.place
        assert done.token
        assert course_places.with_token(work, done.place.id, done.token) == done.place
        assert course_places.with_token(work, done.place.id, "x" * 43) is None


def test_a_course_edited_after_posters_were_printed_keeps_code_and_sign_and_all_are_told(
    db: Database,
) -> None:
    with db.work() as work:
        course = a_course(work)
    sign(db, course, 1)
    with db.work() as work:
        moved = (Session(course.on_date + dt.timedelta(days=7), "10:00", "12:00"),)
        after, told = seats.edit(work, OFFICE, course.id, "staff", tell=True, sessions=moved)
        with pytest.raises(ValueError, match="keeps its code"):
            courses.edit(work, after, code="AAAAAAAAAA")
    assert (after.code, after.sign, told) == (course.code, course.sign, 1)
    assert after.on_date == moved[0].on


def test_a_larger_room_takes_in_those_who_wait(db: Database) -> None:
    with db.work() as work:
        course = a_course(work, capacity=1)
    for number in range(4):
        sign(db, course, number)
    with db.work() as work:
        seats.edit(work, OFFICE, course.id, "staff", tell=True, capacity=3)
        assert course_places.taken(work, course.id) == course_places.Taken(3, 1)


def test_a_course_that_is_called_off_tells_everybody_once_and_takes_nobody_in(db: Database) -> None:
    with db.work() as work:
        course = a_course(work, capacity=1)
    sign(db, course, 1)
    sign(db, course, 2)
    with db.work() as work:
        assert seats.call_off(work, OFFICE, course.id, "staff") == 2
        assert seats.call_off(work, OFFICE, course.id, "staff") == 0
    assert sign(db, course, 3).result == "called_off"


def test_who_is_erased_leaves_a_free_seat(db: Database) -> None:
    with db.work() as work:
        course = a_course(work, capacity=1)
    first, second = sign(db, course, 1), sign(db, course, 2)
    assert first.place
    assert second.place
    with db.work() as work:
        work.conn.execute(people.people.delete().where(people.people.c.id == first.place.person_id))
        assert seats.fill(work, OFFICE, course.id) == 1
        assert course_places.get(work, second.place.id).state == "seat"  # type: ignore[union-attr]


def test_names_of_long_ago_are_erased_and_their_number_stays(db: Database, clock: Clock) -> None:
    with db.work() as work:
        course = a_course(work)
        done = seats.sign_up(work, OFFICE, course.id, source="web", profile=HANAKO)
        assert done.place
    clock.move(days=200)
    with db.work() as work:
        assert course_places.forget_old(work, dt.timedelta(days=180)) == 1
        assert course_places.profiles(work, (done.place,))[done.place.id] == Profile()
        assert course_places.taken(work, course.id).seats == 1
