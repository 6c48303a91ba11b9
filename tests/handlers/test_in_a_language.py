"""Somebody who reads another language: the handbook, the desks and the answers to words of danger are in it."""

from __future__ import annotations

import pytest
from phone import Phone
from town import Town, the_content

OTHERS = [key for key in the_content().languages if key != "ja"]


def reader(town: Town, language: str = "en") -> Phone:
    """Somebody who typed the name of this language."""
    phone = town.friend()
    phone.types(the_content().languages[language].typed[0])
    return phone


def labels(phone: Phone) -> list[str]:
    return [button.get("label", "") for button in phone.buttons()]


def walked(phone: Phone, language: str) -> None:
    """Through the handbook with three typed answers, then to what is known so far."""
    said = the_content().said_in(language)
    phone.taps(said.texts.get("menu.handbook"))
    phone.types(said.towns["tottori"].name)
    assert said.questions[0].text in phone.sees
    phone.types(said.option_label("Q1", "self"))
    phone.types(said.option_label("Q2", "money"))
    phone.types(said.texts.get("talk.done"))
    while said.option_label("Q7", "bill") not in labels(phone):
        phone.types(said.texts.get("talk.skip"))
    phone.types(said.option_label("Q7", "bill"))
    phone.taps(said.texts.get("talk.enough"))


@pytest.mark.parametrize("language", OTHERS)
def test_the_handbook_asks_understands_and_shows_in_the_language(town: Town, language: str) -> None:
    said, phone = the_content().said_in(language), reader(town, language)
    walked(phone, language)
    assert said.texts.get("results.lead") in phone.sees
    assert said.option_label("Q7", "bill") in phone.sees
    hub = next(one for one in said.catalogue.schemes if one.id == "national-001")
    assert hub.plain_title in phone.sees
    more = next(
        label for label in labels(phone) if label.startswith(_begin(said.texts.get("results.more_others")))
    )
    phone.taps(more)
    assert said.texts.get("talk.menu") in labels(phone)


def _begin(text: str) -> str:
    return text.split("{")[0]


def test_an_answer_may_be_a_number_a_part_or_several_words(town: Town) -> None:
    phone = reader(town)
    phone.types("handbook")
    phone.types("Tottori")
    phone.types("1")
    phone.types("money and work")
    chosen = the_content().said_in("en").texts.get("talk.picked", labels="Money、Work")
    assert chosen in phone.sees


def test_easy_japanese_is_understood_with_and_without_its_readings(town: Town) -> None:
    phone = reader(town, "ja-easy")
    phone.types("ハンドブック")
    phone.types("鳥取市")
    said = the_content().said_in("ja-easy")
    assert said.questions[0].text in phone.sees
    phone.types("じぶんのこと")
    assert said.questions[1].text in phone.sees


def test_desks_are_shown_in_the_language_with_what_to_say_in_japanese(town: Town) -> None:
    phone = reader(town)
    said = the_content().said_in("en")
    phone.types("Where can I ask?")
    phone.types("Iwami")
    phone.types(said.troubles["money"].label)
    assert said.texts.get("card.call") in labels(phone)
    assert "「お金のことで、" in phone.sees
    assert "岩美町" in phone.sees


def test_commands_are_understood_in_both_languages(town: Town) -> None:
    phone = reader(town)
    phone.types("handbook")
    phone.types("skip")
    for back in ("Back", "戻る"):
        phone.types("Myself")
        phone.types(back)
        assert the_content().said_in("en").questions[0].text in phone.sees
    phone.types("stop")
    assert the_content().said_in("en").texts.get("talk.stopped") in phone.sees


def test_other_conversations_stay_japanese(town: Town) -> None:
    phone = reader(town)
    phone.types("気になる人がいる")
    japanese = the_content().texts
    assert japanese.get("talk.quit") in labels(phone)
    assert japanese.get("concern.danger") in phone.sees


def test_japanese_comes_back_with_one_word(town: Town) -> None:
    phone = reader(town)
    phone.types("日本語")
    phone.types("ハンドブック")
    assert the_content().texts.get("handbook.town") in phone.sees


# ---- danger --------------------------------------------------------------------------------------------------

I_WANT_TO_DIE = {
    "ja-easy": "しにたい",
    "en": "I want to die",
    "zh-Hans": "我想死",
    "vi": "Tôi muốn chết",
    "pt-BR": "quero morrer",
}


@pytest.mark.parametrize("language", OTHERS)
def test_words_of_danger_are_answered_in_the_language_of_the_reader(town: Town, language: str) -> None:
    said, phone = the_content().said_in(language), reader(town, language)
    phone.types(I_WANT_TO_DIE[language])
    assert said.crisis_replies.by_key["S1"].messages[0] in phone.sees
    assert "0120-061-338" in phone.sees
    assert "119" in phone.sees
    assert "tel:0120061338" in [button.get("uri") for button in phone.buttons()]
    assert said.crisis_replies.by_key["S1"].offers[-1].label in labels(phone)


@pytest.mark.parametrize("words", I_WANT_TO_DIE.values())
def test_words_of_danger_are_heard_in_every_language_whatever_somebody_reads(town: Town, words: str) -> None:
    for language in ("ja", "vi"):
        phone = reader(town, language)
        phone.types(words)
        assert "0120-061-338" in phone.sees


def test_where_a_life_is_at_risk_the_japanese_stands_below_for_whoever_is_near(town: Town) -> None:
    phone = reader(town)
    phone.types("help, he is not breathing")
    assert "Call 119" in phone.sees
    assert "すぐに119（救急・消防）へ電話してください" in phone.sees


def test_after_danger_the_words_of_the_language_count(town: Town) -> None:
    phone = reader(town)
    phone.types("I want to die")
    phone.types("come")
    assert the_content().said_in("en").crisis_replies.answers["come"] in phone.sees
    phone.types("来て")
    assert the_content().said_in("en").crisis_replies.answers["come"] in phone.sees


@pytest.mark.parametrize("language", OTHERS)
def test_nobody_is_in_danger_for_saying_what_stands_on_a_button(town: Town, language: str) -> None:
    said = the_content().said_in(language)
    phone = reader(town, language)
    phone.taps(said.texts.get("menu.handbook"))
    phone.types(said.texts.get("talk.skip"))
    phone.types(said.option_label("Q1", "self"))
    phone.types(said.option_label("Q2", "family"))
    assert "110" not in phone.sees
