"""What stands in a cell, understood: telephone numbers that lost their 0, dates of every era, ages, places.

Each reader gives the value (None: nothing there, or nothing that can be used) and remarks on what it did to it.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.content.library import Content
from bot.content.places import Town
from bot.kana import in_hiragana
from bot.table_files import Cell

ERAS: Final = {"令和": 2018, "R": 2018, "平成": 1988, "H": 1988, "昭和": 1925, "S": 1925}
_ENDED: Final = {"平成": 31, "H": 31, "昭和": 64, "S": 64}
_WAREKI: Final = re.compile(
    r"(令和|平成|昭和|[RHS])\s*(元|\d{1,2})\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})日?", re.IGNORECASE
)
_WESTERN: Final = re.compile(r"(?<!\d)((?:19|20)\d{2})\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})日?")
_DIGITS_DAY: Final = re.compile(r"(?<!\d)((?:19|20)\d{2})(\d{2})(\d{2})(?!\d)")
_EXCEL_BEGAN: Final = dt.date(1899, 12, 30)
_SERIAL: Final = range(20_000, 80_000)  # 1954 to 2119, as Excel counts days
_MAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_KANA: Final = re.compile(r"[ぁ-ゖァ-ヺー・\s]+")
_NOTHING: Final = frozenset(
    {"", "-", "ー", "―", "—", "–", "なし", "無", "無し", "不明", "未", "未定", "/", "〃", "同上", "×", "?"}
)
_DASHES: Final = str.maketrans(dict.fromkeys("‐‑‒–—―−ー─ｰ－", "-"))
_SEVERAL: Final = re.compile(r"[/、,;\n]|または|又は|(?<=\d)\s+(?=0\d)")
_MOBILE: Final = re.compile(r"0[56789]0")
_YES: Final = {
    *"○◯〇◎1有済",
    "あり",
    "する",
    "はい",
    "登録",
    "登録済",
    "登録済み",
    "希望",
    "希望する",
    "yes",
    "true",
}
_NO: Final = {
    *"×✕✖0-無未",
    "なし",
    "しない",
    "いいえ",
    "未登録",
    "登録なし",
    "登録しない",
    "希望しない",
    "no",
    "false",
}
_HONORIFIC: Final = re.compile(r"(?<=.)\s*(様|殿|さん|さま|氏)$")
_NOT_A_PERSON: Final = re.compile(r"^(合計|小計|総計|計|以上|以下余白|余白|人数|.*\d+\s*名)$")
_FEW: Final = 4  # cells of a row with a sum that are no bare numbers
_NUMBER: Final = re.compile(r"[\d.,%]+[人名件]?")
_WIDE: Final = re.compile(r"[\uff01-\uffef\u3000]+")
_SEVERAL_PEOPLE: Final = re.compile(r"[、,/&＆\n]|(?<=[一-龠])[・と](?=[一-龠])|ほか|他\d*名")
LEAVING: Final = re.compile(r"転出|死亡|逝去|亡くな|故人|退会|辞退|辞め|やめ|停止|休止|拒否")


@dataclass(frozen=True)
class Remark:
    """Something about one field of one row; its words are `register.remarks.<key>`."""

    field: str
    key: str
    said: str = ""
    """What the cell says."""
    taken: str = ""
    """What goes into the register instead."""


@dataclass
class Reading:
    """One row being read: its cells, and what there is to remark."""

    columns: Mapping[str, int]
    cells: Sequence[Cell]
    remarks: list[Remark] = field(default_factory=list)

    def cell(self, name: str) -> Cell:
        at = self.columns.get(name)
        return self.cells[at] if at is not None and at < len(self.cells) else ""

    def text(self, name: str) -> str:
        """The cell in words, one width for letters and digits, kanji untouched; empty for 「なし」 and the like."""
        cell = self.cell(name)
        return _filled(as_text(cell)) if cell != "" else ""

    def remark(self, name: str, key: str, said: str = "", taken: str = "") -> None:
        self.remarks.append(Remark(name, key, said[:60], taken))


def as_text(cell: Cell) -> str:
    """A cell as it would be read aloud; a number is not 9012345678.0."""
    match cell:
        case str():
            return _half_width(cell).strip()
        case bool():
            return "1" if cell else "0"
        case float() if cell.is_integer():
            return str(int(cell))
        case dt.datetime():
            return cell.date().isoformat()
        case dt.date() | dt.time():
            return cell.isoformat()
        case _:
            return str(cell)


def _half_width(text: str) -> str:
    """Full-width letters and half-width kana in their usual width. Only those: NFKC as a whole would turn 神 (U+FA19)
    and other letters of people's names into different ones."""
    return text if text.isascii() else _WIDE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)


