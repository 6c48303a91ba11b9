"""From words to what they mean: the groups of like words that they belong to, and the words themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.finding.analysis import FUNCTIONS, Analyser, Spoken, Word
from bot.finding.sounds import Sounds
from bot.finding.synonyms import Synonyms

_GAP: Final = 2
"""Words that may stand between those of a group: 「お金が全然ない」 is 「お金がない」."""
_SHORTEST_SOUND: Final = 3
"""Kana; what is shorter sounds like too much."""
_LONGEST_RUN: Final = 5
_SLIP: Final = 0.7
"""How much it counts what was heard with a slip in it."""
_LONE_WORD: Final = 0.6
_OWN_WORD: Final = 0.2
"""How much a word counts by itself where its group counts already: the same word is better than a like one."""
_LESS: Final = 0.4
"""How much is left of what says only whom it is about."""
_INSIDE: Final = 0.4
"""How much a word means inside of more that mean something together: 派遣 in 派遣切り."""
_HINT: Final = 0.4
_LETTER: Final = 0.35
"""How much a kanji counts of a word that nobody here uses: 酒飲み has the 酒 of お酒."""


@dataclass(frozen=True, slots=True)
class Term:
    """What is looked up: a group (`=12`) or a word, how much it counts, and the words of the text behind it."""

    name: str
    weight: float
    surface: str


class Concepts:
    """The groups, cut into words, so that every way to write and bend them is found.

    A word that is written in kanji means what it says; what is written in kana, or in kanji that nobody here uses, is
    understood by its sound. So 「やちん」, 「ヤチン」 and a wrong conversion all mean 家賃.
    """

    def __init__(self, synonyms: Synonyms, analyser: Analyser) -> None:

        def words_of(entry: str) -> tuple[Word, ...]:
            return analyser.read(entry).words

        self._sounds = Sounds()
        self._entries: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        self._groups_of: dict[str, set[str]] = {}
        self._by_sound: dict[str, set[str]] = {}
        self._known: set[str] = set()
        for number, group in enumerate(synonyms.groups):
            for entry in group:
                self._add_entry(analyser.read(entry), f"={number}")
        ignored = [words_of(entry) for entry in synonyms.ignore]
        self._ignored = {*FUNCTIONS, *(words[0].lemma for words in ignored if len(words) == 1)}
        self._light = {term.name for entry in synonyms.less for term in self.terms(words_of(entry))}

    def _add_entry(self, entry: Spoken, group: str) -> None:
        words = entry.words
        if all(word.lemma in FUNCTIONS for word in words):
            return
        sequence = tuple(word.lemma for word in words)
        free = len(sequence) > 1 and not FUNCTIONS.intersection(sequence)
        for lemma in {*sequence} if free else sequence[:1]:
            self._entries.setdefault(lemma, []).append((sequence, group))
        for lemma in sequence:
            self._groups_of.setdefault(lemma, set()).add(group)
        bare = "".join(word.base for word in words)
        self._by_sound.setdefault(bare, set()).add(group)
        self._sounds.add(entry.heard, group, firm=entry.heard == bare)
        self._known.update(sequence)

    def learn(self, words: Iterable[Word]) -> None:
        """These words stand in what can be found: from now on they are understood by their sound too."""
        for word in words:
            if word.lemma not in self._known and word.lemma not in self._ignored:
                self._known.add(word.lemma)
                self._by_sound.setdefault(word.base, set()).add(word.lemma)
                self._sounds.add(word.sound, word.lemma, firm=word.sound == word.base)

    def asked(self, asked: Spoken) -> Iterator[Term]:
        """The terms of a question: of a word that nobody here uses, what its kanji say; who it is about counts less."""
        for term in (*self.terms(asked.words), *self._by_ear(asked)):
            if term.name[0] != "=" and term.name not in self._known:
                yield from (Term(letter, _LETTER, term.surface) for letter in letters(term.name))
            yield replace(term, weight=term.weight * _LESS) if term.name in self._light else term
        yield from self._hinted(asked.words)

    def _hinted(self, words: Iterable[Word]) -> Iterator[Term]:
        """A word that stands in the entries of one group only hints at it: リボ at リボ払い, and so at debts."""
        for word in words:
            groups = self._groups_of.get(word.lemma, set())
            if len(groups) == 1 and word.lemma not in self._ignored | self._light:
                yield from (Term(group, _HINT, word.surface) for group in groups - self._light)

    def terms(self, words: Sequence[Word]) -> Iterator[Term]:
        """Each group that a run of these words belongs to, and each word that says something."""
        meant = [match for start in range(len(words)) for match in self._meant_from(words, start)]
        covered = [frozenset(places) for places, _ in meant]
        for places, names in meant:
            surface = "".join(words[at].surface for at in places)
            inside = any(other.issuperset(places) and len(other) > len(places) for other in covered)
            for name in names:
                yield Term(name, _worth(name, len(names)) * (_INSIDE if inside else 1.0), surface)
        grouped = frozenset().union(*covered)
        for at, word in enumerate(words):
            if word.lemma not in self._ignored:
                yield Term(word.lemma, _OWN_WORD if at in grouped else _LONE_WORD, word.surface)

    def _by_ear(self, asked: Spoken) -> Iterator[Term]:
        for names, heard in self._sounds.in_kana_of(asked.line):
            yield from (Term(name, _worth(name, len(names)), heard) for name in names)
        for names, heard in self._sounds.nearly_in(asked.heard):
            yield from (Term(name, _worth(name, len(names)) * _SLIP, heard) for name in names)

    def _meant_from(
        self, words: Sequence[Word], start: int
    ) -> Iterator[tuple[tuple[int, ...], tuple[str, ...]]]:
        """Runs of words that begin here, by their places, and what each may mean: by its words, then by its sound."""
        seen: set[str] = set()
        for sequence, group in self._entries.get(words[start].lemma, ()):
            if group not in seen and (places := _run(words, start, sequence)):
                seen.add(group)
                yield places, (group,)
        heard = ""
        for at in range(start, min(start + _LONGEST_RUN, len(words))):
            heard += words[at].base
            if len(heard) < _SHORTEST_SOUND or self._plain(words[start : at + 1]):
                continue
            if names := self._by_sound.get(heard, set()) - seen:
                seen |= names
                yield tuple(range(start, at + 1)), tuple(sorted(names))

    def _plain(self, words: Sequence[Word]) -> bool:
        """Whether these words are written so that they need no guessing by their sound."""
        return all(not word.in_kana and word.lemma in self._known for word in words)


def _worth(name: str, homophones: int) -> float:
    """How much a name counts that was understood: a group fully, a word less, one of many that sound alike hardly."""
    return 1.0 if name[0] == "=" else _LONE_WORD / homophones


def letters(lemma: str) -> tuple[str, ...]:
    """The terms for the kanji of a word."""
    return tuple(f"'{letter}" for letter in dict.fromkeys(lemma) if "一" <= letter <= "鿿")


def _run(words: Sequence[Word], start: int, sequence: tuple[str, ...]) -> tuple[int, ...]:
    """The places of these words from `start` on, nearly side by side; empty where they are not there.

    In any order, as 「部屋がごみだらけ」 is 「ごみだらけの部屋」; but an ending stays behind its word.
    """
    if words[start].lemma == sequence[0] and (places := _in_order(words, start, sequence)):
        return places
    if len(sequence) < 2 or FUNCTIONS.intersection(sequence):
        return ()
    near = range(start, min(start + len(sequence) + _GAP, len(words)))
    first = {words[at].lemma: at for at in reversed(near)}
    return tuple(sorted(first[lemma] for lemma in sequence)) if first.keys() >= {*sequence} else ()


def _in_order(words: Sequence[Word], start: int, sequence: tuple[str, ...]) -> tuple[int, ...]:
    places = [start]
    for lemma in sequence[1:]:
        after = places[-1] + 1
        near = range(after, min(after + (1 if lemma in FUNCTIONS else 1 + _GAP), len(words)))
        at = next((at for at in near if words[at].lemma == lemma), None)
        if at is None:
            return ()
        places.append(at)
    return tuple(places)
