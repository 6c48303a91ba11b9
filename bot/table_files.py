"""Lists as offices keep them: CSV of any age and Excel books in, CSV and Excel out, with nothing that calculates."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.csv_file import csv_file

Cell = str | int | float | bool | dt.date | dt.datetime | dt.time | dt.timedelta

LARGEST = 20_000_000  # bytes: a list of people is far below this
MOST_ROWS = 50_000
MOST_COLUMNS = 200
WRITTEN = (".csv", ".xlsx")
_BOOKS = {b"PK\x03\x04": "zip", b"\xd0\xcf\x11\xe0": "ole"}
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_MEASURED = 200  # rows by which the width of a column is chosen
_FORBIDDEN_IN_A_NAME = re.compile(r"[\[\]:*?/\\']")


class Unreadable(Exception):
    """This file is no list that we can read; `why` names its words under `register.unreadable`."""

    def __init__(self, why: str, **params: str) -> None:
        super().__init__(why)
        self.why, self.params = why, params


@dataclass(frozen=True)
class Row:
    """One row that is not blank; `line` is its number as the spreadsheet (or an editor) shows it."""

    line: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Merged:
    """One cell over several rows: from line `first` to line `last`, both included; `column` counts from 0."""

    first: int
    last: int
    column: int


@dataclass(frozen=True)
class Sheet:
    """One sheet of a book; a CSV file is one sheet without a name."""

    name: str
    rows: tuple[Row, ...]
    merged: tuple[Merged, ...] = ()
    """None where the file cannot say so (CSV): there the rows below the first are empty."""


def unmerged(sheet: Sheet) -> Sheet:
    """The same with the value of a merged cell in every row that it covers."""
    values = {(row.line, column): cell for row in sheet.rows for column, cell in enumerate(row.cells)}
    held = {
        (line, area.column): values.get((area.first, area.column), "")
        for area in sheet.merged
        for line in range(area.first, area.last + 1)
    }
    rows = tuple(
        replace(row, cells=tuple(held.get((row.line, at), cell) for at, cell in enumerate(row.cells)))
        for row in sheet.rows
    )
    return replace(sheet, rows=rows)


def read(path: Path) -> tuple[Sheet, ...]:
    """The visible sheets of a file; Unreadable where it is no list."""
    try:
        if path.stat().st_size > LARGEST:
            raise Unreadable("too_large", most=f"{LARGEST // 1_000_000}")
        data = path.read_bytes()
    except OSError:
        raise Unreadable("no_file") from None
    return read_bytes(data)


def read_bytes(data: bytes) -> tuple[Sheet, ...]:
    """The same for what was uploaded. The kind is told by what is in it: names of files are often wrong."""
    if len(data) > LARGEST:
        raise Unreadable("too_large", most=f"{LARGEST // 1_000_000}")
    if not data.strip():
        raise Unreadable("empty")
    if data[:4] in _BOOKS:
        return _book(data)
    if data.lstrip()[:5].lower() in (b"%pdf-", b"<html", b"<!doc", b"<?xml"):
        raise Unreadable("not_a_table")
    return (_text(data),)


# ---- books -------------------------------------------------------------------------------------------------


def _book(data: bytes) -> tuple[Sheet, ...]:
    import python_calamine  # here and below: who reads and writes no book need not wait for it

    sheets = []
    try:
        with python_calamine.load_workbook(io.BytesIO(data)) as book:
            for about in book.sheets_metadata:
                if about.visible != python_calamine.SheetVisibleEnum.Visible:
                    continue
                if about.typ != python_calamine.SheetTypeEnum.WorkSheet:
                    continue
                sheet = book.get_sheet_by_name(about.name)
                if sheet.total_height > MOST_ROWS * 20:  # formats down to the last line of the sheet
                    raise Unreadable("too_long", most=f"{MOST_ROWS:,}")
                rows = _rows(enumerate(sheet.to_python(skip_empty_area=False), 1))
                areas = tuple(
                    Merged(top + 1, min(bottom, sheet.total_height) + 1, left)
                    for (top, left), (bottom, _) in sheet.merged_cell_ranges or ()
                    if bottom > top
                )
                sheets.append(Sheet(about.name, rows, areas))
    except python_calamine.PasswordError:
        raise Unreadable("password") from None
    except Unreadable:
        raise
    except Exception:  # a broken book: the reader has many words for it, and a panic of its own
        raise Unreadable("password" if "EncryptedPackage".encode("utf-16-le") in data else "broken") from None
    if not any(sheet.rows for sheet in sheets):
        raise Unreadable("empty")
    return tuple(sheets)


def _rows(numbered: Iterable[tuple[int, Sequence[Cell | None]]]) -> tuple[Row, ...]:
    kept = []
    for line, cells in numbered:
        row = tuple("" if cell is None else cell for cell in cells[:MOST_COLUMNS])
        if any(not isinstance(cell, str) or cell.strip() for cell in row):
            kept.append(Row(line, row))
        if len(kept) > MOST_ROWS:
            raise Unreadable("too_long", most=f"{MOST_ROWS:,}")
    return tuple(kept)


# ---- text --------------------------------------------------------------------------------------------------


def _text(data: bytes) -> Sheet:
    text = _decoded(data)
    if "\0" in text:
        raise Unreadable("not_a_table")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        return Sheet("", _rows(_numbered(reader)))
    except csv.Error:
        raise Unreadable("broken") from None


def _numbered(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line on which it begins: a cell may hold several lines."""
    before = 0
    for row in reader:
        yield before + 1, row
        before = reader.line_num  # type: ignore[attr-defined]


def _decoded(data: bytes) -> str:
    """What Excel in Japan writes: UTF-8 with or without its mark, UTF-16 with it, or Shift_JIS."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                raise Unreadable("letters") from None
    for encoding in ("utf-8", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("letters")


def _delimiter(text: str) -> str:
    """Comma, tab or semicolon: whichever the first lines have most of."""
    head = "\n".join(text.splitlines()[:5])
    return max(",\t;", key=head.count)


# ---- writing -----------------------------------------------------------------------------------------------


def table_bytes(suffix: str, title: str, rows: Sequence[Sequence[str]]) -> bytes:
    """The rows (the first is the heading) as a .csv or .xlsx; ValueError for another suffix."""
    match suffix.lower():
        case ".csv":
            return csv_file(rows)
        case ".xlsx":
            return _xlsx(title, rows)
    raise ValueError(f"{suffix}: {' or '.join(WRITTEN)} is expected")


def _xlsx(title: str, rows: Sequence[Sequence[str]]) -> bytes:
    """Every cell is text, also for whoever edits it later: neither formula nor link, and no 0 is lost."""
    import xlsxwriter

    out = io.BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, {"in_memory": True, **plain})
    sheet = book.add_worksheet(_FORBIDDEN_IN_A_NAME.sub(" ", title)[:31].strip() or "Sheet1")
    text = book.add_format({"num_format": "@", "valign": "top"})
    head = book.add_format({"num_format": "@", "bold": True, "bg_color": "#DDDDDD", "border": 1})
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if cell:
                sheet.write_string(number, column, cell.replace("\0", ""), head if number == 0 else text)
    for column in range(len(rows[0]) if rows else 0):
        wide = max(_width(row[column]) for row in rows[:_MEASURED])
        sheet.set_column(column, column, min(40, max(6, wide + 2)), text)
    sheet.freeze_panes(1, 0)
    if rows:
        sheet.autofilter(0, 0, len(rows) - 1, len(rows[0]) - 1)
    sheet.set_paper(9)  # A4
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    book.close()
    return out.getvalue()


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(sign) in "WFA" else 1 for sign in text)
