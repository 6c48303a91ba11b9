"""What was typed and not sent yet: back in the browser that typed it, for as long as the link lives, nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from storage import drafts
from storage.work import Database
from tests.conftest import Clock
from tests.web.conftest import Browser
from tests.web.test_details_form import WORDS, Link, link, make_link, phone, site, stored, to_form

__all__ = ["link", "phone", "site"]  # fixtures


def count(db: Database) -> int:
    with db.look() as work:
        return work.conn.execute(select(func.count()).select_from(drafts.drafts)).scalar_one()


def keep(browser: Browser, one: Link, **words: str) -> None:
    browser.send(f"{one.path}/draft", **(WORDS | words))


def test_what_was_kept_is_there_again_and_nothing_was_sent(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    keep(phone, link)
    assert "ここまでを保存しました" in phone.text
    assert "10時30分まで" in phone.text
    assert "となりの山田さん" in phone.text
    assert not stored(db, link.concern)
    phone.open(f"{link.path}/form")
    assert "となりの山田さん" in phone.text
    assert "続きから書けます" in phone.text


def test_opened_again_from_the_chat_the_same_browser_goes_on(
    phone: Browser, link: Link, db: Database
) -> None:
    to_form(phone, link)
    keep(phone, link)
    to_form(phone, link)
    assert "となりの山田さん" in phone.text
    phone.send(f"{link.path}/send", **WORDS)
    assert stored(db, link.concern)["who"] == "となりの山田さん"


def test_who_has_the_link_but_not_the_browser_sees_an_empty_form(
    site: Flask, phone: Browser, link: Link
) -> None:
    to_form(phone, link)
    keep(phone, link)
    stranger = Browser(site.test_client())
    to_form(stranger, link)
    assert stranger.status == 200
    for word in ("山田", "本町", "新聞"):
        assert word not in stranger.page
    keep(stranger, link, who="だれかほかの人")
    phone.open(f"{link.path}/form")
    assert "となりの山田さん" in phone.text
    assert "だれかほかの人" not in phone.text


def test_a_browser_that_never_brought_the_token_keeps_nothing(site: Flask, link: Link, db: Database) -> None:
    stranger = Browser(site.test_client())
    stranger.open("/d/x")
    keep(stranger, link, token=link.token)
    assert stranger.status == 410
    assert count(db) == 0


def test_the_script_gets_no_page(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    answer = phone.client.post(f"{link.path}/draft", data=phone.hidden() | WORDS | {"auto": "1"})
    assert (answer.status_code, answer.data) == (204, b"")
    answer = phone.client.post(
        f"{link.path}/draft", data=phone.hidden() | WORDS | {"auto": "1", "token": "x"}
    )
    assert answer.status_code == 410
    assert count(db) == 1


def test_too_many_words_are_kept_too(phone: Browser, link: Link) -> None:
    to_form(phone, link)
    keep(phone, link, what="あ" * 2_500)
    assert "あ" * 2_500 in phone.text


def test_erasing_leaves_no_word(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    keep(phone, link)
    phone.send(f"{link.path}/draft", **WORDS, do="erase")
    assert "書いたものを消しました" in phone.text
    assert "となりの山田さん" not in phone.text
    assert count(db) == 0
    phone.send(f"{link.path}/send", **WORDS)
    assert phone.addresses[-1].endswith("/sent")


def test_sending_ends_the_drafts_of_every_browser(
    site: Flask, phone: Browser, link: Link, db: Database
) -> None:
    second = Browser(site.test_client())
    for browser in (phone, second):
        to_form(browser, link)
        keep(browser, link)
    assert count(db) == 2
    phone.send(f"{link.path}/send", **WORDS)
    assert count(db) == 0
    keep(second, link)
    assert second.status == 410
    assert count(db) == 0


def test_after_thirty_minutes_nothing_is_shown_and_nothing_kept(
    phone: Browser, link: Link, db: Database, clock: Clock
) -> None:
    to_form(phone, link)
    hidden = phone.hidden()
    keep(phone, link)
    clock.move(minutes=30)
    phone.open(f"{link.path}/form")
    assert phone.status == 410
    assert "山田" not in phone.text
    keep(phone, link, **hidden)
    assert phone.status == 410
    with db.work() as work:
        assert drafts.forget_old(work) == 1


def test_a_draft_of_one_link_is_not_in_the_form_of_another(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    keep(phone, link)
    other = make_link(db, link.concern)
    to_form(phone, other)
    assert "山田" not in phone.text


def test_a_draft_leaves_no_trace_in_clear(
    phone: Browser, link: Link, db: Database, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    to_form(phone, link)
    keep(phone, link)
    cookie = phone.client.get_cookie("tsunagari")
    assert cookie is not None
    traces = "".join(capfd.readouterr()) + "\n".join([*phone.addresses, *phone.headers, cookie.value])
    files = b"".join(path.read_bytes() for path in tmp_path.glob("tsunagari.db*"))
    for secret in ("山田", "本町", "新聞", link.token):
        assert secret not in traces
        assert secret.encode() not in files


def test_the_form_may_speak_with_its_own_server_only(phone: Browser, link: Link) -> None:
    to_form(phone, link)
    (policy,) = {
        line for line in phone.headers if line.startswith("Content-Security-Policy") and "connect" in line
    }
    assert "connect-src 'self'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    phone.open("/")
    assert "connect-src" not in next(h for h in reversed(phone.headers) if h.startswith("Content-Security"))
