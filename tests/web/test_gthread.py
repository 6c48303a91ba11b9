"""Callers who send half a request, or nothing, do not keep the others from being served; webhooks take a short way."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from phone import sign

from bot.web import gthread
from simulator.app import Simulator
from simulator.platform import Bot
from storage.crypto import new_key

SECRET = "the-secret"
HALF_A_BODY = b"POST /callback HTTP/1.1\r\nHost: here\r\nContent-Length: 500\r\n\r\n{"
HALF_A_HEAD = b"POST /callback HTTP/1.1\r\nHost: he"
MORE_THAN_THREADS = 20


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answer_to(port: int, request: bytes, within: float) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 2) as caller:
        caller.settimeout(within)
        caller.sendall(request)
        return caller.recv(200)


def alive(port: int, within: float) -> float:
    """How long /healthz took."""
    started = time.monotonic()
    answer = answer_to(port, b"GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n", within)
    assert answer.startswith(b"HTTP/1.1 200")
    return time.monotonic() - started


@dataclass(frozen=True)
class Served:
    port: int
    database: Path
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Served]:
    """A service as `tsunagari serve` runs it."""
    number, database = free_port(), folder / "served.db"
    with Simulator([Bot("default", "つながり", SECRET, "the-token")]) as line:
        env = {
            "PATH": os.environ["PATH"],
            "LINE_CHANNEL_SECRET": SECRET,
            "LINE_CHANNEL_ACCESS_TOKEN": "the-token",
            "LINE_API_BASE": line.url,
            "TSUNAGARI_KEYS": new_key("test"),
            "DATABASE_URL": f"sqlite:///{database}",
            "PORT": str(number),
        }
        service = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "serve"], env=env, stderr=subprocess.DEVNULL
        )
        try:
            for _ in range(300):
                try:
                    alive(number, 2)
                    break
                except OSError:
                    time.sleep(0.1)
            yield Served(number, database, service)
        finally:
            service.terminate()
            service.wait(30)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with served(tmp_path_factory.mktemp("served")) as service:
        yield service.port


@pytest.mark.parametrize("half", [HALF_A_BODY, HALF_A_HEAD])
def test_half_a_request_is_given_up_and_the_others_are_served(port: int, half: bytes) -> None:
    callers = [socket.create_connection(("127.0.0.1", port), 2) for _ in range(MORE_THAN_THREADS)]
    try:
        for caller in callers:
            caller.sendall(half)
        time.sleep(0.3)
        assert alive(port, 3 * gthread.SILENCE) < 2 * gthread.SILENCE + 2
    finally:
        for caller in callers:
            caller.close()


def test_half_a_webhook_gets_a_4xx(port: int) -> None:
    assert answer_to(port, HALF_A_BODY, 3 * gthread.SILENCE).startswith(b"HTTP/1.1 4")


def test_connections_that_say_nothing_keep_no_thread(port: int) -> None:
    callers = [socket.create_connection(("127.0.0.1", port), 2) for _ in range(2 * MORE_THAN_THREADS)]
    try:
        time.sleep(0.5)
        assert alive(port, 10) < 1
    finally:
        for caller in callers:
            caller.close()


def test_callers_who_drip_their_words_leave_threads_for_the_others(port: int) -> None:
    callers = [socket.create_connection(("127.0.0.1", port), 2) for _ in range(MORE_THAN_THREADS)]
    ended = threading.Event()

    def drip() -> None:
        while not ended.wait(0.5):
            for caller in callers:
                with contextlib.suppress(OSError):
                    caller.sendall(b"x")

    dripping = threading.Thread(target=drip)
    try:
        for caller in callers:
            caller.sendall(HALF_A_BODY)
        dripping.start()
        time.sleep(2 * gthread.PROMPT)
        assert alive(port, 8) < 3
    finally:
        ended.set()
        dripping.join()
        for caller in callers:
            caller.close()


def test_callers_who_do_not_hang_up_keep_nobody_waiting(port: int) -> None:
    """gunicorn waits for their end where it accepts all others, two seconds for each."""
    callers = [socket.create_connection(("127.0.0.1", port), 2) for _ in range(6)]
    try:
        for caller in callers:
            caller.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        time.sleep(0.3)
        assert alive(port, 20) < 2
    finally:
        for caller in callers:
            caller.close()


# ---- webhooks by the short way (bot/web/express.py) and by the long one ------------------------------------------


_numbers = itertools.count(1)


def webhook(*, secret: str = SECRET, text: str = "こんにちは", **fields: str) -> bytes:
    """A person's first word. With a `Connection` it takes the long way."""
    number = next(_numbers)
    event = {
        "type": "message",
        "message": {"type": "text", "id": str(number), "quoteToken": "q", "text": text},
        "webhookEventId": f"event-{number}",
        "deliveryContext": {"isRedelivery": False},
        "timestamp": int(time.time() * 1000),
        "source": {"type": "user", "userId": f"U{number:032x}"},
        "replyToken": f"token-{number}",
        "mode": "active",
    }
    body = json.dumps({"destination": "U" + "0" * 32, "events": [event]}).encode()
    fields = {
        "Host": "here",
        "Content-Length": str(len(body)),
        "X-Line-Signature": sign(secret, body),
    } | fields
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST /callback HTTP/1.1\r\n{head}\r\n".encode() + body


