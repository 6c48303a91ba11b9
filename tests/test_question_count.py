"""How many questions people are asked: of many made-up ones, in both kinds of towns, nearly all between 7 and 12."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from random import Random

from bot.content.questions import HandbookQuestion, load_questions, next_question

QUESTIONS = load_questions(Path(__file__).parent.parent / "content" / "questions.yaml")
PEOPLE = 2_000
SKIPPED = 0.12  # of the questions are left unanswered
HOW_MANY = {"Q2": ([1, 2, 3, 4, 5], [40, 30, 17, 9, 4])}  # troubles at once, with their weights
USUALLY = ([1, 2, 3], [65, 25, 10])
OFTEN = {
    "Q1": {"self": 70, "family": 20, "other": 10},
    "Q3": {"u18": 4, "a18": 24, "a40": 32, "a65": 20, "a75": 20},
}


def somebody(chance: Random) -> dict[str, frozenset[str]]:
    """What one made-up person answers: any of the options that they are shown, but nobody says nothing of all."""
    given: dict[str, frozenset[str]] = {}
    while question := next_question(QUESTIONS, given):
        given[question.code] = _answer(question, given, chance)
    return given


def _answer(question: HandbookQuestion, given: dict[str, frozenset[str]], chance: Random) -> frozenset[str]:
    if weights := OFTEN.get(question.code):
        return frozenset(chance.choices(list(weights), list(weights.values())))
    if question.code != "Q2" and chance.random() < SKIPPED:
        return frozenset()
    options = question.options_for(given)
    if not question.multiple:
        return frozenset([chance.choice(options).code])
    (wanted,) = chance.choices(*HOW_MANY.get(question.code, USUALLY))
    picked = chance.sample(options, min(wanted, len(options), question.at_most))
    alone = [option for option in picked if option.exclusive]
    return frozenset(option.code for option in alone[:1] or picked)


@cache
def asked() -> Counter[int]:
    chance = Random(5)
    return Counter(len(somebody(chance)) for _ in range(PEOPLE))


def share(first: int, last: int) -> float:
    return sum(count for number, count in asked().items() if first <= number <= last) / PEOPLE


def test_nearly_everybody_is_asked_between_seven_and_twelve_questions() -> None:
    assert share(7, 12) >= 0.95
    assert share(6, 11) >= 0.93  # with the town in addition, where a channel serves several


def test_nobody_is_asked_endlessly() -> None:
    assert max(asked()) <= 17
    assert share(14, 99) < 0.01


def test_whom_many_troubles_press_is_asked_about_each_of_the_worst() -> None:
    """What is certain is asked, however long it gets: a trouble that was named is never left out for its length."""
    worst = {"Q2": frozenset({"addiction", "foreign", "disaster"})}
    given: dict[str, frozenset[str]] = {}
    while question := next_question(QUESTIONS, given):
        given[question.code] = worst.get(question.code) or frozenset(o.code for o in question.options[:1])
    assert {"Q20", "Q21", "Q22"} <= given.keys()


def test_a_question_that_only_might_help_gives_way_and_is_then_unknown_and_not_no() -> None:
    optional = [question for question in QUESTIONS if question.asked_if_room.questions()]
    optional += [question for question in QUESTIONS if question.asked_if_room.always]
    assert optional
    assert all(not question.no_when_unasked for question in optional)
