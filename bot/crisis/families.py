"""Families of words: what was learned of one word of a family is heard in the others too.

「縄を買った」 teaches something about 「ロープを買った」: each word of content/crisis/families.yaml stands for its
family. A family alone is no danger; the learned opinion weighs families beside the letters themselves.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from bot.crisis.normalise import fold

_FIRST_MARK: Final = 0x2F00
"""Marks are Kangxi radicals: visible, and never in a normalised text (NFKC turns them into ordinary characters)."""
_MOST: Final = 214


@dataclass(frozen=True)
class Families:
    """Every word with the mark of its family, and how the families are called."""

    names: tuple[str, ...]
    marks: Mapping[str, str]
    lengths: Mapping[str, tuple[int, ...]]
    """Lengths of the words that begin with a letter, the longest first."""

    def marked(self, passage: str) -> str:
        """The passage with every word of a family replaced by its mark, from the left, the longest word first."""
        letters: list[str] = []
        at = 0
        while at < len(passage):
            for length in self.lengths.get(passage[at], ()):
                mark = self.marks.get(passage[at : at + length])
                if mark is not None:
                    letters.append(mark)
                    at += length
                    break
            else:
                letters.append(passage[at])
                at += 1
        return "".join(letters)

    def spelled(self, run: str) -> str:
        """A run of letters for people: marks as the names of their families."""
        return "".join(f"〔{self.names[ord(one) - _FIRST_MARK]}〕" if is_mark(one) else one for one in run)


NONE: Final = Families((), {}, {})


def is_mark(letter: str) -> bool:
    """Whether a letter of a marked passage stands for a family."""
    return _FIRST_MARK <= ord(letter) < _FIRST_MARK + _MOST


def load_families(path: Path) -> Families:
    """Reads families.yaml; ValueError where it is no mapping of names to words, or a word stands in two families."""
    raw = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    if not isinstance(raw, Mapping) or not all(isinstance(words, str) for words in raw.values()):
        raise ValueError(f"{path.name}: must be a mapping of names to words")
    if len(raw) > _MOST:
        raise ValueError(f"{path.name}: more than {_MOST} families")
    marks: dict[str, str] = {}
    for at, (name, words) in enumerate(raw.items()):
        for word in words.split():
            spelled = fold(unicodedata.normalize("NFKC", word).lower())
            if marks.setdefault(spelled, chr(_FIRST_MARK + at)) != chr(_FIRST_MARK + at):
                raise ValueError(f"{path.name}: {name}: {word} stands in another family already")
    lengths: dict[str, set[int]] = {}
    for word in marks:
        lengths.setdefault(word[0], set()).add(len(word))
    longest_first = {first: tuple(sorted(found, reverse=True)) for first, found in lengths.items()}
    return Families(tuple(map(str, raw)), marks, longest_first)
