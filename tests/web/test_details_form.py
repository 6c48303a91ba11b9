"""The one-time form: nothing is spent by looking, one of many is stored, and everything else looks alike."""

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
from storage import audit, concerns, entries, links, people
from storage.concerns import Concern
from storage.work import Database
from tests.conftest import Clock
from tests.web.conftest import Browser

WORDS = {
    "who": "となりの山田さん",
    "where": "本町1丁目",
    "what": "新聞がたまっています",
    "since": "先週",
    "contact": "",
}


@dataclass
class Link:
    """A link as the receipt on LINE holds it."""

    concern: Concern
    id: str
    token: str

    @property
    def path(self) -> str:
        return f"/d/{self.id}"


@pytest.fixture
def link(db: Database) -> Link:
    return make_link(db)


def make_link(
    db: Database, concern: Concern | None = None, line_id: str = "U" + "1" * 32, **changed: Any
) -> Link:
    with db.work() as work:
        person = people.lock(work, "default", line_id)
        concern = concern or concerns.open_concern(
            work,
            "default",
            person_id=person.id,
            town="tottori",
            district=None,
            kind="safety",
            level=2,
            since="days",
            subject_knows="unaware",
            window="tottori_chuo_jinken",
            route_reason="test",
        )
        made = {"purpose": "details", "about": concern.id, "valid_for": dt.timedelta(minutes=30)} | changed
        link_id, token = links.make(work, "default", person_id=person.id, **made)
    return Link(concern, link_id, token)


@pytest.fixture
def site(services_for: Callable[..., Services], db: Database) -> Flask:
    return create_flask(services_for(db))


@pytest.fixture
def phone(site: Flask) -> Browser:
    return Browser(site.test_client())


def stored(db: Database, concern: Concern) -> dict[str, str]:
    with db.look() as work:
        return dict(concerns.details(work, concern))


def to_form(phone: Browser, link: Link) -> None:
    phone.open(link.path)
    phone.send(link.path, token=link.token)


def test_opening_the_link_shows_only_a_button(phone: Browser, link: Link) -> None:
    phone.open(link.path)
    assert "書きはじめる" in phone.text
    assert link.concern.number not in phone.text
    assert "<textarea" not in phone.page


def test_without_javascript_the_page_says_how_to_go_on(phone: Browser, link: Link) -> None:
    phone.open(link.path)
    assert "<noscript>" in phone.page
    assert 'href="tel:0857228111"' in phone.page


def test_looking_never_spends_the_link(phone: Browser, link: Link, db: Database) -> None:
    for _ in range(5):
        phone.client.get(link.path)
        phone.client.head(link.path)
        phone.client.options(link.path)
        phone.client.get(link.path, headers={"Sec-Purpose": "prefetch"})
        phone.client.get(f"{link.path}/send")
    to_form(phone, link)
    to_form(phone, link)
    with db.look() as work:
        assert links.peek(work, link.id, link.token)


def test_the_token_opens_the_form_with_nothing_but_the_number(phone: Browser, link: Link) -> None:
    to_form(phone, link)
    assert phone.status == 200
    assert link.concern.number in phone.text
    assert phone.page.count("<textarea") == 5
    for word in ("tottori_chuo_jinken", "鳥取市", "safety", "unaware"):
        assert word not in phone.page


def test_sending_stores_the_words_and_says_thanks(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **WORDS)
    assert phone.status == 200
    assert phone.addresses[-1].endswith(f"{link.path}/sent")
    assert "ありがとうございます" in phone.text
    assert "このあとのこと" in phone.text
    assert stored(db, link.concern) == {name: text for name, text in WORDS.items() if text}


def test_sending_leaves_a_line_in_the_audit_without_words(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **WORDS)
    with db.look() as work:
        (entry,) = audit.listed(work, kind="concern", subject_id=link.concern.id)
    assert (entry.actor, entry.deed) == ("person", "described")


