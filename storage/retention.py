"""What goes when a concern has been closed for long enough: its words and who reported it. The figures stay.

How long is decided per outcome in content/outcomes.yaml and looked up at the moment of the purge, so that a change
counts for what is closed already. Never purged: what is open, what is on legal hold, and a report that was merged
into another one before that one goes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, exists, or_, select, update

from storage import audit
from storage.concern_table import concerns
from storage.links import links
from storage.tables import metadata
from storage.work import Work

FIGURES = frozenset({"handons"})
"""Tables of which rows stay, with their words erased: from where to where, and when. Of all others that hang on a
concern the rows go, also of such as are added later."""
_AT_ONCE = 500


@dataclass(frozen=True)
class Due:
    """A concern whose words may go."""

    id: str
    number: str
    channel: str
    outcome: str | None
    closed_at: dt.datetime


def due(work: Work, policy: Mapping[str, dt.timedelta]) -> tuple[Due, ...]:
    """What may go now, the oldest first. `policy` is how long after closing, by outcome; an outcome that it does
    not know (any more) is kept as long as the longest it knows."""
    query = (
        select(
            concerns.c.id,
            concerns.c.number,
            concerns.c.channel,
            concerns.c.outcome,
            concerns.c.closed_at,
            concerns.c.merged_into,
        )
        .where(
            concerns.c.state == "closed",
            concerns.c.held_at.is_(None),
            _long_enough(work.now, policy),
            _something_left(),
        )
        .order_by(concerns.c.closed_at, concerns.c.id)
    )
    rows = {row.id: row for row in work.conn.execute(query)}
    kept = _with_words(work, {row.merged_into for row in rows.values() if row.merged_into})
    waiting = True
    while waiting:  # a chain of merged reports goes from its end on
        waiting = False
        for row in list(rows.values()):
            if row.merged_into in kept and row.merged_into not in rows:
                del rows[row.id]
                kept.add(row.id)
                waiting = True
    return tuple(Due(*row[:5]) for row in rows.values())


def purge(work: Work, each: Due, actor: str) -> bool:
    """Erase the words of this concern and who reported it, and leave a line in the audit; False where it was
    reopened, held or purged meanwhile."""
    this = concerns.c.id == each.id
    row = work.conn.execute(
        select(concerns.c.state, concerns.c.held_at, concerns.c.closed_at).where(this).with_for_update()
    ).first()
    if row is None or row.state != "closed" or row.held_at is not None or row.closed_at != each.closed_at:
        return False
    if work.conn.execute(select(concerns.c.id).where(this, _something_left())).first() is None:
        return False
    for table in _hanging_on_a_concern():
        if table.name in FIGURES:
            erased = dict.fromkeys(_sealed(table))
            work.conn.execute(update(table).where(table.c.concern_id == each.id).values(**erased))
        else:
            work.conn.execute(delete(table).where(table.c.concern_id == each.id))
    work.conn.execute(delete(links).where(links.c.about == each.id))
    work.conn.execute(update(concerns).where(this).values(details=None, person_id=None, partner_id=None))
    audit.note(work, actor, "purged", "concern", each.id, each.channel)
    return True


def held(work: Work) -> int:
    """How many concerns are on legal hold."""
    return len(work.conn.execute(select(concerns.c.id).where(concerns.c.held_at.is_not(None))).all())


def _long_enough(now: dt.datetime, policy: Mapping[str, dt.timedelta]) -> ColumnElement[bool]:
    known = [
        and_(concerns.c.outcome == outcome, concerns.c.closed_at < now - kept)
        for outcome, kept in policy.items()
    ]
    unknown = or_(concerns.c.outcome.is_(None), concerns.c.outcome.not_in(list(policy)))
    return or_(*known, and_(unknown, concerns.c.closed_at < now - max(policy.values())))


def _something_left() -> ColumnElement[bool]:
    """Words, or who reported it: of the tables that hang on a concern, those with sealed columns."""
    own = (concerns.c.details, concerns.c.person_id, concerns.c.partner_id)
    hanging = [
        exists().where(table.c.concern_id == concerns.c.id, or_(*_filled(table)))
        for table in _hanging_on_a_concern()
        if _sealed(table)
    ]
    return or_(*(column.is_not(None) for column in own), *hanging)


def _filled(table: Table) -> Iterable[ColumnElement[bool]]:
    return (table.c[name].is_not(None) for name in _sealed(table))


def _sealed(table: Table) -> Sequence[str]:
    return [column.name for column in table.columns if "sealed_row" in column.info]


def _hanging_on_a_concern() -> Sequence[Table]:
    return [
        table
        for table in metadata.sorted_tables
        if table is not concerns
        and any(key.column is concerns.c.id and key.parent.name == "concern_id" for key in table.foreign_keys)
    ]


def _with_words(work: Work, ids: set[str]) -> set[str]:
    found: set[str] = set()
    listed: list[Any] = sorted(ids)
    for at in range(0, len(listed), _AT_ONCE):
        query = select(concerns.c.id).where(concerns.c.id.in_(listed[at : at + _AT_ONCE]), _something_left())
        found |= set(work.conn.execute(query).scalars())
    return found
