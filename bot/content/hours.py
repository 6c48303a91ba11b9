"""When a desk or a hotline can be reached, so that nobody is sent to a closed door first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import jpholiday

TOKYO: Final = ZoneInfo("Asia/Tokyo")
DAY_NAMES: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAY: Final = "holiday"
_GROUPS: Final = {
    "weekdays": ("mon", "tue", "wed", "thu", "fri"),
    "weekend": ("sat", "sun"),
    "every_day": DAY_NAMES,
}
_SPAN_KEYS: Final = {"days", "month_days", "from", "to", "closed_on_holidays"}
_HOURS_KEYS: Final = {
    "always",
    "spans",
    "closed_on_holidays",
    "closed_year_end",
    "closed_dates",
    "valid_from",
    "valid_to",
}
_HORIZON_DAYS: Final = 400
"""How far ahead an opening is looked for; longer than a year covers every yearly pattern."""


@dataclass(frozen=True)
class Span:
    """One stretch of opening, repeated on some days; `end` at or before `start` runs into the next day."""

    start: time
    end: time
    days: frozenset[int] = frozenset()
    """Days of the week, Monday is 0."""
    month_days: frozenset[int] = frozenset()
    """Days of the month, for lines such as "the 10th of every month"."""
    holidays: bool = False
    """Also on public holidays, whatever day of the week they fall on."""
    closed_on_holidays: bool = False

    def begins_on(self, day: date) -> bool:
        """Whether the stretch begins on this day."""
        if day.day in self.month_days:
            return True
        if not (day.weekday() in self.days or self.holidays):
            return False
        if not (self.holidays or self.closed_on_holidays):
            return True
        holiday = jpholiday.is_holiday(day)
        if self.holidays and holiday:
            return True
        return day.weekday() in self.days and not (self.closed_on_holidays and holiday)

    def on(self, day: date) -> tuple[datetime, datetime]:
        """Beginning and end (exclusive) of the stretch that begins on this day, in Tokyo time."""
        begin = datetime.combine(day, self.start, TOKYO)
        last = day if self.end > self.start else day + timedelta(days=1)
        return begin, datetime.combine(last, self.end, TOKYO)


@dataclass(frozen=True)
class WeeklyHours:
    """Opening hours in Japan: spans of the week, public holidays, the turn of the year, own closed days."""

    spans: tuple[Span, ...] = ()
    always: bool = False
    closed_year_end: bool = False
    """Closed from 29 December to 3 January."""
    closed_dates: frozenset[date] = frozenset()
    valid_from: date | None = None
    valid_to: date | None = None
    """Outside of these dates (both included) the place is not there at all."""

    def open_at(self, moment: datetime) -> bool:
        """Whether somebody answers at this moment; a moment without a zone raises ValueError."""
        here = _in_tokyo(moment)
        if self.always:
            return self._works_on(here.date())
        nearby = (here.date() - timedelta(days=1), here.date())
        return any(begin <= here < end for begin, end in self._stretches(nearby))

    def next_opening(self, moment: datetime) -> datetime | None:
        """The first moment from `moment` on at which it is open (in Tokyo time); None if there is none."""
        here = _in_tokyo(moment)
        if self.open_at(here):
            return here
        if self.always:
            return self._next_day_of_always(here.date())
        first = here.date()
        if self.valid_from is not None and self.valid_from > first:
            first = self.valid_from
        for ahead in range(_HORIZON_DAYS):
            day = first + timedelta(days=ahead)
            begins = [begin for begin, _ in self._stretches((day,)) if begin > here]
            if begins:
                return min(begins)
        return None

    def stretches_on(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The stretches that begin on this day, in order; a place that is always open has the whole day."""
        if not self.always:
            return tuple(sorted(self._stretches((day,))))
        midnight = datetime.combine(day, time(0), TOKYO)
        return ((midnight, midnight + timedelta(days=1)),) if self._works_on(day) else ()

    def _next_day_of_always(self, today: date) -> datetime | None:
        first = max(today, self.valid_from or today)
        for ahead in range(_HORIZON_DAYS):
            day = first + timedelta(days=ahead)
            if self._works_on(day):
                return datetime.combine(day, time(0), TOKYO)
        return None

    def _stretches(self, days: Iterable[date]) -> Iterator[tuple[datetime, datetime]]:
        for day in days:
            if self._works_on(day):
                yield from (span.on(day) for span in self.spans if span.begins_on(day))

    def _works_on(self, day: date) -> bool:
        if self.valid_from is not None and day < self.valid_from:
            return False
        if self.valid_to is not None and day > self.valid_to:
            return False
        if day in self.closed_dates:
            return False
        return not (self.closed_year_end and turn_of_the_year(day))


