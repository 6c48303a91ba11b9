"""From words that somebody typed to the schemes that help: look up, weigh, sort."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, cached_property
from operator import itemgetter
from typing import Final

from bot.content.conditions import Token
from bot.content.hotlines import Hotline
from bot.content.schemes import Scheme
from bot.finding.analysis import Analyser
from bot.finding.concepts import Concepts
from bot.finding.index import Index, Line, Match
from bot.finding.neighbours import speaks_of_neighbour
from bot.finding.synonyms import Synonyms
from bot.handbook.recommend import Catalogue

AT_MOST: Final = 5
LINES_AT_MOST: Final = 2
OF_WHOM: Final = frozenset({"Q1", "Q2", "Q2top", "Q3", "Q4", "Q9", "Q23", "Q24"})
"""Questions whose answers say who somebody is, not what hurts: their words lead to too much."""

LEAST: Final = 2.5
"""Below this score a text has only a common word with what was asked for."""
BESIDE_THE_BEST: Final = 0.2
"""What fits so much less well than the best is not shown."""
SURE: Final = ((13.0, 0.4), (20.0, 0.25))
"""Score and share of the best from which on it is offered unasked: as much help and as little disturbance as
benchmarks/finding.py shows in its last line."""

_ALIKE: Final = 12.0
_TOWNS_OWN: Final = 1.3
_LOAN: Final = 0.9
_HUB: Final = 1.15
_FIELD: Final = 10
"""So many of the best say which field of life it is about."""


@dataclass(frozen=True)
class Found:
    """A scheme that fits the words. `place` is its place in the catalogue, the same in every language."""

    place: int
    scheme: Scheme
    score: float
    match: Match

    @property
    def because(self) -> tuple[str, ...]:
        """The typed words it was found by; empty where it only sounds alike."""
        return tuple(dict.fromkeys(term.surface for term in self.match.terms))


@dataclass(frozen=True)
class Finding:
    """What was found, best first, and lines for everyone that fit; `sure`: good enough to be offered unasked."""

    found: tuple[Found, ...] = ()
    hotlines: tuple[Hotline, ...] = ()
    sure: bool = False


@dataclass(frozen=True)
class Sought:
    """What a text speaks of, by place in the catalogue; None where it tells of a neighbour."""

    matches: Mapping[int, Match] | None


class Finder:
    """All schemes and lines, made ready for being looked up; a second's work, at the first search and not before."""

    def __init__(
        self,
        catalogue: Catalogue,
        labels: Mapping[Token, str],
        hotlines: Iterable[Hotline],
        synonyms: Synonyms,
    ) -> None:
        """`labels` are the words of the answers that lead to schemes."""
        self._catalogue = catalogue
        self._labels = labels
        self._hotlines = tuple(hotlines)
        self._synonyms = synonyms
        self._analyser = Analyser()

    def wake_up(self) -> None:
        """Do now what the first search would do."""
        self.find("こまっている", None, datetime.now(UTC))

    def find(self, text: str, town: str | None, now: datetime, at_most: int = AT_MOST) -> Finding:
        """What helps with this, for somebody in `town` (a key; None where it is not known); any string is allowed."""
        return self._among(self._index.matches(self._analyser.read(text)), town, now, at_most)

    def read(self, text: str) -> Sought:
        """The part of `unasked` that is the same for everybody."""
        said = self._analyser.read(text)
        if speaks_of_neighbour(said, self._synonyms.neighbours):
            return Sought(None)
        return Sought(self._index.matches(said))

    def unasked(self, sought: Sought, town: str | None, now: datetime) -> Finding | None:
        """What fits so well that it may be shown to somebody who did not look for anything; nothing about a neighbour."""
        if sought.matches is None:
            return None
        finding = self._among(sought.matches, town, now, AT_MOST)
        return finding if finding.sure else None

    def speaks_of_neighbour(self, text: str) -> bool:
        """Whether this tells of somebody else who could be named by it: then nothing is looked up unasked."""
        return speaks_of_neighbour(self._analyser.read(text), self._synonyms.neighbours)

    def _among(self, matches: Mapping[int, Match], town: str | None, now: datetime, at_most: int) -> Finding:
        schemes = self._schemes_among(matches, town, now.date())
        if not schemes:
            return Finding()
        best = schemes[0]
        shown = [one for one in schemes[:at_most] if one.score >= BESIDE_THE_BEST * best.score]
        sure = any(best.score >= score and best.match.share >= share for score, share in SURE)
        if not sure:
            shown = self._with_a_desk(shown, schemes, at_most)
        return Finding(tuple(shown), self._lines_among(matches, shown, best.score, now), sure)

    def _schemes_among(self, matches: Mapping[int, Match], town: str | None, today: date) -> list[Found]:
        schemes = self._catalogue.schemes
        found = [
            self._weighed(place, schemes[place], match)
            for place, match in sorted(matches.items(), key=itemgetter(0))
            if place < len(schemes) and self._catalogue.is_there(schemes[place], town, today)
        ]
        found = [one for one in found if one.score >= LEAST]
        return sorted(found, key=lambda one: (-one.score, one.scheme.is_loan, one.place))

    def _weighed(self, place: int, scheme: Scheme, match: Match) -> Found:
        score = _score(match)
        score *= (_TOWNS_OWN if scheme.town else 1.0) * (_LOAN if scheme.is_loan else 1.0)
        score *= _HUB if scheme.hub else 1.0
        return Found(place, scheme, score, match)

    def _with_a_desk(self, shown: list[Found], fitting: Sequence[Found], at_most: int) -> list[Found]:
        """Where little fits well, the desk that sorts things out in this field of life is among it."""
        if any(one.scheme.hub for one in shown):
            return shown
        weights: Counter[str] = Counter()
        for one in fitting[:_FIELD]:
            weights[one.scheme.theme] += round(one.score * 100)
        theme = weights.most_common(1)[0][0]
        desk = next((one for one in fitting if one.scheme.hub and one.scheme.theme == theme), None)
        return [*shown[: at_most - 1], desk] if desk else shown

    def _lines_among(
        self, matches: Mapping[int, Match], shown: Sequence[Found], best: float, now: datetime
    ) -> tuple[Hotline, ...]:
        """Lines that fit nearly as well, are not over, and do not stand on one of the cards already."""
        phones = {one.scheme.phone for one in shown}
        first = len(self._catalogue.schemes)
        fitting = [
            (_score(matches[first + at]), line)
            for at, line in enumerate(self._hotlines)
            if first + at in matches and (line.phone is None or line.phone not in phones)
        ]
        fitting = [(score, line) for score, line in fitting if score >= max(LEAST, best / 2)]
        fitting.sort(key=lambda pair: -pair[0])
        lines = [line for _, line in fitting if line.hours is None or line.hours.next_opening(now)]
        return tuple(lines[:LINES_AT_MOST])

    @cached_property
    def _index(self) -> Index:
        words_of = cache(lambda text: self._analyser.read(text).words)  # many schemes share a line

        def lines(texts: Iterable[tuple[str, float]]) -> tuple[Line, ...]:
            return tuple(Line(words_of(text), weight) for text, weight in texts if text)

        texts = [lines(self._of_scheme(scheme)) for scheme in self._catalogue.schemes]
        texts += [lines(((line.name, 4.0), (line.audience, 2.0))) for line in self._hotlines]
        return Index(texts, Concepts(self._synonyms, self._analyser))

    def _of_scheme(self, scheme: Scheme) -> Iterator[tuple[str, float]]:
        """Its texts, and how much each counts."""
        yield scheme.plain_title, 4.0
        yield scheme.official_name, 2.0
        yield from ((words, 2.0) for words in scheme.words)
        yield scheme.what, 0.5
        yield from ((line, 1.0) for line in scheme.who_for)
        leading = {token for together in scheme.show_if_any for token in together}
        yield from ((self._labels[token], 1.0) for token in sorted(leading) if token[0] not in OF_WHOM)


def _score(match: Match) -> float:
    """By meaning, more where much of what was asked for is spoken of; and by sound."""
    return match.meaning * (0.4 + 0.6 * match.share) + _ALIKE * match.alike
