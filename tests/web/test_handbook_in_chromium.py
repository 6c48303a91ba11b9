"""The handbook in a real browser: results, paper and sharing, in every language, on a small screen, and after leaving."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Error, Page

from tests.conftest import CHROMIUM
from tests.web.handbook_walk import walk_to_result

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

LANGUAGES = ("ja", "ja-easy", "en", "zh-Hans", "vi", "pt-BR")
COUNT_SHIFTS = (
    "window.moved = 0; new PerformanceObserver(list => { for (const shift of list.getEntries()) "
    "window.moved += shift.value }).observe({type: 'layout-shift', buffered: true})"
)


@pytest.fixture
def context(context: BrowserContext) -> BrowserContext:
    context.set_default_timeout(15_000)
    return context


def to_result(page: Page, site: str, *, who: str = "self") -> None:
    why = [("handbook",)] if who == "other" else []
    worries = ("money", "home", "mind")
    walk_to_result(page, site, ("tottori",), (who,), *why, worries, ("a40",), ("single",), ("bill",))


def every_page(page: Page, site: str) -> Iterator[str]:
    """All kinds of pages of the handbook, one after the other; yields a name for each."""
    page.goto(f"{site}/handbook")
    yield "start"
    page.locator('button[value="start"]').click()
    page.wait_for_selector(".question")
    yield "question"
    page.locator('button[value="quit"]').click()
    to_result(page, site)
    yield "result"
    for summary in page.locator("summary").all():
        summary.click()
    yield "result, all open"
    page.locator('button[value="paper"]').click()
    page.wait_for_url("**/handbook/paper")
    yield "paper"
    for ticked in page.locator('input[name="take"]').all():
        ticked.uncheck()
    page.locator("form .button").first.click()
    page.wait_for_selector("#error")
    yield "paper, nothing chosen"
    page.goto(f"{site}/handbook/share")
    yield "share"
    page.locator('input[name="take"]').nth(1).check()
    page.locator('button[value="make"]').click()
    page.wait_for_selector("#made")
    yield "share, with a link"
    link = page.locator("a.address").get_attribute("href") or ""
    page.goto(site + link[link.index("/handbook/r/") :])
    page.wait_for_selector("article")
    yield "shown to the family"
    page.goto(f"{site}/handbook/r/none")
    yield "gone"
    page.goto(f"{site}/handbook/search")
    yield "search"


def more_than_the_screen(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_in_any_language(chromium: Chromium, site: str, language: str) -> None:
    context = chromium.new_context(viewport={"width": 360, "height": 740}, bypass_csp=True)  # to inject axe
    context.set_default_timeout(15_000)
    page, axe = context.new_page(), Axe()
    page.goto(f"{site}/handbook?lang={language}")
    found = {}
    for name in every_page(page, site):
        page.wait_for_load_state()
        found[name] = [
            (violation["id"], violation["nodes"][0]["html"][:120])
            for violation in axe.run(page).response["violations"]
        ]
    context.close()
    assert len(found) == 11
    assert not {name: ids for name, ids in found.items() if ids}


@pytest.mark.parametrize("language", ["ja", "vi", "pt-BR"])
def test_nothing_is_wider_than_a_small_screen_and_no_rule_is_broken(
    chromium: Chromium, site: str, language: str
) -> None:
    context = chromium.new_context(viewport={"width": 320, "height": 640})
    context.set_default_timeout(15_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site}/handbook?lang={language}")
    wider = {name: more for name in every_page(page, site) if (more := more_than_the_screen(page)) > 0}
    context.close()
    assert not wider
    assert not complaints
    assert all(url.startswith((site, "data:")) for url in asked)


def test_letters_twice_as_large_still_fit(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 640, "height": 740})
    for name in every_page(page, site):
        page.evaluate("document.documentElement.style.fontSize = '225%'")
        assert more_than_the_screen(page) <= 0, name


def test_nothing_moves_while_the_pages_are_built(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    page.add_init_script(COUNT_SHIFTS)
    moved = {}
    for name in every_page(page, site):
        if name != "result, all open":  # what opens below a tap may move what is below it
            page.wait_for_timeout(200)
            moved[name] = page.evaluate("window.moved")
    assert {name: by for name, by in moved.items() if by} == {}


# ---- without scripts -----------------------------------------------------------------------------------------


def test_results_paper_and_sharing_work_without_scripts(chromium: Chromium, site: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    to_result(page, site)
    page.locator('input[name="take"]').nth(1).check()
    page.locator('button[value="paper"]').click()
    assert page.url == f"{site}/handbook/paper"
    assert page.locator('input[name="take"]:checked').count() == 1
    with page.expect_response("**/handbook/paper.pdf") as paper:
        page.locator("form .button").first.click()
    assert paper.value.status == 200
    assert paper.value.headers["content-type"] == "application/pdf"
    page.goto(f"{site}/handbook/share")
    page.locator('button[value="make"]').click()
    page.wait_for_selector("#made")
    page.locator('button[value="withdraw"]').click()
    page.wait_for_selector('[role="status"]')
    context.close()


def test_everything_on_a_result_can_be_done_with_the_keyboard(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    to_result(page, site)
    page.locator('input[name="take"]').first.focus()
    page.keyboard.press("Space")
    assert page.locator('input[name="take"]').first.is_checked()
    page.locator('button[value="paper"]').focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/handbook/paper")
    assert page.locator('input[name="take"]:checked').count() == 1


# ---- at a screen that others use -----------------------------------------------------------------------------


@pytest.fixture
def keeping(chromium: Chromium) -> Iterator[Chromium]:
    """A browser that keeps pages in memory for the back button, which Playwright turns off otherwise."""
    made = chromium.browser_type.launch(
        executable_path=str(CHROMIUM),
        args=["--no-sandbox", "--disable-background-networking"],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield made
    made.close()


def goes_back(page: Page) -> None:
    """The browser's back button; asked once more where Chromium was still changing pages."""
    page.wait_for_load_state()
    try:
        page.go_back()
    except Error:
        page.wait_for_load_state()
        page.go_back()
    page.wait_for_load_state()