def one_answer(caller: socket.socket) -> tuple[bytes, list[bytes], bytes]:
    """Status line, fields, body."""
    answer = b""
    while not answer.endswith(b"}\n"):
        piece = caller.recv(4000)
        assert piece, f"hung up after {answer!r}"
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *fields = head.split(b"\r\n")
    return status, fields, body


def test_both_ways_give_the_same_answer(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 20) as caller:
        caller.sendall(webhook(**{"X-Request-ID": "abcdefgh-1"}))
        short = one_answer(caller)
        caller.sendall(webhook(**{"X-Request-ID": "abcdefgh-1", "Connection": "keep-alive"}))
        long = one_answer(caller)
    changes = (b"Date:", b"X-Request-ID:")
    assert short[0] == long[0] == b"HTTP/1.1 200 OK"
    assert short[2] == long[2] == b'{"status":"ok"}\n'
    without = [
        sorted(each for each in fields if not each.startswith(changes)) for _, fields, _ in (short, long)
    ]
    assert without[0] == without[1]
    assert all(b"X-Request-ID: abcdefgh-1" in fields for _, fields, _ in (short, long))


def test_a_connection_is_kept_for_the_next_webhook(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 20) as caller:
        for _ in range(5):
            caller.sendall(webhook())
            assert one_answer(caller)[0] == b"HTTP/1.1 200 OK"
        caller.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
        assert one_answer(caller)[0] == b"HTTP/1.1 200 OK"


def test_one_that_comes_in_pieces_or_together_with_the_next_is_answered_too(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 20) as caller:
        whole = webhook()
        caller.sendall(whole[:100])
        time.sleep(0.3)
        caller.sendall(whole[100:])
        assert one_answer(caller)[0] == b"HTTP/1.1 200 OK"
        caller.sendall(webhook() + webhook())
        answers = b""
        while answers.count(b'{"status":"ok"}\n') < 2:
            piece = caller.recv(4000)
            assert piece
            answers += piece


def test_one_of_many_pages_length_is_answered_too(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 20) as caller:
        caller.sendall(webhook(text="あ" * 30_000))
        assert one_answer(caller)[0] == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("more", [{}, {"Connection": "keep-alive"}], ids=["short", "long"])
def test_who_signs_with_another_secret_is_refused_on_either_way(port: int, more: dict[str, str]) -> None:
    with socket.create_connection(("127.0.0.1", port), 20) as caller:
        caller.sendall(webhook(secret="another", **more))
        assert one_answer(caller)[0] == b"HTTP/1.1 400 BAD REQUEST"


def test_who_hangs_up_before_the_answer_keeps_nobody_waiting(port: int) -> None:
    for _ in range(3 * MORE_THAN_THREADS):
        with socket.create_connection(("127.0.0.1", port), 20) as caller:
            caller.sendall(webhook())
    assert alive(port, 10) < 5
    with socket.create_connection(("127.0.0.1", port), 20) as caller:
        caller.sendall(webhook())
        assert one_answer(caller)[0] == b"HTTP/1.1 200 OK"


def test_many_at_once_are_all_answered(port: int) -> None:
    callers = [socket.create_connection(("127.0.0.1", port), 60) for _ in range(100)]
    try:
        for caller in callers:
            caller.sendall(webhook())
        assert [one_answer(caller)[0] for caller in callers] == [b"HTTP/1.1 200 OK"] * len(callers)
    finally:
        for caller in callers:
            caller.close()


def test_what_came_before_we_stopped_is_answered(tmp_path: Path) -> None:
    with (
        served(tmp_path) as service,
        contextlib.closing(sqlite3.connect(service.database, isolation_level=None)) as other,
        socket.create_connection(("127.0.0.1", service.port), 30) as caller,
    ):
        other.execute("BEGIN IMMEDIATE")  # nobody else can write
        caller.sendall(webhook())
        time.sleep(0.5)
        service.process.terminate()
        time.sleep(0.5)
        other.execute("ROLLBACK")
        assert one_answer(caller)[0] == b"HTTP/1.1 200 OK"
        assert service.process.wait(30) == 0
        assert other.execute("SELECT count(*) FROM seen_events").fetchone() == (1,)
