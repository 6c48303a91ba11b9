"""On which days something comes again: every N days or weeks, days of the month, 第2火曜, a list. Pure; Asia/Tokyo.

A rule is asked day by day (`falls_on`), so that every sort of pattern is one line that can be read aloud. Moving away
from a holiday is asked from the day of arrival: is there a holiday before (or after) it whose turn would land here?
Two turns that land on one day are one turn.
"""

from __future__ import annotations

import calendar
import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

import jpholiday

from bot.content.hours import DAY_NAMES, TOKYO

LAST: Final = -1  # 月末 among days of the month, 最終 among the weeks of a weekday
MOST: Final = 366  # days or weeks between two turns; who wants fewer writes a list of dates
_DAY: Final = dt.timedelta(days=1)
_LATEST: Final = dt.date(2999, 12, 31)  # what is later is a slip of the finger, and dt.date ends at 9999
HORIZON: Final = dt.timedelta(days=3653)  # ten years: a rule without a day in them has none

OnHoliday = Literal["send", "skip", "before", "after"]
ON_HOLIDAY: Final[tuple[OnHoliday, ...]] = ("send", "skip", "before", "after")


@dataclass(frozen=True)
class EveryDays:
    """Every N days, counted from the rule's first day; 1 is daily."""

    every: int = 1

    def __post_init__(self) -> None:
        _within("every", (self.every,), 1, MOST)

    def falls_on(self, day: dt.date, first: dt.date) -> bool:
        return (day - first).days % self.every == 0


@dataclass(frozen=True)
class EveryWeeks:
    """On weekdays (Monday is 0) of every Nth week, weeks beginning on Monday. The week that counts first is that of
    the first such weekday: from a Tuesday on, 「2週ごと 月」 begins on the next Monday, not on the one after it."""

    weekdays: frozenset[int]
    every: int = 1

    def __post_init__(self) -> None:
        _within("every", (self.every,), 1, MOST)
        _within("weekdays", self.weekdays, 0, 6)

    def falls_on(self, day: dt.date, first: dt.date) -> bool:
        if day.weekday() not in self.weekdays:
            return False
        begin = first + min((weekday - first.weekday()) % 7 for weekday in self.weekdays) * _DAY
        return (_monday(day) - _monday(begin)).days // 7 % self.every == 0


@dataclass(frozen=True)
class MonthDays:
    """On days of each month; LAST is 月末. A month without a 31st has no turn for it."""

    days: frozenset[int]

    def __post_init__(self) -> None:
        _within("days", self.days - {LAST}, 1, 31, or_none=LAST in self.days)

    def falls_on(self, day: dt.date, first: dt.date) -> bool:
        return day.day in self.days or (LAST in self.days and day.day == _length(day))


@dataclass(frozen=True)
class MonthWeekdays:
    """第2・第4火曜: the Nth such weekday of each month; LAST is 最終. A month without a fifth has no turn for it."""

    weeks: frozenset[int]
    weekdays: frozenset[int]

    def __post_init__(self) -> None:
        _within("weeks", self.weeks - {LAST}, 1, 5, or_none=LAST in self.weeks)
        _within("weekdays", self.weekdays, 0, 6)

    def falls_on(self, day: dt.date, first: dt.date) -> bool:
        if day.weekday() not in self.weekdays:
            return False
        return (day.day - 1) // 7 + 1 in self.weeks or (LAST in self.weeks and day.day + 7 > _length(day))


@dataclass(frozen=True)
class Dates:
    """A list of days, each of them once."""

    dates: frozenset[dt.date]

    def __post_init__(self) -> None:
        if not self.dates:
            raise BadRule("dates", "is empty")

    def falls_on(self, day: dt.date, first: dt.date) -> bool:
        return day in self.dates


Pattern = EveryDays | EveryWeeks | MonthDays | MonthWeekdays | Dates


