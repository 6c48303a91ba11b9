"""How long a desk has to act, per level of urgency, and who is reminded then; read from content/clocks.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, get_args

from bot.content import business_time
from bot.content.errors import ContentError
from bot.content.hours import TOKYO, WeeklyHours
from bot.content.yaml_files import tree_of

ClockName = Literal["accept", "contact", "close"]
Step = Literal["desk", "leader", "department", "duty"]

CLOCKS: Final[tuple[ClockName, ...]] = get_args(ClockName)
STEPS: Final[tuple[Step, ...]] = get_args(Step)
LEVELS: Final = range(5)
_UNITS: Final = ("minutes", "business_hours", "business_days")
_YEAR: Final = {"minutes": 525_600, "business_hours": 2_000, "business_days": 250}
"""More than about a year in any unit is a slip of the pen."""


@dataclass(frozen=True)
class Allowance:
    """So much time: by the clock on the wall, in open hours or in opening days; of two, the earlier counts."""

    minutes: int | None = None
    business_hours: float | None = None
    business_days: int | None = None

    @property
    def at_any_hour(self) -> bool:
        """It runs also while the desk is closed."""
        return self.minutes is not None

    def due(self, hours: WeeklyHours | None, start: datetime) -> datetime:
        """When it is over for a desk with these hours; a desk that opens no more counts as a usual office."""
        ends = []
        if self.minutes is not None:
            ends.append(start.astimezone(TOKYO) + timedelta(minutes=self.minutes))
        if self.minutes is None or self.business_hours is not None or self.business_days is not None:
            try:
                ends.append(self._in_business_time(hours, start))
            except business_time.NeverOpen:
                ends.append(self._in_business_time(None, start))
        return min(ends)

    def _in_business_time(self, hours: WeeklyHours | None, start: datetime) -> datetime:
        if self.business_days is not None:
            return business_time.end_of_day(hours, start, self.business_days)
        return business_time.after(hours, start, timedelta(hours=self.business_hours or 0))


@dataclass(frozen=True)
class Clock:
    """One of the three: how long there is, and who is reminded how long after that."""

    allowed: Allowance
    steps: Mapping[Step, Allowance]


@dataclass(frozen=True)
class LevelClocks:
    """The three clocks of one level."""

    accept: Clock
    contact: Clock
    close: Clock

    def named(self, name: ClockName) -> Clock:
        match name:
            case "accept":
                return self.accept
            case "contact":
                return self.contact
            case "close":
                return self.close


def load_clocks(path: Path) -> dict[int, LevelClocks]:
    """By level; ContentError names file, level and field."""
    raw = tree_of(path)
    if not isinstance(raw, list) or not raw:
        raise ContentError(path.name, "", "a list of levels is expected")
    found: dict[int, LevelClocks] = {}
    for number, entry in enumerate(raw, 1):
        level = entry.get("level") if isinstance(entry, Mapping) else None
        where = f"number {number}" if level is None else f"level {level}"
        try:
            if type(level) is not int or level not in LEVELS:
                raise ValueError(f"level: 0 to 4 is expected, not {level!r}")
            if level in found:
                raise ValueError("level: is there twice")
            found[level] = _level(entry)
        except ValueError as trouble:
            raise ContentError(path.name, where, str(trouble)) from trouble
    if missing := [level for level in LEVELS if level not in found]:
        raise ContentError(path.name, f"level {missing[0]}", "is missing")
    quickest = found[0].accept.allowed
    if not quickest.at_any_hour:
        raise ContentError(path.name, "level 0", "accept: due: needs minutes; a life at risk does not wait")
    return found


def _level(entry: Mapping[str, Any]) -> LevelClocks:
    _only(entry, ("level", *CLOCKS))
    return LevelClocks(_clock(entry, "accept"), _clock(entry, "contact"), _clock(entry, "close"))


def _clock(entry: Mapping[str, Any], name: ClockName) -> Clock:
    raw = entry.get(name)
    try:
        if not isinstance(raw, Mapping):
            raise ValueError("due and desk are expected")
        _only(raw, ("due", *STEPS))
        for needed in ("due", "desk"):
            if needed not in raw:
                raise ValueError(f"{needed} is missing")
        allowed = _allowance("due", raw["due"], _UNITS, least=1)
        steps: dict[Step, Allowance] = {
            step: _allowance(step, raw[step], ("minutes", "business_hours"), least=0)
            for step in STEPS
            if step in raw
        }
        _in_order(steps)
    except ValueError as trouble:
        raise ValueError(f"{name}: {trouble}") from trouble
    return Clock(allowed, steps)


def _allowance(field: str, raw: object, units: tuple[str, ...], least: int) -> Allowance:
    if not isinstance(raw, Mapping) or not raw:
        raise ValueError(f"{field}: something like {{{units[0]}: 30}} is expected, not {raw!r}")
    try:
        _only(raw, units)
    except ValueError as trouble:
        raise ValueError(f"{field}: {trouble}") from trouble
    if "business_hours" in raw and "business_days" in raw:
        raise ValueError(f"{field}: business_hours or business_days, not both")
    if least == 0 and len(raw) > 1:
        raise ValueError(f"{field}: minutes or business_hours, not both")
    for unit, value in raw.items():
        lowest = 0 if unit == "business_days" else least  # 0 opening days: the closing time that comes next
        fitting = type(value) is int or (unit == "business_hours" and type(value) is float)
        if not fitting or not lowest <= value <= _YEAR[unit]:
            raise ValueError(
                f"{field}: {unit}: a number from {lowest} to {_YEAR[unit]} is expected, not {value!r}"
            )
    return Allowance(raw.get("minutes"), raw.get("business_hours"), raw.get("business_days"))


def _in_order(steps: Mapping[Step, Allowance]) -> None:
    """Nobody is told before the one below: that is only sure where all count in the same unit."""
    if len({each.at_any_hour for each in steps.values()}) > 1:
        raise ValueError("all steps count either in minutes or in business_hours")
    before: float = 0
    for step, each in steps.items():
        delay = each.minutes if each.minutes is not None else each.business_hours or 0
        if delay < before:
            raise ValueError(f"{step}: comes before the step above it")
        before = delay


def _only(entry: Mapping[str, Any], known: tuple[str, ...]) -> None:
    if unknown := sorted(str(name) for name in entry if name not in known):
        raise ValueError(f"unknown {', '.join(unknown)}; known are {', '.join(known)}")
