"""An HTTP/1.1 server for one machine: threads, connections that stay open, no log on the screen.

werkzeug's own handler waits 10 ms and closes the connection after every request, which would make a
bot's pooled client look slow.
"""

from __future__ import annotations

import io
import socket
import struct
import threading
from collections.abc import Iterable
from typing import Any, ClassVar

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from simulator.api import DROP

_MOST_BYTES = 12 * 1024 * 1024  # more than LINE's largest body, so that the application can say 413


class Handler(WSGIRequestHandler):
    """Reads the whole request before it answers, so that the connection can be used again."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120
    connections: ClassVar[set[socket.socket]]  # open ones, of the server that the subclass was made for

    def setup(self) -> None:
        super().setup()
        self.connections.add(self.connection)

    def finish(self) -> None:
        self.connections.discard(self.connection)
        super().finish()

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Calls are kept by the platform; the screen stays free."""

    def run_wsgi(self) -> None:
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        environ = self.make_environ()
        body = self._read(environ["wsgi.input"])
        if body is None:
            self.close_connection = True
            self._answer("413 Content Too Large", [("Content-Length", "0")], [], environ)
            return
        environ.update({"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            started[:] = [(status, headers)]

        parts = self.server.app(environ, start_response)
        try:
            if environ.get(DROP):
                self._cut()
                return
            status, headers = started[0]
            self._answer(status, headers, parts, environ)
        except OSError:  # the client went away
            self.close_connection = True
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()

    def _read(self, stream: Any) -> bytes | None:
        """The request's body, or None when it is far too large."""
        if self.headers.get("Transfer-Encoding"):
            read = io.BufferedReader(stream).read(_MOST_BYTES + 1)
            return read if len(read) <= _MOST_BYTES else None
        declared = self.headers.get("Content-Length", "0")
        length = int(declared) if declared.isdecimal() else 0
        return stream.read(length) if length <= _MOST_BYTES else None

    def _answer(
        self, status: str, headers: list[tuple[str, str]], parts: Iterable[bytes], environ: dict[str, Any]
    ) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        bodyless = environ["REQUEST_METHOD"] == "HEAD" or code in ("204", "304")
        sized = any(name.lower() == "content-length" for name, _ in headers)
        chunked = not bodyless and not sized and self.request_version != "HTTP/1.0"
        if not sized and not chunked and not bodyless:
            self.close_connection = True  # only the end of the connection says where the body ends
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        for part in parts:
            if part and not bodyless:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
                self.wfile.flush()
        if chunked:
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _cut(self) -> None:
        """The connection breaks without a word: a reset, not an orderly end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class Server:
    """Serves an application in a thread until it is stopped."""

    def __init__(self, app: Flask, host: str, port: int) -> None:
        self._open: set[socket.socket] = set()
        handler = type("HandlerOfOneServer", (Handler,), {"connections": self._open})
        self._server: BaseWSGIServer = make_server(host, port, app, threaded=True, request_handler=handler)
        self._thread = threading.Thread(target=self._serve, name="simulator", daemon=True)
        self.port = int(self._server.server_port)

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.05)

    def start(self) -> None:
        self._thread.start()

    def wait(self) -> None:
        while self._thread.is_alive():
            self._thread.join(0.5)

    def stop(self) -> None:
        """Ends the listening and cuts what is still open."""
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
