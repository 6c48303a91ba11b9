"""`tsunagari content`: a town's table in and out, and what the check says to whoever edits content."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine
from scheme_table import HEADS, PAGE, RENT, ROWS, SCHOOL, TOYS, WELFARE, as_book, as_csv, changed
from terminal import Run, Said

from bot.content.library import peek_content
from bot.settings import REPOSITORY

TODAY = "2026-12-01"
Import = Callable[..., Said]


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """Content of our own, to write into."""
    big = shutil.ignore_patterns("examples.csv", "opinion.json")
    return Path(shutil.copytree(REPOSITORY / "content", tmp_path / "content", ignore=big))


@pytest.fixture
def bring_in(run: Run, content: Path, by_day: time_machine.Traveller) -> Import:
    """`bring_in(file, "--apply")` for 鳥取市."""
    return lambda file, *more: run(
        "content", "import-schemes", str(file), "--town", "鳥取市", *more, CONTENT_DIR=str(content)
    )


def rows_of(content: Path) -> dict[str, dict[str, str]]:
    with (content / "schemes" / "tottori.csv").open(encoding="utf-8-sig", newline="") as lines:
        return {row["table_id"] or row["id"]: row for row in csv.DictReader(lines)}


def errors_of(said: Said) -> list[str]:
    return [line for line in said.out.splitlines() if line.startswith("✗")]


@pytest.fixture(params=["xlsx", "cp932", "utf-8", "utf-8-sig", "utf-16", "tab", "semicolon"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The same table in every form in which it may arrive."""
    match request.param:
        case "xlsx":
            return as_book(tmp_path / "一覧.xlsx")
        case "tab":
            return as_csv(tmp_path / "一覧.csv", between="\t")
        case "semicolon":
            return as_csv(tmp_path / "一覧.csv", between=";")
    return as_csv(tmp_path / "一覧.csv", encoding=request.param)


# ---- a first import


def test_a_table_of_every_form_becomes_schemes_of_the_town(
    bring_in: Import, table: Path, content: Path
) -> None:
    said = bring_in(table, "--apply")
    assert said.code == 0, said.out + said.err
    rows = rows_of(content)
    assert list(rows) == ["10001", "10002", "10003", "20001", "20002"]
    assert {key: row["overrides"] for key, row in rows.items()} == {
        "10001": "national-064", "10002": "", "10003": "national-002", "20001": "", "20002": "national-240",
    }  # fmt: skip
    assert rows["10001"]["window_kind"] == "鳥取市パーソナルサポートセンター"
    assert rows["10001"]["url"] == f"{PAGE}/1.html"
    own = rows["10002"]
    assert (own["theme"], own["show_if_any"], own["plain_title"]) == (
        "お金",
        "Q2.money",
        "家賃が払えないとき",
    )
    assert (own["window_kind"], own["phone"]) == ("建築住宅課", "0857-30-8371")
    assert rows["10003"]["phone"] == "0857203472"
    assert rows["20001"]["deadline"] == "受付時間: 平日 9時〜17時"
    assert rows["20002"]["deadline"] == "申請は4月末まで"
    assert {row["verified_at"] for row in rows.values()} == {TODAY}
    (toys,) = [s for s in peek_content(content).catalogue.schemes if s.id == "tottori-20001"]
    assert (toys.town, toys.theme, toys.url) == ("tottori", "子育て・ひとり親", f"{PAGE}/4.html")


def test_the_desk_of_a_town_is_found_by_the_name_that_the_table_gave(
    bring_in: Import, content: Path, tmp_path: Path
) -> None:
    bring_in(as_book(tmp_path / "a.xlsx"), "--apply")
    read = peek_content(content)
    (rent,) = [s for s in read.catalogue.schemes if s.id == "tottori-10001"]
    desk = read.window_for(rent, "tottori")
    assert desk is not None
    assert desk.key == "tottori_personal_support"


