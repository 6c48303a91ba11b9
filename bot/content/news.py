"""When the digests of news go out, read from content/news.yaml: at once, once a week, once a month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

import jpholiday

from bot.content.errors import ContentError
from bot.content.hours import TOKYO, turn_of_the_year
from bot.content.yaml_files import tree_of

Rhythm = Literal["each", "week", "month"]
RHYTHMS: Final[tuple[Rhythm, ...]] = get_args(Rhythm)  # each one rarer than the one before it
FIRST_WEEKDAY: Final = "first_weekday"
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EARLIEST, _LATEST = dt.time(8), dt.time(17)
_UNTIL: Final = dt.time(18)  # what was held up goes out until then, or on the next day
_MADE_UP_FOR: Final = dt.timedelta(days=7)
_LONGEST: Final = 120  # days
_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True)
class Turn:
    """The days on which a digest goes out. `on`: a weekday (week), a day of the month or FIRST_WEEKDAY (month)."""

    at: dt.time
    on: str | int | None = None

    def falls_on(self, day: dt.date) -> bool:
        match self.on:
            case None:
                return True
            case int():
                return day.day == self.on
            case "first_weekday":
                return _is_weekday(day) and not any(
                    _is_weekday(day.replace(day=n)) for n in range(1, day.day)
                )
            case name:
                return _WEEKDAYS[day.weekday()] == name


@dataclass(frozen=True)
class NewsPlan:
    """Everything in content/news.yaml. Topics `at_once` are told at once, whatever rhythm somebody chose."""

    turns: Mapping[Rhythm, Turn]
    at_once: tuple[str, ...]
    lasts: dt.timedelta

    def coming(self, rhythm: Rhythm, after: dt.datetime) -> dt.datetime:
        """The next time at which the digest of this rhythm goes out, in Tokyo time."""
        return next(moment for moment in self._moments(rhythm, after, 1) if moment > after)

    def last(self, rhythm: Rhythm, now: dt.datetime) -> dt.datetime:
        """The latest such time that is not in the future."""
        return next(moment for moment in self._moments(rhythm, now, -1) if moment <= now)

    def due(self, rhythm: Rhythm, now: dt.datetime) -> dt.datetime | None:
        """The turn that may go out at this moment: the latest, by day, and not more than a week late."""
        turn = self.last(rhythm, now)
        by_day = self.turns[rhythm].at <= now.astimezone(TOKYO).time() < _UNTIL
        return turn if by_day and now - turn < _MADE_UP_FOR else None

    def late_limit(self, now: dt.datetime) -> dt.timedelta:
        """How much later than now it may still go out today."""
        here = now.astimezone(TOKYO)
        return dt.datetime.combine(here.date(), _UNTIL, TOKYO) - here

    def _moments(self, rhythm: Rhythm, begin: dt.datetime, step: int) -> Iterator[dt.datetime]:
        """The moments of the days from this one on, or back from it."""
        turn, day = self.turns[rhythm], begin.astimezone(TOKYO).date()
        while True:
            if turn.falls_on(day):
                yield dt.datetime.combine(day, turn.at, TOKYO)
            day += step * _DAY


def _is_weekday(day: dt.date) -> bool:
    return day.weekday() < 5 and not jpholiday.is_holiday(day) and not turn_of_the_year(day)


def load_news(path: Path, topics: Collection[str]) -> NewsPlan:
    """Read and check the file; ContentError names what is wrong."""
    raw = tree_of(path)
    if not isinstance(raw, Mapping) or set(raw) != {"rhythms", "at_once", "lasts_days"}:
        raise ContentError(path.name, "", "exactly rhythms, at_once and lasts_days are expected")
    rhythms = raw["rhythms"]
    if not isinstance(rhythms, Mapping) or set(rhythms) != set(RHYTHMS):
        raise ContentError(path.name, "rhythms", f"exactly {', '.join(RHYTHMS)} are expected")
    turns: dict[Rhythm, Turn] = {}
    for rhythm in RHYTHMS:
        try:
            turns[rhythm] = _turn(rhythm, rhythms[rhythm])
        except ValueError as trouble:
            raise ContentError(path.name, f"rhythms: {rhythm}", str(trouble)) from trouble
    at_once = raw["at_once"]
    if not isinstance(at_once, list) or not set(at_once) <= set(topics):
        raise ContentError(
            path.name, "at_once", "a list of topics from topics.yaml is expected ([] for none)"
        )
    lasts = raw["lasts_days"]
    if type(lasts) is not int or not 1 <= lasts <= _LONGEST:
        raise ContentError(path.name, "lasts_days", f"a number of days from 1 to {_LONGEST} is expected")
    return NewsPlan(turns, tuple(at_once), dt.timedelta(days=lasts))


def _turn(rhythm: Rhythm, entry: Any) -> Turn:
    expected = {"at"} if rhythm == "each" else {"day", "at"}
    if not isinstance(entry, Mapping) or set(entry) != expected:
        raise ValueError(f"exactly {', '.join(sorted(expected))} are expected")
    try:
        at = dt.time.fromisoformat(str(entry["at"]))
    except ValueError:
        raise ValueError(f'at: a time like "10:00" is expected, not {entry["at"]!r}') from None
    if at.tzinfo is not None or not _EARLIEST <= at <= _LATEST:
        raise ValueError("at: a time between 8:00 and 17:00 is expected")
    on = entry.get("day")
    if rhythm == "week" and on not in _WEEKDAYS:
        raise ValueError(f"day: one of {', '.join(_WEEKDAYS)} is expected, not {on!r}")
    if rhythm == "month" and on != FIRST_WEEKDAY and not (type(on) is int and 1 <= on <= 28):
        raise ValueError(f"day: a day from 1 to 28, or {FIRST_WEEKDAY}, is expected, not {on!r}")
    return Turn(at, on)
