"""Whose turn it is to be sent: with many channels none waits behind what another one has waiting."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Integer, Select, String, bindparam, func, literal_column, select

from storage.outbox import Kind, outbox, ripe
from storage.work import Work

FEW: Final = 16  # channels are asked for at once, and each further time twice as many


def in_turn(work: Work, kind: Kind, last: str) -> Iterator[str]:
    """The channels on which something of this kind may be sent now, each once: a few of them in any order; many of them
    by name, beginning behind the one that had its turn last."""
    few = channels(work, kind, "", FEW)
    if len(few) < FEW:
        yield from random.sample(few, len(few))
        return
    had: set[str] = set()
    for begin in (last, ""):
        most, after, found = FEW, begin, [begin]
        while found:
            found = channels(work, kind, after, most)
            for channel in found:
                if channel in had:
                    return
                had.add(channel)
                yield channel
            most, after = 2 * most, found[-1] if found else after


def channels(work: Work, kind: Kind, after: str, most: int) -> list[str]:
    """The first of them whose names come after this one."""
    given = {"kind": kind, "now": work.now, "after": after, "most": most}
    return list(work.conn.execute(_channels(), given).scalars())


@lru_cache
def _channels() -> Select[str]:
    """The index is asked for one channel after the other: that costs the same, whether ten rows of each wait or a
    hundred thousand. It must be asked like this: for "the least" (min) and "is there any" (EXISTS) PostgreSQL reads all
    that wait, as long as its statistics know nothing of a burst."""
    of_kind = outbox.c.kind == bindparam("kind", type_=String)
    here = (
        outbox.c.state == "waiting",
        outbox.c.settled.is_(None),
        outbox.c.held.is_(False),
        of_kind,
    )  # as the index by channel says it
    least = select(outbox.c.channel).where(*here).order_by(outbox.c.channel).limit(1)
    first = least.where(outbox.c.channel > bindparam("after", type_=String))
    turn = select(first.scalar_subquery().label("channel")).cte("turn", recursive=True)
    following = least.where(outbox.c.channel > turn.c.channel)
    turn = turn.union_all(select(following.scalar_subquery()).where(turn.c.channel.is_not(None)))
    its = outbox.alias("its")
    may_go: Select[Any] = (
        select(literal_column("1"))
        .where(its.c.settled.is_(None), its.c.channel == turn.c.channel, *ripe(its))
        .limit(1)
    )
    return (
        select(turn.c.channel)
        .where(may_go.scalar_subquery().is_not(None))
        .limit(bindparam("most", type_=Integer))
    )


def waiting(work: Work) -> dict[str, int]:
    """How many rows wait, by channel; those that ended are many, and are not looked at."""
    waits = (outbox.c.state == "waiting", outbox.c.settled.is_(None))
    rows = work.conn.execute(select(outbox.c.channel, func.count()).where(*waits).group_by(outbox.c.channel))
    return {row.channel: row[1] for row in rows}


def oldest(work: Work) -> dict[str, float]:
    """For how many seconds the oldest row waits that should have left, by channel."""
    waits = (outbox.c.state == "waiting", outbox.c.settled.is_(None), outbox.c.held.is_(False))
    first = func.min(outbox.c.next_try)
    rows = work.conn.execute(
        select(outbox.c.channel, first).where(*waits).group_by(outbox.c.channel).having(first <= work.now)
    )
    return {channel: (work.now - since).total_seconds() for channel, since in rows}
