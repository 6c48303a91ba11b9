"""Signing up for courses: who gets a seat, who waits, who gets the seat that somebody gives up, and what all of them hear.

Whoever gives or frees a seat holds the course's row: of a hundred who want the last seat one gets it, the others wait.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

from bot.content.library import Content
from bot.course_words import label, told_apart, when_said
from bot.programme import course_news
from bot.programme.course_news import Office
from storage import audit, course_places, courses
from storage.course_places import Place, Source, Taken
from storage.courses import Course, Session
from storage.people import Person
from storage.supporters import Profile
from storage.work import Work

TOKYO = ZoneInfo("Asia/Tokyo")
UNKNOWN_START, UNKNOWN_LENGTH, UNKNOWN_END = dt.time(9), dt.timedelta(hours=2), dt.time(17)

Standing = Literal["open", "waiting_list", "full", "not_yet", "closed", "past", "called_off"]
Result = Literal[
    "seat",
    "waiting",
    "already_seat",
    "already_waiting",
    "full",
    "not_yet",
    "closed",
    "past",
    "called_off",
    "gone",
]
NOBODY = Profile()


@dataclass(frozen=True)
class SignedUp:
    """What came of it. `token` belongs behind the # of the link that cancels; it is known only now."""

    result: Result
    course: Course | None = None
    place: Place | None = None
    token: str | None = None


@dataclass(frozen=True)
class Offer:
    """A coming course as one person sees it."""

    course: Course
    taken: Taken
    standing: Standing
    mine: Place | None

    @property
    def free(self) -> int:
        return max(self.course.capacity - self.taken.seats, 0)


# ---- when --------------------------------------------------------------------------------------------------


def _at(on: dt.date, hour: str | None, otherwise: dt.time) -> dt.datetime:
    return dt.datetime.combine(on, dt.time.fromisoformat(hour) if hour else otherwise, TOKYO)


def begins(session: Session) -> dt.datetime:
    """When a session begins; in the morning where nobody has said it."""
    return _at(session.on, session.starts, UNKNOWN_START)


def ends(session: Session) -> dt.datetime:
    """When a session is over."""
    if session.ends:
        return _at(session.on, session.ends, UNKNOWN_END)
    return begins(session) + UNKNOWN_LENGTH if session.starts else _at(session.on, None, UNKNOWN_END)


def standing(course: Course, taken: Taken, now: dt.datetime) -> Standing:
    """Whether one can sign up for it at this moment."""
    if course.called_off_at is not None:
        return "called_off"
    if now >= ends(course.sessions[-1]):
        return "past"
    if course.closed or course.sign_up_until is None or now >= course.sign_up_until:
        return "closed"
    if course.sign_up_from is not None and now < course.sign_up_from:
        return "not_yet"
    if taken.seats < course.capacity and not taken.waiting:
        return "open"
    return "waiting_list" if course.waiting_list else "full"


# ---- what there is -----------------------------------------------------------------------------------------


def coming(
    work: Work, channel: str | None = None, towns: Collection[str] = (), person: Person | None = None
) -> tuple[Offer, ...]:
    """Courses to which one signs up and that are not over, the soonest first; those of `towns` before the others.

    What this person has a place at is shown also where nobody signs up any more.
    """
    here = work.now.astimezone(TOKYO)
    mine = course_places.of_person(work, person.id) if person else {}
    found = [
        course
        for course in courses.between(work, here.date(), channel=channel)
        if course.id in mine or (course.sign_up_until is not None and not course.closed)
    ]
    taken = course_places.all_taken(work, [course.id for course in found])
    offers = [
        Offer(course, counts, standing(course, counts, here), mine.get(course.id))
        for course in found
        for counts in (taken.get(course.id, Taken()),)
    ]
    shown = [offer for offer in offers if offer.standing not in ("past", "called_off")]
    return tuple(sorted(shown, key=lambda offer: not set(towns) & set(offer.course.towns)))


def towns_said(content: Content, course: Course) -> str:
    """鳥取市・岩美町; all of a channel's towns are not listed one by one."""
    plan = content.channels.get(course.channel)
    if plan is not None and len(course.towns) > 2 and set(plan.towns) <= set(course.towns):
        return content.texts.get("course.all_towns")
    names = (content.towns[key].name if key in content.towns else key for key in course.towns)
    return "・".join(names)


def labels(content: Content, found: Sequence[Course]) -> tuple[str, ...]:
    """What stands on the button of each of them; no two are alike."""
    return told_apart(
        [label(content.texts, each.sessions, towns_said(content, each), each.title) for each in found]
    )


def facts(content: Content, course: Course, year: int) -> tuple[tuple[str, str], ...]:
    """What one has to know before one signs up: names and values."""
    texts = content.texts
    told = {
        "kind": texts.get(f"course.kind.{course.kind}"),
        "when": when_said(course.sessions, year),
        "where": course.place,
        "towns": towns_said(content, course),
        "lecturer": course.lecturer,
        "group": course.group_name,
        "fee": texts.get("course.free"),
    }
    return tuple((texts.get(f"course.fact.{name}"), value) for name, value in told.items() if value)


def room_said(content: Content, offer: Offer) -> str:
    """How it stands with the seats, in one line."""
    texts, standing_now = content.texts, offer.standing
    if offer.mine is not None:
        return texts.get(f"course.mine.{offer.mine.state}")
    if standing_now == "open":
        return texts.get("course.room.open", free=str(offer.free), capacity=str(offer.course.capacity))
    if standing_now == "not_yet" and offer.course.sign_up_from is not None:
        return texts.get("course.room.not_yet", when=_moment(offer.course.sign_up_from))
    if standing_now == "waiting_list":
        return texts.get("course.room.waiting_list", waiting=str(offer.taken.waiting))
    return texts.get(f"course.room.{standing_now}")


