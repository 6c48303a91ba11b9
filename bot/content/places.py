"""Towns, their districts, and the desks (窓口) that look after a concern there.

A desk may belong to a town, a prefecture or a contractor and serve several towns; a town may have no desk of
its own for a kind of concern. Which desk serves which town is written down, never concluded from the
prefecture: a public data set that does so sends the people of 鳥取市 to a desk in 米子.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import yaml

from bot.content.errors import ContentError
from bot.content.hours import WeeklyHours, parse_hours
from bot.content.phones import check_phone, tel

OWN: Final = "own"
SHARED: Final = "shared"
GENERAL: Final = "general"

_KEY: Final = re.compile(r"[a-z][a-z0-9_]*")
_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TOWN_FIELDS: Final = {"key", "name", "kana", "prefecture", "population", "phone", "aliases", "districts"}
_WINDOW_FIELDS: Final = {
    *("key", "name", "owner", "serves", "kinds", "desks", "phone", "fax", "address", "hours", "hours_text"),
    *("after_hours", "note", "recipients", "verified_at", "source", "fallback"),
}


@dataclass(frozen=True)
class District:
    """A part of a town, here a junior-high-school district."""

    key: str
    name: str


@dataclass(frozen=True)
class Town:
    """A municipality; one with a single district is not asked about districts."""

    key: str
    name: str
    kana: str
    prefecture: str
    population: int | None
    phone: str
    """The switchboard (代表電話)."""
    districts: tuple[District, ...]
    aliases: tuple[str, ...]

    @property
    def tel(self) -> str | None:
        return tel(self.phone)


@dataclass(frozen=True)
class Window:
    """A desk: whom it serves, what it looks after, how to reach it."""

    key: str
    name: str
    owner: str
    serves: tuple[str, ...]
    kinds: tuple[str, ...]
    phone: str | None
    fax: str | None
    address: str | None
    hours: WeeklyHours | None
    """None where they are not known: then nothing is promised."""
    hours_text: str
    after_hours: str
    note: str
    recipients: tuple[str, ...]
    """E-mail addresses that hear of new concerns."""
    verified_at: date
    source: str
    fallback: bool
    """The town's desk for everything that no other desk looks after."""
    desks: tuple[str, ...] = ()
    """What schemes call this desk (in their `window_kind`), such as 福祉事務所."""

    @property
    def tel(self) -> str | None:
        return tel(self.phone)

    def note_about(self, about: str) -> str:
        """The note with what to say on the phone about this trouble."""
        return self.note.replace("〇〇", about)


@dataclass(frozen=True)
class Route:
    """The desk for a concern, why this one, and which others look after it too."""

    window: Window
    reason: str
    """`own` (the town's desk for this kind), `shared` (serves several towns), `general` (nothing closer)."""
    also: tuple[Window, ...]
    general: Window
    """The town's general desk, who can always be asked."""

    @property
    def reader(self) -> Window:
        """Who reads a concern: a desk that serves several towns does so only where it has recipients here;
        until then the town's general desk reads it, and the other is named as the one to telephone."""
        return self.window if self.reason != SHARED or self.window.recipients else self.general


def route(windows: Iterable[Window], town: str, kind: str) -> Route:
    """The most specific desk; LookupError where a town has no general desk, which the loader refuses."""
    serving = [window for window in windows if town in window.serves]
    general = next((window for window in serving if window.fallback), None)
    if general is None:
        raise LookupError(f"{town} has no general window")
    fitting = [window for window in serving if kind in window.kinds]
    own = [window for window in fitting if len(window.serves) == 1]
    shared = [window for window in fitting if len(window.serves) > 1]
    if not fitting:
        return Route(general, GENERAL, (), general)
    first, *others = *own, *shared
    return Route(first, OWN if own else SHARED, _without_repeats(first, others), general)


def desk_for(windows: Iterable[Window], town: str, window_kind: str) -> Window | None:
    """The town's real desk for what a scheme calls 「福祉事務所・市区町村こども課」; None if not known."""
    names = window_kind.split("・")
    serving = [window for window in windows if town in window.serves]
    return next((w for name in names for w in sorted(serving, key=_specific) if name in w.desks), None)


def _specific(window: Window) -> int:
    return len(window.serves)


def _without_repeats(first: Window, others: Iterable[Window]) -> tuple[Window, ...]:
    """In a small town one desk looks after much: the same phone is not shown twice."""
    seen, kept = {first.phone}, []
    for window in others:
        if window.phone is None or window.phone not in seen:
            kept.append(window)
            seen.add(window.phone)
    return tuple(kept)


# ---- reading ---------------------------------------------------------------------------------------------


def load_towns(path: Path) -> tuple[Town, ...]:
    """In the file's order; ContentError names file, town and field."""
    towns: dict[str, Town] = {}
    for where, entry in _entries(path):
        try:
            town = _town(entry)
            if town.key in towns:
                raise ValueError("key: is there twice")
        except ValueError as trouble:
            raise ContentError(path.name, where, str(trouble)) from trouble
        towns[town.key] = town
    return tuple(towns.values())


