"""Each minute: whoever is late is reminded, concerns of a desk that was given up find a new one, and after four
weeks the person who reported one is asked how it went.

Any number of processes may do this at the same moment: what is told is claimed in the transaction that tells it,
so that each thing happens once, and a process that dies in the middle has done nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from bot import log, metrics
from bot.content.business_time import OFFICE
from bot.content.clocks import STEPS, ClockName, Step
from bot.content.hours import TOKYO, WeeklyHours
from bot.content.library import Content
from bot.content.places import Window, home_of
from bot.desk import clocks, handing_on, hearing_back, notices
from bot.desk.deeds import Desk
from jobs.parts import in_turn
from jobs.rooms import Rooms
from storage import audit, concerns, entries, handons, reminders
from storage.concerns import Concern
from storage.notices import What
from storage.work import Work

FOLLOW_UP_AFTER: Final = dt.timedelta(days=28)
FOLLOW_UP_BEFORE: Final = dt.timedelta(days=42)  # later than that the question would surprise
FOLLOW_UP_FROM, FOLLOW_UP_TO = dt.time(10), dt.time(18)
SYSTEM: Final = "system"

_OVERDUE: Final[dict[ClockName, What]] = {
    "accept": "overdue_accept",
    "contact": "overdue_contact",
    "close": "overdue_close",
}


@dataclass(frozen=True)
class Reminder:
    """One step of one clock whose moment has come."""

    concern: Concern
    clock: ClockName
    step: Step
    due_at: dt.datetime


def minute(services: Rooms) -> None:
    """What the timetable calls."""
    in_turn("clocks", services, (("rehome", rehome), ("remind", tick), ("follow_up", follow_up)))


# ---- reminders -------------------------------------------------------------------------------------------


def tick(services: Rooms) -> int:
    """Remind of everything whose moment has come, each step once; how many reminders went out."""
    with services.db.look() as work:
        late = reminders.late(work)
        gone = reminders.sent(work, [each.id for each in late])
        now = work.now
    count = 0
    for concern in late:
        for each in _steps_due(services.content, concern, now):
            if (concern.id, each.clock, each.step, each.due_at) not in gone:
                count += _safely("remind", concern, partial(_remind, services, each))
    return count


def _remind(services: Rooms, each: Reminder) -> bool:
    """One reminder in one unit of work: nothing where somebody acted, or another process was faster."""
    with services.db.work() as work:
        concern = reminders.lock(work, each.concern.id)
        if concern is None or each.clock not in clocks.overdue(concern, work.now):
            return False
        if clocks.due_of(concern, each.clock) != each.due_at or concern.window != each.concern.window:
            return False
        if not reminders.claim(work, concern, each.clock, each.step, each.due_at):
            return False
        notices.tell_desk(
            work,
            services.content,
            services.settings.public_url,
            concern,
            _OVERDUE[each.clock],
            concern.window,
            step=each.step,
        )
        audit.note(work, SYSTEM, f"reminded_{each.step}", "concern", concern.id, concern.channel)
        if each.clock == "accept":
            here = Desk(services.content, work.now, services.settings.public_url)
            handing_on.ask_the_night(work, here, concern)
    if each.step == "desk":
        metrics.OVERDUE.labels(each.clock, str(concern.level)).inc()
    return True


def _steps_due(content: Content, concern: Concern, now: dt.datetime) -> Iterator[Reminder]:
    """Every step of every clock whose moment has come; in business time only while the desk is open."""
    hours = clocks.hours_of(content, concern.window)
    for name in clocks.overdue(concern, now):
        due_at = clocks.due_of(concern, name)
        assert due_at is not None  # what is overdue has a due time
        told = content.clocks[concern.level].named(name).steps
        for step in STEPS:
            delay = told.get(step)
            if delay is None or delay.due(hours, due_at) > now:
                continue
            if delay.at_any_hour or _somebody_is_there(hours, now):
                yield Reminder(concern, name, step, due_at)


def _somebody_is_there(hours: WeeklyHours | None, now: dt.datetime) -> bool:
    """Also for a reminder whose moment passed while we were down: nobody hears of level 3 at night."""
    if hours is None or hours.next_opening(now) is None:
        return OFFICE.open_at(now)
    return hours.open_at(now)


# ---- a desk that was given up ----------------------------------------------------------------------------


def rehome(services: Rooms) -> int:
    """Open concerns of a desk that is not there any more go to the one in its place; how many moved."""
    living = [window.key for window in services.content.windows if window.active]
    with services.db.look() as work:
        lost = reminders.homeless(work, living)
    count = 0
    for concern_id in lost:
        with services.db.look() as work:
            concern = concerns.get(work, concern_id)
        if concern is not None:
            count += _safely("rehome", concern, partial(_rehome, services, concern, living))
    return count


def _rehome(services: Rooms, seen: Concern, living: list[str]) -> bool:
    with services.db.work() as work:
        concern = reminders.lock(work, seen.id)
        if concern is None or concern.state == "closed":
            return False
        moved = concern.window not in living
        if moved:
            concern = _move(work, services, concern)
        return _keep_offer(work, services, concern) or moved


def _move(work: Work, services: Rooms, concern: Concern) -> Concern:
    """The new desk has everything, has still to accept it, and is told; so are those who look at the history."""
    home, gone = _home(services.content, concern, concern.window), concern.window
    concern = concerns.move(work, concern, home.key, accepted=False)
    entries.add(work, concern, "moved", SYSTEM, {"from": gone, "to": home.key})
    audit.note(work, SYSTEM, "moved", "concern", concern.id, concern.channel)
    concern = clocks.renew(work, services.content, concern)
    notices.tell_desk(
        work, services.content, services.settings.public_url, concern, "moved", home.key, step="desk"
    )
    log.alarm("concern.rehomed", concern_id=concern.id, window=gone)
    metrics.ALARMS.labels("concern.rehomed").inc()
    return concern


def _keep_offer(work: Work, services: Rooms, concern: Concern) -> bool:
    """A hand-on that waits for an answer goes on: from the desk in charge now, to the one in the other's place."""
    offer = handons.open_of(work, concern)
    if offer is None:
        return False
    target = _home(services.content, concern, offer.to_window).key
    if offer.from_window == concern.window and offer.to_window == target:
        return False
    said = handons.words(work, offer)
    handons.withdraw(work, offer, SYSTEM)
    if target == concern.window:
        return True
    handons.offer(work, concern, target, offer.by, said)
    if target != offer.to_window:
        notices.tell_desk(work, services.content, services.settings.public_url, concern, "handon", target)
    return True


