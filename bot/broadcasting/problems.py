"""What is wrong in what staff wrote: where, what, and what to do about it. All of it at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Where it stands, by names and places from 0 on: ("messages", 2, "cards", 0, "title")."""

SHOWN = 12
_PARTS = {
    "cards": "カード",
    "lines": "行",
    "buttons": "ボタン",
    "items": "記事",
    "languages": "言語",
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong; `hint` is what to do."""

    path: Path
    text: str
    hint: str | None = None

    def __str__(self) -> str:
        return f"{where}: {self.text}" if (where := in_words(self.path)) else self.text


def in_words(path: Path) -> str:
    """「3通目のカード1枚目のボタン2つ目 label」: as staff count, from 1 on."""
    said: list[str] = []
    for place, part in enumerate(path):
        before = path[place - 1] if place else None
        if isinstance(part, int):
            said.append(_counted(before, part + 1))
        elif place + 1 < len(path) and isinstance(path[place + 1], int):
            continue  # said together with its number
        elif before == "languages":
            said.append(f"言語 {part}")
        elif part not in ("languages", "messages"):
            said.append(str(part))
    return " ".join(said)


def _counted(what: str | int | None, number: int) -> str:
    match what:
        case "cards":
            return f"カード{number}枚目"
        case "lines" | "buttons" | "items":
            return f"{_PARTS[what]}{number}"
        case _:
            return f"{number}通目"


def nearest(word: str, right: Iterable[str]) -> str | None:
    """The right word that was probably meant."""
    return next(iter(difflib.get_close_matches(word, list(right), n=1, cutoff=0.5)), None)


def choose(word: str, right: Iterable[str]) -> str:
    """A hint: the word that was probably meant, else all that are right."""
    words = list(right)
    meant = nearest(word, words)
    shown = "、".join(words[:SHOWN]) + ("…" if len(words) > SHOWN else "")
    return f"「{meant}」ですか？" if meant else f"使えるもの: {shown}"
