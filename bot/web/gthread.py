"""gunicorn's worker with threads, with an end to its patience: a caller who sends half a request and then
nothing would otherwise keep a thread for ever, and as many of them as there are threads would stop us all."""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from typing import Any

from gunicorn import util
from gunicorn.workers import gthread

SILENCE = 5  # seconds between two pieces of a request; a phone with bad reception has longer gaps seldom
FIRST_WORD = 0.05  # seconds; browsers open spare connections that say nothing, which wait without a thread
PROMPT = 1.0  # seconds a request may keep its thread waiting, all gaps together, before it counts as slow
SLOW_AT_ONCE = 8  # of the 16 threads: so many slow callers are waited for; LINE's calls come whole
LONGEST, SLOWEST = 30.0, 8 * 1024  # seconds for a request, and one more for each so many bytes of it
LINGER = 0.5  # seconds for a caller to take our last words and hang up
_slow = threading.BoundedSemaphore(SLOW_AT_ONCE)


class Patient:
    """A connection's socket for one request: whoever drips it byte by byte is not waited for without end, and
    a crowd of such callers leaves threads for all others."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._waited = 0.0
        self._until = time.monotonic() + LONGEST

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def recv(self, size: int) -> bytes:
        began = time.monotonic()
        prompt = self._said_something(max(PROMPT - self._waited, 0.0))
        self._waited += time.monotonic() - began
        if time.monotonic() > self._until or not (prompt or _slow.acquire(blocking=False)):
            raise BlockingIOError
        try:
            data: bytes = self._sock.recv(size)
        finally:
            if not prompt:
                _slow.release()
        self._until += len(data) / SLOWEST
        return data

    def _said_something(self, within: float) -> bool:
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(within * 1000))


class Worker(gthread.ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """`gthread`, whose connections end a read after SILENCE, and the slowest of too many, with BlockingIOError."""

    def init_process(self) -> None:
        patience = struct.pack("ll", SILENCE, 0)  # a timeval; connections inherit it from what they came by
        for listener in self.sockets:
            listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
        super().init_process()

    def handle(self, conn: Any) -> Any:
        if not conn.initialized and not conn.wait_for_data(FIRST_WORD):
            return gthread._DEFER
        if not self.cfg.is_ssl:
            conn.sock.setblocking(True)
            conn.init()
            conn.parser.unreader.sock = Patient(conn.sock)
        goes_on = super().handle(conn)
        if goes_on is False:
            util.close_graceful(conn.sock, LINGER)
            conn.close = (
                _closed_already  # gunicorn would do it where it accepts all callers, for two seconds each
            )
        return goes_on


def _closed_already(graceful: bool = False) -> None:
    """The connection was closed by the thread that served it."""
