"""What the pages' script tells, in a real browser: a dialled number, a print; and nothing that outlives leaving."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from bot.app import Services
from bot.web import create_flask
from storage.work import Database

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def services(db: Database, services_for: Callable[..., Services]) -> Services:
    return services_for(db)


@pytest.fixture
def address(services: Services) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_flask(services), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(chromium: Chromium, address: str) -> Iterator[Page]:
    """The result after one worry."""
    context = chromium.new_context(user_agent="Mozilla/5.0 (Linux; Android 6.0)")
    page = context.new_page()
    page.goto(f"{address}/handbook")
    taps(page, "start")
    taps(page, "skip")
    taps(page, "skip")
    page.check("input[value=money]", force=True)
    taps(page, "answer")
    while page.locator("button[value=skip]").count():
        taps(page, "skip")
    yield page
    context.close()


def told(services: Services) -> list[str]:
    return sorted(one.event for one in services.usage.take())


def taps(page: Page, button: str) -> None:
    """A button at the end of the page, until the next page is there."""
    with page.expect_navigation():
        page.locator(f"button[value={button}]").last.click()


def dial(page: Page) -> None:
    """The first number of the result; a browser on a desk has nobody to dial it."""
    expect(page.locator('main a[href^="tel:"]').first).to_be_attached()
    with page.expect_response("**/handbook/told") as answer:
        page.evaluate("document.querySelector('main a[href^=\"tel:\"]').click()")
    assert answer.value.status == 204


def test_a_number_is_told_once_a_page_and_so_is_a_print(page: Page, services: Services) -> None:
    services.usage.take()
    dial(page)
    page.evaluate("document.querySelector('main a[href^=\"tel:\"]').click()")
    with page.expect_response("**/handbook/told"):
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert told(services) == ["called", "number", "printed"]


def test_after_leaving_nothing_of_it_is_left_in_the_browser(page: Page) -> None:
    dial(page)
    page.click("[data-leave] button")
    page.wait_for_url("**/handbook/bye*")
    assert page.context.cookies() == []


def test_no_answer_stands_in_what_is_told(page: Page) -> None:
    said = page.evaluate(
        """() => new Promise((done) => {
            navigator.sendBeacon = (url, blob) => { blob.text().then((words) => done(`${url}?${words}`)); };
            document.querySelector('main a[href^="tel:"]').click();
        })"""
    )
    address, _, words = said.partition("?")
    assert address == "/handbook/told"
    assert {part.partition("=")[0] for part in words.split("&")} == {"proof", "deed", "number"}
