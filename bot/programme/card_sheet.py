"""A4 sheets of single-use cards: ten on a page with lines to cut along, each with its QR code and its code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import qrcode
from qrcode.constants import ERROR_CORRECT_M

from bot.content.texts import Texts
from bot.pdf import ACCENT, HAIR, INK, MM, QUIET, TINT, WIDTH, Imprint, Paper, width, wrap

ACROSS, DOWN = 2, 5
WIDE, HIGH = 91 * MM, 51 * MM  # a business card, but for the 4 mm that the heading takes
LEFT = (WIDTH - ACROSS * WIDE) / 2
TOP = 24 * MM
EDGE = 4 * MM
QR = 33 * MM
A_PAGE = ACROSS * DOWN


@dataclass(frozen=True)
class OneCard:
    """What stands on one card; `code` is written as it is to be read."""

    number: int
    code: str
    url: str


@dataclass(frozen=True)
class Sheet:
    """What all cards share. `until` is the last day on which they count, as it is to be read."""

    title: str
    town: str
    when: str
    until: str
    printed: str


def sheet(texts: Texts, about: Sheet, cards: Sequence[OneCard]) -> bytes:
    """The PDF."""
    if not cards:
        raise ValueError("a sheet needs at least one card")
    imprint = Imprint(
        title=texts.get("cards.title", course=about.title),
        author=about.town,
        running="",
        caution="",
        printed=texts.get("cards.printed", at=about.printed),
        missing=texts.get("sheet.missing"),
    )
    paper = Paper(imprint)
    for start in range(0, len(cards), A_PAGE):
        if start:
            paper.turn()
        page = cards[start : start + A_PAGE]
        _head(paper, texts, about, page)
        for place, card in enumerate(page):
            across, down = place % ACROSS, place // ACROSS
            _card(paper, texts, about, card, LEFT + across * WIDE, TOP + down * HIGH)
        _cuts(paper, len(page))
    return paper.done()


def _head(paper: Paper, texts: Texts, about: Sheet, page: Sequence[OneCard]) -> None:
    words = texts.get("cards.head", course=about.title, first=str(page[0].number), last=str(page[-1].number))
    size = 11.0
    while width(words, size, True) > ACROSS * WIDE and size > 7:
        size -= 0.5
    paper.text(LEFT, 8 * MM, wrap(words, size, ACROSS * WIDE, True)[0], size, ACCENT, bold=True)
    paper.text(LEFT, 13.5 * MM, texts.get("cards.hint"), 8.5, QUIET)


def _cuts(paper: Paper, count: int) -> None:
    """Along these lines the sheet is cut; where no card is, no line."""
    rows = -(-count // ACROSS)
    for row in range(rows + 1):
        paper.line(LEFT, TOP + row * HIGH, LEFT + ACROSS * WIDE, colour=HAIR, thick=0.5)
    for column in range(ACROSS + 1):
        paper.line(LEFT + column * WIDE, TOP, LEFT + column * WIDE, colour=HAIR, thick=0.5, down=rows * HIGH)


def _card(paper: Paper, texts: Texts, about: Sheet, card: OneCard, x: float, y: float) -> None:
    """On the left who it is from and the code, on the right the QR code."""
    room = WIDE - QR - 3 * EDGE
    left, top = x + EDGE, y + EDGE
    label = texts.get("cards.label", town=about.town)
    size = 8.5
    while width(label, size, True) > room - 4 * MM and size > 6:
        size -= 0.5
    paper.box(left, top, room, 6 * MM, fill=ACCENT, round_=3 * MM)
    paper.text(left + room / 2, top + 3 * MM - size * 0.52, label, size, "#FFFFFF", bold=True, align="center")
    top += 8 * MM
    size = 10.0
    lines = wrap(about.title, size, room, True)
    while len(lines) > 2 and size > 6.5:
        size -= 0.5
        lines = wrap(about.title, size, room, True)
    for line in _at_most(lines, 2, size, room):
        paper.text(left, top, line, size, INK, bold=True)
        top += size * 1.3
    paper.text(left, top + 0.6 * MM, about.when, 7.5, QUIET)
    box = y + HIGH - EDGE - 17.5 * MM
    paper.text(left, box - 4.2 * MM, texts.get("cards.code"), 7.5, QUIET)
    paper.box(left, box, room, 9 * MM, fill=TINT, round_=2 * MM)
    paper.text(left + room / 2, box + 1.9 * MM, card.code, 15, ACCENT, bold=True, align="center")
    for number, words in enumerate(wrap(texts.get("cards.once", until=about.until), 7, room)[:3]):
        paper.text(left, box + 10.2 * MM + number * 9, words, 7, INK)
    right = x + WIDE - EDGE - QR
    paper.squares(right, y + EDGE, QR, _matrix(card.url))
    paper.text(
        right + QR / 2, y + EDGE + QR + 1.2 * MM, texts.get("cards.scan"), 8, INK, bold=True, align="center"
    )
    paper.text(right + QR / 2, y + EDGE + QR + 5 * MM, texts.get("cards.send"), 7, QUIET, align="center")
    paper.text(x + WIDE - EDGE, y + HIGH - 4.6 * MM, f"No. {card.number}", 6.5, QUIET, align="right")


def _at_most(lines: list[str], count: int, size: float, room: float) -> list[str]:
    """So many lines; a longer title ends in …: it stands whole at the head of the sheet's file."""
    if len(lines) <= count:
        return lines
    last = lines[count - 1]
    while last and width(last + "…", size, True) > room:
        last = last[:-1]
    return [*lines[: count - 1], last + "…"]


def _matrix(url: str) -> list[list[bool]]:
    """The squares, without the white around them: the card has room for that."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(url)
    code.make(fit=True)
    return [[bool(square) for square in line] for line in code.get_matrix()]
