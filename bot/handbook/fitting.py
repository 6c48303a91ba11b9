"""Which schemes fit a set of answers, in whole numbers: an answer is a bit, a condition a mask of bits. Pure.

Four hundred schemes with forty conditions each are asked in a third of a millisecond this way
(benchmarks/handbook_rules.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from bot.content.conditions import Answers, Token
from bot.content.questions import HandbookQuestion
from bot.content.schemes import Scheme

NOT_KNOWING: Final = frozenset({"dk", "unknown"})
"""Options that say わからない: to a rule they are no answer."""

_NOTHING: Final[frozenset[str]] = frozenset()


class Fit(NamedTuple):
    """A scheme whose rules do not say no; `led` and `met` are masks for `Conditions.answers_in`."""

    place: int
    """Of the scheme in the list that was given."""
    led: int
    """The answers that lead to it."""
    met: int
    """The answers that meet what it needs."""
    unknown: tuple[int, ...]
    """The groups (their place in `require`) of which one answer is needed and not known."""


class _Masks(NamedTuple):
    place: int
    ways: int
    """Answers that each lead here alone."""
    together: tuple[int, ...]
    groups: tuple[int, ...]
    """For each group that is needed: its answers, those that may do, and its questions being open."""
    excluded: int


class Conditions:
    """The rules of all schemes; their answers must be offered by the questions (KeyError)."""

    def __init__(self, schemes: Sequence[Scheme], questions: Iterable[HandbookQuestion]) -> None:
        asked = tuple(questions)
        self._tokens = [(question.code, option.code) for question in asked for option in question.options]
        self._bit = {token: 1 << place for place, token in enumerate(self._tokens)}
        codes = dict.fromkeys(question.code for question in asked)
        self._open_bit = {code: 1 << place for place, code in enumerate(codes, len(self._tokens))}
        self._no_when_unasked = {q.code: q.no_when_unasked for q in asked if q.no_when_unasked}
        self._needs = [tuple(self.mask_of(group) for group in scheme.require) for scheme in schemes]
        self._masks = [self._masks_of(place, scheme) for place, scheme in enumerate(schemes)]

    def fitting(self, answers: Answers) -> Iterator[Fit]:
        """Every scheme to which an answer leads, of whose needs none is denied, and that nothing rules out."""
        bit = self._bit
        given = 0
        for question, options in answers.items():
            for option in options:
                given |= bit.get((question, option), 0)
        possible = given
        for question, open_bit in self._open_bit.items():
            if self.is_unknown(question, answers):
                possible |= open_bit
        for place, ways, together, groups, excluded in self._masks:
            led = ways & given
            for way in together:
                if way & given == way:
                    led |= way
            if not led or excluded & given:
                continue
            for group in groups:
                if not group & possible:
                    break
            else:
                yield self._fit(place, led, given)

    def answers_in(self, mask: int) -> list[Token]:
        """In the order in which they were asked."""
        found = []
        while mask:
            lowest = mask & -mask
            found.append(self._tokens[lowest.bit_length() - 1])
            mask ^= lowest
        return found

    def answers_to(self, question: str) -> int:
        """The mask of all answers to a question; 0 where it is not asked."""
        return self.mask_of(token for token in self._tokens if token[0] == question)

    def is_unknown(self, question: str, answers: Answers) -> bool:
        """Whether we do not know: skipped, answered with わからない, or not asked and not to be concluded."""
        given = answers.get(question)
        if given is None:
            sources = self._no_when_unasked.get(question, _NOTHING)
            return not sources or not all(answers.get(source) for source in sources)
        return given <= NOT_KNOWING

    def _fit(self, place: int, led: int, given: int) -> Fit:
        met, unknown = 0, []
        for number, answers in enumerate(self._needs[place]):
            if answers & given:
                met |= answers & given
            else:
                unknown.append(number)
        return Fit(place, led, met, tuple(unknown))

    def _masks_of(self, place: int, scheme: Scheme) -> _Masks:
        ways = [self.mask_of(together) for together in scheme.show_if_any]
        return _Masks(
            place,
            ways=sum({way for way in ways if way.bit_count() == 1}),
            together=tuple(way for way in ways if way.bit_count() > 1),
            groups=tuple(
                self.mask_of(group) | self.mask_of(perhaps) | self._open_mask(group)
                for group, perhaps in scheme.needs
            ),
            excluded=self.mask_of(scheme.exclude),
        )

    def mask_of(self, tokens: Iterable[Token]) -> int:
        """These answers as bits."""
        mask = 0
        for token in tokens:
            mask |= self._bit[token]
        return mask

    def _open_mask(self, tokens: Iterable[Token]) -> int:
        return sum({self._open_bit[question] for question, _ in tokens})
