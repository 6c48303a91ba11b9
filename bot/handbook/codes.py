"""QR codes that lead to the handbook, to be stuck and hung where people are: stickers, cards and posters, in millimetres.

Each module is large enough for a telephone at arm's length, the quiet zone is part of the code, and the error correction
suits what becomes of the paper: a sticker is scratched and bent, a card is held, a poster hangs flat.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import qrcode
from PIL import ImageFont
from qrcode.constants import ERROR_CORRECT_H, ERROR_CORRECT_M, ERROR_CORRECT_Q

from bot import fonts
from bot.content.texts import Texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWN: Final = (".png", ".svg", ".pdf")
QUIET: Final = 4  # modules around a code (ISO/IEC 18004)
LEAST_MODULE: Final = 0.4  # mm
SMALLER: Final = 0.7  # so much smaller letters may become before a line is broken
INK, SOFT, HAIR = "#1F2B27", "#4E5C56", "#AEBFB7"
_MM: Final = 25.4
_POINT: Final = 72 / _MM  # points of a millimetre


@dataclass(frozen=True)
class Size:
    """Width, height and the side of the code (its quiet zone included) in mm; how many of them stand on the paper."""

    name: str
    wide: float
    high: float
    side: float
    correction: int
    across: int = 1
    down: int = 1

    @property
    def dpi(self) -> int:
        return 600 if self.wide <= 100 else 300

    @property
    def lying(self) -> bool:
        """The words stand beside the code."""
        return self.wide > self.high


SIZES: Final = {
    "code": Size("QRコードだけ（5センチ角）", 50, 50, 50, ERROR_CORRECT_Q),
    "sticker": Size("シール（4×6センチ）", 40, 60, 34, ERROR_CORRECT_Q),
    "sheet": Size("シール16枚（A4）", 40, 60, 34, ERROR_CORRECT_Q, 4, 4),
    "card": Size("カード（名刺の大きさ）", 91, 55, 42, ERROR_CORRECT_M),
    "poster": Size("ポスター（A4）", 210, 297, 120, ERROR_CORRECT_M),
    "poster-a3": Size("ポスター（A3）", 297, 420, 180, ERROR_CORRECT_H),
}
A4: Final = (210.0, 297.0)


class TooFine(ValueError):
    """The address is too long for a code of this size."""


class NoLetters(ValueError):
    """No typeface on this machine has the letters of these words."""


@dataclass(frozen=True)
class Words:
    """What stands around the code; `address` is what somebody types who cannot scan."""

    title: str
    lead: str
    scan: str
    points: tuple[str, ...]
    address: str

    @property
    def all_letters(self) -> str:
        return "".join((self.title, self.lead, self.scan, *self.points, self.address))


def words_for(texts: Texts, way: str, address: str) -> Words:
    """The words of the first page, in the language of these texts."""
    start = "web.start.handbook"
    return Words(
        title=texts.get(f"{start}.title"),
        lead=texts.get(f"{start}.lead").strip(),
        scan=texts.get(f"handbook_code.scan_{way}"),
        points=tuple(texts.get(f"{start}.points.{number}") for number in ("one", "two", "three")),
        address=address,
    )


def drawn(size: Size, words: Words, url: str, suffix: str) -> bytes:
    """The file: .png, .svg or .pdf. TooFine and NoLetters say why not."""
    if suffix not in DRAWN:
        raise ValueError(f"{suffix}: {', '.join(DRAWN)} are expected")
    runs, modules = _runs(url, size.correction)
    if size.side / modules < LEAST_MODULE:
        raise TooFine(f"{modules} modules in {size.side} mm")
    face = face_for(words.all_letters)
    wide, high = A4 if size.across > 1 else (size.wide, size.high)
    axes = _paper(wide, high, face)
    left, top = (wide - size.across * size.wide) / 2, (high - size.down * size.high) / 2
    for number in range(size.across * size.down):
        x, y = left + number % size.across * size.wide, top + number // size.across * size.high
        if size.across > 1:
            _outline(axes, x, y, size)
        _one(axes, size, words, face, x, y, (runs, size.side / modules))
    return _saved(axes, suffix, size.dpi if size.across == 1 else 300, words.title)


def _runs(url: str, correction: int) -> tuple[list[tuple[int, int, int]], int]:
    """Dark modules as (row, first, behind the last), and how many modules a side has with its quiet zone."""
    code = qrcode.QRCode(error_correction=correction, border=QUIET)
    code.add_data(url)
    code.make(fit=True)
    runs = []
    for row, line in enumerate(matrix := code.get_matrix()):
        begin = None
        for place, dark in enumerate([*line, False]):
            if dark and begin is None:
                begin = place
            elif not dark and begin is not None:
                runs.append((row, begin, place))
                begin = None
    return runs, len(matrix)


# ---- letters -----------------------------------------------------------------------------------------------


def face_for(letters: str) -> Path:
    """The first typeface that has all of them: the house's, one with every Latin letter, any that is installed."""
    wanted = {ord(sign) for sign in letters if not sign.isspace()}
    for path in _faces():
        if wanted <= _alphabet(path):
            return path
    raise NoLetters("".join(sorted(chr(code) for code in wanted - _alphabet(fonts.face()))))


