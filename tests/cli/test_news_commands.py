"""News at the terminal: entered one by one or as a table, looked at, mended, and sent out of turn."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import update
from terminal import Run

from storage import audit, news_items, people
from storage.broadcasts import listed
from storage.people import Rhythm
from storage.work import Database

pytestmark = pytest.mark.usefixtures("by_day")
ADD = (
    *("news", "add", "--topic", "地域食堂", "--town", "岩美町", "--title", "みんなで昼ごはん"),
    *("--text", "浦富公民館で11時から。"),
)
HEAD = "種類,市町,題,文,日,リンク,期限,題（英語）,文（英語）\r\n"


@pytest.fixture
def readers(opened: Database) -> None:
    """Three of 岩美町 with 地域食堂 (each week, each month, in English each week), one of 鳥取市."""
    people_of: tuple[tuple[str, Rhythm, str | None], ...] = (
        *(("iwami", "week", None), ("iwami", "month", None), ("iwami", "week", "en")),
        ("tottori", "week", None),
    )
    with opened.work() as work:
        for number, (town, rhythm, language) in enumerate(people_of):
            person = people.lock(work, "default", f"U{number:032x}")
            people.begin_news(work, person, town, "1")
            people.set_news(work, person, {"shokudo": rhythm})
            people.speak(work, person.id, language)


def items(db: Database) -> tuple[news_items.Item, ...]:
    with db.look() as work:
        return news_items.listed(work)


def test_an_item_is_entered_and_it_says_when_it_goes_out(run: Run, opened: Database) -> None:
    said = run(*ADD, "--on", "12/6")
    assert "週に1回の人へ: 2026-12-04(金) 10:00" in said.out
    assert "月に1回の人へ: 届きません（つぎの便 2027-01-04(月) 10:00 の前に終わります）" in said.out
    (item,) = items(opened)
    assert (item.told.topic, item.told.towns, item.told.on) == ("shokudo", ("iwami",), dt.date(2026, 12, 6))
    assert item.told.until == dt.date(2026, 12, 6)
    with opened.look() as work:
        assert [row.deed for row in audit.listed(work)][:1] == ["added"]


def test_what_cannot_wait_says_that_it_comes_at_once(run: Run) -> None:
    said = run("news", "add", "--topic", "disaster", "--title", "大雪", "--text", "声をかけてください。")
    assert "そのつどの人へ" in said.out
    assert "週に1回" not in said.out


def test_the_same_item_is_not_entered_twice(run: Run) -> None:
    run(*ADD)
    said = run(*ADD)
    assert said.code == 1
    assert "もう入っています" in said.err


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (("--on", "2026-11-30"), "もう過ぎています"),
        (("--on", "ふゆ"), "読めません"),
        (("--link", "http://example.lg.jp"), "https://"),
        (("--until", "2028-01-01"), "1年より先"),
        (("--title", "題" * 41), "題が長すぎます（41 文字。40 文字まで）"),
        (("--text", "文" * 201), "文が長すぎます"),
        (("--town", "岩美丁"), "「岩美町」ですか"),
        (("--topic", "地域食道"), "「地域食堂」ですか"),
        (("--topic", ""), "種類が書かれていません"),
    ],
)
def test_what_is_wrong_is_named(run: Run, opened: Database, more: tuple[str, ...], word: str) -> None:
    said = run(*ADD, *more)
    assert said.code == 1
    assert word in said.err
    assert items(opened) == ()


def test_the_list_says_when_the_next_ones_go_out(run: Run) -> None:
    made = run(*ADD, "--json").json
    said = run("news", "list")
    assert made["id"] in said.out
    assert "2026-12-04(金) 10:00" in said.out
    (listed_,) = run("news", "list", "--json").json
    assert listed_["title"] == "みんなで昼ごはん"


def test_what_is_over_is_listed_only_when_asked_for(run: Run, by_day: time_machine.Traveller) -> None:
    run(*ADD, "--on", "12/6")
    by_day.move_to(dt.datetime(2026, 12, 7, 1, tzinfo=dt.UTC))
    assert run("news", "list", "--json").json == []
    assert len(run("news", "list", "--all", "--json").json) == 1
    assert "終わり" in run("news", "list", "--all").out


def test_an_item_is_mended_and_written_in_another_language(run: Run, opened: Database) -> None:
    made = run(*ADD, "--on", "12/6", "--json").json
    assert run("news", "edit", made["id"], "--text", "12時からに変わりました。", "--on", "12/8").code == 0
    assert (
        run("news", "edit", made["id"], "--in", "英語", "--title", "Lunch", "--text", "From 12:00.").code == 0
    )
    (item,) = items(opened)
    assert item.told.words.text == "12時からに変わりました。"
    assert (item.told.on, item.told.until) == (dt.date(2026, 12, 8), dt.date(2026, 12, 8))
    assert item.told.translations == {"en": news_items.Words("Lunch", "From 12:00.")}
    assert run("news", "edit", made["id"], "--title", "昼ごはんの会").code == 0
    assert items(opened)[0].told.translations != {}


def test_half_a_translation_is_refused(run: Run) -> None:
    made = run(*ADD, "--json").json
    said = run("news", "edit", made["id"], "--in", "en", "--title", "Lunch")
    assert (said.code, "両方" in said.err) == (1, True)
    said = run("news", "edit", made["id"], "--in", "en", "--topic", "tips")
    assert (said.code, "--title と --text だけ" in said.err) == (1, True)


def test_it_is_removed_when_that_is_meant(run: Run, opened: Database) -> None:
    made = run(*ADD, "--json").json
    assert "まだ実行していません" in run("news", "remove", made["id"]).out
    assert len(items(opened)) == 1
    assert run("news", "remove", made["id"], "--yes").code == 0
    assert items(opened) == ()
    said = run("news", "remove", made["id"], "--yes")
    assert (said.code, "というお知らせはありません" in said.err) == (1, True)


# ---- tables ------------------------------------------------------------------------------------------------


def test_a_table_is_looked_at_before_it_is_entered(run: Run, opened: Database, tmp_path: Path) -> None:
    table = tmp_path / "12月.csv"
    rows = (
        "地域食堂,岩美町、若桜町,昼ごはん,11時から。,12/6,https://www.example.lg.jp/a,,Lunch,From 11.\r\n"
        "講座・研修,,養成講座,会館で。,,,12/20,,\r\n"
    )
    table.write_bytes((HEAD + rows).encode("cp932"))
    assert "2 件のお知らせを入れます。" in run("news", "add", "--file", str(table)).out
    assert items(opened) == ()
    assert "2 件のお知らせを入れました。" in run("news", "add", "--file", str(table), "--yes").out
    course, lunch = items(opened)
    assert (lunch.told.towns, lunch.told.translations["en"].title) == (("iwami", "wakasa"), "Lunch")
    assert (course.told.towns, course.told.until) == ((), dt.date(2026, 12, 20))
    said = run("news", "add", "--file", str(table), "--yes")
    assert "0 件のお知らせを入れました。もう入っている 2 行は、とばします。" in said.out


def test_bad_rows_are_named_by_file_line_and_field_and_nothing_is_entered(
    run: Run, opened: Database, tmp_path: Path
) -> None:
    table = tmp_path / "news.csv"
    rows = (
        "地域食堂,岩美町,昼ごはん,11時から。,12/6,,,,\n地域食道,,題,文,,,,,\n地域食堂,,,文,,,,,\n"
        "地域食堂,,題,文,11/1/2020,,,,\n地域食堂,,題,文,,ftp://x,,,\n地域食堂,,題,文,,,,Lunch,\n"
    )
    table.write_text(HEAD + rows, "utf-8")
    said = run("news", "add", "--file", str(table), "--yes")
    assert said.code == 1
    for place in (":3 種類:", ":4 題:", ":5 日:", ":6 リンク:", ":7 文: 英語の文がありません"):
        assert f"{table}{place}" in said.err
    assert "6 行のうち 5 行に、直すところがあります。1行も入れていません。" in said.err
    assert items(opened) == ()


@pytest.mark.parametrize(
    ("head", "word"), [("種類,題,本文", "「本文」という列はありません"), ("種類,題", "列「文」がありません")]
)
def test_columns_that_nobody_knows_are_named(run: Run, tmp_path: Path, head: str, word: str) -> None:
    table = tmp_path / "news.csv"
    table.write_text(f"{head}\nx,y,z\n", "utf-8")
    said = run("news", "add", "--file", str(table))
    assert (said.code, word in said.err) == (1, True)


def test_a_file_that_is_not_there_is_said(run: Run) -> None:
    said = run("news", "add", "--file", "nowhere.csv")
    assert (said.code, "nowhere.csv: ファイルがありません" in said.err) == (1, True)


# ---- preview and send --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("readers")
def test_the_preview_says_what_goes_to_how_many(run: Run, tmp_path: Path) -> None:
    made = run(*ADD, "--json").json
    run("news", "edit", made["id"], "--in", "en", "--title", "Lunch", "--text", "From 11:00.")
    each, week, month = run("news", "preview", "--json").json
    assert (each["recipients"], week["recipients"], month["recipients"]) == (0, 2, 1)
    assert {one["language"]: one["recipients"] for one in week["variants"]} == {"ja": 1, "en": 1}
    drawn = tmp_path / "news.png"
    said = run("news", "preview", "--rhythm", "週に1回", "--town", "岩美町", "--out", str(drawn))
    assert "週に1回の便（2026-12-04(金) 10:00）: 2 人" in said.out
    assert drawn.read_bytes().startswith(b"\x89PNG")
    assert run("news", "preview", "--town", "鳥取市", "--rhythm", "week", "--json").json[0]["recipients"] == 0


@pytest.mark.usefixtures("readers")
def test_the_preview_says_who_is_left_out_and_why(run: Run, opened: Database) -> None:
    run(*ADD)
    with opened.work() as work:
        work.conn.execute(update(people.people).values(paused=True))
    said = run("news", "preview", "--rhythm", "week")
    assert "週に1回の便（2026-12-04(金) 10:00）: 0 人" in said.out
    assert "この便が届かない人（本人がお知らせを休んでいる）: 2 人" in said.out
    assert run("news", "preview", "--rhythm", "week", "--json").json[0]["left_out"]["paused"] == 2


@pytest.mark.usefixtures("readers")
def test_it_is_sent_out_of_turn_once(run: Run, opened: Database) -> None:
    run(*ADD)
    said = run("news", "send", "--rhythm", "week")
    assert "週に1回の便を、いま 2 人に送ります。" in said.out
    with opened.look() as work:
        assert listed(work) == ()
    sent = run("news", "send", "--rhythm", "week", "--yes", "--json").json
    assert (sent["status"], sent["recipients"]) == ("sending", 2)
    assert "お便り" in run("broadcast", "show", sent["id"]).out + run("broadcast", "list").out
    again = run("news", "send", "--rhythm", "week", "--yes")
    assert (again.code, "届けるものがありません" in again.err) == (1, True)


@pytest.mark.usefixtures("readers")
def test_at_night_nothing_is_sent(run: Run, by_day: time_machine.Traveller) -> None:
    run(*ADD)
    by_day.move_to(dt.datetime(2026, 12, 1, 13, tzinfo=dt.UTC))
    said = run("news", "send", "--rhythm", "week", "--yes", LINE_API_BASE=None)
    assert (said.code, "夜（21:00〜8:00）" in said.err) == (1, True)


@pytest.mark.usefixtures("readers")
def test_above_the_limit_a_second_person_approves(run: Run, opened: Database) -> None:
    run(*ADD)
    said = run("news", "send", "--rhythm", "week", "--yes", BROADCAST_APPROVAL_ABOVE="1")
    assert said.code == 2
    sent = run(
        "news", "send", "--rhythm", "week", "--yes", "--as", "山田", "--json", BROADCAST_APPROVAL_ABOVE="1"
    )
    assert sent.json["status"] == "awaiting"


def test_which_one_is_to_be_said(run: Run) -> None:
    assert run("news", "send", "--yes").code == 2
    said = run("news", "send", "--rhythm", "毎月", "--yes")
    assert (said.code, "月に1回" in said.err) == (1, True)


# ---- staff's own broadcasts --------------------------------------------------------------------------------


@pytest.mark.usefixtures("readers")
def test_a_preview_by_topic_says_how_many_would_rather_have_a_digest(run: Run) -> None:
    said = run("broadcast", "preview", "--text", "きょうの食堂", "--to", "topic=地域食堂")
    assert "4 人は、まとめて受けとりたい人です" in said.out
    assert "tsunagari news add" in said.out
    said = run("broadcast", "preview", "--text", "大雪です", "--to", "topic=災害のときの声かけ")
    assert "まとめて受けとりたい" not in said.out


@pytest.mark.usefixtures("readers")
def test_people_are_found_by_rhythm_and_language(run: Run) -> None:
    weekly = run("broadcast", "preview", "--to", "rhythm=週に1回", "--json").json
    english = run("broadcast", "preview", "--to", "language=英語", "--json").json
    assert (weekly["recipients"], english["recipients"]) == (3, 1)
    assert "お知らせを週に1回受けとる人" in run("broadcast", "preview", "--to", "受けとり方=週に1回").out
    assert "英語で読む人" in run("broadcast", "preview", "--to", "言葉=英語").out
