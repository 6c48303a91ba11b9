"""A sign-in that runs out while somebody types: what was typed goes through the new sign-in and is not lost."""

from __future__ import annotations

import pytest
from door import PASSWORD, code_at
from door import hire as hire_with_password
from office import IWAMI, SUPPORT, DeskBrowser, again, at_work, report
from surroundings import Clock
from town import PUBLIC_URL, Town, make_town

from storage import entries
from storage.concerns import Concern
from storage.work import Database

WORDS = "きょう訪ねたが留守。隣の人の話では\n「三日見ていない」。</textarea><b>太字</b>"


@pytest.fixture
def town(db: Database) -> Town:
    return make_town(db)


def browser_of(town: Town, login: str, *windows: str) -> DeskBrowser:
    return at_work(town, hire_with_password(town.services.db, login, windows=windows))


def signs_in(browser: DeskBrowser, clock: Clock, login: str) -> None:
    """Through the pages as they are shown: each form with its own hidden fields."""
    browser.sends("/desk/sign-in", login=login, password=PASSWORD)
    browser.sends("/desk/sign-in/code", code=code_at(clock.now))


def notes(db: Database, concern: Concern) -> list[str]:
    with db.look() as work:
        return [str(one.words["text"]) for one in entries.of(work, concern) if one.kind == "note"]


@pytest.mark.parametrize("rest", [31, 61], ids=["the session is over", "the cookie is, too"])
def test_a_note_is_there_again_after_signing_in_and_is_written_once(
    town: Town, db: Database, clock: Clock, rest: int
) -> None:
    concern, browser = report(db), browser_of(town, "sato", IWAMI)
    browser.opens(concern)
    clock.move(minutes=rest)
    assert browser.does(concern, "note", text=WORDS) == 401
    assert "書いたものは残っています" in browser.text
    assert "三日見ていない" not in browser.page  # nobody has signed in yet
    browser.sends("/desk/sign-in/keep")
    signs_in(browser, clock, "sato")
    assert "書きかけのものがあります" in browser.text
    assert "三日見ていない" in browser.text
    assert "<b>" not in browser.page
    assert notes(db, concern) == []
    again_sent = browser.hidden(path := f"/desk/concerns/{concern.number}/note")
    assert browser.sends(path) == 303
    assert notes(db, concern) == [WORDS]
    assert browser.sends(path, **again_sent) == 303
    assert notes(db, concern) == [WORDS]


def test_wrong_words_at_the_door_lose_nothing(town: Town, db: Database, clock: Clock) -> None:
    concern, browser = report(db), browser_of(town, "sato", IWAMI)
    browser.opens(concern)
    clock.move(minutes=31)
    browser.does(concern, "close", outcome="connected", text=WORDS)
    browser.sends("/desk/sign-in/keep")
    browser.sends("/desk/sign-in", login="sato", password="ちがうパスワード")
    browser.sends("/desk/sign-in", login="sato", password=PASSWORD)
    browser.sends("/desk/sign-in/code", code="000000")
    browser.sends("/desk/sign-in/code", code=code_at(clock.now))
    assert browser.sends(f"/desk/concerns/{concern.number}/close") == 303
    assert again(db, concern).state == "closed"


def test_who_signed_in_in_another_tab_finds_the_words_of_the_old_page_at_once(
    town: Town, db: Database, clock: Clock
) -> None:
    concern, browser = report(db), browser_of(town, "sato", IWAMI)
    browser.opens(concern)
    old_page = browser.page
    clock.move(minutes=31)
    browser.open("/desk/sign-in")
    signs_in(browser, clock, "sato")
    browser.page = old_page
    assert browser.does(concern, "note", text=WORDS) == 400
    assert "書きかけのものがあります" in browser.text
    assert browser.does(concern, "note") == 303
    assert notes(db, concern) == [WORDS]


def test_somebody_of_another_desk_who_signs_in_there_does_not_see_them(
    town: Town, db: Database, clock: Clock
) -> None:
    concern, browser = report(db), browser_of(town, "sato", IWAMI)
    hire_with_password(db, "ueda", windows=(SUPPORT,))
    browser.opens(concern)
    clock.move(minutes=31)
    browser.does(concern, "note", text=WORDS)
    browser.sends("/desk/sign-in/keep")
    signs_in(browser, clock, "ueda")
    assert browser.address == "/desk"
    assert "三日見ていない" not in browser.page


@pytest.mark.parametrize("rest", [31, 61], ids=["the session is over", "the cookie is, too"])
def test_a_colleague_who_signs_in_there_does_not_see_what_was_typed_of_a_call(
    town: Town, db: Database, clock: Clock, rest: int
) -> None:
    """A new concern has no number yet by which one could tell whose desk it is: it is only its author's."""
    browser = browser_of(town, "sato", IWAMI)
    hire_with_password(db, "ueda", windows=(IWAMI,))
    browser.open("/desk/new")
    clock.move(minutes=rest)
    assert browser.sends("/desk/new", what=WORDS, do="look") == 401
    browser.sends("/desk/sign-in/keep")
    signs_in(browser, clock, "ueda")
    assert "三日見ていない" not in browser.page


def test_passwords_are_never_kept(town: Town, db: Database, clock: Clock) -> None:
    browser = browser_of(town, "sato", IWAMI)
    browser.open("/desk/me")
    clock.move(minutes=31)
    assert browser.sends("/desk/me/password", current=PASSWORD, new="x" * 20, repeat="x" * 20) == 401
    assert 'name="kept"' not in browser.page


def test_another_site_cannot_put_words_into_anybodys_mouth(town: Town, db: Database) -> None:
    concern, browser = report(db), browser_of(town, "sato", IWAMI)
    answer = browser.client.post(
        f"/desk/concerns/{concern.number}/note",
        data={"text": WORDS},
        base_url=PUBLIC_URL,
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 400
    assert 'name="kept"' not in answer.get_data(as_text=True)


def test_a_made_up_envelope_opens_nothing(town: Town, db: Database, clock: Clock) -> None:
    browser = browser_of(town, "sato", IWAMI)
    browser.client.delete_cookie("__Host-tsunagari", domain="tsunagari.example")
    browser.open("/desk/sign-in")
    browser.sends("/desk/sign-in", login="sato", password=PASSWORD, kept="b64nonsense")
    browser.sends("/desk/sign-in/code", code=code_at(clock.now), kept="AAAA")
    assert browser.address == "/desk"
