"""The composition root: everything is built here once and handed down."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot import log
from bot.channels import plan_of, with_added
from bot.content.library import Content, hearing, peek_content
from bot.errands import Errands
from bot.handbook.tally import Tally
from bot.settings import BadSettings, Settings
from storage import instance
from storage.crypto import cipher_from
from storage.database import check_keys, new_engine, open_database
from storage.migrate import migrate
from storage.work import Database

# The command line reads its content here, too: what only the service needs is imported where it is used.
if TYPE_CHECKING:
    from flask import Flask

    from bot.line.client import LineClient

TOKYO = ZoneInfo("Asia/Tokyo")


@dataclass(frozen=True)
class Services:
    """What the edges and the handlers work with."""

    settings: Settings
    content: Content
    db: Database
    line: LineClient
    bell: threading.Event = field(default_factory=threading.Event)  # rung when the outbox has something new
    errands: Errands = field(default_factory=Errands)  # what need not wait for its turn there
    usage: Tally = field(default_factory=Tally)  # what the pages of the handbook counted

    def now(self) -> dt.datetime:
        """The moment, in the time zone in which all our people live."""
        return self.db.clock().astimezone(TOKYO)


def build(settings: Settings) -> Services:
    """Read the content, migrate and open the database, make the one client to LINE."""
    from bot.line.client import LineClient
    from storage.rotation import need_every_key

    if missing := settings.missing_for_serving():
        raise BadSettings("\n".join(missing))
    content = content_for(settings)
    cipher = cipher_from(settings.keys)
    engine = new_engine(settings.database_url)
    try:
        check_keys(engine, cipher)
        migrate(engine)
    finally:
        engine.dispose()
    db = open_database(settings.database_url, cipher)
    need_every_key(db)
    settings, content = with_added(settings, content, db)
    line = LineClient(settings.channels, settings.line_api_base)
    return Services(settings, hearing(content), db, line)


def content_for(settings: Settings) -> Content:
    """The content, which must know every channel: an event of another one could never be handled.

    A channel that is called like a town (iwami) serves that town, also where content/channels.yaml is silent.
    """
    content = peek_content(settings.content_dir)
    plans = {name: plan_of(content, name, "") for name in settings.channels}
    if strange := sorted(name for name, plan in plans.items() if plan is None):
        raise BadSettings("\n".join(f"content/channels.yaml has no channel {name}" for name in strange))
    known = {name: plan for name, plan in plans.items() if plan is not None}
    return replace(content, channels={**content.channels, **known})


def notice_copied_database(services: Services) -> None:
    """A restored or copied database must not send what its original has sent already."""
    path = services.db.engine.url.database if services.db.engine.dialect.name == "sqlite" else None
    reason = instance.note_start(services.db, path)
    if reason:
        from bot import metrics

        metrics.ALARMS.labels("sending.paused").inc()
        log.alarm("sending.paused", reason=reason)


def create_app(services: Services) -> Flask:
    """The web side: webhook, handbook, details form, health."""
    from bot.web import create_flask

    return create_flask(services)
