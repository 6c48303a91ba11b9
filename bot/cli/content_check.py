"""`tsunagari content check`: what staff may edit, looked through before it goes live."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import output
from bot.cli.content_findings import tell
from bot.cli.moments import read_day
from bot.cli.output import TOKYO
from bot.content import checks
from bot.content.errors import ContentError
from bot.content.findings import Finding
from bot.content.library import Content, load_content
from bot.settings import Settings


def check(
    folder: Annotated[Path | None, typer.Argument(help="点検するフォルダー。ふつうは CONTENT_DIR。")] = None,
    on: Annotated[str | None, typer.Option("--on", help="いつの日として点検するか。ふつうは今日。")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="注意（!）だけのときも、終了コードを1にする。")
    ] = False,
    all_: Annotated[bool, typer.Option("--all", help="同じ注意も、1つずつ全部出す。")] = False,
    json: Annotated[bool, typer.Option("--json", help="JSONで出す。")] = False,
) -> None:
    """内容を読み、まちがい（✗）と注意（!）を、ファイル・場所・項目・どうするかとともに示します。

    まちがいがあれば終了コードは1です。先の日を点検すると、その日に行のない制度や古くなる内容が分かります。

    例: tsunagari content check --on 2027-04-01
    """
    where = folder or Settings.from_env().content_dir
    if not where.is_dir():
        raise output.Refused(f"フォルダー {where} がありません。")
    day = read_day(on) if on else dt.datetime.now(TOKYO).date()
    content, findings = _look(where, day)
    errors = sum(each.level == "error" for each in findings)
    if json:
        output.as_json(
            {
                "on": day,
                "errors": errors,
                "warnings": len(findings) - errors,
                "findings": [vars(f) for f in findings],
            }
        )
    else:
        if content is not None:
            _count(content)
        tell(findings, few=not all_)
        _sum_up(day, errors, len(findings) - errors)
    if errors or (strict and findings):
        raise typer.Exit(1)


def _look(where: Path, day: dt.date) -> tuple[Content | None, Sequence[Finding]]:
    try:
        content = load_content(where)
    except ContentError as wrong:
        return None, list(dict.fromkeys(checks.of_unreadable(where, wrong)))
    return content, list(dict.fromkeys(checks.of_content(content, day)))


def _count(content: Content) -> None:
    output.fields(
        {
            "市町": len(content.towns),
            "窓口": len(content.windows),
            "相談先": len(content.hotlines),
            "連絡の種類": len(content.concern_kinds),
            "制度": len(content.catalogue.schemes),
            "質問": len(content.questions),
            "文章": len(content.texts.by_key),
        }
    )


def _sum_up(day: dt.date, errors: int, warnings: int) -> None:
    on = output.day(day)
    if errors:
        output.complain(
            f"まちがい {errors} 件、注意 {warnings} 件（{on}）。",
            "✗ を直してから、もう一度 content check を行ってください。",
        )
    elif warnings:
        output.say(f"✓ 使えます（{on}）。注意が {warnings} 件あります。", output.GOOD)
    else:
        output.say(f"✓ 使えます（{on}）。", output.GOOD)


def add_to(app: typer.Typer) -> None:
    """`content check`."""
    app.command("check")(check)
