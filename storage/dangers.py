"""Words of danger: that somebody wrote such words is kept, so that people look after it; never the words.

Whoever writes twenty times in an hour is one person to look after: one open row, which counts. An alarm begins
(`alarm_at`) with the first words that are strong enough, and anew when it gets worse, when they ask for somebody,
or when they write again an hour after somebody had seen it. Seeing it ends the alarm; closing it ends the row.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    and_,
    delete,
    insert,
    or_,
    select,
    update,
)

from storage.numbers import new_number
from storage.people import Person
from storage.schema import Moment, metadata, new_id
from storage.work import Work

NOW, STRONG, SOFT = 0, 1, 2
WISHES = {"come": "S0", "read": "S1"}  # what somebody may ask for afterwards, and as what that counts
QUIET_AFTER_SEEN = dt.timedelta(hours=1)
_NUMBER = re.compile(r"D-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]", re.ASCII)
_BY_LETTER = {"0": NOW, "1": STRONG, "2": SOFT}

Wish = Literal["come", "read"]

dangers = Table(
    "dangers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("number", String(16), nullable=False, unique=True),
    Column("person_id", ForeignKey("people.id", ondelete="SET NULL")),
    Column("town", String(32)),
    Column("code", String(8), nullable=False),
    Column("category", String(32), nullable=False),
    Column("times", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("alarm_at", Moment),
    Column("come_at", Moment),
    Column("read_at", Moment),
    Column("seen_at", Moment),
    Column("seen_by", String(80)),
    Column("closed_at", Moment),
    Column("outcome", String(32)),
    Index(None, "closed_at", "seen_at", "alarm_at"),
    Index(None, "seen_at", "at"),
    Index(None, "person_id", "at"),
)


@dataclass(frozen=True)
class Danger:
    """What one person wrote of danger, from the first words until it is closed. `code` is S0, S1 … of the worst."""

    id: str
    channel: str
    number: str
    person_id: str | None  # none: they have erased their data
    town: str | None
    code: str
    category: str
    times: int
    at: dt.datetime
    last_at: dt.datetime
    alarm_at: dt.datetime | None  # none: so vague that nobody is woken for it
    come_at: dt.datetime | None  # they tapped 「来て」
    read_at: dt.datetime | None  # they asked that somebody of the town reads it
    seen_at: dt.datetime | None
    seen_by: str | None
    closed_at: dt.datetime | None
    outcome: str | None

    @property
    def level(self) -> int:
        """NOW also where they want somebody to come, at least STRONG where they want somebody to read it."""
        wish = NOW if self.come_at else STRONG if self.read_at else SOFT
        return min(level_of(self.code), wish)

    @property
    def alarms(self) -> bool:
        """Somebody is to look at it at once, and nobody has."""
        return self.alarm_at is not None and self.seen_at is None and self.closed_at is None


def level_of(code: str) -> int:
    """NOW, STRONG or SOFT. No food or roof (L1) is soft: help for today, and no life at stake."""
    return SOFT if code.startswith("L") else _BY_LETTER[code[-1]]


def note(work: Work, person: Person, code: str, category: str) -> Danger:
    """They wrote words of this kind. The caller holds the person's row, so that two messages follow each other."""
    return _keep(work, person, code, category, {})


def wished(work: Work, person: Person, wish: Wish) -> Danger:
    """They want somebody to come, or to read it; also where nothing was open any more (an old button)."""
    return _keep(work, person, WISHES[wish], "asked", {f"{wish}_at": work.now})


def _keep(work: Work, person: Person, code: str, category: str, asked: dict[str, dt.datetime]) -> Danger:
    before = open_of(work, person.id)
    if before is None:
        return _begin(work, person, code, category, asked)
    worse = level_of(code) < before.level
    again = bool(before.seen_at and before.seen_at <= work.now - QUIET_AFTER_SEEN)
    values: dict[str, object] = {"last_at": work.now, **asked}
    if not asked:
        values["times"] = before.times + 1
        if level_of(code) < level_of(before.code):
            values |= {"code": code, "category": category}
    if level_of(code) != SOFT and (worse or again or any(getattr(before, name) is None for name in asked)):
        values |= {"alarm_at": work.now, "seen_at": None, "seen_by": None}
    row = work.conn.execute(
        update(dangers).where(dangers.c.id == before.id).values(**values).returning(*dangers.c)
    ).one()
    return Danger(*row)


