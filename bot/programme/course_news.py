"""What people with a place at a course hear without asking: on LINE, or by mail where they left an address.

Whoever can be told neither way is marked: staff see in the roster whom they have to telephone.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from bot import postback
from bot.content.library import Content
from bot.course_words import day_said, when_said
from bot.line.render import to_line
from bot.mailer import is_address
from bot.messages import Choices, Saying, Tap
from bot.night import not_at_night
from storage import course_mails, course_places, outbox, people
from storage.course_places import Place
from storage.courses import Course
from storage.work import Work

FLOW = "courses"  # bot/handlers/course.py does what these buttons say
TOKYO = ZoneInfo("Asia/Tokyo")
Word = Literal["seat", "waiting", "freed", "reminder", "changed", "called_off"]
URGENT = ("freed", "changed", "called_off")  # whoever cannot be told this has to be telephoned


@dataclass(frozen=True)
class Office:
    """What the deeds need besides the database: the words, where our pages are, and whether mails leave."""

    content: Content
    public_url: str
    mails: bool


def show_button(content: Content, course: Course) -> Tap:
    """「くわしく見る・取り消す」."""
    return Tap(content.texts.get("course.news.look"), postback.Tap(FLOW, "show", course.id, "").data())


def ask_button(content: Content, course: Course) -> Tap:
    """「答える」, of the questionnaire."""
    return Tap(
        content.texts.get("questionnaire.invite.button"), postback.Tap(FLOW, "ask", course.id, "").data()
    )


def tell(
    work: Work, office: Office, course: Course, place: Place, word: Word, on: dt.date | None = None
) -> bool:
    """Tell whoever has this place; False where neither LINE nor mail reaches them. `on`: the day of a reminder."""
    told = _by_line(work, office, course, place, word, on) or _by_mail(work, office, course, place, word, on)
    if told or word in URGENT:
        course_places.note_told(work, place.id, told)
    return told


def _by_line(
    work: Work, office: Office, course: Course, place: Place, word: Word, on: dt.date | None
) -> bool:
    person = people.get(work, place.person_id) if place.person_id else None
    if person is None or not person.friend:
        return False
    texts = office.content.texts
    message = Choices(
        texts.get(f"course.news.{word}"),
        (),
        hint=_about(office, course, work.now, on),
        last=() if word == "called_off" else (show_button(office.content, course),),
    )
    outbox.put(
        work,
        course.channel,
        "message",
        {"messages": to_line(Saying((message,)))},
        person_id=person.id,
        not_before=not_at_night(work.now),
    )
    return True


def _by_mail(
    work: Work, office: Office, course: Course, place: Place, word: Word, on: dt.date | None
) -> bool:
    if not office.mails:
        return False
    address = course_places.profiles(work, (place,))[place.id].mail
    return bool(address) and mail(work, office, course, place, word, str(address), on=on)


def mail(
    work: Work,
    office: Office,
    course: Course,
    place: Place,
    word: Word,
    address: str,
    token: str | None = None,
    on: dt.date | None = None,
) -> bool:
    """Write a mail to them; with `token` it holds the link that cancels. False where no mails leave."""
    if not office.mails or not is_address(address):
        return False
    texts = office.content.texts
    cancelling = (
        texts.get("course.mail.cancel", url=cancel_url(office, place.id, token))
        if token
        else texts.get("course.mail.by_first_mail")
    )
    text = texts.get(
        "course.mail.body",
        lead=texts.get(f"course.news.{word}"),
        about=_about(office, course, work.now, on),
        page=page_url(office, course),
        cancel="" if word == "called_off" else cancelling,
        desk=desk_said(office.content, course),
    )
    subject = texts.get(f"course.mail.subject.{word}", title=course.title)
    course_mails.put(work, course.channel, place.id, to=address, subject=subject, text=text)
    return True


def _about(office: Office, course: Course, now: dt.datetime, on: dt.date | None) -> str:
    """Title, days and place; of a reminder only its day."""
    year = now.astimezone(TOKYO).year
    sessions = tuple(each for each in course.sessions if on is None or each.on == on) or course.sessions
    when = (
        when_said(sessions, year) if on is None or len(sessions) == len(course.sessions) else _day(course, on)
    )
    return office.content.texts.get("course.about", title=course.title, when=when, where=course.place)


def _day(course: Course, on: dt.date) -> str:
    """「第2回 12月13日（日）13:30〜15:30」."""
    lines = when_said(course.sessions, on.year).split("\n")
    return next((line for line in lines if day_said(on) in line), lines[0])


def page_url(office: Office, course: Course) -> str:
    """The course's own page."""
    return f"{office.public_url}/c/{course.sign}"


def cancel_url(office: Office, place_id: str, token: str) -> str:
    """The page that gives a place up; the token stands behind the #."""
    return f"{office.public_url}/c/cancel/{place_id}#{token}"


def desk_said(content: Content, course: Course) -> str:
    """Whom to ask by telephone: the switchboard of the first town."""
    town = content.towns.get(course.town)
    return content.texts.get("course.desk", town=town.name, phone=town.phone) if town and town.phone else ""
