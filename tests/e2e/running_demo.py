"""The demo as a person starts it: a process with its own folder and ports, and the staff's commands beside it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN = 60  # seconds, also on a busy machine


@dataclass(frozen=True)
class Demo:
    """A running demo: its two addresses, the code that it printed, its folder."""

    phone: str
    web: str
    code: str
    folder: Path

    def command(self, *words: str) -> Any:
        """`tsunagari …` as staff would type it in another terminal, with --json; what it printed."""
        lines = (shlex.split(line)[0] for line in (self.folder / "env").read_text().splitlines())
        settings = dict(line.split("=", 1) for line in lines)
        done = subprocess.run(
            [sys.executable, "-m", "bot.cli", *words, "--json"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **settings},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def line(self, path: str) -> dict[str, Any]:
        """What the stand-in for LINE knows, such as `log` or `violations`."""
        answer = urllib3.request("GET", f"{self.phone}_sim/{path}", retries=False, timeout=10)
        found: dict[str, Any] = answer.json()
        return found

    def new_friend(self, name: str) -> str:
        """Somebody who has added the account as a friend, without a screen; the user id."""
        user = self._tell("people", {"name": name})["userId"]
        self._tell("act", {"user": user, "action": {"type": "follow"}})
        return str(user)

    def _tell(self, path: str, data: dict[str, Any]) -> dict[str, Any]:
        answer = urllib3.request("POST", f"{self.phone}_sim/{path}", json=data, retries=False, timeout=10)
        assert answer.status == 200, answer.data
        found: dict[str, Any] = answer.json()
        return found

    def refused_calls(self) -> list[dict[str, Any]]:
        return [call for call in self.line("log")["calls"] if not 200 <= call["status"] < 300]


@contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    """Starts `tsunagari demo`, waits until it says that it is ready, ends it with Ctrl-C."""
    printed = folder.with_suffix(".out")
    ports = ["--port", str(_free_port()), "--phone-port", str(_free_port())]
    with printed.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "demo", "--folder", str(folder), *ports],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "COLUMNS": "200"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _read(_when_ready(process, printed), folder)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            code = process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
    assert code == 0, printed.read_text()


def _when_ready(process: subprocess.Popen[bytes], printed: Path) -> str:
    end = time.monotonic() + READY_WITHIN
    while "Ready" not in (said := printed.read_text()):
        assert process.poll() is None, said
        assert time.monotonic() < end, said
        time.sleep(0.05)
    return said


def _read(said: str, folder: Path) -> Demo:
    phone, web = re.search(r"Phone\s+(http\S+)", said), re.search(r"Web\s+(http\S+)/handbook", said)
    code = re.search(r"\b[0-9A-Z]{5}-[0-9A-Z]{5}\b", said)
    assert phone, said
    assert web, said
    assert code, said
    return Demo(phone[1], web[1], code[0], folder)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
