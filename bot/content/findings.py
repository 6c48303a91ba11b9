"""Something in content, or in a table that is to become content, that somebody should look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """What is wrong, where, and what to do about it; the words are for staff, in Japanese."""

    level: Level
    file: str
    """As below content/, or as the table is called."""
    place: str
    """The line or the key."""
    field: str
    words: str
    hint: str = ""

    @property
    def where(self) -> str:
        """「schemes/national.csv: national-001 phone」"""
        return f"{self.file}: {' '.join(part for part in (self.place, self.field) if part)}".rstrip(": ")
