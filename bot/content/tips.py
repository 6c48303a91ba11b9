"""Tips for supporters, read from content/tips.yaml: how to speak to somebody, what not to do, when to stop."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.content.errors import ContentError
from bot.content.yaml_files import by_key, tree_of

_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_LONGEST_TITLE, _LONGEST_LINE, _LONGEST_LEAD = 20, 60, 200
_MOST_CARDS, _MOST_LINES, _MOST_TOPICS, _MOST_LINES_TO_CALL = 10, 5, 10, 5


@dataclass(frozen=True)
class Tip:
    """One short card."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class TipTopic:
    """Cards about one subject; with `desk` the town's own desk stands among them, and so do these hotlines."""

    key: str
    title: str
    lead: str
    cards: tuple[Tip, ...]
    desk: bool = False
    hotlines: tuple[str, ...] = ()


def load_tips(path: Path, hotlines: Collection[str]) -> Mapping[str, TipTopic]:
    """The topics by key, in the file's order; ContentError names the topic and what is wrong with it."""
    raw = tree_of(path)
    if not isinstance(raw, list) or not 1 <= len(raw) <= _MOST_TOPICS:
        raise ContentError(path.name, "", f"a list of 1 to {_MOST_TOPICS} topics is expected")
    return by_key(path, raw, lambda entry, _: _topic(entry, hotlines))


def _topic(entry: Any, hotlines: Collection[str]) -> TipTopic:
    known = {"key", "title", "lead", "cards", "desk", "hotlines"}
    if not isinstance(entry, Mapping) or not {"key", "title", "lead", "cards"} <= set(entry) <= known:
        raise ValueError("key, title, lead and cards are expected; desk and hotlines may be there")
    if not isinstance(entry["key"], str) or not _KEY.fullmatch(entry["key"]):
        raise ValueError(f"key: {entry['key']!r} must be small letters, digits and _")
    cards, lines = entry["cards"], entry.get("hotlines", [])
    if not isinstance(cards, list) or not 1 <= len(cards) <= _MOST_CARDS:
        raise ValueError(f"cards: 1 to {_MOST_CARDS} are expected")
    if not isinstance(lines, list) or len(lines) > _MOST_LINES_TO_CALL:
        raise ValueError(f"hotlines: a list of at most {_MOST_LINES_TO_CALL} is expected")
    if strange := [str(line) for line in lines if line not in hotlines]:
        raise ValueError(f"hotlines: there is no {strange[0]} in hotlines.yaml")
    if not isinstance(entry.get("desk", False), bool):
        raise ValueError("desk: true or false is expected")
    return TipTopic(
        key=entry["key"],
        title=_words(entry["title"], "title", _LONGEST_TITLE),
        lead=_words(entry["lead"], "lead", _LONGEST_LEAD),
        cards=tuple(_tip(card) for card in cards),
        desk=entry.get("desk", False),
        hotlines=tuple(lines),
    )


def _tip(card: Any) -> Tip:
    if (
        not isinstance(card, Mapping)
        or set(card) != {"title", "lines"}
        or not isinstance(card["lines"], list)
    ):
        raise ValueError("cards: each has a title and lines")
    if not 1 <= len(card["lines"]) <= _MOST_LINES:
        raise ValueError(f"cards: {card['title']!r}: 1 to {_MOST_LINES} lines are expected")
    lines = tuple(_words(line, f"cards: {card['title']!r}", _LONGEST_LINE) for line in card["lines"])
    return Tip(_words(card["title"], "cards: title", _LONGEST_TITLE), lines)


def _words(value: object, field: str, longest: int) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= longest:
        raise ValueError(f"{field}: a text of at most {longest} letters is expected, not {value!r}")
    return value.strip()
