"""A month of news in one table: every row is read before any is entered; what is wrong names file, line and field."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.cli import output
from bot.cli.house import House
from bot.cli.news_entry import NAMES, BadField, facts, read_told, said, same_as, translated
from bot.cli.output import Refused, nearest
from bot.cli.segment import language_names, topic_names
from bot.table_files import Cell, Row, Unreadable, read
from storage import audit, news_items
from storage.news_items import Told

_EXAMPLE: Final = "1行目は列の名前です。例: 種類,市町,題,文,日,リンク,期限"


@dataclass(frozen=True)
class Line:
    """One row of the table: an item, or what is wrong with it."""

    number: int
    told: Told | None
    field: str = ""
    wrong: str = ""
    hint: str | None = None


def read_file(house: House, path: Path, channel: str | None, who: str, yes: bool, json: bool) -> None:
    """Enter a whole table, or say what stands in the way; without `yes` it is only looked at."""
    lines = _lines(house, path)
    wrong = [line for line in lines if line.told is None]
    for line in wrong:
        place = f"{path}:{line.number} {line.field}".rstrip()
        output.complain(f"{place}: {line.wrong}", line.hint)
    if wrong:
        raise Refused(
            f"{len(lines)} 行のうち {len(wrong)} 行に、直すところがあります。1行も入れていません。",
            "直してから、もう一度入れてください。",
        )
    told = list(dict.fromkeys(line.told for line in lines if line.told is not None))
    where = {each: house.channel_of(each.towns, channel) for each in told}
    today = house.now.date()
    with house.db.work() if yes else house.db.look() as work:
        fresh = [each for each in told if same_as(work, where[each], each, today) is None]
        made = [news_items.add(work, where[each], each, who) for each in fresh] if yes else []
        for item in made:
            audit.note(work, who, "added", "news", item.id, item.channel)
    twice = len(lines) - len(fresh)
    skipped = f"もう入っている {twice} 行は、とばします。" if twice else ""
    if json:
        output.as_json([facts(item) for item in made] if yes else [said(each) for each in fresh])
    elif yes:
        output.say(f"{len(made)} 件のお知らせを入れました。{skipped}", output.GOOD)
    else:
        topics = topic_names(house.content)
        rows = [f"{topics[each.topic]}: {each.words.title}" for each in fresh]
        output.not_yet(
            [f"{len(fresh)} 件のお知らせを入れます。{skipped}", *rows],
            f"tsunagari news add --file {path} --yes",
        )


def _lines(house: House, path: Path) -> list[Line]:
    try:
        (sheet, *_) = read(path)
    except Unreadable as trouble:
        said = house.content.texts.get(f"register.unreadable.{trouble.why}", **trouble.params)
        raise Refused(f"{path}: {said}", _EXAMPLE) from None
    head, *rows = sheet.rows
    columns = _columns(house, path, head)
    if not rows:
        raise Refused(f"{path}: お知らせの行がありません。", _EXAMPLE)
    return [_line(house, row, columns) for row in rows]


def _columns(house: House, path: Path, head: Row) -> list[tuple[str, str | None]]:
    """What each column holds: a field, and for words in another language which."""
    known: dict[str, tuple[str, str | None]] = {}
    for field, name in NAMES.items():
        known |= {name: (field, None), field: (field, None)}
    for key, called in language_names(house.content).items():
        for field in ("title", "text"):
            known |= {f"{NAMES[field]}（{called}）": (field, key), f"{field}:{key}": (field, key)}
    columns: list[tuple[str, str | None]] = []
    for cell in head.cells:
        name = str(cell).strip().replace("(", "（").replace(")", "）")
        if not name:
            columns.append(("", None))
            continue
        if name not in known:
            meant = nearest(name, known)
            raise Refused(
                f"{path}:{head.line} 「{name}」という列はありません。",
                f"「{meant}」ですか？" if meant else _EXAMPLE,
            )
        columns.append(known[name])
    if missing := [NAMES[field] for field in ("topic", "title", "text") if (field, None) not in columns]:
        raise Refused(f"{path}:{head.line} 列「{'」「'.join(missing)}」がありません。", _EXAMPLE)
    return columns


def _line(house: House, row: Row, columns: Sequence[tuple[str, str | None]]) -> Line:
    given: dict[str | None, dict[str, str | None]] = {}
    for (field, language), cell in zip(columns, row.cells, strict=False):
        if field and (value := _plain(cell)):
            given.setdefault(language, {})[field] = value
    try:
        told = read_told(house, given.get(None, {}))
        for language, words in given.items():
            if language is not None:
                told = _translated(house, told, language, words)
    except BadField as bad:
        return Line(row.line, None, NAMES[bad.field], str(bad), bad.hint)
    return Line(row.line, told)


def _translated(house: House, told: Told, language: str, words: Mapping[str, str | None]) -> Told:
    blank: dict[str, str | None] = dict.fromkeys(NAMES)
    for field in ("title", "text"):
        if not words.get(field):
            called = language_names(house.content)[language]
            raise BadField(field, f"{called}の{NAMES[field]}がありません。題と文の両方を書いてください。")
    return translated(told, language, blank | dict(words))


def _plain(cell: Cell) -> str:
    match cell:
        case dt.datetime():
            return cell.date().isoformat()
        case dt.date():
            return cell.isoformat()
        case _:
            return str(cell).strip()