def _filled(text: str) -> str:
    return "" if text.casefold() in _NOTHING else text


# ---- names -------------------------------------------------------------------------------------------------


def name(reading: Reading) -> str | None:
    """The whole name with one space in it; from two columns where surname and name stand apart."""
    whole = reading.text("name") or " ".join(filter(None, (reading.text("family"), reading.text("given"))))
    if _SEVERAL_PEOPLE.search(whole):
        reading.remark("name", "several_people", whole)
    plain = _HONORIFIC.sub("", " ".join(whole.split()))
    if not plain or re.fullmatch(r"[\d\s.,()-]+", plain):
        return None
    return plain[:80]


def is_no_person(reading: Reading) -> bool:
    """A sum, or the line that says that the rest of the paper is empty."""
    said = "".join((reading.text("name") or reading.text("family")).split())
    if said and not _NOT_A_PERSON.match(said):
        return False
    words = [word for cell in reading.cells if (word := "".join(as_text(cell).split()))]
    few = sum(not _NUMBER.fullmatch(word) for word in words) <= _FEW
    return few and any(_NOT_A_PERSON.match(word) for word in words)


def kana(reading: Reading) -> str | None:
    """In hiragana, so that a list can be sorted."""
    said = reading.text("kana") or " ".join(
        filter(None, (reading.text("family_kana"), reading.text("given_kana")))
    )
    plain = _HONORIFIC.sub("", " ".join(said.split()))
    if not plain:
        if {"kana", "family_kana"} & reading.columns.keys():
            reading.remark("kana", "no_kana")
        return None
    if not _KANA.fullmatch(plain):
        reading.remark("kana", "kana_unclear", said)
        return None
    return in_hiragana(plain)[:80]


# ---- how to reach them -------------------------------------------------------------------------------------


def phone(reading: Reading) -> str | None:
    """The mobile number where there is one, else the other; a 0 that Excel took away is put back."""
    found = None
    for column in ("mobile", "phone"):
        said = reading.text(column)
        if not said:
            continue
        whole = _number(said)
        parts = [said] if whole and whole.startswith("0") else _SEVERAL.split(said)
        numbers = [number for part in parts if (number := _number(part))]
        right = [number for number in numbers if number.startswith("0")]
        right.sort(key=lambda number: not _MOBILE.match(number))
        if not right:
            key = (
                "phone_without_area"
                if any(each.isdigit() and 6 <= len(each) <= 8 for each in numbers)
                else "phone_unclear"
            )
            reading.remark(column, key, said)
            continue
        if len(right) > 1:
            reading.remark(column, "phone_first", said, shown_phone(right[0]))
        elif "0" not in _digits(said)[:1] and not said.lstrip().startswith("+"):
            reading.remark(column, "phone_repaired", said, shown_phone(right[0]))
        found = found or right[0]
    return found


def _digits(text: str) -> str:
    return re.sub(r"[^\d+]", "", unicodedata.normalize("NFKC", text).translate(_DASHES))


def _number(part: str) -> str | None:
    """Its digits: from 0 on where it is a whole number, else as they stand; None without digits."""
    digits = _digits(re.sub(r"内線.*$|\(?ext.*$", "", part))
    if digits.startswith("+81"):
        digits = "0" + digits[3:].removeprefix("0")
    elif digits.startswith("81") and len(digits) in (11, 12):
        digits = "0" + digits[2:]
    elif re.match(r"[56789]0", digits) and len(digits) == 10:
        digits = "0" + digits  # 90-1234-5678
    elif re.match(r"[1-9]", digits) and len(digits) == 9:
        digits = "0" + digits  # 857-22-8111
    if digits.startswith("0") and len(digits) != (11 if _MOBILE.match(digits) else 10):
        return f"?{digits}"
    return digits or None


def shown_phone(digits: str) -> str:
    """With hyphens where it is certain where they belong."""
    if len(digits) == 11:
        return f"{digits[:3]}-{digits[3:7]}-{digits[7:]}"
    if re.match(r"0857|0858|0859|0796", digits) and len(digits) == 10:
        return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    return digits


def mail(reading: Reading) -> str | None:
    """The address; None (and a remark) where it is none."""
    said = reading.text("mail")
    if not said:
        return None
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", said)).removeprefix("mailto:")
    found = _MAIL.fullmatch(plain)
    if found is None or len(plain) > 254:
        reading.remark("mail", "mail_unclear", said)
        return None
    return plain


# ---- days --------------------------------------------------------------------------------------------------


