"""Time that counts only while a desk is open: "half a day" on the 28th of December ends in January.

All moments need a zone; all answers are in Tokyo time. Where the hours of a desk are not known (None), the usual
ones of public offices stand in, and whoever shows the result says that they were assumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final

from bot.content.hours import TOKYO, Span, WeeklyHours

OFFICE: Final = WeeklyHours(
    spans=(Span(time(8, 30), time(17, 15), frozenset(range(5)), closed_on_holidays=True),),
    closed_year_end=True,
)
"""Weekdays 8:30 to 17:15, not on public holidays, not from 29 December to 3 January."""

_DAY: Final = timedelta(days=1)
_QUIET_DAYS: Final = 400
"""A desk that does not open once in so many days does not open any more."""


class NeverOpen(ValueError):
    """These hours hold no opening in the year to come."""


def after(hours: WeeklyHours | None, start: datetime, business: timedelta) -> datetime:
    """The first moment at which so much open time has passed since `start`.

    It lies in open time or is a closing time: 8:45 hours from 8:30 on end at 17:15 of that day. No time at all
    means the first open moment from `start` on.
    """
    if business < timedelta(0):
        raise ValueError("business time runs forward only")
    left = business
    for begin, end in _open_time(hours, start):
        if begin + left <= end:
            return begin + left
        left -= end - begin
    raise NeverOpen("no opening in the year to come")


def end_of_day(hours: WeeklyHours | None, start: datetime, n: int) -> datetime:
    """The closing time of the n-th opening day after the day of `start`.

    - The day of `start` itself does not count (as in 初日不算入): one opening day from a Tuesday, at whatever hour,
      ends at closing time on Wednesday; from a Saturday at closing time on Monday.
    - n = 0 is the closing time that comes next: today's where that is still to come, else the next opening day's.
    - A day is named after its opening: a desk that is open from 22:00 to 6:00 closes "on Tuesday" on Wednesday at
      6:00, and Wednesday 3:00 belongs to Tuesday. With a break at noon the last closing time counts.
    """
    if n < 0:
        raise ValueError("opening days are counted forward only")
    here = _in_tokyo(start)
    day = here.date() - _DAY
    last = _closing(hours, day)
    if last is None or last < here:
        day += _DAY
    left, quiet = n, 0
    if n == 0:
        today = _closing(hours, day)
        if today is not None and today > here:
            return today
        left = 1
    while quiet < _QUIET_DAYS:
        day += _DAY
        closing = _closing(hours, day)
        quiet = quiet + 1 if closing is None else 0
        if closing is not None:
            left -= 1
            if left == 0:
                return closing
    raise NeverOpen("no opening in the year to come")


def elapsed(hours: WeeklyHours | None, start: datetime, end: datetime) -> timedelta:
    """The open time between two moments; none where `end` is not after `start`."""
    until = _in_tokyo(end)
    total = timedelta(0)
    for begin, closing in _open_time(hours, start, until.date()):
        if begin >= until:
            break
        total += min(closing, until) - begin
    return total


def _open_time(
    hours: WeeklyHours | None, start: datetime, last_day: date | None = None
) -> Iterator[tuple[datetime, datetime]]:
    """Stretches of open time from `start` on, in order and without overlaps; day by day, never by minutes."""
    known = hours or OFFICE
    reached = _in_tokyo(start)
    day, quiet = reached.date() - _DAY, 0  # yesterday's stretch may run past midnight
    while day <= last_day if last_day else quiet < _QUIET_DAYS:
        stretches = known.stretches_on(day)
        for begin, end in stretches:
            if end > reached:
                yield max(begin, reached), end
                reached = end
        quiet = 0 if stretches else quiet + 1
        day += _DAY


def _closing(hours: WeeklyHours | None, day: date) -> datetime | None:
    """When the desk closes for good after opening on this day; None where it does not open."""
    return max((end for _, end in (hours or OFFICE).stretches_on(day)), default=None)


def _in_tokyo(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(TOKYO)
