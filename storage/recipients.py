"""Recipients: who of a segment gets a broadcast, and who not, and why. The freeze and the preview ask the same here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import ColumnElement, and_, case, func, literal, not_, or_, select

from storage.concern_table import concerns
from storage.dangers import dangers
from storage.people import Role, people
from storage.segments import EVERYONE, All, Either, Fits, Not, Segment, fitting
from storage.work import Work

Reason = Literal["blocked", "paused", "danger", "concern", "topic"]
REASONS: tuple[Reason, ...] = get_args(Reason)  # somebody with several counts under the first of them
GETS = "gets"


def _left_out(channel: str, now: dt.datetime) -> dict[Reason, ColumnElement[bool]]:
    """Who gets nothing although it fits, in the order of REASONS. Cheerful news would hurt who is in danger, and who
    told us of somebody and has heard nothing yet.

    `concern`: they themselves wrote words of danger, and that is still looked after; or a concern that they sent has not
    been taken by any desk. With the receipt of the desk news go on: who reports often is not cut off.
    """
    in_care = select(dangers.c.person_id).where(
        dangers.c.channel == channel,
        dangers.c.closed_at.is_(None),
        dangers.c.alarm_at.is_not(None),
        dangers.c.person_id.is_not(None),
    )
    unanswered = select(concerns.c.person_id).where(
        concerns.c.channel == channel, concerns.c.state == "sent", concerns.c.person_id.is_not(None)
    )
    until = people.c.danger_until
    return {
        "blocked": not_(people.c.friend),
        "paused": people.c.paused,
        "danger": and_(until.is_not(None), until > now),
        "concern": people.c.id.in_(in_care.union_all(unanswered)),
    }


def reached(channel: str, now: dt.datetime) -> ColumnElement[bool]:
    """In a query over `people` of this channel: those to whom something may be sent that they did not ask for now."""
    return and_(*(not_(each) for each in _left_out(channel, now).values()))


def recipients(channel: str, segment: Segment, now: dt.datetime) -> ColumnElement[bool]:
    """In a query over `people`: those who get it."""
    return and_(fitting(channel, segment, now), reached(channel, now))


def recipients_and_gone(channel: str, segment: Segment, now: dt.datetime) -> ColumnElement[bool]:
    """In a query over `people`: those who get it, and those whom it fits, who have blocked us."""
    others = {name: each for name, each in _left_out(channel, now).items() if name != "blocked"}
    calm = and_(*(not_(each) for each in others.values()))
    return and_(fitting(channel, segment, now), or_(not_(people.c.friend), calm))


def count_recipients(work: Work, channel: str, segment: Segment) -> int:
    """How many people would get it now."""
    who = recipients(channel, segment, work.now)
    return work.conn.execute(select(func.count()).select_from(people).where(who)).scalar_one()


# ---- the preview -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reach:
    """How many would get it now, and how many not, by reason; nobody counts twice."""

    recipients: int
    left_out: Mapping[Reason, int]


@dataclass(frozen=True)
class Glimpse:
    """Somebody who would get it, as far as it says not who they are."""

    role: Role
    town: str | None
    district: str | None
    since: dt.datetime | None


def reach(work: Work, channel: str, segment: Segment) -> Reach:
    """How many would get it; among those who would not are who fits but for a topic that they have not chosen."""
    now, wider = work.now, _whatever_topic(segment)
    reasons = _left_out(channel, now)
    if wider != segment:
        reasons["topic"] = not_(fitting(channel, segment, now))
    why = case(*((each, literal(name)) for name, each in reasons.items()), else_=literal(GETS))
    query = (
        select(why.label("why"), func.count().label("people"))
        .where(fitting(channel, wider, now))
        .group_by(why)
    )
    counts: dict[str, int] = {row.why: row.people for row in work.conn.execute(query)}
    return Reach(counts.get(GETS, 0), {name: counts[name] for name in REASONS if name in counts})


def _whatever_topic(segment: Segment, wanted: bool = True) -> Segment:
    """Whom it fitted if everybody had chosen the topics that it asks for; what staff exclude stays excluded."""
    match segment:
        case Fits("topic") if wanted:
            return EVERYONE
        case All(parts):
            return All(tuple(_whatever_topic(part, wanted) for part in parts))
        case Either(parts):
            return Either(tuple(_whatever_topic(part, wanted) for part in parts))
        case Not(part):
            return Not(_whatever_topic(part, not wanted))
        case _:
            return segment


def sample(work: Work, channel: str, segment: Segment, limit: int = 5) -> tuple[Glimpse, ...]:
    """Some who would get it, picked at random."""
    who = recipients(channel, segment, work.now)
    columns = (people.c.role, people.c.town, people.c.district, people.c.supporter_since)
    rows = work.conn.execute(select(*columns).where(who).order_by(func.random()).limit(limit))
    return tuple(Glimpse(*row) for row in rows)
