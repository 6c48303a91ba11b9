"""Two invented towns with four desks, and our service around them: everything real but LINE, the mail and the time."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from door import PASSWORD, SECRET, code_at, hire
from loopback_line import LoopbackLine, loopback_line
from phone import Phone
from playwright.sync_api import Browser, BrowserContext, Page
from surroundings import Clock
from werkzeug.serving import make_server

from bot.app import Services, create_app
from bot.content.library import load_content
from bot.line.client import LineClient
from bot.settings import Settings
from jobs import clocks
from jobs.deliver import deliver_some
from jobs.mail import post_of
from simulator.mail import MailServer
from storage.staff import Staff
from storage.work import Database

ROOT = Path(__file__).resolve().parents[2]
TOKYO = dt.timezone(dt.timedelta(hours=9))
A, B, C, NIGHT = "mori_fukushi", "mori_hoken", "kawa_houkatsu", "mori_shukuchoku"
NAMES = {A: "森町 福祉課", B: "森町 保健課", C: "川町 地域包括支援センター", NIGHT: "森町 宿直室"}
OFFICE = {
    "spans": [{"days": "weekdays", "from": "08:30", "to": "17:15"}],
    "closed_on_holidays": True,
    "closed_year_end": True,
}


def town(key: str, name: str) -> dict[str, Any]:
    return {
        "key": key, "name": name, "kana": key, "prefecture": "空想県", "phone": "0857-00-0000", "aliases": [],
        "districts": [{"key": "whole", "name": "町全体"}],
    }  # fmt: skip


def desk(key: str, serves: str, kinds: Any, **more: Any) -> dict[str, Any]:
    place = key.partition("_")[2]
    return {
        "key": key, "name": NAMES[key], "owner": NAMES[key][:2], "serves": [serves], "kinds": kinds,
        "phone": "0857-00-0000", "hours": OFFICE, "hours_text": "平日 8時30分〜17時15分",
        "after_hours": "いま命の危険があるときは、119 か 110 に電話してください。",
        "recipients": [f"{place}@{serves}.example"], "verified_at": dt.date(2026, 12, 1), "source": "作りもの",
    } | more  # fmt: skip


DESKS = [
    desk(A, "mori", ["safety"], fallback=True, after_hours_desk=NIGHT, leader=["kakaricho@mori.example"],
         department=["kacho@mori.example"], duty=["toban@mori.example"]),
    desk(B, "mori", ["mental"], after_hours_desk=NIGHT),
    desk(NIGHT, "mori", "all", levels=[0, 1], hours={"always": True}),
    desk(C, "kawa", "all"),
]  # fmt: skip


def invent(folder: Path) -> Path:
    """A copy of content/ in which nothing of the real towns is left."""
    made = Path(shutil.copytree(ROOT / "content", folder / "content"))
    channel = {"name": "つくりもの", "basic_id": "@invented", "towns": ["mori", "kawa"], "central": "mori"}
    for name, tree in {
        "towns": [town("mori", "森町"), town("kawa", "川町")],
        "windows": DESKS,
        "channels": {"default": channel},
    }.items():
        (made / f"{name}.yaml").write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False))
    return made


@dataclass
class House:
    """The running service, its clock, and what went out of it."""

    services: Services
    clock: Clock
    app: Any
    line: LoopbackLine
    post: MailServer
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    letters: list[tuple[str, str]] = field(default_factory=list)
    """When a mail went out (Tokyo time) and to whom."""
    heard: int = 0

    @property
    def address(self) -> str:
        return self.services.settings.public_url

    @property
    def here(self) -> dt.datetime:
        return self.clock().astimezone(TOKYO)

    # ---- time ------------------------------------------------------------------------------------------

    def at(self, when: str) -> None:
        """Set the clock (Tokyo time); nothing happens by that alone."""
        self.clock.now = dt.datetime.fromisoformat(when).replace(tzinfo=TOKYO).astimezone(dt.UTC)

    def works(self) -> None:
        """What the background does at this moment: clocks, mails, LINE."""
        clocks.minute(self.services)
        before = len(self.post.mailbox.mails)
        while post_of(self.services).round():
            pass
        for mail in list(self.post.mailbox.mails)[before:]:
            self.letters.append((f"{self.here:%m-%d %H:%M}", mail.recipient))
        while deliver_some(self.services.db, self.services.line):
            pass

    def waits_until(self, when: str, minutes: int) -> None:
        """Let the time pass in steps of so many minutes, with everything that happens by itself."""
        end = dt.datetime.fromisoformat(when).replace(tzinfo=TOKYO)
        while self.here + dt.timedelta(minutes=minutes) < end:
            self.clock.move(minutes=minutes)
            self.works()
        self.clock.now = end.astimezone(dt.UTC)
        self.works()

    def new_letters(self) -> list[tuple[str, str]]:
        """The mails since the last look."""
        found, self.letters = self.letters, []
        return found

    # ---- people ----------------------------------------------------------------------------------------

    def phone(self) -> Phone:
        """Somebody who has added the account as a friend."""
        phone = Phone(self.services, self.app)
        phone.follows()
        return phone

    def hears(self, phone: Phone) -> None:
        """What has come to this phone since it last listened, without being asked for."""
        pushed = [asked.json for asked in self.line.calls("push")]
        mine = [message for one in pushed if one["to"] == phone.line_id for message in one["messages"]]
        phone.got = mine[self.heard :]
        self.heard = len(mine)

    def hires(self, login: str, name: str, *windows: str) -> Worker:
        who = hire(self.services.db, login, windows=windows, name=name)
        return Worker(self, who, self.window().new_page())

    def window(self, **more: Any) -> BrowserContext:
        """A browser without anybody's traces; scripts that look at the page may be put into it."""
        made = self.browser.new_context(locale="ja-JP", bypass_csp=True, **more)
        made.set_default_timeout(15_000)
        self.contexts.append(made)
        return made

    def everything_that_went_out(self) -> str:
        """All bytes that LINE and the mail server were given, mails decoded."""
        said = [asked.raw.decode() for asked in self.line.asked]
        return "\n".join([*said, *(str(m.message) + m.text for m in self.post.mailbox.mails)])