def parse_hours(mapping: Mapping[str, object]) -> WeeklyHours:
    """Reads hours as they stand in content files; ValueError says in words what is wrong."""
    if not isinstance(mapping, Mapping):
        raise ValueError(f"hours must be a mapping, not {mapping!r}")
    _only_known(mapping, _HOURS_KEYS, "hours")
    always = _flag(mapping, "always")
    raw_spans = mapping.get("spans", [])
    if not isinstance(raw_spans, list):
        raise ValueError("spans must be a list")
    if always == bool(raw_spans):
        raise ValueError("say either `always: true` or `spans`, exactly one of them")
    shut = _flag(mapping, "closed_on_holidays")
    if always and shut:
        raise ValueError("`always` and `closed_on_holidays` contradict each other")
    valid_from, valid_to = _date(mapping, "valid_from"), _date(mapping, "valid_to")
    if valid_from and valid_to and valid_from > valid_to:
        raise ValueError(f"valid_from {valid_from} is after valid_to {valid_to}")
    return WeeklyHours(
        spans=tuple(_span(raw, shut) for raw in raw_spans),
        always=always,
        closed_year_end=_flag(mapping, "closed_year_end"),
        closed_dates=_dates(mapping.get("closed_dates", [])),
        valid_from=valid_from,
        valid_to=valid_to,
    )


def turn_of_the_year(day: date) -> bool:
    """29 December to 3 January, when offices are closed."""
    return (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)


def _in_tokyo(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(TOKYO)


def _span(raw: object, closed_on_holidays: bool) -> Span:
    if not isinstance(raw, Mapping):
        raise ValueError(f"a span must be a mapping with days, from and to, not {raw!r}")
    _only_known(raw, _SPAN_KEYS, "a span")
    days, holidays = _days(raw.get("days", []))
    month_days = _month_days(raw.get("month_days", []))
    if not (days or holidays or month_days):
        raise ValueError("a span needs `days` or `month_days`")
    if holidays and raw.get("closed_on_holidays"):
        raise ValueError("a span cannot be open and closed on holidays")
    return Span(
        start=_time(raw, "from"),
        end=_time(raw, "to"),
        days=days,
        month_days=month_days,
        holidays=holidays,
        closed_on_holidays=not holidays and _flag(raw, "closed_on_holidays", closed_on_holidays),
    )


def _only_known(mapping: Mapping[str, object], known: set[str], where: str) -> None:
    unknown = sorted(str(key) for key in mapping if key not in known)
    if unknown:
        raise ValueError(f"{where}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}")


def _flag(mapping: Mapping[str, object], key: str, default: bool = False) -> bool:
    value = mapping.get(key, default)
    if not isinstance(value, bool):
        raise ValueError(f"{key} must be true or false, not {value!r}")
    return value


def _days(raw: object) -> tuple[frozenset[int], bool]:
    names = [raw] if isinstance(raw, str) else raw
    if not isinstance(names, list):
        raise ValueError(f"days must be a list such as [mon, fri], not {raw!r}")
    spelled: list[str] = []
    for name in names:
        if name in _GROUPS:
            spelled += _GROUPS[name]
        elif name in DAY_NAMES or name == HOLIDAY:
            spelled.append(name)
        else:
            allowed = ", ".join((*DAY_NAMES, HOLIDAY, *_GROUPS))
            raise ValueError(f"unknown day {name!r}; known are {allowed}")
    return frozenset(DAY_NAMES.index(name) for name in spelled if name != HOLIDAY), HOLIDAY in spelled


def _month_days(raw: object) -> frozenset[int]:
    if not isinstance(raw, list) or not all(type(day) is int and 1 <= day <= 31 for day in raw):
        raise ValueError(f"month_days must be a list of 1 to 31, not {raw!r}")
    return frozenset(raw)


def _time(raw: Mapping[str, object], key: str) -> time:
    """Times are quoted in YAML ("08:30"): unquoted, YAML 1.1 reads 16:00 as the number 960."""
    value = raw.get(key)
    if value == "24:00":
        return time(0)
    if isinstance(value, str) and len(value) == 5:
        try:
            return time.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError(f'{key} must be a quoted time such as "08:30", not {value!r}')


def _date(mapping: Mapping[str, object], key: str) -> date | None:
    value = mapping.get(key)
    return None if value is None else _as_date(value, key)


def _dates(raw: object) -> frozenset[date]:
    if not isinstance(raw, list):
        raise ValueError(f"closed_dates must be a list of dates, not {raw!r}")
    return frozenset(_as_date(value, "closed_dates") for value in raw)


def _as_date(value: object, key: str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError(f"{key}: {value!r} is no date; write it as 2026-12-29")
