"""Which column of a list is what: guessed from headings as offices write them, or told by whoever imports it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.programme.register_files import Cell, Row, Sheet

FIELDS: Final = (
    *("name", "family", "given", "kana", "family_kana", "given_kana", "mobile", "phone", "mail"),
    *("town", "district", "address", "age", "birth", "attended_on", "refreshed_on", "registered_on"),
    *("number", "group", "state", "motive", "note"),
)
NAMES: Final = ("name", "family", "kana")  # one of them makes a list one of people
_HEADS = 30  # rows among which the heading is looked for: above it stand titles and dates

# In this order: the first that fits wins. A heading is looked at without spaces, brackets and their content.
_WORDS: Final = tuple(
    (field, re.compile(words, re.IGNORECASE))
    for field, words in (
        ("family_kana", r"^(せい|セイ)$|^(姓|氏|苗字|名字)[(（]?(ふりがな|フリガナ|カナ|かな|ヨミ|よみ)"),
        ("given_kana", r"^(めい|メイ)$|^名[(（]?(ふりがな|フリガナ|カナ|かな|ヨミ|よみ)"),
        ("kana", r"ふりがな|フリガナ|ひらがな|カタカナ|カナ|かな|よみ|ヨミ|読み"),
        ("mail", r"メール|e-?mail|mail"),
        ("mobile", r"携帯|スマホ|スマートフォン|モバイル"),
        ("refreshed_on", r"(更新|フォロー|フォローアップ|再).*(研修|講習|講座|受講).*|^更新(年月)?日$"),
        ("number", r"(修了|受講|登録|証|会員|サポーター).*(番号|No\.?|№|ナンバー)$"),
        ("registered_on", r"^(名簿)?登録(年月)?(日|日付|日時)$"),
        ("birth", r"生年月日|誕生日"),
        (
            "attended_on",
            r"(受講|修了|参加|講座|講習|研修|開催|実施|認定|交付).*(日|日付|日時|年月)$|^(日付|年月日)$",
        ),
        (
            "state",
            r"^(名簿)?登録(の|を)?(有無|希望|可否|状況|区分|意向|する)?$|^(登録)?(状態|ステータス)$|^現況$",
        ),
        ("note", r"備考|メモ|特記|摘要|コメント|連絡事項"),
        ("motive", r"動機|きっかけ|理由"),
        ("district", r"中学校?区|校区|地区|学区"),
        ("address", r"住所|所在地"),
        ("town", r"^市町村?名?$|市区町村|自治体|お住まい|居住地|居住市町|^(市|町)$"),
        ("age", r"年代|年齢|年令|世代|^歳$"),
        ("group", r"所属|団体|勤務先|職場|会社|企業|学校|組織|グループ|事業所"),
        ("phone", r"^(?!.*(緊急|家族|勤務先|会社)).*(電話|TEL|連絡先)|^(固定|自宅)$"),
        ("family", r"^(姓|氏|苗字|名字)$"),
        ("given", r"^(名|下の名前)$"),
        ("name", r"氏名|姓名|名前|^(受講者|参加者|修了者|サポーター|登録者|会員)名?$"),
    )
)


@dataclass(frozen=True)
class Layout:
    """A sheet that is understood: where each field stands, and the rows below its heading."""

    sheet: str
    columns: Mapping[str, int]
    headings: Mapping[int, str]
    """Of every column that has one, as the file writes it."""
    rows: tuple[Row, ...]
    first_line: int
    """Of the heading."""

    @property
    def not_read(self) -> tuple[str, ...]:
        """Headings of columns that are no field of ours."""
        return tuple(text for at, text in self.headings.items() if at not in self.columns.values())


class NoSuchColumn(Exception):
    """A column was named that the sheet does not have; `there` are those that it has."""

    def __init__(self, heading: str, there: Sequence[str]) -> None:
        super().__init__(heading)
        self.heading, self.there = heading, tuple(there)


def layout(sheet: Sheet, told: Mapping[str, str] | None = None) -> Layout | None:
    """Where the heading is and what it says; None where no row of the sheet is the heading of a list of people.

    `told` gives headings for fields ("name": "お名前"); an empty one means that the field is not read.
    """
    told = told or {}
    best: tuple[int, int, int, dict[int, str]] | None = None
    for at, row in enumerate(sheet.rows[:_HEADS]):
        for deep, headings in _readings(sheet, at, row):
            found = _columns(headings, told)
            if not any(field in found for field in NAMES):
                continue
            score = len(found)
            if best is None or score > best[0]:
                best = (score, at, deep, headings)
    if best is None:
        _all_there(sheet, told)
        return None
    _, at, deep, headings = best
    for heading in told.values():
        if heading and not _places(headings, heading):
            raise NoSuchColumn(heading, tuple(headings.values()))
    rows = sheet.rows[at + deep :]
    first = sheet.rows[at]
    heads = tuple(plain_heading(cell) for cell in first.cells)
    below = tuple(row for row in rows if not _says(row, heads))
    return Layout(sheet.name, _columns(headings, told), headings, below, first.line)


def _says(row: Row, heads: Sequence[str]) -> bool:
    """Whether this row is the heading once more, as at the top of each printed page."""
    return len(row.cells) == len(heads) and all(
        plain_heading(cell) == head for cell, head in zip(row.cells, heads, strict=True)
    )


def _all_there(sheet: Sheet, told: Mapping[str, str]) -> None:
    """NoSuchColumn where a heading was told that stands nowhere in the first rows."""
    rows = [
        {at: text for at, cell in enumerate(row.cells) if (text := _shown(cell))}
        for row in sheet.rows[:_HEADS]
    ]
    fullest = max(rows, key=len, default={})
    for heading in told.values():
        if heading and not any(_places(row, heading) for row in rows):
            raise NoSuchColumn(heading, tuple(fullest.values()))


def _readings(sheet: Sheet, at: int, row: Row) -> list[tuple[int, dict[int, str]]]:
    """The heading as one row, and (where cells are merged) as two rows that are read together."""
    one = {place: _shown(cell) for place, cell in enumerate(row.cells) if _shown(cell)}
    readings = [(1, one)]
    if at + 1 < len(sheet.rows) and len(one) > 1:  # one alone is a title
        under = sheet.rows[at + 1]
        below = {place: _shown(cell) for place, cell in enumerate(under.cells) if _shown(cell)}
        known = [place for place, text in below.items() if guess(text)]
        if known and len(known) * 2 >= len(below) and all(isinstance(c, str) for c in under.cells):
            readings.append((2, _together(one, below)))
    return readings


def _together(above: Mapping[int, str], below: Mapping[int, str]) -> dict[int, str]:
    """Two rows: what stands below says it, alone or with the merged cell above it (連絡先 | 携帯)."""
    headings: dict[int, str] = {}
    over = ""
    for place in range(max((*above, *below)) + 1):
        over = above.get(place, over)
        if place in below:
            lower = below[place]
            headings[place] = lower if guess(lower) or not over else f"{over}{lower}"
        elif place in above:
            headings[place] = above[place]
    return headings


def _columns(headings: Mapping[int, str], told: Mapping[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    taken = set()
    for field, heading in told.items():
        places = _places(headings, heading) if heading else []
        if places:
            found[field] = places[0]
            taken.add(places[0])
    for place, text in headings.items():
        meant = guess(text)
        if meant and meant not in found and meant not in told and place not in taken:
            found[meant] = place
    return found


def _places(headings: Mapping[int, str], wanted: str) -> list[int]:
    """By the heading itself, or by the letter of the column as Excel shows it (C列)."""
    same = [place for place, text in headings.items() if plain_heading(text) == plain_heading(wanted)]
    letter = re.fullmatch(r"([A-Z]{1,2})列?", unicodedata.normalize("NFKC", wanted).strip().upper())
    if same or letter is None:
        return same
    place = 0
    for sign in letter[1]:
        place = place * 26 + ord(sign) - ord("A") + 1
    return [place - 1] if place - 1 in headings else []


def guess(heading: str) -> str | None:
    """The field that a heading means."""
    plain = plain_heading(heading)
    bare = re.sub(r"\(.*?\)|\[.*?\]|【.*?】", "", plain)
    if not plain or len(plain) > 30:
        return None
    for text in dict.fromkeys((plain, bare)):
        for field, words in _WORDS:
            if words.search(text):
                return field
    return None


def plain_heading(cell: Cell) -> str:
    """A heading as it is compared: one width, no spaces, no marks for what must be filled in."""
    text = unicodedata.normalize("NFKC", _shown(cell))
    return re.sub(r"[\s※*:・●○◎★☆]|\(?必須\)?", "", text)


def _shown(cell: Cell) -> str:
    return " ".join(cell.split()) if isinstance(cell, str) else ""
