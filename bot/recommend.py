"""Which schemes and desks fit the answers of the お悩みハンドブック, in which order, and why. Pure.

The order: what makes safe, one or two desks that sort things out with people, the troubles that were chosen,
the rest. Not knowing never rules anything out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Final

from bot.content.conditions import Answers, Token
from bot.content.questions import TOP_WORRIES, WORRIES, HandbookQuestion
from bot.content.schemes import Scheme, check_options

CONTACT: Final = "Q23"
MOST_HUBS: Final = 2
NOT_KNOWING: Final = frozenset({"dk", "unknown"})
"""Options that say わからない: to a rule they are no answer."""

_NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True)
class Recommendation:
    """A scheme that may fit, and the answers that led to it."""

    scheme: Scheme
    because: tuple[Token, ...]
    """(question code, option code): first the answers that led here, then those that meet its conditions."""
    to_confirm: bool
    """Some condition is not known: 「条件は窓口で確かめてください」."""


@dataclass(frozen=True)
class Result:
    """What to show, group by group, best first in each."""

    safety: tuple[Recommendation, ...] = ()
    hubs: tuple[Recommendation, ...] = ()
    chosen: tuple[Recommendation, ...] = ()
    others: tuple[Recommendation, ...] = ()

    @property
    def fallback(self) -> bool:
        """Whether the answers say too little: then the lines that are there for everyone are shown as well."""
        followed = any(question != WORRIES for hub in self.hubs for question, _ in hub.because)
        return not (self.safety or self.chosen or self.others or followed)


@dataclass(frozen=True)
class _Found:
    place: int
    """The place of the scheme in the files: the order within a theme is the editors'."""
    what: Recommendation
    led: int
    """How many answers led here."""
    by_contact: bool
    """It offers the way of talking that was asked for."""


