"""Registration: what each answer leads to."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from interview import Interview
from town import CODE, KNOWN, MORNING, OneCode, context, the_content

from bot.flows.context import CodeState, Enrolled
from bot.flows.effects import AttendAgain, RegisterSupporter, Say
from bot.flows.engine import Asking

ONE = Enrolled("1" * 32, MORNING.date())
OTHER = Enrolled("2" * 32, MORNING.date())


def registering() -> Interview:
    return Interview("registration")


def agreed() -> Interview:
    """Up to the town: the code is right, both texts were agreed to."""
    return registering().says(code=CODE, consent="yes", pledge="yes")


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


def test_while_everybody_guesses_a_wrong_code_gets_the_slow_answer() -> None:
    now = Interview("registration", context(codes=OneCode(suspicious=True))).says(code="AAAAA-AAAAA").now
    assert isinstance(now, Asking)
    assert now.refused is not None
    assert now.refused.text_key == "registration.code_suspicious"
    assert now.refused.a_guess


@pytest.mark.parametrize(
    ("state", "card", "words"),
    [
        ("early", None, "12月6日から"),
        ("late", None, "期限は、すぎて"),
        ("closed", None, "鳥取市 0857-22-8111"),
        ("closed", "card", "新しいカード"),
        ("used", "card", "もう使われています"),
        ("mine", "card", "あなたの登録に使いました"),
        ("busy", "card", "とちゅうです"),
    ],
)
def test_a_code_that_exists_but_does_not_count_says_why_and_what_to_do(
    state: CodeState, card: str | None, words: str
) -> None:
    code = dataclasses.replace(KNOWN, state=state, card=card, opens=dt.date(2026, 12, 6))
    (said,) = Interview("registration", context(codes=OneCode(code))).says(code=CODE).effects
    assert isinstance(said, Say)
    assert words in the_content().texts.get(said.text_key, **said.params)


def test_the_text_that_is_agreed_to_names_the_course() -> None:
    assert "つながりサポーター養成講座" in registering().says(code=CODE).words.text


def test_who_does_not_agree_is_not_registered() -> None:
    assert registering().says(code=CODE, consent="no").effects == (Say("registration.no_consent"),)


def test_who_does_not_want_to_promise_is_not_registered() -> None:
    not_now = registering().says(code=CODE, consent="yes", pledge="no")
    assert not_now.effects == (Say("registration.no_consent"),)


def test_the_pledge_says_what_is_done_what_is_not_and_what_stays_secret() -> None:
    words = registering().says(code=CODE, consent="yes").words
    for part in ("すること", "しないこと", "守ること", "119", "できることだけで、だいじょうぶ"):
        assert part in words.text
    assert words.options == {"yes": "はい、約束します", "no": "いまは、やめておく"}


def test_who_agrees_is_asked_for_the_town() -> None:
    asking = agreed()
    assert asking.asks == "town"
    assert asking.offers == list(the_content().channels["default"].towns)


@pytest.mark.parametrize(("town", "districts"), [("tottori", 17), ("kami", 3), ("shinonsen", 2)])
def test_a_town_with_several_districts_asks_for_one(town: str, districts: int) -> None:
    asking = agreed().says(town=town)
    assert asking.asks == "district"
    assert len(asking.offers) == districts


@pytest.mark.parametrize("town", ["iwami", "wakasa", "chizu", "yazu"])
def test_a_town_with_one_district_does_not_ask_for_it(town: str) -> None:
    assert agreed().says(town=town).asks == "topics"


def test_the_district_may_be_left_open() -> None:
    (effect,) = agreed().says(town="kami", district="skip", topics=()).effects
    assert isinstance(effect, RegisterSupporter)
    assert effect.district is None


def test_a_channel_with_one_town_does_not_ask_for_it() -> None:
    asking = Interview("registration", context(towns=("iwami",))).says(code=CODE, consent="yes", pledge="yes")
    assert asking.asks == "topics"
    (effect,) = asking.says(topics=()).effects
    assert isinstance(effect, RegisterSupporter)
    assert (effect.town, effect.district) == ("iwami", "whole")


def test_all_answers_make_a_supporter_with_the_versions_that_they_agreed_to() -> None:
    done = agreed().says(town="tottori", district="kita", topics=("shokudo", "disaster"))
    texts = the_content().texts
    assert done.effects == (
        RegisterSupporter(
            "course",
            "tottori",
            "kita",
            ("shokudo", "disaster"),
            texts.get("registration.consent_version"),
            texts.get("registration.pledge_version"),
        ),
    )


def test_a_card_is_named_by_its_id_in_what_is_to_be_done() -> None:
    on_card = context(codes=OneCode(dataclasses.replace(KNOWN, card="card-id")))
    asking = Interview("registration", on_card).says(code=CODE, consent="yes", pledge="yes")
    (effect,) = asking.says(town="iwami", topics=()).effects
    assert isinstance(effect, RegisterSupporter)
    assert effect.card == "card-id"


def test_the_chat_never_asks_for_a_name() -> None:
    asked = agreed().says(town="tottori", district="kita", topics=()).asked
    assert asked == ["code", "consent", "pledge", "town", "district", "topics"]


# ---- who is in the register already ------------------------------------------------------------------------


def test_a_supporter_with_one_more_code_is_asked_for_whom() -> None:
    again = Interview("registration", context(enrolled=(ONE,))).says(code=CODE)
    assert again.asks == "who"
    assert again.says(who="me").effects == (AttendAgain("course", ONE.id),)


def test_another_one_of_the_family_agrees_for_themselves_but_the_news_stay_as_they_are() -> None:
    family = Interview("registration", context(enrolled=(ONE,))).says(code=CODE, who="family", consent="yes")
    (effect,) = family.says(pledge="yes", town="tottori", district="kita").effects
    assert isinstance(effect, RegisterSupporter)
    assert effect.family
    assert effect.topics == ()


def test_where_a_family_shares_the_phone_they_are_told_apart_without_names() -> None:
    again = Interview("registration", context(enrolled=(ONE, OTHER))).says(code=CODE, who="me")
    assert again.asks == "whose"
    assert list(again.words.options.values()) == [
        "1人目（2026年12月1日に登録）",
        "2人目（2026年12月1日に登録）",
    ]
    assert again.says(whose=OTHER.id).effects == (AttendAgain("course", OTHER.id),)


def test_whom_the_menu_has_said_is_not_asked_again() -> None:
    family = Interview("registration", context(enrolled=(ONE,)), {"who": "family"}).says(code=CODE)
    assert family.asks == "consent"


def test_a_meeting_makes_nobody_a_supporter_but_supporters_were_there() -> None:
    meeting = OneCode(dataclasses.replace(KNOWN, course=dataclasses.replace(KNOWN.course, making=False)))
    stranger = Interview("registration", context(codes=meeting)).says(code=CODE)
    assert stranger.effects == (Say("registration.code_of_a_meeting"),)
    known = Interview("registration", context(codes=meeting, enrolled=(ONE,))).says(code=CODE, who="me")
    assert known.effects == (AttendAgain("course", ONE.id),)
