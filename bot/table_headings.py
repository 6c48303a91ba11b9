"""Where the heading of a list stands and which column is what, for lists as offices keep them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.table_files import Cell, Row, Sheet

_HEADS: Final = 30  # rows among which the heading is looked for: above it stand titles and dates
_LONGEST_HEADING: Final = 30  # letters: more is a sentence


@dataclass(frozen=True)
class Vocabulary:
    """What headings of one kind of list mean."""

    fields: Sequence[tuple[str, re.Pattern[str]]]
    """In this order: the first that fits wins. A heading is looked at without spaces, brackets and their content."""
    needed: Collection[str]
    fewest: int = 1
    """So many of the needed fields make a row the heading."""

    def guess(self, heading: str) -> str | None:
        """The field that a heading means."""
        plain = plain_heading(heading)
        bare = re.sub(r"\(.*?\)|\[.*?\]|【.*?】", "", plain)
        if not plain or len(plain) > _LONGEST_HEADING:
            return None
        for text in dict.fromkeys((plain, bare)):
            for field, words in self.fields:
                if words.search(text):
                    return field
        return None


@dataclass(frozen=True)
class Layout:
    """A sheet that is understood: where each field stands, and the rows below its heading."""

    sheet: str
    columns: Mapping[str, int]
    headings: Mapping[int, str]
    """Of every column that has one, as the file writes it."""
    rows: tuple[Row, ...]
    first_line: int
    """Of the heading."""

    @property
    def not_read(self) -> tuple[str, ...]:
        """Headings of columns that are no field of ours."""
        return tuple(text for at, text in self.headings.items() if at not in self.columns.values())


class NoSuchColumn(Exception):
    """A column was named that the sheet does not have; `there` are those that it has."""

    def __init__(self, heading: str, there: Sequence[str]) -> None:
        super().__init__(heading)
        self.heading, self.there = heading, tuple(there)


def layout(sheet: Sheet, words: Vocabulary, told: Mapping[str, str] | None = None) -> Layout | None:
    """Where the heading is and what it says; None where no row of the sheet is the heading of such a list.

    `told` gives headings for fields ("name": "お名前"); an empty one means that the field is not read.
    """
    told = told or {}
    best: tuple[int, int, int, dict[int, str]] | None = None
    for at, row in enumerate(sheet.rows[:_HEADS]):
        for deep, headings in _readings(sheet, at, row, words):
            found = _columns(headings, words, told)
            if sum(field in found for field in words.needed) < words.fewest:
                continue
            score = len(found)
            if best is None or score > best[0]:
                best = (score, at, deep, headings)
    if best is None:
        _all_there(sheet, told)
        return None
    _, at, deep, headings = best
    for heading in told.values():
        if heading and not _places(headings, heading):
            raise NoSuchColumn(heading, tuple(headings.values()))
    rows = sheet.rows[at + deep :]
    first = sheet.rows[at]
    heads = tuple(plain_heading(cell) for cell in first.cells)
    below = tuple(row for row in rows if not _says(row, heads))
    return Layout(sheet.name, _columns(headings, words, told), headings, below, first.line)


def _says(row: Row, heads: Sequence[str]) -> bool:
    """Whether this row is the heading once more, as at the top of each printed page."""
    return len(row.cells) == len(heads) and all(
        plain_heading(cell) == head for cell, head in zip(row.cells, heads, strict=True)
    )


def _all_there(sheet: Sheet, told: Mapping[str, str]) -> None:
    """NoSuchColumn where a heading was told that stands nowhere in the first rows."""
    rows = [
        {at: text for at, cell in enumerate(row.cells) if (text := _shown(cell))}
        for row in sheet.rows[:_HEADS]
    ]
    fullest = max(rows, key=len, default={})
    for heading in told.values():
        if heading and not any(_places(row, heading) for row in rows):
            raise NoSuchColumn(heading, tuple(fullest.values()))


def _readings(sheet: Sheet, at: int, row: Row, words: Vocabulary) -> list[tuple[int, dict[int, str]]]:
    """The heading as one row, and (where cells are merged) as two rows that are read together."""
    one = {place: _shown(cell) for place, cell in enumerate(row.cells) if _shown(cell)}
    readings = [(1, one)]
    if at + 1 < len(sheet.rows) and len(one) > 1:  # one alone is a title
        under = sheet.rows[at + 1]
        below = {place: _shown(cell) for place, cell in enumerate(under.cells) if _shown(cell)}
        known = [place for place, text in below.items() if words.guess(text)]
        if known and len(known) * 2 >= len(below) and all(isinstance(c, str) for c in under.cells):
            readings.append((2, _together(one, below, words)))
    return readings


def _together(above: Mapping[int, str], below: Mapping[int, str], words: Vocabulary) -> dict[int, str]:
    """Two rows: what stands below says it, alone or with the merged cell above it (連絡先 | 携帯)."""
    headings: dict[int, str] = {}
    over = ""
    for place in range(max((*above, *below)) + 1):
        over = above.get(place, over)
        if place in below:
            lower = below[place]
            headings[place] = lower if words.guess(lower) or not over else f"{over}{lower}"
        elif place in above:
            headings[place] = above[place]
    return headings


def _columns(headings: Mapping[int, str], words: Vocabulary, told: Mapping[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    taken = set()
    for field, heading in told.items():
        places = _places(headings, heading) if heading else []
        if places:
            found[field] = places[0]
            taken.add(places[0])
    for place, text in headings.items():
        meant = words.guess(text)
        if meant and meant not in found and meant not in told and place not in taken:
            found[meant] = place
    return found


def _places(headings: Mapping[int, str], wanted: str) -> list[int]:
    """By the heading itself, or by the letter of the column as Excel shows it (C列)."""
    same = [place for place, text in headings.items() if plain_heading(text) == plain_heading(wanted)]
    letter = re.fullmatch(r"([A-Z]{1,2})列?", unicodedata.normalize("NFKC", wanted).strip().upper())
    if same or letter is None:
        return same
    place = 0
    for sign in letter[1]:
        place = place * 26 + ord(sign) - ord("A") + 1
    return [place - 1] if place - 1 in headings else []


def plain_heading(cell: Cell) -> str:
    """A heading as it is compared: one width, no spaces, no marks for what must be filled in."""
    text = unicodedata.normalize("NFKC", _shown(cell))
    return re.sub(r"[\s※*:・●○◎★☆]|\(?必須\)?", "", text)


def _shown(cell: Cell) -> str:
    return " ".join(cell.split()) if isinstance(cell, str) else ""
