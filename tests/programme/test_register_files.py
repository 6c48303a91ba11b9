"""Lists as offices have them, and how they come into the register: all of it, or nothing, and twice is once."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
import python_calamine
import xlsxwriter
from town import the_content

from bot import table_files
from bot.csv_file import csv_file
from bot.programme import register_cells as cells
from bot.programme import register_import
from bot.programme.register_cells import Reading
from bot.programme.register_columns import NoSuchColumn, guess, layout
from bot.programme.register_import import Decisions, Plan
from bot.programme.register_lines import Line, lines, no_people
from bot.table_files import Row, Sheet, Unreadable, read_bytes, table_bytes
from storage import audit, people, supporters
from storage.supporters import Profile
from storage.work import Database

TODAY = dt.date(2026, 12, 1)
UNDECIDED = Decisions()
LABELS = the_content().texts.under("register.states")
HEADS = "氏名,ふりがな,電話,メール,市町,地区,年代,受講日,修了番号,所属,備考"


def people_of(*rows: str, heads: str = HEADS, town: str | None = None) -> list[Line]:
    sheets = read_bytes("\n".join((heads, *rows)).encode())
    read = [found for sheet in sheets if (found := layout(sheet))]
    return list(lines(read, the_content(), LABELS, today=TODAY, town=town))


def one(**cell: Any) -> Reading:
    return Reading({name: at for at, name in enumerate(cell)}, tuple(cell.values()))


def bring_in(db: Database, listed: list[Line], decisions: Decisions = UNDECIDED) -> Plan:
    with db.work() as work:
        supporters.alone(work)
        plan = register_import.plan(work, "default", listed, decisions)
        register_import.bring_in(work, the_content(), plan, "山田")
        return plan


def by_name(db: Database) -> dict[str | None, tuple[supporters.Supporter, Profile]]:
    with db.look() as work:
        found = supporters.listed(work)
        profiles = supporters.profiles(work, found)
    return {profiles[entry.id].name: (entry, profiles[entry.id]) for entry in found}


def outcomes(plan: Plan) -> list[str]:
    return [row.outcome for row in plan.rows]


# ---- files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_a_csv_of_any_age_is_read(encoding: str) -> None:
    (sheet,) = read_bytes("氏名,電話\n髙橋 一郎,090\n".encode(encoding))
    assert sheet.rows[1].cells == ("髙橋 一郎", "090")


def test_tabs_and_semicolons_separate_too_and_a_row_keeps_its_line() -> None:
    (sheet,) = read_bytes('氏名\t備考\n\n山田\t"二行\nある"\n鈴木\t\n'.encode())
    assert [(row.line, row.cells[0]) for row in sheet.rows] == [(1, "氏名"), (3, "山田"), (5, "鈴木")]
    (sheet,) = read_bytes("氏名;電話\n山田;1\n".encode())
    assert sheet.rows[0].cells == ("氏名", "電話")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"%PDF-1.7 ...", "not_a_table"),
        (b"<html><table>", "not_a_table"),
        (b"PK\x03\x04 no book at all", "broken"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"\xff\xff\xff,\xfe\x81", "letters"),
        (b"a,b\0c", "not_a_table"),
    ],
)
def test_what_is_no_list_is_refused_with_its_reason(data: bytes, why: str) -> None:
    with pytest.raises(Unreadable) as no:
        read_bytes(data)
    assert no.value.why == why
    assert the_content().texts.has(f"register.unreadable.{why}")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no_file"):
        table_files.read(tmp_path / "none.xlsx")


def test_no_cell_of_a_written_file_is_a_formula() -> None:
    evil = ["=1+1", "+81", "@x", '=HYPERLINK("http://x")', "http://x.example", "0857228111"]
    book = python_calamine.load_workbook(io.BytesIO(table_bytes(".xlsx", "名簿", [["氏名"] * 6, evil])))
    assert book.get_sheet_by_index(0).to_python()[1] == evil
    written = table_bytes(".csv", "", [evil])
    assert written == csv_file([evil])
    assert b"'=1+1" in written
    with pytest.raises(ValueError, match="pdf"):
        table_bytes(".pdf", "", [evil])


# ---- headings


def test_a_merged_heading_under_a_title_is_found() -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("名簿")
    sheet.merge_range("A1:D1", "サポーター名簿（令和5年度）")
    sheet.merge_range("A3:A4", "No")
    sheet.merge_range("B3:B4", "氏　名")
    sheet.merge_range("C3:D3", "連絡先")
    sheet.write_row("C4", ["携帯", "メール"])
    sheet.write_row("A5", [1, "山田 太郎", 9012345678, "a@example.jp"])
    other = book.add_worksheet("集計")
    other.write_row("A1", ["地区", "人数"])
    book.close()
    first, second = read_bytes(out.getvalue())
    found = layout(first)
    assert found is not None
    assert found.columns == {"name": 1, "mobile": 2, "mail": 3}
    assert (found.first_line, found.not_read, [row.line for row in found.rows]) == (3, ("No",), [5])
    assert layout(second) is None


def test_headings_mean_what_offices_mean() -> None:
    meant = {
        "お名前": "name", "氏名カナ": "kana", "電話番号（携帯）": "mobile", "ＴＥＬ": "phone", "Ｅ－ｍａｉｌ": "mail",
        "中学校区": "district", "市町村": "town", "年齢": "age", "修了日": "attended_on", "修了証番号": "number",
        "所属団体": "group", "学校名": "group", "フォロー研修日": "refreshed_on", "登録の有無": "state", "姓": "family",
        "緊急連絡先": None, "№": None, "会場": None, "講座名": None, "バッジ番号": None,
    }  # fmt: skip
    assert {heading: guess(heading) for heading in meant} == meant


def test_a_column_may_be_told_by_heading_or_letter_and_must_be_there() -> None:
    (sheet,) = read_bytes("だれ,れんらく\n山田,090-1234-5678\n".encode())
    assert layout(sheet) is None
    found = layout(sheet, {"name": "だれ", "phone": "B列"})
    assert found is not None
    assert found.columns == {"name": 0, "phone": 1}
    with pytest.raises(NoSuchColumn) as no:
        layout(sheet, {"name": "だれ", "phone": "でんわ"})
    assert no.value.there == ("だれ", "れんらく")


def test_a_heading_on_every_page_sums_and_blank_rows_are_no_people() -> None:
    listed = people_of(
        "山田 太郎,,,,鳥取市", "", HEADS, "合計,,,,", "計 2名", "鈴木 花子,,,,岩美町", ",,以下余白,,"
    )
    assert [line.profile.name for line in listed] == ["山田 太郎", "鈴木 花子"]


def test_a_sum_beside_many_numbers_is_one_all_the_same_and_its_row_is_named() -> None:
    heads = ("氏名", "町", "1月", "2月", "3月", "4月", "5月")
    rows = (
        heads,
        ("山田 太郎", "鳥取市"),
        ("合 計", "", "12", "3", "4人", "５", "24"),
        ("計 花子", "鳥取市"),
    )
    read = layout(Sheet("名簿", tuple(Row(line, cells) for line, cells in enumerate(rows, 1))))
    assert read is not None
    assert no_people([read]) == ["名簿:3"]


# ---- cells


@pytest.mark.parametrize(
    ("said", "digits", "remark"),
    [
        ("090-1234-5678", "09012345678", None),
        ("０９０－１２３４－５６７８", "09012345678", None),
        (9012345678.0, "09012345678", "phone_repaired"),
        (857228111, "0857228111", "phone_repaired"),
        ("90ー1234ー5678", "09012345678", "phone_repaired"),
        ("+81 90 1234 5678", "09012345678", None),
        ("(0857)22-8111", "0857228111", None),
        ("0857 22 8111", "0857228111", None),
        ("0857-22-8111 090-1234-5678", "09012345678", "phone_first"),
        ("22-8111", None, "phone_without_area"),
        ("0857-22-811", None, "phone_unclear"),
        ("090-1234-567", None, "phone_unclear"),
        ("夫に聞く", None, "phone_unclear"),
        ("なし", None, None),
        ("", None, None),
    ],
)
def test_a_telephone_number_is_repaired_or_left_out(
    said: Any, digits: str | None, remark: str | None
) -> None:
    reading = one(phone=said)
    assert cells.phone(reading) == digits
    assert [each.key for each in reading.remarks] == ([remark] if remark else [])


def test_the_mobile_number_is_taken_before_the_other() -> None:
    assert cells.phone(one(phone="0857-22-8111", mobile="080-1111-2222")) == "08011112222"
    assert cells.phone(one(phone="0857-22-8111", mobile="")) == "0857228111"


@pytest.mark.parametrize(
    "said",
    ["R5.12.1", "Ｒ５．１２．１", "令和5年12月1日", "2023/12/1", "2023-12-01", "20231201", "2023年12月1日（金）",
     45261, 45261.0, "45261", dt.date(2023, 12, 1), dt.datetime(2023, 12, 1, 13, 30)],
)  # fmt: skip
def test_a_day_of_every_kind_is_the_same_day(said: Any) -> None:
    assert cells.days(said) == (dt.date(2023, 12, 1),)


def test_days_that_are_none_or_to_come_are_left_out() -> None:
    assert cells.days("令和元年5月1日") == (dt.date(2019, 5, 1),)
    assert cells.days("H32.1.1") == cells.days("R5.2.30") == cells.days("12月1日") == cells.days(5) == ()
    reading = one(attended_on="R9.1.1")
    assert cells.day(reading, "attended_on", TODAY) == ()
    assert reading.remarks[0].key == "day_to_come"
    (line,) = people_of("山田 太郎,,,,鳥取市,,,R4.12.3、R5.12.1")
    assert (line.attended_on, line.refreshed_on) == (dt.date(2022, 12, 3), dt.date(2023, 12, 1))


def test_ages_find_their_band() -> None:
    said = ["70代", "７０歳代", 72.0, "72歳", "80代以上", "95", "20才未満", "10代以下", "わかい", "300"]
    bands = [cells.age_band(one(age=each), the_content(), TODAY) for each in said]
    assert bands == ["seventies"] * 4 + ["eighties"] * 2 + ["teens"] * 2 + [None, None]
    assert cells.age_band(one(birth="S29.12.2"), the_content(), TODAY) == "seventies"  # 71: tomorrow 72


def test_places_are_found_as_people_write_them() -> None:
    (tottori, yazu, other, by_address, by_district, alone) = people_of(
        "A,鳥取市,桜ケ丘中,", "B,八頭,,", "C,米子市,,", "D,,,鳥取県岩美郡岩美町浦富", "E,,湖東中校区,", "F,,,",
        heads="氏名,市町,地区,住所",
    )  # fmt: skip
    assert (tottori.town, tottori.district) == ("tottori", "sakuragaoka")
    assert (yazu.town, yazu.district) == ("yazu", "whole")
    assert (other.bad, [each.key for each in other.remarks]) == (True, ["town_unknown"])
    assert by_address.town == "iwami"
    assert (by_district.town, by_district.district) == ("tottori", "koto")
    assert (alone.bad, [each.key for each in alone.remarks]) == (True, ["no_town"])
    assert people_of("F,", heads="氏名,市町", town="chizu")[0].town == "chizu"


def test_names_keep_their_letters() -> None:
    surname = "神\ufa11"  # a letter of the name that NFKC would change, and one that it would not
    assert cells.name(one(name=f"{surname}　ﾀﾛｳ 様")) == f"{surname} タロウ"
    assert cells.name(one(family="山田", given="花子")) == "山田 花子"
    assert cells.kana(one(kana="ﾔﾏﾀﾞ　ﾊﾅｺ")) == "やまだ はなこ"
    assert cells.kana(one(kana="山田")) is None
    assert cells.name(one(name="１２３")) is None


def test_two_people_in_one_row_and_words_of_leaving_wait_for_a_decision(db: Database) -> None:
    listed = people_of("山田 太郎・花子,,,,鳥取市", "小林 光,,,,鳥取市,,,,,,R6.3 転出")
    assert outcomes(bring_in(db, listed)) == ["doubtful", "doubtful"]
    assert outcomes(bring_in(db, listed, Decisions(new=frozenset({"3"})))) == ["doubtful", "new"]


# ---- joining to the register

LIST = (
    "山田 太郎,やまだ たろう,9012345678,taro@example.jp,鳥取市,東中,70代,R5.12.1,T-1,,",
    "鈴木 花子,,0857-22-8111,,鳥取市,桜ケ丘中,65,R5.12.1,,〇〇医療生協,",
    "髙橋一郎,タカハシ イチロウ,090-1111-2222,,鳥取市,湖東中,,R5.12.1,,,",
    "高橋 一郎,たかはし いちろう,09011112222,,鳥取市,湖東中,60代,R6.5.1,,,二回目",
    "佐藤 次郎,,,,岩美町,,,,,,",
)


def test_a_list_comes_in_once_and_its_double_row_is_one_person(db: Database) -> None:
    plan = bring_in(db, people_of(*LIST))
    assert outcomes(plan) == ["new", "new", "new", "changed", "new"]
    found = by_name(db)
    with db.look() as work:
        deeds = audit.listed(work, kind="supporter")
    states = {name: entry.state for name, (entry, _) in found.items()}
    assert states == {
        **dict.fromkeys(("山田 太郎", "鈴木 花子", "髙橋一郎"), "refresher_due"),
        "佐藤 次郎": "registered",
    }
    taro = Profile("山田 太郎", "やまだ たろう", "09012345678", "taro@example.jp")
    assert found["山田 太郎"][1] == taro
    again = found["髙橋一郎"][0]
    assert (again.attended_on, again.refreshed_on) == (dt.date(2023, 12, 1), dt.date(2024, 5, 1))
    assert (again.refresher_due_on, again.age_band) == (dt.date(2025, 5, 1), "sixties")
    assert found["鈴木 花子"][0].group_name == "〇〇医療生協"
    assert {(deed.actor, deed.deed) for deed in deeds} == {("山田", "imported")}


def test_the_same_list_again_changes_nothing(db: Database) -> None:
    bring_in(db, people_of(*LIST))
    with db.look() as work:
        before = supporters.listed(work)
    plan = bring_in(db, people_of(*LIST))
    assert set(outcomes(plan)) == {"joined"}
    assert plan.entries == ()
    with db.look() as work:
        assert supporters.listed(work) == before


def test_gaps_are_filled_and_what_is_known_stays(db: Database) -> None:
    bring_in(db, people_of("山田 太郎,,090-1234-5678,,鳥取市"))
    plan = bring_in(db, people_of("山田太郎,やまだ たろう,090-1234-5678,t@example.jp,岩美町,,,R5.12.1,T-1"))
    assert outcomes(plan) == ["changed"]
    assert "differs" in {remark.key for remark in plan.rows[0].remarks}
    with db.look() as work:
        (entry,) = supporters.listed(work)
        words = supporters.profile(work, entry)
    assert (entry.town, entry.number, entry.attended_on) == ("tottori", "T-1", dt.date(2023, 12, 1))
    assert (words.name, words.kana, words.mail) == ("山田 太郎", "やまだ たろう", "t@example.jp")


def test_a_family_with_one_telephone_stays_several_people(db: Database) -> None:
    plan = bring_in(db, people_of("山田 太郎,,090-1234-5678,,鳥取市", "山田 花子,,090-1234-5678,,鳥取市"))
    assert outcomes(plan) == ["new", "new"]
    assert [remark.key for remark in plan.rows[1].remarks if remark.key != "no_kana"] == ["same_phone"]


def test_people_of_one_name_wait_until_somebody_decides(db: Database) -> None:
    rows = ("田中 誠,,,,鳥取市,北中", "田中 誠,,,,鳥取市,南中", "田中 誠,,0857-22-8111,,鳥取市,")
    assert outcomes(bring_in(db, people_of(*rows))) == ["new", "doubtful", "doubtful"]
    decided = Decisions(new=frozenset({"3"}), same={"4": None})
    plan = bring_in(db, people_of(*rows), decided)
    assert outcomes(plan) == ["joined", "new", "doubtful"], (
        "of two people of that name, --same must say which"
    )
    with db.look() as work:
        south = next(entry for entry in supporters.listed(work) if entry.district == "minami")
    decided = Decisions(new=frozenset({"3"}), same={"4": south.id})
    assert outcomes(bring_in(db, people_of(*rows), decided)) == ["joined", "joined", "changed"]
    assert outcomes(bring_in(db, people_of(*rows), decided)) == ["joined", "joined", "joined"]


def test_two_rows_without_any_difference_are_one_unless_somebody_says_otherwise(db: Database) -> None:
    rows = ("田中 誠,,,,鳥取市,北中", "田中 誠,,,,鳥取市,北中")
    assert outcomes(bring_in(db, people_of(*rows))) == ["new", "joined"]
    two = Decisions(new=frozenset({"3"}))
    assert outcomes(bring_in(db, people_of(*rows), two)) == ["joined", "new"]
    assert outcomes(bring_in(db, people_of(*rows), two)) == ["joined", "joined"]


def test_a_number_belongs_to_one_person(db: Database) -> None:
    rows = ("山田 太郎,,,,鳥取市,,,,T-1", "鈴木 花子,,,,鳥取市,,,,T-1")
    plan = bring_in(db, people_of(*rows))
    assert outcomes(plan) == ["new", "new"]
    assert "number_taken" in {remark.key for remark in plan.rows[1].remarks}
    assert {name: entry.number for name, (entry, _) in by_name(db).items()} == {
        "山田 太郎": "T-1",
        "鈴木 花子": None,
    }


def test_who_has_left_does_not_come_back_by_an_old_list(db: Database) -> None:
    bring_in(db, people_of(LIST[0]))
    with db.work() as work:
        (entry,) = supporters.listed(work)
        supporters.step(work, entry, "left")
    assert outcomes(bring_in(db, people_of(LIST[0]))) == ["joined"]
    with db.look() as work:
        assert [entry.state for entry in supporters.listed(work)] == ["left"]


def test_who_only_attended_is_in_the_list_as_such_and_may_register_later(db: Database) -> None:
    heads = "氏名,電話,市町,登録の有無"
    bring_in(db, people_of("山田 太郎,090-1234-5678,鳥取市,×", heads=heads))
    with db.look() as work:
        assert [entry.state for entry in supporters.listed(work)] == ["attended"]
    assert outcomes(bring_in(db, people_of("山田 太郎,090-1234-5678,鳥取市,○", heads=heads))) == ["changed"]
    with db.look() as work:
        (entry,) = supporters.listed(work)
    assert entry.state == "registered"


def test_the_list_of_a_district_reaches_the_phone_that_belongs_to_the_entry(db: Database) -> None:
    with db.work() as work:
        person = people.lock(work, "default", f"U{1:032x}")
        people.register(work, person, town="tottori", district=None, topics=(), consent_version="1")
        supporters.add(
            work, "default", source="line", state="registered", town="tottori", person_id=person.id,
            profile=Profile(name="山田太郎", phone="09012345678"),
        )  # fmt: skip
    assert outcomes(bring_in(db, people_of(LIST[0]))) == ["changed"]
    with db.look() as work:
        known = people.get(work, person.id)
    assert known is not None
    assert known.district == "higashi"


def test_an_exported_list_comes_in_again_without_a_change(db: Database) -> None:
    heads = "氏名,電話,市町,状態"
    of_each = [
        f"人{number},09012340{number:03d},鳥取市,{label}" for number, label in enumerate(LABELS.values())
    ]
    bring_in(db, people_of(*of_each, heads=heads))
    bring_in(db, people_of(*LIST))
    expected = sorted(
        "active" if state == "refresher_due" else state for state in LABELS
    )  # no day, so never due
    with db.look() as work:
        assert sorted(entry.state for entry in supporters.listed(work) if not entry.attended_on) == sorted(
            [*expected, "registered"]
        )
    heads = "ID,氏名,ふりがな,電話,メール,市町,地区,年代,状態,受講日,更新研修日,更新の期限,登録日,修了番号,所属,LINE,参加動機"
    with db.look() as work:
        found = supporters.listed(work)
        profiles = supporters.profiles(work, found)
    rows = []
    for entry in found:
        said, town = profiles[entry.id], the_content().town(entry.town)
        district = next((each.name for each in town.districts if each.key == entry.district), "")
        band = the_content().programme.age_band(entry.age_band)
        values = [
            *(entry.id, said.name, said.kana, said.phone, said.mail, town.name, district, band),
            *(LABELS[entry.state], entry.attended_on, entry.refreshed_on, entry.refresher_due_on, None),
            *(entry.number, entry.group_name, "なし", None),
        ]
        rows.append(",".join("" if value is None else str(value) for value in values))
    assert set(outcomes(bring_in(db, people_of(*rows, heads=heads)))) == {"joined"}
