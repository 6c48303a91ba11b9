"""「わたしのデータ」: a link that works once, for whoever brings the token, in the browser that brought it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from surroundings import Clock
from town import Town, make_town

from bot.programme import life
from storage import audit, links, people, supporters
from storage.supporters import Profile
from storage.work import Database
from tests.web.conftest import Browser


@pytest.fixture
def town(db: Database) -> Town:
    return make_town(db)


def link_of(town: Town, purpose: str = "my_data", name: str = "鳥取花子") -> tuple[str, str]:
    """A link of somebody in the register, as 「登録の内容」 makes it."""
    with town.services.db.work() as work:
        person = people.lock(work, "default", "U" + "1" * 32)
        supporters.add(
            work,
            "default",
            source="line",
            state="registered",
            town="tottori",
            person_id=person.id,
            profile=Profile(name=name, phone="090-1234-5678"),
        )
        life.mirror(work, person.id)
        return links.make(
            work,
            "default",
            purpose=purpose,
            about=None,
            person_id=person.id,
            valid_for=dt.timedelta(minutes=30),
        )


def visit(app: Flask, link_id: str, token: str) -> Browser:
    browser = Browser(app.test_client())
    browser.open(f"/m/{link_id}")
    browser.send(f"/m/{link_id}", token=token)
    return browser


def test_the_page_shows_what_we_hold(town: Town) -> None:
    link_id, token = link_of(town)
    browser = visit(town.app, link_id, token)
    assert browser.status == 200
    for word in ("わたしのデータ", "鳥取花子", "090-1234-5678", "U" + "1" * 32, "鳥取市"):
        assert word in browser.text
    assert token not in browser.page


def test_opening_the_address_spends_nothing_and_shows_nothing(town: Town) -> None:
    link_id, token = link_of(town)
    for _ in range(3):
        page = Browser(town.app.test_client()).open(f"/m/{link_id}")
        assert "鳥取花子" not in page
    assert "鳥取花子" in visit(town.app, link_id, token).page


def test_it_works_once_and_then_only_in_that_browser(town: Town) -> None:
    link_id, token = link_of(town)
    browser = visit(town.app, link_id, token)
    again = visit(town.app, link_id, token)
    assert again.status == 410
    assert "鳥取花子" not in again.page
    assert "鳥取花子" in browser.open(f"/m/{link_id}/all")
    other = Browser(town.app.test_client())
    other.open(f"/m/{link_id}/all")
    assert other.status == 410


def test_of_many_browsers_at_one_moment_one_sees_it(
    town: Town, together: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    link_id, token = link_of(town)
    seen = together(4, lambda _: visit(town.app, link_id, token).status)
    assert sorted(seen) == [200, 410, 410, 410]


def test_after_half_an_hour_it_shows_nothing_any_more(town: Town, clock: Clock) -> None:
    link_id, token = link_of(town)
    browser = visit(town.app, link_id, token)
    clock.move(minutes=31)
    for page in ("all", "file"):
        browser.open(f"/m/{link_id}/{page}")
        assert browser.status == 410
    assert visit(town.app, link_id, token).status == 410


def test_it_can_be_saved_as_a_text_file(town: Town) -> None:
    link_id, token = link_of(town)
    browser = visit(town.app, link_id, token)
    text = browser.open(f"/m/{link_id}/file")
    assert text.startswith("\ufeffわたしのデータ")
    assert "お名前：鳥取花子" in text
    assert 'Content-Disposition: attachment; filename="my-data.txt"' in browser.headers
    assert any("no-store" in header for header in browser.headers)


def test_what_somebody_wrote_as_a_name_is_no_html(town: Town) -> None:
    browser = visit(town.app, *link_of(town, name="<script>alert(1)</script>"))
    assert "<script>alert" not in browser.page
    assert "&lt;script&gt;" in browser.page


def test_whoever_has_seen_enough_closes_it(town: Town) -> None:
    link_id, token = link_of(town)
    browser = visit(town.app, link_id, token)
    browser.send(f"/m/{link_id}/close")
    assert "もうひらけません" in browser.text
    browser.open(f"/m/{link_id}/all")
    assert browser.status == 410


def test_links_for_other_things_and_made_up_ones_open_nothing(town: Town) -> None:
    link_id, token = link_of(town, purpose="details")
    for address, key in ((link_id, token), (link_id, "x"), ("a" * 16, token), ("..", "x" * 70), ("a", "")):
        assert visit(town.app, address, key).status in (404, 410)
    with town.services.db.look() as work:
        assert links.peek(work, link_id, token) is not None  # nothing was spent


def test_after_erasing_the_page_is_gone(town: Town) -> None:
    link_id, token = link_of(town)
    browser = visit(town.app, link_id, token)
    with town.services.db.work() as work:
        life.erase_person(work, people.lock(work, "default", "U" + "1" * 32))
    browser.open(f"/m/{link_id}/all")
    assert browser.status == 410


def test_that_somebody_looked_stands_in_the_audit(town: Town) -> None:
    visit(town.app, *link_of(town))
    with town.services.db.look() as work:
        assert audit.listed(work)[0].deed == "saw_data"
