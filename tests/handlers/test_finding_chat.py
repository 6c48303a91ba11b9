"""Typed words that lead to schemes, in the chat: asked for, offered, and never about a neighbour."""

from __future__ import annotations

import json
from typing import Any

import pytest
from phone import Phone
from test_registered import supporter
from town import Town

RENT = "住居確保給付金（家賃補助）"
NOT_UNDERSTOOD = "ここでは文字のご相談にお返事ができません"
NEIGHBOURS = [
    "隣の家の人が家賃を払えないそうです",
    "山田花子さんが生活保護を受けたいと言っていました",
    "お向かいの奥さんの補聴器の助成について",
]


def cards(phone: Phone) -> list[dict[str, Any]]:
    carousels = [one["contents"] for one in phone.got if one.get("altText") == "支援のご案内"]
    return [card for one in carousels for card in (one["contents"] if one["type"] == "carousel" else [one])]


def test_words_that_fit_well_are_offered_schemes_and_the_way_to_the_questions(town: Town) -> None:
    phone = town.friend()
    phone.types("家賃の補助")
    assert RENT in phone.sees
    assert 1 <= len(cards(phone)) <= 7
    phone.taps("お悩みハンドブック（使える支援をさがす）")
    assert "お住まいの市町" in phone.sees


@pytest.mark.parametrize("words", ["さがす 家賃", "さがす　家賃の補助", "検索 やちん", "さがす、家賃"])
def test_whoever_asks_for_it_gets_what_there_is(town: Town, words: str) -> None:
    phone = town.friend()
    phone.types(words)
    assert RENT in phone.sees


def test_asking_without_words_is_told_how(town: Town) -> None:
    phone = town.friend()
    phone.types("さがす")
    assert "たとえば「さがす 家賃が払えない」" in phone.sees


def test_what_is_not_found_leads_to_somebody_to_talk_to(town: Town) -> None:
    phone = town.friend()
    phone.types("さがす ほげほげぴよ")
    assert "見つかりませんでした" in phone.sees
    assert "よりそいホットライン" in phone.sees


def test_a_card_can_be_seen_in_full(town: Town) -> None:
    phone = town.friend()
    phone.types("さがす 住居確保給付金")
    more = next(b["data"] for b in phone.buttons() if b.get("data", "").startswith("v1;finding;full;"))
    phone.taps_data(more)
    assert len(cards(phone)) == 1
    assert "住居確保給付金について聞きたい" in phone.sees


@pytest.mark.parametrize(
    "data", ["v1;finding;full;nothing-1;", "v1;finding;;;", "v1;finding;explode;national-064;"]
)
def test_made_up_taps_get_a_way_on(town: Town, data: str) -> None:
    phone = town.friend()
    phone.taps_data(data)
    assert phone.buttons()


@pytest.mark.parametrize("words", NEIGHBOURS)
def test_words_about_a_neighbour_are_not_looked_up(town: Town, words: str) -> None:
    phone = town.friend()
    phone.types(words)
    assert cards(phone) == []
    phone.types(f"さがす {words}")
    assert cards(phone) == []
    assert "気になる人がいる" in json.dumps(phone.buttons(), ensure_ascii=False)


def test_a_supporter_who_tells_a_story_gets_the_menu_and_one_who_names_a_scheme_gets_it(town: Town) -> None:
    phone, _ = supporter(town)
    phone.types("85歳の女性で、家賃の補助が要ると思います")
    assert cards(phone) == []
    assert NOT_UNDERSTOOD in phone.sees
    phone.types("家賃の補助")
    assert RENT in phone.sees


def test_small_talk_gets_the_menu_as_before(town: Town) -> None:
    phone = town.friend()
    phone.types("きょうは暑いですね")
    assert NOT_UNDERSTOOD in phone.sees
    assert cards(phone) == []


def test_who_cannot_pay_is_told_whom_to_talk_to_and_what_there_is_the_lines_last(town: Town) -> None:
    phone = town.friend()
    phone.types("家賃が払えない")
    assert "書いてくださって、ありがとうございます" in phone.sees
    assert RENT in phone.sees
    assert phone.got[-1].get("altText") != "支援のご案内"
    assert len(phone.got) <= 5


def test_words_of_a_wish_to_die_get_the_lines_and_nothing_else(town: Town) -> None:
    phone = town.friend()
    phone.types("家賃も払えないし、もう死にたい")
    assert cards(phone) == []
    assert "0120-061-338" in phone.sees


def test_in_the_middle_of_a_conversation_nothing_is_offered_and_what_is_asked_for_leads_back(
    town: Town,
) -> None:
    phone = town.friend()
    phone.taps("お悩みハンドブック（使える支援をさがす）")
    phone.types("生活保護について")
    assert cards(phone) == []
    phone.types("さがす 生活保護")
    assert cards(phone)
    phone.taps("つづける")
    assert "お住まいの市町" in phone.sees


def test_the_words_are_neither_stored_nor_logged_nor_repeated(
    town: Town, capfd: pytest.CaptureFixture[str]
) -> None:
    phone = town.friend()
    for words in ("家賃の補助カナリア", "さがす 家賃カナリア", "さがす カナリア"):
        phone.types(words)
        assert "カナリア" not in json.dumps(phone.got, ensure_ascii=False)
    assert "カナリア" not in town.everything_stored()
    out, err = capfd.readouterr()
    assert "カナリア" not in out + err
