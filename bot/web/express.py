"""The short way of a webhook: one that has come whole is taken in without Flask, and without a thread that waits for it.

What most webhooks of LINE's are, a few hundred signed bytes in one piece, gunicorn's worker reads by itself and brings
to the intake; whoever wrote the last event of it answers. Everything else, and whatever is not exactly right, goes the
long way, untouched: it was only looked at, and still stands in the socket. So each refusal is said in one place.

All of this runs in the one thread that serves every connection: it waits for nothing, least of all for the database.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from gunicorn.util import http_date

from bot import log, metrics
from bot.settings import DEFAULT_CHANNEL
from bot.web import guard
from bot.web.webhook import ANSWERS, Reception

if TYPE_CHECKING:
    from bot.intake import Outcome

LARGEST: Final = 64 * 1024  # bytes, head and body
_START = re.compile(rb"POST /callback(?:/([a-z0-9_-]{1,32}))? HTTP/1\.1")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([!-~]*(?:[ \t]+[!-~]+)*)[ \t]*")
_LENGTH = re.compile(r"[0-9]{1,5}")
_NOT_PLAIN = frozenset(
    {"transfer-encoding", "expect", "upgrade", "connection", "content-encoding", "http2-settings"}
)
_REASONS: Final = {200: "OK", 500: "Internal Server Error"}


class Letter(NamedTuple):
    """A request that has come whole."""

    channel: str
    body: bytes
    signature: str | None
    request_id: str | None
    size: int  # bytes, with the head


def letter_in(seen: bytes) -> Letter | None:
    """The one plain POST to the webhook's address that these bytes are, exactly; None for anything else."""
    head, end, body = seen.partition(b"\r\n\r\n")
    start, *lines = head.split(b"\r\n")
    if not end or not (asked := _START.fullmatch(start)):
        return None
    fields: dict[str, str] = {}
    for line in lines:
        if not (field := _FIELD.fullmatch(line)):
            return None
        name = field[1].decode().lower()
        if name in fields or name in _NOT_PLAIN:
            return None
        fields[name] = field[2].decode()
    length = fields.get("content-length", "")
    if "host" not in fields or not _LENGTH.fullmatch(length) or int(length) != len(body):
        return None
    channel = asked[1].decode() if asked[1] else DEFAULT_CHANNEL
    return Letter(channel, body, fields.get("x-line-signature"), fields.get("x-request-id"), len(seen))


class Express:
    """Takes what has come whole from a socket and answers there, later, from another thread."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        https = reception.services.settings.public_url.startswith("https://")
        always = guard.headers(https) | {"Content-Type": "application/json", "Cache-Control": "no-store"}
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in always.items())

    def takes(self, sock: socket.socket, ended: Callable[[bool], None]) -> bool:
        """Whether the short way is taken. Then `ended` is called, by the thread that wrote, once the answer was given;
        with False where it could not be, and LINE will come again."""
        began = time.perf_counter()
        try:
            letter = letter_in(sock.recv(LARGEST, socket.MSG_PEEK | socket.MSG_DONTWAIT))
            if letter is None:
                return False
            account = self._reception.account_at_hand(letter.channel)
            webhook = self._reception.read(account, letter.body, letter.signature)
        except Exception:  # the long way finds the same, and says so
            return False
        if not webhook.plain:
            return False
        sock.recv(letter.size)

        def told(outcomes: Sequence[Outcome]) -> None:
            given = False
            try:
                status = self._reception.conclude(webhook, outcomes)
                metrics.WEBHOOK_SECONDS.observe(time.perf_counter() - began)
                given = self._answer(sock, status, letter.request_id)
            finally:
                ended(given)

        self._reception.intake.bring(webhook.known, told)
        return True

    def look(self) -> None:
        """To be called now and then while somebody waits for an answer."""
        self._reception.intake.look()

    def _answer(self, sock: socket.socket, status: int, request_id: str | None) -> bool:
        words = ANSWERS[status]
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\nServer: gunicorn\r\nDate: {http_date()}\r\n"
            f"Connection: keep-alive\r\nContent-Length: {len(words)}\r\n{self._headers}"
            f"X-Request-ID: {log.harmless_id(request_id)}\r\n\r\n"
        )
        whole = head.encode() + words
        try:
            return sock.send(whole, socket.MSG_DONTWAIT) == len(whole)
        except OSError:
            return False
