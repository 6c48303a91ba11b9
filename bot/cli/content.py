"""`tsunagari content …`: what staff may edit, checked before it goes live."""

from __future__ import annotations

import typer

from bot.cli import content_find
from bot.cli.rooms import in_rooms

app = typer.Typer(
    cls=in_rooms(content_check=("check",), content_schemes=("import-schemes", "export-schemes")),
    no_args_is_help=True,
    help="内容（窓口・制度・文章）の点検、市町の制度の表",
)


@app.callback()
def content() -> None:
    """内容（窓口・制度・文章）の点検、市町の制度の表"""


app.command()(content_find.find)
