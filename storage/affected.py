"""Whom a row, a list or a file was about: what is asked after a leak. Only ids and times are read, no words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from storage.concern_table import concerns
from storage.course_places import course_places
from storage.handons import handons
from storage.supporters import supporters
from storage.work import Work

_AT_ONCE = 500


@dataclass(frozen=True)
class About:
    """One concern: under which number it is known, who reported it, and every desk that has or had it."""

    id: str
    number: str
    person_id: str | None
    windows: frozenset[str]
    created_at: dt.datetime
    closed_at: dt.datetime | None


def about(work: Work, ids: Collection[str]) -> dict[str, About]:
    """What is known of these concerns, by id; an id that is none of a concern is left out."""
    found: dict[str, About] = {}
    listed = sorted(ids)
    for start in range(0, len(listed), _AT_ONCE):
        some = listed[start : start + _AT_ONCE]
        desks: dict[str, set[str]] = {}
        moved = select(handons.c.concern_id, handons.c.from_window, handons.c.to_window)
        for concern_id, *both in work.conn.execute(moved.where(handons.c.concern_id.in_(some))):
            desks.setdefault(concern_id, set()).update(both)
        for row in work.conn.execute(select(concerns).where(concerns.c.id.in_(some))):
            known = desks.get(row.id, set()) | {row.window, row.routed_to or row.window}
            found[row.id] = About(
                row.id, row.number, row.person_id, frozenset(known), row.created_at, row.closed_at
            )
    return found


def at_desk(work: Work, window: str) -> frozenset[str]:
    """The ids of all concerns that this desk has or had."""
    moved = select(handons.c.concern_id).where(
        (handons.c.from_window == window) | (handons.c.to_window == window)
    )
    here = (concerns.c.window == window) | (concerns.c.routed_to == window) | concerns.c.id.in_(moved)
    return frozenset(work.conn.execute(select(concerns.c.id).where(here)).scalars())


def in_register(work: Work, channel: str, at: dt.datetime) -> frozenset[str]:
    """The entries of the register of this moment that are still there; who was erased since is nobody any more."""
    query = select(supporters.c.id).where(supporters.c.channel == channel, supporters.c.created_at <= at)
    return frozenset(work.conn.execute(query).scalars())


def on_roster(work: Work, course_id: str, at: dt.datetime) -> frozenset[str]:
    """The places that stood on the roster of this course at this moment."""
    query = select(course_places.c.id).where(
        course_places.c.course_id == course_id, course_places.c.created_at <= at
    )
    return frozenset(work.conn.execute(query).scalars())