def test_without_apply_nothing_is_written_and_everything_is_told(
    bring_in: Import, table: Path, content: Path
) -> None:
    said = bring_in(table)
    assert said.code == 0
    assert not (content / "schemes" / "tottori.csv").exists()
    for words in ("見出し 4行目", "読まない列: 予算額", "合計 5件", "新しく入るもの 5 件", "--apply"):
        assert words in said.out
    assert "「こども家庭課」は windows.yaml になく" in said.out


def test_cells_that_were_carried_down_are_named_in_a_csv_and_known_in_a_book(
    bring_in: Import, tmp_path: Path
) -> None:
    told = bring_in(as_csv(tmp_path / "a.csv")).out
    assert "解説記事タイトルが空の 1行には、上の行と同じものを入れました: 6行" in told
    assert "連携目標が空の 2行には" in told
    assert "上の行と同じもの" not in bring_in(as_book(tmp_path / "a.xlsx")).out


# ---- again


def test_the_same_table_again_changes_nothing(bring_in: Import, table: Path, content: Path) -> None:
    bring_in(table, "--apply")
    before = (content / "schemes" / "tottori.csv").read_bytes()
    said = bring_in(table, "--apply")
    assert "変わるところはありません" in said.out
    assert (content / "schemes" / "tottori.csv").read_bytes() == before


def test_what_changed_is_shown_field_by_field_and_hand_written_cells_stay(
    bring_in: Import, content: Path, tmp_path: Path
) -> None:
    bring_in(as_book(tmp_path / "a.xlsx"), "--apply")
    file = content / "schemes" / "tottori.csv"
    file.write_text(
        file.read_text("utf-8-sig").replace("おもちゃ図書館,,", "おもちゃ図書館,おもちゃ としょかん,"),
        "utf-8-sig",
    )
    again = (
        *ROWS[:3],
        changed(TOYS, official="おもちゃ図書館", url=f"{PAGE}/9.html", desk="こども未来課"),
        SCHOOL,
    )
    said = bring_in(as_book(tmp_path / "b.xlsx", again), "--json", "--apply")
    (change,) = said.json["changed"]
    assert {each["field"]: (each["before"], each["after"]) for each in change["fields"]} == {
        "url": (f"{PAGE}/4.html", f"{PAGE}/9.html"),
        "window_kind": ("こども家庭課", "こども未来課"),
    }
    assert rows_of(content)["20001"]["reading"] == "おもちゃ としょかん"
    assert len(said.json["unchanged"]) == 4


def test_what_vanished_is_named_and_ended_and_comes_back_with_its_id(
    bring_in: Import, content: Path, tmp_path: Path
) -> None:
    bring_in(as_book(tmp_path / "a.xlsx"), "--apply")
    said = bring_in(as_book(tmp_path / "b.xlsx", (RENT, *ROWS[1:3], SCHOOL)), "--apply")
    assert "表からなくなったので終わるもの 1 件" in said.out
    ended = rows_of(content)["20001"]
    assert (ended["valid_to"], ended["ended"]) == ("2026-11-30", "1")
    assert (
        "変わるところはありません" in bring_in(as_book(tmp_path / "b.xlsx", (RENT, *ROWS[1:3], SCHOOL))).out
    )
    said = bring_in(as_book(tmp_path / "c.xlsx"), "--apply", "--json")
    assert [each["id"] for each in said.json["back"]] == ["tottori-20001"]
    assert (rows_of(content)["20001"]["valid_to"], rows_of(content)["20001"]["ended"]) == ("", "")


