"""Connections to LINE: kept open, shared between threads, one request on each at a time.

Python's own http.client without a library around it, because two things hang on this file: what a call costs (half of
what it cost before), and what may be repeated, which is decided by how far a request came.
"""

from __future__ import annotations

import select
import ssl
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, HTTPSConnection
from typing import Any, Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

LARGEST_ANSWER: Final = 1_000_000  # bytes
PIECE: Final = 65_536
AT_LEAST: Final = 0.001  # seconds, for an answer that came while others were looked at


class NoAnswer(Exception):
    """Nothing came back. `began`: whether some of the request may have left us; `kind`: what happened, for the log."""

    def __init__(self, kind: str, *, began: bool) -> None:
        super().__init__(kind)
        self.kind = kind
        self.began = began


@dataclass(frozen=True)
class Reply:
    """What came back; `body` is None where it did not come whole, in time, and of a sensible size."""

    status: int
    headers: HTTPMessage
    body: bytes | None


class _Place(NamedTuple):
    scheme: str
    host: str
    port: int | None


class _AtOnce(HTTPConnection):
    """A request leaves in one piece: http.client would send its head by itself, and then the body."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._written: list[bytes] = []

    def send(self, data: Any) -> None:
        self._written.append(data)

    def leave(self) -> None:
        whole = b"".join(self._written)
        self._written.clear()
        self.sock.sendall(whole)


class _AtOnceTls(_AtOnce, HTTPSConnection):
    pass


@dataclass(frozen=True, eq=False)
class Exchange:
    """A request that has left, and until when (`time.monotonic`) its answer is waited for."""

    place: _Place
    connection: _AtOnce
    until: float


def as_answered(exchanges: Sequence[Exchange]) -> Iterator[Exchange]:
    """Each of them as soon as something of its answer has come, or its time is over."""
    by_file = {exchange.connection.sock.fileno(): exchange for exchange in exchanges}
    poll = select.poll()
    for file in by_file:
        poll.register(file, select.POLLIN)
    while by_file:
        now = time.monotonic()
        left = min(exchange.until for exchange in by_file.values()) - now
        ready = {file for file, _ in poll.poll(max(0.0, left) * 1000)}
        for file, exchange in list(by_file.items()):
            if file in ready or exchange.until <= time.monotonic():
                poll.unregister(file)
                yield by_file.pop(file)


class Connections:
    """Makes requests, each once: nothing is repeated, no redirect is followed, no proxy is asked."""

    def __init__(self) -> None:
        self._idle: defaultdict[_Place, deque[_AtOnce]] = defaultdict(deque)

    def begin(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeouts: tuple[float, float],
    ) -> Exchange:
        """Make the request. `timeouts`: seconds to connect, and to wait for the answer (`end`); raises NoAnswer."""
        try:
            place, path = _place_of(url)
            connection = self._kept(place) or self._opened(place, timeouts[0])
        except (OSError, ValueError, HTTPException) as error:
            raise NoAnswer(type(error).__name__, began=False) from None
        began = False
        try:
            connection.sock.settimeout(timeouts[1])
            connection.request(method, path, body, dict(headers))
            began = True
            connection.leave()
        except (OSError, ValueError, HTTPException) as error:  # without `began`: a header that is none
            connection.close()
            raise NoAnswer(type(error).__name__, began=began) from None
        return Exchange(place, connection, time.monotonic() + timeouts[1])

    def end(self, exchange: Exchange) -> Reply:
        """What was answered, once it is there; raises NoAnswer."""
        connection, kept = exchange.connection, False
        try:
            connection.sock.settimeout(max(AT_LEAST, exchange.until - time.monotonic()))
            response = connection.getresponse()
            whole = _read(response, exchange.until)
            kept = whole is not None and not response.will_close
            return Reply(response.status, response.headers, whole)
        except (OSError, ValueError, HTTPException) as error:
            raise NoAnswer(type(error).__name__, began=True) from None
        finally:
            if kept:
                self._idle[exchange.place].append(connection)
            else:
                connection.close()

    def close(self) -> None:
        for idle in self._idle.values():
            while idle:
                idle.pop().close()

    def _kept(self, place: _Place) -> _AtOnce | None:
        """The one that was used last, unless the other side has hung up since, or speaks unasked."""
        idle = self._idle[place]
        while idle:
            try:
                connection = idle.pop()
            except IndexError:  # another thread was quicker
                return None
            if connection.sock is not None and not _has_something_to_say(connection):
                return connection
            connection.close()
        return None

    def _opened(self, place: _Place, timeout: float) -> _AtOnce:
        connection = (
            _AtOnceTls(place.host, place.port, timeout=timeout, context=self._tls)
            if place.scheme == "https"
            else _AtOnce(place.host, place.port, timeout=timeout)
        )
        connection.connect()
        return connection

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Made once: it reads all certificates of the machine, which takes longer than a hundred calls."""
        return ssl.create_default_context()


@lru_cache(maxsize=8)
def _parts_of(base: str) -> SplitResult:
    return urlsplit(base)


def _place_of(url: str) -> tuple[_Place, str]:
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    parts = _parts_of(f"{scheme}://{host}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("no web address")
    return _Place(parts.scheme, parts.hostname, parts.port), slash + path


def _has_something_to_say(connection: HTTPConnection) -> bool:
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def _read(response: HTTPResponse, deadline: float) -> bytes | None:
    """What LINE decided stands in the status; of its words as much as comes in time."""
    pieces, size = [], 0
    try:
        while piece := response.read(PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST_ANSWER or time.monotonic() > deadline:
                return None
    except (OSError, HTTPException):
        return None
    return None if response.length else b"".join(pieces)  # of which there should have been more
