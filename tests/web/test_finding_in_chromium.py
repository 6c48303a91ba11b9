"""/handbook/search in a real browser: seen by axe, on a small screen, without scripts."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def page(chromium: Chromium) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 320, "height": 640}, bypass_csp=True)  # to inject axe
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def search(page: Page, site: str, words: str) -> None:
    page.goto(f"{site}/handbook")
    page.get_by_label("困っていること").fill(words)
    page.get_by_role("button", name="さがす").click()
    page.wait_for_url("**/handbook/search")


@pytest.mark.parametrize("words", ["家賃が払えない", "ほげほげぴよ", "もう死にたい"])
def test_a_reader_of_screens_finds_its_way(page: Page, site: str, words: str) -> None:
    search(page, site, words)
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["help"]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    if folder := os.environ.get("FINDING_PICTURES"):
        page.screenshot(path=f"{folder}/{words}.png", full_page=True)


def test_the_words_are_in_no_address(page: Page, site: str) -> None:
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url + request.headers.get("referer", "")))
    search(page, site, "家賃カナリア")
    assert seen
    assert not [one for one in seen if "カナリア" in one or "%E3%82%AB" in one]


def test_back_and_forward_send_nothing_again(page: Page, site: str) -> None:
    search(page, site, "家賃が払えない")
    page.get_by_role("link", name="質問に答えてさがす").click()
    page.wait_for_url("**/handbook")
    page.go_back()
    assert "住居確保給付金" in page.inner_text("main")
