"""Proves that every concern reaches a desk where somebody lives, and names every gap once.

Walked are all towns × kinds × levels × types of day, each on a concrete coming date, through the same `route` that
a concern takes. Broken is a way that ends at no desk, at one that never opens again, or at one where no e-mail is
read; everything else is a warning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import product
from typing import Final, Literal

import jpholiday

from bot.content.hours import TOKYO, turn_of_the_year
from bot.content.places import URGENT, Route, Town, Window, living, route

Problem = Literal[
    "no_general", "no_recipient", "only_noreply", "only_bounced", "never_opens",
    "closed_long", "does_not_read", "no_night", "night_does_not_read", "dead_reference", "noreply", "bounced",
    "not_verified", "verified_in_future", "no_phone", "no_hours", "unreached", "never_reads",
]  # fmt: skip
DayType = Literal["weekday", "weekday_night", "saturday", "sunday", "holiday", "year_end"]

LEVELS: Final = range(5)
VERIFIED_FOR: Final = timedelta(days=180)
LONGEST_CLOSED: Final = timedelta(days=14)
"""Longer than any row of holidays."""

_BY_DAY, _AT_NIGHT = time(10), time(21)
_NOBODY_READS: Final = ("noreply", "donotreply", "dontreply", "mailerdaemon", "henshinfuka", "soshinsenyo")
_NOBODY_READS_WORD: Final = {"bounce", "bounces", "postmaster", "nobody", "devnull", "unmonitored"}
_ADDRESSES: Final = ("recipients", "leader", "department", "duty")
_HORIZON_DAYS: Final = 400  # every type of day comes within a year


@dataclass(frozen=True)
class Spot:
    """One combination that was walked."""

    town: str
    kind: str
    level: int
    day: DayType
    at: datetime


@dataclass(frozen=True)
class Gap:
    """Something that is missing, once, with how many combinations it touches and one of them."""

    problem: Problem
    broken: bool
    """Nobody reads these combinations; else it is a warning."""
    desk: str | None
    town: str | None
    """Only where there is no desk to name."""
    combinations: int
    example: Spot | None
    about: str = ""
    """What in the entry is meant (`recipients 2`), or the key of the other desk."""


@dataclass(frozen=True)
class Proof:
    """What walking all combinations has shown."""

    combinations: int
    unread: int
    """Combinations without a desk that is there, or without anybody who reads."""
    gaps: tuple[Gap, ...]
    """What is broken first."""


def prove(
    windows: Sequence[Window],
    towns: Iterable[Town],
    kinds: Collection[str],
    on: date,
    dead: Collection[str] = (),
) -> Proof:
    """Walk everything from this day on. `dead` are addresses whose mail came back."""
    gaps, desks = _Gaps(), {window.key: window for window in windows}
    bounced = {address.casefold() for address in dead}
    walked = unread = 0
    readers: set[str] = set()
    for town in towns:
        serving = [window for window in windows if town.key in window.serves]
        for kind, level, (day, at) in product(kinds, LEVELS, types_of_day(on).items()):
            spot = Spot(town.key, kind, level, day, at)
            walked += 1
            try:
                way = route(serving, town.key, kind, level, at)
            except LookupError:
                gaps.add("no_general", spot, town=town.key, broken=True)
                unread += 1
                continue
            readers |= {way.reader.key, way.by_day.key}
            gaps.passed(spot, way)
            unread += _walk(way, spot, bounced, gaps)
    for window in windows:
        _look_at(window, desks, readers, on, bounced, gaps)
    return Proof(walked, unread, gaps.in_order(list(desks)))


def types_of_day(on: date) -> dict[DayType, datetime]:
    """The next day of each type from this one on, in Tokyo time."""

    def first(fits: Callable[[date], bool], hour: time = _BY_DAY) -> datetime:
        days = (on + timedelta(days=ahead) for ahead in range(_HORIZON_DAYS))
        return datetime.combine(next(day for day in days if fits(day)), hour, TOKYO)

    def plain(day: date) -> bool:
        return not jpholiday.is_holiday(day) and not turn_of_the_year(day)

    def working(day: date) -> bool:
        return day.weekday() < 5 and plain(day)

    return {
        "weekday": first(working),
        "weekday_night": first(working, _AT_NIGHT),
        "saturday": first(lambda day: day.weekday() == 5 and plain(day)),
        "sunday": first(lambda day: day.weekday() == 6 and plain(day)),
        "holiday": first(lambda d: d.weekday() < 5 and jpholiday.is_holiday(d) and not turn_of_the_year(d)),
        "year_end": first(lambda day: day.weekday() < 5 and turn_of_the_year(day)),
    }


def nobody_reads(address: str) -> bool:
    """Whether this is the address of a machine that only sends."""
    local = address.partition("@")[0].casefold()
    words = re.split(r"[-_.+]", local)
    return any(name in "".join(words) for name in _NOBODY_READS) or bool(_NOBODY_READS_WORD & set(words))


@dataclass
class _Gaps:
    """Gaps as they are found, counted; and every desk that was passed on the way."""

    found: dict[tuple[Problem, str | None, str | None, str], list[Spot]] = field(default_factory=dict)
    broken: set[Problem] = field(default_factory=set)
    shown: dict[str, list[Spot]] = field(default_factory=dict)

    def add(
        self,
        problem: Problem,
        *spots: Spot,
        desk: str | None = None,
        town: str | None = None,
        about: str = "",
        broken: bool = False,
    ) -> None:
        self.found.setdefault((problem, desk, town, about), []).extend(spots)
        if broken:
            self.broken.add(problem)

    def passed(self, spot: Spot, way: Route) -> None:
        """Every desk that a person or a concern meets on this way."""
        met = [way.window, *way.also, way.reader, way.by_day, *([way.night] if way.night else [])]
        for key in {window.key for window in met}:
            self.shown.setdefault(key, []).append(spot)

    def in_order(self, desks: list[str]) -> tuple[Gap, ...]:
        gaps = [
            Gap(problem, problem in self.broken, desk, town, len(spots), spots[0] if spots else None, about)
            for (problem, desk, town, about), spots in self.found.items()
        ]
        place = {key: number for number, key in enumerate(desks)}
        return tuple(sorted(gaps, key=lambda gap: (not gap.broken, place.get(gap.desk or "", -1))))


def _walk(way: Route, spot: Spot, bounced: set[str], gaps: _Gaps) -> bool:
    """What is missing on this way; True where nobody reads at its end."""
    reader, unread = way.reader, False
    if way.open is False and way.next_opening is None:
        gaps.add("never_opens", spot, desk=way.by_day.key, broken=True)
        unread = reader is way.by_day
    elif way.next_opening is not None and way.next_opening - spot.at > LONGEST_CLOSED:
        gaps.add("closed_long", spot, desk=way.by_day.key)
    if not _read_at(reader, bounced):
        gaps.add(_why_unread(reader, bounced), spot, desk=reader.key, broken=True)
        unread = True
    if way.by_day is not way.window:
        gaps.add("does_not_read", spot, desk=way.window.key)
    if way.level in URGENT and way.open is not True:
        if way.night is None and not way.by_day.after_hours:
            gaps.add("no_night", spot, desk=way.by_day.key)
        elif way.night is not None and way.night is not reader:
            gaps.add("night_does_not_read", spot, desk=way.night.key)
    return unread


def _read_at(desk: Window, bounced: set[str]) -> bool:
    return any(not nobody_reads(each) and each.casefold() not in bounced for each in desk.recipients)


def _why_unread(desk: Window, bounced: set[str]) -> Problem:
    if not desk.recipients:
        return "no_recipient"
    return "only_noreply" if all(nobody_reads(each) for each in desk.recipients) else "only_bounced"


def _look_at(
    window: Window, desks: dict[str, Window], readers: set[str], on: date, bounced: set[str], gaps: _Gaps
) -> None:
    """What is wrong with a desk by itself, whoever comes there."""
    spots = gaps.shown.get(window.key, [])
    for name, named in (("after_hours_desk", window.after_hours_desk), ("replaced_by", window.replaced_by)):
        if named is not None and _is_gone(named, name, desks, window):
            gaps.add("dead_reference", *spots, desk=window.key, about=f"{name} {named}")
    if not window.active:
        return
    for problem in _missing(window, on):
        gaps.add(problem, *spots, desk=window.key)
    for problem, about in _addresses_nobody_reads(window, bounced):
        gaps.add(problem, *spots, desk=window.key, about=about)
    if not spots and not window.desks:
        gaps.add("unreached", desk=window.key)
    elif window.key not in readers and window.recipients:
        gaps.add("never_reads", *spots, desk=window.key)


def _is_gone(named: str, name: str, desks: dict[str, Window], window: Window) -> bool:
    """A desk that was given up may still be named by one that it replaced, as long as somebody came after it."""
    if name == "replaced_by":
        return living(desks, named) is None
    return window.active and (named not in desks or not desks[named].active)


def _missing(window: Window, on: date) -> Iterator[Problem]:
    if window.verified_at > on:
        yield "verified_in_future"
    elif on - window.verified_at > VERIFIED_FOR:
        yield "not_verified"
    if window.phone is None:
        yield "no_phone"
    if window.hours is None:
        yield "no_hours"


def _addresses_nobody_reads(window: Window, bounced: set[str]) -> Iterator[tuple[Problem, str]]:
    """By field and place in the list, so that no address need be shown."""
    for name in _ADDRESSES:
        for number, address in enumerate(getattr(window, name), 1):
            if nobody_reads(address):
                yield "noreply", f"{name} {number}"
            elif address.casefold() in bounced:
                yield "bounced", f"{name} {number}"
