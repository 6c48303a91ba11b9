"""The poster: everything fits on the sheet, and the QR code is drawn in whole pixels."""

from __future__ import annotations

import pytest
import qrcode
from PIL import Image

from bot import course_poster, fonts
from bot import poster as drawing
from bot.course_poster import Way
from bot.poster import FOOT, MARGIN, PAGE, STEP, STEPS, Poster, Words, draw_poster, registration_url

URL = registration_url("@tsunagari", "7KQ4M-2XW9H")


def poster(title: str = "つながりサポーター養成講座", place: str = "駅南庁舎") -> Image.Image:
    return draw_poster(Poster(title, "鳥取市", "2026年12月6日(日)", place, "7KQ4M-2XW9H", URL, "12月13日"))


def ink_in_the_margins(sheet: Image.Image) -> bool:
    """Below the coloured heading nothing may stand in the left and right margin."""
    body = sheet.crop((0, 1200, PAGE[0], PAGE[1] - 170))
    paper = sheet.getpixel((5, 1200))
    sides = [body.crop((0, 0, 120, body.height)), body.crop((PAGE[0] - 100, 0, PAGE[0], body.height))]
    return any(side.getcolors() != [(side.width * side.height, paper)] for side in sides)


@pytest.mark.parametrize(
    ("title", "place"),
    [("講座", "市役所"), ("とても長い名前の講座" * 8, "とても長い名前の会場の、とても長い名前の部屋" * 4)],
)
def test_short_and_long_words_stay_within_the_sheet(title: str, place: str) -> None:
    assert not ink_in_the_margins(poster(title, place))


LONG = Words(
    "令和8年度 鳥取県東部圏域連携つながりサポーター養成講座〜声をかけ、話を聴き、窓口につなぐために〜（初心者向け）",
    "全市町　つながりサポーター登録",
    (
        ("とき", "第1回 2026年12月6日（日）\n第2回 2026年12月13日（日）\n第3回 2026年12月20日（日）"),
        (
            "ところ",
            "県民ふれあい会館 本館4階 講義室第一および第二、駐車場は裏手の文化会館側をご利用ください" * 2,
        ),
    ),
    STEPS,
    "わからないときは、会場の係に声をかけてください。",
)


def test_three_days_and_a_long_place_leave_every_step_its_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the steps were given: they begin so high that three of them stand under each other."""
    given: list[int] = []
    monkeypatch.setattr(drawing, "steps", lambda _draw, _words, top: given.append(top))
    drawing.draw_sheet(LONG, "7KQ4M-2XW9H", URL)
    course_poster.draw(
        LONG, (Way("LINEで申し込む", URL), Way("LINEを使わない方", URL)), "https://a.jp/c/7KQ4M"
    )
    for top in given:
        assert (FOOT - top - 70) / len(STEPS) >= STEP
    assert len(given) == 2


def test_the_qr_code_on_the_sheet_is_that_of_the_link() -> None:
    """Every module is looked up on the sheet: the middle of each must have the right colour."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4)
    code.add_data(URL)
    code.make(fit=True)
    matrix = code.get_matrix()
    box = 1010 // len(matrix)
    sheet = poster().convert("L")
    left = (PAGE[0] - (len(matrix) * box + 56)) // 2 + 28
    first = 4 * box + box // 2  # the middle of the first module inside the quiet zone
    top = next(
        y
        for y in range(900, 2000)
        if all(sheet.getpixel((left + 4 * box + n, y)) == 0 for n in range(7 * box))
    )
    for row, modules in enumerate(matrix[4:-4]):
        for column, dark in enumerate(modules[4:-4]):
            pixel = sheet.getpixel((left + first + column * box, top + box // 2 + row * box))
            assert (pixel < 128) == dark, (row, column)


def test_a_line_never_begins_with_a_full_stop() -> None:
    lines = fonts.wrap("あいうえお。かきくけこ。", 50, fonts.width("あいうえお", 50) + 1)
    assert lines == ["あいうえお。", "かきくけこ。"]


def test_the_margin_is_wide_enough_for_a_printer() -> None:
    assert MARGIN / 300 * 25.4 > 10  # millimetres
