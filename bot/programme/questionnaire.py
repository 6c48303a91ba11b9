"""The questionnaire after a course: asked once, answered without a name, shown only where nobody can be told from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.content.library import Content
from bot.content.questionnaire import AfterCourse
from bot.course_words import day_said
from bot.crisis import Danger
from bot.desk.telling import dangers_in
from bot.line.render import to_line
from bot.messages import Choices, Saying
from bot.night import not_at_night
from bot.programme import course_news
from bot.programme import courses as seats
from storage import audit, course_answers, course_members, course_places, courses, outbox, people
from storage.course_places import State
from storage.courses import Course
from storage.work import Work

TOKYO = ZoneInfo("Asia/Tokyo")
FEWEST = 5  # answers; below that nothing but their number is shown
OPEN_FOR = dt.timedelta(days=14)  # after the course, also for those who have the paper
KEY_SIGNS = 12
SEATED: tuple[State, ...] = ("seat",)


@dataclass(frozen=True)
class Line:
    """One question: how many gave each answer, the best first, and the mean."""

    key: str
    name: str
    text: str
    counts: tuple[tuple[int, str, int], ...]  # number, words, how many
    answered: int
    mean: float


@dataclass(frozen=True)
class Results:
    """What may be shown. With fewer than FEWEST answers there are no lines, and the words stay closed."""

    answers: int
    words: int
    lines: tuple[Line, ...]

    @property
    def enough(self) -> bool:
        return self.answers >= FEWEST


# ---- asking ------------------------------------------------------------------------------------------------


def is_open(course: Course, now: dt.datetime) -> bool:
    """From the beginning of the last session on, for two weeks."""
    last = course.sessions[-1]
    return (
        course.questionnaire
        and course.called_off_at is None
        and seats.begins(last) <= now < seats.ends(last) + OPEN_FOR
    )


def whom_to_ask(work: Work, course: Course) -> tuple[str, ...]:
    """Those on LINE who were there and have not been asked; from the day after, where nobody noted who was there,
    all with a seat."""
    there = [member.person_id for member in course_members.members(work, course.id)]
    found = [person_id for person_id in there if person_id is not None]
    if not there and work.now.astimezone(TOKYO).date() > course.last_on:
        seated = course_places.of_course(work, course.id, SEATED)
        found = [place.person_id for place in seated if place.person_id is not None]
    gone = course_answers.asked(work, course.id)
    return tuple(person_id for person_id in dict.fromkeys(found) if person_id not in gone)


def ask(work: Work, content: Content, course: Course, person_id: str) -> bool:
    """One message with one button; each person is asked once."""
    if not course_answers.ask(work, course.channel, course.id, person_id):
        return False
    person = people.get(work, person_id)
    if person is None or not person.friend:
        return False
    texts = content.texts
    message = Choices(
        texts.get("questionnaire.invite.lead", title=course.title),
        (),
        hint=texts.get("questionnaire.invite.hint"),
        done=course_news.ask_button(content, course),
    )
    body = {"messages": to_line(Saying((message,)))}
    outbox.put(
        work,
        course.channel,
        "message",
        body,
        person_id=person_id,
        not_before=not_at_night(work.now),
    )
    return True


def open_for(work: Work, person_id: str) -> tuple[Course, ...]:
    """The courses about which this person may still answer."""
    found = (courses.get(work, course_id) for course_id in course_answers.open_for(work, person_id))
    return tuple(each for each in found if each is not None and is_open(each, work.now))


def key_of(work: Work, course: Course) -> str:
    """What stands in the address on the paper: only who was in the room has it."""
    return work.index("questionnaire", course.id)[:KEY_SIGNS]


def answered_on_line(
    work: Work, content: Content, course_id: str, person_id: str, ratings: Mapping[str, int]
) -> Course | None:
    """Keep the answers apart from who gave them; None where they have answered already, or it is too late."""
    course = courses.get(work, course_id)
    if course is None or not is_open(course, work.now):
        return None
    if not course_answers.note_answered(work, course.id, person_id):
        return None
    kept = _checked(content, ratings)
    if kept:
        course_answers.keep(work, course.channel, course.id, course.last_on, kept)
    return course


def answered_on_paper(
    work: Work, content: Content, course: Course, ratings: Mapping[str, int], words: str, once: str
) -> bool:
    """The same from the page behind the QR code; sent twice it counts once."""
    kept = _checked(content, ratings)
    return course_answers.keep(work, course.channel, course.id, course.last_on, kept, words, once)


def wrote(work: Work, course: Course, words: str) -> None:
    """Free words, from the form behind a link that works once."""
    course_answers.keep(work, course.channel, course.id, course.last_on, {}, words)


def dangers(content: Content, words: str) -> tuple[Danger, ...]:
    """What these words say about danger: whoever wrote them gets help at once."""
    return dangers_in(content, (words,)) if words else ()


def _checked(content: Content, ratings: Mapping[str, int]) -> dict[str, int]:
    known = {question.key: question for question in content.programme.courses.questions}
    return {key: number for key, number in ratings.items() if key in known and 1 <= number <= known[key].best}


# ---- results -----------------------------------------------------------------------------------------------


def results(work: Work, content: Content, course_ids: Collection[str]) -> Results:
    """Counted over these courses; small numbers hide what was answered."""
    found = course_answers.figures(work, course_ids)
    lines = []
    if found.answers >= FEWEST:
        for question in content.programme.courses.questions:
            if line := _line(question, found.counts.get(question.key, {})):
                lines.append(line)
    return Results(found.answers, found.words, tuple(lines))


def _line(question: AfterCourse, counts: Mapping[int, int]) -> Line | None:
    """A question that too few have answered is left out, too."""
    known = {number: count for number, count in counts.items() if 1 <= number <= question.best}
    answered = sum(known.values())
    if answered < FEWEST:
        return None
    each = tuple((number, words, known.get(number, 0)) for number, words in question.by_number.items())
    mean = sum(number * count for number, count in known.items()) / answered
    return Line(question.key, question.name, question.text, each, answered, mean)


def table(content: Content, course: Course, found: Results) -> list[Sequence[str]]:
    """The results as rows for a spreadsheet, the heading first."""
    texts = content.texts
    head = [texts.get(f"questionnaire.table.{name}") for name in ("question", "answer", "count", "share")]
    rows: list[Sequence[str]] = [head]
    for line in found.lines:
        for _, words, count in line.counts:
            rows.append((line.text, words, str(count), f"{count / line.answered:.1%}"))
        rows.append((line.text, texts.get("questionnaire.table.mean"), f"{line.mean:.2f}", ""))
    rows.append((texts.get("questionnaire.table.answers"), "", str(found.answers), ""))
    rows.append((texts.get("questionnaire.table.course"), course.title, day_said(course.on_date), ""))
    return rows


def free_words(work: Work, course: Course, found: Results, actor: str) -> tuple[str, ...]:
    """What people wrote; who reads it leaves a line. Nothing where too few have answered."""
    audit.note(work, actor, "read_words", "course", course.id, course.channel)
    return course_answers.words(work, course.id) if found.enough else ()
