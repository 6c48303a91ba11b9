"""The pictures of docs/desk.ja.md and of the inbox in the README: invented concerns at the desk of 鳥取市."""

from __future__ import annotations

import datetime as dt
import os
import shlex
from io import BytesIO
from pathlib import Path

import pyotp
from PIL import Image
from playwright.sync_api import Browser, Page

from bot.cli.demo_desk import Member, members
from bot.cli.house import House, open_house
from bot.desk import deeds, handing_on, telling
from bot.desk.deeds import Desk
from bot.desk.opening import open_concern
from bot.settings import Settings
from storage import concerns, inboxes, people, staff
from storage.concerns import Concern
from storage.work import Work
from tests.e2e.running_demo import Demo

DESK, ASKING = "tottori_chuo_jinken", "iwami_kenko_fukushi"
EARLIER, LATELY = dt.timedelta(days=9), dt.timedelta(hours=5)


def desk_pictures(browser: Browser, demo: Demo) -> dict[str, bytes]:
    """Each picture by the name of its file; the last one is for the README."""
    worker, _ = members(demo.folder)
    link = demo.command(
        "staff", "add", "--login", "yamada", "--name", "山田花子", "--window", DESK
    )["welcome_url"]  # fmt: skip
    with open_house(_settings(demo)) as house:
        numbers = _some_concerns(house, worker)
    page = _page(browser, 1024, 768)
    made = {"desk-first-sign-in": _first_sign_in(page, link)}
    page.context.clear_cookies()
    _sign_in(page, demo, worker)
    page.goto(f"{demo.web}/desk")
    made["desk-inbox"] = _cut(page, "table.inbox", above=420)
    page.goto(f"{demo.web}/desk/concerns/{numbers['new']}")
    made["desk-concern"] = page.screenshot(clip={"x": 0, "y": 0, "width": 1024, "height": 1180})
    page.goto(f"{demo.web}/desk/concerns/{numbers['offered']}")
    page.locator("#offer details").evaluate("one => { one.open = true }")
    made["desk-hand-on"] = page.locator("#offer").screenshot()
    page.goto(f"{demo.web}/desk/concerns/{numbers['taken']}")
    page.evaluate(
        "document.querySelectorAll('details.act').forEach(one => { one.open = one.id === 'act-close' })"
    )
    made["desk-close"] = page.locator("#act-close").screenshot()
    narrow = _page(browser, 390, 870)
    narrow.context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    narrow.goto(f"{demo.web}/desk")
    narrow.locator(".lists").evaluate("one => window.scrollTo(0, one.offsetTop - 12)")
    made["inbox"] = narrow.screenshot()
    return {name: _smaller(picture) for name, picture in made.items()}


def _settings(demo: Demo) -> Settings:
    lines = (shlex.split(line)[0] for line in (demo.folder / "env").read_text().splitlines())
    return Settings.from_env({**os.environ, **dict(line.split("=", 1) for line in lines)})


def _some_concerns(house: House, worker: Member) -> dict[str, str]:
    """New, late, taken by somebody, and one that another desk wants to hand on."""
    given = {
        "late": ("dementia", EARLIER, DESK, "夕方になると、道に迷っているようです。"),
        "taken": ("hikikomori", LATELY, DESK, "一年くらい、姿を見ていません。"),
        "offered": ("poverty", LATELY, ASKING, "電気が止まっているようです。"),
        "new": ("safety", dt.timedelta(0), DESK, "三日前から新聞がたまっています。\n夜もあかりがつきません。"),
    }  # fmt: skip
    found = {}
    with house.db.work() as work:
        mine, other = staff.by_login(work, worker.login), staff.by_login(work, "iwami")
        assert mine is not None
        assert other is not None
        for name, (kind, ago, window, seen) in given.items():
            found[name] = _concern(house, work, kind, house.now - ago, window, seen)
        desk = Desk(house.content, house.now, house.settings.public_url)
        deeds.accept(work, deeds.at_desk(mine.id, mine.windows), found["taken"])
        handing_on.hand_on(
            work, desk, deeds.at_desk(other.id, other.windows), found["offered"], DESK,
            subject="agreed", reporter="not_asked",
            text="鳥取市へ引っ越されました。電気と食べ物のことで、訪問をお願いします。",
        )  # fmt: skip
        return {name: inboxes.of_id(work, one.id).number for name, one in found.items()}


def _concern(house: House, work: Work, kind: str, when: dt.datetime, window: str, seen: str) -> Concern:
    person = people.lock(work, "default", f"U{kind:0>32}")
    opened = open_concern(
        work, house.content, house.settings.public_url, when, channel="default", person_id=person.id,
        town="tottori", district=None, kind=kind, level=house.content.concern_kinds[kind].level,
        since="days", subject_knows="unaware", window=window,
    )  # fmt: skip
    if opened.window != window:  # a desk of another town: as if it had begun there
        opened = concerns.move(work, opened, window, accepted=False)
    telling.entered(
        work, house.content, house.settings.public_url, opened,
        {"who": "80代くらいの女の人", "where": "○○公園の前の、青い屋根の家", "what": seen}, "person",
    )  # fmt: skip
    return inboxes.of_id(work, opened.id)


def _page(browser: Browser, width: int, height: int) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=1.5, locale="ja-JP"
    )
    context.set_default_timeout(15_000)
    return context.new_page()


def _first_sign_in(page: Page, link: str) -> bytes:
    """The step with the authenticator, behind the link of `tsunagari staff add`."""
    page.goto(link)
    page.locator("form[data-welcome] button").click()
    page.locator("#new").fill("sora kumo hashi tegami")
    page.locator("#repeat").fill("sora kumo hashi tegami")
    page.keyboard.press("Enter")
    page.locator(".qr").wait_for()
    return page.screenshot(clip={"x": 180, "y": 60, "width": 664, "height": 860}, full_page=True)


def _sign_in(page: Page, demo: Demo, worker: Member) -> None:
    page.goto(f"{demo.web}/desk")
    page.locator("#login").fill(worker.login)
    page.locator("#password").fill(worker.password)
    page.keyboard.press("Enter")
    page.locator("#code").fill(pyotp.TOTP(worker.key).now())
    page.keyboard.press("Enter")
    page.wait_for_url(f"{demo.web}/desk")


def _cut(page: Page, last: str, above: int) -> bytes:
    """The page down to the end of this element."""
    box = page.locator(last).bounding_box()
    assert box
    end = box["y"] + box["height"] + 12
    return page.screenshot(clip={"x": 0, "y": 0, "width": 1024, "height": max(end, above)}, full_page=True)


def _smaller(picture: bytes) -> bytes:
    """A screen of text needs few colours."""
    out = BytesIO()
    Image.open(BytesIO(picture)).convert("RGB").quantize(96).save(out, "PNG", optimize=True)
    return out.getvalue()


def keep_all(pictures: dict[str, bytes], folder: Path) -> None:
    for name, picture in pictures.items():
        (folder / f"{name}.png").write_bytes(picture)
        print(f"{name}.png: {len(picture):,} bytes")
