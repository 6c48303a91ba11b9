"""The lines of the usage report, and how small numbers are hidden in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

FEW = 5  # of a delicate kind fewer than these are not told apart


@dataclass(frozen=True)
class Amount:
    """At least and at most so many; equal where it is known and may be said, None where it is not known any more."""

    least: int | None
    most: int | None

    def __str__(self) -> str:
        if self.least is None:
            return "記録なし"
        return str(self.least) if self.least == self.most else f"{self.least}〜{self.most}"


@dataclass(frozen=True)
class Line:
    section: str
    name: str
    amount: Amount


def exactly(count: int | None) -> Amount:
    """So many, as they were counted."""
    return Amount(count, count)


def with_few_hidden(count: int) -> Amount:
    """So many; one to four are not told apart."""
    return Amount(1, FEW - 1) if 0 < count < FEW else exactly(count)


def in_all(parts: Iterable[Amount]) -> Amount:
    """The sum, no more exact than its parts: the exact one would give away a hidden part."""
    known = list(parts)
    return Amount(sum(each.least or 0 for each in known), sum(each.most or 0 for each in known))
