"""The supporters' programme as each town decides it, read from content/programme.yaml: one section per subject."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.content.drips import Drip, read_drips
from bot.content.errors import ContentError
from bot.content.places import Town
from bot.content.questionnaire import CoursePlan, read_course_plan
from bot.content.yaml_files import tree_of

_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,15}")  # the column supporters.age_band has room for 16
_YEARS: Final = re.compile(r"(\d{1,3})-(\d{1,3})?")
_LONGEST_LABEL: Final = 40
_LONGEST_ISSUER: Final = 60
_LONGEST_HINT: Final = 120
_MOST_MONTHS: Final = 120
_MOST_PEOPLE: Final = 100_000
_OF_A_TOWN: Final = ("refresher_months", "issuer", "target", "district_target", "districts")


@dataclass(frozen=True)
class Choice:
    """Something that is offered: its key is kept, its label is read."""

    key: str
    label: str


@dataclass(frozen=True)
class AgeBand(Choice):
    """So many years of life; `last` is None where it is open."""

    first: int
    last: int | None


@dataclass(frozen=True)
class TownPlan:
    """What one town has decided."""

    refresher_months: int | None
    """None: nobody's refresher is ever due."""
    issuer: str
    """Who stands on certificates and cards."""
    target: int | None
    """Supporters in the whole town; where districts have one, their sum. None: no target is set."""
    district_targets: Mapping[str, int]


@dataclass(frozen=True)
class Programme:
    """Everything in content/programme.yaml."""

    age_bands: tuple[AgeBand, ...]
    motives: tuple[Choice, ...]
    groups_hint: str
    towns: Mapping[str, TownPlan]
    """Every town of towns.yaml."""
    courses: CoursePlan
    drips: tuple[Drip, ...]
    left_kept_months: int
    """So long after leaving an entry of the register is kept."""

    def age_band(self, key: str | None) -> str | None:
        """The label of an age band; its key where the file knows it no more."""
        return next((band.label for band in self.age_bands if band.key == key), key)

    def band_of_age(self, years: int) -> str | None:
        """The key of the band to which this age belongs."""
        for band in self.age_bands:
            if band.first <= years and (band.last is None or years <= band.last):
                return band.key
        return None

    def motive(self, key: str) -> str:
        """The label of a motive; the words themselves where somebody wrote their own."""
        return next((each.label for each in self.motives if each.key == key), key)

    def refresher_months(self, town: str) -> int | None:
        """After so many months the refresher is due; None: never."""
        return self.towns[town].refresher_months

    def issuer(self, town: str) -> str:
        """Who stands on this town's certificates and cards."""
        return self.towns[town].issuer

    def target(self, town: str, district: str | None = None) -> int | None:
        """How many supporters the town, or one of its districts, aims at; None where nothing was decided."""
        plan = self.towns[town]
        return plan.target if district is None else plan.district_targets.get(district)


def load_programme(path: Path, towns: Sequence[Town]) -> Programme:
    """Read and check the file; ContentError names file, section and field."""
    raw = tree_of(path)
    if not isinstance(raw, Mapping):
        raise ContentError(path.name, "", "sections with a name are expected")
    sections: dict[str, Callable[[Any], Any]] = {
        "age_bands": _age_bands,
        "motives": lambda value: tuple(Choice(*pair) for pair in _choices(value, ("key", "label"))),
        "groups_hint": lambda value: _words(value, _LONGEST_HINT),
        "towns": lambda value: _towns(value, towns),
        "courses": read_course_plan,
        "drips": read_drips,
        "left_kept_months": _months,
    }
    if unknown := [str(name) for name in raw if name not in sections]:
        raise ContentError(path.name, unknown[0], f"is no section; known are {', '.join(sections)}")
    read: dict[str, Any] = {}
    for name, section in sections.items():
        if name not in raw:
            raise ContentError(path.name, name, "is missing")
        try:
            read[name] = section(raw[name])
        except ValueError as trouble:
            raise ContentError(path.name, name, str(trouble)) from trouble
    return Programme(**read)


# ---- age_bands, motives, groups_hint -----------------------------------------------------------------------


