"""Which schemes and desks fit the answers of the お悩みハンドブック, in which order, and why. Pure.

The order: what makes safe, one or two desks that sort things out with people, the troubles that were chosen (with
what one thinks of first at an answer, whatever its trouble), the rest. Not knowing never rules anything out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from bot.content.conditions import Answers, Token
from bot.content.documents import Document
from bot.content.questions import TOP_WORRIES, WORRIES, HandbookQuestion
from bot.content.rules import Rule
from bot.content.schemes import Scheme, check_options
from bot.handbook.fitting import NOT_KNOWING, Conditions

CONTACT: Final = "Q23"
MOST_HUBS: Final = 2
WHOSE: Final[Token] = ("Q20", "famadd")
"""It says whose trouble this is, not which: beside an answer that says which, it leads nowhere of its own."""
_NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True)
class Recommendation:
    """A scheme that may fit, and the answers that led to it."""

    scheme: Scheme
    because: tuple[Token, ...]
    """(question code, option code): first the answers that led here, then those that meet its conditions."""
    to_confirm: tuple[str, ...] = ()
    """The conditions that are not known, in words (「65歳以上の人」); empty: known to fit."""


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


class _Found(NamedTuple):
    place: int
    """The place of the scheme in the files: the order among equals is the editors'."""
    what: Recommendation
    led: int
    """How many answers led here."""
    first: bool
    """It is what one thinks of first at one of these answers."""
    waits: bool
    """It stands after the others: because it says so, or because only the way of talking led here."""
    by_contact: bool
    """It offers the way of talking that was asked for, and something else led here, too."""


class Catalogue:
    """All schemes, their conditions prepared once: one look-up stays far below 1 ms."""

    def __init__(
        self,
        schemes: Sequence[Scheme],
        questions: Sequence[HandbookQuestion],
        rules: Mapping[str, Rule] | None = None,
    ) -> None:
        """ContentError when a rule looks at an answer that no question offers. `rules` give conditions their words."""
        check_options(schemes, questions)
        self.schemes = tuple(schemes)
        self._conditions = Conditions(self.schemes, questions)
        self._by_contact = self._conditions.answers_to(CONTACT)
        self._telling = ~(self._by_contact | self._conditions.answers_to(WORRIES))
        self._first = [self._conditions.mask_of(scheme.first_for) for scheme in self.schemes]
        worries = next((q.options for q in questions if q.code == WORRIES), ())
        self._themes = tuple((option.code, option.theme) for option in worries if option.theme)
        said = _words_of_groups(self.schemes, questions, (rules or {}).values())
        self._needs = [tuple(said[need] for need in scheme.needs) for scheme in self.schemes]
        """What each scheme needs, in words."""
        self._replaced: dict[tuple[str | None, str], date] = {}
        for scheme in self.schemes:
            if scheme.overrides:
                instead, begins = (scheme.town, scheme.overrides), scheme.valid_from or date.min
                self._replaced[instead] = min(begins, self._replaced.get(instead, begins))

    def recommend(self, answers: Answers, town: str | None, today: date) -> Result:
        """What fits these answers for somebody in `town` (a key; None where it is not known) on this day."""
        pinned: list[_Found] = []
        desks: list[_Found] = []
        rest: list[_Found] = []
        for one in self._found(answers, town, today):
            scheme = one.what.scheme
            (pinned if scheme.pin else desks if scheme.hub else rest).append(one)
        themes = self._chosen_themes(answers)
        desks.sort(key=lambda one: _by_hub(one, themes))
        rest += desks[MOST_HUBS:]
        chosen = [one for one in rest if one.first or one.what.scheme.theme in themes]
        others = [one for one in rest if not one.first and one.what.scheme.theme not in themes]
        return Result(
            safety=_shown(sorted(pinned, key=_by_pin)),
            hubs=_shown(desks[:MOST_HUBS])
            or (() if chosen else self._desks_of_troubles(answers, town, today)),
            chosen=_shown(_taking_turns(chosen, themes)),
            others=_shown(sorted(others, key=lambda one: (_rank(one), one.place))),
        )

    def _desks_of_troubles(
        self, answers: Answers, town: str | None, today: date
    ) -> tuple[Recommendation, ...]:
        """Who stopped after naming a trouble still leaves with the desk that sorts it out."""
        worries = answers.get(TOP_WORRIES) or answers.get(WORRIES, _NOTHING)
        found: dict[str, Recommendation] = {}
        for code, theme in self._themes:
            for scheme in self.schemes if code in worries else ():
                if scheme.hub and scheme.theme == theme and self.is_there(scheme, town, today):
                    found.setdefault(scheme.id, Recommendation(scheme, ((WORRIES, code),)))
        return tuple(found.values())[:MOST_HUBS]

    def is_there(self, scheme: Scheme, town: str | None, today: date) -> bool:
        """Whether this is offered in the town (and not replaced by the town's own) on this day."""
        return (
            scheme.town in (None, town)
            and scheme.valid_on(today)
            and today < self._replaced.get((town, scheme.id), date.max)
        )

    def there(self, town: str | None, today: date) -> dict[str, Scheme]:
        """What is offered in the town on this day, by id; a national one that the town replaces leads to its own."""
        found = {}
        for scheme in self.schemes:
            if self.is_there(scheme, town, today):
                found[scheme.id] = scheme
                if scheme.overrides:
                    found[scheme.overrides] = scheme
        return found

    def _found(self, answers: Answers, town: str | None, today: date) -> Iterator[_Found]:
        """What fits and is there, in the files' order, each with why."""
        conditions = self._conditions
        for place, led, met, unknown in conditions.fitting(_which(answers)):
            scheme = self.schemes[place]
            if self.is_there(scheme, town, today):
                because = (*conditions.answers_in(led), *conditions.answers_in(met & ~led))
                needs = self._needs[place]
                what = Recommendation(scheme, because, tuple([needs[group] for group in unknown]))
                first, by_contact = led & self._first[place] != 0, led & self._by_contact != 0
                only_so = by_contact and not led & self._telling
                waits = scheme.can_wait or only_so
                yield _Found(place, what, led.bit_count(), first, waits, by_contact and not only_so)

    def _chosen_themes(self, answers: Answers) -> dict[str, int]:
        """The themes of the chosen troubles with their rank, the worst three troubles first."""
        top, all_of_them = answers.get(TOP_WORRIES, _NOTHING), answers.get(WORRIES, _NOTHING)
        first = [theme for code, theme in self._themes if code in top]
        then = [theme for code, theme in self._themes if code in all_of_them]
        return {theme: rank for rank, theme in enumerate(dict.fromkeys((*first, *then))) if theme}


