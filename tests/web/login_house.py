"""Our pages beside a LINE that says who somebody is: the simulator plays LINE Login, strictly."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any

import urllib3
from flask import Flask
from surroundings import Clock
from town import PUBLIC_URL, the_content

from bot.app import Services, create_app
from bot.line.client import LineClient
from bot.programme import life
from bot.settings import Settings
from simulator import Bot, Simulator
from storage import concerns, links, people, supporters
from storage.supporters import Profile
from storage.work import Database
from tests.web.conftest import Browser

LOGIN_ID, LOGIN_SECRET = "2001234567", "login-secret-of-the-tests"
ROOMS = {  # a link's purpose: where its address begins, and the page inside
    "details": ("/d", "form"),
    "profile": ("/s", "form"),
    "my_data": ("/m", "all"),
    "papers": ("/p", "all"),
    "course_name": ("/c/name", "form"),
}


@dataclass(frozen=True)
class OwnLink:
    """A one-time link as the chat gave it to somebody."""

    purpose: str
    id: str
    token: str

    @property
    def path(self) -> str:
        return f"{ROOMS[self.purpose][0]}/{self.id}"

    @property
    def inside(self) -> str:
        return f"{self.path}/{ROOMS[self.purpose][1]}"


@dataclass
class House:
    """The service with a LINE Login channel, and LINE."""

    services: Services
    app: Flask
    line: Simulator

    def user(self, name: str) -> str:
        """The LINE user id of somebody with a phone."""
        return next(each.user_id for each in self.line.platform.people.values() if each.name == name)

    def link(self, purpose: str, name: str = "はなこ", minutes: int = 30) -> OwnLink:
        """A link of this person's, who is in the register and has reported a concern."""
        with self.services.db.work() as work:
            person = people.lock(work, "default", self.user(name))
            entry = supporters.add(
                work, "default", source="line", state="registered", town="tottori", person_id=person.id,
                profile=Profile("鳥取 花子", phone="090-1234-5678"),
            )  # fmt: skip
            life.mirror(work, person.id)
            about = None if purpose == "my_data" else entry.id
            if purpose == "details":
                about = concerns.open_concern(
                    work, "default", person_id=person.id, town="tottori", district=None, kind="safety", level=2,
                    since="days", subject_knows="unaware", window="tottori_chuo_jinken", route_reason="test",
                ).id  # fmt: skip
            made = links.make(
                work,
                "default",
                purpose=purpose,
                about=about,
                person_id=person.id,
                valid_for=dt.timedelta(minutes=minutes),
            )
        return OwnLink(purpose, *made)

    def is_unspent(self, link: OwnLink) -> bool:
        with self.services.db.look() as work:
            return links.peek(work, link.id, link.token) is not None

    def browser(self) -> Browser:
        return Browser(self.app.test_client())

    def asked_of_line(self) -> int:
        """How often we have asked LINE what a code stands for."""
        return sum(each["endpoint"] == "login.token" for each in self.line.platform.log)


@contextmanager
def house(db: Database, clock: Clock, **changed: str) -> Iterator[House]:
    """Beside a running LINE, whose clock is the real one."""
    clock.now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    public = changed.get("PUBLIC_URL", PUBLIC_URL)
    bot = Bot("default", "つながり", "s" * 32, "t", login_id=LOGIN_ID, login_secret=LOGIN_SECRET,
              login_callback=f"{public}/line-login/back")  # fmt: skip
    with Simulator([bot]) as line:
        settings = Settings.from_env(
            {
                "LINE_CHANNEL_SECRET": bot.secret,
                "LINE_CHANNEL_ACCESS_TOKEN": bot.token,
                "LINE_LOGIN_CHANNEL_ID": LOGIN_ID,
                "LINE_LOGIN_CHANNEL_SECRET": LOGIN_SECRET,
                "LINE_API_BASE": line.url,
                "TSUNAGARI_KEYS": "unused:here",
                "PUBLIC_URL": public,
            }
            | changed
        )
        client = LineClient(settings.channels, settings.line_api_base)
        services = Services(settings, the_content(), db, client)
        yield House(services, create_app(services), line)
        client.close()


def brings_token(browser: Browser, link: OwnLink) -> str:
    """Open the link and tap its button; where it says that LINE is asked, LINE's address."""
    browser.open(link.path)
    browser.send(link.path, token=link.token)
    return to_line(browser)


def to_line(browser: Browser) -> str:
    found = re.search(r'data-to-line href="([^"]+)"', browser.page)
    return unescape(found[1]) if found else ""


def agrees(address: str, user_id: str) -> str:
    """On LINE's page: 「許可する」 as this person (or, as nobody, 「キャンセル」). The path to which LINE sends back."""
    answer = urllib3.request("POST", address, fields={"user": user_id}, redirect=False, retries=False)
    assert answer.status == 302, answer.data
    return str(answer.headers["Location"]).removeprefix(PUBLIC_URL)


def comes_back(browser: Browser, path: str) -> Any:
    """Follow LINE's way back, and ours from there."""
    answer = browser.client.get(path)
    browser._see(answer)
    if answer.status_code == 303:
        browser.open(answer.headers["Location"])
    return browser


def cookie_of(browser: Browser) -> str:
    """The browser's session, as it would be sent."""
    return "; ".join(f"{each.key}={each.value}" for each in browser.client._cookies.values())
