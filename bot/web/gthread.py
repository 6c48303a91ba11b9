"""gunicorn's worker with threads, with an end to its patience: a caller who sends half a request and then
nothing would otherwise keep a thread for ever, and as many of them as there are threads would stop us all."""

from __future__ import annotations

import socket
import struct
from typing import Any

from gunicorn.workers import gthread

SILENCE = 5  # seconds between two pieces of a request; a phone with bad reception has longer gaps seldom
FIRST_WORD = 0.05  # seconds; browsers open spare connections that say nothing, which wait without a thread


class Worker(gthread.ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """`gthread`, whose connections end a read after SILENCE with BlockingIOError."""

    def init_process(self) -> None:
        patience = struct.pack("ll", SILENCE, 0)  # a timeval; connections inherit it from what they came by
        for listener in self.sockets:
            listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
        super().init_process()

    def handle(self, conn: Any) -> Any:
        if not conn.initialized and not conn.wait_for_data(FIRST_WORD):
            return gthread._DEFER
        return super().handle(conn)
