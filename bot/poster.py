"""The poster of a course: an A4 sheet by which everybody in the room becomes a registered supporter.

The same sheet with other words makes a shop's staff known as watch partners.

It hangs on a wall and is read from five metres by people of every age: one QR code, one code in big letters,
three steps, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import qrcode
from PIL import Image, ImageDraw
from qrcode.constants import ERROR_CORRECT_M

from bot.fonts import width, wrap, write

DPI = 300
PAGE = (2480, 3508)  # A4 at 300 dpi
MARGIN = 190
FOOT, STEP = PAGE[1] - 190, 176  # where the foot begins; the least that a step of two lines needs

PAPER = "#FFFDF8"
INK = "#23302B"
QUIET = "#55645D"
GREEN = "#0B6B4F"
LEAF = "#E6F3EC"
SUN = "#F2A33A"
WHITE = "#FFFFFF"

STEPS = (
    ("QRコードを読み取る", "スマートフォンのカメラをかざします。「追加」が出たら押してください。"),
    ("そのまま送信する", "コードが入った画面が出ます。紙ひこうきの形のボタンを押してください。"),
    ("質問に答える", "出てきたボタンを選んでいくと、登録ができます。"),
)

PARTNER_STEPS = (
    *STEPS[:2],
    ("しるしを見つけたら", "メニューの「気になるしるしを知らせる」から、3回おすだけです。"),
)


@dataclass(frozen=True)
class Poster:
    """What stands on the sheet. `when` and `code` are written as they are to be read."""

    title: str
    town: str
    when: str
    place: str
    code: str
    registration_url: str
    until: str


@dataclass(frozen=True)
class Words:
    """All that stands on a sheet around its QR code and its code."""

    title: str
    label: str
    facts: tuple[tuple[str, str], ...]
    steps: tuple[tuple[str, str], ...]
    foot: str


def words_of_course(poster: Poster) -> Words:
    """What stands on the poster of a course."""
    foot = f"わからないときは、会場の係に声をかけてください。　このコードは{poster.until}まで使えます。"
    facts = (("とき", poster.when), ("ところ", poster.place))
    return Words(poster.title, f"{poster.town}　つながりサポーター登録", facts, STEPS, foot)


def words_of_partner(name: str, towns: str) -> Words:
    """What stands on the sheet for the staff of a watch partner."""
    facts = (
        ("だれが", "配達や集金、検針などで家をまわる方"),
        ("なにを", "気になるしるしを、まちの窓口に知らせます"),
    )
    foot = "このコードは、お店の中だけで使ってください。命があぶないときは、先に119か110へ。"
    return Words(name, f"{towns}　見守り協定", facts, PARTNER_STEPS, foot)


def registration_text(code: str) -> str:
    """What is already typed when somebody opens the chat through the QR code."""
    return f"コード {code}"


def registration_url(basic_id: str, code: str) -> str:
    """LINE's address that opens the chat with the code already typed."""
    return chat_url(basic_id, registration_text(code))


def chat_url(basic_id: str, text: str) -> str:
    """LINE's address that opens the chat with an account, with these words already typed.

    https://developers.line.biz/en/docs/line-login/using-line-url-scheme/ (both parts percent-encoded).
    """
    return f"https://line.me/R/oaMessage/{quote(basic_id, safe='')}/?{quote(text, safe='')}"


def save(poster: Poster, out: Path) -> None:
    """Write the sheet as .pdf or .png; ValueError for another kind of file."""
    save_sheet(words_of_course(poster), poster.code, poster.registration_url, out)


def save_sheet(words: Words, code: str, url: str, out: Path) -> None:
    """The same for any words."""
    save_picture(lambda: draw_sheet(words, code, url), out, words.title)


def save_picture(drawn: Callable[[], Image.Image], out: Path, title: str) -> None:
    """Write a sheet of A4 as .pdf or .png; ValueError for another kind of file."""
    kind = out.suffix.lower()
    if kind not in (".pdf", ".png"):
        raise ValueError(f"{out.name}: a poster is a .pdf or a .png")
    sheet = drawn()
    if kind == ".pdf":
        sheet.save(out, "PDF", resolution=DPI, quality=95, subsampling=0, title=title)
    else:
        sheet.save(out, "PNG", dpi=(DPI, DPI))


def draw_poster(poster: Poster) -> Image.Image:
    """The sheet of a course."""
    return draw_sheet(words_of_course(poster), poster.code, poster.registration_url)


def draw_sheet(words: Words, code: str, url: str) -> Image.Image:
    """The sheet from top to bottom: what it is, the QR code, the code, how it goes."""
    sheet = Image.new("RGB", PAGE, PAPER)
    draw = ImageDraw.Draw(sheet)
    below = heading(draw, words)
    below = facts(draw, words, below)
    below = _qr(sheet, draw, url, below, side_left(words, below, 474))
    below = _code(draw, code, below)
    steps(draw, words, below)
    foot(draw, words)
    return sheet


