"""Results of the handbook on paper: A4 in large letters, tagged so that a screen reader reads it in order (PDF/UA-1).

Typst sets it: it writes the structure that reading aloud needs, and refuses what a reader could not follow.
"""

from __future__ import annotations

import datetime as dt
import importlib.resources
import io
import json
import warnings
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import qrcode
import typst
from qrcode.image.svg import SvgPathImage

from bot import fonts
from bot.pdf import letters, letters_in

STANDARD: Final = "ua-1"
_SOURCE: Final = importlib.resources.files("bot.handbook").joinpath("paper.typ")


@dataclass(frozen=True)
class Fact:
    """A line of a card: its name and its words; a telephone number is `big`."""

    name: str
    words: str
    big: bool = False


@dataclass(frozen=True)
class Card:
    """One scheme or desk. `loan` says that money has to be paid back; empty where that is not so."""

    title: str
    facts: tuple[Fact, ...]
    loan: str = ""
    urgent: bool = False


@dataclass(frozen=True)
class Group:
    """Cards below one heading."""

    title: str
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Thing:
    """Something to bring, with a square to tick; `asked_by` says for which cards."""

    label: str
    hint: str
    asked_by: str


@dataclass(frozen=True)
class Box:
    """A word to whoever is handed the paper."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Words:
    """What stands around the cards."""

    bring: str
    bring_lead: str
    memo: str
    qr_title: str
    qr: str
    qr_alt: str
    urgent: str


@dataclass(frozen=True)
class Paper:
    """All that stands on a paper; `lang` is a language as in BCP 47, `url` what the QR code opens."""

    lang: str
    title: str
    author: str
    lead: tuple[str, ...]
    box: Box | None
    groups: tuple[Group, ...]
    bring: tuple[Thing, ...]
    words: Words
    foot: str
    url: str


class CannotBeWritten(ValueError):
    """Our typefaces lack letters of this language."""


def pdf_of(paper: Paper, now: dt.datetime) -> bytes:
    """The file. CannotBeWritten where our typefaces lack its letters; in Japanese 〓 stands for one that they lack."""
    said = asdict(paper)
    if paper.lang == "ja":
        said = _printable(said)
    elif not can_write(_all_words(said)):
        raise CannotBeWritten(paper.lang)
    found, families, thicken = _faces()
    lang, _, region = paper.lang.partition("-")
    said |= {
        "lang": lang,
        "region": region if len(region) == 2 else None,
        "fonts": families if lang == "ja" else families[::-1],  # one typeface for a word with accents
        "thicken": thicken and lang == "ja",
        "qr": qr_picture(paper.url),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", typst.TypstWarning)
        made = typst.compile(
            _SOURCE.read_bytes(),
            format="pdf",
            font_paths=found,
            sys_inputs={"paper": json.dumps(said, ensure_ascii=False)},
            pdf_standards=STANDARD,
            timestamp=int(now.timestamp()),
        )
    assert isinstance(made, bytes)
    return made


def qr_picture(url: str) -> str:
    """A QR code as SVG."""
    drawn = io.BytesIO()
    qrcode.make(url, image_factory=SvgPathImage, border=4, box_size=10).save(drawn)
    return drawn.getvalue().decode()


def can_write(words: str) -> bool:
    """Whether our typefaces have all these letters."""
    return {letter for letter in words if not letter.isspace()} <= _known()


@cache
def _files() -> tuple[Path, ...]:
    """The typefaces: Japanese, its bold cut where one is installed, and one with the accents of other languages."""
    return tuple(dict.fromkeys((fonts.face(), fonts.face(bold=True), fonts.with_accents())))


@cache
def _faces() -> tuple[typst.Fonts, list[str], bool]:
    """The typefaces for typst, their names in the order of choice, and whether bold is to be made by thickening."""
    files = _files()
    folders = [str(folder) for folder in dict.fromkeys(path.parent for path in files)]
    found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
    by_path = {Path(one.path).resolve(): one.family for one in found.fonts() if one.path}
    families = list(dict.fromkeys(by_path[path.resolve()] for path in files))
    return found, families, fonts.face() == fonts.face(bold=True)


@cache
def _known() -> frozenset[str]:
    return frozenset[str]().union(*map(letters_in, _files()))


def _printable(said: Any) -> Any:
    """The same with letters that our typefaces have."""
    if isinstance(said, str):
        return said if can_write(said) else letters(said)
    if isinstance(said, dict):
        return {key: _printable(value) for key, value in said.items()}
    return [_printable(value) for value in said] if isinstance(said, list | tuple) else said


def _all_words(said: Any) -> str:
    if isinstance(said, str):
        return said
    if isinstance(said, dict):
        return "".join(map(_all_words, said.values()))
    return "".join(map(_all_words, said)) if isinstance(said, list | tuple) else ""
