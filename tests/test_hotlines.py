"""The shipped hotlines, and what is refused: a wrong digit is the commonest error in such lists."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
import regex

from bot.content.hotlines import Hotline, load_hotlines
from bot.content.hours import TOKYO

FILE = Path(__file__).parent.parent / "content" / "hotlines.yaml"
HOTLINES = load_hotlines(FILE)
NIGHT = datetime(2026, 11, 24, 3, 0, tzinfo=TOKYO)

GOOD = """
line:
  name: "相談"
  phone: "0120-061-338"
  url: https://example.org/
  hours_text: "毎日24時間"
  hours: {always: true}
"""


@pytest.mark.parametrize("line", HOTLINES.values(), ids=HOTLINES.keys())
def test_the_digits_dialled_are_the_digits_shown(line: Hotline) -> None:
    if line.phone is None:
        assert line.url
        return
    assert line.tel is not None
    assert re.sub(r"\D", "", line.phone) == re.sub(r"\D", "", line.tel.replace("%23", ""))
    assert re.fullmatch(r"tel:(%23)?[0-9]+", line.tel)
    assert ("%23" in line.tel) == line.phone.startswith("#")


@pytest.mark.parametrize(
    ("key", "phone", "tel"),
    [
        ("police", "110", "tel:110"),
        ("ambulance", "119", "tel:119"),
        ("inochi_sos", "0120-061-338", "tel:0120061338"),
        ("yorisoi", "0120-279-338", "tel:0120279338"),
        ("inochi_denwa", "0120-783-556", "tel:0120783556"),
        ("kokoro_dial", "0570-064-556", "tel:0570064556"),
        ("jidou_189", "189", "tel:189"),
        ("kodomo_sos", "0120-0-78310", "tel:0120078310"),
        ("childline", "0120-99-7777", "tel:0120997777"),
        ("dv_navi", "#8008", "tel:%238008"),
        ("dv_plus", "0120-279-889", "tel:0120279889"),
        ("onestop_8891", "#8891", "tel:%238891"),
        ("jakunen_ninchi", "0800-100-2707", "tel:08001002707"),
    ],
)
def test_the_lines_that_replies_lean_on_have_their_known_numbers(key: str, phone: str, tel: str) -> None:
    assert (HOTLINES[key].phone, HOTLINES[key].tel) == (phone, tel)


@pytest.mark.parametrize("line", HOTLINES.values(), ids=HOTLINES.keys())
def test_every_line_says_when_to_call_and_how_sure_we_are(line: Hotline) -> None:
    assert line.hours_text
    assert line.confidence
    assert line.source
    assert len(regex.findall(r"\X", line.short_name)) <= 20


@pytest.mark.parametrize("line", HOTLINES.values(), ids=HOTLINES.keys())
def test_structured_hours_agree_with_the_words(line: Hotline) -> None:
    if line.hours is None:
        assert line.open_at(NIGHT) is None
    elif line.hours.always:
        assert "24時間" in line.hours_text
    else:
        assert not line.open_at(NIGHT)
        assert re.search(r"\d+[:時〜]", line.hours_text)


def test_the_free_line_of_inochi_no_denwa_is_no_day_and_night_line() -> None:
    line = HOTLINES["inochi_denwa"]
    assert not line.open_at(datetime(2026, 11, 24, 22, 0, tzinfo=TOKYO))
    assert line.open_at(datetime(2026, 11, 24, 20, 0, tzinfo=TOKYO))
    assert line.open_at(datetime(2026, 12, 10, 23, 0, tzinfo=TOKYO))


def test_the_seasonal_line_is_not_offered_out_of_season() -> None:
    assert HOTLINES["kodoku_9999"].open_at(datetime(2025, 12, 31, 23, 0, tzinfo=TOKYO))
    assert not HOTLINES["kodoku_9999"].open_at(datetime(2026, 11, 24, 12, 0, tzinfo=TOKYO))


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("0120-061-338", "0120-0061-338", "line: phone '0120-0061-338' has 11 digits"),
        ("0120-061-338", "0120-061-33", "has 9 digits"),
        ("0120-061-338", "０１２０-061-338", "may hold only digits"),
        ("0120-061-338", "#80081", "has 5 digits"),
        ('"0120-061-338"', "119", "in quotes"),
        ("https://example.org/", "http://example.org/", "https"),
        ("https://example.org/", "javascript:alert(1)", "https"),
        ("https://example.org/", '"https://[::1"', "https"),
        ("https://example.org/", "12", "must be text"),
        ("{always: true}", "{always: maybe}", "line: always"),
        ('name: "相談"', 'name: ""', "name is missing"),
        ('name: "相談"', "name: 5", "must be text"),
        ("hours_text:", "hour_text:", "unknown hour_text"),
        ("line:", "Line 1:", "small letters"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, before: str, after: str, complaint: str) -> None:
    file = tmp_path / "hotlines.yaml"
    assert before in GOOD
    file.write_text(GOOD.replace(before, after), encoding="utf-8")
    with pytest.raises(ValueError, match=r"^hotlines\.yaml: ") as refused:
        load_hotlines(file)
    assert complaint in str(refused.value)


@pytest.mark.parametrize("text", ["", "[]", "line: 5", "line: {name: a, hours_text: b}"])
def test_a_file_without_usable_entries_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "hotlines.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"^hotlines\.yaml: "):
        load_hotlines(file)
