"""S19: a thousand strings that want to be scripts or templates, in every field, looked at on every page in a browser.

The walk is the one that goes through every entrance of the house (tests/leak_walk.py, leak_programme.py): what it
writes is hostile here, and each page that it saw is opened in a real Chromium, under the page's own headers.
"""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import leak_programme
import leak_walk
import pytest
from argon2 import PasswordHasher
from hostile_words import PRODUCT, strings
from leak_walk import Walk
from leaks import KANJI
from loopback_line import loopback_line
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, Route
from surroundings import Clock
from town import PUBLIC_URL, Town, settings, the_content

from bot.app import Services, create_app
from bot.line.client import LineClient
from simulator.mail import MailServer
from storage import passwords
from storage.crypto import Cipher, cipher_from
from storage.database import open_database

pytestmark = pytest.mark.browser
ROOM, SHORT = 275, 40  # characters: what fits into every field for sentences, and into every field for names
LOOK = """() => [...document.querySelectorAll('*')].filter(one =>
    one.localName.includes('pwned') || one.localName === 'base' || one.localName === 'iframe' ||
    [...one.attributes].some(each => each.name.startsWith('on')) ||
    /^\\s*javascript:/i.test(one.getAttribute('href') || '') || /127\\.0\\.0\\.1:9/.test(one.getAttribute('action') || '')
).map(one => one.outerHTML.slice(0, 200))"""


@dataclass(frozen=True)
class Seen:
    """One page as it left us."""

    path: str
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Pages:
    """Around the application: every page of HTML that it answers with."""

    app: Callable[..., Iterable[bytes]]
    seen: dict[bytes, Seen] = field(default_factory=dict)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
        told: list[Any] = []

        def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            told[:] = [int(status[:3]), dict(headers)]
            return start(status, headers, *more)

        body = b"".join(self.app(environ, started))
        yield body
        if told[1].get("Content-Type", "").startswith("text/html") and told[0] not in (301, 302, 303):
            key = re.sub(rb'(name="(proof|once|token)" value=)"[^"]*"', rb"\1", body)
            self.seen.setdefault(key, Seen(environ["PATH_INFO"], *told, body))


@pytest.fixture
def cipher() -> Cipher:
    return cipher_from(leak_walk.KEYS)


NewWalk = Callable[[], AbstractContextManager[Walk]]


