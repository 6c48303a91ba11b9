"""The door of /desk in a real browser: seen by axe, on small screens and large letters, by keyboard, without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from surroundings import Clock

from storage import staff, welcome
from storage.work import Database
from tests.door import DESK, PASSWORD, code_at, hire

NEW = "umi kaze natsu hikari"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


def invited(db: Database) -> str:
    with db.work() as work:
        made = staff.add(work, login="tanaka", name="田中一郎", windows=(DESK, "tottori_personal_support"))
        return welcome.invite(work, made.id)


def digits(page: Page, clock: Clock) -> str:
    return code_at(clock.now, page.locator(".key").inner_text().replace(" ", ""))


def every_page(page: Page, site: str, db: Database, clock: Clock) -> Iterator[str]:
    """All kinds of pages of the door, one after the other; yields a name for each."""
    page.goto(f"{site}/desk/sign-in")
    yield "sign-in"
    page.locator("main button").first.click()
    page.wait_for_selector("#error")
    yield "sign-in with an error"
    page.goto(f"{site}/desk/welcome#{invited(db)}")
    expect(page.locator("#code")).to_have_value(re.compile(".{21}"))
    yield "welcome"
    page.locator("main button").click()
    page.wait_for_url("**/welcome/password")
    page.locator("#new").fill("short")
    page.locator("main button").click()
    page.wait_for_selector("#new-error")
    yield "password with an error"
    page.locator("#new").fill(NEW)
    page.locator("#repeat").fill(NEW)
    page.locator("main button").click()
    page.wait_for_url("**/welcome/phone")
    yield "authenticator"
    page.locator("#code").fill("000000")
    page.locator("main button").click()
    page.wait_for_selector("#error")
    yield "authenticator with an error"
    page.locator("#code").fill(digits(page, clock))
    page.locator("main button").click()
    page.wait_for_url("**/me/codes")
    yield "recovery codes"
    page.goto(f"{site}/desk/me")
    yield "me"
    page.locator("#current ~ *, form[action='/desk/me/password'] button").last.click()
    page.wait_for_selector("#new-error")
    yield "me with an error"
    page.goto(f"{site}/desk/nowhere/at/all")
    yield "not found"
    page.locator("header .who button").click()
    page.wait_for_url("**/desk/sign-in")
    page.locator("#login").fill("tanaka")
    page.locator("#password").fill(NEW)
    page.locator("main button").first.click()
    page.wait_for_url("**/sign-in/code")
    yield "code"
    page.locator("#code").fill("000000")
    page.locator("main button").first.click()
    page.wait_for_selector("#error")
    yield "code with an error"
    page.locator("summary").click()
    page.locator("#recovery").fill("no such code")
    page.locator("details button").click()
    page.wait_for_selector("#recovery[aria-invalid]")
    yield "recovery with an error"
    page.goto(f"{site}/desk/welcome")
    page.locator("main button").click()
    page.wait_for_selector("main a.button")
    yield "link that is none"


PAGES = 14


def test_axe_finds_nothing_at_the_door(chromium: Chromium, site: str, db: Database, clock: Clock) -> None:
    context = chromium.new_context(viewport={"width": 360, "height": 740}, bypass_csp=True)  # to inject axe
    page, axe = context.new_page(), Axe()
    page.set_default_timeout(15_000)
    found = {}
    for name in every_page(page, site, db, clock):
        page.wait_for_load_state()
        found[name] = [violation["id"] for violation in axe.run(page).response["violations"]]
    context.close()
    assert len(found) == PAGES
    assert not {name: ids for name, ids in found.items() if ids}


@pytest.mark.parametrize(("width", "letters"), [(320, "112.5%"), (1280, "112.5%"), (640, "225%")])
def test_nothing_is_wider_than_the_screen_and_nothing_comes_from_elsewhere(
    chromium: Chromium, site: str, db: Database, clock: Clock, width: int, letters: str
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 740})
    page = context.new_page()
    page.set_default_timeout(15_000)
    complaints, asked = list[str](), list[str]()
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    for name in every_page(page, site, db, clock):
        page.wait_for_load_state()
        wider = page.evaluate(
            "size => { document.documentElement.style.fontSize = size;"
            " return document.documentElement.scrollWidth - document.documentElement.clientWidth }",
            letters,
        )
        assert wider <= 0, name
    context.close()
    assert not complaints
    assert all(url.startswith((site, "data:")) for url in asked)


def test_every_button_and_link_is_large_enough_to_hit(
    chromium: Chromium, site: str, db: Database, clock: Clock
) -> None:
    context = chromium.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.set_default_timeout(15_000)
    for name in every_page(page, site, db, clock):
        page.wait_for_load_state()
        small = page.evaluate(
            "[...document.querySelectorAll('a, button, summary, input:not([type=hidden])')].filter(one => {"
            " const box = one.getBoundingClientRect();"
            " return box.width > 1 && !one.matches('.skip, .unseen') && (box.height < 24 || box.width < 24) })"
            ".map(one => one.outerHTML)"
        )
        assert small == [], name
    context.close()


def test_setting_up_and_signing_in_need_no_scripts(
    chromium: Chromium, site: str, db: Database, clock: Clock
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto(f"{site}/desk/welcome")
    page.locator("#code").fill(invited(db))
    page.locator("main button").click()
    page.locator("#new").fill(NEW)
    page.locator("#repeat").fill(NEW)
    page.locator("main button").click()
    page.locator("#code").fill(digits(page, clock))
    page.locator("main button").click()
    assert page.locator(".codes li").count() == 8
    context.close()


def test_one_signs_in_with_the_keyboard_alone(
    chromium: Chromium, site: str, db: Database, clock: Clock
) -> None:
    hire(db)
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto(f"{site}/desk/me")
    expect(page.locator("#login")).to_be_focused()
    page.keyboard.type("yamada")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in/code")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(code_at(clock.now))
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/me")
    assert "山田花子" in page.inner_text("header")
    context.close()


def test_the_invitation_leaves_the_address_and_the_history(
    chromium: Chromium, site: str, db: Database
) -> None:
    context = chromium.new_context()
    page, code = context.new_page(), invited(db)
    page.set_default_timeout(15_000)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.goto(f"{site}/desk/welcome#{code}")
    page.locator("main button").click()
    page.wait_for_url("**/welcome/password")
    page.go_back()
    assert "#" not in page.url
    assert not [url for url in sent if code in url.split("#")[0]]
    context.close()


def test_the_back_button_shows_nothing_after_signing_out(
    chromium: Chromium, site: str, db: Database, clock: Clock
) -> None:
    hire(db)
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto(f"{site}/desk/me")
    page.locator("#login").fill("yamada")
    page.locator("#password").fill(PASSWORD)
    page.locator("main button").first.click()
    page.locator("#code").fill(code_at(clock.now))
    page.locator("main button").first.click()
    page.wait_for_url("**/desk/me")
    page.locator("header .who button").click()
    page.wait_for_url("**/desk/sign-in")
    page.go_back()
    page.wait_for_load_state()
    assert "山田花子" not in page.content()
    context.close()
