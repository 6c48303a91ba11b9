"""What supporters are told in the days after their course: the section `drips` of content/programme.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from bot.content.errors import ContentError
from bot.content.texts import Texts

After = Literal["course", "refresher_course", "refresher"]
Button = Literal["profile", "tips", "answers", "course"]

_STEP: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_FIELDS: Final = {"step", "after", "days", "not_after", "button"}
PARAMS: Final = ("town", "year", "month", "day", "months")  # what may stand in the words
_FARTHEST: Final = 3_650  # days


@dataclass(frozen=True)
class Drip:
    """One step: so many `days` after a date, but not any more after `not_after` days. Its words: `drips.<step>`."""

    step: str
    after: After
    days: int
    not_after: int
    button: Button | None = None


def read_drips(raw: object) -> tuple[Drip, ...]:
    """The steps in the file's order; ValueError says what is wrong."""
    if not isinstance(raw, list):
        raise ValueError("a list is expected ([] for nothing)")
    steps: dict[str, Drip] = {}
    for number, entry in enumerate(raw, 1):
        try:
            one = _drip(entry)
        except ValueError as trouble:
            raise ValueError(f"number {number}: {trouble}") from trouble
        if one.step in steps:
            raise ValueError(f"number {number}: step: {one.step} is there twice")
        steps[one.step] = one
    return tuple(steps.values())


def check_words(steps: Iterable[Drip], texts: Texts) -> None:
    """ContentError where a step has no words, or some that hold what is not filled in."""
    for one in steps:
        key = f"drips.{one.step}"
        if not texts.has(key):
            raise ContentError("programme.yaml", "drips", f"{one.step} has no words in texts/ja/drips.yaml")
        try:
            texts.get(key, **dict.fromkeys(PARAMS, ""))
        except (KeyError, IndexError) as unknown:
            raise ContentError("drips.yaml", one.step, f"{unknown} is not filled in here") from unknown


def _drip(entry: Any) -> Drip:
    if not isinstance(entry, Mapping) or not {"step", "after", "days", "not_after"} <= set(entry):
        raise ValueError("step, after, days and not_after are expected")
    if unknown := sorted(str(name) for name in entry if name not in _FIELDS):
        raise ValueError(f"unknown field {unknown[0]}; known are {', '.join(sorted(_FIELDS))}")
    if not isinstance(entry["step"], str) or not _STEP.fullmatch(entry["step"]):
        raise ValueError(f"step: {entry['step']!r} must be at most 32 small letters, digits and _")
    if entry["after"] not in get_args(After):
        raise ValueError(f"after: one of {', '.join(get_args(After))} is expected, not {entry['after']!r}")
    button = entry.get("button")
    if button is not None and button not in get_args(Button):
        raise ValueError(f"button: one of {', '.join(get_args(Button))} is expected, not {button!r}")
    days, not_after = _days(entry, "days"), _days(entry, "not_after")
    if not_after < days:
        raise ValueError("not_after: lies before days, so that it would never be sent")
    return Drip(entry["step"], entry["after"], days, not_after, button)


def _days(entry: Mapping[str, Any], field: str) -> int:
    value = entry[field]
    if type(value) is not int or not -_FARTHEST <= value <= _FARTHEST:
        raise ValueError(f"{field}: a number of days is expected, not {value!r}")
    return value