def _moment(at: dt.datetime) -> str:
    here = at.astimezone(TOKYO)
    minutes = f"{here.minute}分" if here.minute else ""
    return f"{here.month}月{here.day}日{here.hour}時{minutes}"


# ---- signing up --------------------------------------------------------------------------------------------


def sign_up(
    work: Work,
    office: Office,
    course_id: str,
    *,
    source: Source,
    person: Person | None = None,
    profile: Profile = NOBODY,
    once: str | None = None,
    consent_version: str | None = None,
    actor: str = "person",
) -> SignedUp:
    """Give a seat, or a place on the waiting list; staff may do so also before and after the time for it."""
    course = courses.lock(work, course_id)
    if course is None:
        return SignedUp("gone")
    mine = _mine(work, course, person, profile, once)
    if mine is not None:
        return SignedUp("already_waiting" if mine.state == "waiting" else "already_seat", course, mine)
    counts = course_places.taken(work, course.id)
    now = standing(course, counts, work.now)
    if source == "staff" and now in ("closed", "not_yet"):
        room = counts.seats < course.capacity and not counts.waiting
        now = "open" if room else "waiting_list" if course.waiting_list else "full"
    if now != "open" and now != "waiting_list":
        return SignedUp(now, course)
    token = secrets.token_urlsafe(32) if source == "web" else None
    place = course_places.add(
        work,
        course.channel,
        course.id,
        source=source,
        state="seat" if now == "open" else "waiting",
        person_id=person.id if person else None,
        profile=profile,
        once=once,
        token=token,
        consent_version=consent_version,
    )
    audit.note(work, actor, "signed_up", "course_place", place.id, course.channel)
    if profile.mail:
        word: course_news.Word = "waiting" if place.state == "waiting" else "seat"
        course_news.mail(work, office, course, place, word, profile.mail, token)
    return SignedUp("seat" if now == "open" else "waiting", course, place, token)


def _mine(
    work: Work, course: Course, person: Person | None, profile: Profile, once: str | None
) -> Place | None:
    if once is not None and (made := course_places.made_once(work, once)) is not None:
        return made
    if person is not None:
        return course_places.of_person(work, person.id).get(course.id)
    return course_places.same_again(work, course.channel, course.id, profile)


def cancel(
    work: Work, office: Office, place_id: str, *, actor: str = "person"
) -> Literal["cancelled", "again", "past", "gone"]:
    """Give a place up; the first of those who wait gets it and is told."""
    place = course_places.get(work, place_id)
    course = courses.lock(work, place.course_id) if place else None
    if place is None or course is None:
        return "gone"
    if actor == "person" and work.now >= begins(course.sessions[0]):
        return "past"
    if not course_places.cancel(work, place):
        return "again"
    audit.note(work, actor, "cancelled", "course_place", place.id, course.channel)
    _fill(work, office, course)
    return "cancelled"


def fill(work: Work, office: Office, course_id: str) -> int:
    """Give every free seat to somebody who waits; how many got one."""
    course = courses.lock(work, course_id)
    return _fill(work, office, course) if course else 0


def _fill(work: Work, office: Office, course: Course) -> int:
    if course.called_off_at is not None or work.now >= begins(course.sessions[0]):
        return 0
    counts = course_places.taken(work, course.id)
    free = min(course.capacity - counts.seats, counts.waiting)
    if free <= 0:
        return 0
    got = course_places.promote(work, course.id, free)
    for place in got:
        course_news.tell(work, office, course, place, "freed")
        audit.note(work, "system", "got_seat", "course_place", place.id, course.channel)
    return len(got)


# ---- what staff change -------------------------------------------------------------------------------------


def edit(
    work: Work, office: Office, course_id: str, actor: str, *, tell: bool, **values: Any
) -> tuple[Course, int]:
    """Change the plan. Where day, hour or place are others now, and `tell`, everybody with a place hears of it; a
    larger room takes in those who wait. The course, and how many were told by LINE or mail."""
    before = courses.lock(work, course_id)
    assert before is not None  # the caller has just looked at it
    after = courses.edit(work, before, **values)
    audit.note(work, actor, "edited", "course", after.id, after.channel)
    told = 0
    if (
        tell
        and after.called_off_at is None
        and (before.sessions, before.place) != (after.sessions, after.place)
    ):
        told = _tell_all(work, office, after, "changed")
    _fill(work, office, after)
    return after, told


def close(work: Work, course: Course, actor: str) -> bool:
    """Nobody signs up or registers any more; who has a seat keeps it."""
    if not courses.close(work, course.id):
        return False
    audit.note(work, actor, "closed", "course", course.id, course.channel)
    return True


def call_off(work: Work, office: Office, course_id: str, actor: str) -> int:
    """It does not take place: everybody with a place hears of it. How many were told by LINE or mail."""
    course = courses.lock(work, course_id)
    if course is None or course.called_off_at is not None:
        return 0
    course = courses.edit(work, course, closed=True, called_off_at=work.now)
    audit.note(work, actor, "called_off", "course", course.id, course.channel)
    return _tell_all(work, office, course, "called_off")


def _tell_all(work: Work, office: Office, course: Course, word: course_news.Word) -> int:
    everybody = course_places.of_course(work, course.id)
    return sum(course_news.tell(work, office, course, place, word) for place in everybody)
