"""The households of personas.yaml answer what they are asked, and see what they must see, in order, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from town import the_content

from bot.content.conditions import Answers
from bot.content.questions import is_asked
from bot.handbook.recommend import Recommendation, Result

TODAY = date(2026, 11, 22)
FIRST = 7
MOST_SHOWN = 50
FIELDS = {"who", "town", "answers", "safety", "hubs", "first", "see", "never", "desks", "fallback"}
HOUSEHOLDS: list[dict[str, Any]] = yaml.load(
    (Path(__file__).parent / "personas.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader
)
everybody = pytest.mark.parametrize("household", HOUSEHOLDS, ids=[one["who"] for one in HOUSEHOLDS])


def answered(household: Mapping[str, Any]) -> Answers:
    """The household's answers to the questions that it is asked; what it has no answer to it skips."""
    questions, given = the_content().questions, household["answers"]
    answers: dict[str, frozenset[str]] = {}
    for question in questions:
        if is_asked(question, answers, questions):
            chosen = given.get(question.code, [])
            answers[question.code] = frozenset([chosen] if isinstance(chosen, str) else chosen)
    return answers


@cache
def result_of(who: str) -> Result:
    household = next(one for one in HOUSEHOLDS if one["who"] == who)
    return the_content().catalogue.recommend(answered(household), household["town"], TODAY)


def names(found: Iterable[Recommendation]) -> list[str]:
    return [one.scheme.official_name for one in found]


def everything(result: Result) -> list[Recommendation]:
    return [*result.safety, *result.hubs, *result.chosen, *result.others]


def test_the_households_name_only_what_there_is() -> None:
    known = {scheme.official_name for scheme in the_content().catalogue.schemes}
    options = {(q.code, option.code) for q in the_content().questions for option in q.options}
    for household in HOUSEHOLDS:
        assert set(household) <= FIELDS
        named = [
            name for field in ("safety", "hubs", "first", "see", "never") for name in household.get(field, [])
        ]
        assert set(named) | set(household.get("desks", {})) <= known, household["who"]
        for code, given in household["answers"].items():
            chosen = [given] if isinstance(given, str) else given
            assert {(code, option) for option in chosen} <= options, household["who"]


@everybody
def test_what_makes_safe_and_the_desks_stand_in_front(household: Mapping[str, Any]) -> None:
    result = result_of(household["who"])
    assert names(result.safety) == household["safety"]
    assert names(result.hubs) == household["hubs"]
    assert result.fallback == household.get("fallback", False)


@everybody
def test_what_matters_most_is_seen_at_once_and_in_order(household: Mapping[str, Any]) -> None:
    wanted = household.get("first", [])
    shown = names(result_of(household["who"]).chosen[:FIRST])
    assert [name for name in shown if name in wanted] == wanted


@everybody
def test_the_rest_is_there_and_what_does_not_fit_is_not(household: Mapping[str, Any]) -> None:
    shown = set(names(everything(result_of(household["who"]))))
    assert set(household.get("see", [])) <= shown
    assert not set(household.get("never", [])) & shown


@everybody
def test_the_desk_of_a_scheme_is_that_of_the_town(household: Mapping[str, Any]) -> None:
    content = the_content()
    for one in everything(result_of(household["who"])):
        desk = content.window_for(one.scheme, household["town"])
        assert desk is None or household["town"] in desk.serves
        wanted = household.get("desks", {})
        if one.scheme.official_name in wanted:
            assert (desk.key if desk else None) == wanted[one.scheme.official_name]


@everybody
def test_every_card_has_its_reasons_once_and_loans_stand_below(household: Mapping[str, Any]) -> None:
    result = result_of(household["who"])
    shown = everything(result)
    assert len({one.scheme.id for one in shown}) == len(shown) <= MOST_SHOWN
    assert all(one.because and all(one.to_confirm) for one in shown)
    for group in (result.chosen, result.others):
        loans = [one.scheme.is_loan for one in group]
        assert loans == sorted(loans)
