"""`tsunagari handbook …`: QR codes that lead to the handbook, their tags, and how much it is used."""

from __future__ import annotations

import typer

from bot.cli.rooms import in_rooms

app = typer.Typer(
    cls=in_rooms(handbook_codes=("qr", "tags", "tag"), handbook_figures=("figures",)),
    no_args_is_help=True,
    help="お悩みハンドブック（QRコード、利用の数）",
)


@app.callback()
def handbook() -> None:
    """お悩みハンドブック（QRコード、利用の数）"""