def test_when_an_override_ends_the_national_scheme_counts_again(
    bring_in: Import, content: Path, tmp_path: Path, by_day: time_machine.Traveller
) -> None:
    bring_in(as_book(tmp_path / "a.xlsx"), "--apply")
    bring_in(as_book(tmp_path / "b.xlsx", (RENT, *ROWS[1:2], TOYS, SCHOOL)), "--apply")
    today = dt.date(2026, 12, 1)
    found = peek_content(content).catalogue.recommend({"Q7": frozenset({"food"})}, "tottori", today)
    groups = (found.safety, found.hubs, found.chosen, found.others)
    shown = {one.scheme.id for group in groups for one in group}
    assert "national-002" in shown
    assert "tottori-10003" not in shown
    assert rows_of(content)["10003"]["official_name"] == "生活保護"


def test_half_a_table_does_not_end_the_other_half_by_mistake(
    bring_in: Import, content: Path, tmp_path: Path
) -> None:
    many = [changed(TOYS, id=30_000 + n, title=f"遊び場 {n}", official=f"遊び場 {n}") for n in range(12)]
    bring_in(as_book(tmp_path / "a.xlsx", many), "--apply")
    before = (content / "schemes" / "tottori.csv").read_bytes()
    said = bring_in(as_book(tmp_path / "b.xlsx", many[:3]), "--apply")
    assert said.code == 1
    assert "9 件が表からなくなっています" in said.err
    assert (content / "schemes" / "tottori.csv").read_bytes() == before
    assert bring_in(as_book(tmp_path / "b.xlsx", many[:3]), "--apply", "--many-ended").code == 0


def test_rows_that_never_came_from_a_table_are_left_alone(
    bring_in: Import, content: Path, tmp_path: Path
) -> None:
    (content / "schemes" / "tottori.csv").write_text(
        "id,overrides,ended\ntottori-none,national-001,1\n", "utf-8"
    )
    said = bring_in(as_book(tmp_path / "a.xlsx"), "--apply")
    assert "表から来ていない 1 件には、さわりません" in said.out
    assert rows_of(content)["tottori-none"]["overrides"] == "national-001"


def test_checked_says_that_the_town_made_sure_of_every_row(
    bring_in: Import, content: Path, tmp_path: Path, by_day: time_machine.Traveller
) -> None:
    bring_in(as_book(tmp_path / "a.xlsx"), "--apply")
    by_day.move_to("2027-03-01T10:00:00+09:00")
    assert bring_in(as_book(tmp_path / "a.xlsx"), "--checked", "--apply").code == 0
    assert {row["verified_at"] for row in rows_of(content).values()} == {"2027-03-01"}


# ---- what is wrong in a table


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (
            {"url": "http://www.city.tottori.lg.jp/a"},
            "遷移先URL: 「http://www.city.tottori.lg.jp/a」: https://",
        ),
        ({"url": f"{PAGE}/4.html?utm_source=line"}, "utm_source"),
        ({"url": f"{PAGE}/4 5.html"}, "空白や使えない記号"),
        ({"url": f"{PAGE}/4.html\n{PAGE}/5.html"}, "リンクが2つ以上"),
        ({"goal": "道路"}, "連携目標: 「道路」がどのテーマか、分かりません"),
        ({"goal": "", "id": "9"}, "ID 9"),
        ({"id": ""}, "ID: IDがありません"),
        ({"id": "10001"}, "ID 10001 は、5行にもあります"),
        ({"official": ""}, "掲載支援（正式名称）: 掲載支援（正式名称）がありません"),
        ({"title": "あ" * 41}, "解説記事タイトル: 41字あります。40字までです"),
        ({"official": "=1+1"}, "記号で始まっています"),
        ({"phone": "0857-30-841"}, "電話番号: 「0857-30-841」は、けたの数"),
        ({"phone": "夫に聞く"}, "電話番号として読めません"),
    ],
)
def test_an_error_names_file_line_and_field_and_nothing_is_written(
    bring_in: Import, content: Path, tmp_path: Path, cells: dict[str, Any], words: str
) -> None:
    rows = [RENT, changed(TOYS, **cells)]
    if cells == {"goal": "", "id": "9"}:
        rows = [changed(TOYS, id="9", title="a"), changed(TOYS, id="9", title="b")]
    said = bring_in(as_csv(tmp_path / "表.csv", rows), "--apply")
    assert said.code == 1
    (error,) = errors_of(said)
    assert error.startswith("✗ 表.csv: 6行 ")
    assert words in error
    assert not (content / "schemes" / "tottori.csv").exists()


