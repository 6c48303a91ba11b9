"""Callers who send half a request, or nothing, do not keep the others from being served."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.web import gthread
from simulator.app import Simulator
from simulator.platform import Bot
from storage.crypto import new_key

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


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A service as `tsunagari serve` runs it."""
    folder: Path = tmp_path_factory.mktemp("served")
    number = free_port()
    with Simulator([Bot("default", "つながり", "the-secret", "the-token")]) as line:
        env = {
            "PATH": os.environ["PATH"],
            "LINE_CHANNEL_SECRET": "the-secret",
            "LINE_CHANNEL_ACCESS_TOKEN": "the-token",
            "LINE_API_BASE": line.url,
            "TSUNAGARI_KEYS": new_key("test"),
            "DATABASE_URL": f"sqlite:///{folder / 'served.db'}",
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
            yield number
        finally:
            service.terminate()
            service.wait(30)


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
