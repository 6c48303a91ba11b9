"""`tsunagari simulate`: LINE on this machine, for trying things out without an account."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import typer

from bot.cli import output
from bot.settings import DEFAULT_CHANNEL, Settings
from simulator.app import run
from simulator.platform import Bot

PRACTICE_SECRET, PRACTICE_TOKEN = "simulated-secret", "simulated-token"  # of no real account


def simulate(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="待ち受ける番号。")] = 8090,
    bot: Annotated[
        str | None, typer.Option("--bot", help="つながりのアドレス。ふつうは http://127.0.0.1:8000")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="待ち受けるアドレス。")] = "127.0.0.1",
    mail_port: Annotated[
        int | None,
        typer.Option("--mail-port", min=1, max=65535, help="メールサーバーの代わりも、この番号で動かす。"),
    ] = None,
) -> None:
    """LINEの代わりを動かします。

    ブラウザーの中の電話で話せます。--mail-port があれば、窓口に送られたメールも読めます。

    例: tsunagari simulate --port 8090 --bot http://127.0.0.1:8000
    """
    settings = Settings.from_env()
    base = bot or f"http://127.0.0.1:{settings.port}"
    if not base.startswith(("http://", "https://")):
        raise typer.BadParameter(f"「{base}」はアドレスではありません。例: http://127.0.0.1:8000")
    bots = bots_of(settings, base) or [
        Bot(DEFAULT_CHANNEL, "つながり", PRACTICE_SECRET, PRACTICE_TOKEN, webhook(base, DEFAULT_CHANNEL))
    ]
    output.say(f"電話: http://{host}:{port}/", output.GOOD)
    output.say(f"つながりの設定: LINE_API_BASE=http://{host}:{port}")
    if not settings.channels:
        output.say(f"  LINE_CHANNEL_SECRET={PRACTICE_SECRET} LINE_CHANNEL_ACCESS_TOKEN={PRACTICE_TOKEN}")
    if mail_port is not None:
        output.say(f"メール: http://{host}:{port}/mail", output.GOOD)
        output.say(f"  SMTP_URL=smtp://{host}:{mail_port}")
    run(port, bots, host=host, mail_port=mail_port)


def bots_of(settings: Settings, base: str) -> list[Bot]:
    """One simulated account for every channel in the settings."""
    return [
        Bot(
            name,
            "つながり" if name == DEFAULT_CHANNEL else name,
            each.secret,
            each.token,
            webhook(base, name),
            login_id=each.login.id if each.login else "",
            login_secret=each.login.secret if each.login else "",
            login_callback=f"{settings.public_url}/line-login/back",
        )
        for name, each in settings.channels.items()
    ]


def webhook(base: str, channel: str) -> str:
    """Where LINE would post this channel's events; an address that has a path already is taken as it is."""
    if urlsplit(base).path.strip("/"):
        return base
    path = "/callback" if channel == DEFAULT_CHANNEL else f"/callback/{channel}"
    return base.rstrip("/") + path
