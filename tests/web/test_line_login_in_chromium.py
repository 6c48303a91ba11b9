"""To LINE and back in a real browser: what the tapped link, the cookie and the strict headers do there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from surroundings import Clock
from werkzeug.serving import make_server

from storage.work import Database
from tests.web.login_house import House, OwnLink, house

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
PHONE = {"width": 360, "height": 640}


@pytest.fixture
def home(db: Database, clock: Clock) -> Iterator[House]:
    """The service at an address that LINE knows before it runs."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    with house(db, clock, PUBLIC_URL=f"http://127.0.0.1:{port}") as made:
        server = make_server("127.0.0.1", port, made.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield made
        server.shutdown()
        thread.join()
        server.server_close()


def goes_to_line(page: Page, home: House, link: OwnLink) -> None:
    page.goto(f"{home.services.settings.public_url}{link.path}#{link.token}")
    page.locator("[data-begin-button]").click()
    page.locator("[data-to-line]").click()
    expect(page.get_by_role("button", name="はなことして許可する")).to_be_visible()


def test_the_owner_gets_in_and_line_never_sees_the_link(chromium: Chromium, home: House) -> None:
    link = home.link("my_data")
    context = chromium.new_context(viewport=PHONE, is_mobile=True)
    page, complaints, told = context.new_page(), [], []
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    page.on("request", lambda asked: told.append(asked) if asked.url.startswith(home.line.url) else None)
    goes_to_line(page, home, link)
    page.get_by_role("button", name="はなことして許可する").click()
    page.wait_for_url("**/all")
    expect(page.get_by_text("鳥取 花子").first).to_be_visible()
    assert complaints == []
    assert len(told) >= 2
    for asked in told:
        seen = asked.url + str(asked.all_headers()) + (asked.post_data or "")
        assert link.token not in seen
        assert link.id not in seen
    context.close()


def test_somebody_else_is_told_kindly_and_the_owner_still_gets_in(chromium: Chromium, home: House) -> None:
    link = home.link("papers")
    for name, words in (("たろう", "ほかの方にお送りしたリンクです"), ("はなこ", "修了証とサポーターカード")):
        context = chromium.new_context(viewport=PHONE, is_mobile=True)
        page = context.new_page()
        goes_to_line(page, home, link)
        page.get_by_role("button", name=f"{name}として許可する").click()
        expect(page.get_by_role("heading", name=words)).to_be_visible()
        context.close()


def test_the_pages_are_readable_for_everybody(chromium: Chromium, home: House) -> None:
    context = chromium.new_context(viewport=PHONE, is_mobile=True, bypass_csp=True)  # to inject axe
    page, axe, found = context.new_page(), Axe(), {}
    link = home.link("my_data")
    page.goto(f"{home.services.settings.public_url}{link.path}#{link.token}")
    page.locator("[data-begin-button]").click()
    page.wait_for_selector("[data-to-line]")
    found["to"] = [each["id"] for each in axe.run(page).response["violations"]]
    page.locator("[data-to-line]").click()
    page.get_by_role("button", name="キャンセル").click()
    page.wait_for_selector("[data-again]")
    found["denied"] = [each["id"] for each in axe.run(page).response["violations"]]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    context.close()
    assert found == {"to": [], "denied": []}
    assert wide <= 0
