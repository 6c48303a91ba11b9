"""How a concern may end, and how long its words are kept after that, read from content/outcomes.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal

from bot.content.errors import ContentError
from bot.content.yaml_files import tree_of

Last = Literal["thanks", "no_more"]

_KEY: Final = re.compile(r"[a-z][a-z0-9_]*")
_LONGEST_KEY: Final = 32  # the column concerns.outcome
_LONGEST_LABEL: Final = 30
_LONGEST_DAYS: Final = 36_500
_FIELDS: Final = {"key", "label", "retention_days", "tells", "by_hand", "follow_up"}
_FILE_FIELDS: Final = {"audit_retention_days", "danger_retention_days", "outcomes"}
NEEDED: Final = ("merged",)
"""What the programme itself closes a concern with."""


@dataclass(frozen=True)
class Outcome:
    """One way in which a concern may end."""

    key: str
    label: str
    retention_days: int
    """So many days after closing, its words go."""
    tells: Last
    """What the person who reported it hears at the end."""
    by_hand: bool = True
    """The desk may choose it; False: only the programme sets it."""
    follow_up: bool = True
    """Four weeks later the person who reported it is asked how things are."""

    @property
    def retention(self) -> timedelta:
        return timedelta(days=self.retention_days)


@dataclass(frozen=True)
class Endings:
    """Everything in content/outcomes.yaml."""

    outcomes: Mapping[str, Outcome]
    audit_retention_days: int
    danger_retention_days: int
    """So many days after they were looked after, rows of people in danger go."""


def load_outcomes(path: Path) -> Endings:
    """In the file's order; ContentError names file, outcome and field."""
    raw = tree_of(path)
    try:
        if not isinstance(raw, Mapping) or set(raw) != _FILE_FIELDS:
            raise ValueError(f"exactly {', '.join(sorted(_FILE_FIELDS))} are expected")
        audit_days = _days(raw, "audit_retention_days")
        danger_days = _days(raw, "danger_retention_days")
        listed = raw["outcomes"]
        if not isinstance(listed, list) or not listed:
            raise ValueError("outcomes: a list is expected")
    except ValueError as trouble:
        raise ContentError(path.name, "", str(trouble)) from trouble
    outcomes: dict[str, Outcome] = {}
    for number, entry in enumerate(listed, 1):
        where = str((isinstance(entry, Mapping) and entry.get("key")) or f"number {number}")
        try:
            made = _outcome(entry)
            if made.key in outcomes:
                raise ValueError("key: is there twice")
            if made.retention_days > audit_days:
                raise ValueError(
                    "retention_days: is longer than audit_retention_days, so nobody could trace it"
                )
        except ValueError as trouble:
            raise ContentError(path.name, where, str(trouble)) from trouble
        outcomes[made.key] = made
    if danger_days > audit_days:
        raise ContentError(path.name, "", "danger_retention_days: is longer than audit_retention_days")
    if missing := [key for key in NEEDED if key not in outcomes]:
        raise ContentError(path.name, missing[0], "is missing; the programme itself closes concerns with it")
    if not any(each.by_hand for each in outcomes.values()):
        raise ContentError(path.name, "", "outcomes: none of them can be chosen at the desk")
    return Endings(outcomes, audit_days, danger_days)


def _outcome(entry: object) -> Outcome:
    if not isinstance(entry, Mapping):
        raise ValueError("fields with a name are expected")
    if unknown := sorted(str(name) for name in entry if name not in _FIELDS):
        raise ValueError(f"unknown field {', '.join(unknown)}")
    key = entry.get("key")
    if not isinstance(key, str) or not _KEY.fullmatch(key) or len(key) > _LONGEST_KEY:
        raise ValueError(f"key: {key!r} must be at most {_LONGEST_KEY} small letters, digits and _")
    label = entry.get("label")
    if not isinstance(label, str) or not 0 < len(label.strip()) <= _LONGEST_LABEL:
        raise ValueError(f"label: a text of at most {_LONGEST_LABEL} letters is expected, not {label!r}")
    return Outcome(
        key=key,
        label=label.strip(),
        retention_days=_days(entry, "retention_days"),
        tells=_last(entry.get("tells")),
        by_hand=_flag(entry, "by_hand"),
        follow_up=_flag(entry, "follow_up"),
    )


def _days(entry: Mapping[str, Any], field: str) -> int:
    value = entry.get(field)
    if type(value) is not int or not 1 <= value <= _LONGEST_DAYS:
        raise ValueError(f"{field}: a number of days from 1 to {_LONGEST_DAYS} is expected, not {value!r}")
    return value


def _last(value: object) -> Last:
    if value == "thanks":
        return "thanks"
    if value == "no_more":
        return "no_more"
    raise ValueError(f"tells: thanks or no_more is expected, not {value!r}")


def _flag(entry: Mapping[str, Any], field: str) -> bool:
    value = entry.get(field, True)
    if not isinstance(value, bool):
        raise ValueError(f"{field}: true or false is expected, not {value!r}")
    return value
