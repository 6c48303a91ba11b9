"""The handbook in a browser without JavaScript: every step, every way out, and nothing left behind."""

from __future__ import annotations

import random
import re

import pytest
from flask import Flask

from bot.content.library import Content
from bot.web import guard
from tests.conftest import Clock
from tests.web.conftest import Browser

HANDBOOK = "/handbook"


def begin(browser: Browser, town: str = "tottori") -> None:
    browser.open(HANDBOOK)
    browser.send(HANDBOOK, do="start")
    browser.send(HANDBOOK, do="answer", answer=town)


def asked(browser: Browser) -> str:
    return browser.hidden().get("question", "")


def skip_all(browser: Browser) -> None:
    """「答えない・わからない」 until the result; where that is not offered, the first option."""
    for _ in range(60):
        if not asked(browser):
            return
        if 'value="skip"' in browser.page:
            browser.send(HANDBOOK, do="skip")
        else:
            browser.send(HANDBOOK, do="answer", answer=browser.options()[0])
    pytest.fail("the questions do not end")


def answer(browser: Browser, **by_key: str | list[str]) -> None:
    """Answer the questions named here, skip the others, until the result."""
    for _ in range(60):
        key = asked(browser)
        if not key:
            return
        if key in by_key:
            browser.send(HANDBOOK, do="answer", answer=by_key[key])
            assert browser.status == 200, browser.text
        elif 'value="skip"' in browser.page:
            browser.send(HANDBOOK, do="skip")
        else:
            browser.send(HANDBOOK, do="answer", answer=browser.options()[0])


def test_the_first_page_says_what_it_is_and_that_no_name_is_needed(browser: Browser) -> None:
    browser.open(HANDBOOK)
    assert "名前も、連絡先も、聞きません" in browser.text
    assert "はじめる" in browser.text


def test_starting_asks_the_first_question(browser: Browser) -> None:
    browser.open(HANDBOOK)
    browser.send(HANDBOOK, do="start")
    assert asked(browser) == "town"
    assert "1問め" in browser.text


def test_an_answer_leads_on_by_a_redirect_that_tells_only_the_number_of_the_question(
    browser: Browser,
) -> None:
    browser.open(HANDBOOK)
    browser.send(HANDBOOK, do="start")
    reply = browser.client.post(HANDBOOK, data=browser.hidden() | {"do": "answer", "answer": "tottori"})
    assert reply.status_code == 303
    assert reply.headers["Location"] == f"{HANDBOOK}?q=2"
    assert "2問め" in browser.open(HANDBOOK)


def test_the_back_button_of_the_browser_shows_the_question_before_with_its_answer(browser: Browser) -> None:
    begin(browser, "iwami")
    browser.open(f"{HANDBOOK}?q=1")
    assert asked(browser) == "town"
    assert 'value="iwami" checked' in browser.page
    browser.send(HANDBOOK, do="answer", answer="tottori")
    assert asked(browser) == "who"


@pytest.mark.parametrize("number", ["0", "-1", "99", "x", "9" * 40])
def test_a_number_that_is_no_question_shows_the_open_one(browser: Browser, number: str) -> None:
    begin(browser)
    browser.open(f"{HANDBOOK}?q={number}")
    assert asked(browser) == "who"


def test_reloading_a_question_changes_nothing(browser: Browser) -> None:
    begin(browser)
    before = asked(browser)
    browser.open(HANDBOOK)
    assert asked(browser) == before


def test_one_step_back_asks_the_question_before(browser: Browser) -> None:
    begin(browser)
    browser.send(HANDBOOK, do="back")
    assert asked(browser) == "town"


def test_the_first_question_has_no_step_back(browser: Browser) -> None:
    browser.open(HANDBOOK)
    browser.send(HANDBOOK, do="start")
    assert 'value="back"' not in browser.page


def test_stopping_forgets_the_answers(browser: Browser) -> None:
    begin(browser)
    browser.send(HANDBOOK, do="quit")
    assert "はじめる" in browser.text
    browser.send(HANDBOOK, do="start")
    assert asked(browser) == "town"


def test_a_page_that_was_still_open_corrects_its_own_question(browser: Browser) -> None:
    begin(browser, "tottori")
    browser.send(HANDBOOK, do="answer", answer="self")
    third = asked(browser)
    browser.send(HANDBOOK, question="town", do="answer", answer="iwami")
    assert asked(browser) == third
    skip_all(browser)
    assert "鳥取市" not in browser.text.split("119")[0]


def test_choosing_nothing_is_answered_kindly_beside_the_choices(browser: Browser) -> None:
    begin(browser)
    browser.send(HANDBOOK, do="answer")
    assert browser.status == 422
    assert 'role="alert"' in browser.page
    assert "ひとつえらんでから" in browser.text
    assert asked(browser) == "who"


