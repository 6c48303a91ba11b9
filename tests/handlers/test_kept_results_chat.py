"""A result of the handbook on LINE: in full, what to bring, a page for the family, and news when something changed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from phone import Phone
from surroundings import Clock
from town import PUBLIC_URL, Town, the_content, wrong_with

from bot.handbook.kept_results import change_notice
from bot.line.render import to_line
from bot.messages import Saying
from bot.programme import my_data
from storage import conversations as conversations_table
from storage import handbook_results, people
from storage.handbook_results import KeptResult, ShownScheme, kept_results

SHARE, WATCH, STOP = "紙にする・家族に見せる", "変わったら知らせる", "支援のお知らせをやめる"
PAGE = re.compile(re.escape(PUBLIC_URL) + r"/handbook/r/([\w-]{43})")


def reads_a_result(town: Town, who: str = "自分のこと") -> Phone:
    phone = town.friend()
    phone.taps("お悩みハンドブック（使える支援をさがす）")
    phone.taps("鳥取市")
    phone.taps(who)
    if who == "近所の人・知り合いのこと":
        phone.taps("その人に使える支援をさがす")
    for label in ("お金", "これでおわり", "40〜64歳", "ひとりで住んでいる", "今月の支払いができない"):
        phone.taps(label)
    phone.taps("ここまでで結果を見る")
    return phone


def watches(town: Town) -> Phone:
    phone = reads_a_result(town)
    phone.taps(WATCH)
    phone.taps("知らせてもらう")
    return phone


def labels(phone: Phone) -> list[str]:
    return [str(button.get("label")) for button in phone.buttons()]


def button(phone: Phone, label: str) -> str:
    return next(str(b["data"]) for b in phone.buttons() if b.get("label") == label)


def address(phone: Phone) -> str:
    return next(str(b["uri"]) for b in phone.buttons() if PAGE.fullmatch(b.get("uri", "")))


def behind(town: Town, url: str) -> KeptResult | None:
    found = PAGE.fullmatch(url)
    assert found
    with town.services.db.look() as work:
        return handbook_results.read(work, found[1])


def watched_by(town: Town, phone: Phone) -> tuple[KeptResult, ...]:
    with town.services.db.work() as work:
        person = people.lock(work, "default", phone.line_id)
        return handbook_results.watched(work, person.id)


def was_shown_otherwise(town: Town, phone: Phone, change: dict[str, ShownScheme]) -> None:
    """As if these schemes had been other ones when this person saw them."""
    with town.services.db.work() as work:
        person = people.lock(work, "default", phone.line_id)
        (kept,) = handbook_results.watched(work, person.id)
        handbook_results.stop(work, person.id)
        schemes = [change.get(each.id, each) for each in kept.schemes] + [
            each for key, each in change.items() if key not in {one.id for one in kept.schemes}
        ]
        handbook_results.watch(work, "default", person.id, kept.town, schemes)


def fits_line(phone: Phone) -> bool:
    return wrong_with(phone.got) == []


# ---- one scheme in full, and what to bring -----------------------------------------------------------------


def test_a_card_says_what_one_gets_for_whom_how_much_where_and_why(town: Town) -> None:
    phone = reads_a_result(town)
    scheme = next(one for one in the_content().catalogue.schemes if one.id == "national-002")
    for words in (scheme.official_name, scheme.what, scheme.cost, scheme.deadline):
        assert words in phone.sees
    assert scheme.who_for[0] in phone.sees
    assert "鳥取市福祉事務所" in phone.sees
    assert "「今月の支払いができない」と答えたので" in phone.sees
    assert fits_line(phone)


def test_what_is_not_known_of_a_person_is_to_be_confirmed_in_words(town: Town) -> None:
    assert "条件は窓口で確かめてください\n・" in reads_a_result(town).sees


def test_everything_about_one_scheme_is_one_tap_away(town: Town) -> None:
    phone = reads_a_result(town)
    scheme = next(one for one in the_content().catalogue.schemes if one.id == "national-002")
    phone.taps_data(next(b["data"] for b in phone.buttons() if ";one;national-002;" in b.get("data", "")))
    for words in (
        scheme.reading,
        f"「{scheme.say}」",
        "・本人だと わかるもの",
        "2026年11月1日に確かめた内容です",
    ):
        assert words in phone.sees
    assert all(line in phone.sees for line in scheme.who_for)
    assert fits_line(phone)


def test_after_a_day_a_card_still_opens_and_no_longer_says_why(town: Town, clock: Clock) -> None:
    phone = reads_a_result(town)
    data = next(b["data"] for b in phone.buttons() if ";one;national-002;" in b.get("data", ""))
    clock.move(days=1, hours=1)
    with town.services.db.work() as work:
        conversations_table.forget_old(work, clock.now - clock.now, clock.now - clock.now)
    phone.taps_data(data)
    assert "生活保護" in phone.sees
    assert "と答えたので" not in phone.sees


def test_what_to_bring_is_one_list_in_which_nothing_stands_twice(town: Town) -> None:
    phone = reads_a_result(town)
    phone.taps("持っていくもの")
    listed = [line for line in phone.sees.splitlines() if line.startswith("・")]
    assert 3 <= len(listed) == len(set(listed)) <= 8
    assert "ぜんぶ そろわなくても、相談できます" in phone.sees


# ---- a page for the family ---------------------------------------------------------------------------------


def test_a_page_is_made_with_the_result_and_without_an_answer(town: Town) -> None:
    phone = reads_a_result(town)
    phone.taps(SHARE)
    assert "えらんだ答えは、入っていません" in phone.sees
    phone.taps("結果のページを作る")
    kept = behind(town, address(phone))
    assert kept is not None
    assert kept.town == "tottori"
    assert {"national-001", "national-002"} <= {each.id for each in kept.schemes}
    assert "bill" not in json.dumps([list(vars(each).values()) for each in kept.schemes])
    assert fits_line(phone)


def test_the_handbook_alone_can_be_shown_and_then_nothing_is_kept(town: Town) -> None:
    phone = reads_a_result(town)
    phone.taps(SHARE)
    assert "何に困っているかが、伝わることがあります" in phone.sees
    assert f"{PUBLIC_URL}/handbook" in [b.get("uri") for b in phone.buttons()]
    assert town.rows(kept_results) == []


def test_the_page_can_be_taken_back_at_once_and_twice_is_no_harm(town: Town) -> None:
    phone = reads_a_result(town)
    phone.taps(SHARE)
    phone.taps("結果のページを作る")
    url, take_back = address(phone), button(phone, "作ったページを消す")
    phone.taps_data(take_back)
    assert "もう、だれも見られません" in phone.sees
    assert behind(town, url) is None
    phone.taps_data(take_back)
    assert "いま見られるページは、ありません" in phone.sees


def test_for_a_neighbour_a_paper_is_offered_and_the_questions_speak_of_them(town: Town) -> None:
    phone = reads_a_result(town, "近所の人・知り合いのこと")
    asked = [
        str(message["altText"])
        for message in phone.everything
        if "ですか" in message.get("altText", "") and "その人" in message["altText"]
    ]
    assert len(asked) >= 3
    phone.taps("その人にわたす紙を作る")
    assert "名前も、あなたのことも入りません" in phone.sees
    assert behind(town, address(phone)) is not None


def test_where_nothing_was_found_there_is_nothing_to_keep(town: Town) -> None:
    phone = town.friend()
    phone.taps("お悩みハンドブック（使える支援をさがす）")
    while "まずは、ここに話してみてください" not in phone.sees:
        phone.taps("答えない・わからない")
    assert not {SHARE, WATCH} & set(labels(phone))


# ---- news of changes ---------------------------------------------------------------------------------------


def test_before_anything_is_kept_it_says_what_is_kept_and_that_it_can_be_stopped(town: Town) -> None:
    phone = reads_a_result(town)
    phone.taps(WATCH)
    assert "えらんだ答えは残しません" in phone.sees
    assert "いつでもやめられます" in phone.sees
    assert town.rows(kept_results) == []
    phone.taps("知らせてもらう")
    assert "変わったことがあれば、お知らせします" in phone.sees
    assert STOP in labels(phone)
    assert len(watched_by(town, phone)) == 1


def test_a_double_tap_keeps_it_once(town: Town) -> None:
    phone = reads_a_result(town)
    phone.taps(WATCH)
    yes = button(phone, "知らせてもらう")
    phone.taps_data(yes)
    phone.taps_data(yes)
    assert "もうお知らせすることになっています" in phone.sees
    assert len(watched_by(town, phone)) == 1


def test_it_stands_among_my_data_with_how_long_it_is_kept(town: Town) -> None:
    phone = watches(town)
    with town.services.db.work() as work:
        person = people.lock(work, "default", phone.line_id)
        said = my_data.as_text(
            the_content(), my_data.sections(work, the_content(), person), town.services.now()
        )
    assert "変わったらお知らせする支援：" in said
    assert "生活費が足りないとき 国が決めた額まで支える" in said
    assert "いつまで残すか：2027年12月1日" in said
    assert "shown" not in said


def test_what_is_kept_lies_sealed(town: Town) -> None:
    watches(town)
    (row,) = town.rows(kept_results)
    assert b"national" not in row.shown
    assert "生活".encode() not in row.shown


@pytest.mark.parametrize(
    "words", ["支援のお知らせをやめる", "支援のお知らせは いらない", "支援のお知らせを止める。"]
)
def test_it_stops_by_words_too(town: Town, words: str) -> None:
    phone = watches(town)
    phone.types(words)
    assert "支援のお知らせをやめました" in phone.sees
    assert watched_by(town, phone) == ()


def test_it_stops_by_its_button_also_in_the_middle_of_another_conversation(town: Town) -> None:
    phone = watches(town)
    data = button(phone, STOP)
    phone.types("お悩みハンドブック")
    phone.taps_data(data)
    assert "つづける" in labels(phone)
    assert "支援のお知らせをやめました" in phone.sees
    phone.taps_data(data)
    assert "いま届かないようになっています" in phone.sees
    assert town.rows(kept_results) == []


def test_who_rests_from_news_is_told_that_nothing_comes_meanwhile(town: Town) -> None:
    phone = reads_a_result(town)
    with town.services.db.work() as work:
        people.set_paused(work, people.lock(work, "default", phone.line_id).id, True)
    phone.taps(WATCH)
    phone.taps("知らせてもらう")
    assert "お休みのあいだは、届きません" in phone.sees


def test_the_button_of_the_news_shows_what_has_ended_and_what_is_other_now(town: Town) -> None:
    phone = watches(town)
    (kept,) = watched_by(town, phone)
    rent = next(each for each in kept.schemes if each.id == "national-002")
    gone = ShownScheme("national-999", "chosen", "くらし応援の給付金", "aa.bb.cc.dd.ee")
    other = ".".join(("00000000", *rent.mark.split(".")[1:4], "00000000"))
    was_shown_otherwise(town, phone, {rent.id: replace(rent, mark=other), gone.id: gone})
    notice = to_line(Saying((change_notice(the_content()),)))
    see = next(b for b in _actions(notice) if b.get("label") == "変わったところを見る")
    phone.taps_data(see["data"])
    assert "くらし応援の給付金" in phone.sees
    assert "いまの一覧にはありません" in phone.sees
    assert "変わったところ：内容・電話" in phone.sees
    assert "生活保護" in phone.sees
    assert {STOP, "もう一度さがす"} <= set(labels(phone))
    assert fits_line(phone)
    phone.taps_data(see["data"])
    assert "くらし応援の給付金" in phone.sees


def test_an_old_button_of_the_news_says_kindly_that_there_is_nothing(town: Town) -> None:
    phone = watches(town)
    phone.taps_data("v1;results;changes;;")
    assert "いまは、変わったところはありません" in phone.sees
    phone.taps_data("v1;results;stop;;")
    phone.taps_data("v1;results;changes;;")
    assert "いま届かないようになっています" in phone.sees


def test_a_stranger_sees_nothing_of_anybody_elses_changes(town: Town) -> None:
    watches(town)
    stranger = town.friend()
    stranger.taps_data("v1;results;changes;;")
    assert "いま届かないようになっています" in stranger.sees


@pytest.mark.parametrize("deed", ["share", "page", "offer", "watch", "bring"])
def test_a_button_of_another_person_or_of_yesterday_keeps_nothing(town: Town, deed: str) -> None:
    phone = reads_a_result(town)
    run = button(phone, WATCH).split(";")[-1]
    stranger = town.friend()
    for data in (f"v1;results;{deed};;{run}", f"v1;results;{deed};;ffffffffffff", f"v1;results;{deed};;"):
        stranger.taps_data(data)
        assert "もう残っていません" in stranger.sees
    assert town.rows(kept_results) == []


def test_a_sticker_after_it_is_answered_kindly_and_changes_nothing(town: Town) -> None:
    phone = watches(town)
    phone.sends("sticker")
    assert "スタンプをありがとうございます" in phone.sees
    assert len(watched_by(town, phone)) == 1


def test_the_japanese_words_stop_it_in_whatever_language_somebody_reads(town: Town) -> None:
    phone = watches(town)
    with town.services.db.work() as work:
        people.speak(work, people.lock(work, "default", phone.line_id).id, "pt-BR")
    phone.types("支援のお知らせをやめる")
    assert watched_by(town, phone) == ()


def _actions(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    phone = Phone.__new__(Phone)
    phone.got = messages
    return phone.buttons()