def test_a_sent_form_cannot_be_sent_again(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    form = phone.hidden()
    phone.send(f"{link.path}/send", **WORDS)
    phone.send(f"{link.path}/send", **(form | WORDS | {"what": "ちがうことば"}))
    assert phone.status == 410
    assert stored(db, link.concern)["what"] == WORDS["what"]


def test_of_a_hundred_at_once_exactly_one_is_stored(site: Flask, link: Link, db: Database) -> None:
    first = Browser(site.test_client())
    to_form(first, link)
    cookie, form = first.client.get_cookie("tsunagari"), first.hidden()
    assert cookie is not None
    results: list[int] = []

    def post(number: int) -> None:
        client = site.test_client()
        client.set_cookie("tsunagari", cookie.value)
        results.append(
            client.post(f"{link.path}/send", data=form | WORDS | {"what": f"{number}"}).status_code
        )

    threads = [threading.Thread(target=post, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [303] + [410] * 99
    with db.look() as work:
        assert len(audit.listed(work, kind="concern", subject_id=link.concern.id)) == 1


def test_wrong_spent_expired_and_foreign_links_look_alike(
    site: Flask, db: Database, clock: Clock, link: Link
) -> None:
    other_purpose = make_link(db, purpose="staff")
    about_nothing = make_link(db, about=None)
    spent = make_link(db)
    with db.work() as work:
        links.spend(work, spent.id, spent.token)
    tries = [
        (link.id, "wrong"),
        (link.id, ""),
        (link.id, other_purpose.token),
        ("ffffffffffffffff", link.token),
        ("nul\x00", link.token),
        (link.id, "nul\x00"),
        (link.id, "あ" * 5000),
        (other_purpose.id, other_purpose.token),
        (about_nothing.id, about_nothing.token),
        (spent.id, spent.token),
    ]
    seen = {look_and_send(site, link_id, token) for link_id, token in tries}
    clock.move(minutes=30)
    seen.add(look_and_send(site, link.id, link.token))
    assert len(seen) == 1
    assert "もう使えません" in seen.pop()


def make_closed(db: Database) -> Link:
    link = make_link(db)
    with db.work() as work:
        concerns.close(work, link.concern, "done")
    return link


def look_and_send(site: Flask, link_id: str, token: str) -> str:
    """What both forms answer; only the session's proof may differ."""
    pages = set()
    for end in ("", "/send"):
        browser = Browser(site.test_client())
        browser.open("/d/x")
        browser.send(f"/d/{link_id}{end}", token=token, **WORDS)
        assert browser.status == 410
        pages.add(browser.page)
    assert len(pages) == 1
    return pages.pop()


def test_the_link_lives_for_thirty_minutes(phone: Browser, link: Link, clock: Clock, db: Database) -> None:
    to_form(phone, link)
    clock.move(minutes=29, seconds=59)
    phone.send(f"{link.path}/send", **WORDS)
    assert stored(db, link.concern)


def test_what_is_missing_is_said_beside_its_field_and_nothing_is_lost(
    phone: Browser, link: Link, db: Database
) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **(WORDS | {"where": " \n "}))
    assert phone.status == 422
    assert 'id="where-error"' in phone.page
    assert 'id="what-error"' not in phone.page
    assert "となりの山田さん" in phone.text
    assert not stored(db, link.concern)
    phone.send(f"{link.path}/send", **WORDS)
    assert stored(db, link.concern)["where"] == "本町1丁目"


def test_too_many_words_are_counted_kindly(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **(WORDS | {"what": "あ" * 2_010}))
    assert phone.status == 422
    assert "10文字へらしてください" in phone.text
    phone.send(f"{link.path}/send", **(WORDS | {"what": "あ" * 1_000 + "\r\n" + "い" * 999}))
    assert len(stored(db, link.concern)["what"]) == 2_000


def test_a_second_link_adds_an_entry_and_shows_nothing_earlier(
    phone: Browser, link: Link, db: Database
) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **WORDS)
    second = make_link(db, link.concern)
    to_form(phone, second)
    for word in ("山田", "本町", "新聞"):
        assert word not in phone.text
    phone.send(f"{second.path}/send", what="きょうは電気がついていました", contact="0857-00-0000")
    assert phone.addresses[-1].endswith("/sent")
    with db.look() as work:
        (entry,) = entries.of(work, link.concern)
        now = concerns.get(work, link.concern.id)
    assert (entry.kind, entry.author) == ("note", "person")
    assert entry.words["text"] == "どんな様子ですか\nきょうは電気がついていました"
    assert stored(db, link.concern) == {k: v for k, v in WORDS.items() if v} | {"contact": "0857-00-0000"}
    assert now is not None
    assert now.news_at == db.clock()


def test_two_links_that_come_at_once_both_leave_their_words(
    site: Flask, link: Link, db: Database, together: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    all_links = [link, *(make_link(db, link.concern) for _ in range(7))]
    browsers = [Browser(site.test_client()) for _ in all_links]
    for browser, one in zip(browsers, all_links, strict=True):
        to_form(browser, one)

    def send(number: int) -> str:
        words = {"where": "本町", "what": f"ことば{number}", "contact": f"0857-{number}"}
        browsers[number].send(f"{all_links[number].path}/send", **words)
        return browsers[number].addresses[-1]

    assert all(address.endswith("/sent") for address in together(8, send))
    with db.look() as work:
        texts = [str(entry.words["text"]) for entry in entries.of(work, link.concern)]
    kept = stored(db, link.concern)
    assert len(texts) == 7
    assert all(f"ことば{number}" in kept["what"] + "".join(texts) for number in range(8))
    assert all(f"0857-{number}" in kept["contact"] for number in range(8))


def test_what_is_typed_comes_back_as_words_never_as_markup(phone: Browser, link: Link) -> None:
    attack = "</textarea><script>alert(1)</script>{{7*7}}"
    to_form(phone, link)
    phone.send(f"{link.path}/send", **(WORDS | {"who": attack, "where": ""}))
    assert "<script>alert" not in phone.page
    assert "&lt;/textarea&gt;" in phone.page
    assert "{{7*7}}" in phone.page


def test_control_characters_are_left_out(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **(WORDS | {"what": "a\x00b\u202ec\x1b[31m\nd"}))
    assert stored(db, link.concern)["what"] == "abc[31m\nd"


def test_neither_words_nor_token_are_in_an_address_a_header_or_the_log(
    phone: Browser, link: Link, capsys: pytest.CaptureFixture[str]
) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **(WORDS | {"where": ""}))
    phone.send(f"{link.path}/send", **WORDS)
    traces = "\n".join([*phone.addresses, *phone.headers]) + "".join(capsys.readouterr())
    for secret in (link.token, "山田", "本町", "新聞"):
        assert secret not in traces


def test_the_thanks_belong_to_the_browser_that_sent(site: Flask, phone: Browser, link: Link) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **WORDS)
    stranger = Browser(site.test_client())
    stranger.open(f"{link.path}/sent")
    assert stranger.status == 410


