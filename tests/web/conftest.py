"""The web side as it is served, with the real content and no LINE: pages, and a browser without a screen."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask import Flask
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext
from werkzeug.serving import make_server
from werkzeug.test import Client, TestResponse

from bot.app import Services
from bot.content.library import Content, load_content
from bot.settings import Settings
from bot.web import create_flask
from storage.crypto import Cipher
from storage.work import Database
from tests.conftest import Clock

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def content() -> Content:
    return load_content(ROOT / "content")


def settings(**changed: str) -> Settings:
    env = {"LINE_CHANNEL_SECRET": "s" * 32, "LINE_CHANNEL_ACCESS_TOKEN": "t", "TSUNAGARI_KEYS": "k:x"}
    return Settings.from_env(env | changed)


@pytest.fixture
def services_for(content: Content) -> Callable[..., Services]:
    """Services around a database, or around nothing but keys and a clock."""

    def build(db: Any, **changed: str) -> Services:
        return Services(settings(**changed), content, cast(Database, db), cast(Any, None))

    return build


@pytest.fixture
def no_database(cipher: Cipher, clock: Clock) -> SimpleNamespace:
    """What the handbook needs of a database: keys and the time. It stores nothing anywhere."""
    return SimpleNamespace(cipher=cipher, clock=clock, one_writer=True)


@pytest.fixture
def app(services_for: Callable[..., Services], no_database: SimpleNamespace) -> Flask:
    return create_flask(services_for(no_database))


@dataclass
class Browser:
    """Opens pages, fills their one form, follows redirects, and remembers every address and header."""

    client: Client
    page: str = ""
    status: int = 0
    addresses: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)

    def open(self, path: str) -> str:
        return self._see(self.client.get(path))

    def send(self, path: str, **fields: Any) -> str:
        """Post the form of the present page (its hidden fields and these) to `path`."""
        answer = self.client.post(path, data=self.hidden() | fields)
        self._see(answer)
        while answer.status_code in (301, 302, 303, 307, 308):
            answer = self.client.get(answer.headers["Location"])
            self._see(answer)
        return self.page

    def hidden(self) -> dict[str, str]:
        """The hidden fields of the page's main form."""
        main = self.page[self.page.find("<main") :]
        tags = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', main) or re.findall(
            r'<input type="hidden" name="([^"]+)" value="([^"]*)">', self.page
        )
        return {name: html.unescape(value) for name, value in tags}

    def options(self) -> list[str]:
        return re.findall(r'<input type="(?:radio|checkbox)" name="answer" value="([^"]+)"', self.page)

    @property
    def text(self) -> str:
        """The words of the page."""
        return html.unescape(re.sub(r"<[^>]+>", " ", self.page))

    def _see(self, answer: TestResponse) -> str:
        self.page, self.status = answer.get_data(as_text=True), answer.status_code
        self.addresses.append(answer.request.url if answer.request else "")
        self.headers += [f"{name}: {value}" for name, value in answer.headers]
        return self.page


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.fixture
def context(chromium: Chromium) -> Iterator[BrowserContext]:
    """A small phone's window."""
    made = chromium.new_context(viewport={"width": 360, "height": 740})
    made.set_default_timeout(10_000)
    yield made
    made.close()


@pytest.fixture
def site(services_for: Callable[..., Services], db: Database) -> Iterator[str]:
    """The address of the running pages."""
    server = make_server("127.0.0.1", 0, create_flask(services_for(db)), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
