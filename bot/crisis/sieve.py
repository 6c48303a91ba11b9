"""Which of a thousand patterns can match at all: those of whose letters enough stand in the text.

Every match of a pattern contains certain letters, or pairs of them, for sure: one of 死に, 自殺 or 首. A look into an index
by these leaves a few dozen patterns of a thousand to be tried. It leaves none out that would match: what cannot be
known of a pattern makes it one that is always tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from re import _constants as codes  # type: ignore[attr-defined]  # the parser of the standard library, whose name
from re import _parser  # type: ignore[attr-defined]  # is private; tests compare with trying every pattern
from typing import Any, Final, Generic, TypeVar

Item = TypeVar("Item")
Letters = frozenset[str]  # single letters and pairs, of which every match contains at least one

_WIDEST: Final = 24  # letters of a class or branches that are still worth an entry each
_REPEATS: Final = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)


class Sieve(Generic[Item]):
    """Patterns with what they stand for, in their order, found by the letters of a text."""

    def __init__(self, entries: Iterable[tuple[re.Pattern[str], Item]]) -> None:
        self.entries = tuple(entries)
        self._always: list[int] = []
        self._by_letters: dict[str, list[int]] = {}
        for place, (pattern, _) in enumerate(self.entries):
            needed = letters_of(pattern)
            if needed is None:
                self._always.append(place)
            for letters in needed or ():
                self._by_letters.setdefault(letters, []).append(place)

    def may_match(self, text: str) -> list[tuple[re.Pattern[str], Item]]:
        """In their order; all that match are among them."""
        found = set(self._always)
        for letters in {*text, *map("".join, pairwise(text))} & self._by_letters.keys():
            found.update(self._by_letters[letters])
        return [self.entries[place] for place in sorted(found)]


def letters_of(pattern: re.Pattern[str]) -> Letters | None:
    """Letters or pairs of which every match contains at least one; None where nothing is certain."""
    if pattern.flags & re.IGNORECASE:
        return None
    return _in_sequence(_parser.parse(pattern.pattern, pattern.flags))


def _in_sequence(nodes: Sequence[tuple[Any, Any]]) -> Letters | None:
    """Each part of a sequence has to be there: the one that is rarest in ordinary texts says the most."""
    certain = [found for found in _parts(nodes) if found]
    return min(certain, key=_how_common, default=None)


def _parts(nodes: Sequence[tuple[Any, Any]]) -> Iterator[Letters | None]:
    before = ""
    for code, value in nodes:
        if code is codes.LITERAL:
            letter = chr(value)
            yield frozenset([before + letter])
            before = letter
            continue
        before = ""
        yield _of_node(code, value)


def _of_node(code: Any, value: Any) -> Letters | None:
    if code is codes.SUBPATTERN:
        return _in_sequence(value[3])
    if code is codes.ATOMIC_GROUP:
        return _in_sequence(value)
    if code is codes.ASSERT:  # ahead or behind: in the text it stands all the same
        return _in_sequence(value[1])
    if code is codes.BRANCH:
        return _one_of([_in_sequence(branch) for branch in value[1]])
    if code in _REPEATS:
        least, _, repeated = value
        return _in_sequence(repeated) if least else None
    if code is codes.IN:
        return _one_of([frozenset([chr(v)]) if c is codes.LITERAL else None for c, v in value])
    return None


def _one_of(branches: Sequence[Letters | None]) -> Letters | None:
    certain = [branch for branch in branches if branch]
    if len(certain) < len(branches) or len(certain) > _WIDEST:
        return None
    return frozenset().union(*certain)


def _how_common(letters: Letters) -> float:
    """A guess that only decides how much is tried in vain."""
    return sum(_share(each) for each in letters)


def _share(letters: str) -> float:
    kana = sum("ぁ" <= letter <= "ん" or letter in " 、。ー" for letter in letters)
    if len(letters) == 2:
        return 0.0025 * 4.0**kana
    return 0.5 if kana else 0.05
