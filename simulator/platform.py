"""The state of the LINE that is played here: channels, people, friendships, tokens, keys, quota.

Everything that changes state holds `platform.lock`; nothing that waits (a webhook, a fault) does.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from simulator import limits
from simulator.answers import MONTHLY_LIMIT, RATE_LIMIT, Refused
from simulator.chats import Chats, Item, Notice
from simulator.faults import Faults
from simulator.rich_menus import RichMenus

Json = dict[str, Any]
_LOG_KEPT = 20_000
_FIRST_MESSAGE_ID = 500_000_000_000_000_001


@dataclass(frozen=True)
class Bot:
    """One LINE official account: what its owner sees in LINE's console."""

    id: str
    name: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    webhook_url: str = ""
    basic_id: str = "@tsunagari"
    redeliver: bool = False
    login_id: str = ""  # of the LINE Login channel beside it, under the same provider
    login_secret: str = field(default="", repr=False)
    login_callback: str = ""  # as registered in the console


@dataclass(frozen=True)
class Person:
    """Somebody with a phone."""

    user_id: str
    name: str


@dataclass
class Friendship:
    """How one person stands to one bot; `wrote` is the time of their last message."""

    friend: bool = False
    blocked: bool = False
    wrote: float = float("-inf")


@dataclass
class ReplyToken:
    """The right to answer one event, once."""

    user_id: str | None
    event_at: float
    issued: float
    used: bool = False


@dataclass(frozen=True)
class Accepted:
    """A call that a retry key stands for."""

    at: float
    request_id: str
    fingerprint: str
    body: Json


@dataclass
class Settings:
    """What tests may turn; LINE's own values are the defaults."""

    reply_token_seconds: float = limits.REPLY_TOKEN_SECONDS
    retry_key_seconds: float = limits.RETRY_KEY_SECONDS
    webhook_timeout_seconds: float = limits.WEBHOOK_TIMEOUT_SECONDS
    redelivery_seconds: float = 1.0
    redelivery_times: int = 3
    bulk_seconds: float = 0.1  # bulk linking of rich menus is asynchronous
    multicast_unknown_refused: bool = False  # LINE's documentation says both
    rate_limits: dict[str, tuple[float, float]] = field(default_factory=lambda: dict(limits.RATE_LIMITS))


@dataclass
class Bucket:
    """A token bucket: `calls` at once, refilled within `seconds`."""

    calls: float
    seconds: float
    left: float
    at: float

    def take(self, now: float) -> bool:
        self.left = min(self.calls, self.left + (now - self.at) * self.calls / self.seconds)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass
class Channel:
    """One bot as LINE sees it."""

    bot: Bot
    webhook_url: str
    destination: str
    friendships: dict[str, Friendship] = field(default_factory=dict)
    reply_tokens: dict[str, ReplyToken] = field(default_factory=dict)
    retry_keys: dict[tuple[str, str], Accepted] = field(default_factory=dict)
    read_tokens: dict[str, tuple[str, str]] = field(default_factory=dict)  # -> user id, message id
    contents: dict[str, str] = field(default_factory=dict)  # message id -> media id
    buckets: dict[str, Bucket] = field(default_factory=dict)
    menus: RichMenus = field(default_factory=RichMenus)
    quota: int | None = None
    used: int = 0

    def friendship(self, user_id: str) -> Friendship:
        return self.friendships.setdefault(user_id, Friendship())


def user_id_of(name: str, number: int = 0) -> str:
    """Always the same id for the same name, so that a demo can be told in advance."""
    return "U" + hashlib.sha256(f"tsunagari simulator person {name} {number}".encode()).hexdigest()[:32]


def destination_of(bot: Bot) -> str:
    return "U" + hashlib.sha256(f"tsunagari simulator bot {bot.id}".encode()).hexdigest()[:32]


