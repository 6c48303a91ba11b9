"""`tsunagari db …`: the database, and whether anything is sent from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from bot.cli import db_backup, db_columns, db_copy, output
from bot.cli.broadcast_truth import REASONS
from bot.cli.house import open_db
from bot.cli.key import sealing_settings
from bot.settings import Settings
from storage import outbox, switches
from storage import waiting as waiting_rows
from storage.database import check_at_home, check_durable, new_engine
from storage.migrate import migrate as run_migrations
from storage.migrate import pending
from storage.work import Database

app = typer.Typer(no_args_is_help=True, help="データベース（移行・控えと復元・送信の停止と再開）")
app.command()(db_backup.backup)
app.command()(db_backup.restore)
app.command()(db_columns.columns)
app.command()(db_copy.copy)


@app.command()
def migrate() -> None:
    """データベースを最新の形にします。すでに最新なら何もしません。

    例: tsunagari db migrate
    """
    engine = new_engine(Settings.from_env().database_url)
    try:
        check_durable(engine)
        check_at_home(engine)
        had_to = pending(engine)
        run_migrations(engine)
    finally:
        engine.dispose()
    output.say("データベースを最新の形にしました。" if had_to else "すでに最新です。", output.GOOD)


@app.command()
def sending(
    pause: Annotated[bool, typer.Option("--pause", help="すべての送信を止める。")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="送信を再開する。")] = False,
    drop_waiting: Annotated[
        bool, typer.Option("--drop-waiting", help="再開の前に、送信待ちをすべて捨てる（復元のあとなど）。")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="実行する（再開のときに必要）。")] = False,
    json: Annotated[bool, typer.Option("--json", help="JSONで出す。")] = False,
) -> None:
    """送信しているか、止めているか。何も付けなければ、いまの様子を出します。

    例: tsunagari db sending --resume --drop-waiting --yes
    """
    if pause and resume:
        raise typer.BadParameter("--pause と --resume は、どちらか1つにしてください。")
    if drop_waiting and not resume:
        raise typer.BadParameter("--drop-waiting は --resume といっしょに使います。")
    with open_db(sealing_settings()) as db:
        with db.look() as work:
            waiting = sum(count for (_, state), count in outbox.counts(work).items() if state == "waiting")
            reason, channels = switches.sending_paused(work), switches.paused_channels(work)
        if pause:
            with db.work() as work:
                switches.pause_sending(work, "職員が止めました。")
            output.say("すべての送信を止めました。再開: tsunagari db sending --resume --yes", output.WARN)
            return
        if resume:
            _resume(db, waiting, channels, drop_waiting, yes)
            return
        if json:
            output.as_json({"paused": reason, "paused_channels": channels, "waiting": waiting})
            return
        output.say(
            f"止めています: {reason}" if reason else "送信しています。",
            output.WARN if reason else output.GOOD,
        )
        for channel, why in channels.items():
            output.say(f"チャネル {channel} は休んでいます: {REASONS.get(why, why)}", output.WARN)
        output.say(f"送信待ち: {waiting} 件")


def _resume(db: Database, waiting: int, channels: Iterable[str], drop_waiting: bool, yes: bool) -> None:
    fate = "捨ててから" if drop_waiting else "送り始めて"
    if not yes:
        how = "同じ命令に --yes を付けてください。"
        output.not_yet([f"送信待ちの {waiting} 件を{fate}、送信を再開します。"], how)
        return
    with db.work() as work:
        dropped = waiting_rows.drop_waiting(work) if drop_waiting else 0
        switches.resume_sending(work)
        waiting_rows.due_now(work)
        for channel in channels:
            switches.resume_channel(work, channel)
    output.say(f"送信を再開しました。{f'{dropped} 件を捨てました。' if drop_waiting else ''}", output.GOOD)
