"""`tsunagari check`: is everything in place? A list to read, and exit code 1 where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from bot.cli import output
from bot.content.library import load_content
from bot.line.client import LineClient
from bot.settings import BadSettings, Settings
from storage.crypto import BadKeys, cipher_from
from storage.database import BadAddress, Undurable, WrongKeys, check_durable, new_engine, open_database
from storage.migrate import NewerDatabase, pending
from storage.switches import sending_paused


@dataclass(frozen=True)
class Finding:
    """One line of the list; `ok` is None for a warning that keeps nothing from working."""

    what: str
    ok: bool | None
    words: str


def check(json: Annotated[bool, typer.Option("--json", help="JSONで出す。")] = False) -> None:
    """設定・内容・データベース・LINEを確かめます。

    使えないものがあれば終了コードは1です。

    例: tsunagari check
    """
    found = list(findings())
    if json:
        output.as_json([{"what": each.what, "ok": each.ok, "words": each.words} for each in found])
    else:
        marks = {True: "✓", False: "✗", None: "!"}
        styles = {True: output.GOOD, False: output.BAD, None: output.WARN}
        for each in found:
            output.say(f"{marks[each.ok]} {each.what}: {each.words}", styles[each.ok])
    if any(each.ok is False for each in found):
        raise typer.Exit(1)


def findings() -> Iterator[Finding]:
    """Everything that was looked at, one after another; a later one may need an earlier one."""
    try:
        settings = Settings.from_env()
    except BadSettings as wrong:
        yield from (Finding("設定", False, line) for line in str(wrong).splitlines())
        return
    missing = settings.missing_for_serving()
    yield from (Finding("設定", False, line) for line in missing)
    if not missing:
        yield Finding("設定", True, f"チャネル {'、'.join(settings.channels)}")
    if not settings.public_url.startswith("https://"):
        yield Finding(
            "設定", None, f"PUBLIC_URL が https ではありません（{settings.public_url}）。練習にだけ使えます。"
        )
    yield from _content(settings)
    yield from _database(settings)
    yield from _line(settings)


def _content(settings: Settings) -> Iterator[Finding]:
    try:
        content = load_content(settings.content_dir)
    except Exception as wrong:  # whatever is wrong with files that people edit, it is a line of this list
        yield Finding("内容", False, str(wrong))
        return
    yield Finding(
        "内容",
        True,
        f"{len(content.towns)} 市町、窓口 {len(content.windows)}、文章 {len(content.texts.by_key)}",
    )
    for name in settings.channels:
        if name not in content.channels:
            yield Finding("内容", False, f"content/channels.yaml にチャネル {name} がありません。")


def _database(settings: Settings) -> Iterator[Finding]:
    if not settings.keys:
        return
    try:
        cipher = cipher_from(settings.keys)
        engine = new_engine(settings.database_url)
        try:
            check_durable(engine)
            behind = pending(engine)
        finally:
            engine.dispose()
        if behind:
            yield Finding(
                "データベース", None, "まだ最新の形ではありません。serve か db migrate が行います。"
            )
            return
        db = open_database(settings.database_url, cipher)
        with db.look() as work:
            paused = sending_paused(work)
        db.close()
    except (BadKeys, Undurable, WrongKeys, BadAddress, NewerDatabase) as wrong:
        yield Finding("データベース", False, str(wrong))
    except Exception as wrong:  # the driver's words may quote the address with its password: only the kind
        yield Finding(
            "データベース", False, f"開けません（{type(wrong).__name__}）。DATABASE_URL を確かめてください。"
        )
    else:
        yield Finding("データベース", True, "最新の形で、鍵も合っています。")
        if paused:
            yield Finding(
                "送信", None, f"止めています: {paused}（再開: tsunagari db sending --resume --yes）"
            )


def _line(settings: Settings) -> Iterator[Finding]:
    client = LineClient(settings.channels, settings.line_api_base)
    try:
        for name in settings.channels:
            answer = client.bot_info(name)
            body = answer.body if isinstance(answer.body, dict) else {}
            if answer.ok:
                yield Finding("LINE", True, f"{name}: {body.get('displayName')}（{body.get('basicId')}）")
            elif answer.status == 401:
                yield Finding("LINE", False, f"{name}: アクセストークンが正しくありません。")
            else:
                said = f"HTTP {answer.status}" if answer.status else "応答がありません"
                yield Finding("LINE", False, f"{name}: {said}。")
    finally:
        client.close()
