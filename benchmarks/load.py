"""Signed events and the generator that sends them: made beforehand, sent by one loop over raw sockets.

What a request costs here is its sending and the reading of its answer, some 20 µs of processor; a Load says how
much it was, so that a reader can judge whether the generator and not the service was at its limit.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import secrets
import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from processes import SECRET

_numbers = itertools.count()
_run = secrets.token_hex(4)
FIRST_WORDS = b"HTTP/1.1 200"
LONGEST_WAIT = 60.0  # seconds without any answer: then the service hangs


# ---- events ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Request:
    """A signed webhook with one event, as bytes on the wire; `token` is the reply token in it."""

    wire: bytes
    token: str
    kind: str


def text(person: int, words: str = "こんにちは") -> Request:
    number = next(_numbers)
    message = {"type": "text", "id": str(number), "quoteToken": "q", "text": words}
    return _request(number, person, "message", message=message)


def tap(person: int, data: str) -> Request:
    return _request(next(_numbers), person, "postback", postback={"data": data})


def follow(person: int) -> Request:
    return _request(next(_numbers), person, "follow", follow={"isUnblocked": False})


def user_id(person: int) -> str:
    return f"U{person:032x}"


def _request(number: int, person: int, kind: str, **more: Any) -> Request:
    token = f"token-{_run}-{number}"
    event = {
        "type": kind,
        "mode": "active",
        "timestamp": time.time_ns() // 1_000_000,
        "source": {"type": "user", "userId": user_id(person)},
        "webhookEventId": f"race-{_run}-{number}",
        "deliveryContext": {"isRedelivery": False},
        "replyToken": token,
        **more,
    }
    body = json.dumps({"destination": "U" + "0" * 32, "events": [event]}).encode()
    signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    head = f"POST /callback HTTP/1.1\r\nHost: x\r\nX-Line-Signature: {signature}\r\nContent-Type: application/json\r\n"
    return Request(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body, token, kind)


# ---- sending -----------------------------------------------------------------------------------------------


class Failed(Exception):
    """A service did not answer each request with 200."""


@dataclass(frozen=True)
class Load:
    """What came of it: the seconds until each 200, of all together, and of this generator's processor."""

    times: list[float]
    seconds: float
    processor: float


@dataclass(eq=False)
class Connection:
    """One connection, with the request that it waits for an answer to."""

    sock: socket.socket
    fresh: bool = True
    request: Request | None = None
    since: float = 0.0
    got: bytearray = field(default_factory=bytearray)


class Generator:
    """Sends requests to one port over so many connections and reads every answer; anything but 200 is a Failed."""

    def __init__(self, port: int, connections: int) -> None:
        self.port = port
        self.poll = select.epoll()
        self.by_number: dict[int, Connection] = {}
        self.idle = deque(self._connected() for _ in range(connections))
        self.times: list[float] = []

    def send(self, requests: Sequence[Request], rate: float | None, most_seconds: float) -> Load:
        """All of them, or as many as fit into `most_seconds`: as fast as answers come, or so many a second.

        At a given rate the time of a request begins when it is due, even if no connection is free then.
        """
        processor, began = time.process_time(), time.perf_counter()
        sent, heard = 0, began
        while True:
            now = time.perf_counter()
            more = sent < len(requests) and now - began < most_seconds
            while more and self.idle:
                due = began + sent / rate if rate else now
                if due > now:
                    break
                self._ask(self.idle.popleft(), requests[sent], due)
                sent += 1
                more = sent < len(requests)
            if not more and len(self.times) == sent:
                break
            if rate and more and self.idle:  # epoll itself would wake up to a millisecond late
                select.select([self.poll], [], [], max(began + sent / rate - time.perf_counter(), 0.0))
                ready = self.poll.poll(0)
            else:
                ready = self.poll.poll(1.0)
            for number, _ in ready:
                self._hear(self.by_number[number])
            now = time.perf_counter()
            heard = now if ready or not sent else heard
            if now - heard > LONGEST_WAIT:
                raise Failed(f"no answer for {LONGEST_WAIT:.0f} s")
        load = Load(self.times, time.perf_counter() - began, time.process_time() - processor)
        self._close()
        return load

    def _ask(self, connection: Connection, request: Request, since: float) -> None:
        connection.request, connection.since = request, since
        try:
            connection.sock.send(request.wire)  # well below what a socket takes at once
        except ConnectionError:
            self._hung_up(connection)

    def _hear(self, connection: Connection) -> None:
        """What arrived: a whole answer, a part of one, or the end of a connection that idled for too long."""
        try:
            data = connection.sock.recv(65_536)
        except ConnectionError:
            data = b""
        if not data:
            self._hung_up(connection)
            return
        got = connection.got
        got += data
        end = got.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(got[:end]).lower()
        if len(got) < end + 4 + _length(head):
            return
        if not got.startswith(FIRST_WORDS):
            raise Failed(got.decode(errors="replace"))
        self.times.append(time.perf_counter() - connection.since)
        connection.request, connection.fresh = None, False
        got.clear()
        if b"\r\nconnection: close" in head:
            self._forget(connection)
            connection = self._connected()
        self.idle.append(connection)

    def _hung_up(self, connection: Connection) -> None:
        """An idle one is replaced; a request that met the end of one is sent again, as every HTTP client does."""
        self._forget(connection)
        request, since = connection.request, connection.since
        if request is None:
            self.idle.remove(connection)
            self.idle.append(self._connected())
        elif connection.fresh or connection.got:
            raise Failed("it hung up")
        else:
            self._ask(self._connected(), request, since)

    def _connected(self) -> Connection:
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=LONGEST_WAIT)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(sock)
        self.by_number[sock.fileno()] = connection
        self.poll.register(sock, select.EPOLLIN)
        return connection

    def _forget(self, connection: Connection) -> None:
        self.poll.unregister(connection.sock)
        del self.by_number[connection.sock.fileno()]
        connection.sock.close()

    def _close(self) -> None:
        for connection in list(self.by_number.values()):
            self._forget(connection)
        self.poll.close()


def _length(head: bytes) -> int:
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        raise Failed(f"an answer without a length: {head!r}")
    return int(head[at + 17 :].split(b"\r\n", 1)[0])


def send(
    port: int,
    requests: Sequence[Request],
    connections: int,
    rate: float | None = None,
    most_seconds: float = 3_600.0,
) -> Load:
    return Generator(port, connections).send(requests, rate, most_seconds)


def percentile(times: Sequence[float], of_hundred: float) -> float:
    """The percentile, in milliseconds."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * of_hundred / 100))] * 1000
