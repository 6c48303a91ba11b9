"""Reads towns.yaml and windows.yaml, and tells their editors which field of which entry is wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from bot.content.errors import ContentError
from bot.content.hours import WeeklyHours, parse_hours
from bot.content.phones import check_phone
from bot.content.places import URGENT, District, Town, Window
from bot.content.questions import LONGEST_BUTTON, graphemes
from bot.content.yaml_files import tree_of

ALL: Final = "all"
LEVELS: Final = range(5)

_KEY: Final = re.compile(r"[a-z][a-z0-9_]*")
_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TOWN_FIELDS: Final = {
    *("key", "name", "kana", "prefecture", "population", "phone", "aliases", "districts", "landmarks"),
    "reports_count_as_notification",
}
_ESCALATION: Final = ("leader", "department", "duty")
_WINDOW_FIELDS: Final = {
    *("key", "name", "owner", "serves", "kinds", "levels", "desks", "phone", "fax", "address", "hours"),
    *("hours_text", "after_hours", "after_hours_desk", "note", "recipients", *_ESCALATION),
    *("verified_at", "source", "fallback", "active", "replaced_by"),
}


def load_towns(path: Path) -> tuple[Town, ...]:
    """In the file's order; ContentError names file, town and field."""
    towns: dict[str, Town] = {}
    for where, entry in _entries(path):
        try:
            town = _town(entry)
            if town.key in towns:
                raise ValueError("key: is there twice")
            _landmarks_are_of_one_town(town, towns.values())
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
    for window in windows.values():
        try:
            _replaced_by_a_real_desk(window, windows)
            _relieved_by_a_real_desk(window, windows)
        except ValueError as trouble:
            raise ContentError(path.name, window.key, str(trouble)) from trouble
    for town in towns:
        _one_general_desk(path, town.key, windows)
    return tuple(windows.values())


def _landmarks_are_of_one_town(town: Town, others: Iterable[Town]) -> None:
    for other in others:
        for mark in (*town.landmarks, town.name, *town.aliases):
            if mark in other.landmarks or (mark in town.landmarks and mark in (other.name, *other.aliases)):
                raise ValueError(f"landmarks: {mark!r} already stands for {other.key}")


def _replaced_by_a_real_desk(window: Window, windows: Mapping[str, Window]) -> None:
    passed, step = {window.key}, window
    while step.replaced_by is not None:
        heir = windows.get(step.replaced_by)
        if heir is None:
            raise ValueError(f"replaced_by: there is no window {step.replaced_by!r}")
        if heir.key in passed:
            raise ValueError(f"replaced_by: leads back to {heir.key!r}")
        if not set(heir.serves) & set(window.serves):
            raise ValueError(f"replaced_by: {heir.key!r} serves none of the towns of this desk")
        passed.add(heir.key)
        step = heir


def _relieved_by_a_real_desk(window: Window, windows: Mapping[str, Window]) -> None:
    """A desk that was given up is no error here, so that giving one up stops no service: `route lint` names it."""
    if window.after_hours_desk is None:
        return
    night = windows.get(window.after_hours_desk)
    if night is None:
        raise ValueError(f"after_hours_desk: there is no window {window.after_hours_desk!r}")
    if night is window:
        raise ValueError("after_hours_desk: names the desk itself")
    if missing := [town for town in window.serves if town not in night.serves]:
        raise ValueError(f"after_hours_desk: {night.key!r} does not serve {missing[0]!r}")
    if missed := [level for level in URGENT if window.takes(level) and not night.takes(level)]:
        raise ValueError(f"after_hours_desk: {night.key!r} does not take level {missed[0]}")


def _one_general_desk(path: Path, town: str, windows: dict[str, Window]) -> None:
    """A town whose one desk takes everything need not say that it is the general one, too."""
    serving = [window for window in windows.values() if town in window.serves and window.active]
    general = [window for window in serving if window.fallback]
    if not general:
        general = [w for w in serving if w.all_kinds and not w.levels and not w.shared]
        if len(general) == 1:
            windows[general[0].key] = replace(general[0], fallback=True)
    if len(general) != 1:
        wrong = ", ".join(window.key for window in general) or "none"
        raise ContentError(
            path.name, town, f"needs exactly one window with `fallback: true` (and not given up), has {wrong}"
        )


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
        reports_count_as_notification=_flag(entry, "reports_count_as_notification", default=False),
        landmarks=_landmarks(entry),
    )