class BadRule(ValueError):
    """This is no rule; `field` says where in it the trouble is."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field


@dataclass(frozen=True)
class Rule:
    """When something comes again. `at` is the wall clock in Tokyo.

    Nothing falls before `first` or after `last`, also not by moving away from a holiday. What falls on an excluded day
    or weekday is left out, and nothing is moved there.
    """

    at: dt.time
    pattern: Pattern
    first: dt.date
    last: dt.date | None = None
    except_days: frozenset[dt.date] = frozenset()
    except_weekdays: frozenset[int] = frozenset()
    on_holiday: OnHoliday = "send"

    def __post_init__(self) -> None:
        _near("from", self.first)
        if isinstance(self.pattern, Dates) and max(self.pattern.dates) > self.first + HORIZON:
            raise BadRule("dates", f"{max(self.pattern.dates)} is more than ten years after {self.first}")
        if self.last is not None:
            _near("until", self.last)
            if self.last < self.first:
                raise BadRule("until", f"{self.last} is before {self.first}")
        _within("except_weekdays", self.except_weekdays, 0, 6, or_none=True)
        if self.at.tzinfo is not None or self.at.second or self.at.microsecond:
            raise BadRule("at", "is a time of the wall clock, in whole minutes")

    def moment(self, day: dt.date) -> dt.datetime:
        """When on this day, in Tokyo time."""
        return dt.datetime.combine(day, self.at, TOKYO)


def falls_on(rule: Rule, day: dt.date) -> bool:
    """Whether this day has a turn."""
    if not _open(rule, day):
        return False
    own = rule.pattern.falls_on(day, rule.first)
    match rule.on_holiday:
        case "send":
            return own
        case "skip":
            return own and not holiday(day)
        case "before":
            return (own and not holiday(day)) or _takes(rule, day, _DAY)
        case "after":
            return (own and not holiday(day)) or _takes(rule, day, -_DAY)


def due_days(rule: Rule, from_: dt.date, until: dt.date) -> Iterator[dt.date]:
    """The days with a turn from `from_` to `until`, both included, one after the other."""
    day, end = max(from_, rule.first), min(until, rule.last or _LATEST, _LATEST)
    while day <= end:
        if falls_on(rule, day):
            yield day
        day += _DAY


def next_due(rule: Rule, after: dt.datetime) -> dt.datetime | None:
    """The first turn later than this moment, in Tokyo time; None where ten years have none."""
    begin = max(after.astimezone(TOKYO).date(), rule.first)
    moments = (rule.moment(day) for day in due_days(rule, begin, begin + HORIZON))
    return next((moment for moment in moments if moment > after), None)


@lru_cache(maxsize=8192)
def holiday(day: dt.date) -> str | None:
    """The name of the public holiday, if it is one. Kept: the library takes 0.2 ms for a day."""
    name: str | None = jpholiday.is_holiday_name(day)
    return name


def _takes(rule: Rule, day: dt.date, step: dt.timedelta) -> bool:
    """Whether this day takes the turn of a holiday: one that lies along `step`, with no day between that could."""
    if not _is_working(day):
        return False
    there = day + step
    while _within_period(rule, there) and not (_is_working(there) and _open(rule, there)):
        if holiday(there) and _open(rule, there) and rule.pattern.falls_on(there, rule.first):
            return True
        there += step
    return False


def _open(rule: Rule, day: dt.date) -> bool:
    excluded = day in rule.except_days or day.weekday() in rule.except_weekdays
    return _within_period(rule, day) and not excluded


def _within_period(rule: Rule, day: dt.date) -> bool:
    return rule.first <= day <= (rule.last or _LATEST)


def _is_working(day: dt.date) -> bool:
    return day.weekday() < 5 and not holiday(day)


def _monday(day: dt.date) -> dt.date:
    return day - day.weekday() * _DAY


def _length(day: dt.date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _within(
    field: str, numbers: frozenset[int] | tuple[int, ...], low: int, high: int, or_none: bool = False
) -> None:
    if not numbers and not or_none:
        raise BadRule(field, "is empty")
    for number in numbers:
        if type(number) is not int or not low <= number <= high:
            raise BadRule(field, f"{number!r} is not one of {low} to {high}")


def _near(field: str, day: dt.date) -> None:
    if day > _LATEST:
        raise BadRule(field, f"{day} is too far away")


# ---- as text that can be kept ----------------------------------------------------------------------------------------


def to_json(rule: Rule) -> str:
    """The rule as `from_json` reads it."""
    pattern: dict[str, Any]
    match rule.pattern:
        case EveryDays(every):
            pattern = {"kind": "days", "every": every}
        case EveryWeeks(weekdays, every):
            pattern = {"kind": "weeks", "every": every, "weekdays": _names(weekdays)}
        case MonthDays(days):
            pattern = {"kind": "month_days", "days": sorted(days)}
        case MonthWeekdays(weeks, weekdays):
            pattern = {"kind": "month_weekdays", "weeks": sorted(weeks), "weekdays": _names(weekdays)}
        case Dates(dates):
            pattern = {"kind": "dates", "dates": _written(dates)}
    whole = {
        "at": f"{rule.at:%H:%M}",
        "pattern": pattern,
        "from": rule.first.isoformat(),
        "until": rule.last and rule.last.isoformat(),
        "except_days": _written(rule.except_days),
        "except_weekdays": _names(rule.except_weekdays),
        "on_holiday": rule.on_holiday,
    }
    return json.dumps(whole, ensure_ascii=False)


def from_json(text: str) -> Rule:
    """The rule that was written; BadRule names the field that is missing, unknown or wrong."""
    try:
        whole = json.loads(text)
    except ValueError as wrong:
        raise BadRule("rule", f"is no JSON: {wrong}") from None
    fields = ("at", "pattern", "from", "until", "except_days", "except_weekdays", "on_holiday")
    at, pattern, first, last, days, weekdays, on_holiday = _fields("rule", whole, fields)
    if on_holiday not in ON_HOLIDAY:
        raise BadRule("on_holiday", f"{on_holiday!r} is none of {', '.join(ON_HOLIDAY)}")
    return Rule(
        at=_clock("at", at),
        pattern=_pattern(pattern),
        first=_date("from", first),
        last=None if last is None else _date("until", last),
        except_days=frozenset(_date("except_days", day) for day in _list("except_days", days)),
        except_weekdays=_weekdays("except_weekdays", weekdays),
        on_holiday=on_holiday,
    )


def _pattern(raw: object) -> Pattern:
    kind = raw.get("kind") if isinstance(raw, dict) else None
    match kind:
        case "days":
            _, every = _fields("pattern", raw, ("kind", "every"))
            return EveryDays(every)
        case "weeks":
            _, every, weekdays = _fields("pattern", raw, ("kind", "every", "weekdays"))
            return EveryWeeks(_weekdays("weekdays", weekdays), every)
        case "month_days":
            _, days = _fields("pattern", raw, ("kind", "days"))
            return MonthDays(frozenset(_list("days", days)))
        case "month_weekdays":
            _, weeks, weekdays = _fields("pattern", raw, ("kind", "weeks", "weekdays"))
            return MonthWeekdays(frozenset(_list("weeks", weeks)), _weekdays("weekdays", weekdays))
        case "dates":
            _, dates = _fields("pattern", raw, ("kind", "dates"))
            return Dates(frozenset(_date("dates", day) for day in _list("dates", dates)))
        case _:
            raise BadRule("pattern.kind", f"{kind!r} is no kind of pattern")


def _fields(where: str, raw: object, names: tuple[str, ...]) -> list[Any]:
    """The values of exactly these fields, in this order."""
    if not isinstance(raw, dict):
        raise BadRule(where, f"{raw!r} is no object")
    for name in names:
        if name not in raw:
            raise BadRule(name, "is missing")
    for name in raw:
        if name not in names:
            raise BadRule(name, "is unknown")
    return [raw[name] for name in names]


def _list(field: str, raw: object) -> list[Any]:
    """A list of plain values: of numbers or words, which a set can hold."""
    if not isinstance(raw, list) or not all(isinstance(value, (int, str)) for value in raw):
        raise BadRule(field, f"{raw!r} is no list of numbers or words")
    return raw


def _weekdays(field: str, raw: object) -> frozenset[int]:
    names = _list(field, raw)
    for name in names:
        if name not in DAY_NAMES:
            raise BadRule(field, f"{name!r} is none of {', '.join(DAY_NAMES)}")
    return frozenset(DAY_NAMES.index(name) for name in names)


def _date(field: str, raw: object) -> dt.date:
    if isinstance(raw, str) and len(raw) == len("2026-12-01"):
        try:
            return dt.date.fromisoformat(raw)
        except ValueError:
            pass
    raise BadRule(field, f"{raw!r} is no date such as 2026-12-01")


def _clock(field: str, raw: object) -> dt.time:
    if isinstance(raw, str) and len(raw) == len("10:00"):
        try:
            return dt.time.fromisoformat(raw)
        except ValueError:
            pass
    raise BadRule(field, f"{raw!r} is no time such as 10:00")


def _names(weekdays: frozenset[int]) -> list[str]:
    return [DAY_NAMES[weekday] for weekday in sorted(weekdays)]


def _written(days: frozenset[dt.date]) -> list[str]:
    return [day.isoformat() for day in sorted(days)]
