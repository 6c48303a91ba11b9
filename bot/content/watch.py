"""Who is told, and when, that somebody wrote words of danger; read from content/crisis/watch.yaml."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from bot.content.errors import ContentError
from bot.content.yaml_files import tree_of

_FIELDS: Final = {"escalate_after_minutes", "again_after_minutes", "at_least", "towns"}
_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NUMBERS: Final = {  # the least and the most: nobody waits longer than 15 minutes, and one person may be asleep
    "escalate_after_minutes": (1, 15),
    "again_after_minutes": (15, 24 * 60),
    "at_least": (2, 10),
}


@dataclass(frozen=True)
class TownWatch:
    """Where a town wants something else than its general desk."""

    window: str | None = None
    also: tuple[str, ...] = ()
    """Mail addresses that are told with the desk."""


@dataclass(frozen=True)
class DangerWatch:
    """The steps are the desk, its leader, the department, the duty officer; then everybody, again and again."""

    after: timedelta
    again: timedelta
    at_least: int
    towns: Mapping[str, TownWatch] = field(default_factory=dict)

    def of(self, town: str) -> TownWatch:
        return self.towns.get(town, TownWatch())


def load_watch(path: Path, towns: Collection[str], windows: Mapping[str, Collection[str]]) -> DangerWatch:
    """`windows`: the towns that each desk serves, by key. ContentError names file, town and field."""
    raw = tree_of(path)
    if not isinstance(raw, Mapping) or set(raw) != _FIELDS:
        raise ContentError(path.name, "", f"exactly {', '.join(sorted(_FIELDS))} are expected")
    for name, (least, most) in _NUMBERS.items():
        if type(raw[name]) is not int or not least <= raw[name] <= most:
            raise ContentError(
                path.name, name, f"a number from {least} to {most} is expected, not {raw[name]!r}"
            )
    if not isinstance(raw["towns"], Mapping):
        raise ContentError(path.name, "towns", "towns by their keys are expected")
    own = {}
    for town, entry in raw["towns"].items():
        try:
            own[str(town)] = _town(str(town), entry, towns, windows)
        except ValueError as trouble:
            raise ContentError(path.name, str(town), str(trouble)) from trouble
    return DangerWatch(
        timedelta(minutes=raw["escalate_after_minutes"]),
        timedelta(minutes=raw["again_after_minutes"]),
        raw["at_least"],
        own,
    )


def _town(town: str, entry: Any, towns: Collection[str], windows: Mapping[str, Collection[str]]) -> TownWatch:
    if town not in towns:
        raise ValueError("there is no such town in towns.yaml")
    if not isinstance(entry, Mapping) or not entry or set(entry) - {"window", "also"}:
        raise ValueError("window and also are expected")
    window, also = entry.get("window"), entry.get("also", [])
    if window is not None and town not in windows.get(window, ()):
        raise ValueError(f"window: {window!r} is no desk that serves this town")
    if not isinstance(also, list) or not all(isinstance(one, str) and _MAIL.fullmatch(one) for one in also):
        raise ValueError("also: a list of e-mail addresses is expected")
    return TownWatch(window, tuple(also))
