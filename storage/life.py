"""Questions about people and the register together: who is in one and not in the other."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import exists, func, select

from storage.concern_table import concerns
from storage.course_members import course_members
from storage.courses import courses
from storage.people import people
from storage.supporters import supporters
from storage.work import Work


def first_course(work: Work, person_id: str) -> dt.date | None:
    """The day of the first course at which this phone was noted."""
    query = (
        select(func.min(courses.c.on_date))
        .join(course_members, course_members.c.course_id == courses.c.id)
        .where(course_members.c.person_id == person_id)
    )
    return work.conn.execute(query).scalar()


def without_entry(work: Work) -> tuple[str, ...]:
    """People who are supporters on LINE, but stand in no register: from before there was one."""
    entry = exists().where(supporters.c.person_id == people.c.id)
    query = select(people.c.id).where(people.c.role == "supporter", people.c.town.is_not(None), ~entry)
    return tuple(work.conn.execute(query.order_by(people.c.id)).scalars())


def strangers(work: Work, silent_since: dt.datetime) -> tuple[str, ...]:
    """People who blocked us so long ago and are nothing here: no supporter, no partner, no reporter."""
    query = select(people.c.id).where(
        people.c.friend.is_(False),
        people.c.role == "resident",
        people.c.partner_id.is_(None),
        people.c.friend_changed_ms < int(silent_since.timestamp() * 1000),
        ~exists().where(supporters.c.person_id == people.c.id),
        ~exists().where(concerns.c.person_id == people.c.id),
    )
    return tuple(work.conn.execute(query.order_by(people.c.id)).scalars())
