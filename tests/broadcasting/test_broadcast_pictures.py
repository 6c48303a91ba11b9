"""Pictures: within LINE's limits, every word inside, readable; from words alone."""

from __future__ import annotations

import io
from typing import Any

import pytest
from known_words import PHOTO_ID, a_jpeg, known
from PIL import Image, ImageDraw

from bot import fonts
from bot.broadcasting.forms import check
from bot.broadcasting.pictures import sheet, templates
from bot.broadcasting.pictures.fields import TEMPLATES, Field, fits
from bot.broadcasting.pictures.sheet import WIDTH

LABELS = {
    "head": "お知らせ",
    "when_label": "とき",
    "place_label": "ところ",
    "call_label": "電話",
    "more": "押すと見られます",
}
LINES_LIMIT, PREVIEW_LIMIT = 10 * 1024 * 1024, 1024 * 1024


def filled(field: Field, letter: str) -> Any:
    """As long as it may be."""
    match field.shape:
        case "photo":
            return PHOTO_ID
        case "lines":
            return [(letter * field.longest)[: field.longest]] * field.most
        case "items":
            return [{part.name: (letter * part.longest)[: part.longest] for part in field.parts}] * field.most
        case _:
            return (letter * field.longest)[: field.longest]


def longest(name: str, letter: str = "鬱") -> dict[str, Any]:
    return LABELS | {"template": name} | {each.name: filled(each, letter) for each in TEMPLATES[name]}


def least(name: str) -> dict[str, Any]:
    needed = {each.name: filled(each, "あ") for each in TEMPLATES[name] if each.needed}
    return LABELS | {"template": name} | needed


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("make", [least, longest])
def test_a_picture_is_within_the_limits_of_line(name: str, make: Any) -> None:
    picture = templates.draw(make(name), lambda _id: a_jpeg((1600, 1200)))
    assert picture.width == WIDTH
    whole, small = sheet.jpeg(picture), sheet.preview(picture, "押すと、全部見られます")
    assert len(whole) <= LINES_LIMIT
    assert len(small) <= PREVIEW_LIMIT
    with Image.open(io.BytesIO(small)) as seen:
        assert seen.height <= seen.width * sheet.PREVIEW_SHAPE + 1


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("letter", ["鬱", "W", "ー", "。", "Wa ", "「"])
def test_every_word_is_inside(name: str, letter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line that is drawn is measured where it is drawn."""
    drawn: list[tuple[float, float, float, float]] = []
    write = fonts.write

    def measured(
        draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, fill: str, **how: Any
    ) -> None:
        bold = how.get("bold", False)
        edge = fonts.stroke(size, bold)
        face, anchor = fonts.font(size, bold), how.get("anchor", "la")
        drawn.append(draw.textbbox(at, text, font=face, anchor=anchor, stroke_width=edge))
        write(draw, at, text, size, fill, **how)

    monkeypatch.setattr(fonts, "write", measured)
    picture = templates.draw(longest(name, letter), lambda _id: a_jpeg())
    assert name == "photo" or len(drawn) > 5
    for left, top, right, bottom in drawn:
        assert left >= 0
        assert right <= picture.width
        assert top >= 0
        assert bottom <= picture.height


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        (sheet.INK, sheet.PAPER),
        (sheet.INK, sheet.CREAM),
        (sheet.INK, sheet.LEAF),
        (sheet.INK, sheet.BLUSH),
        (sheet.QUIET, sheet.PAPER),
        (sheet.BROWN, sheet.CREAM),
        (sheet.GREEN, sheet.WHITE),
        (sheet.WHITE, sheet.GREEN),
        (sheet.WHITE, sheet.BROWN),
        (sheet.WHITE, sheet.ALARM),
        (sheet.ALARM, sheet.WHITE),
        (sheet.ALARM, sheet.BLUSH),
    ],
)
def test_ink_and_ground_are_far_enough_apart(ink: str, ground: str) -> None:
    darker, lighter = sorted((luminance(ink), luminance(ground)))
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_more_words_make_a_higher_picture_and_none_is_left_out() -> None:
    short = templates.draw(least("event"), lambda _id: None)
    long = templates.draw(longest("event"), lambda _id: None)
    assert long.height > short.height + 500


def test_a_photo_is_in_it_and_one_that_is_gone_leaves_no_hole() -> None:
    words = least("event") | {"photo": PHOTO_ID}
    there = templates.draw(words, lambda _id: a_jpeg())
    gone = templates.draw(words, lambda _id: None)
    assert gone.height == templates.draw(least("event"), lambda _id: None).height
    assert there.height > gone.height
    assert len(there.getcolors(1_000_000) or ()) > len(gone.getcolors(1_000_000) or ()) + 100
    assert templates.draw({"template": "photo", "photo": PHOTO_ID}, lambda _id: None).width == WIDTH


def test_signs_that_cannot_be_drawn_are_known_before() -> None:
    assert fits("鳥取市 12月12日（土）〜 ①②③ Winter") == ()
    assert fits("集い😀と\U0001f38d😀") == ("😀", "\U0001f38d")
    (problem,) = check([{"picture": {"template": "event", "title": "雪⛄", "when": "あす"}}], known())[1]
    assert "⛄" in problem.text


@pytest.mark.parametrize(
    "text", ["つづきの長いことば" * 9, "Winter gathering at Sazanka Hall " * 5, "W" * 99, "あ」）。" * 30]
)
def test_a_line_is_no_wider_than_there_is_room_but_for_one_letter(text: str) -> None:
    lines = fonts.wrap_words(text, 54, 600)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(fonts.width(line, 54) <= 600 + fonts.width("鬱", 54) for line in lines)


def test_words_in_latin_letters_stay_whole() -> None:
    lines = fonts.wrap_words("Winter gathering is on December 12", 54, 500)
    assert all(
        word in ("Winter", "gathering", "is", "on", "December", "12")
        for line in lines
        for word in line.split()
    )
    assert len(lines) > 1
