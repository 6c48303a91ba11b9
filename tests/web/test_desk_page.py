"""The page of a concern: what it says, what its buttons do, and what happens when two people press them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from office import CONTACT, IWAMI, SEEN, SUPPORT, WAKASA, DeskBrowser, again, at_work, hire, lines, report
from surroundings import Clock
from town import Town, make_town

from storage import concerns, entries, handons
from storage.concerns import Concern
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


def kinds(db: Database, concern: Concern) -> list[str]:
    with db.look() as work:
        return [one.kind for one in entries.of(work, concern)]


def test_the_page_says_what_was_written_but_not_who_wrote_it(browser: DeskBrowser, db: Database) -> None:
    browser.opens(report(db, doubted=True))
    assert SEEN in browser.text
    assert CONTACT not in browser.page
    assert "窓口が違いそう" in browser.text
    assert "通報した人のことを本人に言わないでください" in browser.text


def test_every_opening_leaves_its_line(browser: DeskBrowser, db: Database, tanaka: Staff) -> None:
    concern = report(db)
    for _ in range(3):
        browser.opens(concern)
    assert lines(db, concern) == [(f"staff:{tanaka.id}", "read")] * 3


@pytest.mark.parametrize("kind", ["elder_abuse", "child_abuse", "dv"])
def test_violence_is_never_told_whatever_the_reporter_said(
    browser: DeskBrowser, db: Database, kind: str
) -> None:
    browser.opens(report(db, kind=kind, subject_knows="agrees"))
    assert "本人にも家族にも言わないでください" in browser.text
    assert "本人に連絡してかまいません" not in browser.text


@pytest.mark.parametrize("knows", ["agrees", "knows", "unaware", "refused", "better_not", "unheard of"])
def test_what_the_subject_knows_decides_what_the_page_allows(
    browser: DeskBrowser, db: Database, knows: str
) -> None:
    browser.opens(report(db, subject_knows=knows))
    assert browser.status == 200
    assert ("本人に連絡してかまいません" in browser.text) == (knows == "agrees")


def test_accept_call_note_and_close_in_a_row(browser: DeskBrowser, db: Database, tanaka: Staff) -> None:
    concern = report(db)
    browser.opens(concern)
    assert browser.does(concern, "accept") == 303
    assert "受け付けました" in browser.text
    assert again(db, concern).assignee_id == tanaka.id
    browser.does(concern, "call", whom="subject", reached="yes", text="元気だった")
    assert again(db, concern).state == "in_touch"
    assert "窓口が動いていることを伝えました" in browser.text
    browser.does(concern, "note", text="来週また訪ねる")
    assert "来週また訪ねる" in browser.text
    assert browser.does(concern, "close", outcome="watching", text="") == 303
    assert (again(db, concern).state, again(db, concern).outcome) == ("closed", "watching")
    assert kinds(db, concern) == ["call", "note", "closed"]
    browser.does(concern, "reopen", text="また心配")
    assert again(db, concern).state == "accepted"


def test_a_confirmation_is_said_once(browser: DeskBrowser, db: Database) -> None:
    concern = report(db)
    browser.opens(concern)
    browser.does(concern, "note", text="メモ")
    assert "メモを書きました" in browser.text
    browser.opens(concern)
    assert "メモを書きました" not in browser.text


@pytest.mark.parametrize(
    ("act", "fields", "field"),
    [
        ("note", {"text": " \n "}, "note-text"),
        ("note", {"text": "あ" * 4001}, "note-text"),
        ("call", {"reached": "yes"}, "call-whom"),
        ("call", {"whom": "subject", "text": "昼に電話した"}, "call-reached"),
        ("ask", {"text": ""}, "ask-text"),
        ("level", {"level": "9", "text": "理由"}, "level-level"),
        ("level", {"level": "1", "text": ""}, "level-text"),
        ("hand-on", {"to": "nowhere", "text": "お願いします"}, "hand_on-to"),
        ("hand-on", {"to": SUPPORT, "subject": "agreed", "reporter": "agreed", "text": ""}, "hand_on-text"),
        ("close", {"outcome": "merged", "text": "まとめ"}, "close-outcome"),
        ("merge", {"into": "K-1111-1111-1"}, "merge-into"),
        ("identity", {"text": ""}, "identity-text"),
        ("recuse", {}, "recuse-sure"),
        ("assign", {"who": "somebody else"}, "assign-who"),
    ],
)
def test_a_form_with_a_mistake_says_where_and_keeps_what_was_typed(
    browser: DeskBrowser, db: Database, act: str, fields: dict[str, str], field: str
) -> None:
    concern = report(db)
    browser.opens(concern)
    assert browser.does(concern, act, **fields) == 422
    assert f'href="#{field}"' in browser.page
    assert f'id="{field}"' in browser.page
    typed = fields.get("text", "").strip()
    if typed and len(typed) < 100:
        assert typed in browser.page
    assert again(db, concern).state == "sent"
    assert kinds(db, concern) == []


def test_two_staff_accept_and_the_second_is_told_who_was_faster(
    town: Town, browser: DeskBrowser, db: Database
) -> None:
    concern, other = report(db), at_work(town, hire(db, "鈴木 一郎", IWAMI))
    browser.opens(concern)
    other.opens(concern)
    assert browser.does(concern, "accept") == 303
    assert other.does(concern, "accept") == 409
    assert "ほかの人が先に変えました" in other.text
    assert "未受付 → 受付済み" in other.text
    assert "担当者: 担当未定 → 田中 花子" in other.text


def test_two_staff_accept_at_the_same_moment(
    town: Town,
    db: Database,
    together: Callable[[int, Callable[[int], Any]], list[Any]],
) -> None:
    concern = report(db)
    browsers = [at_work(town, hire(db, f"職員{n}", IWAMI)) for n in range(4)]
    for one in browsers:
        one.opens(concern)
    answers = together(4, lambda number: browsers[number].does(concern, "accept", follow=False))
    assert sorted(answers) == [303, 409, 409, 409]


def test_what_was_typed_on_a_stale_page_is_not_lost(town: Town, browser: DeskBrowser, db: Database) -> None:
    concern, other = report(db), at_work(town, hire(db, "鈴木", IWAMI))
    browser.opens(concern)
    other.opens(concern)
    other.does(concern, "accept")
    assert browser.does(concern, "close", outcome="none", text="長いまとめのメモ") == 409
    assert again(db, concern).state == "accepted"
    assert "長いまとめのメモ" in browser.page
    assert browser.does(concern, "close", outcome="none", text="長いまとめのメモ") == 303
    assert again(db, concern).state == "closed"


def test_a_note_on_a_stale_page_is_taken(town: Town, browser: DeskBrowser, db: Database) -> None:
    concern, other = report(db), at_work(town, hire(db, "鈴木", IWAMI))
    browser.opens(concern)
    other.opens(concern)
    other.does(concern, "accept")
    assert browser.does(concern, "note", text="見てきました") == 303


def test_a_form_sent_twice_counts_once(browser: DeskBrowser, db: Database) -> None:
    concern = report(db)
    browser.opens(concern)
    form = browser.hidden(f"/desk/concerns/{concern.number}/note")
    for _ in range(3):
        assert browser.does(concern, "note", text="一度だけ", follow=False, **form) == 303
    assert kinds(db, concern) == ["note"]
    browser.does(concern, "note", text="別のメモ", follow=False, **form)  # the back button, other words
    assert kinds(db, concern) == ["note", "note"]


def test_a_form_sent_many_times_at_once_counts_once(
    browser: DeskBrowser, db: Database, together: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    concern = report(db)
    browser.opens(concern)
    fields = browser.hidden(f"/desk/concerns/{concern.number}/note") | {"text": "一度だけ"}
    cookies = browser.client._cookies

    def send(_: int) -> int:
        client = browser.app.test_client()
        client._cookies = dict(cookies)
        return client.post(
            f"/desk/concerns/{concern.number}/note", data=fields, base_url="https://tsunagari.example"
        ).status_code

    assert together(8, send) == [303] * 8
    assert kinds(db, concern) == ["note"]


@pytest.mark.parametrize("once", ["", "x" * 65])
def test_a_form_without_its_own_id_is_none_of_ours(browser: DeskBrowser, db: Database, once: str) -> None:
    concern = report(db)
    browser.opens(concern)
    assert browser.does(concern, "note", text="x", once=once) == 400
    assert kinds(db, concern) == []


# ---- hand-ons ------------------------------------------------------------------------------------------------


def ask(browser: DeskBrowser, concern: Concern, to: str) -> None:
    browser.opens(concern)
    status = browser.does(
        concern, "hand-on", to=to, subject="not_asked", reporter="agreed", text="訪問してください"
    )
    assert status == 303, browser.text


def test_a_case_walks_through_three_desks_with_a_refusal_on_the_way(
    town: Town, browser: DeskBrowser, db: Database
) -> None:
    concern = report(db)
    sato, mitsu = (
        at_work(town, hire(db, name, desk)) for name, desk in (("佐藤", SUPPORT), ("三ツ", WAKASA))
    )
    ask(browser, concern, SUPPORT)
    sato.opens(concern)
    assert "訪問してください" in sato.text
    sato.does(
        concern, "hand-on/refuse", reason="not_our_area", proposed=WAKASA, text="若桜町に引っ越しています"
    )
    assert sato.address == "/desk"  # it is not theirs to see any more
    assert again(db, concern).window == IWAMI
    browser.opens(concern)
    assert "うちの受け持ちの地域ではない" in browser.text
    assert "若桜町に引っ越しています" in browser.text
    browser.does(concern, "hand-on/next")
    mitsu.opens(concern)
    assert "訪問してください" in mitsu.text
    assert mitsu.does(concern, "hand-on/accept") == 303
    assert again(db, concern).window == WAKASA
    browser.opens(concern)
    assert browser.status == 404
    ask(mitsu, concern, SUPPORT)
    sato.opens(concern)
    sato.does(concern, "hand-on/accept")
    assert again(db, concern).window == SUPPORT
    with db.look() as work:
        assert [one.state for one in handons.of(work, concern)] == ["refused", "accepted", "accepted"]
    assert sato.text.count("引き継ぎの依頼") >= 3


def test_the_asked_desk_reads_but_does_nothing_else(town: Town, browser: DeskBrowser, db: Database) -> None:
    concern, sato = report(db), at_work(town, hire(db, "佐藤", SUPPORT))
    ask(browser, concern, SUPPORT)
    sato.opens(concern)
    assert SEEN in sato.text
    assert "通報した人を確かめる" not in sato.text
    before = kinds(db, concern)
    for act, fields in (
        ("note", {"text": "x"}),
        ("identity", {"text": "x"}),
        ("close", {"outcome": "none"}),
        ("hand-on/withdraw", {}),
    ):
        sato.opens(concern)
        form = sato.hidden(f"/desk/concerns/{concern.number}/hand-on/accept")
        assert sato.does(concern, act, **form | fields) == 409, act
        assert "いまは、ほかの窓口が担当です" in sato.text
        assert CONTACT not in sato.page
    assert kinds(db, concern) == before


def test_accepting_what_was_just_withdrawn_is_told_kindly(
    town: Town, browser: DeskBrowser, db: Database
) -> None:
    concern, sato = report(db), at_work(town, hire(db, "佐藤", SUPPORT, IWAMI))  # still sees it afterwards
    ask(browser, concern, SUPPORT)
    sato.opens(concern)
    browser.opens(concern)
    browser.does(concern, "hand-on/withdraw")
    assert sato.does(concern, "hand-on/accept") == 409
    assert "引き継ぎの依頼: あり → なし" in sato.text
    assert again(db, concern).window == IWAMI


# ---- who knows what ----------------------------------------------------------------------------------------


def test_who_reported_is_shown_once_for_a_reason(browser: DeskBrowser, db: Database, tanaka: Staff) -> None:
    concern = report(db)
    browser.opens(concern)
    assert browser.does(concern, "identity", text="折り返し電話のため", follow=False) == 200
    assert CONTACT in browser.text
    browser.opens(concern)
    assert CONTACT not in browser.page
    assert "折り返し電話のため" in browser.text
    assert (f"staff:{tanaka.id}", "open_identity") in lines(db, concern)


def test_a_reload_of_the_identity_needs_a_new_reason(browser: DeskBrowser, db: Database) -> None:
    concern = report(db)
    browser.opens(concern)
    form = browser.hidden(f"/desk/concerns/{concern.number}/identity")
    assert browser.does(concern, "identity", text="電話のため", follow=False, **form) == 200
    assert browser.does(concern, "identity", text="電話のため", follow=False, **form) == 303
    assert CONTACT not in browser.page


def test_who_steps_back_is_led_out_and_finds_nothing_any_more(
    town: Town, browser: DeskBrowser, db: Database
) -> None:
    concern, suzuki = report(db), at_work(town, hire(db, "鈴木", IWAMI))
    browser.opens(concern)
    browser.does(concern, "recuse", sure="yes")
    assert browser.address == "/desk"
    browser.opens(concern)
    assert browser.status == 404
    suzuki.opens(concern)
    assert suzuki.status == 200
    assert "申し出ました" in suzuki.text


def test_merged_reports_point_at_each_other(browser: DeskBrowser, db: Database) -> None:
    kept, other = report(db), report(db)
    browser.opens(other)
    browser.does(other, "merge", into=kept.number.lower())
    assert f"{kept.number} にまとめました" in browser.text
    browser.opens(kept)
    assert other.number in browser.text


def test_a_number_that_is_not_theirs_is_not_merged_and_not_confirmed(
    browser: DeskBrowser, db: Database
) -> None:
    mine, theirs = report(db), report(db, SUPPORT)
    answers = []
    for number in (theirs.number, "K-0000-0000-0", mine.number):
        browser.opens(mine)
        assert browser.does(mine, "merge", into=number) == 422
        answers.append(re.sub(r'(once|proof|seen|into)" value="[^"]*"|value="K[^"]*"', "", browser.page))
    assert answers[0] == answers[1]
    assert again(db, mine).merged_into is None


def test_an_undelivered_message_is_told(browser: DeskBrowser, db: Database, clock: Clock) -> None:
    concern = report(db)
    browser.opens(concern)
    browser.does(concern, "accept")
    assert "届いていません" not in browser.text
    clock.now += dt.timedelta(minutes=20)
    browser.opens(concern)
    assert "LINEのお知らせが届いていません" in browser.text


def test_words_that_were_purged_are_said_to_be_gone(browser: DeskBrowser, db: Database) -> None:
    concern = report(db)
    with db.work() as work:
        concerns.add_details(work, concern, {})
    browser.opens(concern)
    assert browser.status == 200
    assert SEEN not in browser.text
    assert "消しました" in browser.text
