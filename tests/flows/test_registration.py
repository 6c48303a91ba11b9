"""Registration: what each answer leads to."""

from __future__ import annotations

import pytest
from interview import Interview
from town import CODE, context, the_content

from bot.flows.effects import RegisterSupporter, Say
from bot.flows.engine import Asking
from bot.flows.registration import find_course


def registering() -> Interview:
    return Interview("registration")


def test_it_begins_with_the_code_of_the_course() -> None:
    assert registering().asks == "code"


@pytest.mark.parametrize(
    "said",
    [
        CODE,
        "7KQ4M-2XW9H",
        "7kq4m-2xw9h",
        "７ＫＱ４Ｍ－２ＸＷ９Ｈ",
        "7KQ4M 2XW9H",
        "7KQ4Mー2XW9H",  # the key for long vowels stands where a hyphen is looked for
        "7KQ4M−2XW9H",
        "コードは 7kq4m－2xw9h です",
        "登録 7KQ4M2XW9H",
        "7KQ4MZXW9H",  # a 2 that was read as a Z
    ],
)
def test_the_code_is_known_however_it_is_typed(said: str) -> None:
    assert registering().says(code=said).asks == "consent"


@pytest.mark.parametrize("said", ["AAAAA-AAAAA", "7KQ4M", "コードは7KQ4M2XW9です", "7KQ4M2XW9"])
def test_a_wrong_code_is_asked_for_again_and_counts_as_a_guess(said: str) -> None:
    now = registering().says(code=said).now
    assert isinstance(now, Asking)
    assert now.question.key == "code"
    assert now.refused is not None
    assert now.refused.text_key == "registration.code_unknown"
    assert now.refused.a_guess
    assert getattr(now.question, "guess", None) == "code"


@pytest.mark.parametrize("said", ["こんにちは", "------", "どれのことでしょうか", "３番", "ABC"])
def test_what_is_no_attempt_at_a_code_is_no_guess(said: str) -> None:
    now = registering().says(code=said).now
    assert isinstance(now, Asking)
    assert now.refused is not None
    assert now.refused.text_key == "registration.code_missing"
    assert not now.refused.a_guess


def test_without_an_open_course_no_code_counts() -> None:
    assert find_course(context(), "7KQ4M-2XW9H") is not None
    empty = context().__class__(**{**context().__dict__, "courses": ()})
    assert find_course(empty, "7KQ4M-2XW9H") is None
    assert find_course(empty, "") is None


def test_the_text_that_is_agreed_to_names_the_course() -> None:
    assert "つながりサポーター養成講座" in registering().says(code=CODE).words.text


def test_who_does_not_agree_is_not_registered() -> None:
    assert registering().says(code=CODE, consent="no").effects == (Say("registration.no_consent"),)


def test_who_agrees_is_asked_for_the_town() -> None:
    asking = registering().says(code=CODE, consent="yes")
    assert asking.asks == "town"
    assert asking.offers == list(the_content().channels["default"].towns)


@pytest.mark.parametrize(("town", "districts"), [("tottori", 17), ("kami", 3), ("shinonsen", 2)])
def test_a_town_with_several_districts_asks_for_one(town: str, districts: int) -> None:
    asking = registering().says(code=CODE, consent="yes", town=town)
    assert asking.asks == "district"
    assert len(asking.offers) == districts


@pytest.mark.parametrize("town", ["iwami", "wakasa", "chizu", "yazu"])
def test_a_town_with_one_district_does_not_ask_for_it(town: str) -> None:
    assert registering().says(code=CODE, consent="yes", town=town).asks == "topics"


def test_the_district_may_be_left_open() -> None:
    done = registering().says(code=CODE, consent="yes", town="kami", district="skip", topics=())
    effect = done.effects[0]
    assert isinstance(effect, RegisterSupporter)
    assert effect.district is None


def test_a_channel_with_one_town_does_not_ask_for_it() -> None:
    asking = Interview("registration", context(towns=("iwami",))).says(code=CODE, consent="yes")
    assert asking.asks == "topics"
    effect = asking.says(topics=()).effects[0]
    assert isinstance(effect, RegisterSupporter)
    assert (effect.town, effect.district) == ("iwami", "whole")


def test_all_answers_make_a_supporter() -> None:
    done = registering().says(
        code=CODE, consent="yes", town="tottori", district="kita", topics=("shokudo", "disaster")
    )
    assert done.effects == (
        RegisterSupporter(
            "course",
            "tottori",
            "kita",
            ("shokudo", "disaster"),
            the_content().texts.get("registration.consent_version"),
        ),
        Say("registration.done", {"town": "鳥取市"}),
    )


def test_news_may_be_wanted_or_not() -> None:
    done = registering().says(code=CODE, consent="yes", town="iwami", topics=())
    effect = done.effects[0]
    assert isinstance(effect, RegisterSupporter)
    assert effect.topics == ()
