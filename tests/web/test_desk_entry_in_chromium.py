"""Writing down a telephone call in a real browser: by keyboard alone, on a wide and a narrow screen, seen by axe."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from axe_playwright_python.sync_playwright import Axe
from office import IWAMI, SUPPORT, hire
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page
from werkzeug.serving import make_server

from bot.app import Services
from bot.web import create_flask
from bot.web.desk.gate import TOKEN
from bot.web.sealed_session import SealedSessions
from storage import concerns, sessions
from storage.work import Database

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def cookie(services_for: Callable[..., Services], db: Database) -> Iterator[dict[str, str]]:
    """The running pages (`url`), and the cookie of somebody of two desks who is signed in there."""
    app = create_flask(services_for(db))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    who = hire(db, "係 花子", IWAMI, SUPPORT)
    with db.work() as work:
        token = sessions.begin(work, who.id, "windows edge")
    sealed = cast(SealedSessions, app.session_interface)
    yield {
        "name": sealed.cookie,
        "value": sealed._sealed({TOKEN: token}),
        "url": f"http://127.0.0.1:{server.server_port}",
    }
    server.shutdown()
    thread.join()
    server.server_close()


def signed_in(chromium: Chromium, cookie: dict[str, str], width: int, **more: bool) -> Page:
    context = chromium.new_context(viewport={"width": width, "height": 800}, locale="ja-JP", **more)
    context.set_default_timeout(10_000)
    context.add_cookies([cast("Any", cookie)])
    return context.new_page()


def every_page(page: Page, site: str) -> Iterator[str]:
    """All pages of the entry; yields a name for each."""
    page.goto(f"{site}/desk/new")
    yield "empty"
    page.locator('button[value="look"]').click()
    page.wait_for_selector("#what-error")
    yield "errors"
    page.locator("#place").select_option("tottori/")
    page.locator("#kind").select_option("safety")
    page.locator("#since").select_option("days")
    page.locator("#knows").select_option("unaware")
    page.locator("#where").fill("本町1丁目、青い屋根の家")
    page.locator("#what").fill("部屋で倒れているのが見えるそうです")
    page.locator("#phone").fill("0857-11-2222")
    page.locator('button[value="look"]').click()
    page.wait_for_selector('button[value="send"]')
    yield "look"
    page.locator('button[value="send"]').click()
    page.wait_for_url("**/desk/new/sent")
    yield "sent"


@pytest.mark.parametrize("width", [320, 1024])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    chromium: Chromium, cookie: dict[str, str], width: int
) -> None:
    page, axe = signed_in(chromium, cookie, width, bypass_csp=True), Axe()
    found, wide = {}, {}
    for name in every_page(page, cookie["url"]):
        found[name] = [violation["id"] for violation in axe.run(page).response["violations"]]
        wide[name] = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
    page.context.close()
    assert len(found) == 4
    assert not {name: ids for name, ids in found.items() if ids}
    assert not {name: by for name, by in wide.items() if by > 0}


def test_it_can_be_done_with_the_keyboard_and_without_scripts(
    chromium: Chromium, cookie: dict[str, str], db: Database
) -> None:
    page = signed_in(chromium, cookie, 1024, java_script_enabled=False)
    page.goto(f"{cookie['url']}/desk/new")
    page.locator("#place").focus()
    for down in (1, 1, 0, 2, 3):  # place, kind, level (as the kind says), since, knows
        for _ in range(down):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
    for words in ("鈴木さん", "浦富", "雨戸がしまったまま", "", ""):
        page.keyboard.insert_text(words)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector('button[value="send"]')
    page.locator('button[value="send"]').focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/new/sent")
    page.context.close()
    with db.look() as work:
        (made,) = concerns.listed(work)
    assert (made.source, made.kind) == ("telephone", "safety")
