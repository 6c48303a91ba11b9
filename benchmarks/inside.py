"""The service inside this process, for measurements that count processor seconds: events are signed and go through the
real WSGI app, what is to be said is sent to a LINE that takes everything and costs nothing, the clock is set by hand."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import itertools
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text
from werkzeug.test import Client

from bot import log
from bot.app import Services, create_app
from bot.content.library import ChannelPlan, Content
from bot.line.client import Answer, LineClient, Quota, to_bytes
from bot.settings import DEFAULT_CHANNEL, Settings
from jobs.deliver import deliver_some
from jobs.ratelimit import Limits
from storage.work import Database

SECRET = "benchmark-secret"  # noqa: S105  # of no real account
AT_ONCE = 20  # calls that are claimed together
MOST_BUTTONS = 40  # remembered of what somebody was told last
TAKEN = Answer(200, "yes", body={"sentMessages": [{"id": "1"}]})
OUR_BACKENDS = """SELECT pid FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend'"""
_numbers = itertools.count()


class Line(LineClient):
    """Takes everything at once, and remembers the buttons that each person saw last."""

    def __init__(self) -> None:
        super().__init__({})
        self.buttons: dict[str, list[str]] = {}
        self.calls = 0

    def reply(self, channel: str, token: str, messages: Sequence[Mapping[str, Any]]) -> Answer:
        return self._told(token.partition("-")[0], messages)

    def push(self, channel: str, to: str, messages: Sequence[Mapping[str, Any]], retry_key: str) -> Answer:
        return self._told(to, messages)

    def multicast(
        self, channel: str, to: Sequence[str], messages: Sequence[Mapping[str, Any]], retry_key: str
    ) -> Answer:
        to_bytes({"to": list(to), "messages": messages})
        self.calls += 1
        return TAKEN

    def link_menu(self, channel: str, user: str, menu_id: str) -> Answer:
        self.calls += 1
        return TAKEN

    def unlink_menu(self, channel: str, user: str) -> Answer:
        self.calls += 1
        return TAKEN

    def quota(self, channel: str) -> Quota | None:
        return Quota(None, 0)

    def _told(self, person: str, messages: Sequence[Mapping[str, Any]]) -> Answer:
        to_bytes({"messages": messages})
        self.calls += 1
        if seen := list(_buttons(messages)):
            self.buttons[person] = seen[:MOST_BUTTONS]
        return TAKEN


def _buttons(node: Any) -> Iterator[str]:
    """What the postback buttons among these messages say when they are tapped."""
    if isinstance(node, list | tuple):
        for part in node:
            yield from _buttons(part)
    elif isinstance(node, dict):
        if node.get("type") == "postback":
            yield str(node["data"])
        for part in node.values():
            yield from _buttons(part)


@dataclass
class Clock:
    """The moment that the service believes in."""

    now: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    def __call__(self) -> dt.datetime:
        return self.now


@dataclass
class Inside:
    """The running service."""

    services: Services
    web: Client
    line: Line
    limits: Limits = field(default_factory=Limits)

    def post(self, channel: str, events: Sequence[Mapping[str, Any]]) -> None:
        """One webhook of LINE's; anything but a 200 ends the run."""
        body = json.dumps({"destination": "U" + "0" * 32, "events": events}).encode()
        signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
        path = "/callback" if channel == DEFAULT_CHANNEL else f"/callback/{channel}"
        answer = self.web.post(path, data=body, headers={"X-Line-Signature": signature})
        answer.close()
        if answer.status_code != 200:
            raise SystemExit(f"the webhook answered {answer.status_code}")

    def event(self, person: str, what: Mapping[str, Any]) -> dict[str, Any]:
        number = next(_numbers)
        return {
            "mode": "active",
            "timestamp": int(self.services.db.clock().timestamp() * 1000),
            "source": {"type": "user", "userId": person},
            "webhookEventId": f"inside-{os.getpid()}-{number:012d}",
            "deliveryContext": {"isRedelivery": False},
            "replyToken": f"{person}-{number}",
            **what,
        }

    def deliver(self, most: int = 1_000_000) -> int:
        """Send what is due, up to so many calls; how many it were."""
        sent = 0
        while sent < most and (
            count := deliver_some(self.services.db, self.line, AT_ONCE, lambda *_: "menu", self.limits)
        ):
            sent += count
        return sent


def typed(text: str) -> dict[str, Any]:
    message = {"type": "text", "id": str(next(_numbers)), "quoteToken": "q", "text": text}
    return {"type": "message", "message": message}


def tapped(data: str) -> dict[str, Any]:
    return {"type": "postback", "postback": {"data": data}}


def someone(number: int) -> str:
    """A LINE user id."""
    return f"U{number:032x}"


def settings(channels: Sequence[str] = (), **more: str) -> Settings:
    """Accounts beside the default one, all with the same secret."""
    env = {"TSUNAGARI_KEYS": "unused:here", "PUBLIC_URL": "https://tsunagari.example", **more}
    for prefix in ("LINE", *(f"LINE_{name.upper()}" for name in channels)):
        env |= {f"{prefix}_CHANNEL_SECRET": SECRET, f"{prefix}_CHANNEL_ACCESS_TOKEN": "token"}
    return Settings.from_env(env)


def with_channels(content: Content, names: Sequence[str]) -> dict[str, ChannelPlan]:
    """Plans for accounts that content/ does not know: each serves the first account's towns."""
    first = content.channels[DEFAULT_CHANNEL]
    return {**content.channels, **{name: ChannelPlan(name, "", first.towns, first.central) for name in names}}


def inside(content: Content, db: Database, own: Settings | None = None) -> Inside:
    """The service around this database."""
    log.configure("CRITICAL", "json")
    line = Line()
    services = Services(own or settings(), content, db, line)
    return Inside(services, create_app(services).test_client(), line)


def resident_megabytes() -> float:
    """What this process holds at this moment."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def server_seconds(db: Database) -> float:
    """Processor time that PostgreSQL's processes for our connections have used; 0 where it runs elsewhere."""
    if db.engine.dialect.name == "sqlite":
        return 0.0
    with db.look() as work:
        pids = work.conn.execute(text(OUR_BACKENDS)).scalars().all()
    return sum(_seconds_of(pid) for pid in pids)


def _seconds_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
