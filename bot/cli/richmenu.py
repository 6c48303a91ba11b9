"""`tsunagari richmenu …`: the pictures with buttons at the foot of the chat."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from bot import richmenu
from bot.app import content_for
from bot.channels import with_added
from bot.cli import output
from bot.cli.house import open_db
from bot.cli.key import sealing_settings
from bot.cli.output import Refused
from bot.line.client import SendFailed
from bot.settings import Settings
from storage import menus
from storage.work import Database

app = typer.Typer(no_args_is_help=True, help="リッチメニュー（トークの下に出るメニュー）")

Json = Annotated[bool, typer.Option("--json", help="JSONで出す。")]


@dataclass(frozen=True)
class Place:
    """What installing works with; nobody listens to the bell: `serve` looks each second."""

    settings: Settings
    db: Database
    bell: threading.Event = field(default_factory=threading.Event)


@app.command()
def install(
    channel: Annotated[str | None, typer.Option("--channel", help="このLINE公式アカウントだけ。")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="フォルダー", help="絵を書き出すだけ（LINEには入れない）。"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="実行する（付けないと下見だけ）。")] = False,
) -> None:
    """リッチメニューを描いて、LINEに入れます。変わっていないものは入れなおしません。

    例: tsunagari richmenu install --yes
    """
    if out is not None:
        _save(out)
        return
    settings = sealing_settings()
    content = content_for(settings)
    with open_db(settings) as db:
        settings, _ = with_added(settings, content, db)
        _install(Place(settings, db), _channels(settings, channel), yes)


def _save(folder: Path) -> None:
    drawn = {key: richmenu.draw(menu) for key, menu in richmenu.load(Settings.from_env().content_dir).items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for key, png in drawn.items():
            (folder / f"richmenu-{key}.png").write_bytes(png)
    except OSError as trouble:
        raise Refused(f"{folder} に書き出せません（{trouble.strerror}）。") from trouble
    for key in drawn:
        output.say(f"{folder / f'richmenu-{key}.png'} に書き出しました。", output.GOOD)


def _channels(settings: Settings, named: str | None) -> list[str]:
    if not settings.channels:
        raise Refused(
            "LINE公式アカウントの設定がありません。",
            "LINE_CHANNEL_SECRET と LINE_CHANNEL_ACCESS_TOKEN を設定してください。絵だけなら --out で書き出せます。",
        )
    if named is None:
        return list(settings.channels)
    if named not in settings.channels:
        output.unknown("チャネル", named, settings.channels)
    return [named]


def _install(place: Place, channels: list[str], yes: bool) -> None:
    """One channel that fails does not keep the others from their menus."""
    planned: list[str] = []
    failed: list[str] = []
    for channel in channels:
        try:
            if not yes:
                planned += [plan.says for plan in richmenu.plans(place, channel)]
                continue
            for line in richmenu.install(place, channel):
                output.say(line, output.GOOD)
        except SendFailed as trouble:
            failed.append(channel)
            output.complain(f"{channel}: LINEに断られたか、つながりませんでした（{trouble}）。")
    if planned:
        output.not_yet(planned, "同じ命令に --yes を付けてください。")
    if failed:
        raise Refused(
            f"{'、'.join(failed)} のメニューは、まだそのままです。",
            "トークンとつながりを確かめて、もう一度実行してください。何度実行しても大丈夫です。",
        )


@app.command("list")
def list_(json: Json = False) -> None:
    """LINEに入っているリッチメニュー。

    例: tsunagari richmenu list
    """
    with open_db(sealing_settings()) as db, db.look() as work:
        found = menus.listed(work)
    if json:
        output.as_json([asdict(menu) | {"complete": bool(menu.image_hash)} for menu in found])
        return
    output.table(
        "リッチメニュー",
        ("チャネル", "メニュー", "LINEでのID", "入れた日時"),
        (
            (
                menu.channel,
                menu.name,
                menu.menu_id,
                output.moment(menu.installed_at) if menu.image_hash else "とちゅうです",
            )
            for menu in found
        ),
        "まだ入れていません（tsunagari richmenu install）。",
    )