def test_the_right_word_or_address_is_offered(bring_in: Import, tmp_path: Path) -> None:
    said = bring_in(
        as_csv(tmp_path / "a.csv", [changed(TOYS, goal="住い", url=f"{PAGE}/4.html?utm_source=x&id=3")])
    )
    assert "「住まい」ですか？" in said.out
    assert f"{PAGE}/4.html?id=3 ですか？" in said.out


def test_bad_rows_are_skipped_only_when_told_and_keep_what_was_there(
    bring_in: Import, content: Path, tmp_path: Path
) -> None:
    bring_in(as_book(tmp_path / "a.xlsx"), "--apply")
    broken = (RENT, *ROWS[1:3], changed(TOYS, url="こちら"), changed(SCHOOL, desk="教育総務課"))
    assert bring_in(as_book(tmp_path / "b.xlsx", broken), "--apply").code == 1
    assert rows_of(content)["20002"]["window_kind"] == "学校教育課"
    assert bring_in(as_book(tmp_path / "b.xlsx", broken), "--apply", "--skip-errors").code == 0
    assert rows_of(content)["20002"]["window_kind"] == "教育総務課"
    assert rows_of(content)["20001"]["url"] == f"{PAGE}/4.html"
    assert rows_of(content)["20001"]["ended"] == ""


def test_a_note_of_staff_is_not_shown_to_people(bring_in: Import, content: Path, tmp_path: Path) -> None:
    said = bring_in(
        as_csv(tmp_path / "a.csv", [changed(TOYS, hours="", note="R9予算要求中、要確認")]), "--apply"
    )
    assert "職員のメモに見える" in said.out
    assert rows_of(content)["20001"]["deadline"] == ""


def test_marks_instead_of_goals_take_the_theme_from_the_beginning_of_the_id(
    bring_in: Import, content: Path, tmp_path: Path
) -> None:
    rows = [
        changed(TOYS, goal="○", id="20001", official="児童扶養手当", title="ひとり親のお金"),
        changed(TOYS, goal="", id="20002", official="児童手当", title="子どものいる家のお金"),
        changed(TOYS, goal="○", id="20003", title="広場で遊ぶ", official="つどいの広場"),
        changed(WELFARE, goal="○", id="10001", title="相談の会", official="生活応援の会"),
    ]
    said = bring_in(as_csv(tmp_path / "a.csv", rows))
    (error,) = errors_of(said)
    assert "8行 連携目標: どのテーマか、分かりません" in error
    assert "--theme 1=お金" in said.out
    said = bring_in(as_csv(tmp_path / "a.csv", rows), "--theme", "1=お金", "--apply")
    assert said.code == 0
    assert rows_of(content)["20003"]["theme"] == "子育て・ひとり親"
    assert rows_of(content)["10001"]["show_if_any"] == "Q2.money"


def test_where_no_row_says_its_theme_the_titles_of_all_rows_of_a_beginning_tell_it_and_staff_is_asked(
    bring_in: Import, tmp_path: Path
) -> None:
    rows = [
        changed(TOYS, goal="○", id="40037", title="介護の悩み", official="介護者のつどい"),
        changed(TOYS, goal="", id="40038", title="認知症の相談", official="もの忘れ相談日"),
        changed(TOYS, goal="", id="60015", title="外国から来た人", official="多文化カフェ"),
    ]
    said = bring_in(as_csv(tmp_path / "a.csv", rows), "--json")
    assert {each["table_id"]: each["theme"] for each in said.json["new"]} == {
        "40037": "介護・高齢",
        "40038": "介護・高齢",
    }
    told = {each["words"] for each in said.json["findings"] if each["field"] == "連携目標"}
    assert "IDが 4 で始まる 2行は、見出しの言葉から「介護・高齢」としました。" in told
    assert any("どのテーマか、分かりません" in words for words in told)


