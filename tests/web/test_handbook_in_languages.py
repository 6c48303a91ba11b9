"""The pages for everybody in other languages: chosen by a link, kept without a trace, with readings in easy Japanese."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask

from bot.content.library import Content
from bot.web.language import with_japanese_marked, with_ruby
from tests.web.conftest import Browser
from tests.web.test_handbook_pages import HANDBOOK, answer, asked, begin

LANGUAGES = ("ja-easy", "en", "zh-Hans", "vi", "pt-BR")


def html_lang(browser: Browser) -> str:
    found = re.search(r'<html lang="([^"]+)">', browser.page)
    return found[1] if found else ""


def speaks(browser: Browser, language: str, path: str = HANDBOOK) -> None:
    """Follow a link with ?lang= to where it leads."""
    given = browser.client.get(f"{path}?lang={language}")
    assert given.status_code == 303
    browser.open(given.headers["Location"])


@pytest.mark.parametrize("path", ["/", HANDBOOK, "/windows"])
def test_every_language_stands_on_the_first_pages_by_its_own_name(
    browser: Browser, content: Content, path: str
) -> None:
    browser.open(path)
    row = browser.page.split('<nav class="languages"')[1].split("</nav>")[0]
    assert [html.unescape(one) for one in re.findall(r">([^<]+)</(?:a|span)>", row)] == [
        one.name for one in content.languages.values()
    ]
    assert f'<a class="plain" href="{path}?lang=pt-BR" lang="pt-BR" hreflang="pt-BR">' in row
    assert '<span lang="ja" aria-current="true">日本語</span>' in row
    assert f'href="{path}?lang=ja-easy" lang="ja" hreflang="ja"' in row


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_walk_is_in_the_chosen_language_from_the_start_to_the_result(
    browser: Browser, content: Content, language: str
) -> None:
    said = content.said_in(language)
    speaks(browser, language)
    assert html_lang(browser) == language.removesuffix("-easy")
    assert shown(said.texts.get("web.start.handbook.button")) in spoken(browser)
    browser.send(HANDBOOK, do="start")
    browser.send(HANDBOOK, do="answer", answer="tottori")
    assert shown(said.questions[0].text) in spoken(browser)
    answer(browser, who="self", worry=["money", "home"], housing="rent", paying="bill")
    assert shown(said.texts.get("web.result.hubs")) in spoken(browser)
    assert shown(said.option_label("Q10", "rent")) in spoken(browser)
    assert "lang=" not in "".join(address for address in browser.addresses[1:])


def spoken(browser: Browser) -> str:
    """The words of the page without readings and spaces."""
    return re.sub(r"\s", "", html.unescape(re.sub(r"<rp>.*?</rp>|<rt>.*?</rt>|<[^>]+>", "", browser.page)))


def shown(text: str) -> str:
    """A text as it stands on the page, where readings are above the words."""
    return re.sub(r"\s", "", re.sub(r"（[ぁ-ゖー]+）", "", text))


def test_a_link_with_a_language_leads_on_to_an_address_without_it(browser: Browser) -> None:
    given = browser.client.get(f"{HANDBOOK}?tag=spray&lang=en")
    assert (given.status_code, given.headers["Location"]) == (303, f"{HANDBOOK}?tag=spray")
    odd = browser.client.get(f"{HANDBOOK}?lang=en&_external=1&_scheme=gopher&q=2")
    assert odd.headers["Location"] == f"{HANDBOOK}?_external=1&_scheme=gopher&q=2"
    unknown = browser.client.get(f"{HANDBOOK}?lang=tlh")
    assert unknown.status_code == 303
    browser.open(HANDBOOK)
    assert html_lang(browser) == "en"


def test_the_language_can_be_changed_in_the_middle_and_the_answers_stay(browser: Browser) -> None:
    begin(browser)
    browser.send(HANDBOOK, do="answer", answer="self")
    before = asked(browser)
    speaks(browser, "vi")
    assert asked(browser) == before
    assert html_lang(browser) == "vi"
    speaks(browser, "ja")
    assert asked(browser) == before
    assert html_lang(browser) == "ja"


def test_errors_are_said_in_the_chosen_language(browser: Browser, content: Content) -> None:
    speaks(browser, "en")
    said = content.said_in("en").texts
    browser.open("/there-is-nothing-here")
    assert (browser.status, html_lang(browser)) == (404, "en")
    assert said.get("web.error.404.title") in browser.text
    browser.open(HANDBOOK)
    browser.send(HANDBOOK, do="start")
    browser.send(HANDBOOK, do="answer", answer="tottori")
    browser.send(HANDBOOK, do="answer")
    assert browser.status == 422
    assert said.get("web.question.choose_one") in browser.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_leaving_forgets_the_language_but_says_goodbye_in_it(
    browser: Browser, content: Content, language: str
) -> None:
    speaks(browser, language)
    browser.send("/handbook/leave")
    assert content.said_in(language).texts.get("web.bye.title") in browser.page
    assert html_lang(browser) == language.removesuffix("-easy")
    browser.open(HANDBOOK)
    assert html_lang(browser) == "ja"


def test_what_staff_and_supporters_see_stays_japanese(browser: Browser) -> None:
    speaks(browser, "en", "/")
    for path in ("/d/0123456789abcdef", "/desk/there-is-nothing-here"):
        browser.open(path)
        assert html_lang(browser) == "ja", path
        assert '<nav class="languages"' not in browser.page


def test_a_link_to_another_host_is_not_followed(browser: Browser) -> None:
    given = browser.client.get("//elsewhere.example/?lang=en")
    assert not given.headers.get("Location", "").startswith("//")
    assert "elsewhere" not in given.headers.get("Location", "")


# ---- readings ------------------------------------------------------------------------------------------------


def test_readings_stand_above_their_words() -> None:
    page = "<p>お金（かね）を 借（か）りる</p>"
    said = "<ruby>金<rp>（</rp><rt>かね</rt><rp>）</rp></ruby>"
    assert with_ruby(page).startswith(f"<p>お{said}を ")
    assert with_ruby(page).count("<ruby>") == 2


@pytest.mark.parametrize(
    "page",
    [
        "<title>お金（かね）</title>",
        '<a title="お金（かね）" href="/?q=金（かね）">x</a>',
        "<script>お金（かね）</script>",
        "<p>お金（カネ）、金（kane）、かね（かね）、金(かね)</p>",
        "<p>金（か&lt;b&gt;ね）</p>",
        "<p>金（<b>かね</b>）</p>",
    ],
)
def test_what_is_no_reading_or_no_word_of_the_page_stays_as_it_is(page: str) -> None:
    assert with_ruby(page) == page


def test_words_with_readings_are_escaped_before(app: Flask) -> None:
    with app.test_request_context("/"):
        template = app.jinja_env.from_string("<p>{{ words }}</p>")
        page = with_ruby(template.render(words="<script>alert(1)</script>金（かね）<b>"))
    assert "&lt;script&gt;" in page
    assert "<b>" not in page
    assert page.count("<ruby>") == 1


@pytest.mark.parametrize(
    ("page", "language", "marked"),
    [
        ("<p>Where: 福祉事務所</p>", "en", '<p>Where: <span lang="ja">福祉事務所</span></p>'),
        ("<p>Say 「相談したい」 (…)</p>", "vi", '<p>Say <span lang="ja">「相談したい」</span> (…)</p>'),
        ('<p lang="ja">福祉事務所</p>', "en", '<p lang="ja">福祉事務所</p>'),
        ('<title>福祉</title><a title="福祉">x</a>', "en", '<title>福祉</title><a title="福祉">x</a>'),
        ("<p>福利科（いのち）</p>", "zh-Hans", '<p><span lang="ja">福利科（いのち）</span></p>'),
        ("<p>福利科</p>", "zh-Hans", "<p>福利科</p>"),
    ],
)
def test_what_stays_japanese_is_marked_as_such(page: str, language: str, marked: str) -> None:
    assert with_japanese_marked(page, language) == marked


def test_only_easy_japanese_has_readings_above_its_words(browser: Browser) -> None:
    begin(browser)
    assert "<ruby>" not in browser.page
    speaks(browser, "ja-easy")
    assert "<ruby>" in browser.page
    assert "<ruby>" not in browser.page.split("</title>")[0]
