"""How far a broadcast is, for somebody who looks twice a second: only what ended since the last look is counted."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from storage.broadcasts import Status, Tally, broadcast_recipients, status_of, tally
from storage.outbox import outbox
from storage.work import Work

UNDER_WAY = ("sending", "paused")
ENDED = ("sent", "cancelled", "missed")
_AT_ONCE = 500  # chunks in one question: a database takes only so many values


@dataclass(frozen=True)
class Progress:
    """`settled` are the chunks whose people are in the tally already. `status` is None once it is forgotten."""

    broadcast_id: str
    status: Status | None
    tally: Tally
    settled: frozenset[int] = frozenset()


def first_look(work: Work, broadcast_id: str) -> Progress:
    """Everybody is counted: slow for a million people, so it is done at the beginning and at the end only."""
    return Progress(
        broadcast_id,
        status_of(work, broadcast_id),
        tally(work, broadcast_id),
        frozenset(_settled(work, broadcast_id)),
    )


def next_look(work: Work, before: Progress) -> Progress:
    """The same as `first_look`, from what was seen before; a chunk that has ended does not change any more."""
    status = status_of(work, before.broadcast_id)
    if before.status not in UNDER_WAY or status not in UNDER_WAY:
        return first_look(work, before.broadcast_id)
    ended = frozenset(_settled(work, before.broadcast_id))
    fresh = sorted(ended - before.settled)
    counts = dataclasses.asdict(before.tally)
    for begin in range(0, len(fresh), _AT_ONCE):
        for outcome, people in _outcomes(work, before.broadcast_id, fresh[begin : begin + _AT_ONCE]):
            counts[outcome] += people
    known = sum(counts[name] for name in ("accepted", "blocked", "failed", "unknown"))
    counts["remaining"] = max(counts["recipients"] - known, 0)
    return Progress(before.broadcast_id, status, Tally(**counts), before.settled | ended)


def _settled(work: Work, broadcast_id: str) -> Sequence[int]:
    query = select(outbox.c.chunk).where(
        outbox.c.broadcast_id == broadcast_id, outbox.c.state != "waiting", outbox.c.chunk.is_not(None)
    )
    return [int(chunk) for chunk in work.conn.execute(query).scalars()]


def _outcomes(work: Work, broadcast_id: str, chunks: Sequence[int]) -> list[tuple[str, int]]:
    mine = broadcast_recipients.c
    rows = work.conn.execute(
        select(mine.outcome, func.count())
        .where(mine.broadcast_id == broadcast_id, mine.chunk.in_(chunks), mine.outcome.is_not(None))
        .group_by(mine.outcome)
    )
    return [(row.outcome, row[1]) for row in rows]