def days(cell: Cell) -> tuple[dt.date, ...]:
    """Every day that a cell names: a date, Excel's number of one, 2023-12-01, 20231201, R5.12.1, 令和5年12月1日."""
    match cell:
        case "":
            return ()
        case dt.datetime():
            return (cell.date(),)
        case dt.date():
            return (cell,)
        case bool():
            return ()
        case int() | float():
            if float(cell).is_integer() and int(cell) in _SERIAL:
                return (_EXCEL_BEGAN + dt.timedelta(days=int(cell)),)
            return days(as_text(cell)) if int(cell) >= 19_000_000 else ()
        case str():
            return _days(unicodedata.normalize("NFKC", cell).translate(_DASHES))
    return ()


def _days(text: str) -> tuple[dt.date, ...]:
    found: list[tuple[int, dt.date]] = []
    for match in _WAREKI.finditer(text):
        era, year = match[1].upper(), 1 if match[2] == "元" else int(match[2])
        if 1 <= year <= _ENDED.get(era, 99):
            _keep(found, match.start(), ERAS[era] + year, match[3], match[4])
    for pattern in (_WESTERN, _DIGITS_DAY):
        for match in pattern.finditer(text):
            _keep(found, match.start(), int(match[1]), match[2], match[3])
    if not found and text.strip().isdigit() and int(text) in _SERIAL:
        return (_EXCEL_BEGAN + dt.timedelta(days=int(text)),)
    return tuple(day for _, day in sorted(found))


def _keep(found: list[tuple[int, dt.date]], at: int, year: int, month: str, day: str) -> None:
    try:
        found.append((at, dt.date(year, int(month), int(day))))
    except ValueError:
        return


def day(reading: Reading, column: str, today: dt.date) -> tuple[dt.date, ...]:
    """The days of a column, the earliest first; none that is still to come."""
    said = reading.text(column)
    if not said:
        return ()
    found = sorted(set(days(reading.cell(column))))
    if not found:
        reading.remark(column, "day_unclear", said)
        return ()
    past = tuple(each for each in found if each <= today)
    if len(past) < len(found):
        reading.remark(column, "day_to_come", said)
    return past


# ---- age, place, state -------------------------------------------------------------------------------------


def age_band(reading: Reading, content: Content, today: dt.date) -> str | None:
    """The key of the age band: from 70代, 72, 72歳, or a date of birth (which itself is not kept)."""
    said = reading.text("age")
    if said:
        for band in content.programme.age_bands:
            if said in (band.key, band.label):
                return band.key
        found = re.search(r"(\d{1,3})\s*(代|歳代|才代|歳|才)?\s*(未満)?", unicodedata.normalize("NFKC", said))
        years = int(found[1]) - (1 if found[3] else 0) if found else None
        band_key = content.programme.band_of_age(years) if years is not None and 0 <= years <= 120 else None
        if band_key is None:
            reading.remark("age", "age_unclear", said)
        return band_key
    for born in days(reading.cell("birth")):
        years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        if 0 <= years <= 120:
            return content.programme.band_of_age(years)
    return None


def town_of(text: str, content: Content) -> Town | None:
    """The town that a cell or an address names."""
    if not text:
        return None
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    towns = content.towns.values()
    for town in towns:
        if plain in (town.key, town.name, *town.aliases):
            return town
    return next((town for town in towns if town.name in plain[:20]), None)


def district_of(text: str, town: Town) -> str | None:
    """The key of a district of this town: 東中学校区, 東中, 東 …"""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    for district in town.districts:
        if plain in (district.key, district.name, district.kana):
            return district.key
    stem = _stem(plain.removeprefix(town.name).removeprefix("市立").removeprefix("町立"))
    same = [district.key for district in town.districts if stem and _stem(district.name) == stem]
    return same[0] if len(same) == 1 else None


def _stem(name: str) -> str:
    plain = re.sub(
        r"(中学校?区?|中校区|中|校区|学区|地区|区)$", "", name.replace("ヶ", "ケ").replace("が丘", "ケ丘")
    )
    return plain.replace("ノ", "の")


def state(reading: Reading, labels: Mapping[str, str]) -> str | None:
    """registered or attended from 有・無 and the like, or a state by its own name; None where nothing is said."""
    said = re.sub(r"\s", "", as_text(reading.cell("state")))
    if not said:
        return None
    for key, label in labels.items():
        if said in (key, _half_width(label)):
            return key
    if said.casefold() in _YES:
        return "registered"
    if said.casefold() in _NO:
        return "attended"
    reading.remark("state", "state_unclear", said)
    return None