@pytest.mark.parametrize("path", ["/handbook", "/handbook/paper", "/handbook/share"])
@pytest.mark.parametrize("scripts", [True, False])
def test_after_leaving_the_back_button_brings_nothing_back(
    keeping: Chromium, site: str, scripts: bool, path: str
) -> None:
    context = keeping.new_context(java_script_enabled=scripts)
    context.set_default_timeout(15_000)
    page = context.new_page()
    to_result(page, site)
    page.goto(site + path)
    page.locator(".leave__button").click()
    page.wait_for_url("**/handbook/bye")
    assert not context.cookies()
    for _ in range(3):
        goes_back(page)
        words = page.inner_text("body")
        assert page.locator("article").count() == 0
        assert page.locator('input[name="take"]').count() == 0
        assert page.locator('input[name="question"]').count() == 0
        assert "自立相談支援" not in words
        assert "答えたので" not in words
    context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_what_was_searched_for_does_not_come_back_after_leaving(
    keeping: Chromium, site: str, scripts: bool
) -> None:
    context = keeping.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{site}/handbook/search")
    page.locator('main input[name="words"]').fill("電気代が払えない")
    page.locator("main .button").first.click()
    page.wait_for_selector("article")
    page.locator(".leave__button").click()
    page.wait_for_url("**/handbook/bye")
    for _ in range(2):
        goes_back(page)
        assert "電気代" not in page.inner_text("body")
        assert page.locator("article").count() == 0
        typed = page.locator('main input[name="words"]')
        assert not typed.count() or typed.input_value() == ""
    context.close()


def test_a_page_that_was_kept_in_memory_is_blank_until_it_was_asked_for_again(
    keeping: Chromium, site: str
) -> None:
    context = keeping.new_context()
    page = context.new_page()
    to_result(page, site)
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    assert page.evaluate("document.documentElement.style.visibility") == "hidden"
    with page.expect_navigation():
        page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    assert page.locator("article").first.is_visible()
    context.close()


def test_no_answer_is_ever_in_an_address_or_told_to_another_house(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    told: list[str] = []
    page.on("request", lambda request: told.append(f"{request.url} {request.headers.get('referer', '')}"))
    for _ in every_page(page, site):
        assert page.evaluate("document.referrer") == ""
    for word in ("money", "home", "mind", "tottori", "national-", "self"):
        assert not [line for line in told if word in line.replace(site, "")], word


# ---- on paper from the browser -------------------------------------------------------------------------------


def test_a_result_prints_its_cards_and_the_list_to_tick_and_no_buttons(
    context: BrowserContext, site: str
) -> None:
    page = context.new_page()
    to_result(page, site)
    page.emulate_media(media="print")
    for hidden in (".leave__button", "summary", ".take", "#next", ".languages", 'button[value="paper"]'):
        assert not page.locator(hidden).first.is_visible(), hidden
    assert page.locator("article").first.is_visible()
    assert page.locator(".bring li").first.is_visible()
    assert page.pdf(format="A4").count(b"/Type /Page\n") <= 9


def test_for_a_neighbour_the_page_speaks_of_that_person(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    to_result(page, site, who="other")
    assert "その人" in page.inner_text("h1")
    page.locator('button[value="paper"]').click()
    page.wait_for_url("**/handbook/paper")
    assert "手わたす" in page.inner_text("h1")