def _home(content: Content, concern: Concern, key: str) -> Window:
    """Where it lives now; of a town that is not served any more: with the channel's central town."""
    try:
        return home_of(content.windows, concern.town, key)
    except LookupError:
        return home_of(content.windows, content.channels[concern.channel].central, key)


# ---- after four weeks ------------------------------------------------------------------------------------


def follow_up(services: Rooms) -> int:
    """Ask the reporters of four weeks ago, once, by day; how many were asked."""
    here = services.db.clock().astimezone(TOKYO).time()
    if not FOLLOW_UP_FROM <= here < FOLLOW_UP_TO:
        return 0
    not_asked = [each.key for each in services.content.outcomes.values() if not each.follow_up]
    with services.db.look() as work:
        found = reminders.to_follow_up(work, FOLLOW_UP_AFTER, FOLLOW_UP_BEFORE, not_asked)
    return sum(_safely("follow_up", each, partial(_ask, services, each)) for each in found)


def _ask(services: Rooms, concern: Concern) -> bool:
    with services.db.work() as work:
        if not concerns.ask_follow_up(work, concern):
            return False
        hearing_back.tell(work, services.content, concern, "follow_up")
        audit.note(work, SYSTEM, "asked_follow_up", "concern", concern.id, concern.channel)
    return True


def _safely(task: str, concern: Concern, deed: Callable[[], bool]) -> bool:
    """One concern in trouble must not keep the others from being looked after."""
    try:
        return deed()
    except Exception as trouble:
        log.error("clocks.trouble", trouble, task=task, concern_id=concern.id)
        return False
