"""How far the programme has come: supporters per district and town against their targets, and what became of each
course's people. Counts only; nobody is named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.content.library import Content
from storage import courses, register_figures
from storage.register_figures import Count, OneOfCourse
from storage.supporters import SUPPORTING
from storage.work import Work

TOKYO = ZoneInfo("Asia/Tokyo")
WEEK = dt.timedelta(days=7)


@dataclass(frozen=True)
class Cover:
    """A town or one of its districts."""

    key: str | None
    """None: supporters of the town whose district is not known."""
    name: str
    people: int
    """Supporters: registered, active, refresher due, paused."""
    reached: int
    """Of those, friends on LINE."""
    goal: int | None
    attended: int
    """At a course, but not registered."""
    left: int

    @property
    def missing(self) -> int | None:
        """How many are still to come; 0 where the goal is reached."""
        return None if self.goal is None else max(0, self.goal - self.people)


@dataclass(frozen=True)
class TownCover(Cover):
    """A town and, where it has several, its districts."""

    districts: tuple[Cover, ...]


@dataclass(frozen=True)
class Cohort:
    """What became of those who were at one course, or (without a course) of a day in an imported list."""

    course_id: str | None
    title: str
    town: str
    on: dt.date | None
    attended: int
    registered: int
    """Came into the register, whatever became of them since."""
    within_a_week: int
    undated: int
    """Registered, but the day is not known (an imported list)."""
    active: int
    refreshed: int
    left: int

    @property
    def not_registered(self) -> int:
        return self.attended - self.registered


def coverage(
    work: Work, content: Content, *, channel: str | None = None, town: str | None = None
) -> tuple[TownCover, ...]:
    """Every town in the order of towns.yaml, or the one that is named."""
    counted = register_figures.counts(work, channel)
    elsewhere = register_figures.only_attended(work, channel)
    towns = [each for each in content.towns.values() if town in (None, each.key)]
    covers = []
    for each in towns:
        mine = [count for count in counted if count.town == each.key]
        districts: tuple[Cover, ...] = ()
        if len(each.districts) > 1:
            known = {district.key for district in each.districts}
            rows = [
                _cover(
                    district.key,
                    district.name,
                    content.programme.target(each.key, district.key),
                    [count for count in mine if count.district == district.key],
                )
                for district in each.districts
            ]
            unknown = [count for count in mine if count.district not in known]
            if unknown:
                rows.append(
                    _cover(None, content.texts.get("register.coverage.without_district"), None, unknown)
                )
            districts = tuple(rows)
        whole = _cover(each.key, each.name, content.programme.target(each.key), mine)
        covers.append(
            TownCover(
                key=whole.key,
                name=whole.name,
                people=whole.people,
                reached=whole.reached,
                goal=whole.goal,
                attended=whole.attended + elsewhere.get(each.key, 0),
                left=whole.left,
                districts=districts,
            )
        )
    return tuple(covers)


def _cover(key: str | None, name: str, goal: int | None, counts: Sequence[Count]) -> Cover:
    return Cover(
        key=key,
        name=name,
        people=sum(count.people for count in counts if count.state in SUPPORTING),
        reached=sum(count.reached for count in counts if count.state in SUPPORTING),
        goal=goal,
        attended=sum(count.people for count in counts if count.state == "attended"),
        left=sum(count.people for count in counts if count.state == "left"),
    )


# ---- cohorts -----------------------------------------------------------------------------------------------


def cohorts(
    work: Work, content: Content, *, channel: str | None = None, town: str | None = None
) -> tuple[Cohort, ...]:
    """Every course that makes supporters, the latest first; then people of whom no course is known, by day."""
    by_course: dict[tuple[str | None, str, dt.date | None], list[OneOfCourse]] = {}
    for one in register_figures.of_courses(work, channel):
        by_course.setdefault((one.course_id, one.town, one.on), []).append(one)
    titles = {course.id: course.title for course in courses.listed(work, channel)}
    unknown = content.texts.get("register.cohorts.without_course")
    found = [
        _cohort(course_id, titles.get(course_id or "", unknown), of, on, people)
        for (course_id, of, on), people in by_course.items()
        if town in (None, of)
    ]
    found.sort(key=lambda each: (each.on or dt.date.min, each.course_id or "", each.town), reverse=True)
    return tuple(found)


def _cohort(
    course_id: str | None, title: str, town: str, on: dt.date | None, people: Sequence[OneOfCourse]
) -> Cohort:
    registered = [one for one in people if one.state not in (None, "attended") or one.registered_at]
    stayed = [one for one in registered if one.state in SUPPORTING]
    dated = [one for one in registered if one.registered_at is not None]
    return Cohort(
        course_id=course_id,
        title=title,
        town=town,
        on=on,
        attended=len(people),
        registered=len(registered),
        within_a_week=sum(on is not None and _day(one) - on <= WEEK for one in dated),
        undated=len(registered) - len(dated),
        active=sum(one.active_at is not None for one in stayed),
        refreshed=sum(
            one.refreshed_on is not None and one.refreshed_on > (on or dt.date.min) for one in stayed
        ),
        left=sum(one.state == "left" for one in registered),
    )


def _day(one: OneOfCourse) -> dt.date:
    assert one.registered_at is not None
    return one.registered_at.astimezone(TOKYO).date()
