"""One running demo for the module, one real Chromium, and an end that looks for anything that went wrong."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from surroundings import PATIENCE

from tests.e2e.phone_screen import PhoneScreen
from tests.e2e.running_demo import Demo, running_demo

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def demo(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo") / "var") as running:
        yield running


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about during this test: console errors, exceptions, requests to elsewhere."""
    return []


@pytest.fixture
def context(chromium: Browser, demo: Demo, complaints: list[str]) -> Iterator[BrowserContext]:
    """A browser window; whatever it shows in this test, nothing may go wrong on the way."""
    made = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="ja-JP")
    made.set_default_timeout(PATIENCE)
    made.on(
        "console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None
    )
    made.on("weberror", lambda wrong: complaints.append(str(wrong.error)))
    made.on(
        "request",
        lambda asked: None if asked.url.startswith((demo.phone, demo.web)) else complaints.append(asked.url),
    )
    yield made
    made.close()


@pytest.fixture(autouse=True)
def nothing_went_wrong(demo: Demo, complaints: list[str]) -> Iterator[None]:
    """After each test: no complaint of the browser, no message that LINE would refuse, no refused call."""
    yield
    assert complaints == []
    assert demo.line("violations")["violations"] == []
    assert demo.refused_calls() == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def new_person(demo: Demo, context: BrowserContext) -> Callable[[], PhoneScreen]:
    """`new_person()`: the phone of somebody who has just added the friend, in a tab of its own."""

    def come() -> PhoneScreen:
        phone = PhoneScreen(context.new_page())
        phone.open(demo.phone)
        phone.become_somebody_new(f"人{next(_numbers)}")
        phone.adds_the_friend()
        return phone

    return come


@pytest.fixture
def new_supporter(demo: Demo, new_person: Callable[[], PhoneScreen]) -> Callable[[], PhoneScreen]:
    """`new_supporter()`: the phone of somebody who has registered with the printed code."""

    def come() -> PhoneScreen:
        phone = new_person()
        register(phone, demo)
        return phone

    return come


def register(phone: PhoneScreen, demo: Demo) -> None:
    phone.sends(demo.code)
    phone.taps("はい", "はい、約束します", "鳥取市", "湖東中学校区", "集まり・行事", "これでおわり")
    phone.sees("登録できました")
