"""`tsunagari event …`: webhook events that could not be handled."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli import output
from bot.cli.house import open_house
from storage import events

app = typer.Typer(no_args_is_help=True, help="処理できなかったLINEのイベント")


@app.callback()
def event() -> None:
    """処理できなかったLINEのイベント"""


@app.command("list")
def list_(json: Annotated[bool, typer.Option("--json", help="JSONで出す。")] = False) -> None:
    """処理できなかったイベントの番号と種類（内容は出ません）。

    例: tsunagari event list
    """
    with open_house() as house, house.db.look() as work:
        found = events.list_troubled(work)
    if json:
        names = ("channel", "id", "kind", "error", "tries", "at")
        output.as_json([dict(zip(names, row, strict=True)) for row in found])
        return
    columns = ("チャネル", "ID", "種類", "エラー", "回数", "日時")
    output.table("処理できなかったイベント", columns, ((*row[:5], output.moment(row[5])) for row in found))
