"""The printed codes: every size is read again by a decoder, as large as it says, with its quiet zone around it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pypdf
import pytest
import zxingcpp
from PIL import Image
from town import the_content

from bot import fonts, poster
from bot.handbook import codes
from bot.handbook.codes import QUIET, SIZES, NoLetters, Size, TooFine, Words, drawn, face_for, words_for

URL = "https://tsunagari.example.lg.jp/h/spray-ekimae?lang=ja-easy"
TEXTS = the_content().texts
LEVELS = {"code": "Q", "sticker": "Q", "sheet": "Q", "card": "M", "poster": "M", "poster-a3": "H"}
A4 = (210, 297)


def words(way: str = "web") -> Words:
    return words_for(TEXTS, way, URL.removeprefix("https://"))


def picture(size: Size, url: str = URL, way: str = "web") -> Image.Image:
    return Image.open(io.BytesIO(drawn(size, words(way), url, ".png"))).convert("L")


@pytest.mark.parametrize("name", SIZES)
def test_a_decoder_reads_it_again(name: str) -> None:
    size = SIZES[name]
    found = zxingcpp.read_barcodes(picture(size))
    assert len(found) == size.across * size.down
    assert {each.text for each in found} == {URL}
    assert {each.ec_level for each in found} == {LEVELS[name]}


def test_the_one_for_line_is_read_again_and_opens_the_chat_with_the_words_in_it() -> None:
    url = poster.chat_url("@tsunagari", TEXTS.get("handbook_code.line_text", tag="spray-ekimae"))
    (found,) = zxingcpp.read_barcodes(picture(SIZES["sticker"], url, "line"))
    assert found.text == url


def test_it_is_still_read_when_a_sixth_of_it_is_scratched_away() -> None:
    """Why a sticker has more correction than a card."""
    shown = picture(SIZES["sticker"])
    (found,) = zxingcpp.read_barcodes(shown)
    at, side = found.position.top_left, found.position.top_right.x - found.position.top_left.x
    scratch = Image.new("L", (side // 3, side // 3), 255)
    shown.paste(scratch, (at.x + side // 2, at.y + side // 2))
    assert [each.text for each in zxingcpp.read_barcodes(shown)] == [URL]


@pytest.mark.parametrize("name", SIZES)
def test_it_is_as_large_as_it_says(name: str) -> None:
    size = SIZES[name]
    wide, high = A4 if size.across > 1 else (size.wide, size.high)
    (page,) = pypdf.PdfReader(io.BytesIO(drawn(size, words(), URL, ".pdf"))).pages
    assert float(page.mediabox.width) / 72 * 25.4 == pytest.approx(wide, abs=0.2)
    assert float(page.mediabox.height) / 72 * 25.4 == pytest.approx(high, abs=0.2)
    svg = drawn(size, words(), URL, ".svg").decode()
    width, height = re.findall(r'(?:width|height)="([0-9.]+)pt"', svg)[:2]
    assert (float(width), float(height)) == (
        pytest.approx(wide / 25.4 * 72, abs=0.5),
        pytest.approx(high / 25.4 * 72, abs=0.5),
    )


@pytest.mark.parametrize("name", ["code", "sticker", "card", "poster"])
def test_nothing_stands_in_the_quiet_zone(name: str) -> None:
    shown = picture(SIZES[name])
    (found,) = zxingcpp.read_barcodes(shown)
    at, end = found.position.top_left, found.position.bottom_right
    modules = codes._runs(URL, SIZES[name].correction)[1] - 2 * QUIET
    quiet = int((end.x - at.x) / modules * (QUIET - 0.3))
    inside = (at.x - 1, at.y - 1, end.x + 2, end.y + 2)
    around = shown.crop(
        (max(at.x - quiet, 0), max(at.y - quiet, 0), end.x + quiet, min(end.y + quiet, shown.height))
    )
    around.paste(
        255,
        tuple(v - o for v, o in zip(inside, (max(at.x - quiet, 0), max(at.y - quiet, 0)) * 2, strict=True)),
    )
    assert around.getextrema()[0] > 200


def test_the_pdf_says_in_letters_where_it_leads() -> None:
    (page,) = pypdf.PdfReader(io.BytesIO(drawn(SIZES["poster"], words(), URL, ".pdf"))).pages
    said = page.extract_text()
    for part in (
        "お悩みハンドブック",
        "カメラで読み取る",
        "名前も、連絡先も、聞きません。",
        URL.removeprefix("https://"),
    ):
        assert part in said


@pytest.mark.parametrize("language", ["ja", "ja-easy", "en", "vi", "pt-BR"])
@pytest.mark.parametrize("name", ["sticker", "card", "poster"])
def test_no_letter_leaves_the_paper_in_any_language(name: str, language: str) -> None:
    size = SIZES[name]
    told = words_for(
        the_content().said_in(language).texts, "web", "tsunagari.a-very-long-name.example.lg.jp/h/spray"
    )
    shown = Image.open(io.BytesIO(drawn(size, told, URL, ".png"))).convert("L")
    edge = shown.width // 100
    for strip in (
        (0, 0, edge, shown.height),
        (shown.width - edge, 0, shown.width, shown.height),
        (0, 0, shown.width, edge),
        (0, shown.height - edge, shown.width, shown.height),
    ):
        assert shown.crop(strip).getextrema()[0] > 200


def test_an_address_that_is_too_long_for_the_size_is_refused() -> None:
    with pytest.raises(TooFine):
        drawn(SIZES["sticker"], words(), URL + "x" * 400, ".png")


def test_letters_that_no_typeface_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "FONT_FOLDERS", ())
    with pytest.raises(NoLetters, match="恼"):
        face_for("烦恼手册")


def test_vietnamese_is_written_in_letters_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "FONT_FOLDERS", ())
    assert face_for("Sổ tay trợ giúp").name == "DejaVuSans.ttf"
    assert face_for("お悩みハンドブック") == fonts.face()


def test_another_kind_of_file_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="are expected"):
        drawn(SIZES["code"], words(), URL, ".jpg")
