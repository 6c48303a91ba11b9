"""Papers that a town prints: A4 pages of Japanese that flow on, with a number and the page on each of them.

The letters are embedded (only those that are used) and can be read out and searched. One accent colour, which
stays a calm dark grey on a copier. Nothing that is written is ever cut off: what does not fit goes on overleaf.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import regex
from reportlab.lib.colors import HexColor
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas

from bot import fonts

MM = 72 / 25.4
WIDTH, HEIGHT = 210 * MM, 297 * MM
LEFT, RIGHT = 18 * MM, 192 * MM  # room for the holes of a folder
PAGE_TOP, BOTTOM, FOOT = 13 * MM, 280 * MM, 284.5 * MM
ROOM = RIGHT - LEFT

INK, QUIET, ACCENT, TINT, HAIR = "#1F2B27", "#4E5C56", "#0B6B4F", "#E8F2ED", "#AEBFB7"
BODY, SMALL, TINY = 10.5, 9.0, 8.0
THICK_FROM = (
    12  # smaller letters without a bold cut stay as they are: thickened, they would fill up on a screen
)

GETA = "〓"  # printers have put this in the place of a letter that they lack since the days of lead
_DROPPED = regex.compile(
    r"[\p{Cc}--[\n\t]]|\p{Cf}|[\ufe00-\ufe0f\U000e0000-\U000e0fff\u3099\u309a]", regex.VERSION1
)
_CLUSTER = regex.compile(r"\X")
_UNBROKEN = regex.compile(r"[0-9A-Za-z.,:/@_+%#&'-]")
_NEVER_FIRST = frozenset(
    "、。，．・：；！？!?）」』】〕〉》］｝)]}ー〜～…‥々ゝゞっゃゅょぁぃぅぇぉッャュョァィゥェォヵヶ"
)
_NEVER_LAST = frozenset("（「『【〔〈《［｛([{")
_LONGEST_WORD = 40  # letters; what is longer is broken anywhere

Draw = Callable[[Canvas], None]
_ink = cache(HexColor)  # a colour written as #RRGGBB


# ---- letters ---------------------------------------------------------------------------------------------


@cache
def _face(bold: bool) -> tuple[str, bool]:
    """The registered name of the typeface, and whether its letters have to be thickened to be bold."""
    name, path = ("tsunagari-bold", fonts.face(True)) if bold else ("tsunagari", fonts.face())
    try:
        font = TTFont(name, str(path))
    except TTFError:  # outlines of another kind, which cannot be embedded
        path = fonts.brought_along()
        font = TTFont(name, str(path))
    pdfmetrics.registerFont(font)
    return name, bold and path == fonts.brought_along()


@cache
def _known(bold: bool) -> Any:
    """The letters of the typeface with their widths, in thousandths of the size."""
    return pdfmetrics.getFont(_face(bold)[0]).face.charWidths


@cache
def _alphabet() -> frozenset[str]:
    """What can be printed, bold or not."""
    return frozenset(chr(code) for code in _known(False) if code in _known(True))


@cache
def letters_in(typeface: Path) -> frozenset[str]:
    """What a file of letters can write."""
    return frozenset(map(chr, TTFont(typeface.stem, str(typeface)).face.charWidths))


def _has(text: str) -> bool:
    return _alphabet().issuperset(text)


def letters(text: str) -> str:
    """The text in letters that can be printed: what the typeface lacks, broken halves too, becomes 〓."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = text.replace("\u2028", "\n").replace("\u2029", "\n").replace("\t", "　").replace("\xa0", " ")
    if _has(text.replace("\n", "")):
        return text
    return "".join(_printable(cluster) for cluster in _CLUSTER.findall(text))


def _printable(cluster: str) -> str:
    kept: str = _DROPPED.sub("", cluster)
    if kept == "\n" or _has(kept):
        return kept
    plainer = unicodedata.normalize("NFKC", kept)
    return plainer if _has(plainer) else GETA


def width(text: str, size: float, bold: bool = False) -> float:
    """How wide one line of printable letters is, in points."""
    known = _known(bold)
    return float(sum(known.get(ord(sign), 1000) for sign in text)) * size / 1000


def wrap(text: str, size: float, room: float, bold: bool = False) -> list[str]:
    """Lines no wider than `room`. Nothing is lost; numbers stay whole, no line begins with 。or ends with（."""
    return [line for part in letters(text).split("\n") for line in _wrapped(part.rstrip(), size, room, bold)]


def _wrapped(text: str, size: float, room: float, bold: bool) -> list[str]:
    known, lines, begin, taken = _known(bold), [], 0, 0.0
    at = 0
    while at < len(text):
        taken += known.get(ord(text[at]), 1000) * size / 1000
        if taken <= room or at == begin:
            at += 1
            continue
        at = _break(text, begin, at)
        lines.append(text[begin:at].rstrip())
        while at < len(text) and text[at] == " ":
            at += 1
        begin, taken = at, 0.0
    return [*lines, text[begin:]] if begin < len(text) or not lines else lines


def _break(text: str, begin: int, at: int) -> int:
    """The last good place for a new line, at or before `at`: not within a number, unless that fills the line."""
    places = range(at, max(begin, at - _LONGEST_WORD), -1)
    allowed = [
        place for place in places if text[place] not in _NEVER_FIRST and text[place - 1] not in _NEVER_LAST
    ]
    for place in allowed:
        if not (_UNBROKEN.match(text[place - 1]) and _UNBROKEN.match(text[place])):
            return place
    return allowed[0] if allowed else at


# ---- pages -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Imprint:
    """What stands on every page and in the properties of the file (never a word of a case)."""

    title: str
    author: str
    running: str
    """At the head of every page but the first."""
    caution: str
    printed: str
    """Who printed it and when; empty on a paper that is handed out empty."""
    missing: str
    """Explains 〓; printed only where one was needed."""
    lang: str = "ja-JP"


