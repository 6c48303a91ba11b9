"""What became of a broadcast for each of its people, and why. The reason stands once, in the row that was sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import FromClause, Row, and_, func, select

from storage.broadcasts import Outcome, broadcast_recipients
from storage.outbox import outbox
from storage.people import people
from storage.work import Work

Fate = Outcome | Literal["trying", "not_tried"]
_STATUS = re.compile(r"status (\d{3})")


@dataclass(frozen=True)
class Why:
    """So many people who were surely or perhaps not reached, for one reason."""

    outcome: Fate
    reason: str | None
    people: int


@dataclass(frozen=True, slots=True)
class Line:
    """One person; "accepted" says that LINE took the message, not that anybody has it. `town` is today's."""

    person_id: str
    town: str | None
    outcome: Fate
    reason: str | None


def _with_rows() -> FromClause:
    """Recipients with the row of the outbox that carried their part."""
    same_part = and_(
        outbox.c.broadcast_id == broadcast_recipients.c.broadcast_id,
        outbox.c.chunk == broadcast_recipients.c.chunk,
    )
    return broadcast_recipients.outerjoin(outbox, same_part)


def _reason(row: Row[*tuple[Any, ...]]) -> str | None:
    """A fixed short word of ours, or LINE's status; LINE's own words are kept nowhere."""
    if row.outcome in ("accepted", "blocked") or row.error is None:
        return None
    status = _STATUS.fullmatch(row.error)
    return f"LINE {status[1]}" if status else row.error


def whys(work: Work, broadcast_id: str) -> tuple[Why, ...]:
    """The reasons of what failed or is unknown, most people first."""
    mine, query = broadcast_recipients.c, select(broadcast_recipients.c.outcome, outbox.c.error, func.count())
    rows = work.conn.execute(
        query.select_from(_with_rows())
        .where(mine.broadcast_id == broadcast_id, mine.outcome.in_(("failed", "unknown")))
        .group_by(mine.outcome, outbox.c.error)
    )
    found = (Why(row.outcome, _reason(row), row[2]) for row in rows)
    return tuple(sorted(found, key=lambda why: (why.outcome, -why.people, why.reason or "")))


def lines(work: Work, broadcast_id: str) -> Iterator[Line]:
    """Everybody for whom the broadcast was meant at its start, as they were sent to."""
    mine = broadcast_recipients.c
    rows = work.conn.execute(
        select(mine.person_id, people.c.town, mine.outcome, outbox.c.error, outbox.c.first_tried)
        .select_from(_with_rows().join(people, people.c.id == mine.person_id))
        .where(mine.broadcast_id == broadcast_id)
        .order_by(mine.chunk.nulls_last(), mine.person_id)
        .execution_options(yield_per=1_000)
    )
    for row in rows:
        fate: Fate = row.outcome or ("trying" if row.first_tried else "not_tried")
        yield Line(row.person_id, row.town, fate, _reason(row))