def test_an_option_that_does_not_exist_is_refused_kindly(browser: Browser) -> None:
    begin(browser)
    browser.send(HANDBOOK, do="answer", answer="<script>alert(1)</script>")
    assert browser.status == 422
    assert "<script>alert" not in browser.page


def test_no_trouble_chosen_is_asked_again(browser: Browser) -> None:
    begin(browser)
    browser.send(HANDBOOK, do="answer", answer="self")
    assert asked(browser) == "worry"
    browser.send(HANDBOOK, do="answer")
    assert browser.status == 422
    assert "あてはまるもの" in browser.text


def test_more_choices_than_asked_for_are_sent_back_with_what_was_chosen(browser: Browser) -> None:
    begin(browser)
    browser.send(HANDBOOK, do="answer", answer="self")
    browser.send(HANDBOOK, do="answer", answer=["money", "work", "home", "mind", "body"])
    assert asked(browser) == "top_worries"
    browser.send(HANDBOOK, do="answer", answer=["money", "work", "home", "mind"])
    assert browser.status == 422
    assert "3つまで" in browser.text
    assert browser.page.count(" checked") == 4


def test_an_answer_that_stands_alone_is_not_mixed_with_others(browser: Browser, content: Content) -> None:
    question, lone, other = next(
        (q, lone, q.options[0])
        for q in content.questions
        if q.multiple
        for lone in q.options[1:]
        if lone.exclusive
    )
    begin(browser)
    answers: dict[str, str | list[str]] = {
        "who": "self",
        "worry": [o.code for o in content.questions[1].options],
    }
    for _ in range(40):
        key = asked(browser)
        if key == question.key or not key:
            break
        if key in answers:
            browser.send(HANDBOOK, do="answer", answer=answers[key])
        elif key == "top_worries":
            browser.send(HANDBOOK, do="answer", answer=["work", "child", "body"])
        else:
            browser.send(HANDBOOK, do="answer", answer=browser.options()[0])
    assert asked(browser) == question.key
    browser.send(HANDBOOK, do="answer", answer=[lone.code, other.code])
    assert browser.status == 422
    assert "いっしょには" in browser.text


def test_the_result_shows_why_and_where_and_what_to_say(browser: Browser, content: Content) -> None:
    begin(browser)
    answer(browser, who="self", worry=["money", "home"], housing="rent", paying="bill")
    assert "と答えたので" in browser.text
    assert "窓口での言い方" in browser.text
    assert "に確かめた情報です" in browser.text
    assert "借りるお金（返す必要があります）" in browser.text
    assert "まず ここに相談" in browser.text


def test_seven_cards_come_first_and_the_rest_on_demand(browser: Browser) -> None:
    begin(browser)
    answer(browser, who="self", worry=["money", "home"], housing="rent", paying="bill")
    chosen = browser.page.split('id="chosen"')[1].split("<details>")[0]
    assert chosen.count("<article") == 7
    assert "もっと見る（あと" in browser.text


def test_every_number_that_is_shown_is_the_number_that_is_dialled(browser: Browser) -> None:
    begin(browser)
    answer(browser, who="self", worry=["money", "family", "mind"])
    links = re.findall(
        r'href="tel:([^"]+)"[^>]*>(?:<svg.*?</svg>)?(?:<span[^>]*>)?([^<]+)<', browser.page, re.S
    )
    assert len(links) > 3
    for dialled, shown in links:
        assert dialled.replace("%23", "#") == shown.replace("-", "")


def test_who_answers_nothing_still_leaves_with_somebody_to_call(browser: Browser) -> None:
    browser.open(HANDBOOK)
    browser.send(HANDBOOK, do="start")
    skip_all(browser)
    assert browser.status == 200
    assert "だれでも相談できるところ" in browser.text
    assert browser.page.count('class="call"') >= 1


def test_enough_shows_the_result_of_what_is_known(browser: Browser) -> None:
    begin(browser)
    browser.send(HANDBOOK, do="answer", answer="self")
    browser.send(HANDBOOK, do="answer", answer=["money"])
    assert 'value="enough"' in browser.page
    browser.send(HANDBOOK, do="enough")
    assert "あなたに合いそうな支援" in browser.text


def test_the_result_can_be_corrected(browser: Browser) -> None:
    begin(browser)
    answer(browser, who="self", worry=["money"])
    browser.send(HANDBOOK, do="back")
    assert asked(browser)


