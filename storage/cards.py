"""Single-use cards: a code each, for one person who was at the course; of two phones with one card one wins."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    UniqueConstraint,
    and_,
    func,
    insert,
    or_,
    select,
    update,
)

from storage.courses import ALPHABET, CODE_LENGTH, Course
from storage.schema import Moment, metadata, new_id, sealed
from storage.work import Work

HELD_FOR = dt.timedelta(minutes=30)  # for whoever typed it first and is still answering questions

cards = Table(
    "cards",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("course_id", ForeignKey("courses.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),  # printed small, so that staff can speak of a card
    Column("code_index", String(64), nullable=False, unique=True),
    sealed("code", nullable=False),  # opened only to print it again
    Column("held_by", ForeignKey("people.id", ondelete="SET NULL")),
    Column("held_until", Moment),
    Column("used_at", Moment),
    Column("used_by", ForeignKey("people.id", ondelete="SET NULL")),
    Column("void_at", Moment),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("course_id", "number"),
    Index(None, "held_by"),
    Index(None, "used_by"),
)


@dataclass(frozen=True)
class Card:
    """One card, without its code: `codes()` opens that for printing."""

    id: str
    channel: str
    course_id: str
    number: int
    held_by: str | None
    held_until: dt.datetime | None
    used_at: dt.datetime | None
    used_by: str | None
    void_at: dt.datetime | None


_COLUMNS = tuple(cards.c[name] for name in Card.__dataclass_fields__)


def _of(row: Row[*tuple[Any, ...]]) -> Card:
    return Card(*row)


def issue(work: Work, course: Course, count: int) -> tuple[Card, ...]:
    """So many fresh cards for this course, numbered on from those that there are."""
    first = 1 + (
        work.conn.execute(select(func.max(cards.c.number)).where(cards.c.course_id == course.id)).scalar_one()
        or 0
    )
    rows = []
    for number in range(first, first + count):
        fresh, code = new_id(), "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        rows.append(
            {
                "id": fresh,
                "channel": course.channel,
                "course_id": course.id,
                "number": number,
                "code_index": _index(work, course.channel, code),
                "code": work.seal(code, course.channel, "cards", "code", fresh),
                "created_at": work.now,
            }
        )
    work.conn.execute(insert(cards), rows)
    made = {row["id"] for row in rows}
    return tuple(card for card in of_course(work, course.id) if card.id in made)


def _index(work: Work, channel: str, code: str) -> str:
    return work.index("card", channel, code)


def of_course(work: Work, course_id: str) -> tuple[Card, ...]:
    """All cards of a course, by number."""
    query = select(*_COLUMNS).where(cards.c.course_id == course_id).order_by(cards.c.number)
    return tuple(_of(row) for row in work.conn.execute(query))


def get(work: Work, card_id: str) -> Card | None:
    """The card with this id."""
    row = work.conn.execute(select(*_COLUMNS).where(cards.c.id == card_id)).first()
    return None if row is None else _of(row)


def codes(work: Work, those: Collection[Card]) -> Mapping[str, str]:
    """The codes of these cards by id, for printing."""
    ids, found = [card.id for card in those], {}
    for start in range(0, len(ids), 500):
        query = select(cards.c.id, cards.c.channel, cards.c.code)
        for row in work.conn.execute(query.where(cards.c.id.in_(ids[start : start + 500]))):
            found[row.id] = work.unseal(row.code, row.channel, "cards", "code", row.id)
    return found


def by_code(work: Work, channel: str, maybe: Collection[str]) -> Card | None:
    """The card to which one of these (normal) codes belongs, whatever its state."""
    if not maybe:
        return None
    indexes = [_index(work, channel, code) for code in maybe]
    row = work.conn.execute(select(*_COLUMNS).where(cards.c.code_index.in_(indexes))).first()
    return None if row is None else _of(row)


def _free_for(work: Work, person_id: str) -> ColumnElement[bool]:
    """Neither used nor taken back, and in nobody else's hands."""
    return and_(
        cards.c.used_at.is_(None),
        cards.c.void_at.is_(None),
        or_(cards.c.held_by.is_(None), cards.c.held_by == person_id, cards.c.held_until <= work.now),
    )


def hold(work: Work, card: Card, person_id: str) -> bool:
    """Keep it for this person while they answer; False where it is used, or another one was faster."""
    row = work.conn.execute(
        update(cards)
        .where(cards.c.id == card.id, _free_for(work, person_id))
        .values(held_by=person_id, held_until=work.now + HELD_FOR)
        .returning(cards.c.id)
    ).first()
    return row is not None


def use(work: Work, card_id: str, person_id: str) -> bool:
    """Spend it; of any number of callers at one moment exactly one does."""
    row = work.conn.execute(
        update(cards)
        .where(cards.c.id == card_id, _free_for(work, person_id))
        .values(used_at=work.now, used_by=person_id, held_by=None, held_until=None)
        .returning(cards.c.id)
    ).first()
    return row is not None


def take_back(work: Work, course_id: str) -> int:
    """The cards that nobody has used yet count no longer (a bundle was lost); how many those were."""
    return work.conn.execute(
        update(cards)
        .where(cards.c.course_id == course_id, cards.c.used_at.is_(None), cards.c.void_at.is_(None))
        .values(void_at=work.now)
    ).rowcount
