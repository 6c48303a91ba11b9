"""The month's figures for the usage report that the national guideline asks for: how many, never who, never words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, distinct, func, select

from storage.broadcasts import broadcast_recipients, broadcasts
from storage.concern_table import concerns
from storage.conversations import conversations
from storage.dangers import dangers
from storage.outbox import outbox
from storage.people import people
from storage.work import Work


@dataclass(frozen=True)
class Usage:
    """What happened from one moment to another (the second not included). "now" is the moment of asking.

    `recipients` are by outcome, with "remaining" for who was not tried; `messages` are what LINE took for one person,
    by reply and push. What is forgotten sooner than it is asked for is None.
    """

    friends_new: int
    friends_left: int  # who left in that time and has not come back
    friends_now: int
    supporters_new: int
    supporters_now: int
    broadcasts: int
    recipients: dict[str, int]
    messages: dict[str, int] | None
    handbook: int | None
    concerns: dict[str, int]  # by kind
    dangers: int


def _within(column: ColumnElement[Any], begin: dt.datetime, end: dt.datetime) -> ColumnElement[bool]:
    return and_(column >= begin, column < end)


def usage(
    work: Work, town: str | None, begin: dt.datetime, end: dt.datetime, kept_for: dt.timedelta
) -> Usage:
    """The figures of one town, or of all. Of a town are the people who told theirs. `kept_for` is how long messages and
    conversations are kept: of a month that began earlier some are gone."""

    def by(key: Any, source: Any, *wanted: ColumnElement[bool], of: Table) -> dict[str, int]:
        here: Sequence[ColumnElement[bool]] = wanted if town is None else (*wanted, of.c.town == town)
        rows = work.conn.execute(select(key, func.count()).select_from(source).where(*here).group_by(key))
        return {row[0]: row[1] for row in rows}

    def persons(*wanted: ColumnElement[bool]) -> int:
        return sum(by(people.c.role, people, *wanted, of=people).values())

    def of_persons(table: Table) -> Any:
        return table.outerjoin(people, people.c.id == table.c.person_id)

    def milliseconds(moment: dt.datetime) -> int:
        return int(moment.timestamp() * 1000)

    left = and_(
        people.c.friend_changed_ms >= milliseconds(begin), people.c.friend_changed_ms < milliseconds(end)
    )
    sent = _within(broadcasts.c.prepared_at, begin, end)
    got = broadcasts.join(broadcast_recipients, broadcast_recipients.c.broadcast_id == broadcasts.c.id).join(
        people, people.c.id == broadcast_recipients.c.person_id
    )
    count = select(func.count(distinct(broadcasts.c.id))).where(sent)
    if town is not None:
        count = count.select_from(got).where(people.c.town == town)
    outcomes = by(broadcast_recipients.c.outcome, got, sent, of=people)
    taken = and_(
        _within(outbox.c.settled, begin, end), outbox.c.state == "accepted", outbox.c.kind == "message"
    )
    read = and_(_within(conversations.c.created_at, begin, end), conversations.c.flow == "handbook")
    kept = begin >= work.now - kept_for
    supporter = people.c.role == "supporter"
    return Usage(
        friends_new=persons(_within(people.c.created_at, begin, end)),
        friends_left=persons(~people.c.friend, left),
        friends_now=persons(people.c.friend),
        supporters_new=persons(_within(people.c.supporter_since, begin, end)),
        supporters_now=persons(people.c.friend, supporter),
        broadcasts=work.conn.execute(count).scalar_one(),
        recipients={name or "remaining": number for name, number in outcomes.items()},
        messages=by(outbox.c.via, of_persons(outbox), taken, of=people) if kept else None,
        handbook=sum(by(conversations.c.flow, of_persons(conversations), read, of=people).values())
        if kept
        else None,
        concerns=by(concerns.c.kind, concerns, _within(concerns.c.created_at, begin, end), of=concerns),
        dangers=sum(by(dangers.c.category, dangers, _within(dangers.c.at, begin, end), of=dangers).values()),
    )