def load_windows(path: Path, towns: Sequence[Town], kinds: Collection[str]) -> tuple[Window, ...]:
    """In the file's order; ContentError names file, window and field, or the town without a general desk."""
    known = {town.key for town in towns}
    windows: dict[str, Window] = {}
    for where, entry in _entries(path):
        try:
            window = _window(entry, known, kinds)
            if window.key in windows:
                raise ValueError("key: is there twice")
        except ValueError as trouble:
            raise ContentError(path.name, where, str(trouble)) from trouble
        windows[window.key] = window
    for town in towns:
        general = [w.key for w in windows.values() if w.fallback and town.key in w.serves]
        if len(general) != 1:
            wrong = ", ".join(general) or "none"
            raise ContentError(
                path.name, town.key, f"needs exactly one window with `fallback: true`, has {wrong}"
            )
    return tuple(windows.values())


def _town(entry: Mapping[str, Any]) -> Town:
    _only_known(entry, _TOWN_FIELDS)
    population = entry.get("population")
    if population is not None and (type(population) is not int or population < 1):
        raise ValueError(f"population: a number or null is expected, not {population!r}")
    raw = entry.get("districts")
    if not isinstance(raw, list) or not raw:
        raise ValueError("districts: at least one is needed (町全体)")
    districts = tuple(_district(one) for one in raw)
    if len({district.key for district in districts}) < len(districts):
        raise ValueError("districts: a key is there twice")
    phone = _phone(entry, "phone")
    if phone is None:
        raise ValueError("phone: the switchboard is needed")
    return Town(
        key=_key(entry),
        name=_text(entry, "name"),
        kana=_text(entry, "kana"),
        prefecture=_text(entry, "prefecture"),
        population=population,
        phone=phone,
        districts=districts,
        aliases=_texts(entry, "aliases"),
    )


def _district(entry: object) -> District:
    if not isinstance(entry, Mapping):
        raise ValueError(f"districts: {{key, name}} is expected, not {entry!r}")
    try:
        _only_known(entry, {"key", "name"})
        return District(_key(entry), _text(entry, "name"))
    except ValueError as trouble:
        raise ValueError(f"districts: {trouble}") from trouble


def _window(entry: Mapping[str, Any], towns: Collection[str], kinds: Collection[str]) -> Window:
    _only_known(entry, _WINDOW_FIELDS)
    serves, served_kinds = _texts(entry, "serves"), _texts(entry, "kinds")
    if not serves:
        raise ValueError("serves: at least one town is needed")
    if unknown := [town for town in serves if town not in towns]:
        raise ValueError(f"serves: there is no town {unknown[0]!r}")
    if unknown := [kind for kind in served_kinds if kind not in kinds]:
        raise ValueError(f"kinds: there is no kind {unknown[0]!r}")
    fallback = entry.get("fallback", False)
    if not isinstance(fallback, bool):
        raise ValueError(f"fallback: true or false is expected, not {fallback!r}")
    recipients = _texts(entry, "recipients")
    if wrong := [address for address in recipients if not _MAIL.fullmatch(address)]:
        raise ValueError(f"recipients: {wrong[0]!r} is no e-mail address")
    verified_at = entry.get("verified_at")
    if type(verified_at) is not date:
        raise ValueError(f"verified_at: a date such as 2026-11-01 is expected, not {verified_at!r}")
    return Window(
        key=_key(entry),
        name=_text(entry, "name"),
        owner=_text(entry, "owner"),
        serves=serves,
        kinds=served_kinds,
        desks=_texts(entry, "desks"),
        phone=_phone(entry, "phone"),
        fax=_phone(entry, "fax"),
        address=_text(entry, "address") if "address" in entry else None,
        hours=_hours(entry.get("hours")),
        hours_text=_text(entry, "hours_text") if "hours_text" in entry else "",
        after_hours=_text(entry, "after_hours") if "after_hours" in entry else "",
        note=_text(entry, "note") if "note" in entry else "",
        recipients=recipients,
        verified_at=verified_at,
        source=_text(entry, "source"),
        fallback=fallback,
    )


def _entries(path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        raw = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContentError(path.name, "", f"cannot be read: {error}") from error
    if not isinstance(raw, list) or not raw:
        raise ContentError(path.name, "", "a list is expected")
    for number, entry in enumerate(raw, 1):
        if not isinstance(entry, Mapping):
            raise ContentError(path.name, f"number {number}", "fields with a name are expected")
    return [(str(entry.get("key") or f"number {number}"), entry) for number, entry in enumerate(raw, 1)]


def _only_known(entry: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(str(name) for name in entry if name not in known):
        raise ValueError(f"unknown field {', '.join(unknown)}")


def _key(entry: Mapping[str, Any]) -> str:
    key = _text(entry, "key")
    if not _KEY.fullmatch(key):
        raise ValueError(f"key: {key!r} must be small letters, digits and _")
    return key


def _text(entry: Mapping[str, Any], field: str) -> str:
    value = entry.get(field)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{field}: a text is expected (in quotes), not {value!r}")
    return value.strip()


def _texts(entry: Mapping[str, Any], field: str) -> tuple[str, ...]:
    value = entry.get(field, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValueError(f"{field}: a list of texts is expected, not {value!r}")
    if len(set(value)) < len(value):
        raise ValueError(f"{field}: something is there twice")
    return tuple(value)


def _phone(entry: Mapping[str, Any], field: str) -> str | None:
    value = entry.get(field)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"{field}: must be in quotes, not {value!r}")
    try:
        return check_phone(value)
    except ValueError as trouble:
        raise ValueError(f"{field}: {trouble}") from trouble


def _hours(raw: object) -> WeeklyHours | None:
    if raw is None:
        return None
    try:
        return parse_hours(raw)  # type: ignore[arg-type]  # parse_hours checks what it is given
    except ValueError as trouble:
        raise ValueError(f"hours: {trouble}") from trouble
