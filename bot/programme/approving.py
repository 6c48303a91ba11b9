"""What staff decide about those who came in by a code: let them in, say who they are, or take it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from bot import postback
from bot.content.library import Content
from bot.line.render import to_line
from bot.messages import Choices, Saying, Tap, Text
from bot.night import not_at_night
from bot.programme import joining as coming_in
from bot.programme import life, matching
from storage import audit, course_places, courses, joinings, outbox, people, supporters
from storage.course_places import Place
from storage.courses import Course
from storage.joinings import Joining
from storage.people import Person
from storage.supporters import Profile, Supporter
from storage.work import Work

FLOW = "joining"  # bot/handlers/registering.py does what these buttons say
PROFILE = "profile"
PAPERS = "papers"  # bot/handlers/papers.py does what this button says


class CannotBeDone(Exception):
    """`why` says in one word what stands in the way."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Waiting:
    """One that staff should look at, with all that helps to decide."""

    joining: Joining
    course: Course
    supporter: Supporter | None
    profile: Profile
    roster: int
    """How many stand on the course's roster; 0 where there is none."""
    joined: int
    """How many came in by the code on the wall so far, and how many may."""
    most: int


def look(work: Work, found: Iterable[Joining]) -> tuple[Waiting, ...]:
    """The same with what is known about each."""
    listed = tuple(found)
    there = [entry for each in listed if (entry := _entry(work, each)) is not None]
    words = supporters.profiles(work, there)
    by_id = {entry.id: entry for entry in there}
    known: dict[str, tuple[Course, int, int, int]] = {}
    shown = []
    for each in listed:
        if each.course_id not in known:
            course = courses.get(work, each.course_id)
            assert course is not None  # a joining goes with its course
            known[course.id] = (
                course,
                len(course_places.of_course(work, course.id)),
                joinings.joined_by_code(work, course.id),
                coming_in.most_by_code(work, course),
            )
        course, roster, joined, most = known[each.course_id]
        entry = by_id.get(each.supporter_id or "")
        profile = words[entry.id] if entry else Profile()
        shown.append(Waiting(each, course, entry, profile, roster, joined, most))
    return tuple(shown)


def _entry(work: Work, each: Joining) -> Supporter | None:
    return supporters.get(work, each.supporter_id) if each.supporter_id else None


def _held(work: Work, joining_id: str) -> tuple[Joining, Supporter | None]:
    """Both, as they stand now and until this unit of work ends: the entry with its phone first, as its chat does."""
    each = joinings.get(work, joining_id)
    if each is None:
        raise CannotBeDone("gone")
    if each.supporter_id is not None:
        supporters.hold(work, each.supporter_id)
    each = joinings.locked(work, joining_id)
    return each, supporters.hold(work, each.supporter_id) if each.supporter_id else None


# ---- in ----------------------------------------------------------------------------------------------------


def approve(
    work: Work,
    content: Content,
    joining_id: str,
    actor: str,
    *,
    as_entry: Supporter | None = None,
    as_place: tuple[Place, Profile] | None = None,
    as_name: str | None = None,
) -> Supporter:
    """Whoever waits is in. `as_entry`: they are this one of the register; `as_place`: this one of the roster;
    `as_name`: they are called so."""
    each, entry = _held(work, joining_id)
    if entry is None:
        raise CannotBeDone("gone")
    if each.status == "joined" and each.why is None and not (as_entry or as_place or as_name):
        raise CannotBeDone("nothing_to_do")
    if as_place is not None:
        place, words = as_place
        told = matching.filled(supporters.profile(work, entry)) | matching.filled(words)
        entry = supporters.write(work, entry, Profile(**told))
        matching.note_place(work, each, entry, place)
    elif as_name is not None and as_entry is None:
        told = matching.filled(supporters.profile(work, entry)) | {"name": as_name}
        entry = supporters.write(work, entry, Profile(**told))
    if as_entry is not None:
        if as_entry.person_id not in (None, entry.person_id):
            raise CannotBeDone("other_phone")
        known = {
            field: text
            for field, text in matching.filled(supporters.profile(work, as_entry)).items()
            if field in ("name", "kana")
        }  # as the register has it: the form was perhaps typed wrongly
        entry = matching.merge(work, content, entry, as_entry)
        told = matching.filled(supporters.profile(work, entry)) | known
        entry = supporters.write(work, entry, Profile(**told))
    each = joinings.locked(work, joining_id)
    waited = each.status != "joined"
    joinings.decide(work, each, "joined", matched=each.matched or bool(as_entry or as_place))
    audit.note(work, actor, "approve", "supporter", entry.id, entry.channel)
    if waited:
        entry = coming_in.admit(work, content, each, entry, actor)
        tell_welcome(work, content, entry)
    return entry


