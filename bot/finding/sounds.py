"""What is known by its sound: found in runs of kana however they would be cut into words, and with a slip in it.

「じどうふようてあて」 is three wrong words to any dictionary, and 「じどうふよてあて」 none at all; both are the 児童扶養手当.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

from bot.finding.spelling import sound

SHORTEST: Final = 4
"""Kana in a row; what is shorter stands inside of too many other words."""
SHORTEST_WITH_SLIP: Final = 6
TWO_SLIPS_FROM: Final = 10

_PARTICLES: Final = frozenset("がをにはでともの")
_PARTICLES_OR_END: Final = _PARTICLES | {""}
_LONGEST: Final = 24
_KANA_RUN: Final = re.compile(f"[ぁ-んァ-ヶー]{{{SHORTEST},}}")


class Sounds:
    """Sounds in plain hiragana (`spelling.sound`), each with the names that it stands for."""

    def __init__(self) -> None:
        self._names: dict[str, set[str]] = defaultdict(set)
        self._firm: set[str] = set()
        self._by_pair: dict[str, list[str]] = {}

    def add(self, heard: str, name: str, *, firm: bool) -> None:
        """`firm`: a word that is never bent. Only these are known with a slip: 出たい is no slip of 出て."""
        self._names[heard].add(name)
        if firm:
            self._firm.add(heard)
        self._by_pair = {}

    def in_kana_of(self, line: str) -> Iterator[tuple[frozenset[str], str]]:
        """What stands, by its names and its sound, in the runs of kana of this line; the longest at each place."""
        for run in _KANA_RUN.findall(line):
            heard, at = sound(run), 0
            while at < len(heard) - 1:
                longest = min(len(heard), at + _LONGEST)
                ends = (end for end in range(longest, at + 1, -1) if self._is_known(heard, at, end))
                end = next(ends, None)
                if end is not None:
                    yield frozenset(self._names[heard[at:end]]), heard[at:end]
                at = end or at + 1

    def _is_known(self, heard: str, at: int, end: int) -> bool:
        """Something short must stand between particles: さぎの is 詐欺の, うさぎの is not."""
        known = heard[at:end]
        if known not in self._names:
            return False
        alone = (at == 0 or heard[at - 1] in _PARTICLES) and heard[end : end + 1] in _PARTICLES_OR_END
        return len(known) >= SHORTEST or (known in self._firm and alone)

    def nearly_in(self, heard: str) -> Iterator[tuple[frozenset[str], str]]:
        """What is long and stands, by its names and its sound, in `heard` with a slip: a kana too few, too many or wrong."""
        shared: Counter[str] = Counter()
        for pair in _pairs(heard):
            shared.update(self._pairs_known.get(pair, ()))
        for known, count in shared.items():
            slips = 2 if len(known) >= TWO_SLIPS_FROM else 1
            if count >= len(_pairs(known)) - 2 * slips and 0 < _distance_inside(known, heard) <= slips:
                yield frozenset(self._names[known]), known

    @property
    def _pairs_known(self) -> dict[str, list[str]]:
        if not self._by_pair:
            by_pair: dict[str, list[str]] = defaultdict(list)
            for known in sorted(heard for heard in self._firm if len(heard) >= SHORTEST_WITH_SLIP):
                for pair in _pairs(known):
                    by_pair[pair].append(known)
            self._by_pair = by_pair
        return self._by_pair


def _pairs(heard: str) -> set[str]:
    return {heard[at : at + 2] for at in range(len(heard) - 1)}


def _distance_inside(known: str, heard: str) -> int:
    """The fewest slips with which `known` stands anywhere in `heard` (edit distance to its nearest part)."""
    row = list(range(len(known) + 1))
    best = row[-1]
    for letter in heard:
        before, row = row, [0]
        for at, wanted in enumerate(known, 1):
            row.append(min(before[at] + 1, row[-1] + 1, before[at - 1] + (letter != wanted)))
        best = min(best, row[-1])
    return best
