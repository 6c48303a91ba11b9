"""gunicorn's worker with threads, with an end to its patience: a caller who sends half a request and then
nothing would otherwise keep a thread for ever, and as many of them as there are threads would stop us all."""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from collections import deque
from concurrent import futures
from functools import partial
from typing import Any

from gunicorn import util
from gunicorn.workers import gthread

from bot import intake
from bot.web.express import Express
from bot.web.webhook import reception_of

SILENCE = 5  # seconds between two pieces of a request; a phone with bad reception has longer gaps seldom
PROMPT = 1.0  # seconds a request may keep its thread waiting, all gaps together, before it counts as slow
SLOW_AT_ONCE = 8  # of the 16 threads: so many slow callers are waited for; LINE's calls come whole
LONGEST, SLOWEST = 30.0, 8 * 1024  # seconds for a request, and one more for each so many bytes of it
NOTE_EVERY = 1.0  # seconds; gunicorn ends whoever has been silent for a minute
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
    """`gthread`, whose connections end a read after SILENCE, and the slowest of too many, with BlockingIOError; and
    which takes webhooks the short way (bot/web/express.py)."""

    express: Express | None = None
    under_way = 0  # webhooks on the short way
    noted = 0.0  # when gunicorn was last told that we live
    answered: deque[tuple[Any, bool]]  # connections that come back from the short way, and whether they live
    called: threading.Lock  # held while our own thread has been called to take them back

    def init_process(self) -> None:
        patience = struct.pack("ll", SILENCE, 0)  # a timeval; connections inherit it from what they came by
        for listener in self.sockets:
            listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
        self.answered, self.called = deque(), threading.Lock()
        super().init_process()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        if not self.cfg.is_ssl:
            self.express = Express(reception_of(self.wsgi))

    def enqueue_req(self, conn: Any) -> None:
        """A thread for this connection, unless it has said nothing so far, or a webhook that goes the short way."""
        if not conn.initialized and not conn.data_ready:
            self.finish_request(conn, _ended_with(gthread._DEFER))
        elif (
            self.express is not None
            and self.alive
            and self.express.takes(conn.sock, partial(self._ended, conn))
        ):
            self.under_way += 1
        else:
            super().enqueue_req(conn)

    def _ended(self, conn: Any, answered: bool) -> None:
        """Called by the thread that answered. Those of one group come back together."""
        self.answered.append((conn, answered))
        if self.called.acquire(blocking=False):
            self.method_queue.defer(self._take_back)

    def _take_back(self) -> None:
        self.called.release()
        while self.answered:
            conn, answered = self.answered.popleft()
            self.under_way -= 1
            if not conn.initialized:
                conn.init()  # keeping it alive takes a parser
            self.finish_request(conn, _ended_with(answered))

    def notify(self) -> None:
        """A file is touched, which is not needed for each request."""
        if (now := time.monotonic()) - self.noted >= NOTE_EVERY:
            self.noted = now
            super().notify()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(intake.SLOW if self.under_way else timeout)
        if self.under_way and self.express:
            self.express.look()

    def handle(self, conn: Any) -> Any:
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


def _ended_with(result: Any) -> futures.Future[Any]:
    """What a thread would have said of a connection."""
    ended: futures.Future[Any] = futures.Future()
    ended.set_result(result)
    return ended


def _closed_already(graceful: bool = False) -> None:
    """The connection was closed by the thread that served it."""