class Catalogue:
    """All schemes, indexed once by the answers that lead to them: one look-up stays far below 1 ms."""

    def __init__(self, schemes: Sequence[Scheme], questions: Sequence[HandbookQuestion]) -> None:
        """ContentError when a rule looks at an answer that no question offers."""
        check_options(schemes, questions)
        self.schemes = tuple(schemes)
        tokens = [(question.code, option.code) for question in questions for option in question.options]
        self._place_of = {token: place for place, token in enumerate(tokens)}
        self._no_when_unasked = {q.code: q.no_when_unasked for q in questions if q.no_when_unasked}
        worries = next((q.options for q in questions if q.code == WORRIES), ())
        self._themes = tuple((option.code, option.theme) for option in worries if option.theme)
        self._led_by: dict[Token, list[int]] = {}
        for place, scheme in enumerate(self.schemes):
            for together in scheme.show_if_any:
                self._led_by.setdefault(together[0], []).append(place)
        self._overridden: dict[str, set[str]] = {}
        for scheme in self.schemes:
            if scheme.town and scheme.overrides:
                self._overridden.setdefault(scheme.town, set()).add(scheme.overrides)

    def recommend(self, answers: Answers, town: str | None, today: date) -> Result:
        """What fits these answers for somebody in `town` (a key; None where it is not known) on this day."""
        found = self._find(answers, town, today)
        themes = self._chosen_themes(answers)
        pinned = sorted((one for one in found if one.what.scheme.pin), key=_by_pin)
        rest = [one for one in found if not one.what.scheme.pin]
        hubs = sorted((one for one in rest if one.what.scheme.hub), key=lambda one: _by_hub(one, themes))[
            :MOST_HUBS
        ]
        rest = [one for one in rest if one not in hubs]
        chosen = [one for one in rest if one.what.scheme.theme in themes]
        others = [one for one in rest if one.what.scheme.theme not in themes]
        return Result(
            safety=_shown(pinned),
            hubs=_shown(hubs) or self._desks_of_troubles(answers, town, today),
            chosen=_shown(_taking_turns(chosen, themes)),
            others=_shown(sorted(others, key=lambda one: (*_rank(one), one.place))),
        )

    def _desks_of_troubles(
        self, answers: Answers, town: str | None, today: date
    ) -> tuple[Recommendation, ...]:
        """Who stopped after naming a trouble still leaves with the desk that sorts it out."""
        worries = answers.get(TOP_WORRIES) or answers.get(WORRIES, _NOTHING)
        found: dict[str, Recommendation] = {}
        for code, theme in self._themes:
            for scheme in self.schemes if code in worries else ():
                if scheme.hub and scheme.theme == theme and self._is_there(scheme, town, today):
                    found.setdefault(scheme.id, Recommendation(scheme, ((WORRIES, code),), to_confirm=False))
        return tuple(found.values())[:MOST_HUBS]

    def _is_there(self, scheme: Scheme, town: str | None, today: date) -> bool:
        """Whether this is offered in the town (and not replaced by the town's own) on this day."""
        replaced = self._overridden.get(town, _NOTHING) if town else _NOTHING
        return scheme.town in (None, town) and scheme.id not in replaced and scheme.valid_on(today)

    def _find(self, answers: Answers, town: str | None, today: date) -> list[_Found]:
        given = {(question, option) for question, options in answers.items() for option in options}
        found = []
        for place in sorted({place for token in given for place in self._led_by.get(token, ())}):
            scheme = self.schemes[place]
            if self._is_there(scheme, town, today) and (one := self._fit(place, scheme, given, answers)):
                found.append(one)
        return found

    def _fit(self, place: int, scheme: Scheme, given: set[Token], answers: Answers) -> _Found | None:
        """The scheme with why, or None when its rules say no. `given` are the answers, flat."""
        if not scheme.exclude.isdisjoint(given):
            return None
        led = {token for together in scheme.show_if_any if given.issuperset(together) for token in together}
        if not led:
            return None
        met: set[Token] = set()
        to_confirm = False
        for group in scheme.require:
            if fitting := group & given:
                met |= fitting
            elif any(self._unknown(question, answers) for question, _ in group):
                to_confirm = True
            else:
                return None
        because = (*self._ordered(led), *self._ordered(met - led))
        by_contact = any(question == CONTACT for question, _ in led)
        return _Found(place, Recommendation(scheme, because, to_confirm), len(led), by_contact)

    def _unknown(self, question: str, answers: Answers) -> bool:
        """Whether we do not know: skipped, answered with わからない, or not asked and not to be concluded."""
        given = answers.get(question)
        if given is None:
            sources = self._no_when_unasked.get(question, _NOTHING)
            return not sources or not all(answers.get(source) for source in sources)
        return given <= NOT_KNOWING

    def _ordered(self, tokens: Set[Token]) -> list[Token]:
        """In the order in which they were asked."""
        return sorted(tokens, key=self._place_of.__getitem__)

    def _chosen_themes(self, answers: Answers) -> dict[str, int]:
        """The themes of the chosen troubles with their rank, the worst three troubles first."""
        top, all_of_them = answers.get(TOP_WORRIES, _NOTHING), answers.get(WORRIES, _NOTHING)
        first = [theme for code, theme in self._themes if code in top]
        then = [theme for code, theme in self._themes if code in all_of_them]
        return {theme: rank for rank, theme in enumerate(dict.fromkeys((*first, *then))) if theme}


def recommend(
    answers: Answers,
    schemes: Sequence[Scheme],
    questions: Sequence[HandbookQuestion],
    town: str | None,
    today: date,
) -> Result:
    """As Catalogue.recommend, for a single look; who asks often keeps a Catalogue."""
    return Catalogue(schemes, questions).recommend(answers, town, today)


def _by_pin(one: _Found) -> tuple[int, int]:
    return one.what.scheme.pin_rank, one.place


def _by_hub(one: _Found, themes: Mapping[str, int]) -> tuple[int, int, int]:
    """Desks of a chosen trouble first, then those to which more answers led."""
    return themes.get(one.what.scheme.theme, len(themes)), -one.led, one.place


def _rank(one: _Found) -> tuple[bool, bool, bool, bool]:
    """Loans last; what is known to fit before what is to be confirmed; the town before the nation."""
    scheme = one.what.scheme
    return scheme.is_loan, one.what.to_confirm, scheme.town is None, not one.by_contact


def _taking_turns(found: Iterable[_Found], themes: Mapping[str, int]) -> list[_Found]:
    """Within a rank the themes take turns, so that the first cards say something to every chosen trouble."""
    turn: Counter[tuple[object, str]] = Counter()
    keyed = []
    for one in sorted(found, key=lambda one: one.place):
        rank, theme = _rank(one), one.what.scheme.theme
        keyed.append(((rank, turn[rank, theme], themes[theme]), one))
        turn[rank, theme] += 1
    return [one for _, one in sorted(keyed, key=lambda pair: pair[0])]


def _shown(found: Iterable[_Found]) -> tuple[Recommendation, ...]:
    return tuple(one.what for one in found)
