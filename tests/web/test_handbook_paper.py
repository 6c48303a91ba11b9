"""The result on paper: what stands on it, for whom, how it is read aloud, and that no answer leaves with it."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from flask import Flask
from pypdf import PdfReader
from werkzeug.test import TestResponse

from bot.content.library import Content
from bot.handbook.paper import can_write, qr_picture
from tests.web.conftest import Browser
from tests.web.test_handbook_in_languages import speaks
from tests.web.test_handbook_pages import HANDBOOK, answer, begin

PAPER = "/handbook/paper"
FILE = "/handbook/paper.pdf"
RENT: dict[str, Any] = {"who": "self", "worry": ["money", "home"], "housing": "rent", "paying": "bill"}


def result(browser: Browser, **answers: Any) -> None:
    begin(browser)
    answer(browser, **(answers or RENT))


def made(browser: Browser, *ids: str, **fields: Any) -> TestResponse:
    """Press the button of the page that offers the paper."""
    browser.open(PAPER)
    ticked = list(ids) or re.findall(r'name="take" value="([^"]+)" checked', browser.page)
    return browser.client.post(FILE, data=browser.hidden() | {"take": ticked} | fields)


def read(answer: TestResponse) -> PdfReader:
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    return PdfReader(io.BytesIO(answer.data))


def words(answer: TestResponse) -> str:
    return re.sub(r"\s", "", "".join(page.extract_text() for page in read(answer).pages))


def cards(browser: Browser) -> dict[str, str]:
    """What can be ticked on the page: ids and titles."""
    return dict(re.findall(r'name="take" value="([^"]+)"[^>]*><span>([^<]+)</span>', browser.page))


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def tags(file: PdfReader) -> list[str]:
    """The kinds of the elements of the structure, in reading order."""
    found: list[str] = []

    def walk(node: Any) -> None:
        node = node.get_object()
        if isinstance(node, list):
            for child in node:
                walk(child)
        elif isinstance(node, dict):
            if "/S" in node:
                found.append(str(node["/S"]).lstrip("/"))
            if "/K" in node:
                walk(node["/K"])

    walk(file.trailer["/Root"]["/StructTreeRoot"]["/K"])
    return found


# ---- what stands on it ---------------------------------------------------------------------------------------


def test_the_paper_has_the_desk_what_to_say_what_to_bring_and_the_day(browser: Browser) -> None:
    result(browser)
    paper = words(made(browser))
    for said in (
        "相談に持っていく紙",
        "まずここに相談",
        "鳥取市パーソナルサポートセンター",
        "0857-20-4888",
        "平日8時30分",
        "窓口での言い方",
        "住居確保給付金",
        "じゅうきょ",
        "持っていくもの",
        "収入がわかるもの",
        "番で使います",
        "2026年12月1日に調べました",
        "使えるかどうかは、窓口で決まります",
        "119か110",
    ):
        assert said in paper, said


def test_nothing_ticked_on_the_result_means_what_it_shows_first(browser: Browser) -> None:
    result(browser)
    first = re.findall(r'name="take" value="([^"]+)"', browser.page.split("<details>")[0])
    browser.open(PAPER)
    assert set(re.findall(r'name="take" value="([^"]+)" checked', browser.page)) == set(first)


def test_what_was_ticked_on_the_result_is_ticked_for_the_paper_and_only_that_is_printed(
    browser: Browser,
) -> None:
    result(browser)
    wanted = re.findall(r'name="take" value="([^"]+)"', browser.page)[3]
    browser.send("/handbook/take", do="paper", take=[wanted])
    assert browser.addresses[-1].endswith(PAPER)
    assert re.findall(r'name="take" value="([^"]+)" checked', browser.page) == [wanted]
    titles = cards(browser)
    paper = words(made(browser))
    assert squeezed(titles.pop(wanted)) in paper
    assert not [title for title in titles.values() if squeezed(title) in paper]


def test_what_is_last_below_more_can_be_taken_along(browser: Browser) -> None:
    result(browser)
    wanted = re.findall(r'name="take" value="([^"]+)"', browser.page)[-1]
    browser.send("/handbook/take", do="paper", take=[wanted])
    title = cards(browser)[wanted]
    paper = words(made(browser))
    assert squeezed(title) in paper
    assert re.search(r"\d{3}", paper)  # somebody to call


def test_a_loan_says_on_paper_that_it_is_paid_back(browser: Browser, content: Content) -> None:
    result(browser)
    loans = {one.id for one in content.catalogue.schemes if one.is_loan}
    loan = next(one for one in re.findall(r'name="take" value="([^"]+)"', browser.page) if one in loans)
    browser.send("/handbook/take", do="paper", take=[loan])
    assert "借りるお金（返す必要があります）" in words(made(browser))


def test_what_is_not_sure_is_marked_on_paper(browser: Browser, content: Content) -> None:
    result(browser)
    unsure = {one.id for one in content.catalogue.schemes if not one.sure}
    mark = "番号や条件は、変わっているかもしれません"
    ids = re.findall(r'name="take" value="([^"]+)"', browser.page)
    browser.send("/handbook/take", do="paper", take=[next(one for one in ids if one in unsure)])
    assert mark in words(made(browser))
    assert mark not in words(made(browser, next(one for one in ids if one not in unsure)))


def test_nothing_ticked_is_asked_again_kindly(browser: Browser) -> None:
    result(browser)
    browser.open(PAPER)
    browser.send(FILE)
    assert browser.status == 422
    assert 'role="alert"' in browser.page
    assert " checked" not in browser.page


def test_who_answered_nothing_still_gets_a_paper_with_somebody_to_call(browser: Browser) -> None:
    browser.open(HANDBOOK)
    browser.send(HANDBOOK, do="start")
    browser.send(HANDBOOK, do="answer", answer="iwami")
    answer(browser)
    paper = words(made(browser))
    assert "だれでも相談できるところ" in paper
    assert "0120-279-338" in paper


def test_every_number_on_paper_is_one_of_ours(browser: Browser, content: Content) -> None:
    result(browser)
    ours = {"119", "110"}
    for place in (*content.windows, *content.hotlines.values(), *content.catalogue.schemes):
        ours.add(place.phone or "")
    pages = "\n".join(page.extract_text() for page in read(made(browser)).pages)
    shown = re.findall(r"(?<![0-9-])0[0-9]+-[0-9]+-[0-9]+", pages)
    assert len(shown) > 3
    assert set(shown) <= ours | {
        part for line in content.hotlines.values() for part in (line.phone or "").split()
    }


# ---- what does not stand on it -------------------------------------------------------------------------------


def test_answers_stand_on_it_only_where_that_was_asked_for(browser: Browser) -> None:
    result(browser)
    assert "と答えたので" not in words(made(browser))
    assert "『家賃が払えない』" in words(made(browser, why="1"))


def test_the_file_is_kept_nowhere_and_its_name_says_nothing(browser: Browser) -> None:
    result(browser)
    paper = made(browser)
    assert paper.headers["Cache-Control"] == "no-store"
    assert paper.headers["Content-Disposition"] == 'inline; filename="tsunagari-20261201.pdf"'
    assert paper.headers["Referrer-Policy"] == "no-referrer"


def test_no_answer_is_in_the_code_or_in_the_properties_of_the_file(browser: Browser, app: Flask) -> None:
    result(browser)
    paper = made(browser)
    told = read(paper).metadata
    assert told is not None
    assert told.title == "相談に持っていく紙"
    assert {value for value in told.values() if "家賃" in str(value)} == set()
    assert qr_picture("http://127.0.0.1:8000/handbook") != qr_picture("http://127.0.0.1:8000/handbook?q=1")
    assert all("?" not in address or re.search(r"\?q=\d+$", address) for address in browser.addresses)


def test_after_leaving_there_is_no_paper(browser: Browser) -> None:
    result(browser)
    browser.open(PAPER)
    before = browser.hidden()
    browser.send("/handbook/leave")
    assert browser.client.get(PAPER).headers["Location"] == HANDBOOK
    assert browser.client.post(FILE, data=before).status_code == 400


# ---- read aloud ----------------------------------------------------------------------------------------------


def test_a_screen_reader_finds_language_title_headings_and_lists(browser: Browser) -> None:
    result(browser)
    file = read(made(browser))
    root = file.trailer["/Root"]
    assert root["/Lang"] == "ja"
    assert bool(root["/MarkInfo"]["/Marked"])
    assert bool(root["/ViewerPreferences"]["/DisplayDocTitle"])
    kinds = tags(file)
    assert kinds[:2] == ["Document", "H1"]
    assert kinds.count("H1") == 1
    assert kinds.count("H3") >= 5
    assert {"H2", "P", "L", "LI", "LBody", "Figure"} <= set(kinds)
    assert b"pdfuaid:part" in root["/Metadata"].get_object().get_data()


def test_the_bookmarks_are_the_headings(browser: Browser) -> None:
    result(browser)
    outline = read(made(browser)).outline
    first = outline[0] if not isinstance(outline[0], list) else outline[0][0]
    assert first.title == "相談に持っていく紙"
    groups = [one.title for one in outline[1] if not isinstance(one, list)]
    assert groups[0] == "まず ここに相談"
    assert groups[-1] == "自分で答えてみたいとき"


def test_the_letters_are_large_and_embedded(browser: Browser) -> None:
    result(browser)
    file = read(made(browser))
    sizes: list[float] = []

    def look(text: str, _cm: Any, matrix: list[float], _font: Any, size: float) -> None:
        if text.strip():
            sizes.append(abs(size * matrix[3]))

    for page in file.pages:
        page.extract_text(visitor_text=look)
        for font in page["/Resources"]["/Font"].values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            assert any(key in inner for key in ("/FontFile2", "/FontFile3"))
    assert min(sizes) >= 10  # the line at the foot
    assert sum(size >= 11.9 for size in sizes) > len(sizes) * 0.9


# ---- for a neighbour -----------------------------------------------------------------------------------------


def for_neighbour(browser: Browser) -> None:
    result(
        browser,
        who="other",
        for_neighbour="handbook",
        worry=["money", "alone"],
        paying="food",
        alone="shutin",
    )


def test_the_paper_for_a_neighbour_says_to_whom_it_may_be_given_and_names_nobody(browser: Browser) -> None:
    for_neighbour(browser)
    assert "その人に合いそうな支援" in browser.text
    browser.open(PAPER)
    for said in ("ご本人か、いっしょに暮らすご家族に", "名前は書かないで", "LINEを使っていない人にも"):
        assert said in browser.text, said
    paper = words(made(browser))
    for said in (
        "使えるかもしれない支援と相談先",
        "この紙を受け取った方へ",
        "だれが渡したかは書いてありません",
        "手わたす紙",
    ):
        assert said in paper, said


def test_what_was_answered_about_a_neighbour_never_stands_on_the_paper(browser: Browser) -> None:
    for_neighbour(browser)
    browser.open(PAPER)
    assert 'name="why"' not in browser.page
    paper = words(made(browser, why="1"))
    assert "答えたので" not in paper
    assert "外に出にくい" not in paper


# ---- languages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ja-easy", "en", "vi", "pt-BR"])
def test_the_paper_is_in_the_language_of_the_reader_with_official_names_in_japanese(
    browser: Browser, content: Content, language: str
) -> None:
    result(browser)
    speaks(browser, language, PAPER)
    file = read(made(browser))
    paper = squeezed("".join(page.extract_text() for page in file.pages))
    said = content.said_in(language).texts
    assert squeezed(said.get("handbook_web.paper.title")) in paper
    assert "生活困窮者自立相談支援事業" in paper
    assert "この紙を見せて" in paper or language == "ja-easy"  # for whoever sits at the desk
    assert file.trailer["/Root"]["/Lang"] == {"ja-easy": "ja", "pt-BR": "pt-BR"}.get(language, language)


def test_where_our_letters_cannot_write_a_language_the_paper_is_japanese_and_that_is_said(
    browser: Browser, content: Content
) -> None:
    result(browser)
    speaks(browser, "zh-Hans", PAPER)
    assert content.said_in("zh-Hans").texts.get("handbook_web.paper.japanese") in browser.text
    file = read(made(browser))
    assert file.trailer["/Root"]["/Lang"] == "ja"
    assert "相談に持っていく紙" in squeezed(file.pages[0].extract_text())


def test_a_letter_that_we_lack_is_shown_as_missing_and_not_as_nothing() -> None:
    assert can_write("窓口")
    assert not can_write("\U0001f6f8")
