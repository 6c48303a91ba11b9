"""The courses by the clock: one reminder among many processes, mails that fail, seats of people who are gone."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from surroundings import Clock
from town import TOKYO, the_content

from bot.mailer import Later, Letter, Mailer, Outcome, Rejected, Sent
from bot.programme import courses as seats
from bot.programme.course_news import Office
from jobs import courses as job
from storage import course_mails, course_places, courses, people
from storage.courses import Course
from storage.outbox import outbox
from storage.supporters import Profile
from storage.work import Database

OFFICE = Office(the_content(), "https://tsunagari.example", mails=True)
THE_DAY_BEFORE = dt.datetime(2026, 12, 7, 12, 0, tzinfo=TOKYO)


def rooms(db: Database) -> job.Rooms:
    settings = SimpleNamespace(
        public_url="https://tsunagari.example", smtp_url="smtp://127.0.0.1:9", mail_from="t@tsunagari.example"
    )
    found = SimpleNamespace(db=db, content=the_content(), settings=settings, bell=threading.Event())
    return cast(job.Rooms, found)


def a_course(db: Database, capacity: int = 10) -> Course:
    with db.work() as work:
        return courses.create(
            work,
            "default",
            title="つながりサポーター養成講座",
            town="tottori",
            on=dt.date(2026, 12, 8),
            starts="13:30",
            place="駅南庁舎",
            capacity=capacity,
            valid_from=work.now,
            valid_until=work.now + dt.timedelta(days=30),
            sign_up_until=dt.datetime(2026, 12, 8, 13, 30, tzinfo=TOKYO),
        )


def signs_up(db: Database, course: Course, number: int) -> people.Person:
    with db.work() as work:
        person = people.lock(work, "default", f"U{number:032x}")
        seats.sign_up(work, OFFICE, course.id, source="line", person=person)
        return person


def test_of_several_processes_one_reminds(
    db: Database, clock: Clock, together: Callable[..., list[Any]]
) -> None:
    course = a_course(db)
    for number in range(3):
        signs_up(db, course, number)
    clock.now = THE_DAY_BEFORE
    assert sum(together(4, lambda _number: job.remind(rooms(db)))) == 3
    with db.look() as work:
        assert len(work.conn.execute(outbox.select()).all()) == 3


def test_who_signed_up_today_knows_the_day_already(db: Database, clock: Clock) -> None:
    course = a_course(db)
    clock.now = THE_DAY_BEFORE
    signs_up(db, course, 1)
    assert job.remind(rooms(db)) == 0


def test_a_course_that_was_called_off_reminds_nobody(db: Database, clock: Clock) -> None:
    course = a_course(db)
    signs_up(db, course, 1)
    with db.work() as work:
        seats.call_off(work, OFFICE, course.id, "staff")
    clock.now = THE_DAY_BEFORE
    assert job.remind(rooms(db)) == 0


def test_the_seat_of_somebody_who_is_gone_goes_to_the_next(db: Database) -> None:
    course = a_course(db, capacity=1)
    gone, waits = signs_up(db, course, 1), signs_up(db, course, 2)
    assert job.fill(rooms(db)) == 0
    with db.work() as work:
        work.conn.execute(people.people.delete().where(people.people.c.id == gone.id))
    assert job.fill(rooms(db)) == 1
    with db.look() as work:
        assert course_places.of_person(work, waits.id)[course.id].state == "seat"


def test_nobody_in_danger_is_asked_about_a_course(db: Database, clock: Clock) -> None:
    course = a_course(db)
    person = signs_up(db, course, 1)
    with db.work() as work:
        courses.attend(work, course.id, person.id)
    clock.now = dt.datetime(2026, 12, 8, 18, 0, tzinfo=TOKYO)
    with db.work() as work:
        people.hold_broadcasts(work, person.id, work.now + dt.timedelta(hours=24))
    assert job.ask(rooms(db)) == 0
    clock.now = dt.datetime(2026, 12, 10, 12, 0, tzinfo=TOKYO)
    assert job.ask(rooms(db)) == 1


class Post:
    """A mail server that answers what it was told to."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome, self.letters = outcome, list[Letter]()

    def send(self, letters: Iterable[Letter]) -> Iterator[tuple[Letter, Outcome]]:
        for letter in letters:
            self.letters.append(letter)
            yield letter, self.outcome


def writes(db: Database) -> str:
    course = a_course(db)
    with db.work() as work:
        profile = Profile("鳥取 花子", None, None, "hanako@example.jp")
        done = seats.sign_up(work, OFFICE, course.id, source="web", profile=profile)
        assert done.place
        return done.place.id


def test_a_mail_that_is_taken_leaves_no_words_behind(db: Database) -> None:
    writes(db)
    post = Post(Sent())
    assert job.send_through(db, cast(Mailer, post)) == 1
    assert job.send_through(db, cast(Mailer, post)) == 0
    (letter,) = post.letters
    assert (letter.to, "駅南庁舎" in letter.text) == ("hanako@example.jp", True)
    with db.look() as work:
        (row,) = work.conn.execute(course_mails.course_mails.select()).all()
    assert (row.state, row.body) == ("sent", None)


@pytest.mark.parametrize("outcome", [Rejected("RCPT 550", mailbox=True), Later("connect")])
def test_where_a_mail_does_not_arrive_staff_have_to_telephone(
    db: Database, clock: Clock, outcome: Outcome
) -> None:
    place_id = writes(db)
    post = Post(outcome)
    for _ in range(12):
        job.send_through(db, cast(Mailer, post))
        clock.move(hours=6)
    with db.look() as work:
        place = course_places.get(work, place_id)
        assert course_mails.states(work) == {"failed": 1}
    assert place
    assert place.told_at is None


def test_the_minute_goes_on_where_one_part_fails(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_rooms: job.Rooms) -> int:
        raise RuntimeError("away")

    course = a_course(db, capacity=1)
    gone, _ = signs_up(db, course, 1), signs_up(db, course, 2)
    with db.work() as work:
        work.conn.execute(people.people.delete().where(people.people.c.id == gone.id))
    monkeypatch.setattr(job, "send_mails", broken)
    found = rooms(db)
    job.minute(found)
    assert found.bell.is_set()