class Platform:
    """LINE, as far as one machine can be it."""

    def __init__(self, bots: Iterable[Bot], people: Iterable[str]) -> None:
        self.lock = threading.RLock()
        self.closing = threading.Event()
        self.chats = Chats()
        self.faults = Faults()
        self.settings = Settings()
        self.log: deque[Json] = deque(maxlen=_LOG_KEPT)
        self.webhooks: deque[Json] = deque(maxlen=_LOG_KEPT)
        self.violations: deque[Json] = deque(maxlen=_LOG_KEPT)
        self.media: dict[str, tuple[str, bytes]] = {}
        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self._seeds = tuple(people)
        self._ids = itertools.count(_FIRST_MESSAGE_ID)
        self._system_ids = itertools.count(1)
        self._bots = tuple(bots)
        if len({bot.token for bot in self._bots}) != len(self._bots):
            raise ValueError("every bot needs a token of its own")
        self._begin()

    def _begin(self) -> None:
        self.channels = {bot.id: Channel(bot, bot.webhook_url, destination_of(bot)) for bot in self._bots}
        self.people = {}
        for name in self._seeds:
            self.add_person(name)

    def reset(self, *, keep_menus: bool = False) -> None:
        """As on the first day; webhook addresses that were set stay, and rich menus if that is wished."""
        with self.lock:
            before = self.channels
            self.settings = Settings()
            for kept in (self.log, self.webhooks, self.violations):
                kept.clear()
            self.media.clear()
            self._begin()
            for channel in self.channels.values():
                channel.webhook_url = before[channel.bot.id].webhook_url
                if keep_menus:
                    channel.menus = before[channel.bot.id].menus
                    channel.menus.links.clear()
        self.faults.clear()
        self.chats.clear()

    # --- who is here --------------------------------------------------------------------------------

    def add_person(self, name: str) -> Person:
        with self.lock:
            ids = (user_id_of(name, number) for number in itertools.count())
            person = Person(next(each for each in ids if each not in self.people), name)
            self.people[person.user_id] = person
            return person

    def channel_of_token(self, token: str) -> Channel | None:
        given = token.encode("utf-8", "replace")
        for channel in self.channels.values():
            if secrets.compare_digest(channel.bot.token.encode(), given):
                return channel
        return None

    def is_reachable(self, channel: Channel, user_id: str) -> bool:
        """Would a message be shown: not blocked, and a friend or one who wrote in the last seven days."""
        if user_id not in self.people:
            return False
        stand = channel.friendship(user_id)
        wrote_lately = time.time() - stand.wrote < limits.NON_FRIEND_REACH_SECONDS
        return not stand.blocked and (stand.friend or wrote_lately)

    def friends(self, channel: Channel) -> list[str]:
        stands = channel.friendships
        return [
            user
            for user in self.people
            if user in stands and stands[user].friend and not stands[user].blocked
        ]

    # --- rules for sending --------------------------------------------------------------------------

    def count_call(self, channel: Channel, endpoint: str) -> None:
        """Takes a drop from the endpoint's bucket; raises Refused (429) when it is empty."""
        rates: Mapping[str, tuple[float, float]] = MappingProxyType(self.settings.rate_limits)
        calls, seconds = rates.get(endpoint, rates["default"])
        now = time.monotonic()
        with self.lock:
            bucket = channel.buckets.get(endpoint)
            if bucket is None or (bucket.calls, bucket.seconds) != (calls, seconds):
                bucket = channel.buckets[endpoint] = Bucket(calls, seconds, calls, now)
            if not bucket.take(now):
                raise Refused(429, RATE_LIMIT)

    def spend(self, channel: Channel, people: int) -> None:
        """Counts messages by person; raises Refused (429) when the month's quota does not suffice."""
        if channel.quota is not None:
            exhausted = channel.used >= channel.quota
            if exhausted or channel.used + people > channel.quota:
                raise Refused(429, MONTHLY_LIMIT)
        channel.used += people

    def issue_reply_token(self, channel: Channel, user_id: str | None, token: str | None = None) -> str:
        token = token or secrets.token_hex(16)
        now = time.time()
        with self.lock:
            channel.reply_tokens[token] = ReplyToken(user_id, now, now)
        return token

    # --- what is shown ------------------------------------------------------------------------------

    def next_message_id(self) -> str:
        return str(next(self._ids))

    def show(self, channel: Channel, user_id: str, message: Json, raw: Json, notes: list[str]) -> Json:
        """Puts a bot's message into a chat; returns LINE's `sentMessages` entry."""
        item = Item(self.next_message_id(), "bot", now_ms(), message, notes, raw)
        self.chats.add((channel.bot.id, user_id), item)
        sent: Json = {"id": item.id}
        if message["type"] in ("text", "textV2", "sticker", "image", "video"):
            sent["quoteToken"] = secrets.token_urlsafe(32)
        return sent

    def tell(
        self, channel: Channel, user_id: str, kind: str, text: str, raw: Json, notes: Iterable[str] = ()
    ) -> None:
        """A line of the platform itself in a chat: a friend added, a refusal, a webhook that failed."""
        message = {"type": "system", "kind": kind, "text": text}
        item = Item(f"s{next(self._system_ids)}", "system", now_ms(), message, list(notes), raw)
        self.chats.add((channel.bot.id, user_id), item)

    def menu_changed(self, channel: Channel, user_ids: Iterable[str]) -> None:
        for user_id in user_ids:
            data = {"richMenu": self.menu_json(channel, user_id)}
            self.chats.tell((channel.bot.id, user_id), Notice("richmenu", data))

    def menu_json(self, channel: Channel, user_id: str) -> Json | None:
        """The menu that a person sees, with the address of its picture."""
        with self.lock:
            menu = channel.menus.shown_to(user_id)
            if menu is None:
                return None
            return {**menu.as_json(), "imageUrl": f"/_sim/media/{channel.bot.id}/{menu.id}"}

    def violation(self, channel: Channel | None, kind: str, detail: str, request_id: str = "") -> None:
        """Keeps what a careful bot never does, for tests to find."""
        bot = channel.bot.id if channel else None
        self.violations.append(
            {"at": now_ms(), "bot": bot, "kind": kind, "detail": detail, "requestId": request_id}
        )


def now_ms() -> int:
    return time.time_ns() // 1_000_000
