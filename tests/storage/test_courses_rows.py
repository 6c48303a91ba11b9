"""Courses, their codes, and who was there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from surroundings import Clock

from storage import courses, people
from storage.courses import Course, normal_code
from storage.work import Database, Work


def _course(work: Work, channel: str = "default", **more: Any) -> Course:
    plan: dict[str, Any] = {
        "title": "つながりサポーター養成講座",
        "town": "鳥取市",
        "on": dt.date(2026, 12, 6),
        "place": "市民会館",
        "capacity": 40,
        "valid_from": work.now,
        "valid_until": work.now + dt.timedelta(days=7),
    }
    return courses.create(work, channel, **(plan | more))


def test_a_course_is_found_by_its_id_as_it_was_made(db: Database) -> None:
    with db.work() as work:
        made = _course(work, starts="13:30", ends="15:00")
        assert courses.get(work, made.id) == made
        assert (made.starts, made.ends, made.on_date) == ("13:30", "15:00", dt.date(2026, 12, 6))


def test_a_code_cannot_be_guessed_and_holds_no_sign_that_looks_like_another() -> None:
    assert courses.CODE_BITS > 45
    assert not set(courses.ALPHABET) & set("0O1ILSZBV")


def test_a_code_is_shown_in_two_groups(db: Database) -> None:
    with db.work() as work:
        made = _course(work)
    assert made.readable_code == f"{made.code[:5]}-{made.code[5:]}"
    assert normal_code(made.readable_code) == made.code


@pytest.mark.parametrize(
    "typed",
    [
        "7KQ4M-2XW9H",
        "7kq4m2xw9h",
        " 7KQ4M 2XW9H ",
        "７ＫＱ４Ｍ－２ＸＷ９Ｈ",
        "コード：7kq4mー2xw9h",
        "受講コードは 7KQ4M-2XW9H です。",
        "7KQ4M-ZXW9H",
    ],
)
def test_a_code_is_understood_however_it_is_typed(typed: str) -> None:
    assert normal_code(typed) == "7KQ4M2XW9H"


def test_only_codes_of_this_channel_that_count_now_are_open(db: Database, clock: Clock) -> None:
    day = dt.timedelta(days=1)
    with db.work() as work:
        good = _course(work)
        _course(work, valid_from=work.now + day)
        _course(work, "iwami")
        closed = _course(work)
        assert courses.close(work, closed.id)
        assert not courses.close(work, closed.id)
        assert courses.with_open_codes(work, "default") == (good,)
    clock.move(days=7)
    with db.look() as work:
        assert good not in courses.with_open_codes(work, "default")


def test_courses_are_listed_the_latest_day_first(db: Database) -> None:
    with db.work() as work:
        early, late = _course(work), _course(work, on=dt.date(2027, 1, 9))
        other = _course(work, "iwami", on=dt.date(2026, 1, 1))
        assert [c.id for c in courses.listed(work, "default")] == [late.id, early.id]
        assert [c.id for c in courses.listed(work, None)] == [late.id, early.id, other.id]


def test_a_code_that_ends_before_it_begins_is_refused(db: Database) -> None:
    with db.work() as work, pytest.raises(ValueError, match="ends"):
        _course(work, valid_until=work.now)


def test_somebody_is_at_a_course_once(db: Database, together: Callable[..., list[Any]]) -> None:
    with db.work() as work:
        course = _course(work)
        person = people.lock(work, "default", "U" + "a" * 32).id

    def attend(_number: int) -> bool:
        with db.work() as work:
            return courses.attend(work, course.id, person)

    assert sorted(together(5, attend)) == [False] * 4 + [True]
    with db.look() as work:
        assert courses.attendance(work, course.id) == 1


def test_nobody_attends_a_course_that_is_not_there(db: Database) -> None:
    with pytest.raises(IntegrityError), db.work() as work:
        courses.attend(work, "nowhere", people.lock(work, "default", "U" + "a" * 32).id)
