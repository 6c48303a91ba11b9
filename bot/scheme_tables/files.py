"""content/schemes/<town>.csv as rows, and a town's table made from it."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bot.content.documents import Document
from bot.content.scheme_files import TOWN_COLUMNS
from bot.scheme_tables.headings import HEADINGS, MAIN
from bot.scheme_tables.plan import Row, counts_on, governing

_COLUMN = {"goal": "theme", "title": "plain_title", "official": "official_name", "desk": "window_kind"}
_ALSO = (
    *("phone", "reading", "who_for", "what", "cost", "deadline", "bring", "say", "words"),
    *("valid_from", "valid_to"),
)


def read_rows(path: Path) -> list[Row]:
    """The rows of a file of schemes, cells stripped; none where there is no such file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return [
            {column: cell.strip() for column, cell in row.items()}
            for row in csv.DictReader(lines)
            if any(row.values())
        ]


def national_rows(path: Path, today: dt.date) -> dict[str, Row]:
    """The row of every national scheme that counts on this day, by id."""
    return {row["id"]: row for row in read_rows(path) if counts_on(row, today)}


def file_bytes(rows: Iterable[Row]) -> bytes:
    """The file as it is kept: UTF-8 with its mark, so that Excel opens it by a double click."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, TOWN_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def as_table(
    rows: Iterable[Row],
    national: Mapping[str, Row],
    documents: Mapping[str, Document],
    today: dt.date,
) -> list[Sequence[str]]:
    """The town's table with its heading: what counts today or will, with the columns that hold something."""
    living = [row for row in governing(rows, today) if not _over(row, today)]
    fields = [*MAIN, *(name for name in _ALSO if any(_own(row, name) for row in living))]
    table: list[Sequence[str]] = [[HEADINGS[name] for name in fields]]
    for row in living:
        instead = national.get(row.get("overrides", ""), {})
        table.append([_cell(row, name, instead, documents) for name in fields])
    return table


def _cell(row: Row, name: str, national: Mapping[str, str], documents: Mapping[str, Document]) -> str:
    if name == "id":
        return row.get("table_id") or row["id"]
    own = _own(row, name)
    if name in ("goal", "title", "official"):
        return own or national.get(_COLUMN[name], "")
    if name == "bring":
        return "、".join(documents[key].label for key in own.split() if key in documents)
    return own


def _own(row: Row, name: str) -> str:
    cell = row.get(_COLUMN.get(name, name), "")
    return "" if cell == "-" else cell


def _over(row: Row, today: dt.date) -> bool:
    """Whether it is not offered any more, or was taken away from the town."""
    return row.get("ended") == "1" and (row.get("valid_to") or "") < today.isoformat()