def _faces() -> Iterable[Path]:
    yield fonts.face()
    yield fonts.with_accents()
    for folder in fonts.FONT_FOLDERS:
        if folder.is_dir():
            yield from sorted(path for path in folder.rglob("*.[ot]t[fc]"))


@cache
def _alphabet(path: Path) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(FT2Font(str(path)).get_charmap())
    except (OSError, RuntimeError):  # a broken file of somebody else's
        return frozenset()


@cache
def _ruler(face: Path) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(face), 100)


def _width(text: str, size: float, face: Path) -> float:
    """How wide a line is, in mm, where its letters are `size` mm high."""
    return _ruler(face).getlength(text) / 100 * size


def _lines(text: str, size: float, room: float, face: Path) -> list[str]:
    """Lines no wider than `room` mm; a word in Latin letters stays whole."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for piece in fonts.pieces(paragraph):
            if not line or _width(line + piece, size, face) <= room or piece in fonts.NEVER_FIRST:
                line += piece
            else:
                lines.append(line.rstrip())
                line = piece.lstrip()
        lines.append(line.rstrip())
    return lines


# ---- drawing -----------------------------------------------------------------------------------------------


def _paper(wide: float, high: float, face: Path) -> Axes:
    """An empty paper whose unit is a millimetre, with its origin at the top left."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # 42 keeps the letters as letters, but takes outlines of one kind only.
    kind = 42 if face.suffix == ".ttf" else 3
    mpl.rcParams.update({"pdf.fonttype": kind, "svg.fonttype": "path", "svg.hashsalt": "tsunagari"})
    figure = Figure(figsize=(wide / _MM, high / _MM), facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, wide)
    axes.set_ylim(high, 0)
    axes.set_axis_off()
    return axes


def _one(
    axes: Axes,
    size: Size,
    words: Words,
    face: Path,
    x: float,
    y: float,
    code: tuple[list[tuple[int, int, int]], float],
) -> None:
    """One label with its left upper corner at (x, y)."""
    if size.side >= size.wide:
        _squares(axes, x, y, *code)
    elif size.lying:
        _lying(axes, size, words, face, x, y, code)
    else:
        _standing(axes, size, words, face, x, y, code)


def _standing(
    axes: Axes, size: Size, words: Words, face: Path, x: float, y: float, code: tuple[Any, float]
) -> None:
    """Title, on a poster what it is, the code, how it goes, the address."""
    poster, unit = size.wide >= A4[0], size.wide / 100
    above = [_Part(words.title, (9 if poster else 10) * unit, INK)]
    below = [_Part(words.scan, (4.6 if poster else 7.5) * unit, INK)]
    if poster:
        above.append(_Part(words.lead, 4.6 * unit, INK))
        below += [_Part(point, 3.5 * unit, SOFT) for point in words.points]
    below.append(_Part(words.address, (3.8 if poster else 6) * unit, SOFT))
    room, free = size.wide * 0.9, size.high - size.side - 0.04 * size.high
    parts = (*above, *below)
    lines = _column(parts, room, free - (len(parts) * 0.5 * unit), face)
    gap = (size.high - size.side - sum(line.step for line in lines)) / 4
    at = y + gap
    for line in lines:
        if line.part is below[0] and line.first:
            at += gap
            _squares(axes, x + (size.wide - size.side) / 2, at, *code)
            at += size.side + gap / 2
        _write(axes, x + size.wide / 2, at, line, face)
        at += line.step


