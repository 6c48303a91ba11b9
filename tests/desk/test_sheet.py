"""The つながるシート and the papers for meetings, as they come out of the printer."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from town import TOKYO, the_content

from bot import pdf
from bot.csv_file import csv_file, safe_cell
from bot.desk import meeting
from bot.desk.blank_sheet import BlankData, blank_of, blank_sheet
from bot.desk.meeting import Item, Meeting
from bot.desk.sheet import Another, Due, HandedOn, Happening, SheetData, sheet

TEXTS = the_content().texts
NUMBER = "K-7Q2M-X4TB-9"


def at(day: int, hour: int = 10) -> dt.datetime:
    return dt.datetime(2026, 12, day, hour, 5, tzinfo=TOKYO)


def marked(name: str, count: int = 130) -> str:
    """A text of so many lines, each of which can be found again."""
    return "\n".join(f"{name}{number:03}番の行です。" for number in range(count))


def data(**changed: Any) -> SheetData:
    made = SheetData(
        number=NUMBER,
        town="鳥取市",
        district="湖東中学校区",
        kind="姿を見ない・安否が心配",
        level="2 数日のうち",
        since="2〜3日前から",
        source="LINE（つながりサポーター）",
        state="対応中",
        received_at=at(1),
        words={"who": "となりの人", "where": "青い屋根の家", "what": "新聞がたまっている", "since": "火曜日"},
        later=(Happening(at(2), "", "通報した人", "土曜日に見ました"),),
        others=(Another("K-0000-0000-0", at(2), {"what": "電気がついたまま"}),),
        photos=2,
        knows="本人は知りません。",
        may="ふだんの訪問の形で確かめてください。",
        careful=False,
        consents=(Happening(at(2), "", "佐藤", "本人: 同意している"),),
        reporter=None,
        window="中央人権福祉センター",
        phone="0857-22-8111",
        assignee="佐藤",
        dues=(Due("受付", at(1, 17), at(1, 11)), Due("はじめの接触", at(4), None), Due("区切り", None, None)),
        record=(Happening(at(1, 13), "電話・訪問", "佐藤", "留守でした"),),
        outcome="",
        handed_on=HandedOn("地域包括支援センター", "0857-20-0000", "介護の相談をお願いします"),
        printed_by="佐藤",
        printed_at=at(2, 16),
    )
    return dataclasses.replace(made, **changed)


def pages(made: bytes) -> list[str]:
    """The words of each page, as a screen reader gets them, without spaces and line ends."""
    return [re.sub(r"\s", "", page.extract_text()) for page in PdfReader(io.BytesIO(made)).pages]


def words(made: bytes) -> str:
    return "".join(pages(made))


# ---- the sheet -------------------------------------------------------------------------------------------


def test_a_sheet_holds_both_parts_and_can_be_read_out() -> None:
    text = words(sheet(TEXTS, data()))
    for said in (
        *(
            "つながるシート",
            NUMBER,
            "取扱注意",
            "鳥取市湖東中学校区",
            "2026年12月1日（火）10:05",
            "となりの人",
        ),
        *(
            "青い屋根の家",
            "新聞がたまっている",
            "2〜3日前から",
            "火曜日",
            "土曜日に見ました",
            "電気がついたまま",
        ),
        *("2枚", "本人は知りません。", "ふだんの訪問の形で確かめてください。", "本人:同意している"),
        *(
            "中央人権福祉センター",
            "0857-22-8111",
            "留守でした",
            "地域包括支援センター",
            "介護の相談をお願いします",
        ),
        *("渡す窓口", "受け取る窓口", "受け取れません", "署名", "2026年12月2日（水）16:05に印刷（佐藤）"),
    ):
        assert re.sub(r"\s", "", said) in text, said
    assert "区切り" not in text.replace("対応の区切り", "")  # a clock that does not run is not shown


def test_nothing_is_cut_off_however_long_it_is() -> None:
    fields = ("who", "where", "what", "since")
    record = tuple(Happening(at(3, hour), "メモ", "佐藤", marked(f"r{hour}")) for hour in range(10, 14))
    later = (Happening(at(2), "", "通報した人", marked("later")),)
    others = (Another("K-0000-0000-0", at(2), {"what": marked("other")}),)
    handed = HandedOn("地域包括支援センター", "", marked("please"))
    long = data(
        words={field: marked(field) for field in fields},
        record=record,
        later=later,
        others=others,
        handed_on=handed,
    )
    text = words(sheet(TEXTS, long))
    for name in (*fields, "later", "other", "please", *(f"r{hour}" for hour in range(10, 14))):
        missing = [number for number in range(130) if text.count(f"{name}{number:03}番の行です。") != 1]
        assert not missing, name


def test_every_page_has_the_number_and_says_which_page_it_is() -> None:
    found = pages(sheet(TEXTS, data(words={"what": marked("what"), "where": marked("where")})))
    assert len(found) > 3
    for number, page in enumerate(found, 1):
        assert NUMBER in page
        assert "取扱注意" in page
        assert f"{number}/{len(found)}" in page


def test_who_reported_it_is_on_the_paper_only_where_it_was_asked_for() -> None:
    without, with_it = words(sheet(TEXTS, data())), words(sheet(TEXTS, data(reporter="花子090-1111-2222")))
    assert "この用紙には書きません" in without
    assert "花子090-1111-2222" in with_it
    assert "通報した人のことは、本人にも家族にも言わないでください。" in with_it


def test_a_warning_stands_before_the_words() -> None:
    may = "本人にも家族にも言わないでください。"
    text = words(sheet(TEXTS, data(careful=True, may=may)))
    assert text.index(may) < text.index("となりの人")
    assert text.count(may) == 1


def test_an_empty_concern_gives_a_paper_too() -> None:
    bare = data(words={}, later=(), others=(), photos=0, consents=(), dues=(), record=(), handed_on=None,
                district="", since="", assignee="", phone="")  # fmt: skip
    text = words(sheet(TEXTS, bare))
    assert "書かれていません" in text
    assert "まだ記録はありません。" in text


def test_the_file_says_what_it_is_in_which_language_and_for_whom() -> None:
    reader = PdfReader(io.BytesIO(sheet(TEXTS, data())))
    about = reader.metadata
    assert about is not None
    assert (about.title, about.author) == (f"つながるシート　{NUMBER}", "鳥取市")
    assert reader.trailer["/Root"]["/Lang"] == "ja-JP"
    assert not {"となりの人", "姿を見ない"} & set(str(dict(about)))


def test_all_letters_are_in_the_file() -> None:
    for page in PdfReader(io.BytesIO(sheet(TEXTS, data()))).pages:
        fonts = page["/Resources"]["/Font"].values()
        assert fonts
        for font in fonts:
            assert "/FontFile2" in font.get_object()["/FontDescriptor"].get_object()


def test_a_paper_is_a4() -> None:
    box = PdfReader(io.BytesIO(sheet(TEXTS, data()))).pages[0].mediabox
    assert (round(box.width / pdf.MM), round(box.height / pdf.MM)) == (210, 297)


# ---- letters ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("髙﨑さん①㈱", "髙﨑さん①㈱"),
        ("👨‍👩‍👧と😊", "〓と〓"),
        ("𠮷田さん", "〓田さん"),
        ("葛\U000e0100飾区", "葛飾区"),
        ("か\u3099き", "がき"),
        ("\ud83dさん", "〓さん"),
        ("a\x00b\x1b[31mc\x7f", "ab[31mc"),
        ("\u202e逆\u200b順\u2066", "逆順"),
        ("一\r\n二\r三\u2028四", "一\n二\n三\n四"),
        ("⑴½", "(1)½"),
    ],
)
def test_letters_that_cannot_be_printed_leave_a_mark(typed: str, printed: str) -> None:
    assert pdf.letters(typed) == printed


def test_a_missing_letter_is_explained_at_the_foot_and_only_then() -> None:
    missing = TEXTS.get("sheet.missing")
    assert missing in words(sheet(TEXTS, data(words={"who": "𠮷田さん"})))
    assert missing not in words(sheet(TEXTS, data()))


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(codec=None), max_size=60))
def test_any_letters_at_all_can_be_printed(typed: str) -> None:
    for line in pdf.wrap(typed, pdf.BODY, 60):
        assert pdf.letters(line) == line


@settings(max_examples=150, deadline=None)
@given(st.text("あ漢ーっ。、（）「」aZ09.- \n", max_size=120), st.sampled_from([40.0, 90.0, 200.0]))
def test_lines_lose_nothing_and_stay_in_their_place(typed: str, room: float) -> None:
    lines = pdf.wrap(typed, pdf.BODY, room)
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", typed)
    assert all(pdf.width(line, pdf.BODY) <= room for line in lines)


def test_lines_break_as_japanese_does() -> None:
    text = "電話しました。「もしもし」と言いました（0857-22-8111）。"
    lines = [line for room in range(60, 300, 7) for line in pdf.wrap(text, pdf.BODY, room)]
    assert not [line for line in lines if line[0] in "。、）」" or line[-1] in "（「"]
    wide = [line for room in range(120, 300, 7) for line in pdf.wrap(text, pdf.BODY, room)]
    assert all("0857-22-8111" in line for line in wide if "0857" in line)


# ---- the empty sheet -------------------------------------------------------------------------------------


@pytest.mark.parametrize("town", list(the_content().towns))
def test_the_empty_sheet_of_every_town_is_one_leaf_with_its_own_desk(town: str) -> None:
    content = the_content()
    front, back = pages(blank_sheet(TEXTS, blank_of(content, town)))
    desk = content.general_window(town)
    for said in (content.town(town).name, desk.name, desk.phone or "", "119（救急）", "110（警察）"):
        assert re.sub(r"\s", "", said) in front
    for trouble in content.troubles.values():
        assert trouble.button in front
    for said in ("渡してよい", "この窓口だけ", "いつでも取り消せます", "本人の名前"):
        assert said in front
    for said in ("受付番号", "渡す窓口", "受け取る窓口"):
        assert said in back


def test_a_town_with_much_to_say_still_gets_all_of_it() -> None:
    long = BlankData(
        "森町", tuple(f"困りごと{n:02}" for n in range(60)), "窓口" * 30, "0", "住所" * 60, "時" * 90
    )
    text = words(blank_sheet(TEXTS, long))
    assert all(f"困りごと{n:02}" in text for n in range(60))
    assert "窓口" * 30 in text
    assert "受け取る窓口" in text


# ---- meetings --------------------------------------------------------------------------------------------

MEETING = Meeting("12月の支援会議", "鳥取市", "佐藤", at(2, 16))
ITEM = Item(
    NUMBER, "鳥取市", "姿を見ない・安否が心配", "2 数日のうち", "2〜3日前から", "終了", 12, "支援につながった"
)


def test_the_table_without_names_has_one_line_for_each() -> None:
    items = [dataclasses.replace(ITEM, number=f"K-0000-{n:04}-0") for n in range(120)]
    text = words(meeting.without_names(TEXTS, MEETING, items))
    assert all(item.number in text for item in items)
    for said in ("個人情報なし", "120件", "12月の支援会議", "終了12日", "支援につながった", "話し合ったこと"):
        assert said in text


def test_with_names_each_concern_begins_a_page_of_its_own() -> None:
    found = pages(meeting.with_names(TEXTS, MEETING, [data(), data(number="K-1111-1111-1", careful=True)]))
    assert "秘密を守る義務のある会議" in found[0]
    assert "となりの人" not in found[0]
    assert found[1].index(NUMBER) < found[1].index("となりの人")
    assert any("K-1111-1111-1" in page and "となりの人" in page for page in found[2:])
    assert all("ケース会議の資料（個人情報あり）" in page for page in found)
    assert "この用紙には書きません" in found[1]


def test_a_spreadsheet_gets_the_same_table() -> None:
    made = meeting.as_csv(TEXTS, [ITEM])
    heads, row = csv.reader(io.StringIO(made.decode("utf-8-sig")))
    assert heads == ["受付番号", "市町", "気になること", "急ぎ", "いつから", "状態", "日数", "結果"]
    assert row == [NUMBER, "鳥取市", ITEM.kind, ITEM.level, ITEM.since, "終了", "12", "支援につながった"]
    assert made.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    "risky",
    ["=1+1", "+81", "-2", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠x", "﹦1", " =1", "　＝1",
     "\ufeff=1", "\u200b=1", "\0=1", "−1", "|calc", "%x"],
)  # fmt: skip
def test_no_cell_becomes_a_formula(risky: str) -> None:
    cell = safe_cell(risky)
    assert cell == "'" + risky.replace("\0", "")
    ((read,),) = csv.reader(io.StringIO(csv_file([[risky]]).decode("utf-8-sig"), newline=""))
    assert read == cell


@pytest.mark.parametrize(
    "harmless", ["", "鳥取市", "K-7Q2M-X4TB-9", "2〜3日前から", "a=b", "12", " 空白", "'"]
)
def test_a_harmless_cell_stays_as_it_is(harmless: str) -> None:
    assert safe_cell(harmless) == harmless
