"""Figures of the register: how many, where, of which group, from which course. The database counts, but for groups."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, func, or_, select

from storage.course_members import course_members
from storage.courses import MAKING, courses
from storage.joinings import never_let_in
from storage.people import people
from storage.supporters import State, supporters
from storage.work import Work


@dataclass(frozen=True)
class Count:
    """So many entries in one state in one district; `reached` of them are friends on LINE."""

    town: str
    district: str | None
    state: State
    people: int
    reached: int


@dataclass(frozen=True)
class GroupCount:
    """So many entries in one state that came with one company, school or club."""

    group: str
    town: str
    state: State
    people: int


@dataclass(frozen=True)
class OneOfCourse:
    """What became of one person who was at a course. Without a state: nobody in the register belongs to them."""

    course_id: str | None
    """None: in the register, but no course of ours is known."""
    town: str
    on: dt.date | None
    state: State | None
    registered_at: dt.datetime | None
    active_at: dt.datetime | None
    refreshed_on: dt.date | None


def _of_channel(query: Select[Any], column: ColumnElement[Any], channel: str | None) -> Select[Any]:
    return query if channel is None else query.where(column == channel)


def counts(work: Work, channel: str | None = None) -> tuple[Count, ...]:
    """By town, district and state; not whom staff declined. Who registered on LINE before there was a register counts, too."""
    reached = func.sum(case((people.c.friend, 1), else_=0))
    entry = supporters.c
    query = (
        select(entry.town, entry.district, entry.state, func.count(), reached)
        .select_from(supporters.outerjoin(people, entry.person_id == people.c.id))
        .where(or_(entry.state != "left", ~never_let_in()))
        .group_by(entry.town, entry.district, entry.state)
    )
    found: dict[tuple[str, str | None, State], tuple[int, int]] = {}
    for town, district, state, count, friends in work.conn.execute(
        _of_channel(query, entry.channel, channel)
    ):
        found[(town, district, state)] = (count, int(friends or 0))
    for town, district, count, friends in work.conn.execute(_without_entry(channel)):
        before = found.get((town, district, "registered"), (0, 0))
        found[(town, district, "registered")] = (before[0] + count, before[1] + int(friends))
    ordered = sorted(found.items(), key=lambda one: (one[0][0], one[0][1] or "", one[0][2]))
    return tuple(Count(*place, *numbers) for place, numbers in ordered)


def _without_entry(channel: str | None) -> Select[Any]:
    """Supporters on LINE who have no entry in the register."""
    friends = func.sum(case((people.c.friend, 1), else_=0))
    query = (
        select(people.c.town, people.c.district, func.count(), friends)
        .where(
            people.c.role == "supporter",
            people.c.town.is_not(None),
            ~exists().where(supporters.c.person_id == people.c.id),
        )
        .group_by(people.c.town, people.c.district)
    )
    return _of_channel(query, people.c.channel, channel)


def only_attended(work: Work, channel: str | None = None) -> dict[str, int]:
    """By town of the course: how often somebody was at one of the courses that make supporters, without being
    in the register."""
    query = (
        select(courses.c.town, func.count())
        .select_from(course_members.join(courses, course_members.c.course_id == courses.c.id))
        .where(course_members.c.supporter_id.is_(None), courses.c.kind.in_(MAKING))
        .where(_nobody_of_the_register())
        .group_by(courses.c.town)
    )
    rows = work.conn.execute(_of_channel(query, courses.c.channel, channel))
    return {row[0]: row[1] for row in rows}


def _nobody_of_the_register() -> ColumnElement[bool]:
    """A member who is known by the phone only, and whose phone is no supporter's."""
    phone = exists().where(people.c.id == course_members.c.person_id, people.c.role == "supporter")
    return ~phone


def groups(
    work: Work, channel: str | None = None, states: Collection[State] | None = None
) -> tuple[GroupCount, ...]:
    """By group, town and state."""
    entry = supporters.c
    columns = (entry.id, entry.channel, entry.town, entry.state, entry.group_name)
    query = select(*columns).where(entry.group_name.is_not(None))
    if states is not None:
        query = query.where(entry.state.in_(tuple(states)))
    counted: Counter[tuple[str, str, State]] = Counter()
    for row in work.conn.execute(_of_channel(query, entry.channel, channel)):
        name = work.unseal(row.group_name, row.channel, "supporters", "group_name", row.id)
        counted[name, row.town, row.state] += 1
    return tuple(GroupCount(*key, count) for key, count in sorted(counted.items()))


def of_courses(work: Work, channel: str | None = None) -> tuple[OneOfCourse, ...]:
    """Everybody who was at a course that makes supporters, and everybody in the register without such a course; not
    whom staff declined or have yet to let in."""
    entry, member = supporters.c, course_members.c
    became = (entry.state, entry.registered_at, entry.active_at, entry.refreshed_on)
    of_a_course = (
        select(member.course_id, courses.c.town, courses.c.last_on, *became)
        .select_from(
            course_members.join(courses, member.course_id == courses.c.id).outerjoin(
                supporters, member.supporter_id == entry.id
            )
        )
        .where(courses.c.kind.in_(MAKING))
    )
    others = (
        select(entry.town, entry.attended_on, *became)
        .select_from(supporters)
        .where(~exists().where(member.supporter_id == entry.id), ~never_let_in())
    )
    found = [
        OneOfCourse(*row) for row in work.conn.execute(_of_channel(of_a_course, courses.c.channel, channel))
    ]
    found += [
        OneOfCourse(None, *row) for row in work.conn.execute(_of_channel(others, entry.channel, channel))
    ]
    return tuple(found)


def courses_of(work: Work, supporter_id: str) -> tuple[str, ...]:
    """The courses at which somebody of the register was, the first first."""
    query = (
        select(courses.c.id)
        .select_from(course_members.join(courses, course_members.c.course_id == courses.c.id))
        .where(course_members.c.supporter_id == supporter_id)
        .order_by(courses.c.last_on, courses.c.id)
    )
    return tuple(work.conn.execute(query).scalars())
