"""/handbook/search in a browser without JavaScript: what is found, and that the words are nowhere to be seen."""

from __future__ import annotations

import re

import pytest

from bot.content.library import Content
from bot.web.finding import LONGEST
from tests.conftest import Clock
from tests.web.conftest import Browser

SEARCH = "/handbook/search"
RENT = "住居確保給付金（家賃補助）"


def search(browser: Browser, words: str) -> str:
    browser.open(SEARCH)
    return browser.send(SEARCH, words=words)


def titles(browser: Browser) -> list[str]:
    return [re.sub(r"<[^>]+>", "", one) for one in re.findall(r'card__title">(.*?)</h', browser.page)]


def test_the_first_page_of_the_handbook_has_the_form(browser: Browser) -> None:
    page = browser.open("/handbook")
    assert f'action="{SEARCH}"' in page
    browser.send(SEARCH, words="家賃が払えない")
    assert RENT in browser.text


def test_words_lead_to_the_cards_of_schemes(browser: Browser) -> None:
    search(browser, "家賃が払えない")
    assert browser.status == 200
    assert RENT in browser.text
    assert "借りるお金" not in browser.text.split(RENT)[0]
    assert 1 <= len(titles(browser)) <= 7


def test_the_words_stand_in_the_form_again_to_be_changed(browser: Browser) -> None:
    search(browser, '家賃 "><b>')
    assert 'value="家賃 &#34;&gt;&lt;b&gt;"' in browser.page


def test_no_address_no_header_and_no_log_has_the_words(
    browser: Browser, capfd: pytest.CaptureFixture[str]
) -> None:
    search(browser, "家賃カナリア")
    browser.open("/handbook")
    told = "\n".join((*browser.addresses, *browser.headers))
    assert "カナリア" not in told
    assert "%E3%82%AB" not in told
    assert "Referrer-Policy: no-referrer" in browser.headers
    out, err = capfd.readouterr()
    assert "カナリア" not in out + err


def test_what_is_sent_is_answered_by_a_redirect_so_that_reloading_sends_nothing_again(
    browser: Browser,
) -> None:
    browser.open(SEARCH)
    answer = browser.client.post(SEARCH, data=browser.hidden() | {"words": "家賃"})
    assert (answer.status_code, answer.headers["Location"]) == (303, SEARCH)


def test_leaving_erases_the_words(browser: Browser) -> None:
    search(browser, "家賃が払えない")
    browser.client.post("/handbook/leave", data=browser.hidden())
    browser.open(SEARCH)
    assert "家賃が払えない" not in re.sub(r"「家賃が払えない」", "", browser.text)
    assert RENT not in browser.text


def test_after_an_hour_they_are_forgotten(browser: Browser, clock: Clock) -> None:
    search(browser, "家賃が払えない")
    clock.move(hours=1, minutes=1)
    browser.open(SEARCH)
    assert RENT not in browser.text


def test_who_chose_a_town_before_sees_its_desk(browser: Browser, content: Content) -> None:
    browser.open("/handbook")
    browser.send("/handbook", do="start")
    browser.send("/handbook", do="answer", answer="tottori")
    search(browser, "家賃が払えない")
    scheme = next(one for one in content.catalogue.schemes if one.id == "national-064")
    desk = content.window_for(scheme, "tottori")
    assert desk is not None
    assert desk.name in browser.text


@pytest.mark.parametrize("words", ["", "   ", "？！", "😀😀", "\x00", "。。。"])
def test_signs_alone_get_a_kind_word_and_somebody_to_talk_to(browser: Browser, words: str) -> None:
    search(browser, words)
    assert browser.status == 200
    assert "ことばが読みとれませんでした" in browser.text
    assert "よりそいホットライン" in browser.text


def test_words_that_lead_nowhere_get_a_kind_word_and_somebody_to_talk_to(browser: Browser) -> None:
    search(browser, "ほげほげぴよ")
    assert "見つかりませんでした" in browser.text
    assert "よりそいホットライン" in browser.text
    assert "質問に答えてさがす" in browser.text


def test_of_5000_letters_the_ends_are_read_and_it_says_so(browser: Browser) -> None:
    search(browser, "家賃が払えない。" + "あのね、" * 1_240)
    assert browser.status == 200
    assert "はじめと終わりだけを読みました" in browser.text
    assert RENT in browser.text
    assert max(len(one) for one in browser.headers if one.startswith("Set-Cookie")) < 4_000


def test_the_longest_words_fit_into_the_cookie_beside_many_answers(browser: Browser) -> None:
    browser.open("/handbook")
    browser.send("/handbook", do="start")
    browser.send("/handbook", do="answer", answer="tottori")
    search(browser, "鬱" * LONGEST)
    assert browser.status == 200


def test_words_of_danger_are_answered_first_of_all(browser: Browser) -> None:
    search(browser, "もう死にたい")
    assert browser.page.index("命があぶないときは") < browser.page.index("<h2")
    assert 'href="tel:119"' in browser.page
    assert "近いかもしれない支援" not in browser.text
    assert "0120-061-338" in browser.text or "tel:0120061338" in browser.page


def test_who_cannot_pay_gets_a_kind_word_and_a_line_above_what_was_found(browser: Browser) -> None:
    search(browser, "家賃が払えない")
    assert "それは心細いですね" in browser.text
    assert browser.page.index("tel:0120279338") < browser.page.index(RENT)
    assert "命があぶないときは" not in browser.text


def test_without_the_proof_of_the_session_nothing_is_looked_up(browser: Browser) -> None:
    answer = browser.client.post(SEARCH, data={"words": "家賃"})
    assert answer.status_code == 400


def test_the_page_stays_small(browser: Browser) -> None:
    search(browser, "お金がない")
    assert len(browser.page.encode()) < 50_000


def test_in_other_languages_the_first_page_does_not_offer_what_only_reads_japanese(browser: Browser) -> None:
    browser.client.get("/handbook?lang=en")
    assert SEARCH not in browser.open("/handbook")
