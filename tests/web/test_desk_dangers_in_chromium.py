"""The pages about people in danger in a real browser: for axe, and on narrow screens."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from office import doer, hire
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page
from surroundings import Clock

from bot.app import Services
from bot.desk import dangers as deeds
from storage import people, supporters
from storage.dangers import Danger
from storage.staff import Staff
from storage.supporters import Profile
from storage.work import Database
from tests.web.test_desk_in_chromium import Site

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
DESK = "tottori_chuo_jinken"
LOOK = os.environ.get("LOOK_AT")  # a folder: the pages are drawn into it, to be looked at


@pytest.fixture
def site(chromium: Chromium, services_for: Callable[..., Services], db: Database) -> Iterator[Site]:
    opened = Site(chromium, services_for(db))
    yield opened
    opened.close()


@pytest.fixture
def tanaka(db: Database) -> Staff:
    return hire(db, "田中 花子", DESK)


@pytest.fixture
def cases(db: Database, tanaka: Staff, clock: Clock) -> dict[str, Danger]:
    """One of each look that the page can have."""
    made = {}
    with db.work() as work:
        for number, (name, code, category) in enumerate(
            (
                ("now", "S0", "suicide"),
                ("strong", "S1", "violence"),
                ("vague", "S2", "sos"),
                ("other", "O0", "medical"),
                ("seen", "S1", "suicide"),
                ("closed", "S1", "child"),
                ("blocked", "S1", "self_harm"),
            )
        ):
            person = people.lock(work, "default", f"U{number:032x}")
            made[name] = deeds.happened(work, person, code, category)
            if name == "now":
                deeds.wished(work, person, "come")
                entry = supporters.add(work, "default", source="line", state="registered", town="tottori")
                supporters.write(
                    work, entry, Profile(name="鳥取 花子", phone="0857-00-1234"), person_id=person.id
                )
            if name == "blocked":
                people.set_friend(work, person.id, False, 2**60)
        deeds.see(work, doer(tanaka), made["seen"])
        deeds.close(work, doer(tanaka), made["closed"], "reached")
    return made


def every_page(page: Page, site: Site, cases: dict[str, Danger]) -> Iterator[str]:
    for path in ("/desk", "/desk/dangers"):
        page.goto(site.address + path)
        yield path
    for name, one in cases.items():
        page.goto(f"{site.address}/desk/dangers/{one.number}")
        yield name
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        yield f"{name}, all open"
    page.goto(f"{site.address}/desk/dangers/{cases['now'].number}")
    page.get_by_text("だれかを確かめる", exact=True).click()
    page.locator('input[value="call"]').check()
    page.get_by_role("button", name="名前と電話を見る").click()
    page.wait_for_selector("#identity")
    yield "who it is"


@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    site: Site, tanaka: Staff, cases: dict[str, Danger], width: int
) -> None:
    page, axe = site.page(tanaka, width, bypass_csp=True), Axe()  # to inject axe
    wrong = {}
    for number, name in enumerate(every_page(page, site, cases)):
        if LOOK:
            page.screenshot(path=Path(LOOK) / f"{width}-{number:02}.png", full_page=True)
        found = [(one["id"], one["nodes"][0]["html"][:200]) for one in axe.run(page).response["violations"]]
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if found or wider > 0:
            wrong[name] = (found, wider)
    assert wrong == {}


def test_the_whole_way_with_a_mouse_and_no_script_of_ours(
    site: Site, tanaka: Staff, cases: dict[str, Danger]
) -> None:
    page = site.page(tanaka, 390)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(f"{site.address}/desk")
    page.get_by_role("link", name=cases["now"].number, exact=True).first.click()
    page.get_by_role("button", name="見ました（私が見ています）").click()
    page.get_by_text("あなたが見ていることを記録しました").wait_for()
    page.get_by_text("声をかける", exact=True).click()
    page.get_by_role("button", name="この文を送る 返事はいらないと伝える").click()
    page.get_by_text("送りました。").wait_for()
    page.get_by_text("記録して終える", exact=True).first.click()
    page.get_by_label("本人と話せた・無事を確かめた").check()
    page.get_by_role("button", name="記録して終える").click()
    page.get_by_text("記録して終えました。").wait_for()
    assert complaints == []