def test_a_new_id_for_the_same_scheme_is_noticed(bring_in: Import, content: Path, tmp_path: Path) -> None:
    bring_in(as_book(tmp_path / "a.xlsx"), "--apply")
    said = bring_in(as_book(tmp_path / "b.xlsx", (changed(RENT, id=10009), *ROWS[1:])), "--apply")
    assert "前は ID 10001 だったもの（住居確保給付金）に見えます" in said.out
    rows = rows_of(content)
    assert (rows["10001"]["overrides"], rows["10009"]["overrides"]) == ("", "national-064")


def test_one_merged_id_over_several_schemes_keeps_them_apart(
    bring_in: Import, content: Path, tmp_path: Path
) -> None:
    rows = [
        changed(TOYS, official="おもちゃ図書館"),
        changed(TOYS, official="絵本の日", url=f"{PAGE}/6.html"),
        SCHOOL,
    ]
    assert bring_in(as_csv(tmp_path / "a.csv", rows), "--apply").code == 0
    assert "変わるところはありません" in bring_in(as_csv(tmp_path / "a.csv", rows), "--apply").out
    ids = {s.id: s.official_name for s in peek_content(content).catalogue.schemes if s.town == "tottori"}
    assert {"tottori-20001": "おもちゃ図書館", "tottori-20001-2": "絵本の日"}.items() <= ids.items()


def test_of_two_entries_about_one_national_scheme_one_stands_for_it_and_both_have_its_rules(
    bring_in: Import, content: Path, tmp_path: Path
) -> None:
    rows = [
        changed(RENT, id="1", official="家賃の応援", title="学校に行けない 学校でつらいとき"),
        changed(SCHOOL, id="2"),
        changed(SCHOOL, id="3", official="就学援助（新入学の準備）"),
    ]
    assert bring_in(as_csv(tmp_path / "a.csv", rows), "--apply").code == 0
    rows_now = rows_of(content)
    assert [rows_now[key]["overrides"] for key in ("2", "3")] == ["national-240", ""]
    national = {
        row["id"]: row
        for row in csv.DictReader((content / "schemes" / "national.csv").open(encoding="utf-8-sig"))
    }
    assert rows_now["3"]["require"] == national["national-240"]["require"]


def test_another_child_allowance_is_not_taken_for_this_one(bring_in: Import, tmp_path: Path) -> None:
    rows = [
        changed(TOYS, id=str(n), official=name, title=name)
        for n, name in enumerate(("児童手当", "児童育成手当"), 1)
    ]
    said = bring_in(as_csv(tmp_path / "a.csv", rows), "--json")
    assert [each["overrides"] for each in said.json["new"]][1] is None


