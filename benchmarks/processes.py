"""What runs around a measurement, each in a process of its own: a LINE that accepts every call, and a web service."""

from __future__ import annotations

import asyncio
import http.client
import json
import multiprocessing
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECRET = "benchmark-secret"  # noqa: S105  # of no real account
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Line-Request-Id: 1\r\nContent-Length: %d\r\n\r\n%s"
MOST_SECONDS_TO_START = 180
SENT = b'{"sentMessages":[{"id":"1"}]}'
_REPLIED, _BUTTON = re.compile(rb'"replyToken": ?"([^"]+)"'), re.compile(rb'"data": ?"(v1;[^"]+)"')


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# ---- LINE --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Certificate:
    """With which a LINE proves who it is: a file with its chain, and one with its key."""

    chain: Path
    key: Path


def play_line(port: int, seconds: float, ready: Any, certificate: Certificate | None) -> None:
    """Accepts every call after so many seconds, and counts the messages of each channel access token.

    What a test asks it beside LINE's own paths: /seen, /buttons by reply token, and /seconds/0.05 from then on.
    """
    messages: Counter[bytes] = Counter()
    buttons: dict[str, str] = {}
    wait = seconds

    class Talk(asyncio.Protocol):
        transport: asyncio.Transport

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self.transport, self.got = transport, b""

        def data_received(self, data: bytes) -> None:
            self.got += data
            while (end := self.got.find(b"\r\n\r\n")) >= 0:
                head = self.got[:end]
                length = int(_header(head, b"\r\ncontent-length:") or 0)
                if len(self.got) < end + 4 + length:
                    return
                body, self.got = self.got[end + 4 : end + 4 + length], self.got[end + 4 + length :]
                self.asked(head, body)

        def asked(self, head: bytes, body: bytes) -> None:
            nonlocal wait
            path = head[: head.find(b" HTTP/")].partition(b" ")[2]
            if path.startswith(b"/v2/bot/message/"):
                messages[_header(head, b"\r\nauthorization: bearer")] += 1
                if (replied := _REPLIED.search(body)) and (button := _BUTTON.search(body)):
                    buttons[replied[1].decode()] = button[1].decode()
            elif path == b"/seen":
                self.answer(
                    json.dumps({"messages": _text(messages), "processor": time.process_time()}).encode()
                )
                return
            elif path == b"/buttons":
                self.answer(json.dumps(buttons).encode())
                return
            elif path.startswith(b"/seconds/"):
                wait = float(path.rpartition(b"/")[2])
            if wait:
                asyncio.get_running_loop().call_later(wait, self.answer)
            else:
                self.answer()

        def answer(self, body: bytes = SENT) -> None:
            self.transport.write(ANSWER % (len(body), body))

    async def serve() -> None:
        context = None
        if certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate.chain, certificate.key)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Talk, "127.0.0.1", port, backlog=512, ssl=context)
        ready.set()
        await server.serve_forever()

    asyncio.run(serve())


def _header(head: bytes, name: bytes) -> bytes:
    at = head.lower().find(name)
    return head[at + len(name) :].split(b"\r\n", 1)[0].strip() if at >= 0 else b""


def _text(counted: Mapping[bytes, int]) -> dict[str, int]:
    return {token.decode(): count for token, count in counted.items()}


@contextmanager
def line(seconds: float, certificate: Certificate | None = None) -> Iterator[str]:
    """The address of such a LINE; with a certificate it speaks TLS."""
    port, context = free_port(), multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=play_line, args=(port, seconds, ready, certificate), daemon=True)
    process.start()
    ready.wait(60)
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
    finally:
        process.kill()
        process.join()


def ask_line(url: str, context: ssl.SSLContext | None, path: str) -> Any:
    """What our LINE says at one of the paths that are not LINE's."""
    with urllib.request.urlopen(url + path, timeout=30, context=context) as answer:  # noqa: S310  # our own
        return json.load(answer)


# ---- a web service -----------------------------------------------------------------------------------------


def end_all_when_told() -> None:
    """SIGTERM as Ctrl-C: whatever was started is ended, and the databases go."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@contextmanager
def running(
    command: Sequence[str],
    port: int,
    env: Mapping[str, str],
    folder: Path | None = None,
    ready: str | None = "/readyz",
) -> Iterator[subprocess.Popen[bytes]]:
    """This command with this environment alone, once it answers at `ready`; without one, once it listens."""
    full = {"PATH": os.environ["PATH"], "LINE_CHANNEL_SECRET": SECRET, "PORT": str(port), **env}
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(  # noqa: S603  # what the benchmark names
            command, env=full, cwd=folder, stdout=words, stderr=words, start_new_session=True
        )
        try:
            _wait_until_ready(port, ready, process, command, words)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(15)  # calls that hang are not waited for
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait_until_ready(
    port: int, path: str | None, process: subprocess.Popen[bytes], command: Sequence[str], words: Any
) -> None:
    begun = time.monotonic()
    while process.poll() is None and time.monotonic() < begun + MOST_SECONDS_TO_START:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.connect()
            if path is None:
                return
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    words.seek(0)
    raise SystemExit(f"{' '.join(command)} did not start:\n{words.read()[-2000:].decode(errors='replace')}")
