"""Each minute: reminders the day before a course, seats that became free, the questionnaire afterwards, and the mails
of people who signed up on the web.

Any number of processes may do this at the same moment: what is told is claimed in the transaction that tells it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from bot import log
from bot.mailer import Later, Letter, Mailer, Rejected, Sent, server_of
from bot.programme import course_news, questionnaire
from bot.programme import courses as seats
from bot.programme.course_news import Office
from jobs.parts import in_turn
from jobs.rooms import Rooms
from storage import course_mails, course_places, courses, people, switches
from storage.course_mails import CourseMail
from storage.courses import Course
from storage.work import Database, Work

TOKYO: Final = ZoneInfo("Asia/Tokyo")
REMIND_FROM, REMIND_TO = dt.time(10), dt.time(20)
ASK_FROM, ASK_TO = dt.time(10), dt.time(20)
ASK_WITHIN = dt.timedelta(days=7)  # after an outage nobody is asked about what they have forgotten
AT_ONCE = 50  # people in one transaction: nobody waits long for it
MAILS_AT_ONCE = 20
FIRST_WAIT, LONGEST_WAIT = 60, 3_600  # seconds between two tries


def minute(services: Rooms) -> None:
    """What the timetable calls."""
    in_turn("courses", services, (("fill", fill), ("remind", remind), ("ask", ask), ("mails", send_mails)))


def office_of(services: Rooms) -> Office:
    """What the deeds need besides the database."""
    settings = services.settings
    return Office(services.content, settings.public_url, bool(settings.smtp_url))


def _safely(task: str, course: Course, deed: Callable[[], int]) -> int:
    """One course in trouble must not keep the others from being looked after."""
    try:
        return deed()
    except Exception as trouble:
        log.error("courses.trouble", trouble, task=task, course_id=course.id)
        return 0


# ---- free seats --------------------------------------------------------------------------------------------


def fill(services: Rooms) -> int:
    """Seats that became free without anybody giving them up (a person was erased): who waits gets them."""
    with services.db.look() as work:
        found = courses.between(work, _today(work))
        taken = course_places.all_taken(work, [course.id for course in found])
    short = [
        course
        for course in found
        if (now := taken.get(course.id)) and now.waiting and now.seats < course.capacity
    ]
    return sum(_safely("fill", course, lambda course=course: _fill(services, course)) for course in short)  # type: ignore[misc]


def _fill(services: Rooms, course: Course) -> int:
    with services.db.work() as work:
        return seats.fill(work, office_of(services), course.id)


# ---- the day before ----------------------------------------------------------------------------------------


def remind(services: Rooms) -> int:
    """Everybody with a seat tomorrow, once for each day of the course; how many were told."""
    with services.db.look() as work:
        here = work.now.astimezone(TOKYO)
        if not REMIND_FROM <= here.time() < REMIND_TO:
            return 0
        tomorrow = here.date() + dt.timedelta(days=1)
        found = courses.between(work, tomorrow, tomorrow)
    due = [
        course
        for course in found
        if course.called_off_at is None and any(each.on == tomorrow for each in course.sessions)
    ]
    return sum(
        _safely("remind", course, lambda course=course: _remind(services, course, tomorrow))  # type: ignore[misc]
        for course in due
    )


def _remind(services: Rooms, course: Course, on: dt.date) -> int:
    told = 0
    while True:
        with services.db.work() as work:
            courses.lock(work, course.id)  # nobody who is just being erased is written to
            left = course_places.not_reminded(work, course.id, on, AT_ONCE)
            for place in left:
                if not course_places.claim_reminder(work, place.id, on):
                    continue
                fresh = place.seat_at is not None and place.seat_at.astimezone(TOKYO).date() == _today(work)
                if fresh:  # they have just been told the day and the place
                    continue
                told += course_news.tell(work, office_of(services), course, place, "reminder", on)
        if len(left) < AT_ONCE:
            return told


# ---- afterwards --------------------------------------------------------------------------------------------


def ask(services: Rooms) -> int:
    """The questionnaire, by day, once the last session is over; how many were asked."""
    with services.db.look() as work:
        here = work.now.astimezone(TOKYO)
        if not ASK_FROM <= here.time() < ASK_TO:
            return 0
        found = courses.between(work, (here - ASK_WITHIN).date(), here.date())
        due = [
            (course, questionnaire.whom_to_ask(work, course))
            for course in found
            if seats.ends(course.sessions[-1]) <= here and questionnaire.is_open(course, here)
        ]
    return sum(
        _safely("ask", course, lambda course=course, those=those: _ask(services, course, those))  # type: ignore[misc]
        for course, those in due
    )


def _ask(services: Rooms, course: Course, those: tuple[str, ...]) -> int:
    asked = 0
    for start in range(0, len(those), AT_ONCE):
        with services.db.work() as work:
            for person_id in those[start : start + AT_ONCE]:
                person = people.get(work, person_id)
                if person is None or (person.danger_until and person.danger_until > work.now):
                    continue  # not now; they are asked when that is over
                asked += questionnaire.ask(work, services.content, course, person_id)
    return asked


def _today(work: Work) -> dt.date:
    return work.now.astimezone(TOKYO).date()


# ---- mails -------------------------------------------------------------------------------------------------


def send_mails(services: Rooms) -> int:
    """Hand the mails that wait to the server; how many were taken."""
    url = services.settings.smtp_url
    if not url:
        return 0
    return send_through(services.db, Mailer(server_of(url), services.settings.mail_from))


def send_through(db: Database, mailer: Mailer) -> int:
    """The lease is committed before the server hears of a mail, and what came of it after each."""
    with db.work() as work:
        held = [] if switches.sending_paused(work) is not None else course_mails.claim(work, MAILS_AT_ONCE)
    by_key = {each.id: each for each in held}
    letters = (Letter(each.id, each.to, each.subject, each.text, each.created_at) for each in held)
    sent = 0
    for letter, outcome in mailer.send(letters) if held else ():
        with db.work() as work:
            match outcome:
                case Sent():
                    course_mails.settle(work, letter.key, "sent")
                    sent += 1
                case Rejected(code, _):
                    _give_up(work, by_key[letter.key], code)
                case Later(code, _, away):
                    _later(work, by_key[letter.key], code, away)
    return sent


def _later(work: Work, mail: CourseMail, code: str, away: bool) -> None:
    if work.now - mail.created_at >= course_mails.LIFE:
        _give_up(work, mail, code)
        return
    wait = FIRST_WAIT if away else min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(mail.tries - 1, 10))
    course_mails.postpone(work, mail.id, work.now + dt.timedelta(seconds=wait), code)


def _give_up(work: Work, mail: CourseMail, code: str) -> None:
    """It does not arrive: staff see in the roster that they have to telephone."""
    course_mails.settle(work, mail.id, "failed", code)
    course_places.note_told(work, mail.place_id, told=False)
    log.event("mail.tried", id=mail.id, outcome="failed", code=code, tries=mail.tries, kind="course")