@dataclass
class Worker:
    """A member of staff in front of a browser."""

    house: House
    who: Staff
    page: Page

    def opens(self, path: str) -> int:
        """Go there, signing in where that is asked for; the status of the page."""
        address = path if path.startswith("http") else f"{self.house.address}{path}"
        answer = self.page.goto(address)
        if "/desk/sign-in" in self.page.url:
            self._signs_in()
            answer = self.page.goto(address)
        assert answer is not None
        return answer.status

    def _signs_in(self) -> None:
        self.house.clock.move(seconds=31)  # a code counts once
        self.page.locator("#login").fill(self.who.login)
        self.page.locator("#password").fill(PASSWORD)
        self.page.locator("main form button").first.click()
        self.page.locator("#code").fill(code_at(self.house.clock(), SECRET))
        self.page.locator("main form button").first.click()
        self.page.wait_for_url(re.compile(r"/desk(?!/sign-in)"))

    def sees(self) -> str:
        return self.page.inner_text("main")

    def presses(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def fills(
        self, act: str, *, choose: dict[str, str] | None = None, pick: str = "", text: str = ""
    ) -> None:
        """Open one of the page's forms, fill it and send it."""
        form = self.page.locator(f"#act-{act}")
        if form.get_attribute("open") is None:
            form.locator("summary").click()
        for name, value in (choose or {}).items():
            form.locator(f'input[name="{name}"][value="{value}"]').check()
        if pick:
            form.locator("select").select_option(pick)
        if text:
            form.locator("textarea").fill(text)
        form.locator("form > button").click()
        self.page.wait_for_load_state()

    def statuses(self, number: str, *paths: str) -> set[int]:
        """What these addresses of a concern answer in this browser, in which its owner is signed in."""
        beside = self.page.context.new_page()
        Worker(self.house, self.who, beside).opens("/desk")
        beside.close()
        ask = self.page.request.get
        found = [ask(f"{self.house.address}/desk/concerns/{number}{each}", max_redirects=0) for each in paths]
        return {answer.status for answer in found}

    def fetches(self, path: str) -> bytes:
        answer = self.page.request.get(f"{self.house.address}{path}")
        assert answer.status == 200, answer.status
        return answer.body()


@contextmanager
def house(db: Database, clock: Clock, browser: Browser, folder: Path) -> Iterator[House]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with loopback_line() as line, MailServer() as post:
        settings = Settings.from_env(
            {
                "LINE_CHANNEL_SECRET": "s" * 32, "LINE_CHANNEL_ACCESS_TOKEN": "token", "TSUNAGARI_KEYS": "unused:here",
                "PORT": str(port), "CONTENT_DIR": str(invent(folder)), "SMTP_URL": post.url,
                "MAIL_FROM": "tsunagari@tsunagari.example",
            }
        )  # fmt: skip
        client = LineClient(settings.channels, line.base)
        services = Services(settings, load_content(settings.content_dir), db, client)
        app = create_app(services)
        server = make_server("127.0.0.1", port, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        made = House(services, clock, app, line, post, browser)
        try:
            yield made
        finally:
            for context in made.contexts:
                context.close()
            server.shutdown()
            thread.join()
            server.server_close()
            client.close()
