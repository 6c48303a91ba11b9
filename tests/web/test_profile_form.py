"""The form for a supporter's own name: nothing is spent by looking, one of two is stored, errors are kind."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from bot.app import Services
from bot.web import create_flask
from storage import audit, dangers, links, people, supporters
from storage.supporters import Profile, Supporter
from storage.work import Database
from tests.conftest import Clock
from tests.web.conftest import Browser

WORDS = {
    "name": "鳥取　花子",
    "kana": "トットリ　ハナコ",
    "phone": "０９０ー１２３４ー５６７８",
    "mail": "hanako＠example.jp",
    "district": "kita",
    "age_band": "seventies",
    "motive": "neighbour",
    "motive_words": "",
    "group": "〇〇医療生協",
}


@dataclass
class Link:
    """A link as the chat gave it."""

    entry: Supporter
    id: str
    token: str

    @property
    def path(self) -> str:
        return f"/s/{self.id}"


def make_link(db: Database, family: int = 0, **changed: Any) -> Link:
    with db.work() as work:
        person = people.lock(work, "default", "U" + "1" * 32)
        entries = [
            supporters.add(
                work, "default", source="line", state="registered", town="tottori", person_id=person.id
            )
            for _ in range(family + 1)
        ]
        made = {
            "purpose": "profile",
            "about": entries[-1].id,
            "person_id": person.id,
            "valid_for": dt.timedelta(minutes=30),
        }
        link_id, token = links.make(work, "default", **made | changed)
    return Link(entries[-1], link_id, token)


@pytest.fixture
def link(db: Database) -> Link:
    return make_link(db)


@pytest.fixture
def site(services_for: Callable[..., Services], db: Database) -> Flask:
    return create_flask(services_for(db))


@pytest.fixture
def phone(site: Flask) -> Browser:
    return Browser(site.test_client())


def to_form(phone: Browser, link: Link) -> None:
    phone.open(link.path)
    phone.send(link.path, token=link.token)


def stored(db: Database, link: Link) -> Profile:
    with db.look() as work:
        entry = supporters.get(work, link.entry.id)
        assert entry is not None
        return supporters.profile(work, entry)


def test_opening_the_link_shows_only_a_button_and_spends_nothing(
    phone: Browser, link: Link, db: Database
) -> None:
    for _ in range(3):
        phone.open(link.path)
        phone.client.head(link.path)
        phone.client.get(f"{link.path}/send")
    phone.open(link.path)
    assert "書きはじめる" in phone.page
    assert "<input class" not in phone.page
    with db.look() as work:
        assert links.peek(work, link.id, link.token)


def test_what_is_written_is_kept_sealed_in_one_spelling(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **WORDS)
    assert phone.status == 200
    assert "届きました" in phone.text
    kept = Profile("鳥取 花子", "とっとり はなこ", "09012345678", "hanako@example.jp", "neighbour")
    assert stored(db, link) == kept
    with db.look() as work:
        entry = supporters.get(work, link.entry.id)
        assert entry is not None
        assert (entry.district, entry.age_band, entry.group_name) == ("kita", "seventies", "〇〇医療生協")
        (line,) = audit.listed(work, kind="supporter", subject_id=entry.id)
        assert (line.actor, line.deed) == ("person", "wrote_profile")
        raw = work.conn.execute(supporters.supporters.select()).one()
        assert "花子" not in repr(tuple(raw))


def test_the_name_alone_is_enough(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", name="花子")
    assert "届きました" in phone.text
    assert stored(db, link) == Profile(name="花子")


def test_what_was_written_earlier_is_not_shown_and_not_lost(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **WORDS)
    again = link_again(db, link)
    to_form(phone, again)
    for word in ("花子", "ハナコ", "09012345678", "example.jp", "医療生協"):
        assert word not in phone.text.replace("例：鳥取 花子", "").replace("hanako@example.jp", "").replace(
            "〇〇医療生協、〇〇中学校", ""
        )
    phone.send(f"{again.path}/send", name="鳥取 華子")
    assert (stored(db, link).name, stored(db, link).phone) == ("鳥取 華子", "09012345678")


def link_again(db: Database, link: Link) -> Link:
    with db.work() as work:
        link_id, token = links.make(
            work,
            "default",
            purpose="profile",
            about=link.entry.id,
            person_id=link.entry.person_id,
            valid_for=dt.timedelta(minutes=30),
        )
    return Link(link.entry, link_id, token)


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("name", "", "お名前を書いてください"),
        ("name", "１２３", "お名前を書いてください"),
        ("kana", "鳥取花子", "ひらがなか、カタカナ"),
        ("phone", "22-8111", "10けたか11けた"),
        ("phone", "てんわ", "10けたか11けた"),
        ("mail", "hanako.example.jp", "メールアドレスの形"),
        ("mail", "hanako@docomo", "メールアドレスの形"),
        ("name", "あ" * 61, "60文字まで"),
        ("motive_words", "あ" * 201, "200文字まで"),
        ("district", "nowhere", "もう一度えらんで"),
        ("age_band", "1000", "もう一度えらんで"),
        ("motive", "<script>", "もう一度えらんで"),
    ],
)
def test_what_is_to_be_mended_is_said_kindly_and_the_rest_stays(
    phone: Browser, link: Link, db: Database, field: str, text: str, said: str
) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **WORDS | {field: text})
    assert phone.status == 422
    assert said in phone.text
    if field != "mail":
        assert 'value="hanako@example.jp"' in phone.page
    assert "<script>" not in phone.page
    assert stored(db, link) == Profile()
    phone.send(f"{link.path}/send", **WORDS)
    assert "届きました" in phone.text


def test_wrong_spent_and_expired_look_alike(phone: Browser, link: Link, db: Database, clock: Clock) -> None:
    pages = set()
    for path, token in ((link.path, "x" * 43), ("/s/0123456789abcdef", link.token), (link.path, "'; --")):
        phone.open(path)
        phone.send(path, token=token)
        assert phone.status == 410
        pages.add(phone.text)
    to_form(phone, link)
    phone.send(f"{link.path}/send", **WORDS)
    to_form(phone, link)
    pages.add(phone.text)
    other = link_again(db, link)
    clock.move(minutes=31)
    to_form(phone, other)
    pages.add(phone.text)
    assert len(pages) == 1
    assert "もう使えません" in pages.pop()


def test_a_link_of_the_details_form_opens_no_profile(phone: Browser, db: Database) -> None:
    other = make_link(db, purpose="details")
    to_form(phone, other)
    assert phone.status == 410


def test_a_link_opens_only_an_entry_of_the_phone_that_asked_for_it(phone: Browser, db: Database) -> None:
    with db.work() as work:
        stranger = people.lock(work, "default", "U" + "2" * 32)
    link = make_link(db, person_id=stranger.id)
    to_form(phone, link)
    assert phone.status == 410


def test_without_this_browser_s_token_the_form_is_not_shown(site: Flask, phone: Browser, link: Link) -> None:
    to_form(phone, link)
    other = Browser(site.test_client())
    other.open(f"{link.path}/form")
    assert other.status == 410


def test_of_two_that_are_sent_at_once_one_is_stored(site: Flask, link: Link, db: Database) -> None:
    browsers = [Browser(site.test_client()) for _ in range(4)]
    for browser in browsers:
        to_form(browser, link)
    threads = [
        threading.Thread(target=browser.send, args=(f"{link.path}/send",), kwargs={"name": f"花子{n}"})
        for n, browser in enumerate(browsers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(browser.status for browser in browsers) == [200, 410, 410, 410]


def test_in_a_family_the_form_says_for_whom_it_is(phone: Browser, db: Database) -> None:
    to_form(phone, make_link(db, family=1))
    assert "2人目の方の分です" in phone.text


def test_who_writes_of_despair_sees_help_first(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    phone.send(
        f"{link.path}/send", **WORDS | {"motive_words": "死にたいと思ったことがあるから。もう死にたい"}
    )
    assert "いま話せるところ" in phone.text
    assert 'href="tel:' in phone.page
    with db.look() as work:
        assert work.conn.execute(dangers.dangers.select()).first() is not None


def test_a_form_without_its_proof_changes_nothing(site: Flask, link: Link, db: Database) -> None:
    answer = site.test_client().post(f"{link.path}/send", data={"token": link.token, "name": "花子"})
    assert answer.status_code == 400
    assert stored(db, link) == Profile()
