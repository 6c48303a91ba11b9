"""How commands speak: tables for people, JSON for programs, one clear line where something is refused."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

TOKYO = ZoneInfo("Asia/Tokyo")
_WEEKDAYS = "月火水木金土日"
_READABLE = 10  # columns of a cell; in fewer, words fall apart
_NOT_A_TERMINAL = 160  # columns: an id in a pipe must not be cut off
GOOD, BAD, WARN, QUIET = "green", "bold red", "yellow", "dim"


class Refused(Exception):
    """This cannot be done; the text says why, and `hint` what would help."""

    def __init__(self, text: str, hint: str | None = None) -> None:
        super().__init__(text)
        self.hint = hint


def console(to_stderr: bool = False) -> Console:
    """A Rich console on the stream as it is now (tests and pipes exchange it)."""
    stream = sys.stderr if to_stderr else sys.stdout
    width = None if stream.isatty() else _NOT_A_TERMINAL
    return Console(file=stream, width=width, highlight=False)


def say(text: str, style: str | None = None) -> None:
    """One line for people; square brackets are meant as such."""
    console().print(escape(text), style=style, soft_wrap=True)


def warn(text: str) -> None:
    """Something to know that is no error; on the error stream, so that a program's input stays clean."""
    console(to_stderr=True).print(f"! {escape(text)}", style=WARN, soft_wrap=True)


def complain(text: str, hint: str | None = None) -> None:
    """Why a command failed, on the error stream."""
    err = console(to_stderr=True)
    err.print(f"✗ {escape(text)}", style=BAD, soft_wrap=True)
    if hint:
        err.print(f"  → {escape(hint)}", soft_wrap=True)


def explain_more(text: str) -> None:
    """A further line under a refusal or a warning."""
    console(to_stderr=True).print(f"  {escape(text)}", soft_wrap=True)


def not_yet(what: Sequence[str], how: str) -> None:
    """A dry run: what would happen, and how to make it happen."""
    lines = "\n".join(escape(line) for line in what)
    console().print(Panel(lines, title="まだ実行していません（下見）", border_style=WARN, expand=False))
    say(f"実行するには: {how}", QUIET)


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str = "ありません。"
) -> None:
    """A table, or one sentence where there is nothing; on a narrow screen one row under the other."""
    cells = [tuple("" if cell is None else str(cell) for cell in row) for row in rows]
    if not cells:
        say(f"{title}: {empty}")
        return
    here = console()
    if here.is_terminal and _narrowest(columns, cells) > here.width:
        say(title, "bold")
        for row in cells:
            fields({name: cell for name, cell in zip(columns, row, strict=True) if cell})
            say("")
        return
    drawn = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for column in columns:
        drawn.add_column(column, no_wrap=column == "ID")  # an id is copied into the next command
    for row in cells:
        drawn.add_row(*(escape(cell) for cell in row))
    here.print(drawn)


def _narrowest(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """The width under which a table has cells of a few letters only; an id is never cut."""
    needed = 1
    for number, name in enumerate(columns):
        widest = max(cell_len(each) for each in (name, *(row[number] for row in rows)))
        needed += 3 + (widest if name == "ID" else min(widest, _READABLE))
    return needed


def as_json(value: object) -> None:
    """The same for programs: one JSON document on standard output, moments in ISO 8601 with their zone."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def as_json_line(value: object) -> None:
    """One of many documents, each on a line of its own that is there at once."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=_plain))


def _plain(value: object) -> object:
    match value:
        case dt.datetime():
            return value.astimezone(TOKYO).isoformat(timespec="seconds")
        case dt.date():
            return value.isoformat()
        case set() | frozenset():
            return sorted(value)
        case _:
            raise TypeError(f"no JSON for {type(value).__name__}")


def moment(at: dt.datetime | None) -> str:
    """As staff write it: 2026-12-01(火) 10:00."""
    if at is None:
        return "－"
    here = at.astimezone(TOKYO)
    return f"{day(here.date())} {here:%H:%M}"


def day(on: dt.date) -> str:
    """2026-12-01(火)"""
    return f"{on:%Y-%m-%d}({_WEEKDAYS[on.weekday()]})"


def nearest(word: str, right: Iterable[str]) -> str | None:
    """The right word that was probably meant."""
    return next(iter(difflib.get_close_matches(word, list(right), n=1, cutoff=0.4)), None)


def meant_id(typed: str, known: Iterable[str]) -> str | None:
    """「…」ですか？ for an id of which only the beginning was typed or copied, or that has a slip in it."""
    begun = typed.rstrip("….").lower()
    ids = list(known)
    found = [each for each in ids if begun and each.startswith(begun)]
    if not found and len(begun) > 8:
        found = difflib.get_close_matches(begun, ids, n=1, cutoff=0.9)
    return f"「{found[0]}」ですか？" if len(found) == 1 else None


def unknown(what: str, word: str, right: Iterable[str], keys: Iterable[str] = ()) -> NoReturn:
    """Refuse a word that is none of the right ones, and name the nearest; `keys` are right, too, but not listed."""
    words = list(dict.fromkeys(right))
    meant = nearest(word, (*words, *keys))
    shown = "、".join(words[:20]) + (" …" if len(words) > 20 else "")
    known = f"使えるもの: {shown}" if words else f"{what}は、まだ1つもありません。"
    raise Refused(f"「{word}」という{what}はありません。", f"「{meant}」ですか？" if meant else known)


def one_of(what: str, word: str, by_key: Mapping[str, str]) -> str:
    """The key for a key or its Japanese name; refused with the nearest right word where it is neither."""
    if word in by_key:
        return word
    found = [key for key, name in by_key.items() if name == word]
    if len(found) == 1:
        return found[0]
    if found:
        raise Refused(
            f"「{word}」という{what}がいくつかあります。", f"キーで指定してください: {'、'.join(found)}"
        )
    unknown(what, word, by_key.values(), by_key)


def fields(values: Mapping[str, Any]) -> None:
    """A short list of names and values."""
    drawn = Table.grid(padding=(0, 2))
    drawn.add_column()
    drawn.add_column(overflow="fold")  # Japanese has no spaces: a long value goes on in the next line
    for name, value in values.items():
        drawn.add_row(f"[{QUIET}]{escape(name)}[/]", escape("－" if value is None else str(value)))
    console().print(drawn)