def _landmarks(entry: Mapping[str, Any]) -> tuple[str, ...]:
    marks = _texts(entry, "landmarks")
    if too_long := [mark for mark in marks if graphemes(mark) > LONGEST_BUTTON]:
        raise ValueError(f"landmarks: {too_long[0]!r} is longer than {LONGEST_BUTTON} letters")
    return marks


def _district(entry: object) -> District:
    if not isinstance(entry, Mapping):
        raise ValueError(f"districts: {{key, name}} is expected, not {entry!r}")
    try:
        _only_known(entry, {"key", "name", "kana"})
        kana = _text(entry, "kana") if "kana" in entry else None
        return District(_key(entry), _text(entry, "name"), kana)
    except ValueError as trouble:
        raise ValueError(f"districts: {trouble}") from trouble


def _window(entry: Mapping[str, Any], towns: Collection[str], kinds: Collection[str]) -> Window:
    _only_known(entry, _WINDOW_FIELDS)
    serves = _texts(entry, "serves")
    if not serves:
        raise ValueError("serves: at least one town is needed")
    if unknown := [town for town in serves if town not in towns]:
        raise ValueError(f"serves: there is no town {unknown[0]!r}")
    all_kinds = entry.get("kinds") == ALL
    served_kinds = () if all_kinds else _texts(entry, "kinds", f"a list of kinds, or {ALL},")
    if unknown := [kind for kind in served_kinds if kind not in kinds]:
        raise ValueError(f"kinds: there is no kind {unknown[0]!r}")
    verified_at = entry.get("verified_at")
    if type(verified_at) is not date:
        raise ValueError(f"verified_at: a date such as 2026-11-01 is expected, not {verified_at!r}")
    window = Window(
        key=_key(entry),
        name=_text(entry, "name"),
        owner=_text(entry, "owner"),
        serves=serves,
        kinds=served_kinds,
        all_kinds=all_kinds,
        levels=_levels(entry),
        desks=_texts(entry, "desks"),
        phone=_phone(entry, "phone"),
        fax=_phone(entry, "fax"),
        address=_text(entry, "address") if "address" in entry else None,
        hours=_hours(entry.get("hours")),
        hours_text=_text(entry, "hours_text") if "hours_text" in entry else "",
        after_hours=_text(entry, "after_hours") if "after_hours" in entry else "",
        after_hours_desk=_text(entry, "after_hours_desk") if "after_hours_desk" in entry else None,
        note=_text(entry, "note") if "note" in entry else "",
        recipients=_mails(entry, "recipients"),
        leader=_mails(entry, "leader"),
        department=_mails(entry, "department"),
        duty=_mails(entry, "duty"),
        verified_at=verified_at,
        source=_text(entry, "source"),
        fallback=_flag(entry, "fallback", default=False),
        active=_flag(entry, "active", default=True),
        replaced_by=_text(entry, "replaced_by") if "replaced_by" in entry else None,
    )
    _does_not_contradict_itself(window)
    return window


def _does_not_contradict_itself(window: Window) -> None:
    if window.replaced_by is not None and window.active:
        raise ValueError("replaced_by: only for a desk that was given up (`active: false`)")
    if window.fallback and not window.active:
        raise ValueError("fallback: a desk that was given up cannot be the general one; name another")
    if window.fallback and window.levels:
        raise ValueError("levels: the general desk takes every level; leave `levels` out or name another")


def _levels(entry: Mapping[str, Any]) -> tuple[int, ...]:
    value = entry.get("levels")
    if value is None:
        return ()
    if not isinstance(value, list) or not value or any(type(v) is not int or v not in LEVELS for v in value):
        raise ValueError(f"levels: a list of 0 to 4 such as [0, 1] is expected, not {value!r}")
    if len(set(value)) < len(value):
        raise ValueError("levels: something is there twice")
    return tuple(sorted(value))


def _mails(entry: Mapping[str, Any], field: str) -> tuple[str, ...]:
    addresses = _texts(entry, field)
    if wrong := [address for address in addresses if not _MAIL.fullmatch(address)]:
        raise ValueError(f"{field}: {wrong[0]!r} is no e-mail address")
    return addresses


def _flag(entry: Mapping[str, Any], field: str, *, default: bool) -> bool:
    value = entry.get(field, default)
    if not isinstance(value, bool):
        raise ValueError(f"{field}: true or false is expected, not {value!r}")
    return value


def _entries(path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    raw = tree_of(path)
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


def _texts(entry: Mapping[str, Any], field: str, expected: str = "a list of texts") -> tuple[str, ...]:
    value = entry.get(field, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise ValueError(f"{field}: {expected} is expected, not {value!r}")
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
