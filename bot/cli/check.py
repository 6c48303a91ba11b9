"""`tsunagari check`: is everything in place? A list to read, and exit code 1 where it is not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from bot.app import content_for
from bot.channels import with_added
from bot.cli import output
from bot.content.library import load_content
from bot.line.client import LineClient
from bot.mailer import Mailer, server_of
from bot.settings import BadSettings, Settings
from storage import channels as added
from storage.crypto import BadKeys, cipher_from
from storage.database import BadAddress, Undurable, WrongKeys, check_durable, new_engine, open_database
from storage.migrate import NewerDatabase, pending
from storage.moved import Moved, Unfinished
from storage.staff import staffed_windows
from storage.switches import sending_paused

AT_ONCE = 16  # questions to LINE


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
    elif settings.proxies == 0:
        yield Finding(
            "設定",
            None,
            "PUBLIC_URL は https ですが PROXIES=0 です。前にあるリバースプロキシーの数を書いてください。"
            "書かないと、すべての人が同じ場所から来たように見え、サインインの回数制限がみなに効きます。",
        )
    yield from _content(settings)
    yield from _database(settings)
    settings, trouble = _with_added(settings)
    yield from trouble
    yield from _line(settings)
    yield from _login(settings)
    yield from _mail(settings)


def _login(settings: Settings) -> Iterator[Finding]:
    """Whether links are asked whose they are. That both channels have one provider, only opening a link shows."""
    for name, channel in settings.channels.items():
        if channel.login:
            yield Finding(
                "LINEログイン",
                True,
                f"{name}: 1回だけ使えるリンクは、受けとった本人だけがひらけます"
                f"（コールバックURL: {settings.public_url}/line-login/back）。",
            )
        else:
            yield Finding(
                "LINEログイン",
                None,
                f"{name}: 設定がありません。1回だけ使えるリンクは、転送された人にもひらけます。"
                "防ぐには LINE_LOGIN_CHANNEL_ID などを設定してください（docs/operations.md）。",
            )


def _mail(settings: Settings) -> Iterator[Finding]:
    """Whether the mail server lets us in; nothing is sent."""
    if settings.smtp_url is None:
        yield Finding(
            "メール",
            None,
            "SMTP_URL がありません。窓口へのお知らせは、受信箱と、職員がつないだLINEにだけ届きます。",
        )
        return
    server = server_of(settings.smtp_url)
    trouble = Mailer(server, settings.mail_from).reach()
    if trouble is None:
        yield Finding("メール", True, f"{server.host}:{server.port}（差出人 {settings.mail_from}）")
    elif "NoSafeWay" in trouble:
        yield Finding(
            "メール",
            False,
            f"{server.host}:{server.port} は暗号化（TLS）ができません。パスワードをそのまま送ることはしません。",
        )
    else:
        yield Finding(
            "メール",
            False,
            f"{server.host}:{server.port} を使えません（{trouble}）。SMTP_URL を確かめてください。",
        )


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
            paused, staffed = sending_paused(work), staffed_windows(work)
        db.close()
    except (BadKeys, Undurable, WrongKeys, BadAddress, NewerDatabase, Moved, Unfinished) as wrong:
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
        yield from _desks(settings, staffed)


def _with_added(settings: Settings) -> tuple[Settings, list[Finding]]:
    """With the channels that were added to the database, and what is wrong with them; without them where it cannot be
    opened, about which there is a line already."""
    try:
        content, db = content_for(settings), open_database(settings.database_url, cipher_from(settings.keys))
        try:
            channels = dict(with_added(settings, content, db)[0].channels)
            with db.look() as work:
                rows = added.listed(work)
        finally:
            db.close()
    except Exception:
        return settings, []
    trouble = [
        Finding(
            "チャネル",
            False,
            f"{row.channel}: "
            + ("秘密を、いまの鍵では開けません。" if row.account is None else "受けもつ市町がありません。"),
        )
        for row in rows
        if row.disabled_at is None and row.channel not in channels
    ]
    return replace(settings, channels=channels), trouble


def _desks(settings: Settings, staffed: Collection[str]) -> Iterator[Finding]:
    """A desk that gets mails and has nobody who can open its inbox; staff of a desk that is not there any more."""
    try:
        windows = load_content(settings.content_dir).windows
    except Exception:  # a line about it is in the list already
        return
    living = {window.key for window in windows if window.active}
    if gone := sorted(set(staffed) - living):
        yield Finding(
            "窓口",
            None,
            f"職員が登録されている窓口のうち、いまはないもの: {'、'.join(gone)}。"
            "その職員の受信箱には何も届きません。tsunagari staff list で確かめ、staff windows で直してください。",
        )
    if empty := [w.name for w in windows if w.active and w.recipients and w.key not in staffed]:
        yield Finding(
            "窓口",
            None,
            f"メールの宛先はあるのに、受信箱をひらける職員がいない窓口: {'、'.join(empty)}。"
            "tsunagari staff add で登録してください。",
        )


@dataclass(frozen=True)
class AtLine:
    """What LINE says of an account; `basic_id` is the one with the @."""

    ok: bool
    words: str
    basic_id: str = ""


def at_line(client: LineClient, name: str) -> AtLine:
    """Whether LINE knows the token of this channel."""
    answer = client.bot_info(name)
    body = answer.body if isinstance(answer.body, dict) else {}
    if answer.ok:
        basic_id = str(body.get("basicId") or "")
        return AtLine(True, f"{name}: {body.get('displayName')}（{basic_id}）", basic_id[:32])
    if answer.status == 401:
        return AtLine(False, f"{name}: アクセストークンが正しくありません。")
    said = f"HTTP {answer.status}" if answer.status else "応答がありません"
    return AtLine(False, f"{name}: {said}。")


def _line(settings: Settings) -> Iterator[Finding]:
    client = LineClient(settings.channels, settings.line_api_base)
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:  # each takes a moment, and there may be many
            for said in pool.map(lambda name: at_line(client, name), settings.channels):
                yield Finding("LINE", said.ok, said.words)
    finally:
        client.close()
