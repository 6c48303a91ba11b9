"""Builds LINE's webhook events and posts them, signed, in the order of each chat."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import urllib3

from simulator.platform import Channel, Platform, now_ms

Json = dict[str, Any]
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_AT_ONCE = 32
# A redelivered event may still be answered with its token, but not 20 minutes after it happened.
_TOKEN_DIES_AFTER = 20 * 60.0


@dataclass(frozen=True)
class Delivery:
    """What came of one POST: the bot's status (0: none) and how long it took."""

    status: int
    ms: int
    reason: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def sign(secret: str, raw: bytes) -> str:
    """The value of `x-line-signature`: Base64 of HMAC-SHA256 over the raw bytes."""
    return base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()


def ulid(ms: int) -> str:
    """48 bits of time, 80 random bits, in Crockford's Base32."""
    number = (ms << 80) | secrets.randbits(80)
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def body_of(destination: str, events: list[Json]) -> bytes:
    """The bytes of a webhook; text stays as it is, but half characters are escaped."""
    body = {"destination": destination, "events": events}
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(body, separators=(",", ":")).encode()


class Postman:
    """Posts webhooks: one after another within a chat, chats side by side."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._http = urllib3.PoolManager(num_pools=20, maxsize=_AT_ONCE, block=False, retries=False)
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="line-webhook")
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, str], deque[Callable[[], None]]] = {}
        self._timers: set[threading.Timer] = set()
        self._promised: set[Future[Delivery]] = set()

    def post(self, channel: Channel, user_id: str, events: list[Json]) -> Future[Delivery]:
        """Queues a webhook behind the earlier ones of this chat."""
        done: Future[Delivery] = Future()
        self._promised.add(done)
        done.add_done_callback(self._promised.discard)

        def deliver() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                got = self.post_now(channel, events)
                self._after(channel, user_id, events, got, 0)
                done.set_result(got)
            except Exception as error:
                done.set_exception(error)

        self._queue((channel.bot.id, user_id), deliver)
        return done

    def post_beside(self, channel: Channel, events: list[Json]) -> Future[Delivery]:
        """Posts at once, beside whatever else is under way: for duplicates that arrive together."""
        return self._pool.submit(self.post_now, channel, events)

    def post_now(
        self, channel: Channel, events: list[Json], *, raw: bytes | None = None, url: str | None = None
    ) -> Delivery:
        """One POST, waited for no longer than LINE does."""
        raw = body_of(channel.destination, events) if raw is None else raw
        address = url or channel.webhook_url
        started = time.monotonic()
        status, reason = self._send(address, raw, sign(channel.bot.secret, raw)) if address else (0, "no_url")
        got = Delivery(status, round((time.monotonic() - started) * 1000), reason)
        self._platform.webhooks.append(
            {
                "at": now_ms(),
                "bot": channel.bot.id,
                "status": got.status,
                "ms": got.ms,
                "reason": got.reason,
                "events": events,
            }
        )
        return got

    def redeliver(self, channel: Channel, user_id: str, events: list[Json]) -> Future[Delivery]:
        """The same events once more, as LINE marks them."""
        return self.post(channel, user_id, self._marked(channel, events))

    def close(self) -> None:
        with self._lock:
            timers = list(self._timers)
            self._waiting.clear()
        for timer in timers:
            timer.cancel()
        for promised in list(self._promised):
            promised.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._http.clear()

    def _send(self, url: str, raw: bytes, signature: str) -> tuple[int, str]:
        """Status and, in the words of LINE's error statistics, why it failed."""
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "LineBotWebhook/2.0",
            "x-line-signature": signature,
        }
        timeout = urllib3.Timeout(total=self._platform.settings.webhook_timeout_seconds)
        try:
            response = self._http.request(
                "POST", url, body=raw, headers=headers, timeout=timeout, redirect=False
            )
        except urllib3.exceptions.NewConnectionError:
            return 0, "could_not_connect"
        except urllib3.exceptions.TimeoutError:
            return 0, "request_timeout"
        except urllib3.exceptions.HTTPError:
            return 0, "unclassified"
        return response.status, "" if 200 <= response.status < 300 else "error_status_code"

    def _queue(self, key: tuple[str, str], job: Callable[[], None]) -> None:
        with self._lock:
            idle = key not in self._waiting
            self._waiting.setdefault(key, deque()).append(job)
        if idle:
            self._pool.submit(self._drain, key)

    def _drain(self, key: tuple[str, str]) -> None:
        while True:
            with self._lock:
                jobs = self._waiting.get(key)
                if not jobs:
                    self._waiting.pop(key, None)
                    return
                job = jobs.popleft()
            job()

    def _after(self, channel: Channel, user_id: str, events: list[Json], got: Delivery, tries: int) -> None:
        """A webhook that failed is shown, and delivered again where the owner has switched that on."""
        if got.ok or not channel.webhook_url:
            return
        why = str(got.status) if got.status else got.reason
        text = f"ボットから正しい応答がありませんでした（{why}、{got.ms}ミリ秒）"
        raw = {"endpoint": "webhook", "status": got.status, "ms": got.ms, "reason": got.reason}
        self._platform.tell(channel, user_id, "webhook", text, {**raw, "events": events}, [why])
        settings = self._platform.settings
        if channel.bot.redeliver and tries < settings.redelivery_times:
            self._later(settings.redelivery_seconds, lambda: self._again(channel, user_id, events, tries + 1))

    def _again(self, channel: Channel, user_id: str, events: list[Json], tries: int) -> None:
        def deliver() -> None:
            marked = self._marked(channel, events)
            self._after(channel, user_id, marked, self.post_now(channel, marked), tries)

        self._queue((channel.bot.id, user_id), deliver)

    def _marked(self, channel: Channel, events: list[Json]) -> list[Json]:
        with self._platform.lock:
            for event in events:
                token = channel.reply_tokens.get(str(event.get("replyToken")))
                if token and not token.used and time.time() - token.event_at < _TOKEN_DIES_AFTER:
                    token.issued = time.time()
        return [{**event, "deliveryContext": {"isRedelivery": True}} for event in events]

    def _later(self, seconds: float, job: Callable[[], None]) -> None:
        def run() -> None:
            with self._lock:
                self._timers.discard(timer)
            if not self._platform.closing.is_set():
                job()

        timer = threading.Timer(seconds, run)
        timer.daemon = True
        with self._lock:
            self._timers.add(timer)
        timer.start()