def _choices(value: object, fields: tuple[str, ...]) -> list[tuple[str, str]]:
    """Keys and labels of a list, in its order."""
    if not isinstance(value, list) or not value:
        raise ValueError("a list is expected")
    found: dict[str, str] = {}
    for number, entry in enumerate(value, 1):
        if not isinstance(entry, Mapping) or set(entry) != set(fields):
            raise ValueError(f"number {number}: exactly {', '.join(fields)} are expected")
        key = entry["key"]
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise ValueError(f"number {number}: key: {key!r} must be at most 16 small letters, digits and _")
        if key in found:
            raise ValueError(f"{key}: is there twice")
        try:
            found[key] = _words(entry["label"], _LONGEST_LABEL)
        except ValueError as trouble:
            raise ValueError(f"{key}: label: {trouble}") from trouble
    if len(set(found.values())) < len(found):
        raise ValueError("two of them have the same label")
    return list(found.items())


def _age_bands(value: Any) -> tuple[AgeBand, ...]:
    """Without a gap: the first begins at 0, the last is open."""
    bands: list[AgeBand] = []
    begins: int | None = 0
    for (key, label), entry in zip(_choices(value, ("key", "label", "years")), value, strict=True):
        years = _YEARS.fullmatch(str(entry["years"]))
        if years is None:
            raise ValueError(f"{key}: years: something like 20-29 (the last: 80-) is expected")
        first, last = int(years[1]), int(years[2]) if years[2] else None
        if begins is None or first != begins or (last is not None and last < first):
            raise ValueError(f"{key}: years: does not begin where the band before it ends")
        bands.append(AgeBand(key, label, first, last))
        begins = None if last is None else last + 1
    if begins is not None:
        raise ValueError(f"{bands[-1].key}: years: the last band is open: {bands[-1].first}-")
    return tuple(bands)


def _months(value: object) -> int:
    if type(value) is not int or not 1 <= value <= _MOST_MONTHS:
        raise ValueError(f"a number from 1 to {_MOST_MONTHS} is expected, not {value!r}")
    return value


def _words(value: object, longest: int) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= longest:
        raise ValueError(f"a text of at most {longest} letters is expected, not {value!r}")
    return value.strip()


# ---- towns -------------------------------------------------------------------------------------------------


def _towns(value: object, towns: Sequence[Town]) -> dict[str, TownPlan]:
    """The plan of every town that there is; what stands there for others (a town that left) does no harm."""
    if not isinstance(value, Mapping) or not isinstance(value.get("default"), Mapping):
        raise ValueError("default, and towns that differ from it, are expected")
    known = {town.key: town for town in towns}
    default = value["default"]
    plans = {}
    for key, town in known.items():
        own = value.get(key, {})
        try:
            if not isinstance(own, Mapping):
                raise ValueError("fields with a name are expected")
            plans[key] = _plan({**default, **own}, town)
        except ValueError as trouble:
            raise ValueError(f"{key}: {trouble}") from trouble
    return plans


def _plan(entry: Mapping[str, Any], town: Town) -> TownPlan:
    if unknown := [str(name) for name in entry if name not in _OF_A_TOWN]:
        raise ValueError(f"unknown field {unknown[0]}; known are {', '.join(_OF_A_TOWN)}")
    issuer = entry.get("issuer")
    each = _number(entry.get("district_target"), "district_target", _MOST_PEOPLE)
    targets = {} if each is None else {district.key: each for district in town.districts}
    own = entry.get("districts") or {}
    if not isinstance(own, Mapping):
        raise ValueError("districts: keys of districts and numbers are expected")
    for key, value in own.items():
        if key not in {district.key for district in town.districts}:
            raise ValueError(f"districts: {key}: there is no such district in towns.yaml")
        number = _number(value, f"districts: {key}", _MOST_PEOPLE)
        if number is None:
            targets.pop(key, None)
        else:
            targets[key] = number
    whole = _number(entry.get("target"), "target", _MOST_PEOPLE)
    if targets and whole is not None:
        raise ValueError("target: is the sum of the districts' targets; leave it out")
    return TownPlan(
        refresher_months=_number(entry.get("refresher_months"), "refresher_months", _MOST_MONTHS),
        issuer=town.name if issuer is None else _words(issuer, _LONGEST_ISSUER),
        target=sum(targets.values()) if targets else whole,
        district_targets=targets,
    )


def _number(value: object, field: str, most: int) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 1 <= value <= most:
        raise ValueError(f"{field}: a number from 1 to {most} or null is expected, not {value!r}")
    return value
