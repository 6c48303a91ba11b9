"""Cards of schemes: every one of them, in every town and language, fits LINE's limits, also with the longest words."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from town import MORNING, the_content, wrong_with

from bot import postback
from bot.cards import scheme_card, scheme_in_full
from bot.content.library import Content
from bot.handbook.kept_results import change_notice
from bot.handbook.recommend import Recommendation
from bot.handlers.kept_results import CARDS_AT_ONCE, in_full
from bot.line.render import CAROUSEL_BYTES, to_line
from bot.messages import Call, Card, Cards, Saying

TODAY = MORNING.date()
LONG = ("答えて長い言葉" * 6)[:40]


def everything(content: Content, town: str | None) -> list[Recommendation]:
    """Every scheme of a town, with as much beside it as there can be."""
    because = (("Q7", "bill"), ("Q8", "left2y"), ("Q10", "rent"))
    there = {one.id: one for one in content.catalogue.there(town, TODAY).values()}
    return [Recommendation(scheme, because, (LONG, LONG, LONG)) for scheme in there.values()]


def card(content: Content, found: Recommendation, town: str | None) -> Card:
    return scheme_card(content, found, town, MORNING, in_full(content, found, "f" * 12))


def size(one: Card) -> int:
    (message,) = to_line(Saying((Cards("支援", (one,)),)))
    return len(json.dumps(message["contents"], ensure_ascii=False, separators=(",", ":")).encode())


@pytest.mark.parametrize("language", ["ja", "ja-easy", "en", "zh-Hans", "vi", "pt-BR"])
def test_every_scheme_fits_in_short_and_in_full_in_every_language(language: str) -> None:
    content = the_content().said_in(language)
    for found in everything(content, "tottori"):
        for one in (card(content, found, "tottori"), scheme_in_full(content, found, "tottori", MORNING)):
            assert wrong_with(to_line(Saying((Cards("支援", (one,)),)))) == [], found.scheme.id


@pytest.mark.parametrize("language", ["ja", "ja-easy", "en", "zh-Hans", "vi", "pt-BR"])
def test_the_largest_of_them_fit_side_by_side(language: str) -> None:
    content = the_content().said_in(language)
    towns = (None, *content.towns) if language == "ja" else (None,)
    for town in towns:
        largest = sorted(
            (card(content, one, town) for one in everything(content, town)), key=size, reverse=True
        )
        message = to_line(Saying((Cards("支援", tuple(islice(largest, CARDS_AT_ONCE))),)))
        assert wrong_with(message) == []


def test_also_with_the_longest_words_that_a_row_may_have() -> None:
    content = the_content()
    (scheme, *_) = content.catalogue.schemes
    longest: dict[str, Any] = {"plain_title": "題" * 30, "official_name": "名" * 60, "what": "何" * 80}
    longest |= {
        "cost": "金" * 60,
        "deadline": "期" * 80,
        "who_for": ("人" * 60,) * 3,
        "window_kind": "窓" * 40,
    }
    scheme = replace(scheme, **longest, is_loan=True, confidence="own-knowledge-unsure", phone="0857-20-4888")
    found = replace(everything(content, "tottori")[0], scheme=scheme)
    cards = (card(content, found, "tottori"),) * CARDS_AT_ONCE
    assert wrong_with(to_line(Saying((Cards("支援", cards),)))) == []
    assert size(cards[0]) * CARDS_AT_ONCE < CAROUSEL_BYTES


def test_a_loan_is_called_one_and_what_is_not_sure_is_not_shown_as_sure() -> None:
    content = the_content()
    loan = next(one for one in everything(content, "tottori") if one.scheme.id == "national-004")
    facts = dict(card(content, loan, "tottori").facts)
    assert facts["お金"].startswith("借りるお金です（返す必要があります）")
    unsure = replace(loan, scheme=replace(loan.scheme, confidence="own-knowledge-unsure"), to_confirm=())
    assert "変わっているかもしれません" in dict(card(content, unsure, "tottori").facts)["確認"]


def test_known_to_fit_there_is_nothing_to_confirm() -> None:
    content = the_content()
    found = next(one for one in everything(content, "tottori") if one.scheme.sure)
    assert dict(card(content, replace(found, to_confirm=()), "tottori").facts)["確認"] == ""


def test_a_line_says_whether_it_answers_now_and_dials_its_own_number() -> None:
    content = the_content()
    known = {line.phone for line in content.hotlines.values() if line.hours is not None and line.phone}
    found = next(one for one in everything(content, "tottori") if one.scheme.phone in known)
    shown = card(content, found, "tottori")
    assert shown.badge in ("いま開いています", "いまは時間外です")
    assert [button.tel for button in shown.buttons if isinstance(button, Call)] == [found.scheme.tel]


def test_every_id_of_a_scheme_fits_into_a_button() -> None:
    for found in everything(the_content(), "tottori"):
        tap = postback.read(in_full(the_content(), found, "f" * 32).data)
        assert tap is not None
        assert tap.answer == found.scheme.id


@pytest.mark.parametrize("language", ["ja", "ja-easy", "en", "zh-Hans", "vi", "pt-BR"])
def test_the_news_of_a_change_fits_in_every_language(language: str) -> None:
    assert wrong_with(to_line(Saying((change_notice(the_content().said_in(language)),)))) == []
