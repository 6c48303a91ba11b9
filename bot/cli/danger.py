"""`tsunagari danger …`: that somebody wrote words of danger; the words themselves are never kept."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from bot.cli import output
from bot.cli.house import open_house
from storage import dangers

app = typer.Typer(no_args_is_help=True, help="危険なことばへの応答の記録")


@app.callback()
def danger() -> None:
    """危険なことばへの応答の記録"""


@app.command("list")
def list_(
    unseen: Annotated[bool, typer.Option("--unseen", help="まだ確認していないものだけ。")] = False,
    json: Annotated[bool, typer.Option("--json", help="JSONで出す。")] = False,
) -> None:
    """いつ、どの種類のことばに応答したか（ことば自体は残りません）。

    例: tsunagari danger list --unseen
    """
    with open_house() as house:
        with house.db.look() as work:
            found = dangers.listed(work, unseen_only=unseen)
        if json:
            output.as_json([asdict(each) for each in found])
            return
        output.table(
            "危険なことば",
            ("ID", "日時", "種類", "コード", "確認"),
            ((d.id, output.moment(d.at), d.category, d.code, output.moment(d.seen_at)) for d in found),
        )
