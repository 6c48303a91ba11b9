"""修了証, badge and member card as pictures: beautiful enough to frame, readable by everybody.

A town puts its own seal into content/seals/<town>.png (square, transparent ground). Where there is none, the mark of
the つながりサポーター stands in its place: we never draw what could be taken for an official seal.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import qrcode
from PIL import Image, ImageDraw
from qrcode.constants import ERROR_CORRECT_M

from bot.fonts import width, wrap, write

DPI = 300
A4 = (2480, 3508)  # pixels at 300 dpi
CARD = (1011, 638)  # a bank card (85.6 mm × 54 mm) at 300 dpi
BADGE = (1040, 1040)
FINER = 2  # circles are drawn that much larger and scaled down

PAPER, INK, QUIET = "#FFFDF8", "#23302B", "#55645D"
GREEN, LEAF, SUN, GOLD, WHITE = "#0B6B4F", "#E6F3EC", "#F2A33A", "#B08D3C", "#FFFFFF"
SEAL_RED = "#B3261E"


@dataclass(frozen=True)
class Words:
    """All that stands on the three papers, as it is to be read; `seal` is the town's own, where it has one."""

    title: str
    number: str
    plain_number: str
    name: str
    honoured: str
    body: tuple[str, ...]
    course_on: str
    issued: str
    issuer: str
    badge_title: str
    town: str
    year: str
    card_number: str
    card_issued: str
    card_scan: str
    verify_url: str
    seal: Path | None = None


def as_bytes(picture: Image.Image, kind: str, title: str) -> bytes:
    """The picture as "pdf" (one page at its own size) or "png"."""
    out = io.BytesIO()
    if kind == "pdf":
        picture.save(out, "PDF", resolution=DPI, quality=95, subsampling=0, title=title)
    else:
        picture.save(out, "PNG", dpi=(DPI, DPI), optimize=True)
    return out.getvalue()


# ---- the certificate ---------------------------------------------------------------------------------------


def certificate(words: Words) -> Image.Image:
    """An A4 sheet: title, name, what is certified, day, issuer and seal, within a double frame."""
    sheet = Image.new("RGB", A4, PAPER)
    draw = ImageDraw.Draw(sheet)
    _frame(draw)
    middle = A4[0] / 2
    sheet.paste(mark(230), (int(middle - 115), 330))
    write(draw, (A4[0] - 330, 400), words.number, 52, QUIET, anchor="rm")
    spaced = "　".join(words.title)
    write(draw, (middle, 790), spaced, 240, INK, anchor="mm")  # so large, thickened letters would fill up
    draw.line((middle - 430, 985, middle + 430, 985), fill=GOLD, width=6)
    _fitting(draw, (middle, 1230), words.honoured, 160, A4[0] - 760)
    draw.line((middle - 620, 1350, middle + 620, 1350), fill=LEAF, width=5)
    size, top = 74, 1560
    for line in (part for text in words.body for part in wrap(text, size, A4[0] - 640)):
        write(draw, (middle, top), line, size, INK, anchor="mm")
        top += 140
    write(draw, (middle, max(top + 60, 2250)), words.course_on, 60, QUIET, anchor="mm")
    write(draw, (430, 2640), words.issued, 74, INK, anchor="lm")
    _fitting(draw, (A4[0] - 760, 2900), words.issuer, 110, 1250, anchor="rm")
    _seal(sheet, words.seal, (A4[0] - 700, 2740), 320)
    return sheet


def _frame(draw: ImageDraw.ImageDraw) -> None:
    wide, high = A4
    draw.rectangle((110, 110, wide - 110, high - 110), outline=GREEN, width=22)
    draw.rectangle((152, 152, wide - 152, high - 152), outline=GOLD, width=5)
    draw.rectangle((196, 196, wide - 196, high - 196), outline=LEAF, width=14)
    for left in (152, wide - 152):
        for top in (152, high - 152):
            for size, fill in ((66, PAPER), (50, GREEN), (32, PAPER), (18, SUN)):
                draw.ellipse((left - size, top - size, left + size, top + size), fill=fill)


