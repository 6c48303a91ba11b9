"""From a course code or a card to an entry of the register: who may come in, who waits for staff, who is there already.

Every deed here is one unit of work of its caller. The last place of a course and a single-use card are given once.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

from bot import log, metrics
from bot.content.library import Content
from bot.programme import life
from storage import (
    attempts,
    audit,
    cards,
    course_members,
    courses,
    guard,
    joinings,
    people,
    supporters,
)
from storage.cards import Card
from storage.courses import ALPHABET, CODE_LENGTH, Course
from storage.joinings import Joining, Status, Why
from storage.people import Person
from storage.supporters import Supporter
from storage.work import Work

State = Literal["open", "early", "late", "closed", "used", "mine", "busy"]
# open: it counts now · early, late: not at this moment · closed: the course, or this card, counts no longer ·
# used: another one has used this card · mine: this person has · busy: another one is just using it
Result = Literal["registered", "waiting", "again", "already", "card_gone", "closed"]
GUESS = "code"  # what storage.attempts counts
GUESSES_OF_ALL, WITHIN = 100, dt.timedelta(hours=1)  # wrong codes on one channel, before all are suspect
LONGEST_SEARCHED = 24  # letters and digits in which a code is looked for
TOKYO = ZoneInfo("Asia/Tokyo")
_OF_A_CONCERN = re.compile(r"\bK\W?\w{4}\W\w{4}\W\w\b", re.IGNORECASE)  # K-7Q2M-X4TB-9, also mistyped


@dataclass(frozen=True)
class Found:
    """A code that exists: its course, its card (where it stands on one), and whether it counts now."""

    state: State
    course: Course
    card: Card | None = None


@dataclass(frozen=True)
class Joined:
    """What came of it; `supporter` is whose entry it is, where there is one."""

    result: Result
    supporter: Supporter | None = None


# ---- codes -------------------------------------------------------------------------------------------------


def codes_in(said: str) -> tuple[str, ...]:
    """Everything in these words that could be a code."""
    signs = courses.normal_code(said)[:LONGEST_SEARCHED]
    return tuple(signs[at : at + CODE_LENGTH] for at in range(len(signs) - CODE_LENGTH + 1))


def may_hold_a_code(said: str) -> bool:
    """Whether it is worth looking: as many letters and digits as a code has and a few more, and no number of
    something else."""
    signs = courses.normal_code(said)
    if not CODE_LENGTH <= len(signs) <= CODE_LENGTH + 6 or signs.isdigit():
        return False
    if _OF_A_CONCERN.search(unicodedata.normalize("NFKC", said)):
        return False
    return _mixed(signs) or any(set(code) <= set(ALPHABET) for code in codes_in(said))


def looks_like_a_code(said: str) -> bool:
    """Whether these words were surely meant as a code, right or wrong."""
    return may_hold_a_code(said) and len(courses.normal_code(said)) == CODE_LENGTH


def _mixed(signs: str) -> bool:
    """Letters and digits together are no word of any language."""
    return any(sign.isdigit() for sign in signs) and any(sign.isalpha() for sign in signs)


def guessing(work: Work, channel: str) -> bool:
    """Whether so many wrong codes came on this channel lately that somebody seems to be guessing."""
    return attempts.of_channel(work, channel, GUESS, WITHIN) >= GUESSES_OF_ALL


def watch_guessing(work: Work, channel: str) -> None:
    """After a wrong code: raise the alarm, once an hour, where there are too many of them."""
    if not guessing(work, channel):
        return
    hour = work.now.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
    if guard.claim_once(work, f"guessing:{channel}", hour):
        metrics.ALARMS.labels("codes.guessing").inc()
        log.alarm("codes.guessing", channel=channel, count=GUESSES_OF_ALL)


def read(work: Work, channel: str, person_id: str, said: str) -> Found | None:
    """The code in these words, as it stands; a card is kept for this person from now on while they answer.

    While somebody guesses on this channel, only what counts now is known at all; and whoever brings a code of another
    day waits for staff (`_enter`): nobody's guessing may keep others out.
    """
    maybe = codes_in(said)
    card = cards.by_code(work, channel, maybe)
    course = courses.get(work, card.course_id) if card else joinings.course_of_code(work, channel, maybe)
    if course is None:
        return None
    state = _state(work, course)
    if state == "open" and card is not None:
        state = _state_of_card(work, card, person_id)
    if state != "open" and guessing(work, channel):
        return None
    return Found(state, course, card)


def _state(work: Work, course: Course) -> State:
    if course.closed or course.called_off_at is not None:
        return "closed"
    if work.now < course.valid_from:
        return "early"
    return "late" if work.now >= course.valid_until else "open"


def _state_of_card(work: Work, card: Card, person_id: str) -> State:
    if card.used_at is not None:
        return "mine" if card.used_by == person_id else "used"
    if card.void_at is not None:
        return "closed"
    return "open" if cards.hold(work, card, person_id) else "busy"


def _today(work: Work, course: Course) -> bool:
    return course.on_date <= work.now.astimezone(TOKYO).date() <= course.last_on


# ---- coming in ---------------------------------------------------------------------------------------------


def join(
    work: Work,
    content: Content,
    person: Person,
    course_id: str,
    card_id: str | None,
    *,
    town: str,
    district: str | None,
    topics: tuple[str, ...],
    consent_version: str,
    pledge_version: str,
    family: bool = False,
) -> Joined:
    """A new entry of the register for this phone; with `family` for another one of the family.

    Who has left comes back as the same entry.
    """
    mine = life.entries_of(work, content, person)
    here = [entry for entry in mine if entry.state != "left"]
    course = courses.get(work, course_id)
    if course is not None and course.kind not in courses.MAKING and (family or not here):
        return Joined("closed")
    if here and not family:
        return attend_again(work, content, person, here[0], course_id, card_id)
    entrance = _enter(work, person, course_id, card_id)
    if isinstance(entrance, Joined):
        return entrance
    said_yes: dict[str, Any] = {
        "district": district,
        "consent_version": consent_version,
        "consent_at": work.now,
        "pledge_version": pledge_version,
        "pledge_at": work.now,
    }
    back = next((entry for entry in mine if not family), None)
    if back is None:
        entry = supporters.add(
            work,
            person.channel,
            source="line",
            state="attended",
            town=town,
            person_id=person.id,
            group_name=entrance.course.group_name,
            **said_yes,
        )
    else:
        entry = supporters.write(work, back, town=town, **said_yes)
    joining = entrance.written(work, person, entry, card_id, topics)
    if joining.status == "waiting":
        return Joined("waiting", entry)
    return Joined("registered", admit(work, content, joining, entry, "person"))


def attend_again(
    work: Work, content: Content, person: Person, entry: Supporter, course_id: str, card_id: str | None
) -> Joined:
    """Somebody of the register was at another course: that is a refresher, not a second entry."""
    for before in joinings.of_supporter(work, entry.id):
        if before.course_id == course_id and before.status != "declined":
            return Joined("waiting" if before.status == "waiting" else "already", entry)
    entrance = _enter(work, person, course_id, card_id)
    if isinstance(entrance, Joined):
        return entrance
    earlier = [topic for before in joinings.of_supporter(work, entry.id) for topic in before.topics]
    topics = person.topics or tuple(dict.fromkeys(earlier))
    joining = entrance.written(work, person, entry, card_id, topics)
    if joining.status == "waiting":
        return Joined("waiting", entry)
    fresh = entry.state == "attended"
    return Joined("registered" if fresh else "again", admit(work, content, joining, entry, "person"))


@dataclass(frozen=True)
class _Entrance:
    """The course lets this one in, or lets them wait."""

    course: Course
    status: Status
    why: Why | None

    def written(
        self, work: Work, person: Person, entry: Supporter, card_id: str | None, topics: tuple[str, ...]
    ) -> Joining:
        made = joinings.add(
            work,
            person.channel,
            course_id=self.course.id,
            supporter_id=entry.id,
            person_id=person.id,
            status=self.status,
            card_id=card_id,
            why=self.why,
            topics=topics,
        )
        if self.status == "waiting":
            audit.note(work, "person", "waits", "supporter", entry.id, person.channel)
        return made


def _enter(work: Work, person: Person, course_id: str, card_id: str | None) -> _Entrance | Joined:
    """Spend the card, count the places: whoever comes at the same second waits here for their turn."""
    course = courses.lock(work, course_id)
    if course is None or _state(work, course) == "closed":
        return Joined("closed")
    if card_id is not None and not cards.use(work, card_id, person.id):
        return Joined("card_gone")
    gate = joinings.gate(work, course.id)
    mine = [each for each in joinings.of_person(work, person.id) if each.course_id == course.id]
    if any(each.status == "declined" for each in mine):
        return _Entrance(course, "waiting", "declined_before")
    if gate.by_approval or (guessing(work, course.channel) and not _today(work, course)):
        return _Entrance(course, "waiting", "by_approval")
    if card_id is None and joinings.joined_by_code(work, course.id) >= most_by_code(work, course):
        _alarm_over_cap(work, course)
        return _Entrance(course, "waiting", "over_cap")
    return _Entrance(course, "joined", None)


def most_by_code(work: Work, course: Course) -> int:
    """How many may register by the code on the wall before staff are asked: as there are places, or once it is
    over as many as staff noted that were there; and some more."""
    over = work.now.astimezone(TOKYO).date() > course.last_on
    there = joinings.noted_by_staff(work, course.id) if over else 0
    return (there or course.capacity) + joinings.gate(work, course.id).margin


def _alarm_over_cap(work: Work, course: Course) -> None:
    """More register than were there: the code is perhaps in wrong hands. Told once a day."""
    today = work.now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if guard.claim_once(work, f"over_cap:{course.id}", today):
        metrics.ALARMS.labels("codes.over_cap").inc()
        log.alarm("codes.over_cap", course_id=course.id, channel=course.channel)


def admit(work: Work, content: Content, each: Joining, entry: Supporter, actor: str) -> Supporter:
    """The entry counts from now on: the course counts one more, register and phone say so, the menu changes."""
    person = people.get(work, entry.person_id) if entry.person_id else None
    course = courses.get(work, each.course_id)
    if course is not None:
        how = "card" if each.card_id else "code"
        course_members.attend(work, course.id, each.person_id, supporter_id=entry.id, how=how)
        if course.kind not in courses.MAKING:
            pass  # a meeting is no course: it neither makes nor refreshes a supporter
        elif entry.attended_on is None:
            entry = supporters.write(work, entry, attended_on=course.last_on)
        else:
            entry = life.refreshed(work, content, entry, course.last_on, actor)
    if entry.state in ("attended", "left"):
        entry = life.registered(work, content, entry, actor)
        if person is not None and person.role != "supporter":
            _agreed(work, entry, person, each.topics)
    elif entry.state == "registered":
        entry = supporters.step(work, entry, "active")  # they were at a course once more
    return entry


def _agreed(work: Work, entry: Supporter, person: Person, topics: tuple[str, ...]) -> None:
    """What they chose and agreed to for this phone; a second entry on it changes none of that."""
    person = people.get(work, person.id) or person
    people.register(
        work,
        person,
        town=entry.town,
        district=entry.district,
        topics=topics,
        consent_version=entry.consent_version or "",
    )
