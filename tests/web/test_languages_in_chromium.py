"""The handbook in other languages in a real browser: seen by axe, on a small screen, with letters twice as large."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium

from tests.web.handbook_walk import next_question
from tests.web.test_handbook_in_languages import LANGUAGES

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
LARGE = "document.documentElement.style.fontSize = '200%'"


@pytest.mark.parametrize("language", LANGUAGES)
def test_start_question_and_result_are_fine_in_every_language(
    chromium: Chromium, site: str, language: str
) -> None:
    context = chromium.new_context(viewport={"width": 320, "height": 640}, bypass_csp=True)  # to inject axe
    context.set_default_timeout(10_000)
    page, axe, wrong = context.new_page(), Axe(), []

    def look(name: str) -> None:
        page.wait_for_load_state()
        wrong.extend((name, one["id"]) for one in axe.run(page).response["violations"])
        wrong.extend([(name, "wider than the screen")] if page.evaluate(WIDER) else [])
        page.evaluate(LARGE)
        wrong.extend([(name, "wider at 200 %")] if page.evaluate(WIDER) else [])

    page.goto(f"{site}/handbook?lang={language}")
    look("start")
    page.locator('button[value="start"]').click()
    next_question(page, "tottori")
    next_question(page, "self")
    look("question")
    next_question(page, "money", "mind")
    page.locator('button[value="enough"]').click()
    page.wait_for_selector("article")
    look("result")
    assert wrong == []
    context.close()