def test_a_concern_about_a_neighbour_is_not_asked_here_but_by_line_or_telephone(browser: Browser) -> None:
    begin(browser)
    browser.send(HANDBOOK, do="answer", answer="other")
    assert asked(browser) == "for_neighbour"
    browser.send(HANDBOOK, do="answer", answer="concern")
    assert "LINEの「気になる人がいる」" in browser.text
    assert 'href="tel:119"' in browser.page


def test_who_wants_to_talk_now_sees_telephones_before_anything_else(browser: Browser) -> None:
    begin(browser)
    for _ in range(20):
        if asked(browser).endswith("_lines"):
            break
        wanted = {"who": "self", "worry": "mind"}.get(asked(browser), "talk")
        if wanted in browser.options():
            browser.send(HANDBOOK, do="answer", answer=wanted)
        else:
            browser.send(HANDBOOK, do="skip")
    assert "すぐ話せるところ" in browser.text
    assert browser.page.index('class="call"') < browser.page.index('type="radio"')


def test_leaving_erases_everything_and_shows_a_page_about_nothing(browser: Browser) -> None:
    begin(browser)
    browser.send("/handbook/leave")
    assert browser.addresses[-1].endswith("/handbook/bye")
    assert any(h.startswith("Clear-Site-Data:") and '"cookies"' in h for h in browser.headers)
    assert "ハンドブック" not in browser.text
    assert "相談" not in browser.text
    assert not browser.client.get_cookie("tsunagari")
    browser.open(HANDBOOK)
    assert "はじめる" in browser.text
    assert not asked(browser)


def test_the_page_about_nothing_erases_by_itself(browser: Browser) -> None:
    begin(browser)
    browser.open("/handbook/bye")
    browser.open(HANDBOOK)
    assert not asked(browser)


def test_an_hour_without_a_tap_forgets_the_answers(browser: Browser, clock: Clock) -> None:
    begin(browser)
    clock.move(minutes=59)
    browser.open(HANDBOOK)
    assert asked(browser) == "who"
    clock.move(minutes=59)
    browser.open(HANDBOOK)
    assert asked(browser) == "who"
    clock.move(minutes=61)
    browser.open(HANDBOOK)
    assert not asked(browser)


def test_every_page_of_the_handbook_has_the_button_to_leave(browser: Browser) -> None:
    browser.open(HANDBOOK)
    assert "消してはなれる" in browser.text
    browser.send(HANDBOOK, do="start")
    for _ in range(60):
        assert "消してはなれる" in browser.text
        if not asked(browser):
            return
        browser.send(
            HANDBOOK, do="skip" if 'value="skip"' in browser.page else "answer", answer=browser.options()[0]
        )


@pytest.mark.parametrize("seed", range(40))
def test_a_robot_that_answers_anything_always_ends_with_help(
    app: Flask, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """And no answer of its is in an address, a header or a line of the log."""
    dice, browser = random.Random(seed), Browser(app.test_client())
    browser.open(HANDBOOK)
    browser.send(HANDBOOK, do="start")
    given: set[str] = set()
    for _ in range(60):
        assert browser.status == 200, browser.text
        assert len(browser.page.encode()) < 50_000
        if not asked(browser):
            break
        options = browser.options()
        if 'type="checkbox"' in browser.page:
            picks = dice.sample(options, dice.randint(1, min(3, len(options))))
        else:
            picks = [dice.choice(options)]
        browser.send(HANDBOOK, do="answer", answer=picks)
        if browser.status == 422:  # an answer that stands alone, mixed with others
            picks = picks[:1]
            browser.send(HANDBOOK, do="answer", answer=picks)
        given |= {pick for pick in picks if len(pick) > 3} - {"handbook"}  # also the address
    assert 'class="call"' in browser.page
    told = [header for header in browser.headers if header.split(":")[0] not in guard.HEADERS]
    traces = "\n".join([*browser.addresses, *told]).replace("tsunagari=", "") + "".join(capsys.readouterr())
    assert all(re.fullmatch(r"http://localhost/handbook(\?q=\d+)?", a) for a in browser.addresses)
    assert not {code for code in given if re.search(rf"\b{re.escape(code)}\b", traces)}


def test_windows_are_found_in_two_steps(browser: Browser) -> None:
    browser.open("/windows")
    browser.send("/windows", do="start")
    browser.send("/windows", do="answer", answer="tottori")
    browser.send("/windows", do="answer", answer=browser.options()[0])
    assert "ここに相談できます" in browser.text
    assert 'class="call"' in browser.page
    assert "いま開いています" in browser.text or "いまは閉まっています" in browser.text


def test_the_handbook_and_the_windows_do_not_mix_their_answers(browser: Browser) -> None:
    begin(browser)
    browser.open("/windows")
    assert "質問は2つだけです" in browser.text
    browser.open(HANDBOOK)
    assert asked(browser) == "who"
