"""By when a desk is to act on a concern, and what can honestly be said to the person who reported it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from bot.content.business_time import OFFICE
from bot.content.clocks import ClockName
from bot.content.hotlines import Hotline
from bot.content.hours import TOKYO, WeeklyHours
from bot.content.library import Content
from bot.content.places import Window
from storage import concerns
from storage.concerns import Concern
from storage.work import Work

MOST_URGENT, LEAST_URGENT = 0, 4


@dataclass(frozen=True)
class Dues:
    """The three moments, in Tokyo time; none is later than the next one."""

    accept: dt.datetime
    contact: dt.datetime
    close: dt.datetime
    assumed: bool = False
    """The hours of the desk are not known; those of a usual office were taken."""


@dataclass(frozen=True)
class Expectation:
    """What happens when: for the words at 21:00 on a Saturday. Nothing in here is a promise to act at once."""

    open_now: bool
    """Somebody is at the desk at this moment."""
    read_from: dt.datetime | None
    """When a person reads it at the earliest: now, or the next opening; None where the desk does not open."""
    accept_by: dt.datetime
    """When somebody has it in hand at the latest, as the desk means to; after that reminders go out."""
    answering: tuple[Hotline, ...]
    """Whom one can telephone at this moment, in the given order."""
    assumed: bool
    """The hours of the desk are not known: say "usually", and name no hour."""


def dues(content: Content, window: Window | str, level: int, start: dt.datetime) -> Dues:
    """The due times of a concern that this desk (or the key of one) has on its table from `start` on.

    What is more urgent is never to be accepted or answered later than what is less: for a desk that opens once a
    week, four open hours are longer than one opening day.
    """
    hours = hours_of(content, window)
    level = min(max(level, MOST_URGENT), LEAST_URGENT)
    clocks, milder = content.clocks[level], [content.clocks[n] for n in range(level, LEAST_URGENT + 1)]
    close = clocks.close.allowed.due(hours, start)
    contact = min(close, *(each.contact.allowed.due(hours, start) for each in milder))
    accept = min(each.accept.allowed.due(hours, start) for each in milder)
    if clocks.accept.allowed.at_any_hour:  # an hour stays an hour, also five minutes before the door is shut
        contact, close = max(contact, accept), max(close, accept)
    accept = min(accept, contact)
    return Dues(accept, contact, close, hours is None)


def renew(work: Work, content: Content, concern: Concern, start: dt.datetime | None = None) -> Concern:
    """Set the due times by the desk and the level that the concern has now; the clocks start anew (now, or then).

    To be called whenever one of the two has changed: opened, moved, handed on, reopened, level raised.
    """
    found = dues(content, concern.window, concern.level, start or work.now)
    return concerns.set_dues(work, concern, found.accept, found.contact, found.close)


def hurry(work: Work, content: Content, concern: Concern) -> Concern:
    """It has become more urgent: a due time comes nearer by that, or stays; it never moves away."""
    new = dues(content, concern.window, concern.level, work.now)
    return concerns.set_dues(
        work,
        concern,
        min(concern.accept_due or new.accept, new.accept),
        min(concern.contact_due or new.contact, new.contact),
        min(concern.close_due or new.close, new.close),
    )


def expectation(
    content: Content, window: Window | str, level: int, now: dt.datetime, night: Iterable[str] = ()
) -> Expectation:
    """What can be said at this moment. `night`: keys of the hotlines that belong to the kind of concern."""
    hours = hours_of(content, window)
    known = hours or OFFICE
    here = now.astimezone(TOKYO)
    lines = [content.hotlines[key] for key in dict.fromkeys(night) if key in content.hotlines]
    return Expectation(
        open_now=known.open_at(here),
        read_from=known.next_opening(here),
        accept_by=dues(content, window, level, here).accept,
        answering=tuple(line for line in lines if line.open_at(here)),
        assumed=hours is None,
    )


def hours_of(content: Content, window: Window | str) -> WeeklyHours | None:
    """The opening hours of a desk; None where they (or the desk) are not known."""
    found = content.windows_by_key.get(window) if isinstance(window, str) else window
    return found.hours if found else None


def overdue(concern: Concern, now: dt.datetime) -> tuple[ClockName, ...]:
    """Which of the three clocks have run out without the deed; none for a concern that is closed or merged."""
    if concern.state == "closed":
        return ()
    waiting: tuple[tuple[ClockName, bool, dt.datetime | None], ...] = (
        ("accept", concern.state == "sent", concern.accept_due),
        ("contact", concern.state in ("sent", "accepted"), concern.contact_due),
        ("close", True, concern.close_due),
    )
    return tuple(clock for clock, is_waiting, due in waiting if is_waiting and due and due <= now)


def due_of(concern: Concern, clock: ClockName) -> dt.datetime | None:
    """When this clock of the concern runs out."""
    match clock:
        case "accept":
            return concern.accept_due
        case "contact":
            return concern.contact_due
        case "close":
            return concern.close_due