class Paper:
    """A paper that is filled from above; `y` is where the next thing goes."""

    def __init__(self, imprint: Imprint) -> None:
        self.imprint = imprint
        self.y = PAGE_TOP
        self._page: list[Draw] = []
        self._pages = [self._page]
        self._missing = False

    @property
    def pages(self) -> int:
        return len(self._pages)

    @property
    def left_over(self) -> float:
        return BOTTOM - self.y

    def gap(self, height: float) -> None:
        """Some air; none at the head of a page."""
        if len(self._pages) == 1 or self.y > PAGE_TOP + 12 * MM:
            self.y += height

    def need(self, height: float) -> None:
        """What comes now stays together: a new page where this one has not so much room."""
        if height > self.left_over:
            self.turn()

    def turn(self) -> None:
        """Go on with a new page."""
        self._page = []
        self._pages.append(self._page)
        self.y = PAGE_TOP
        head = self.imprint.running
        self.text(LEFT, self.y, head, SMALL, ACCENT, bold=True)
        self.text(RIGHT, self.y, self.imprint.caution, SMALL, INK, bold=True, align="right")
        self.line(LEFT, self.y + 5.4 * MM, RIGHT, colour=ACCENT, thick=0.8)
        self.y += 9 * MM

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = BODY,
        colour: str = INK,
        *,
        bold: bool = False,
        align: str = "left",
    ) -> None:
        """One line whose letters reach down from `y`."""
        shown = self.letters(text).replace("\n", " ")
        if align != "left":
            x -= width(shown, size, bold) / (1 if align == "right" else 2)
        name, thickened = _face(bold)
        thickened = thickened and size >= THICK_FROM

        def draw(canvas: Canvas) -> None:
            canvas.setFillColor(_ink(colour))
            canvas.setFont(name, size)
            if thickened:
                canvas.setStrokeColor(_ink(colour))
                canvas.setLineWidth(size / 36)
            canvas.drawString(x, HEIGHT - y - size * 0.88, shown, mode=2 if thickened else 0)

        self._page.append(draw)

    def line(
        self, x: float, y: float, to: float, *, colour: str = HAIR, thick: float = 0.6, down: float = 0
    ) -> None:
        """A level line, or with `down` one that goes so far down."""

        def draw(canvas: Canvas) -> None:
            canvas.setStrokeColor(_ink(colour))
            canvas.setLineWidth(thick)
            canvas.line(x, HEIGHT - y, to, HEIGHT - y - down)

        self._page.append(draw)

    def box(
        self,
        x: float,
        y: float,
        wide: float,
        high: float,
        *,
        fill: str | None = None,
        edge: str | None = None,
        thick: float = 0.8,
        round_: float = 0,
    ) -> None:
        """A rectangle, filled or edged."""

        def draw(canvas: Canvas) -> None:
            if fill:
                canvas.setFillColor(_ink(fill))
            if edge:
                canvas.setStrokeColor(_ink(edge))
                canvas.setLineWidth(thick)
            shape = (x, HEIGHT - y - high, wide, high)
            canvas.roundRect(*shape, round_, stroke=int(edge is not None), fill=int(fill is not None))

        self._page.append(draw)

    def squares(self, x: float, y: float, side: float, matrix: Sequence[Sequence[bool]]) -> None:
        """A QR code: the dark ones of these squares, as one shape, so that no printer leaves seams between them."""
        each = side / len(matrix)
        runs = [
            (row, begin, end)
            for row, line in enumerate(matrix)
            for begin in range(len(line))
            if line[begin] and (begin == 0 or not line[begin - 1])
            for end in (next((at for at in range(begin, len(line)) if not line[at]), len(line)),)
        ]

        def draw(canvas: Canvas) -> None:
            canvas.setFillColor(_ink(INK))
            path = canvas.beginPath()
            for row, begin, end in runs:
                path.rect(x + begin * each, HEIGHT - y - (row + 1) * each, (end - begin) * each, each * 1.02)
            canvas.drawPath(path, stroke=0, fill=1)

        self._page.append(draw)

    def done(self) -> bytes:
        """The file. Page numbers are set now that the number of pages is known."""
        out = io.BytesIO()
        canvas = Canvas(
            out,
            pagesize=(WIDTH, HEIGHT),
            lang=self.imprint.lang,
            pageCompression=1,
            initialFontName=_face(False)[0],
        )
        canvas.setTitle(self.imprint.title)
        canvas.setAuthor(self.imprint.author)
        canvas.setSubject(self.imprint.caution)
        canvas.setCreator("tsunagari")
        canvas.setViewerPreference("DisplayDocTitle", "true")
        for number, self._page in enumerate(self._pages, 1):  # noqa: B020 (`text` writes on this page)
            self._foot(number)
            for draw in self._page:
                draw(canvas)
            canvas.showPage()
        canvas.save()
        return out.getvalue()

    def _foot(self, number: int) -> None:
        """Who printed it, what 〓 means where one stands, and the page."""
        top = FOOT
        self.line(LEFT, top - 2 * MM, RIGHT)
        self.text(RIGHT, top, f"{number} / {len(self._pages)}", SMALL, INK, align="right")
        note = "　".join(
            part for part in (self.imprint.printed, self.imprint.missing * self._missing) if part
        )
        for line in wrap(note, TINY, ROOM - 20 * MM):
            self.text(LEFT, top, line, TINY, QUIET)
            top += TINY * 1.4

    def letters(self, text: str) -> str:
        """Printable letters; remembers whether a 〓 had to be explained."""
        shown = letters(text)
        self._missing = self._missing or shown.count(GETA) > text.count(GETA)
        return shown