def tell_welcome(work: Work, content: Content, entry: Supporter) -> None:
    person = people.get(work, entry.person_id) if entry.person_id else None
    if person is None or not person.friend:
        return
    texts = content.texts
    words = texts.get("registration.approved", town=content.town(entry.town).name)
    if supporters.profile(work, entry).name:
        saying = Saying((Choices(words, (_certificate(content, entry),)),))
    else:
        tap = Tap(texts.get("registration.profile.open"), profile_tap(entry))
        saying = Saying((Choices(words, (tap,)),))
    _put(work, person, saying)


def tell_certificate(work: Work, content: Content, entry: Supporter) -> None:
    """The name has been written: the certificate can be had now."""
    person = people.get(work, entry.person_id) if entry.person_id else None
    if person is not None and person.friend:
        words = content.texts.get("papers.send.ready")
        body = {"messages": to_line(Saying((Choices(words, (_certificate(content, entry),)),)))}
        outbox.put(
            work, person.channel, "message", body, person_id=person.id
        )  # they are awake: they wrote just now


def _certificate(content: Content, entry: Supporter) -> Tap:
    return Tap(content.texts.get("papers.send.open"), postback.Tap(PAPERS, "", "send", entry.id).data())


def profile_tap(entry: Supporter) -> str:
    """What a button says that opens the form for this entry; the link itself is made at the tap."""
    return postback.Tap(FLOW, PROFILE, entry.id, "").data()


# ---- out ---------------------------------------------------------------------------------------------------


def decline(work: Work, content: Content, joining_id: str, actor: str) -> Supporter | None:
    """They were not there: this course does not count. Whoever has no other one is no supporter any more; the
    entry stays as one who has left, so that a mistake can be made good (`approve`)."""
    each, entry = _held(work, joining_id)
    if each.status == "declined":
        raise CannotBeDone("nothing_to_do")
    was_in = each.status == "joined"
    joinings.decide(work, each, "declined")
    joinings.was_not_there(work, each.course_id, each.supporter_id, each.person_id)
    if entry is None:
        return None
    audit.note(work, actor, "decline", "supporter", entry.id, entry.channel)
    others = [one for one in joinings.of_supporter(work, entry.id) if one.id != each.id]
    if any(one.status != "declined" for one in others) or _older_than(entry, each):
        entry = _without(work, content, entry, each, others)
    else:
        entry = entry if entry.state == "left" else life.leave(work, entry, actor)
    if was_in:
        _tell_goodbye(work, content, each)
    return entry


def _older_than(entry: Supporter, each: Joining) -> bool:
    """Whether they were in the register before this code: imported, or by another way."""
    return entry.source != "line" and each.matched


def _without(
    work: Work, content: Content, entry: Supporter, each: Joining, others: list[Joining]
) -> Supporter:
    """The days of the courses that are left; what this one had refreshed is not refreshed."""
    course = courses.get(work, each.course_id)
    if course is None or entry.refreshed_on is None or not _of(course, entry.refreshed_on):
        return entry
    left = [courses.get(work, one.course_id) for one in others if one.status == "joined"]
    days = sorted(one.last_on for one in left if one is not None)
    again = days[-1] if days and entry.attended_on and days[-1] > entry.attended_on else None
    return life.counted(work, content, supporters.write(work, entry, refreshed_on=again))


def _of(course: Course, day: dt.date) -> bool:
    return course.on_date <= day <= course.last_on


def _tell_goodbye(work: Work, content: Content, each: Joining) -> None:
    """Kindly: perhaps it was a mistake of ours."""
    person = people.get(work, each.person_id) if each.person_id else None
    course = courses.get(work, each.course_id)
    if person is None or not person.friend or course is None:
        return
    town = content.town(course.town)
    desk = f"{town.name} {town.phone or ''}".strip()
    _put(work, person, Saying((Text(content.texts.get("registration.declined", desk=desk)),)))


def _put(work: Work, person: Person, saying: Saying) -> None:
    body = {"messages": to_line(saying)}
    outbox.put(work, person.channel, "message", body, person_id=person.id, not_before=not_at_night(work.now))
