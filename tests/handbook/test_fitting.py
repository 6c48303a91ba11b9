"""Conditions in bits say the same as the rules read aloud, for thousands of drawn households."""

from __future__ import annotations

import random

from town import the_content

from bot.content.conditions import Answers
from bot.content.questions import HandbookQuestion
from bot.content.schemes import Scheme
from bot.handbook.fitting import Conditions, Fit

HOUSEHOLDS = 300


def drawn(questions: tuple[HandbookQuestion, ...], dice: random.Random) -> Answers:
    """Some questions not asked, some skipped, the others answered with one to three choices."""
    answers: dict[str, frozenset[str]] = {}
    for question in questions:
        codes = [option.code for option in question.options]
        if dice.random() < 0.4 or not codes:
            continue
        count = dice.randint(0, 3) if question.multiple else dice.randint(0, 1)
        answers[question.code] = frozenset(dice.sample(codes, min(count, len(codes))))
    return answers


def read_aloud(conditions: Conditions, place: int, scheme: Scheme, answers: Answers) -> Fit | None:
    """The scheme's rules, one after the other, with sets of answers."""
    given = {(question, option) for question, options in answers.items() for option in options}
    led = {token for way in scheme.show_if_any if given.issuperset(way) for token in way}
    if not led or scheme.exclude & given:
        return None
    met: set[tuple[str, str]] = set()
    unknown = []
    for number, (group, perhaps) in enumerate(scheme.needs):
        met |= group & given
        if group & given:
            continue
        if not perhaps & given and not any(conditions.is_unknown(question, answers) for question, _ in group):
            return None
        unknown.append(number)
    return Fit(place, conditions.mask_of(led), conditions.mask_of(met), tuple(unknown))


def test_what_fits_is_what_the_rules_say() -> None:
    content, dice = the_content(), random.Random(22)
    schemes = content.catalogue.schemes
    conditions = Conditions(schemes, content.questions)
    seen = 0
    for _ in range(HOUSEHOLDS):
        answers = drawn(content.questions, dice)
        said = (read_aloud(conditions, place, scheme, answers) for place, scheme in enumerate(schemes))
        expected = [fit for fit in said if fit is not None]
        assert list(conditions.fitting(answers)) == expected
        seen += len(expected)
    assert seen > HOUSEHOLDS  # they were not all empty


def test_answers_come_back_in_the_order_in_which_they_are_asked() -> None:
    conditions = Conditions((), the_content().questions)
    mask = conditions.mask_of([("Q10", "rent"), ("Q2", "money"), ("Q7", "bill")])
    assert conditions.answers_in(mask) == [("Q2", "money"), ("Q7", "bill"), ("Q10", "rent")]


def test_an_answer_that_is_no_longer_offered_is_passed_over() -> None:
    content = the_content()
    conditions = Conditions(content.catalogue.schemes, content.questions)
    now = {"Q7": frozenset({"bill"})}
    assert list(conditions.fitting({**now, "Q99": frozenset({"gone"})})) == list(conditions.fitting(now))
