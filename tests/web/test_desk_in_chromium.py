"""The inbox in a real browser: for axe, on narrow screens, by keyboard, on paper, and with hostile words in every field."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import cast

import pytest
from axe_playwright_python.sync_playwright import Axe
from office import IWAMI, SUPPORT, WAKASA, again, desk_now, doer, hire, report
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page
from sqlalchemy import select
from werkzeug.serving import make_server

from bot.app import Services
from bot.desk import deeds, handing_on
from bot.web import create_flask
from bot.web.desk.gate import TOKEN
from bot.web.sealed_session import SealedSessions
from storage import concerns, handons, sessions
from storage.concerns import Concern
from storage.mails import mails
from storage.outbox import outbox
from storage.staff import Staff
from storage.work import Database

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
HOSTILE = (
    "<script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">"
    "'\"><svg onload=alert(1)>{{ 7*7 }}${7*7}</textarea><a href=javascript:alert(1)>x</a>"
)


@pytest.fixture
def services(services_for: Callable[..., Services], db: Database) -> Services:
    return services_for(db)


class Site:
    """The running pages, and browsers in which somebody is signed in."""

    def __init__(self, chromium: Chromium, services: Services) -> None:
        self.chromium, self.db = chromium, services.db
        self.app = create_flask(services)
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.contexts: list[BrowserContext] = []
        self.who: Staff

    def page(self, who: Staff, width: int = 1280, **more: bool) -> Page:
        self.who = who
        with self.db.work() as work:
            token = sessions.begin(work, who.id, "windows edge")
        sealed = cast(SealedSessions, self.app.session_interface)
        context = self.chromium.new_context(viewport={"width": width, "height": 800}, **more)  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        context.add_cookies(
            [{"name": sealed.cookie, "value": sealed._sealed({TOKEN: token}), "url": self.address}]
        )
        self.contexts.append(context)
        return context.new_page()

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def site(chromium: Chromium, services: Services) -> Iterator[Site]:
    opened = Site(chromium, services)
    yield opened
    opened.close()


@pytest.fixture
def tanaka(db: Database) -> Staff:
    return hire(db, "田中 花子", IWAMI)


@pytest.fixture
def cases(db: Database, tanaka: Staff) -> dict[str, Concern]:
    """One of each look that the page can have."""
    suzuki, sato = hire(db, "鈴木 一郎", IWAMI), hire(db, "佐藤 次郎", SUPPORT)
    made = {name: report(db) for name in ("new", "taken", "given", "refused", "ended", "merged", "kept")}
    made["danger"] = report(db, level=0, kind="elder_abuse", doubted=True, many=True)
    made["offered"] = report(db, SUPPORT)
    desk, by = desk_now(db), doer(tanaka)
    agreed = {"subject": "agreed", "reporter": "not_asked", "text": "訪問してください\nお願いします"}
    with db.work() as work:
        concerns.flag_danger(work, made["danger"])
        concerns.news(work, made["danger"])
        taken = deeds.accept(work, doer(suzuki), made["taken"])
        deeds.call(work, desk, by, taken, "subject", True, "元気だった")
        deeds.ask(work, desk, by, taken, "いつからですか")
        handing_on.hand_on(work, desk, by, made["given"], SUPPORT, **agreed)
        handing_on.hand_on(work, desk, by, made["refused"], SUPPORT, **agreed)
        asked = handons.open_of(work, made["refused"])
        assert asked is not None
        handing_on.refuse(
            work,
            desk,
            doer(sato),
            made["refused"],
            asked,
            reason="no_hands",
            proposed=WAKASA,
            text="手が足りません",
        )
        handing_on.hand_on(work, desk, doer(sato), made["offered"], IWAMI, **agreed)
        deeds.close(work, desk, by, made["ended"], "connected", "まとめ")
        from bot.desk import knowing

        knowing.merge(work, desk, by, made["merged"], made["kept"])
    return made


def every_page(page: Page, site: Site, cases: dict[str, Concern]) -> Iterator[str]:
    """All looks of list and page, each settled; yields a name for each."""
    for path in (
        "/desk",
        "/desk?tab=doing",
        "/desk?tab=handon",
        "/desk?tab=closed",
        "/desk?show=late",
        "/desk?show=news",
    ):
        page.goto(site.address + path)
        yield path
    page.goto(f"{site.address}/desk")
    for box in page.locator('input[name="numbers"]').all()[:2]:
        box.check()
    page.locator('button[form="picked"]:not([formaction])').click()
    page.wait_for_selector('input[name="into"]')
    yield "together"
    for name, concern in cases.items():
        page.goto(f"{site.address}/desk/concerns/{concern.number}")
        yield name
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        yield f"{name}, all open"
    page.goto(f"{site.address}/desk/concerns/{cases['new'].number}")
    page.locator("#act-note summary").click()
    page.locator("#note-text").fill(" ")
    page.locator("#act-note button").click()
    page.wait_for_selector("#trouble")
    yield "a form with a mistake"
    page.locator("#act-identity summary").click()
    page.locator("#identity-text").fill("折り返し電話のため")
    page.locator("#act-identity button").click()
    page.wait_for_selector("#identity")
    yield "who reported"
    page.goto(f"{site.address}/desk/concerns/{cases['taken'].number}")
    page.locator("#note-text").fill("書いている途中")
    with site.db.work() as work:
        sessions.end_all(work, site.who.id)
    page.locator("#act-note form button").click()
    page.wait_for_selector('input[name="kept"]', state="attached")
    yield "signed out while typing"
    page.locator("main button").click()
    page.wait_for_selector("#password")
    yield "signing in with what was typed"


@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(site: Site, tanaka: Staff, cases: dict[str, Concern], width: int) -> None:
    page, axe = site.page(tanaka, width, bypass_csp=True), Axe()  # to inject axe
    found = {
        name: [
            (violation["id"], [node["html"][:200] for node in violation["nodes"]])
            for violation in axe.run(page).response["violations"]
        ]
        for name in every_page(page, site, cases)
    }
    assert len(found) == 11 + 2 * len(cases)
    assert not {name: wrong for name, wrong in found.items() if wrong}


@pytest.mark.parametrize("width", [320, 390, 1024, 1280])
def test_nothing_is_wider_than_the_screen_and_no_rule_is_broken(
    site: Site, tanaka: Staff, cases: dict[str, Concern], width: int
) -> None:
    page = site.page(tanaka, width)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for name in every_page(page, site, cases):
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, name
    assert not complaints


def test_hostile_words_in_every_field_stay_words(
    site: Site, db: Database, tanaka: Staff, capsys: pytest.CaptureFixture[str]
) -> None:
    concern, evil = report(db, details=False), hire(db, HOSTILE[:120], SUPPORT)
    with db.work() as work:
        concerns.add_details(
            work, concern, dict.fromkeys(("who", "where", "what", "since", "contact"), HOSTILE)
        )
        desk, by = desk_now(db), doer(tanaka)
        deeds.note(work, by, concern, HOSTILE)
        deeds.ask(work, desk, by, concern, HOSTILE)
        deeds.call(work, desk, by, concern, "other", False, HOSTILE)
        handing_on.hand_on(
            work, desk, by, concern, SUPPORT, subject="agreed", reporter="agreed", text=HOSTILE
        )
    page = site.page(tanaka, bypass_csp=True)  # nothing but our own escaping is in the way
    alarms: list[str] = []
    page.on("dialog", lambda dialog: (alarms.append(dialog.message), dialog.dismiss()))
    page.goto(f"{site.address}/desk/concerns/{concern.number}")
    page.locator("#act-identity summary").click()
    page.locator("#identity-text").fill(HOSTILE)
    page.locator("#act-identity button").click()
    page.wait_for_selector("#identity")
    for text in (page.inner_text("#main"),):
        assert text.count(HOSTILE) >= 8
    theirs = site.page(evil, bypass_csp=True)
    theirs.on("dialog", lambda dialog: (alarms.append(dialog.message), dialog.dismiss()))
    theirs.goto(f"{site.address}/desk/concerns/{concern.number}")
    theirs.locator("#act-handon_refuse summary").click()
    theirs.locator('#handon_refuse-reason input[value="no_hands"]').check()
    theirs.locator("#handon_refuse-proposed").select_option(WAKASA)
    theirs.locator("#handon_refuse-text").fill(HOSTILE)
    theirs.locator("#act-handon_refuse form button").click()
    theirs.wait_for_url(f"{site.address}/desk")
    for path in (f"/desk/concerns/{concern.number}", "/desk?tab=handon", "/desk"):
        page.goto(site.address + path)
        assert "hacked" not in page.title()
    assert alarms == []
    assert again(db, concern).window == IWAMI
    with db.look() as work:  # and none of it is on its way to anybody
        sent = [
            str(work.unseal(row.body, row.channel, "outbox", "body", row.retry_key))
            for row in work.conn.execute(select(outbox))
        ]
        letters = [str(row._mapping) for row in work.conn.execute(select(mails))]
    assert not [one for one in (*sent, *letters) if "hacked" in one or "svg" in one]
    assert "hacked" not in capsys.readouterr().err


def test_a_case_walks_through_three_desks_without_scripts(site: Site, db: Database, tanaka: Staff) -> None:
    concern = report(db)
    first = site.page(tanaka, java_script_enabled=False)
    first.goto(f"{site.address}/desk")
    first.get_by_role("link", name=concern.number).click()
    first.get_by_role("button", name="受け付ける").click()
    for page, window in ((first, SUPPORT), (site.page(hire(db, "佐藤", SUPPORT)), WAKASA)):
        page.goto(f"{site.address}/desk/concerns/{concern.number}")
        if page is not first:
            page.get_by_role("button", name="引き受ける", exact=True).click()
        page.locator("#act-hand_on summary").click()
        page.locator("#hand_on-to").select_option(window)
        page.locator('#hand_on-subject input[value="agreed"]').check()
        page.locator('#hand_on-reporter input[value="agreed"]').check()
        page.locator("#hand_on-text").fill("訪問をお願いします")
        page.get_by_role("button", name="引き継ぎを依頼する").click()
        assert "引き継ぎを依頼しました" in page.inner_text("main")
        if page is first:
            hire(db, "まだ来ていない", WAKASA)
    last = site.page(hire(db, "三ツ", WAKASA), 390)
    last.goto(f"{site.address}/desk")
    last.get_by_role("link", name="内容を読んで決める").click()
    last.get_by_role("button", name="引き受ける", exact=True).click()
    assert "いまから、こちらの窓口の担当です" in last.inner_text("main")
    assert again(db, concern).window == WAKASA


def test_everything_can_be_done_with_the_keyboard(site: Site, db: Database, tanaka: Staff) -> None:
    concern, page = report(db), site.page(tanaka)
    page.goto(f"{site.address}/desk/concerns/{concern.number}")
    page.get_by_role("button", name="受け付ける").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".note--good")
    page.locator("#act-note summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("見てきました")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".story__loud")
    assert "見てきました" in page.inner_text("#main")


def test_on_paper_there_are_the_words_and_no_buttons(
    site: Site, tanaka: Staff, cases: dict[str, Concern]
) -> None:
    page = site.page(tanaka)
    page.goto(f"{site.address}/desk/concerns/{cases['taken'].number}")
    page.emulate_media(media="print")
    assert not page.locator("main button:visible").count()
    assert page.get_by_text("元気だった").is_visible()
    assert page.get_by_text("が 12/1(火) 10:00 に印刷").is_visible()
    page.goto(f"{site.address}/desk")
    page.emulate_media(media="print")
    assert not page.locator("main button:visible, main input:visible").count()
    assert page.get_by_role("link", name=cases["new"].number).is_visible()
