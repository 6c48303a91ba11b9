"""The pages in a real browser: seen by axe, on a small screen, without scripts, and after leaving."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Error, Page

from storage.work import Database
from tests.web.handbook_walk import next_question, walk_to_result
from tests.web.test_details_form import Link, make_link, stored

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


def to_result(page: Page, site: str) -> None:
    walk_to_result(page, site, ("tottori",), ("self",), ("money", "mind"))


def goes_back(page: Page) -> None:
    """The browser's back button; asked once more where Chromium was still changing pages."""
    page.wait_for_load_state()
    try:
        page.go_back()
    except Error:
        page.wait_for_load_state()
        page.go_back()


def settled(page: Page, name: str) -> str:
    """Nobody looks at a page that is still on its way."""
    page.wait_for_load_state()
    return name


def every_page(page: Page, site: str, link: Link) -> Iterator[str]:
    """All kinds of pages, one after the other; yields a name for each."""
    for path in ("/", "/handbook", "/windows", "/nowhere", "/handbook/bye"):
        page.goto(site + path)
        yield settled(page, path)
    page.goto(f"{site}/handbook")
    page.locator('button[value="start"]').click()
    yield settled(page, "question")
    next_question(page)
    yield settled(page, "question with an error")
    page.locator('button[value="quit"]').click()
    to_result(page, site)
    yield settled(page, "result")
    for summary in page.locator("summary").all():
        summary.click()
    yield settled(page, "result, all open")
    page.goto(f"{site}/windows")
    page.locator('button[value="start"]').click()
    next_question(page, "tottori")
    page.locator("label.choice").first.click()
    page.locator('.buttons button[value="answer"]').click()
    yield settled(page, "windows")
    page.goto(f"{site}{link.path}#{link.token}")
    yield settled(page, "details, first page")
    page.locator("[data-begin-button]").click()
    yield settled(page, "details, form")
    page.locator("[data-send]").click()
    page.wait_for_selector("#where-error")
    yield settled(page, "details, form with errors")
    page.locator("#where").fill("本町")
    page.locator("#what").fill("新聞がたまっています")
    page.locator("[data-send]").click()
    page.wait_for_url("**/sent")
    yield settled(page, "details, thanks")


def test_axe_finds_nothing_on_any_page(chromium: Chromium, site: str, db: Database) -> None:
    context = chromium.new_context(viewport={"width": 360, "height": 740}, bypass_csp=True)  # to inject axe
    page, axe = context.new_page(), Axe()
    found = {
        name: [violation["id"] for violation in axe.run(page).response["violations"]]
        for name in every_page(page, site, make_link(db))
    }
    context.close()
    assert len(found) == 14
    assert not {name: ids for name, ids in found.items() if ids}


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_nothing_is_wider_than_the_screen_and_no_rule_is_broken(
    chromium: Chromium, site: str, db: Database, width: int
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 740})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in every_page(page, site, make_link(db)):
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, name
    context.close()
    assert not complaints
    assert all(url.startswith((site, "data:")) for url in asked)


def test_letters_twice_as_large_still_fit(context: BrowserContext, site: str, db: Database) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 640, "height": 740})
    for name in every_page(page, site, make_link(db)):
        wider = page.evaluate(
            "() => { document.documentElement.style.fontSize = '225%';"
            " return document.documentElement.scrollWidth - document.documentElement.clientWidth }"
        )
        assert wider <= 0, name


def test_nothing_moves_while_a_page_is_built(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    page.add_init_script(
        "window.moved = 0; new PerformanceObserver(list => { for (const shift of list.getEntries()) "
        "window.moved += shift.value }).observe({type: 'layout-shift', buffered: true})"
    )
    to_result(page, site)
    page.wait_for_timeout(300)
    assert page.evaluate("window.moved") == 0


def test_the_handbook_works_without_scripts(chromium: Chromium, site: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    to_result(page, site)
    assert page.url.startswith(f"{site}/handbook?q=")
    page.locator(".leave__button").click()
    assert page.url == f"{site}/handbook/bye"
    context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_going_back_after_leaving_brings_no_answer_back(chromium: Chromium, site: str, scripts: bool) -> None:
    context = chromium.new_context(java_script_enabled=scripts)
    page = context.new_page()
    to_result(page, site)
    page.locator(".leave__button").click()
    page.wait_for_url("**/handbook/bye")
    assert not context.cookies()
    goes_back(page)
    assert page.locator("article").count() == 0
    assert page.locator('input[name="question"]').count() == 0
    context.close()


def test_the_back_button_of_the_browser_goes_one_question_back(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    page.goto(f"{site}/handbook")
    page.locator('button[value="start"]').click()
    next_question(page, "tottori")
    next_question(page, "self")
    goes_back(page)
    assert page.locator('input[name="question"]').input_value() == "who"
    assert page.locator('input[value="self"]').is_checked()
    goes_back(page)
    assert page.locator('input[name="question"]').input_value() == "town"


def test_the_token_goes_from_the_address_into_the_form_and_leaves_the_history(
    context: BrowserContext, site: str, db: Database
) -> None:
    page, link = context.new_page(), make_link(db)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.goto(f"{site}{link.path}#{link.token}")
    page.locator("[data-begin-button]").click()
    assert page.url == f"{site}{link.path}/form"
    page.locator("#where").fill("本町")
    page.locator("#what").fill("新聞がたまっています")
    page.locator("[data-send]").click()
    page.wait_for_url("**/sent")
    assert stored(db, link.concern) == {"where": "本町", "what": "新聞がたまっています"}
    assert not [url for url in sent if link.token in url.split("#")[0]]
    goes_back(page)
    assert "もう使えません" in page.inner_text("h1")


def test_a_link_without_its_token_says_how_to_go_on(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    page.goto(f"{site}/d/0123456789abcdef")
    assert page.locator("[data-no-token]").is_visible()
    assert not page.locator("[data-begin-button]").is_visible()


def test_everything_can_be_done_with_the_keyboard(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    page.goto(f"{site}/handbook")
    page.locator('button[value="start"]').focus()
    page.keyboard.press("Enter")
    page.locator('input[name="answer"]').first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_selector('input[name="question"][value="who"]', state="attached")


def test_an_error_takes_the_focus(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    page.goto(f"{site}/handbook")
    page.locator('button[value="start"]').click()
    next_question(page)
    page.wait_for_selector("#error")
    assert page.evaluate("document.activeElement.id") == "error"


def test_a_printed_result_is_short_and_shows_no_buttons(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    to_result(page, site)
    page.emulate_media(media="print")
    assert not page.locator(".leave__button").is_visible()
    assert not page.locator("summary").first.is_visible()
    assert page.locator("article").first.is_visible()
    assert page.pdf(format="A4").count(b"/Type /Page\n") <= 8
