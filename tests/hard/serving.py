"""The service as it runs in a town: a process with threads, whose memory is looked at and which can be killed."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECRET = "8c570fa6dd201bb328f1c1eac23a96d8"
IWAMI = "another-secret-of-another-account"
TOKEN = "the-token"
READY_WITHIN = 90.0  # seconds, also on a busy machine
TIMEOUT = 60.0
Answer = tuple[int, bytes]


def sign(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Served:
    """`tsunagari serve` on this database, beside this LINE."""

    database_url: str
    keys: str
    line: str
    folder: Path
    more: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_file(self) -> Path:
        return self.folder / "served.log"

    def log(self) -> list[str]:
        """Its lines so far, whole ones only. `\\n` ends a line and nothing else does."""
        return self.log_file.read_bytes().decode().split("\n")[:-1]

    # ---- its life ----------------------------------------------------------------------------------------

    def start(self) -> None:
        env = {
            "PATH": os.environ["PATH"],
            "LINE_CHANNEL_SECRET": SECRET,
            "LINE_CHANNEL_ACCESS_TOKEN": TOKEN,
            "LINE_IWAMI_CHANNEL_SECRET": IWAMI,
            "LINE_IWAMI_CHANNEL_ACCESS_TOKEN": "the-other-token",
            "LINE_API_BASE": self.line,
            "TSUNAGARI_KEYS": self.keys,
            "DATABASE_URL": self.database_url,
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            **self.more,
        }
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot.cli", "serve"], env=env, stderr=log, start_new_session=True
            )

    def is_ready(self) -> bool:
        try:
            return self.ask("GET", "/readyz", timeout=5)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def wait_until_ready(self, within: float = READY_WITHIN) -> float:
        """The seconds that it took."""
        began = time.monotonic()
        while not self.is_ready():
            assert self.process is not None
            assert self.process.poll() is None, self.log()[-5:]
            assert time.monotonic() - began < within, self.log()[-5:]
            time.sleep(0.05)
        return time.monotonic() - began

    def kill(self) -> None:
        """SIGKILL to the whole of it, as when the power fails."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def kill_worker(self) -> None:
        """SIGKILL to the process that serves; its master starts another one."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.worker(), signal.SIGKILL)

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()

    def worker(self) -> int:
        assert self.process is not None
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(children[0]) if children else pid

    def memory(self) -> float:
        """Megabytes that the serving process holds."""
        status = Path(f"/proc/{self.worker()}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) / 1024

    # ---- speaking with it ----------------------------------------------------------------------------------

    def connection(self, timeout: float = TIMEOUT) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
    ) -> Answer:
        conn = self.connection(timeout)
        try:
            conn.request(method, path, body, {**(headers or {}), "Connection": "close"})
            answer = conn.getresponse()
            return answer.status, answer.read()
        finally:
            conn.close()

    def posts(self, body: bytes, path: str = "/callback", secret: str = SECRET) -> int:
        """A webhook that is signed; its status."""
        return self.ask("POST", path, body, {"X-Line-Signature": sign(body, secret)})[0]

    def figure(self, name: str, **labels: str) -> float:
        """The sum of a figure in /metrics over all that carry these labels."""
        shown = self.ask("GET", "/metrics")[1].decode()
        total = 0.0
        for line in shown.splitlines():
            if line.startswith((f"{name}{{", f"{name} ")) and all(
                f'{k}="{v}"' in line for k, v in labels.items()
            ):
                total += float(line.rpartition(" ")[2])
        return total


def alarms(lines: list[str], *names: str) -> list[dict[str, Any]]:
    """The lines of the log that carry one of these names."""
    return [found for line in lines if (found := json.loads(line)).get("event") in names]


@contextlib.contextmanager
def served(database_url: str, keys: str, line: str, folder: Path, **more: str) -> Iterator[Served]:
    """A running service; at the end it is told to stop."""
    service = Served(database_url, keys, line, folder, more)
    service.start()
    try:
        service.wait_until_ready()
        yield service
    finally:
        service.stop()