def documents_of(
    found: Iterable[Recommendation], documents: Mapping[str, Document]
) -> tuple[tuple[Document, tuple[str, ...]], ...]:
    """What to bring for all of these, each thing once with the titles of the schemes that ask for it.

    What most of them ask for comes first, then as documents.yaml has it; KeyError for what `documents` lacks.
    """
    asked: dict[str, list[str]] = {}
    for one in found:
        for key in one.scheme.bring:
            asked.setdefault(key, []).append(one.scheme.plain_title)
    order = {key: place for place, key in enumerate(documents)}
    keys = sorted(asked, key=lambda key: (-len(asked[key]), order[key]))
    return tuple((documents[key], tuple(asked[key])) for key in keys)


def _words_of_groups(
    schemes: Iterable[Scheme], questions: Iterable[HandbookQuestion], rules: Iterable[Rule]
) -> dict[tuple[frozenset[Token], frozenset[Token]], str]:
    """How each group of answers that is needed is said: by the rules it is made of, else by its answers."""
    labels = {
        (question.code, option.code): option.label for question in questions for option in question.options
    }
    widest_first = sorted(rules, key=lambda rule: -len(rule.one_of + rule.perhaps))
    said: dict[tuple[frozenset[Token], frozenset[Token]], str] = {}
    for group, perhaps in dict.fromkeys(need for scheme in schemes for need in scheme.needs):
        rest, words = set(group), []
        for rule in widest_first:
            if rest.issuperset(rule.one_of) and perhaps.issuperset(rule.perhaps):
                rest -= set(rule.one_of)
                words.append(rule.words)
        words += [label for token, label in labels.items() if token in rest and token[1] not in NOT_KNOWING]
        said[group, perhaps] = " / ".join(words)
    return said


def _which(answers: Answers) -> Answers:
    """The answers without the one that only says whose trouble it is, where another says which."""
    question, whose = WHOSE
    given = answers.get(question, _NOTHING)
    return {**answers, question: given - {whose}} if len(given) > 1 else answers


def _by_pin(one: _Found) -> tuple[int, int]:
    return one.what.scheme.pin_rank, one.place


def _by_hub(one: _Found, themes: Mapping[str, int]) -> tuple[int, int, int]:
    """Desks of a chosen trouble first, then those to which more answers led."""
    return themes.get(one.what.scheme.theme, len(themes)), -one.led, one.place


def _rank(one: _Found) -> tuple[bool, bool, bool, bool, bool, bool]:
    """Loans last; first what one thinks of first; what is known to fit before what is to be confirmed; what can wait
    after the others; the town before the nation."""
    scheme = one.what.scheme
    return (
        scheme.is_loan,
        not one.first,
        bool(one.what.to_confirm),
        one.waits,
        scheme.town is None,
        not one.by_contact,
    )


def _taking_turns(found: Iterable[_Found], themes: Mapping[str, int]) -> list[_Found]:
    """Within a rank the themes take turns, so that the first cards say something to every trouble."""
    turn: Counter[tuple[object, str]] = Counter()
    keyed = []
    for one in sorted(found, key=lambda one: (-one.led if one.first else 0, one.place)):
        rank, theme = _rank(one), one.what.scheme.theme
        keyed.append(((rank, turn[rank, theme], themes.get(theme, len(themes)), one.place), one))
        turn[rank, theme] += 1
    return [one for _, one in sorted(keyed, key=lambda pair: pair[0])]


def _shown(found: Iterable[_Found]) -> tuple[Recommendation, ...]:
    return tuple(one.what for one in found)
