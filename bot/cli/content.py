"""`tsunagari content …`: what staff may edit, checked before it goes live."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli import output
from bot.content.errors import ContentError
from bot.content.library import load_content
from bot.content.words import missing_and_unused
from bot.settings import Settings

app = typer.Typer(no_args_is_help=True, help="内容（窓口・制度・文章）の点検")


@app.callback()
def content() -> None:
    """内容（窓口・制度・文章）の点検"""


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="点検するフォルダー。ふつうは CONTENT_DIR。")] = None,
) -> None:
    """内容を読み、まちがいがあればファイルと場所を示します（終了コード1）。

    例: tsunagari content check content/
    """
    where = folder or Settings.from_env().content_dir
    if not where.is_dir():
        raise output.Refused(f"フォルダー {where} がありません。")
    try:
        found = load_content(where)
    except ContentError as wrong:
        output.complain(str(wrong), "直してから、もう一度 content check を行ってください。")
        raise typer.Exit(1) from wrong
    output.fields(
        {
            "市町": len(found.towns),
            "窓口": len(found.windows),
            "相談先": len(found.hotlines),
            "連絡の種類": len(found.concern_kinds),
            "制度": len(found.catalogue.schemes),
            "質問": len(found.questions),
            "文章": len(found.texts.by_key),
        }
    )
    missing, unused = missing_and_unused(found.texts, found.parts_of_keys)
    for key in missing:
        output.say(f"✗ texts/ja: {key} の文章がありません。", output.BAD)
    for key in unused:
        output.say(f"! texts/ja: {key} はどこでも使われていません。", output.WARN)
    if waiting := found.crisis_replies.unreviewed:
        names = "、".join(waiting)
        output.say(f"! crisis/replies.yaml: 専門の方の確認（reviewer）がまだです: {names}", output.WARN)
    if missing:
        raise typer.Exit(1)
    output.say("✓ 使えます。", output.GOOD)
