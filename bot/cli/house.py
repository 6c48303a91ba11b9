"""What a command works with: settings, content and the opened database, without a client to LINE."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import typer

from bot.app import content_for
from bot.channels import with_added
from bot.cli.output import TOKYO, Refused, unknown
from bot.content.library import Content, peek_content
from bot.settings import DEFAULT_CHANNEL, BadSettings, Settings
from storage import jobs_queue
from storage.crypto import cipher_from
from storage.database import check_keys, new_engine, open_database
from storage.migrate import migrate, pending
from storage.work import Database

OURS = ("person", "system", "nightly")  # names that the audit gives to others than whoever is at a terminal


@dataclass(frozen=True)
class House:
    """An opened house; `now` is Asia/Tokyo."""

    settings: Settings
    content: Content
    db: Database
    bell: threading.Event = field(
        default_factory=threading.Event
    )  # nobody listens: `serve` looks each second, and on PostgreSQL a worker is woken

    @property
    def now(self) -> dt.datetime:
        return self.db.clock().astimezone(TOKYO)

    def channel_of(self, towns: tuple[str, ...], named: str | None) -> str:
        """The channel that was named, else the one that serves these towns, else the default one."""
        channels = self.content.channels
        if named is not None:
            if named not in channels:
                unknown("チャネル", named, channels)
            return named
        serving = {key for key, channel in channels.items() if set(towns) & set(channel.towns)}
        if len(serving) > 1:
            raise Refused(
                "町がいくつかのチャネルに分かれています。",
                f"--channel で選んでください: {'、'.join(sorted(serving))}",
            )
        return serving.pop() if serving else DEFAULT_CHANNEL


def named(who: str) -> str:
    """Who does it, for the audit list: an empty name, or one that stands for somebody else, is wrong usage."""
    name = " ".join(who.split())[:64]
    if not name.isprintable() or not name or name in OURS or name.startswith(("staff:", "cli:")):
        raise typer.BadParameter("--as に名前を書いてください。例: --as 山田")
    return name


@contextmanager
def open_house(given: Settings | None = None) -> Iterator[House]:
    """Read settings and content, migrate and open the database; closed again at the end."""
    settings = given or Settings.from_env()
    if not settings.keys:
        raise BadSettings("TSUNAGARI_KEYS is not set; `tsunagari key new` prints a key")
    content = content_for(settings)
    with open_db(settings) as db:
        yield House(*with_added(settings, content, db), db)


@contextmanager
def open_db(settings: Settings) -> Iterator[Database]:
    """The database alone, brought to the newest schema."""
    cipher = cipher_from(settings.keys)
    engine = new_engine(settings.database_url)
    try:
        check_keys(engine, cipher)
        if pending(engine):
            migrate(engine)
    finally:
        engine.dispose()
    db = open_database(settings.database_url, cipher)
    jobs_queue.wake_senders(db)
    try:
        yield db
    finally:
        db.close()


def has_database(url: str) -> bool:
    """False where opening this address would make an empty file."""
    path = url.removeprefix("sqlite:///")
    return path == url or Path(path).exists()


def open_content() -> Content:
    """The content alone, for commands that need no database."""
    return peek_content(Settings.from_env().content_dir)
