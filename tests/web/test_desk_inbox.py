"""The desk's list: what waits for whom, in which order, and what is not in it."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from office import (
    CONTACT,
    IWAMI,
    SEEN,
    SUPPORT,
    WHERE,
    DeskBrowser,
    again,
    at_work,
    desk_now,
    doer,
    hire,
    report,
)
from sqlalchemy import event
from surroundings import Clock
from town import Town, make_town

from bot.desk import deeds, handing_on, knowing, notices
from storage import audit, concerns, handons
from storage.staff import Staff
from storage.work import Database


@pytest.fixture
def town(db: Database) -> Town:
    return make_town(db)


@pytest.fixture
def tanaka(db: Database) -> Staff:
    return hire(db, "田中 花子", IWAMI)


@pytest.fixture
def browser(town: Town, tanaka: Staff) -> DeskBrowser:
    return at_work(town, tanaka)


def numbers(browser: DeskBrowser) -> list[str]:
    """The numbers of the table, from above."""
    return re.findall(r'<th scope="row"[^>]*><a class="mono" href="/desk/concerns/([^"]+)"', browser.page)


def test_the_list_has_no_words_of_a_case(browser: DeskBrowser, db: Database) -> None:
    concern = report(db)
    browser.open("/desk")
    assert numbers(browser) == [concern.number]
    assert not [word for word in (SEEN, WHERE, CONTACT) if word in browser.page]


def test_only_the_own_desk_is_in_the_list_and_looking_at_it_is_audited(
    browser: DeskBrowser, db: Database, tanaka: Staff
) -> None:
    other = report(db, SUPPORT)
    browser.open("/desk")
    assert other.number not in browser.page
    with db.look() as work:
        found = [(one.actor, one.deed, one.subject_id) for one in audit.listed(work, kind="window")]
    assert found == [(f"staff:{tanaka.id}", "listed", IWAMI)]


def test_what_is_late_comes_first_then_what_is_urgent(
    town: Town, db: Database, tanaka: Staff, clock: Clock
) -> None:
    late = report(db, level=2)
    usual = report(db, level=3)
    clock.now += dt.timedelta(hours=5)  # the acceptance of level 2 is due within that
    today = report(db, level=1)
    at_once = report(db, level=0)
    browser = at_work(town, tanaka)
    browser.open("/desk")
    assert numbers(browser) == [late.number, at_once.number, today.number, usual.number]
    assert "すぎています" in browser.text
    assert re.search(r"受付 あと\d+分", browser.text)


def test_each_tab_has_its_own(browser: DeskBrowser, db: Database, tanaka: Staff) -> None:
    new, taken, given, ended = (report(db) for _ in range(4))
    desk, by = desk_now(db), doer(tanaka)
    with db.work() as work:
        deeds.accept(work, by, taken)
        deeds.close(work, desk, by, ended, "none", "")
        handing_on.hand_on(work, desk, by, given, SUPPORT, subject="agreed", reporter="agreed", text="x")
    for tab, there in (
        ("new", {new.number, given.number}),
        ("doing", {taken.number}),
        ("handon", {given.number}),
        ("closed", {ended.number}),
    ):
        browser.open(f"/desk?tab={tab}")
        assert set(numbers(browser)) == there, tab
    browser.open("/desk?show=mine")
    assert numbers(browser) == [taken.number]


def test_what_was_refused_waits_in_the_handon_tab(browser: DeskBrowser, db: Database, tanaka: Staff) -> None:
    concern, sato = report(db), hire(db, "佐藤", SUPPORT)
    desk = desk_now(db)
    with db.work() as work:
        handing_on.hand_on(
            work, desk, doer(tanaka), concern, SUPPORT, subject="agreed", reporter="agreed", text="x"
        )
        asked = handons.open_of(work, concern)
        assert asked is not None
        handing_on.refuse(
            work, desk, doer(sato), concern, asked, reason="no_hands", proposed="chizu_fukushi", text="x"
        )
    browser.open("/desk?tab=handon")
    assert numbers(browser) == [concern.number]
    assert "断られた" in browser.text


def test_what_other_desks_ask_stands_on_top(town: Town, browser: DeskBrowser, db: Database) -> None:
    concern, sato = report(db, SUPPORT), hire(db, "佐藤", SUPPORT)
    with db.work() as work:
        handing_on.hand_on(
            work, desk_now(db), doer(sato), concern, IWAMI, subject="agreed", reporter="agreed", text="x"
        )
    browser.open("/desk")
    assert numbers(browser) == []
    assert "引き継ぎの依頼が 1件" in browser.text
    assert f'href="/desk/concerns/{concern.number}#offer"' in browser.page


def test_news_and_notices_are_seen_at_once_and_go_when_the_page_was_opened(
    browser: DeskBrowser, db: Database
) -> None:
    concern = report(db)
    with db.work() as work:
        concerns.news(work, concern)
        notices.tell_desk(work, desk_now(db).content, "", concern, "news", IWAMI)
    browser.open("/desk?show=news")
    assert numbers(browser) == [concern.number]
    assert "お知らせ" in browser.text
    browser.opens(concern)
    browser.open("/desk")
    assert "お知らせ" not in browser.text
    assert "新しい知らせ" in browser.text  # until somebody says that it was read
    browser.opens(concern)
    browser.does(concern, "seen")
    assert again(db, concern).news_at is None


def test_all_notices_can_be_put_away_at_once(browser: DeskBrowser, db: Database) -> None:
    found = [report(db) for _ in range(3)]
    with db.work() as work:
        for one in found:
            notices.tell_desk(work, desk_now(db).content, "", one, "new", IWAMI)
    browser.open("/desk")
    assert browser.sends("/desk/notices/seen") == 303
    assert "ぜんぶ読みました" not in browser.text


def test_the_search_finds_only_what_is_theirs(browser: DeskBrowser, db: Database) -> None:
    mine, other = report(db), report(db, SUPPORT)
    browser.open("/desk")
    assert browser.sends("/desk/search", number=mine.number.lower().replace("-", "")) == 303
    assert browser.address == f"/desk/concerns/{mine.number}"
    answers = []
    browser.open("/desk")
    for typed in (other.number, "K-0000-0000-0", "なまえ", ""):
        given = browser.hidden("/desk/search") | {"number": typed}
        answer = browser.client.post("/desk/search", data=given, base_url="https://tsunagari.example")
        answers.append((answer.status_code, answer.headers["Location"]))
        browser.open("/desk")
        assert "こちらの窓口にはありません" in browser.text
    assert len(set(answers)) == 1


def test_what_is_typed_in_the_search_never_stands_in_an_address(browser: DeskBrowser) -> None:
    browser.open("/desk")
    assert '<form class="bar search" method="post"' in browser.page
    browser.open("/desk/search?number=なまえ")
    assert browser.status == 405


def test_those_who_report_very_much_stand_behind_one_line_except_danger(
    browser: DeskBrowser, db: Database
) -> None:
    many = [report(db, many=True) for _ in range(3)]
    with db.work() as work:
        concerns.flag_danger(work, many[0])
    usual = report(db)
    browser.open("/desk")
    assert set(numbers(browser)) == {usual.number, many[0].number}
    assert "続けて届いた" in browser.text
    assert "2件" in browser.text
    browser.open("/desk?show=many")
    assert set(numbers(browser)) == {many[1].number, many[2].number}


def test_thousands_come_in_pages_with_few_questions_to_the_database(
    browser: DeskBrowser, db: Database
) -> None:
    found = [report(db, details=False, person_id=None) for _ in range(120)]
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    seen: list[str] = []
    for page in (1, 2, 3):
        asked.clear()
        browser.open(f"/desk?page={page}")
        assert len(asked) < 40
        seen += numbers(browser)
    assert sorted(seen) == sorted(one.number for one in found)
    for odd in ("0", "-1", "99999", "x", "１", "9" * 30):
        browser.open(f"/desk?page={odd}&tab=nothing&show=nothing")
        assert browser.status == 200


def test_several_reports_about_one_person_become_one(browser: DeskBrowser, db: Database) -> None:
    first, second, third = (report(db) for _ in range(3))
    browser.open("/desk")
    browser.sends("/desk/together", numbers=[first.number, second.number, third.number])
    assert "どの番号に続けますか" in browser.text
    browser.sends("/desk/together", numbers=[first.number, second.number, third.number], into=second.number)
    assert browser.address == f"/desk/concerns/{second.number}"
    assert [again(db, one).merged_into for one in (first, second, third)] == [second.id, None, second.id]
    assert first.number in browser.text


@pytest.mark.parametrize("times", [0, 1, 2])
def test_fewer_than_two_are_not_put_together(browser: DeskBrowser, db: Database, times: int) -> None:
    chosen = [report(db).number] * times
    report(db)
    browser.open("/desk")
    browser.sends("/desk/together", numbers=chosen)
    assert browser.address == "/desk"
    assert "2件以上を選んで" in browser.text


def test_what_is_not_theirs_is_not_put_together(browser: DeskBrowser, db: Database) -> None:
    mine, other = report(db), report(db, SUPPORT)
    browser.open("/desk")
    browser.sends("/desk/together", numbers=[mine.number, other.number])
    assert other.number not in browser.page
    browser.sends("/desk/together", numbers=[mine.number, other.number], into=other.number, once="a" * 24)
    assert again(db, mine).merged_into is None
    assert again(db, other).merged_into is None


def test_who_stepped_back_finds_it_nowhere(browser: DeskBrowser, db: Database, tanaka: Staff) -> None:
    concern = report(db)
    with db.work() as work:
        concerns.news(work, concern)
        notices.tell_desk(work, desk_now(db).content, "", concern, "news", IWAMI)
        knowing.recuse(work, desk_now(db), doer(tanaka), concern)
    for path in ("/desk", "/desk?show=news", "/desk?tab=handon", "/desk?show=late"):
        browser.open(path)
        assert concern.number not in browser.page
