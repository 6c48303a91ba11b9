"""The labelled sentences of content/crisis/examples.csv, and which of them nobody may learn from."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RULES: Final = "rules"
"""The batch with which the first rules were made: each must be read exactly, none is held back."""
FRESH: Final = "fresh"
"""The batch that is never used to mend the rules either: all of it is held back."""
SERVICE: Final = "service"
"""What stands on our buttons and what people type to use them, in kanji and in kana: never danger, all of it learned."""
_WRITERS: Final = [
    *"defghijknopqrsuvwx",
    *(f"{letter}{at}" for letter in "yz" for at in range(1, 6)),
    *(f"g{letter}" for letter in "abcdef"),
    *(f"h{letter}" for letter in "bcef"),
]
UNREAD: Final = frozenset(f"voices_{writer}" for writer in _WRITERS)
"""Batches whose held-back third nobody looked at, not even to mend the rules."""

_COLUMNS: Final = ["text", "who", "level", "category", "style", "batch", "note"]


@dataclass(frozen=True)
class Example:
    """A sentence and what should be found in it."""

    text: str
    who: str
    level: str
    """S0 to S2, O0 to O2, L1 as in replies.yaml, or none."""
    category: str
    style: str
    """explicit, indirect, soft, long, mixed or harmless; `-` in the first batch."""
    batch: str
    note: str = ""

    @property
    def ordinary(self) -> bool:
        """Harmless, and not made to be mistaken: what people really send."""
        return not self.dangerous and self.note.startswith("ordinary")

    @property
    def dangerous(self) -> bool:
        return self.who != "none"

    @property
    def held_back(self) -> bool:
        """A third, chosen by the text's own digest: the opinion never learns from it (docs/crisis.md says what the rules saw)."""
        if self.batch in (RULES, SERVICE):
            return False
        return self.batch == FRESH or hashlib.sha256(self.text.encode()).digest()[0] % 3 == 0

    @property
    def unseen(self) -> bool:
        """Neither the opinion nor whoever mended the rules has seen it: what it shows is what to expect."""
        return self.batch == FRESH or (self.batch in UNREAD and self.held_back)


def load_examples(path: Path) -> tuple[Example, ...]:
    """All examples; ValueError where the table is not what it should be."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file)
        if table.fieldnames != _COLUMNS:
            raise ValueError(f"{path.name}: the columns must be {', '.join(_COLUMNS)}")
        return tuple(Example(*(row[column] for column in _COLUMNS)) for row in table)