def test_a_closed_concern_opens_nothing_but_the_telephone_of_its_desk(phone: Browser, db: Database) -> None:
    closed = make_closed(db)
    to_form(phone, closed)
    assert phone.status == 410
    assert "鳥取市 中央人権福祉センター" in phone.text
    assert 'href="tel:0857228111"' in phone.page
    assert closed.concern.number not in phone.page
    phone.open("/d/x")
    phone.send(f"/d/{closed.id}", token="wrong")
    assert "中央人権福祉センター" not in phone.text


def test_a_concern_that_is_closed_while_somebody_writes_keeps_nothing(
    phone: Browser, link: Link, db: Database
) -> None:
    to_form(phone, link)
    with db.work() as work:
        concerns.close(work, link.concern, "done")
    phone.send(f"{link.path}/send", **WORDS)
    assert phone.status == 410
    assert "中央人権福祉センター" in phone.text
    assert not stored(db, link.concern)
    with db.look() as work:
        assert links.peek(work, link.id, link.token)


def test_what_is_added_to_a_merged_concern_reaches_the_one_that_goes_on(
    phone: Browser, link: Link, db: Database
) -> None:
    other = make_link(db)
    to_form(phone, link)
    phone.send(f"{link.path}/send", **(WORDS | {"contact": "はじめの人 0857-11-1111"}))
    with db.work() as work:
        merged = concerns.merge(work, other.concern, link.concern)
    to_form(phone, other)
    assert merged.number in phone.text
    assert link.concern.number not in phone.text
    phone.send(f"{other.path}/send", what="電気がつきっぱなしです", contact="べつの人 0857-22-2222")
    assert phone.addresses[-1].endswith("/sent")
    with db.look() as work:
        assert "電気がつきっぱなし" in str(entries.of(work, link.concern)[-1].words["text"])
        assert entries.of(work, merged) == ()
    assert stored(db, link.concern)["contact"] == (
        f"はじめの人 0857-11-1111\n\n{merged.number}\nべつの人 0857-22-2222"
    )


def test_the_form_says_until_when_it_can_be_sent(phone: Browser, link: Link, clock: Clock) -> None:
    clock.move(minutes=7)
    to_form(phone, link)
    assert "10時30分まで使えます" in phone.text


def test_many_forms_open_in_one_browser_can_all_be_sent(phone: Browser, db: Database) -> None:
    forms = []
    for _ in range(6):
        one = make_link(db)
        to_form(phone, one)
        forms.append((one, phone.hidden()))
    for number, (one, hidden) in enumerate(forms):
        phone.send(f"{one.path}/send", **(hidden | WORDS | {"what": f"{number}"}))
        assert phone.addresses[-1].endswith("/sent")
        assert stored(db, one.concern)["what"] == f"{number}"
