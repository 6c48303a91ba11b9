"""What each row of a town's table says, before anything is made of it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.content.findings import Finding
from bot.scheme_tables.headings import CARRIED, MAIN, Form
from bot.table_files import Cell, Row, Sheet, unmerged

_NOT_A_ROW: Final = re.compile(
    r"^(?:(?:(?:合|総|小)?計|件数)(?:[\s:：0-9]|$)|以上$|以下余白|[※＊*■]|[(（]?注[)）:：0-9\s]|凡例)"
)
_FLAGS: Final = frozenset(
    {*"○〇◯◎●レ✓✔済有無×✕-－—ー1", "あり", "なし", "該当", "1.0", "true", "yes", "no", "false"}
)
_JAPANESE: Final = r"[ぁ-ヿ一-鿿々、。（）「」・]"
_BREAK: Final = re.compile(rf"(?<={_JAPANESE})\s*\n\s*(?={_JAPANESE})")
_MOST_PLACES: Final = 12
_ONE_WAVE: Final = str.maketrans("～", "〜")  # Shift_JIS gives the one, Excel the other
_RISKY: Final = re.compile(r"'(?=[=+\-@|%−])")


@dataclass(frozen=True)
class Entry:
    """One row of the table: a scheme of the town."""

    place: str
    """How the row is named: its line, with the sheet before it where there are several."""
    cells: Mapping[str, str]
    """By field (bot/scheme_tables/headings.py); a field that the table does not have is missing."""
    carried: frozenset[str] = frozenset()
    """Fields that stood empty and hold what stood above."""
    section: str = ""
    """The last line above that held one cell only, such as 「■ 子育て」."""

    def get(self, name: str) -> str:
        return self.cells.get(name, "")

    @property
    def goal(self) -> str:
        """The 連携目標 in words; empty where the column only holds marks such as ○."""
        goal = self.get("goal")
        return "" if is_flag(goal) else goal


@dataclass
class Table:
    """All rows of a file, in its order, with what was not read and what is doubtful."""

    name: str
    fields: tuple[str, ...] = ()
    entries: list[Entry] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    """「12行: 合計 174件」: rows that are no schemes."""
    not_read: list[str] = field(default_factory=list)
    """Headings of columns that are no field of ours."""
    findings: list[Finding] = field(default_factory=list)


def read_table(name: str, sheets: Sequence[tuple[Sheet, Form]], several: bool) -> Table:
    """The entries of sheets whose heading was found (`bot.scheme_tables.headings.form_of`)."""
    table = Table(name)
    for sheet, form in sheets:
        table.fields += tuple(each for each in form.columns if each not in table.fields)
        table.not_read += [each for each in form.not_read if each not in table.not_read]
        _read_sheet(table, sheet, form, f"{sheet.name}:" if several else "")
    return table


def _read_sheet(table: Table, sheet: Sheet, form: Form, prefix: str) -> None:
    whole = {row.line: row for row in unmerged(sheet).rows}
    columns = {form.columns[name] for name in CARRIED if name in form.columns}
    merged = any(area.column in columns and area.first > form.first_line for area in sheet.merged)
    above: dict[str, str] = {}
    section, before = "", 0
    for row in form.rows:
        said = _said(whole[row.line], form)
        if why := _no_entry(row, said):
            table.skipped.append(f"{prefix}{row.line}行: {why}")
            section, above = (why if _only_one(row) else section), {}
            continue
        if row.line > before + 1 and any(line not in whole for line in range(before + 1, row.line)):
            above = {}  # after an empty line something else begins
        # A book says itself what is merged: there a cell that stands empty beside merged ones is meant empty.
        carried = {} if merged else _carried(said, above, form)
        entry = Entry(f"{prefix}{row.line}", said | carried, frozenset(carried), section)
        table.entries.append(entry)
        above = {name: entry.get(name) for name in CARRIED}
        before = row.line


def _carried(said: Mapping[str, str], above: Mapping[str, str], form: Form) -> dict[str, str]:
    """What stands in the row above and is meant here too, as an export to CSV leaves merged cells.

    The goal always; the title only where the goal does not begin anew. Marks (○) are never carried.
    """
    found = {}
    goal = said.get("goal", "")
    if "goal" in form.columns and not goal and above.get("goal") and not is_flag(above["goal"]):
        found["goal"] = above["goal"]
    same = not goal or is_flag(goal) or goal == above.get("goal")
    if "title" in form.columns and not said.get("title") and above.get("title") and same:
        found["title"] = above["title"]
    return found


def _no_entry(row: Row, said: Mapping[str, str]) -> str:
    """Why this row is no scheme: a sum, a note below the table, a heading between the rows. Empty: it is one."""
    parts = [part for cell in row.cells if (part := cell_text(cell))]
    text = " ".join(parts)
    if _NOT_A_ROW.match("".join(parts[:1])) and not (said.get("official") and said.get("url")):
        return text[:60]
    told = [name for name in MAIN if said.get(name)]
    if not told or (_only_one(row) and not said.get("official")):
        return text[:60]
    return ""


def _only_one(row: Row) -> bool:
    return sum(bool(cell_text(cell)) for cell in row.cells) == 1


def _said(row: Row, form: Form) -> dict[str, str]:
    return {
        name: cell_text(row.cells[at]) if at < len(row.cells) else "" for name, at in form.columns.items()
    }


def is_flag(text: str) -> bool:
    """Whether this only marks a row (○), and names nothing."""
    return unicodedata.normalize("NFKC", text).strip().casefold() in _FLAGS or text in _FLAGS


def cell_text(cell: Cell) -> str:
    """The words of a cell: one line, numbers as they were typed, days as 2026-11-01."""
    match cell:
        case bool():
            return "○" if cell else ""
        case int() | float():
            return str(int(cell)) if float(cell).is_integer() else str(cell)
        case dt.datetime():
            return cell.date().isoformat()
        case dt.date() | dt.time() | dt.timedelta():
            return str(cell)
        case str():
            text = _RISKY.sub("", _BREAK.sub("", cell.replace("\r\n", "\n").strip()), count=1)
            return " ".join(unicodedata.normalize("NFC", text).translate(_ONE_WAVE).split())


def some(places: Sequence[str]) -> str:
    """The first of these rows, and that there are more."""
    return "、".join(places[:_MOST_PLACES]) + ("…" if len(places) > _MOST_PLACES else "")


def folded(text: str) -> str:
    """For comparing: one width, no case, no blanks."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()