@pytest.fixture
def new_walk(
    migrated_sqlite: Path,
    tmp_path: Path,
    cipher: Cipher,
    clock: Clock,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> NewWalk:
    """A town on an empty database, as often as one is asked for."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr("bot.cli.house.open_database", partial(open_database, clock=clock))
    monkeypatch.setattr("bot.cli.house.content_for", lambda _settings: the_content())

    @contextmanager
    def made() -> Iterator[Walk]:
        shutil.copy(migrated_sqlite, tmp_path / "town.db")
        url = f"sqlite:///{tmp_path / 'town.db'}"
        db = open_database(url, cipher, clock)
        with loopback_line() as line, MailServer() as mail:
            client = LineClient(settings().channels, line.base)
            services = Services(replace(settings(), smtp_url=mail.url), the_content(), db, client)
            town = Town(services, create_app(services))
            town.app.wsgi_app = Pages(town.app.wsgi_app)  # type: ignore[method-assign, assignment]
            yield Walk(town, db, clock, line, mail, url, capfd)
            client.close()
        db.close()

    return made


def pages_of(walk: Walk) -> Pages:
    pages = walk.town.app.wsgi_app
    assert isinstance(pages, Pages)
    return pages


def packed(words: list[str], room: int) -> list[str]:
    """As many as fit, one behind the other, after a sign by which the walk finds its own words again."""
    packs, now = [], KANJI
    for word in words:
        if len(f"{now} {word}") > room and now != KANJI:
            packs.append(now)
            now = KANJI
        now = " ".join(f"{now} {word}".split())[:room]
    return [*packs, now]


def plants(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    """Whatever the walk writes from now on is hostile; each field keeps to its own words."""
    long, short = itertools.cycle(packed(words, ROOM)), itertools.cycle(packed(words, SHORT))
    fields: dict[str, str] = {}

    def planted(what: str) -> str:
        return fields.setdefault(
            what, f"{next(long)}〔{len(fields)}〕"
        )  # no field holds the words of another

    for module in (leak_walk, leak_programme):
        monkeypatch.setattr(module, "planted", planted)
    for name in ("FORM_WORDS", "ENTRY_WORDS"):
        monkeypatch.setattr(leak_walk, name, {key: planted(name + key) for key in getattr(leak_walk, name)})
    monkeypatch.setitem(leak_walk.ENTRY_WORDS, "phone", next(short))
    monkeypatch.setattr(
        leak_walk, "TYPED", ("となりの人が心配です",) * 2
    )  # hostile words are typed by others
    monkeypatch.setattr(leak_walk, "NAME", next(short))
    monkeypatch.setattr(leak_walk, "papers", lambda *_: None)  # these are no HTML
    monkeypatch.setattr(leak_programme, "KANJI", KANJI)
    one = {**leak_programme.ONE, "name": next(short)}
    monkeypatch.setattr(leak_programme, "ONE", one)
    form = {**leak_programme.FORM, **one, "motive_words": next(short), "group": next(short)}
    monkeypatch.setattr(leak_programme, "FORM", form)
    create = leak_programme.courses.create

    def hostile(work: Any, channel: str, **given: Any) -> Any:
        return create(work, channel, **{**given, "title": next(short), "place": next(short)})

    monkeypatch.setattr(leak_programme.courses, "create", hostile)


def goes_everywhere(walk: Walk, words: list[str]) -> None:
    """Every entrance that takes words, and the pages that show them again because something else was wrong."""
    for words_of_chat in packed(words, ROOM):
        walk.phone().types(f"{words_of_chat} 死にたい")
        walk.phone().types(words_of_chat)
    supporter, link = leak_walk.chats(walk)
    concern = walk.newest()
    leak_walk.writes(walk, link)
    desk = leak_walk.signs_in(walk)
    leak_walk.works(walk, desk, supporter, concern)
    for path in ("/desk", "/desk?tab=doing", "/desk?tab=closed", "/desk?tab=handon", "/desk/me", "/desk/new"):
        desk.open(path)
    for found in re.findall(r'href="(/desk/dangers/[0-9a-f]+)"', desk.open("/desk/dangers")):
        desk.open(found)
    course, phone = leak_programme._course(walk), walk.phone()
    leak_programme.registers(walk, phone, course)
    leak_programme.writes_the_name(walk, phone)
    leak_programme.gets_papers_and_data(walk, phone)
    leak_programme.signs_up(walk, walk.phone(), course)
    leak_programme.answers_on_paper(walk, course)
    for word in words:
        guest = walk.browser()
        guest.open(f"/c/{course.sign}")
        assert (
            guest.sends(f"/c/{course.sign}", **dict.fromkeys(("name", "kana", "phone", "mail"), word)) == 422
        )
        guest.open("/desk/sign-in")
        guest.sends("/desk/sign-in", login=word, password=word)
        desk.open("/desk")
        desk.sends("/desk/search", number=word)
        guest.client.get(f"/{word}", base_url=PUBLIC_URL, query_string={word: word})


@dataclass
class Watcher:
    """A page of a real browser in which nothing may happen."""

    page: Page
    app: Any
    now: Seen | None = None
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("dialog", lambda dialog: (self._note("dialog", dialog.message), dialog.dismiss()))
        self.page.on(
            "console", lambda said: self._note("console", said.text) if self._matters(said.text) else None
        )
        self.page.on("pageerror", lambda error: self._note("error", str(error)))
        self.page.context.route("**/*", self._answers)

    def looks_at(self, seen: Seen) -> None:
        self.now = seen
        self.page.goto(PUBLIC_URL + "/page", wait_until="load")
        if self.page.title() == "pwned":
            self._note("title", self.page.title())
        for found in self.page.evaluate(LOOK):
            self._note("element", found)
        if PRODUCT in seen.body.decode("utf-8", "replace"):
            self._note("template", PRODUCT)

    def _answers(self, route: Route) -> None:
        """The page that is looked at; our own files; and nothing else."""
        url = urlsplit(route.request.url)
        if url.path == "/page" and self.now is not None:
            route.fulfill(status=200, headers=self.now.headers, body=self.now.body)
        elif route.request.url.startswith(f"{PUBLIC_URL}/assets/"):
            answer = self.app.test_client().get(url.path, base_url=PUBLIC_URL)
            route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.data)
        else:
            if not route.request.url.startswith(f"{PUBLIC_URL}/"):  # of ours: a photo, an icon
                self._note("asked for", route.request.url)
            route.abort()

    def _matters(self, text: str) -> bool:
        return "pwned" in text or "Content Security Policy" in text

    def _note(self, kind: str, what: str) -> None:
        self.wrong.append(f"{kind} on {self.now.path if self.now else ''}: {what[:300]}")


@pytest.mark.parametrize("many", [20, pytest.param(1_000, marks=pytest.mark.hard)])
def test_hostile_words_stay_words(
    new_walk: NewWalk, chromium: Chromium, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """The small amount spreads its words over the fields in one walk; the full one brings each to every field."""
    words = strings(many)
    in_short_fields = [word for word in words if len(word) <= SHORT - len(KANJI) - 1]
    assert len(in_short_fields) > many / 50
    walks = [words] if many < 100 else [list(group) for group in _groups(words)]
    opened = 0
    for group in walks:
        with new_walk() as walk:
            watcher = Watcher(chromium.new_context().new_page(), walk.town.app)
            with monkeypatch.context() as during:
                plants(during, group)
                goes_everywhere(walk, group[:8])
            seen = pages_of(walk).seen.values()
            for page in seen:
                watcher.looks_at(page)
            opened += len(seen)
            shown = b"".join(page.body for page in seen).decode()
            assert "pwned" in shown or PRODUCT not in shown
            assert PRODUCT not in walk.town.everything_stored()
            assert watcher.wrong == []
            watcher.page.context.close()
    print(f"{many} strings, {len(walks)} walks, {opened} pages opened")
    assert opened > 60 * len(walks)


def _groups(words: list[str]) -> Iterator[tuple[str, ...]]:
    """Words that fit into one field together."""
    group: list[str] = []
    for word in words:
        if group and len(packed([*group, word], ROOM)) > 1:
            yield tuple(group)
            group = []
        group.append(word)
    yield tuple(group)


def test_the_watcher_does_see_what_is_not_escaped(chromium: Chromium) -> None:
    watcher = Watcher(chromium.new_context().new_page(), None)
    for words in (
        "<script>document.title='pwned'</script>", "<img src=x onerror=console.log('pwned')>", "<x-pwned>", PRODUCT,
        "<script>alert('pwned')</script>", "<link rel=stylesheet href=//127.0.0.1:9/pwned.css>",
    ):  # fmt: skip
        watcher.wrong.clear()
        watcher.looks_at(Seen("/x", 200, {"Content-Type": "text/html"}, f"<p>{words}</p>".encode()))
        assert watcher.wrong, words
    watcher.page.context.close()
