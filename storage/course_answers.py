"""Answers to the questionnaire after a course, so kept that nobody can tell whose they are.

No person, no place, no moment: only the day of the course. Ids are random, and the rows lie in the order of their
ids, not in that of their coming (on SQLite at once, on PostgreSQL from the next night on: see `mix`). A separate row
says that this person has answered. Free words lie apart from the figures.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from storage.courses import courses
from storage.schema import metadata, sealed
from storage.work import Work

course_answers = Table(
    "course_answers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("course_id", ForeignKey("courses.id", ondelete="CASCADE"), nullable=False),
    Column("on_date", Date, nullable=False),
    Column("ratings", Text, nullable=False),  # JSON: question -> number
    Index(None, "course_id"),
    sqlite_with_rowid=False,
)

course_words = Table(
    "course_words",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("course_id", ForeignKey("courses.id", ondelete="CASCADE"), nullable=False),
    sealed("words"),
    Index(None, "course_id"),
    sqlite_with_rowid=False,
)

course_asked = Table(
    "course_asked",
    metadata,
    Column("course_id", ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("answered", Boolean, nullable=False),
    Index(None, "person_id"),
)


@dataclass(frozen=True)
class Figures:
    """How many answered, and for each question how often each number was given."""

    answers: int
    counts: Mapping[str, Mapping[int, int]]
    words: int  # how many wrote something


def ask(work: Work, channel: str, course_id: str, person_id: str) -> bool:
    """Note that this person is asked; True the first time."""
    row = work.conn.execute(
        work.insert(course_asked)
        .values(course_id=course_id, person_id=person_id, channel=channel, answered=False)
        .on_conflict_do_nothing()
        .returning(course_asked.c.course_id)
    ).first()
    return row is not None


def asked(work: Work, course_id: str) -> frozenset[str]:
    """Who has been asked about this course."""
    query = select(course_asked.c.person_id).where(course_asked.c.course_id == course_id)
    return frozenset(work.conn.execute(query).scalars())


def open_for(work: Work, person_id: str) -> tuple[str, ...]:
    """The courses about which this person was asked and has not answered."""
    query = select(course_asked.c.course_id).where(
        course_asked.c.person_id == person_id, course_asked.c.answered.is_(False)
    )
    return tuple(work.conn.execute(query).scalars())


def note_answered(work: Work, course_id: str, person_id: str) -> bool:
    """This person has answered; False where they did before, or were never asked."""
    row = work.conn.execute(
        update(course_asked)
        .where(
            course_asked.c.course_id == course_id,
            course_asked.c.person_id == person_id,
            course_asked.c.answered.is_(False),
        )
        .values(answered=True)
        .returning(course_asked.c.course_id)
    ).first()
    return row is not None


def _id_of(work: Work, once: str | None) -> str:
    """A random id; from the form's own random id where it may be sent twice."""
    return work.index("course-answer", once) if once else secrets.token_hex(16)


def keep(
    work: Work,
    channel: str,
    course_id: str,
    on: dt.date,
    ratings: Mapping[str, int],
    words: str | None = None,
    once: str | None = None,
) -> bool:
    """Keep figures and words, apart from each other; False where this form has been kept before."""
    fresh = _id_of(work, once)
    if ratings:
        row = work.conn.execute(
            work.insert(course_answers)
            .values(
                id=fresh, channel=channel, course_id=course_id, on_date=on, ratings=json.dumps(dict(ratings))
            )
            .on_conflict_do_nothing()
            .returning(course_answers.c.id)
        ).first()
        if row is None:
            return False
    if not words:
        return bool(ratings)
    apart = _id_of(work, f"words {once}" if once else None)
    if work.conn.execute(select(course_words.c.id).where(course_words.c.id == apart)).first():
        return False
    work.conn.execute(
        insert(course_words).values(
            id=apart,
            channel=channel,
            course_id=course_id,
            words=work.seal(words, channel, "course_words", "words", apart),
        )
    )
    return True


def mix(work: Work, since: dt.date) -> int:
    """Write the answers about courses since this day anew, in the order of their random ids; how many on PostgreSQL.

    PostgreSQL keeps rows in the order in which they came, each with the number of the transaction that wrote it: the
    same one that noted that this person has answered.
    """
    if not work.on_postgresql:
        return 0
    mixed = 0
    for table in (course_answers, course_words):
        late = table.c.course_id.in_(select(courses.c.id).where(courses.c.last_on >= since))
        rows = work.conn.execute(delete(table).where(late).returning(*table.c)).all()
        if rows:
            listed = sorted((row._asdict() for row in rows), key=lambda row: str(row["id"]))
            work.conn.execute(insert(table), listed)
        mixed += len(rows)
    return mixed


def figures(work: Work, course_ids: Collection[str]) -> Figures:
    """The answers about these courses, counted."""
    counts: dict[str, dict[int, int]] = {}
    answers = 0
    query = select(course_answers.c.ratings).where(course_answers.c.course_id.in_(course_ids))
    for ratings in work.conn.execute(query).scalars():
        answers += 1
        for question, number in json.loads(ratings).items():
            of_question = counts.setdefault(question, {})
            of_question[number] = of_question.get(number, 0) + 1
    written = select(func.count()).select_from(course_words).where(course_words.c.course_id.in_(course_ids))
    return Figures(answers, counts, work.conn.execute(written).scalar_one())


def words(work: Work, course_id: str) -> tuple[str, ...]:
    """What people wrote, in the order of random ids."""
    query = select(course_words).where(course_words.c.course_id == course_id).order_by(course_words.c.id)
    return tuple(
        work.unseal(row.words, row.channel, "course_words", "words", row.id)
        for row in work.conn.execute(query)
    )


def forget_old(work: Work, older_than: dt.timedelta) -> int:
    """Nightly: of courses of so long ago what people wrote, and who was asked; the figures stay."""
    over = select(courses.c.id).where(courses.c.last_on < (work.now - older_than).date())
    work.conn.execute(delete(course_asked).where(course_asked.c.course_id.in_(over)))
    return work.conn.execute(delete(course_words).where(course_words.c.course_id.in_(over))).rowcount
