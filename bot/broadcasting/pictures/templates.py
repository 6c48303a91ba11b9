"""The templates: an event, the monthly letter, a word in a disaster, and a photo alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image, ImageDraw

from bot import fonts
from bot.broadcasting.pictures import sheet
from bot.broadcasting.pictures.sheet import BODY, HUGE, LARGE, MARGIN, ROOM, SMALL, WIDTH, Sheet

Words = Mapping[str, Any]
Photo = Callable[[str], bytes | None]
"""The JPEG of a photo by its id; None where it is not there any more."""
LABEL_ROOM = 196  # left of a fact: 「とき」
SMALLEST = 28  # pixels, of a label


def draw(words: Words, photo: Photo) -> Image.Image:
    """The picture of these words (`template` says which), 1040 pixels wide and as high as it has to be."""
    made = _TEMPLATES[words["template"]](words, photo)
    return made.paint()


def _event(words: Words, photo: Photo) -> Sheet:
    paper = Sheet(sheet.PAPER)
    _head(paper, words["head"], sheet.GREEN, sheet.WHITE, sheet.SUN)
    paper.gap(44)
    paper.words(words["title"], HUGE, sheet.INK, bold=True)
    paper.gap(32)
    _photo(paper, words, photo)
    for label, name in (("when_label", "when"), ("place_label", "place")):
        if name in words:
            _fact(paper, words[label], words[name])
            paper.gap(20)
    for line in words.get("lines", ()):
        _point(paper, line, sheet.GREEN)
    if "lines" in words:
        paper.gap(16)
    if "note" in words:
        paper.boxed(sheet.LEAF, [(words["note"], BODY, sheet.INK, True)])
        paper.gap(16)
    _foot(paper, words, sheet.QUIET, _hills)
    return paper


def _letter(words: Words, photo: Photo) -> Sheet:
    paper = Sheet(sheet.CREAM)
    paper.gap(56)
    if "month" in words:
        _pill(paper, words["month"], sheet.BROWN, sheet.WHITE)
        paper.gap(24)
    paper.words(words["title"], HUGE, sheet.INK, bold=True, middle=True)
    _garland(paper)
    if "lead" in words:
        paper.words(words["lead"], BODY, sheet.INK)
        paper.gap(32)
    _photo(paper, words, photo)
    for place, item in enumerate(words["items"], 1):
        inside = [(f"{place}　{item['title']}", LARGE, sheet.GREEN, True)]
        if "text" in item:
            inside.append((item["text"], BODY, sheet.INK, False))
        paper.boxed(sheet.WHITE, inside, sheet.LINE)
        paper.gap(24)
    if "note" in words:
        paper.gap(8)
        paper.words(words["note"], SMALL, sheet.BROWN, bold=True)
        paper.gap(16)
    _foot(paper, words, sheet.BROWN, _hills)
    return paper


def _disaster(words: Words, _photo_of: Photo) -> Sheet:
    paper = Sheet(sheet.WHITE)
    _head(paper, words["head"], sheet.ALARM, sheet.WHITE, sheet.NAVY)
    paper.gap(44)
    paper.words(words["title"], HUGE + 12, sheet.ALARM, bold=True)
    paper.gap(28)
    for line in words["lines"]:
        _point(paper, line, sheet.ALARM, LARGE)
    if "call" in words:
        paper.gap(20)
        paper.boxed(
            sheet.BLUSH,
            [(words["call_label"], SMALL, sheet.INK, True), (words["call"], LARGE + 16, sheet.ALARM, True)],
            sheet.ALARM,
        )
        paper.gap(12)
    if "note" in words:
        paper.gap(16)
        paper.words(words["note"], BODY, sheet.INK)
        paper.gap(12)
    _foot(paper, words, sheet.INK, None)
    return paper


def _photo_alone(words: Words, photo: Photo) -> Sheet:
    paper = Sheet(sheet.WHITE)
    jpeg = photo(words["photo"])
    if jpeg is None:
        paper.gap(MARGIN)
    else:
        paper.photo(jpeg, None, 0)
    return paper


_TEMPLATES: Mapping[str, Callable[[Words, Photo], Sheet]] = {
    "event": _event,
    "letter": _letter,
    "disaster": _disaster,
    "photo": _photo_alone,
}


# ---- pieces ------------------------------------------------------------------------------------------------


def _head(paper: Sheet, words: str, ground: str, ink: str, edge: str) -> None:
    """A band across the top."""

    def drawn(pencil: ImageDraw.ImageDraw, top: int) -> None:
        pencil.rectangle((0, top, WIDTH, top + 124), fill=ground)
        pencil.rectangle((0, top + 124, WIDTH, top + 136), fill=edge)
        fonts.write(pencil, (MARGIN, top + 62), words, BODY, ink, bold=True, anchor="lm")

    paper.add(136, drawn)


def _photo(paper: Sheet, words: Words, photo: Photo) -> None:
    jpeg = photo(words["photo"]) if "photo" in words else None
    if jpeg is not None:
        paper.photo(jpeg)
        paper.gap(36)


def _fact(paper: Sheet, label: str, words: str) -> None:
    """「とき」 in a field of its own, and beside it what is to be read."""
    inner = Sheet()
    inner.words(
        words, LARGE, sheet.INK, bold=True, left=MARGIN + LABEL_ROOM + 24, room=ROOM - LABEL_ROOM - 24
    )
    high = max(inner.height, 96)
    size = BODY
    while size > SMALLEST and fonts.width(label, size, bold=True) > LABEL_ROOM - 16:
        size -= 2

    def drawn(pencil: ImageDraw.ImageDraw, top: int) -> None:
        pencil.rounded_rectangle((MARGIN, top, MARGIN + LABEL_ROOM, top + 92), 20, fill=sheet.GREEN)
        at = (MARGIN + LABEL_ROOM / 2, top + 46)
        fonts.write(pencil, at, label, size, sheet.WHITE, bold=True, anchor="mm")
        inner.draw(pencil, top)

    paper.add(high, drawn)


def _point(paper: Sheet, words: str, dot: str, size: int = BODY) -> None:
    """One line of a list."""
    inner = Sheet()
    inner.words(words, size, sheet.INK, left=MARGIN + 56, room=ROOM - 56)
    middle = size * sheet.LEADING / 2

    def drawn(pencil: ImageDraw.ImageDraw, top: int) -> None:
        pencil.ellipse((MARGIN + 8, top + middle - 13, MARGIN + 34, top + middle + 13), fill=dot)
        inner.draw(pencil, top)

    paper.add(inner.height + 18, drawn)


def _pill(paper: Sheet, words: str, ground: str, ink: str) -> None:
    """A short word on a round ground in the middle."""
    wide = min(ROOM, fonts.width(words, SMALL, bold=True) + 72)

    def drawn(pencil: ImageDraw.ImageDraw, top: int) -> None:
        left = (WIDTH - wide) / 2
        pencil.rounded_rectangle((left, top, left + wide, top + 78), 39, fill=ground)
        fonts.write(pencil, (WIDTH / 2, top + 39), words, SMALL, ink, bold=True, anchor="mm")

    paper.add(78, drawn)


def _garland(paper: Sheet) -> None:
    """A row of leaves under the title."""

    def drawn(pencil: ImageDraw.ImageDraw, top: int) -> None:
        middle = top + 48
        pencil.line((MARGIN + 120, middle, WIDTH - MARGIN - 120, middle), fill=sheet.LINE, width=4)
        for place in range(9):
            at = MARGIN + 152 + place * (ROOM - 304) / 8
            leaf = (
                (at - 17, middle - 30, at + 17, middle - 4)
                if place % 2
                else (at - 17, middle + 4, at + 17, middle + 30)
            )
            pencil.ellipse(leaf, fill=sheet.SUN if place == 4 else sheet.GREEN)

    paper.add(104, drawn)


def _foot(paper: Sheet, words: Words, ink: str, below: Callable[[Sheet], None] | None) -> None:
    """Who says it, and something friendly under it."""
    if "from" in words:
        paper.gap(12)
        paper.words(words["from"], SMALL, ink)
    if below is None:
        paper.gap(MARGIN)
    else:
        below(paper)


def _hills(paper: Sheet) -> None:
    """Hills with two houses: the place where we live."""

    def drawn(pencil: ImageDraw.ImageDraw, top: int) -> None:
        pencil.ellipse((-180, top + 70, 620, top + 70 + 500), fill=sheet.LINE)
        pencil.ellipse((360, top + 96, 1260, top + 96 + 560), fill=sheet.GREEN)
        for left, base in ((700, top + 110), (806, top + 104)):
            pencil.rectangle((left, base - 46, left + 66, base + 12), fill=sheet.CREAM)
            pencil.polygon(
                ((left - 12, base - 44), (left + 33, base - 86), (left + 78, base - 44)), fill=sheet.SUN
            )
            pencil.rectangle((left + 25, base - 18, left + 43, base + 12), fill=sheet.BROWN)

    paper.add(170, drawn)