def _begin(work: Work, person: Person, code: str, category: str, asked: dict[str, dt.datetime]) -> Danger:
    row = work.conn.execute(
        insert(dangers)
        .values(
            id=new_id(),
            channel=person.channel,
            number=new_number("D"),
            person_id=person.id,
            town=person.town,
            code=code,
            category=category,
            times=1,
            at=work.now,
            last_at=work.now,
            alarm_at=None if level_of(code) == SOFT else work.now,
            **asked,
        )
        .returning(*dangers.c)
    ).one()
    return Danger(*row)


# ---- reading ---------------------------------------------------------------------------------------------


def open_of(work: Work, person_id: str) -> Danger | None:
    """What is open of this person."""
    query = (
        select(*dangers.c)
        .where(dangers.c.person_id == person_id, dangers.c.closed_at.is_(None))
        .order_by(dangers.c.at.desc())
        .limit(1)
        .with_for_update()
    )
    row = work.conn.execute(query).first()
    return None if row is None else Danger(*row)


def by_number(work: Work, number: str, lock: bool = False) -> Danger | None:
    """The one with this number, however its letters were typed; with `lock` kept still until the work ends."""
    plain = number.strip().upper()
    if not _NUMBER.fullmatch(plain):
        return None
    query = select(*dangers.c).where(dangers.c.number == plain)
    row = work.conn.execute(query.with_for_update() if lock else query).first()
    return None if row is None else Danger(*row)


def person_of(work: Work, danger_id: str) -> str | None:
    """Whose words they are; None where their data is erased."""
    found: str | None = work.conn.execute(
        select(dangers.c.person_id).where(dangers.c.id == danger_id)
    ).scalar()
    return found


def alarming(work: Work) -> tuple[Danger, ...]:
    """Those at which somebody is to look and nobody has, the nearest danger first."""
    query = select(*dangers.c).where(
        dangers.c.closed_at.is_(None), dangers.c.seen_at.is_(None), dangers.c.alarm_at.is_not(None)
    )
    found = [Danger(*row) for row in work.conn.execute(query)]
    return tuple(sorted(found, key=lambda one: (one.level, one.alarm_at, one.id)))


def listed(
    work: Work, unseen_only: bool = False, channel: str | None = None, open_only: bool = False
) -> tuple[Danger, ...]:
    """The newest first."""
    query = select(*dangers.c).order_by(dangers.c.last_at.desc(), dangers.c.id.desc())
    if open_only:
        query = query.where(dangers.c.closed_at.is_(None))
    if unseen_only:
        query = query.where(dangers.c.seen_at.is_(None))
    if channel is not None:
        query = query.where(dangers.c.channel == channel)
    return tuple(Danger(*row) for row in work.conn.execute(query))


# ---- what staff do ---------------------------------------------------------------------------------------


def seen(work: Work, danger_id: str, by: str) -> bool:
    """Somebody looks after it, and the alarm is over; False where somebody else was faster."""
    row = work.conn.execute(
        update(dangers)
        .where(dangers.c.id == danger_id, dangers.c.seen_at.is_(None))
        .values(seen_at=work.now, seen_by=by)
        .returning(dangers.c.id)
    ).first()
    return row is not None


def close(work: Work, danger_id: str, outcome: str) -> bool:
    """It was looked after, and this came of it; False where it was closed before."""
    row = work.conn.execute(
        update(dangers)
        .where(dangers.c.id == danger_id, dangers.c.closed_at.is_(None))
        .values(closed_at=work.now, outcome=outcome)
        .returning(dangers.c.id)
    ).first()
    return row is not None


def forget_old(work: Work, older_than: dt.timedelta) -> int:
    """Nightly: what was looked after, or was too vague for an alarm, so long ago. An alarm that nobody saw stays."""
    looked_after = or_(dangers.c.seen_at.is_not(None), dangers.c.alarm_at.is_(None))
    return work.conn.execute(
        delete(dangers).where(and_(looked_after, dangers.c.last_at < work.now - older_than))
    ).rowcount
