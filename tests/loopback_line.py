"""A tiny LINE on loopback for tests: says what it is told to say, and remembers what it was asked.

The simulator is the strict one; this one misbehaves on demand.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Said:
    """One answer. `status` None drops the connection after the request was read; `after` hangs before."""

    status: int | None = 200
    body: bytes | dict[str, Any] = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    raw: bytes
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def endpoint(self) -> str:
        return self.path.rsplit("/", 1)[-1]


class LoopbackLine:
    """`on(path, Said(...), Said(...))` queues answers for a path; the last one is repeated."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._said: dict[str, list[Said]] = {}
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _any(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                said = outer._note(Asked(self.command, self.path, headers, raw, time.monotonic()))
                time.sleep(said.after)
                if said.status is None:
                    self.close_connection = True
                    return
                body = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
                self.send_response(said.status)
                for name, value in {"x-line-request-id": "req-1", **said.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_DELETE = _any  # noqa: N815

            def log_message(self, *_: object) -> None: ...

        class Server(ThreadingHTTPServer):
            request_queue_size = 128

            def handle_error(self, *_: object) -> None:
                """Whoever hangs up on us is what these tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def on(self, path: str, *said: Said) -> None:
        self._said[path] = list(said)

    def calls(self, endpoint: str) -> list[Asked]:
        """What was asked of the endpoint whose path ends like this."""
        return [a for a in self.asked if a.endpoint == endpoint]

    def _note(self, asked: Asked) -> Said:
        with self._lock:
            self.asked.append(asked)
            queue = self._said.get(asked.path, [Said()])
            return queue.pop(0) if len(queue) > 1 else queue[0]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def loopback_line() -> Iterator[LoopbackLine]:
    line = LoopbackLine()
    try:
        yield line
    finally:
        line.close()


def nobody_listens() -> str:
    """An address on this machine where a connection is refused."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