def test_headings_in_other_words_can_be_told(bring_in: Import, tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text(
        f"テーマ,番号,題,支援,ばしょ,リンク\n子育て,1,遊び,おもちゃ図書館,こども課,{PAGE}/1.html\n", "utf-8"
    )
    assert "ばしょ" in bring_in(table).out.split("読まない列")[1]
    said = bring_in(table, "--column", "窓口=ばしょ", "--column", "見出し=題", "--json")
    (entry,) = said.json["new"]
    assert entry["title"] == "遊び"
    assert bring_in(table, "--column", "窓口=どこ").err.startswith("✗ 「どこ」という見出しがありません")


def test_a_table_without_its_heading_is_refused_with_the_headings_that_are_looked_for(
    bring_in: Import, tmp_path: Path
) -> None:
    table = tmp_path / "a.csv"
    table.write_text("氏名,電話\n山田,0857-22-8111\n", "utf-8")
    said = bring_in(table)
    assert said.code == 1
    assert "掲載支援（正式名称）" in said.err


def test_an_unknown_town_or_sheet_is_refused_with_the_nearest(run: Run, tmp_path: Path) -> None:
    book = as_book(tmp_path / "a.xlsx")
    assert "「鳥取市」ですか" in run("content", "import-schemes", str(book), "--town", "鳥取").err
    said = run("content", "import-schemes", str(book), "--town", "鳥取市", "--sheet", "掲載支援")
    assert "「掲載支援一覧」ですか" in said.err


# ---- out again


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_what_is_written_out_comes_in_again_without_a_change(
    run: Run, bring_in: Import, content: Path, tmp_path: Path, suffix: str
) -> None:
    bring_in(as_book(tmp_path / "a.xlsx"), "--apply")
    before = (content / "schemes" / "tottori.csv").read_bytes()
    out = tmp_path / f"out{suffix}"
    said = run("content", "export-schemes", "--town", "鳥取市", "--out", str(out), CONTENT_DIR=str(content))
    assert "5 件" in said.out
    said = bring_in(out, "--apply", "--json")
    assert (said.code, len(said.json["unchanged"]), said.json["written"]) == (0, 5, False)
    assert (content / "schemes" / "tottori.csv").read_bytes() == before


def test_the_table_that_is_written_out_has_the_headings_of_the_towns(
    run: Run, content: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    said = run("content", "export-schemes", "--town", "岩美町", "--out", str(out), CONTENT_DIR=str(content))
    assert "0 件" in said.out
    plain = [head.replace("\n", "").replace("　", "") for head in HEADS]
    assert out.read_text("utf-8-sig").strip().replace('"', "").split(",") == [
        head.replace("ＩＤ", "ID").replace("ＵＲＬ", "URL") for head in plain
    ]


# ---- the check


def test_the_shipped_content_has_no_error_and_asks_only_what_a_town_has_to_do(run: Run) -> None:
    said = run("content", "check", "--on", "2026-11-22", "--json")
    assert said.code == 0
    assert {(each["file"], each["field"]) for each in said.json["findings"]} <= {
        ("crisis/replies.yaml", "reviewer"), ("windows.yaml", "phone"), ("windows.yaml", "verified_at"),
    }  # fmt: skip
    assert run("content", "check", "--on", "2026-11-22", "--strict").code == 1


def test_on_a_later_day_what_is_old_then_is_named_and_counted(run: Run) -> None:
    said = run("content", "check", "--on", "2027-06-01")
    assert "national-001 verified_at: 確かめてから 180 日をこえました" in said.out
    assert "ほかに同じもの" in said.out
    assert "ほかに同じもの" not in run("content", "check", "--on", "2027-06-01", "--all").out


def test_everything_that_is_wrong_is_named_at_once_also_where_content_does_not_load(
    run: Run, content: Path
) -> None:
    lines = content / "hotlines.yaml"
    lines.write_text(
        lines.read_text("utf-8")
        .replace('phone: "0120-061-338"', 'phone: "0120-061-33"')
        .replace("https://www.npa.go.jp/", "http://www.npa.go.jp/", 1),
        "utf-8",
    )
    national = content / "schemes" / "national.csv"
    with national.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0]["bring"], rows[1]["require"], rows[2]["plain_title"] = "id_cadr", "over_65", "あ" * 41
    with national.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    said = run("content", "check", str(content))
    assert said.code == 1
    for words in (
        "inochi_sos phone: 電話番号「0120-061-33」",
        "リンク「http://www.npa.go.jp/」",
        "https://www.npa.go.jp/ ですか？",
        f"2行 ({rows[0]['id']}) bring: documents.yaml に「id_cadr」はありません",
        "「id_card」ですか？",
        f"3行 ({rows[1]['id']}) require: 「over_65」は",
        "「over65」ですか？",
        f"4行 ({rows[2]['id']}) plain_title: 41字あります。40字までです",
    ):
        assert words in said.out