def _lying(
    axes: Axes, size: Size, words: Words, face: Path, x: float, y: float, code: tuple[Any, float]
) -> None:
    """The code on the left, the words beside it."""
    edge = (size.high - size.side) / 2
    _squares(axes, x + edge / 2, y + edge, *code)
    left, room = x + size.side + edge * 0.7, size.wide - size.side - edge * 1.2
    parts = [_Part(words.title, 5, INK), _Part(words.lead, 2.9, INK), _Part(words.scan, 3.2, INK)]
    parts += [_Part(words.points[0], 2.7, SOFT), _Part(words.address, 2.9, SOFT)]
    lines = _column(parts, room, size.high * 0.9, face)
    at = y + (size.high - sum(line.step for line in lines)) / 2
    for line in lines:
        _write(axes, left, at, line, face, align="left")
        at += line.step


@dataclass(frozen=True)
class _Part:
    """Words that belong together, and how high their letters may be in mm."""

    text: str
    high: float
    ink: str


@dataclass(frozen=True)
class _Line:
    part: _Part
    text: str
    high: float
    first: bool
    last: bool

    @property
    def step(self) -> float:
        """How far down the next one begins; a part is a little apart from the next."""
        return self.high * (1.9 if self.last else 1.4)


def _column(parts: Iterable[_Part], room: float, free: float, face: Path) -> list[_Line]:
    """The lines of these parts, in letters as large as fit into `room` by `free` mm."""
    scale = 1.0
    while True:
        lines = [line for part in parts for line in _set(part, scale, room, face)]
        if sum(line.step for line in lines) <= free or scale < 0.4:
            return lines
        scale *= 0.95


def _set(part: _Part, scale: float, room: float, face: Path) -> list[_Line]:
    """Rather smaller letters than a word that is torn; an address is broken where it must be."""
    high = part.high * scale
    widest = max(_width(line, high, face) for line in part.text.split("\n"))
    high *= min(1.0, max(SMALLER, room / widest))
    texts = [piece for line in _lines(part.text, high, room, face) for piece in _cut(line, high, room, face)]
    last = len(texts) - 1
    return [_Line(part, text, high, n == 0, n == last) for n, text in enumerate(texts)]


def _cut(line: str, high: float, room: float, face: Path) -> list[str]:
    pieces = []
    while _width(line, high, face) > room * 1.02 and len(line) > 1:
        end = next(n for n in range(len(line) - 1, 0, -1) if n == 1 or _width(line[:n], high, face) <= room)
        pieces.append(line[:end])
        line = line[end:]
    return [*pieces, line]


def _write(axes: Axes, x: float, y: float, line: _Line, face: Path, *, align: str = "center") -> None:
    from matplotlib.font_manager import FontProperties

    letters = FontProperties(fname=str(face), size=line.high * _POINT)
    axes.text(
        x, y + line.high * 1.1, line.text, fontproperties=letters, color=line.part.ink, ha=align, va="baseline",
        parse_math=False,
    )  # fmt: skip


def _squares(axes: Axes, x: float, y: float, runs: Iterable[tuple[int, int, int]], each: float) -> None:
    """The dark modules as one shape; a hair of overlap leaves no seams between the rows."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    corners: list[tuple[float, float]] = []
    for row, begin, end in runs:
        left, right = x + begin * each, x + end * each
        top, bottom = y + row * each, y + (row + 1.02) * each
        corners += [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    strokes = [Outline.MOVETO, *[Outline.LINETO] * 3, Outline.CLOSEPOLY] * (len(corners) // 5)
    axes.add_patch(PathPatch(Outline(corners, strokes), facecolor="black", lw=0, antialiased=False))


def _outline(axes: Axes, x: float, y: float, size: Size) -> None:
    """Where to cut."""
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle((x, y), size.wide, size.high, fill=False, edgecolor=HAIR, lw=0.4, ls=(0, (4, 4)))
    )


def _saved(axes: Axes, suffix: str, dpi: int, title: str) -> bytes:
    out, kind = io.BytesIO(), suffix.removeprefix(".")
    told: dict[str, Any] = {"Title": title}
    if kind != "png":
        told["Date" if kind == "svg" else "CreationDate"] = None
    figure = axes.get_figure(root=True)
    assert figure is not None  # it was made for these axes
    figure.savefig(out, format=kind, dpi=dpi, metadata=told)
    return out.getvalue()
