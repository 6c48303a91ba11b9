"""Figures for reports: how many, by month, town and kind; never who, never words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select

from storage.broadcasts import broadcast_recipients, broadcasts
from storage.concerns import concerns
from storage.dangers import dangers
from storage.outbox import outbox
from storage.people import people
from storage.work import Work


@dataclass(frozen=True)
class Month:
    """What happened from one moment to another (the second not included); towns and kinds are keys."""

    registered: dict[str, int]  # new supporters by town
    friends: int  # at the moment of asking
    supporters: int  # at the moment of asking, friends only
    concerns: dict[tuple[str, str], int]  # by town and kind
    concerns_accepted: int
    concerns_closed: int
    dangers: dict[str, int]  # by category
    broadcasts: int
    recipients: dict[str, int]  # of those broadcasts, by outcome; "remaining" is who was not tried
    messages: dict[str, int]  # calls about one person, by how they went out: reply, push


def _within(column: ColumnElement[Any], begin: dt.datetime, end: dt.datetime) -> ColumnElement[bool]:
    return and_(column >= begin, column < end)


def month(work: Work, channel: str | None, begin: dt.datetime, end: dt.datetime) -> Month:
    """The figures of one channel, or of all. Messages older than the outbox is kept (90 days) are gone."""

    def counted(table: Any, key: Any, *conditions: ColumnElement[bool]) -> dict[str, int]:
        wanted = [*conditions] if channel is None else [*conditions, table.c.channel == channel]
        rows = work.conn.execute(select(key, func.count()).where(*wanted).group_by(key))
        return {name or "": count for name, count in rows}

    def total(table: Any, *conditions: ColumnElement[bool]) -> int:
        return sum(counted(table, table.c.channel, *conditions).values())

    wanted = [_within(concerns.c.created_at, begin, end)]
    if channel is not None:
        wanted.append(concerns.c.channel == channel)
    by_kind = work.conn.execute(
        select(concerns.c.town, concerns.c.kind, func.count())
        .where(*wanted)
        .group_by(concerns.c.town, concerns.c.kind)
    )
    sent = _within(broadcasts.c.prepared_at, begin, end)
    mine = broadcast_recipients.c.broadcast_id.in_(select(broadcasts.c.id).where(sent))
    outcomes = counted(broadcast_recipients, broadcast_recipients.c.outcome, mine)
    return Month(
        registered=counted(people, people.c.town, _within(people.c.supporter_since, begin, end)),
        friends=total(people, people.c.friend),
        supporters=total(people, people.c.friend, people.c.role == "supporter"),
        concerns={(town, kind): count for town, kind, count in by_kind},
        concerns_accepted=total(concerns, _within(concerns.c.accepted_at, begin, end)),
        concerns_closed=total(concerns, _within(concerns.c.closed_at, begin, end)),
        dangers=counted(dangers, dangers.c.category, _within(dangers.c.at, begin, end)),
        broadcasts=total(broadcasts, sent),
        recipients={name or "remaining": count for name, count in outcomes.items()},
        messages=counted(
            outbox,
            outbox.c.via,
            _within(outbox.c.settled, begin, end),
            outbox.c.state == "accepted",
            outbox.c.kind == "message",
        ),
    )
