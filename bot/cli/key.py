"""`tsunagari key …`: the keys that seal personal data."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated

import typer
from rich.progress import Progress

from bot.cli import output
from bot.cli.house import open_db
from bot.settings import BadSettings, Settings
from storage import rotation
from storage.crypto import new_key

app = typer.Typer(no_args_is_help=True, help="個人情報を守る鍵（作成・交換）")


@app.command()
def new(
    key_id: Annotated[str | None, typer.Option("--id", help="鍵の名前（英数字）。ふつうは年月日。")] = None,
    backup: Annotated[bool, typer.Option("--backup", help="控え（db backup）のための鍵。")] = False,
) -> None:
    """新しい鍵を1つ作って表示します（どこにも保存しません）。

    例: tsunagari key new
    """
    name = key_id or f"{'b' if backup else 'k'}{dt.date.today():%Y%m%d}"
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", name):
        raise typer.BadParameter("鍵の名前は英数字・_・- で32文字までです。")
    typer.echo(new_key(name))


@app.command("list")
def list_(json: Annotated[bool, typer.Option("--json", help="JSONで出す。")] = False) -> None:
    """どの鍵で、いくつのデータが守られているか。使われていない古い鍵は外せます。

    例: tsunagari key list
    """
    with open_db(sealing_settings()) as db:
        used = rotation.keys_in_use(db)
        known = list(db.cipher.keys)
        if json:
            output.as_json({"first": db.cipher.first, "keys": known, "in_use": used})
            return
        output.table(
            "鍵",
            ("名前", "役割", "データの数"),
            (
                (
                    name,
                    "いま使う鍵"
                    if name == db.cipher.first
                    else "古い鍵"
                    if name in known
                    else "ありません！",
                    used.get(name, 0),
                )
                for name in dict.fromkeys([*known, *used])
            ),
        )


@app.command()
def rotate(
    yes: Annotated[bool, typer.Option("--yes", help="実行する（付けないと下見だけ）。")] = False,
) -> None:
    """古い鍵のデータを、TSUNAGARI_KEYS の先頭の鍵で守りなおします。動かしたまま行えます。

    例: TSUNAGARI_KEYS="新しい鍵,古い鍵" tsunagari key rotate --yes
    """
    with open_db(sealing_settings()) as db:
        old = {name: count for name, count in rotation.keys_in_use(db).items() if name != db.cipher.first}
        if not old:
            output.say(f"すべて「{db.cipher.first}」で守られています。することはありません。", output.GOOD)
            return
        if not yes:
            what = [
                f"「{name}」の {count} 件を「{db.cipher.first}」で守りなおします。"
                for name, count in old.items()
            ]
            output.not_yet(what, "tsunagari key rotate --yes")
            return
        with Progress(console=output.console(to_stderr=True)) as bar:
            task = bar.add_task("守りなおしています", total=sum(old.values()))
            done = rotation.reseal(db, progress=lambda so_far: bar.update(task, completed=so_far))
        output.say(
            f"{done} 件を守りなおしました。古い鍵は、控えのデータベースが要らなくなるまで保管してください。",
            output.GOOD,
        )


def sealing_settings() -> Settings:
    """Settings with keys in them: without keys nothing personal can be opened."""
    settings = Settings.from_env()
    if not settings.keys:
        raise BadSettings("TSUNAGARI_KEYS is not set; `tsunagari key new` prints a key")
    return settings
