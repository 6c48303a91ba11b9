"""The index: which texts speak of a word or a group of words (BM25 over weighted fields), and which sound alike.

The sound is kept in pairs of kana (and threes): so what is typed in kana, with a wrong conversion or with a slip of the
thumb still meets the line that it was meant for.
"""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.finding.analysis import Spoken, Word
from bot.finding.concepts import Concepts, Term, letters

SATURATION: Final = 2.2
"""BM25's k1: how soon more of the same word says nothing new."""
LENGTH: Final = 0.35
"""BM25's b: how much a long text is held back."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text: its words, and how much they count."""

    words: tuple[Word, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Match:
    """How well one text fits: by meaning (BM25) and by sound (0 to 1), and the terms it was found by."""

    meaning: float
    share: float
    """The part of what was asked for that the text speaks of (0 to 1)."""
    alike: float
    terms: tuple[Term, ...]


class Index:
    """Texts, each of several lines; what is found is named by its place."""

    def __init__(self, texts: Sequence[Sequence[Line]], concepts: Concepts) -> None:
        self._concepts = concepts
        self._size = len(texts)
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        self._by_gram: dict[str, array[int]] = {}
        self._line_of: array[int] = array("l")
        self._line_norm: array[float] = array("d")
        self._add_meaning(texts)
        self._add_sound(texts)

    def _add_meaning(self, texts: Sequence[Sequence[Line]]) -> None:
        for lines in texts:
            for line in lines:
                self._concepts.learn(line.words)
        terms_of: dict[tuple[Word, ...], tuple[Term, ...]] = {}
        for line in (line for lines in texts for line in lines):
            if line.words not in terms_of:
                terms_of[line.words] = tuple(self._concepts.terms(line.words))
        counted = [_counted(lines, terms_of) for lines in texts]
        lengths = [sum(weights.values()) for weights in counted]
        usual = sum(lengths) / max(len(lengths), 1) or 1.0
        for place, lines in enumerate(texts):
            held = 1 - LENGTH + LENGTH * lengths[place] / usual
            for name, weight in counted[place].items():
                self._postings[name].append((place, weight / held))
            for letter in {letter for line in lines for word in line.words for letter in letters(word.lemma)}:
                self._postings[letter].append((place, 1.0))

    def _add_sound(self, texts: Sequence[Sequence[Line]]) -> None:
        by_gram: dict[str, array[int]] = defaultdict(lambda: array("l"))
        for place, lines in enumerate(texts):
            for line in lines:
                number = len(self._line_of)
                self._line_of.append(place)
                for gram in _grams(line.words):
                    by_gram[gram].append(number)
        self._by_gram = dict(by_gram)
        squares = array("d", bytes(8 * len(self._line_of)))
        for gram, numbers in self._by_gram.items():
            rare = self._rare(gram)
            for number in numbers:
                squares[number] += rare
        self._line_norm.extend(map(math.sqrt, squares))

    def matches(self, asked: Spoken) -> Mapping[int, Match]:
        """Every text that speaks of something of this, or sounds like it."""
        meaning, share, terms = self._by_meaning(asked)
        alike = self._by_sound(asked.words)
        return {
            place: Match(
                meaning.get(place, 0.0),
                share.get(place, 0.0),
                alike.get(place, 0.0),
                tuple(terms.get(place, ())),
            )
            for place in {*meaning, *alike}
        }

    def _by_meaning(self, asked: Spoken) -> tuple[dict[int, float], dict[int, float], dict[int, list[Term]]]:
        terms: dict[str, Term] = {}
        for term in self._concepts.asked(asked):
            if term.name not in terms or terms[term.name].weight < term.weight:
                terms[term.name] = term
        worth = {name: term.weight * self._idf(name) for name, term in terms.items()}
        whole = sum(worth.values()) or 1.0
        meaning: dict[int, float] = defaultdict(float)
        share: dict[int, float] = defaultdict(float)
        by: dict[int, list[Term]] = defaultdict(list)
        for name, term in terms.items():
            for place, weight in self._postings.get(name, ()):
                meaning[place] += worth[name] * weight * (SATURATION + 1) / (weight + SATURATION)
                share[place] += worth[name] / whole
                by[place].append(term)
        return meaning, share, by

    def _by_sound(self, words: Sequence[Word]) -> dict[int, float]:
        grams = _grams(words)
        shared: dict[int, float] = defaultdict(float)
        for gram in grams:
            rare = self._rare(gram)
            for number in self._by_gram.get(gram, ()):
                shared[number] += rare
        norm = math.sqrt(sum(self._rare(gram) for gram in grams)) or 1.0
        best: dict[int, float] = {}
        for number, sum_of_shared in shared.items():
            place = self._line_of[number]
            likeness = sum_of_shared / (norm * self._line_norm[number])
            if likeness > best.get(place, 0.0):
                best[place] = likeness
        return best

    def _idf(self, name: str) -> float:
        having = len(self._postings.get(name, ()))
        return math.log(1 + (self._size - having + 0.5) / (having + 0.5))

    def _rare(self, gram: str) -> float:
        return math.log(1 + len(self._line_of) / (1 + len(self._by_gram.get(gram, ()))))


def _counted(
    lines: Iterable[Line], terms_of: Mapping[tuple[Word, ...], Iterable[Term]]
) -> Mapping[str, float]:
    """How much a text speaks of each term."""
    weights: dict[str, float] = defaultdict(float)
    for line in lines:
        for term in terms_of[line.words]:
            weights[term.name] += line.weight * term.weight
    return weights


def _grams(words: Iterable[Word]) -> set[str]:
    heard = "".join(word.sound for word in words)
    return {heard[at : at + size] for size in (2, 3) for at in range(len(heard) - size + 1)}