def _seal(sheet: Image.Image, seal: Path | None, at: tuple[int, int], side: int) -> None:
    if seal is not None:
        with Image.open(seal) as own:
            picture = own.convert("RGBA").resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(picture, at, picture)
        return
    draw = ImageDraw.Draw(sheet)
    left, top = at
    draw.rounded_rectangle((left, top, left + side, top + side), radius=22, outline=SEAL_RED, width=12)
    for number, sign in enumerate("つながり"):  # read as seals are: from the top right downwards
        x, y = left + side * (0.72 - 0.44 * (number // 2)), top + side * (0.29 + 0.42 * (number % 2))
        write(draw, (x, y), sign, int(side * 0.36), SEAL_RED, anchor="mm")


# ---- the badge and the card --------------------------------------------------------------------------------


def badge(words: Words) -> Image.Image:
    """A round badge on white, to be shown on a phone; nobody's name stands on it."""
    big = BADGE[0] * FINER
    round_ = Image.new("RGB", (big, big), WHITE)
    draw = ImageDraw.Draw(round_)
    for inset, fill in ((20, GREEN), (70, SUN), (84, PAPER)):
        edge = inset * FINER
        draw.ellipse((edge, edge, big - edge, big - edge), fill=fill)
    picture = round_.resize(BADGE, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(picture)
    middle = BADGE[0] / 2
    picture.paste(mark(250), (int(middle - 125), 180))
    _fitting(draw, (middle, 545), words.badge_title, 88, 760, bold=True, fill=GREEN)
    _fitting(draw, (middle, 675), words.town, 74, 640, bold=True)
    write(draw, (middle, 790), words.year, 60, QUIET, anchor="mm")
    write(draw, (middle, 870), words.card_number, 44, QUIET, anchor="mm")
    return picture


def card(words: Words) -> Image.Image:
    """A card of the size of a bank card, with the QR code behind which its state can be looked up."""
    picture = Image.new("RGB", CARD, WHITE)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, CARD[0], 150), fill=GREEN)
    draw.rectangle((0, 150, CARD[0], 160), fill=SUN)
    picture.paste(mark(100, GREEN), (34, 25))
    write(draw, (160, 75), words.badge_title, 58, WHITE, bold=True, anchor="lm")
    code = _qr(words.verify_url, 300)
    left = CARD[0] - 40 - code.width
    picture.paste(code, (left, 190))
    room = left - 80
    _fitting(draw, (44, 245), words.name, 62, room, bold=True, anchor="lm")
    _fitting(draw, (44, 335), words.town, 46, room, anchor="lm")
    write(draw, (44, 405), words.card_number, 40, QUIET, anchor="lm")
    write(draw, (44, 460), words.card_issued, 36, QUIET, anchor="lm")
    draw.rectangle((0, CARD[1] - 84, CARD[0], CARD[1]), fill=LEAF)
    _fitting(draw, (CARD[0] / 2, CARD[1] - 42), words.card_scan, 32, CARD[0] - 80)
    return picture


def mark(side: int, ground: str = PAPER) -> Image.Image:
    """Two rings that hold each other, as on our pages."""
    big = side * 4
    picture = Image.new("RGB", (big, big), ground)
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((0, 0, big - 1, big - 1), radius=int(big * 0.29), fill=GREEN)
    unit = big / 48
    ring, line = 9 * unit, int(4.5 * unit)

    def circle(x: float, colour: str, begin: int = 0, end: int = 360) -> None:
        half = ring + line / 2
        box = (x * unit - half, 25 * unit - half, x * unit + half, 25 * unit + half)
        draw.arc(box, begin, end, fill=colour, width=line)

    circle(18, PAPER)
    circle(30, SUN)
    circle(18, PAPER, -50, 50)  # the left ring lies over the right one where they cross
    return picture.resize((side, side), Image.Resampling.LANCZOS)


def _qr(url: str, side: int) -> Image.Image:
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=2, box_size=1)
    code.add_data(url)
    code.make(fit=True)
    picture: Image.Image = code.make_image(fill_color="black", back_color="white").get_image().convert("RGB")
    box = max(1, side // picture.width)  # whole pixels for every module: sharp edges scan best
    return picture.resize((picture.width * box, picture.height * box), Image.Resampling.NEAREST)


def _fitting(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    size: int,
    room: float,
    *,
    bold: bool = False,
    anchor: str = "mm",
    fill: str = INK,
) -> None:
    """One line, as large as it fits into the room."""
    while width(text, size, bold=bold) > room and size > 22:
        size -= 2
    write(draw, at, text, size, fill, bold=bold, anchor=anchor)
