"""The letters of our pictures: a universal-design typeface where one is installed, else the one we bring along."""

from __future__ import annotations

import importlib.resources
import re
from functools import cache
from pathlib import Path

from PIL import ImageDraw, ImageFont

FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("/Library/Fonts"))
# Easiest to read first: BIZ UD (Morisawa) was drawn for weak eyes; its proportional cut sets tighter lines.
_REGULAR = (r"BIZUDPGothic-Regular", r"BIZUDGothic-Regular")
_BOLD = (r"BIZUDPGothic-Bold", r"BIZUDGothic-Bold")
NEVER_FIRST = "。、，．・：）」』】!?！？〜ーっゃゅょッャュョ"
_NEVER_LAST = ("「", "『", "（", "【", "〈", "“")
_PIECE = re.compile(r"[!-~\u00a1-\u024f\u1e00-\u1eff]+|.", re.DOTALL)
BOLDER = (
    36  # a face without a bold cut is thickened by size/36: enough to be a heading, and no kanji fills up
)


@cache
def _installed(names: tuple[str, ...], folders: tuple[Path, ...]) -> Path | None:
    found = {p.stem: p for folder in folders if folder.is_dir() for p in folder.rglob("*.[to]t[fc]")}
    return next((path for name in names for stem, path in found.items() if re.fullmatch(name, stem)), None)


def brought_along() -> Path:
    """IPAexゴシック (IPA Font License), which the package matplotlib_fontja carries; nothing of it is imported."""
    return Path(str(importlib.resources.files("matplotlib_fontja") / "fonts" / "ipaexg.ttf"))


def with_accents() -> Path:
    """DejaVu Sans, which matplotlib carries: it has the letters of all languages that are written in Latin ones."""
    import matplotlib as mpl  # a third of a second, and most processes draw nothing

    return Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


def face(bold: bool = False) -> Path:
    """The file of the typeface; without an installed bold cut, `bold` gives the regular one (see `write`)."""
    return _installed(_BOLD if bold else _REGULAR, FONT_FOLDERS) or brought_along()


@cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The typeface in `size` pixels."""
    return ImageFont.truetype(str(face(bold)), size)


def stroke(size: int, bold: bool) -> int:
    """How many pixels to thicken the letters by, so that a heading is one in every typeface."""
    return max(1, size // BOLDER) if bold and _installed(_BOLD, FONT_FOLDERS) is None else 0


def write(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    size: int,
    fill: str,
    *,
    bold: bool = False,
    anchor: str = "la",
) -> None:
    """Draw one line; `anchor` is Pillow's (la: left and ascender, mm: the middle)."""
    draw.text(
        at,
        text,
        font=font(size, bold),
        fill=fill,
        anchor=anchor,
        stroke_width=stroke(size, bold),
        stroke_fill=fill,
    )


def width(text: str, size: int, bold: bool = False) -> float:
    """How wide one line is, in pixels."""
    return font(size, bold).getlength(text) + 2 * stroke(size, bold)


def pieces(text: str) -> list[str]:
    """What stays together in a line: words in Latin letters, and each other letter for itself."""
    return _PIECE.findall(text)


def wrap(text: str, size: int, room: float, bold: bool = False) -> list[str]:
    """Lines no wider than `room`; Japanese breaks between any two letters, but no line begins with 。or ）."""
    lines = [""]
    for letter in text:
        if letter == "\n":
            lines.append("")
        elif width(lines[-1] + letter, size, bold) <= room or not lines[-1] or letter in NEVER_FIRST:
            lines[-1] += letter
        else:
            lines.append(letter)
    return lines


def wrap_words(text: str, size: int, room: float, bold: bool = False) -> list[str]:
    """The same, but a word in Latin letters stays whole where it fits into a line, and no more than one letter stands
    beyond `room`."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        parts = [part for piece in pieces(paragraph) for part in _parts(piece, size, room, bold)]
        for piece in parts:
            now = width(line, size, bold)
            if width(line + piece, size, bold) <= room or (piece in NEVER_FIRST and 0 < now <= room):
                line += piece
                continue
            opening = line[-1:] if line[-1:] in _NEVER_LAST and line[:-1].strip() else ""
            if line.strip():
                lines.append(line.removesuffix(opening).rstrip())
            line = opening + piece.lstrip()
        lines.append(line.rstrip())
    return lines


def _parts(piece: str, size: int, room: float, bold: bool) -> list[str]:
    """A word, cut where it is too long for any line."""
    parts = [""]
    for letter in piece if width(piece, size, bold) > room else ():
        if parts[-1] and width(parts[-1] + letter, size, bold) > room:
            parts.append("")
        parts[-1] += letter
    return parts if parts[0] else [piece]