def heading(draw: ImageDraw.ImageDraw, words: Words) -> int:
    """Label and title on a green ground; where it ends."""
    size = 152
    lines = wrap(words.title, size, PAGE[0] - 2 * MARGIN, bold=True)
    while len(lines) > 2 and size > 84:
        size -= 4
        lines = wrap(words.title, size, PAGE[0] - 2 * MARGIN, bold=True)
    bottom = 330 + len(lines) * int(size * 1.3) + 60
    draw.rectangle((0, 0, PAGE[0], bottom), fill=GREEN)
    draw.rectangle((0, bottom, PAGE[0], bottom + 18), fill=SUN)
    letters = 66
    while width(words.label, letters, bold=True) > PAGE[0] - 2 * MARGIN - 110 and letters > 30:
        letters -= 2
    pill = width(words.label, letters, bold=True) + 110
    draw.rounded_rectangle((MARGIN, 150, MARGIN + pill, 150 + 118), radius=59, fill=WHITE)
    write(draw, (MARGIN + pill / 2, 150 + 59), words.label, letters, GREEN, bold=True, anchor="mm")
    for number, line in enumerate(lines):
        write(draw, (MARGIN, 330 + number * int(size * 1.3)), line, size, WHITE, bold=True)
    return bottom + 18


def facts(draw: ImageDraw.ImageDraw, words: Words, top: int) -> int:
    """When and where, in big letters; where they end."""
    top += 62
    for name, text in words.facts:
        draw.rounded_rectangle((MARGIN, top, MARGIN + 240, top + 96), radius=18, fill=LEAF)
        write(draw, (MARGIN + 120, top + 48), name, 56, GREEN, bold=True, anchor="mm")
        room = PAGE[0] - 2 * MARGIN - 300
        size = 76 if "\n" not in text and width(text, 76, bold=True) <= room else 60
        for line in wrap(text, size, room, bold=True):
            write(draw, (MARGIN + 295, top + 48), line, size, INK, bold=True, anchor="lm")
            top += int(size * 1.35)
        top += 124 - int(size * 1.35)
    return top


def side_left(words: Words, top: int, beside: int, at_most: int = 1010) -> int:
    """How wide a QR code may be that the steps below it still have their room; `beside`: what else stands there."""
    return min(at_most, max(500, FOOT - top - beside - 70 - STEP * len(words.steps)))


def _qr(sheet: Image.Image, draw: ImageDraw.ImageDraw, url: str, top: int, side: int) -> int:
    return framed_qr(sheet, draw, url, (PAGE[0] / 2, top + 46), side)


def framed_qr(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, url: str, at: tuple[float, float], side: int
) -> int:
    """A QR code in a frame, `at` its middle and top; where it ends."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=4, box_size=10)
    code.add_data(url)
    code.make(fit=True)
    modules = len(code.get_matrix())
    box = side // modules  # whole pixels for every module: sharp edges scan best
    picture = code.make_image(fill_color="black", back_color="white").get_image().convert("RGB")
    size = modules * box
    picture = picture.resize((size, size), Image.Resampling.NEAREST)
    frame = size + 56
    left, top = int(at[0] - frame / 2), int(at[1])
    draw.rounded_rectangle(
        (left, top, left + frame, top + frame), radius=56, fill=WHITE, outline=GREEN, width=14
    )
    sheet.paste(picture, (left + 28, top + 28))
    return top + frame


def _code(draw: ImageDraw.ImageDraw, code: str, top: int) -> int:
    words = "読み取れないときは、このコードをトークに打ってください"
    write(draw, (PAGE[0] / 2, top + 76), words, 52, QUIET, anchor="mm")
    size = 186
    wide = width(code, size, bold=True)
    left = (PAGE[0] - wide) / 2
    draw.rounded_rectangle((left - 90, top + 124, left + wide + 90, top + 372), radius=40, fill=LEAF)
    write(draw, (PAGE[0] / 2, top + 248), code, size, GREEN, bold=True, anchor="mm")
    return top + 372


def steps(draw: ImageDraw.ImageDraw, words: Words, top: int) -> None:
    """How it goes, one line for each step, down to the foot."""
    room = (FOOT - top - 70) / len(words.steps)
    for number, (deed, how) in enumerate(words.steps, 1):
        middle = top + 60 + room * (number - 0.5)
        draw.ellipse((MARGIN, middle - 74, MARGIN + 148, middle + 74), fill=SUN)
        write(draw, (MARGIN + 74, middle), str(number), 96, WHITE, bold=True, anchor="mm")
        lines = wrap(how, 56, PAGE[0] - 2 * MARGIN - 210)
        high = 84 + 72 * len(lines)
        write(draw, (MARGIN + 210, middle - high / 2), deed, 72, INK, bold=True)
        for line, text in enumerate(lines):
            write(draw, (MARGIN + 210, middle - high / 2 + 98 + 72 * line), text, 56, QUIET)


def foot(draw: ImageDraw.ImageDraw, words: Words) -> None:
    """One line at the very bottom."""
    top = PAGE[1] - 160
    draw.rectangle((0, top, PAGE[0], PAGE[1]), fill=LEAF)
    write(draw, (PAGE[0] / 2, top + 80), words.foot, 50, INK, anchor="mm")
