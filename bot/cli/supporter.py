"""`tsunagari supporter …`: how many supporters there are, and where."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli import output
from bot.cli.house import open_house
from bot.cli.segment import district_names, town_names
from storage import figures

app = typer.Typer(no_args_is_help=True, help="つながりサポーター（人数）")


@app.callback()
def supporter() -> None:
    """つながりサポーター（人数）"""


@app.command("list")
def list_(json: Annotated[bool, typer.Option("--json", help="JSONで出す。")] = False) -> None:
    """市町と地区ごとのサポーターの人数。

    例: tsunagari supporter list --json
    """
    with open_house() as house:
        with house.db.look() as work:
            found = figures.supporters(work)
        if json:
            names = ("town", "district", "supporters", "reached")
            output.as_json([dict(zip(names, row, strict=True)) for row in found])
            return
        towns, districts = town_names(house.content), district_names(house.content)
        output.table(
            f"サポーター（合計 {sum(row[2] for row in found)} 人）",
            ("市町", "地区", "人数", "LINEが届く人"),
            (
                (towns.get(town, town), districts.get(place or "", place or "－"), count, reached)
                for town, place, count, reached in found
            ),
            empty="まだいません。",
        )
