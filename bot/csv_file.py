"""Tables for the spreadsheets of an office: every cell arrives as text, none is ever a formula."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

_STARTS_A_FORMULA = frozenset("=+-@|%−")


def safe_cell(text: str) -> str:
    """The text; where a spreadsheet could take it for a formula, an apostrophe stands before it."""
    text = text.replace("\0", "")
    # What nobody sees (blanks of all kinds, marks, control signs) a spreadsheet may skip before it looks.
    first = next((sign for sign in text if unicodedata.category(sign)[0] not in "CZ"), "")
    risky = text[:1] in ("\t", "\r", "\n") or unicodedata.normalize("NFKC", first)[:1] in _STARTS_A_FORMULA
    return f"'{text}" if first and risky else text


def csv_file(rows: Iterable[Sequence[str]]) -> bytes:
    """CSV as Excel in Japan opens it by a double click: UTF-8 with its mark, CRLF, every cell in quotes."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig", "replace")
