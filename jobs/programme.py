"""The supporters' programme by the clock: what is told after a course, and once a night what the date has changed.

Any number of processes may do this at the same moment: what is told is claimed in the transaction that tells it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from bot import log
from bot.content.drips import Drip
from bot.content.library import Content
from bot.programme import drips, life, questionnaire
from jobs.parts import one_by_one
from jobs.rooms import Rooms
from storage import audit, course_answers, erasing, people, supporters
from storage import life as in_both
from storage.supporters import SUPPORTING, State
from storage.work import Work

PAUSED: Final[tuple[State, ...]] = ("paused",)
LEFT: Final[tuple[State, ...]] = ("left",)
STRANGER_AFTER: Final = dt.timedelta(days=30)  # since they blocked us


def minute(services: Rooms) -> None:
    """What the timetable calls; one part that fails does not keep the others."""
    told = _part("drips", tell, services)
    if told:
        services.bell.set()
    _part("fold", lambda rooms: int(erasing.fold(rooms.db)), services)


def night(services: Rooms) -> None:
    """What the date has changed: refreshers, pauses that are over, entries whose time is over."""
    for name, part in (
        ("adopt", adopt),
        ("refreshers", refreshers),
        ("pauses", end_pauses),
        ("left", forget_left),
        ("strangers", forget_strangers),
        ("answers", mix_answers),
    ):
        if _part(name, part, services):
            services.bell.set()
    _part("fold", lambda rooms: int(erasing.fold(rooms.db)), services)


def _part(name: str, part: Callable[[Rooms], int], services: Rooms) -> int:
    try:
        count = part(services)
    except Exception as trouble:
        log.error("programme.trouble", trouble, task=name)
        return 0
    if count:
        log.event("programme.done", task=name, count=count)
    return count


# ---- each minute -------------------------------------------------------------------------------------------


def tell(services: Rooms) -> int:
    """Every step whose day has come, to every phone once; how many messages."""
    with services.db.look() as work:
        if not drips.by_day(work):
            return 0
        found = [
            (drip, list(dict.fromkeys(each.person_id for each in drips.due(work, drip))))
            for drip in services.content.programme.drips
        ]
    return sum(
        _each("drips", services, phones, partial(_tell, services.content, drip)) for drip, phones in found
    )


def _tell(content: Content, drip: Drip, work: Work, person_id: str) -> int:
    return drips.tell(work, content, drip, person_id)


# ---- each night --------------------------------------------------------------------------------------------


def adopt(services: Rooms) -> int:
    """Everybody who registered on LINE before there was a register gets an entry there."""
    with services.db.look() as work:
        lost = in_both.without_entry(work)
    return _each("adopt", services, lost, lambda work, key: _adopt(work, services.content, key))


def _adopt(work: Work, content: Content, person_id: str) -> bool:
    if not people.lock_by_id(work, person_id):
        return False
    person = people.get(work, person_id)
    if person is None or supporters.of_person(work, person_id):
        return False
    return bool(life.entries_of(work, content, person))


def refreshers(services: Rooms) -> int:
    """Days on which refreshers are due (a town may have changed its period), and states that follow from them."""
    with services.db.look() as work:
        day = life.today(work)
        found = [
            entry.id
            for entry in supporters.listed(work, states=(*SUPPORTING, "attended"))
            if _has_changed(services.content, entry, day)
        ]
    return _each(
        "refreshers", services, found, lambda work, key: life.refresher_falls_due(work, services.content, key)
    )


def _has_changed(content: Content, entry: supporters.Supporter, day: dt.date) -> bool:
    due = life.due_on(content, entry)
    late = due is not None and due <= day
    late_now = entry.state in ("registered", "active") and late
    early_now = entry.state == "refresher_due" and not late
    return due != entry.refresher_due_on or late_now or early_now


def end_pauses(services: Rooms) -> int:
    """Pauses whose last day is over."""
    with services.db.look() as work:
        day = life.today(work)
        found = [
            entry.id
            for entry in supporters.listed(work, states=PAUSED)
            if entry.paused_until is not None and entry.paused_until < day
        ]

    def resume(work: Work, supporter_id: str) -> bool:
        entry = supporters.locked(work, supporter_id)
        if entry.state != "paused" or entry.paused_until is None or entry.paused_until >= life.today(work):
            return False
        life.resume(work, services.content, entry, life.SYSTEM)
        return True

    return _each("pauses", services, found, resume)


def forget_left(services: Rooms) -> int:
    """Entries of those who left so long ago."""
    with services.db.look() as work:
        limit = life.months_later(life.today(work), -services.content.programme.left_kept_months)
        found = [entry.id for entry in supporters.listed(work, states=LEFT) if _left_before(entry, limit)]

    def erase(work: Work, supporter_id: str) -> bool:
        entry = supporters.hold(work, supporter_id)  # perhaps they come back at this moment
        if entry is None or entry.state != "left" or not _left_before(entry, limit):
            return False
        erasing.erase_entry(work, entry)
        audit.note(work, life.SYSTEM, "erased", "supporter", entry.id, entry.channel)
        return True

    return _each("left", services, found, erase)


def _left_before(entry: supporters.Supporter, limit: dt.date) -> bool:
    return entry.left_at is not None and entry.left_at.astimezone(life.TOKYO).date() < limit


def forget_strangers(services: Rooms) -> int:
    """Who blocked us a month ago and is nothing here: no supporter, no reporter, no partner."""
    with services.db.look() as work:
        found = in_both.strangers(work, work.now - STRANGER_AFTER)

    def erase(work: Work, person_id: str) -> bool:
        if not people.lock_by_id(work, person_id) or person_id not in in_both.strangers(
            work, work.now - STRANGER_AFTER
        ):
            return False
        person = people.get(work, person_id)
        if person is None:
            return False
        life.erase_person(work, person, life.SYSTEM)
        return True

    return _each("strangers", services, found, erase)


def mix_answers(services: Rooms) -> int:
    """Answers about courses of the last weeks: nothing about how they lie there may say whose they are."""
    with services.db.work() as work:
        return course_answers.mix(work, life.today(work) - 2 * questionnaire.OPEN_FOR)


def _each(task: str, services: Rooms, keys: Iterable[str], deed: Callable[[Work, str], int]) -> int:
    return one_by_one("programme", task, services.db, keys, deed)
