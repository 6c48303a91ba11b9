"""The answer to a desk's question; words of danger in what is written; the desk hears that there is something new."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from bot.content.library import Content
from bot.crisis import Danger, Level, Who
from bot.crisis_reply import reply_for
from bot.desk import telling
from storage import concerns, dangers, entries, notices, people
from storage.work import Database
from tests.conftest import Clock
from tests.web.conftest import Browser
from tests.web.test_details_form import WORDS, Link, link, make_link, phone, site, stored, to_form

__all__ = ["link", "phone", "site"]  # fixtures

QUESTION = "雨戸は、きのうも閉まっていましたか。"


def ask(db: Database, one: Link, text: str = QUESTION) -> Link:
    with db.work() as work:
        entries.add(work, one.concern, "question", "staff:s1", {"text": text})
    return make_link(db, one.concern, purpose="answer")


def told(db: Database) -> list[str]:
    """What the desks were told, in order."""
    with db.look() as work:
        table = notices.notices
        return list(work.conn.execute(select(table.c.what).order_by(table.c.id)).scalars())


def test_the_question_stands_above_one_box(phone: Browser, link: Link, db: Database) -> None:
    asked = ask(db, link)
    phone.open(asked.path)
    assert QUESTION not in phone.text
    to_form(phone, asked)
    assert QUESTION in phone.text
    assert link.concern.number in phone.text
    assert phone.page.count("<textarea") == 1
    assert 'type="file"' not in phone.page


def test_the_answer_is_an_entry_and_the_desk_hears_of_it(phone: Browser, link: Link, db: Database) -> None:
    asked = ask(db, link)
    to_form(phone, asked)
    phone.send(f"{asked.path}/send", answer="はい、3日前からです")
    assert phone.addresses[-1].endswith("/sent")
    with db.look() as work:
        answer = entries.of(work, link.concern)[-1]
        now = concerns.get(work, link.concern.id)
    assert (answer.kind, answer.author, answer.words) == ("answer", "person", {"text": "はい、3日前からです"})
    assert now is not None
    assert now.news_at == db.clock()
    assert told(db) == ["news"]
    assert stored(db, link.concern) == {}


def test_an_empty_answer_is_asked_for_again(phone: Browser, link: Link, db: Database) -> None:
    asked = ask(db, link)
    to_form(phone, asked)
    phone.send(f"{asked.path}/send", answer=" ")
    assert phone.status == 422
    assert 'id="answer-error"' in phone.page
    assert QUESTION in phone.text


def test_the_latest_question_is_shown_and_no_earlier_answer(
    phone: Browser, link: Link, db: Database, clock: Clock
) -> None:
    first = ask(db, link, "古い質問")
    to_form(phone, first)
    phone.send(f"{first.path}/send", answer="古い答え")
    clock.move(minutes=1)
    asked = ask(db, link)
    to_form(phone, asked)
    assert QUESTION in phone.text
    for earlier in ("古い質問", "古い答え"):
        assert earlier not in phone.text


def test_a_question_that_is_markup_stays_words(phone: Browser, link: Link, db: Database) -> None:
    asked = ask(db, link, "<img src=x onerror=alert(1)>")
    to_form(phone, asked)
    assert "<img src=x" not in phone.page


def test_without_a_question_there_is_nothing_to_answer(phone: Browser, link: Link, db: Database) -> None:
    nothing = make_link(db, link.concern, purpose="answer")
    to_form(phone, nothing)
    assert phone.status == 410


def test_a_link_of_one_kind_does_not_take_the_form_of_the_other(
    phone: Browser, link: Link, db: Database
) -> None:
    asked = ask(db, link)
    to_form(phone, asked)
    phone.send(f"{asked.path}/send", **WORDS)
    assert phone.status == 422
    assert stored(db, link.concern) == {}
    to_form(phone, link)
    phone.send(f"{link.path}/send", answer="はい")
    assert phone.status == 422


def test_an_answer_is_kept_on_the_way_like_everything_else(phone: Browser, link: Link, db: Database) -> None:
    asked = ask(db, link)
    to_form(phone, asked)
    phone.send(f"{asked.path}/draft", answer="はい、3日")
    phone.open(f"{asked.path}/form")
    assert "はい、3日" in phone.text


def test_who_was_asked_before_a_merge_answers_and_the_concern_that_goes_on_has_it(
    phone: Browser, link: Link, db: Database, clock: Clock
) -> None:
    other = make_link(db)
    with db.work() as work:
        entries.add(work, other.concern, "question", "staff:s1", {"text": QUESTION})
        merged = concerns.merge(work, other.concern, link.concern)
    asked = make_link(db, merged, purpose="answer")
    to_form(phone, asked)
    assert QUESTION in phone.text
    assert merged.number in phone.text
    phone.send(f"{asked.path}/send", answer="はい")
    with db.look() as work:
        assert entries.of(work, link.concern)[-1].kind == "answer"


def test_a_question_to_another_reporter_is_not_shown_to_whose_report_was_merged(
    phone: Browser, link: Link, db: Database
) -> None:
    other = make_link(db, line_id="U" + "2" * 32)
    with db.work() as work:
        merged = concerns.merge(work, other.concern, link.concern)
        entries.add(work, link.concern, "question", "staff:s1", {"text": QUESTION})
    asked = make_link(db, merged, purpose="answer")
    to_form(phone, asked)
    assert phone.status == 410
    assert QUESTION not in phone.text


# ---- danger ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["what", "since", "who"])
def test_words_of_danger_are_flagged_told_and_answered_first(
    phone: Browser, link: Link, db: Database, where: str
) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **(WORDS | {where: "部屋で倒れているのが見えます"}))
    assert phone.addresses[-1].endswith("/sent")
    with db.look() as work:
        now = concerns.get(work, link.concern.id)
    assert now is not None
    assert (now.danger, now.level) == (True, 1)
    assert now.accept_due is not None
    assert told(db) == ["danger"]
    main = phone.page[phone.page.index("<main") :]
    assert main.index('href="tel:119"') < main.index('href="tel:110"') < main.index("届きました")
    assert "倒れて" not in phone.page


def test_danger_in_an_answer_is_noticed_too(phone: Browser, link: Link, db: Database) -> None:
    asked = ask(db, link)
    to_form(phone, asked)
    phone.send(f"{asked.path}/send", answer="きのう「死にたい」と言っていました")
    assert told(db) == ["danger"]
    assert 'href="tel:119"' in phone.page
    assert "いのちSOS" in phone.text


def test_danger_in_a_second_form_is_noticed_too(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **WORDS)
    more = make_link(db, link.concern)
    to_form(phone, more)
    phone.send(f"{more.path}/send", what="部屋で倒れているのが見えます")
    assert told(db) == ["news", "danger"]


def test_papers_that_pile_up_are_the_reason_for_writing_and_no_alarm(
    phone: Browser, link: Link, db: Database
) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **WORDS)
    assert told(db) == ["news"]
    with db.look() as work:
        now = concerns.get(work, link.concern.id)
    assert now is not None
    assert (now.danger, now.level) == (False, 2)
    assert "先に電話を" not in phone.text


def test_a_reporter_who_writes_of_their_own_wish_to_die_is_looked_after(
    phone: Browser, link: Link, db: Database
) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **(WORDS | {"contact": "わたしも、もう死にたい"}))
    with db.look() as work:
        (row,) = dangers.listed(work)
        person = people.get(work, row.person_id)
    assert row.code == "S1"
    assert person is not None
    assert person.danger_until is not None
    assert "話してくださって" in phone.text


def test_the_help_is_shown_again_when_the_page_is_loaded_again_but_to_nobody_else(
    site: Flask, phone: Browser, link: Link
) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **(WORDS | {"what": "部屋で倒れているのが見えます"}))
    phone.open(f"{link.path}/sent")
    assert 'href="tel:119"' in phone.page
    stranger = Browser(site.test_client())
    stranger.open(f"{link.path}/sent")
    assert stranger.status == 410


def test_a_danger_leaves_no_word_in_the_log(
    phone: Browser, link: Link, capfd: pytest.CaptureFixture[str]
) -> None:
    to_form(phone, link)
    phone.send(
        f"{link.path}/send", **(WORDS | {"what": "部屋で倒れているのが見えます。死にたいと言っていた"})
    )
    said = "".join(capfd.readouterr())
    for word in ("倒れ", "死にたい", "山田", "本町", "medical", "suicide"):
        assert word not in said


def test_no_fixed_words_on_the_page_ask_for_something_that_only_the_chat_can_do(content: Content) -> None:
    replies = content.crisis_replies
    for key in replies.by_key:
        code, _, category = key.partition(".")
        who = Who.OTHER if code.startswith("O") else Who.SELF
        level = {"0": Level.NOW, "1": Level.STRONG, "2": Level.SOFT}[code[1]]
        level = Level.LIVELIHOOD if code == "L1" else level
        danger = Danger(who, level, category or "suicide", ())
        moment = Clock().now
        first = reply_for(danger, replies, content.hotlines, moment).messages[0]
        for word in ("送ってください", "トーク", "おして", "下のボタン"):
            assert word not in first, key


def test_words_are_read_together_across_the_boxes(content: Content) -> None:
    (found,) = telling.dangers_in(content, ["となりの母と子", "", "「死にたい」と言っている"])
    assert found.who is Who.OTHER


def test_the_thanks_say_what_happens_next_and_who_reads(phone: Browser, link: Link) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **WORDS)
    for words in (
        "このあとのこと",
        "LINEで短くお知らせします",
        "わたしの連絡",
        "鳥取市 中央人権福祉センター",
    ):
        assert words in phone.text
    assert "いまは時間外" not in phone.text


def test_at_night_the_thanks_are_honest(phone: Browser, db: Database, clock: Clock) -> None:
    clock.move(days=4, hours=11)  # Saturday, 21:00
    late = make_link(db)
    to_form(phone, late)
    phone.send(f"{late.path}/send", **WORDS)
    assert "いまは時間外です。つぎに開くのは 12月7日（月）8時30分" in phone.text


def test_nothing_that_was_written_is_in_what_is_told(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **(WORDS | {"what": "部屋で倒れているのが見えます"}))
    with db.look() as work:
        rows: list[Any] = list(work.conn.execute(select(notices.notices)))
    assert rows
    for word in ("倒れ", "山田", "本町"):
        assert word not in str(rows)
