"""Events a second, side by side: a bare Flask route, the official echo, and this service on SQLite and on PostgreSQL.

Run it:

    .venv/bin/python benchmarks/webhook_race.py                      # three rounds, LINE answers at once
    .venv/bin/python benchmarks/webhook_race.py --line-seconds 0.05  # LINE answers after 50 ms, as in life

All contestants run at the same time and are loaded in turn, round after round, by one generator that keeps so many
connections busy with signed events, one text message of one of 2,000 people each. What is counted is our 200; the service has
then committed the event and its answer, and goes on sending while it is loaded: "behind" says how many answers had
not left when the load ended. Processor time is that of all processes of a contestant (not of a database server).
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from databases import fresh_database
from sending_speed import line
from webhook_time import SECRET, _wait_until_ready, free_port

HERE = Path(__file__).parent
PEOPLE = 2_000
GUNICORN = ("--threads", "16", "--workers", "2", "--no-control-socket", "--log-level", "error")
TICKS = os.sysconf("SC_CLK_TCK")
_numbers = itertools.count()


@dataclass
class Contestant:
    """Somebody who answers webhooks, with what came of each round."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    rates: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def seconds_of_processor(self) -> float:
        """Of the process and its children."""
        pids = [self.process.pid, *_children(self.process.pid)]
        return sum(sum(map(int, _stat(pid)[11:13])) for pid in pids) / TICKS

    def megabytes(self) -> float:
        """The largest process."""
        return (
            max(int(_stat(pid)[21]) for pid in [self.process.pid, *_children(self.process.pid)]) * 4096 / 1e6
        )


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def request_of(person: int) -> bytes:
    """A signed event as bytes on the wire."""
    number = next(_numbers)
    event = {
        "type": "message",
        "mode": "active",
        "timestamp": time.time_ns() // 1_000_000,
        "source": {"type": "user", "userId": f"U{person:032x}"},
        "webhookEventId": f"race-{number}-{secrets.token_hex(4)}",
        "deliveryContext": {"isRedelivery": False},
        "replyToken": f"token-{number}",
        "message": {"type": "text", "id": str(number), "quoteToken": "q", "text": "こんにちは"},
    }
    body = json.dumps({"destination": "U" + "0" * 32, "events": [event]}).encode()
    signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    head = f"POST /callback HTTP/1.1\r\nHost: x\r\nX-Line-Signature: {signature}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def load(port: int, connections: int, count: int) -> list[float]:
    """So many events over so many connections; the seconds that each took."""
    waiting = iter([request_of(number % PEOPLE) for number in range(count)])
    times: list[float] = []

    async def talk() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"port {port}: {head[:40]!r}")
            length = next(
                int(row[15:]) for row in head.lower().split(b"\r\n") if row.startswith(b"content-length:")
            )
            await reader.readexactly(length)
            times.append(time.perf_counter() - began)
            if b"connection: close" in head.lower():
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    await asyncio.gather(*(talk() for _ in range(connections)))
    return times


def run(contestant: Contestant, connections: int, count: int) -> None:
    before, began = contestant.seconds_of_processor(), time.perf_counter()
    times = asyncio.run(load(contestant.port, connections, count))
    contestant.rates.append(count / (time.perf_counter() - began))
    contestant.processor.append((contestant.seconds_of_processor() - before) / count)
    contestant.times += times


@contextmanager
def racing(name: str, command: list[str], env: Mapping[str, str]) -> Iterator[Contestant]:
    port = free_port()
    full = {"PATH": os.environ["PATH"], "LINE_CHANNEL_SECRET": SECRET, "PORT": str(port), **env}
    bound = [part.format(port=port) for part in command]
    process = subprocess.Popen(  # noqa: S603  # a contestant, named below
        [sys.executable, "-m", *bound], env=full, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_ready(port, process)
        yield Contestant(name, port, process)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def entered(stack: ExitStack, line_url: str, postgresql: str) -> list[Contestant]:
    """Everybody who takes part, with two processes each."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    flask = ["gunicorn", "--worker-class", "gthread", *GUNICORN, "--bind", "127.0.0.1:{port}"]
    theirs = {"PYTHONPATH": str(HERE / "contestants"), "LINE_API_BASE": line_url}
    ours = {
        "LINE_CHANNEL_ACCESS_TOKEN": "benchmark",
        "LINE_API_BASE": line_url,
        "TSUNAGARI_KEYS": "b:" + base64.b64encode(secrets.token_bytes(32)).decode(),
    }
    own = [
        "gunicorn",
        "--worker-class",
        "bot.web.gthread.Worker",
        *GUNICORN,
        "--bind",
        "127.0.0.1:{port}",
        "bot.wsgi:app",
    ]
    urls = {
        "(f) SQLite, serve": f"sqlite:///{folder}/one.db",
        "(f) SQLite, 2 processes": f"sqlite:///{folder}/two.db",
    }
    if url := stack.enter_context(fresh_database(postgresql)):
        urls["(g) PostgreSQL, 2 processes"] = url
    found = [
        stack.enter_context(racing("(a) bare Flask", [*flask, "bare_flask:app"], theirs)),
        stack.enter_context(racing("(b) official echo", [*flask, "official_echo:app"], theirs)),
    ]
    for name, url in urls.items():
        env = {**ours, "DATABASE_URL": url}
        subprocess.run(
            [sys.executable, "-m", "bot.cli", "db", "migrate"],
            env={**os.environ, **env},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        found.append(stack.enter_context(racing(name, ["bot.cli", "serve"] if "serve" in name else own, env)))
    return found


def main() -> None:
    wanted = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wanted.add_argument("--postgresql", default="postgresql://postgres@127.0.0.1:5432/", help="which server")
    wanted.add_argument("--line-seconds", type=float, default=0.0, help="how long LINE takes to answer")
    wanted.add_argument("--connections", type=int, default=32)
    wanted.add_argument("--events", type=int, default=3_000, help="of each contestant in each round")
    wanted.add_argument("--rounds", type=int, default=3)
    chosen = wanted.parse_args()
    with ExitStack() as stack:
        contestants = entered(stack, stack.enter_context(line(chosen.line_seconds)), chosen.postgresql)
        for each in contestants:
            run(each, chosen.connections, 300)
        for each in contestants:
            each.rates.clear(), each.times.clear(), each.processor.clear()
        for _ in range(chosen.rounds):
            for each in contestants:
                run(each, chosen.connections, chosen.events)
                time.sleep(2)  # what is still to be sent leaves, and burdens nobody else
        base = median(contestants[1].rates)
        print(f"{'':<30}{'events/s':>9}{'x (b)':>8}{'p50 ms':>9}{'p99 ms':>9}{'CPU µs':>9}{'MB':>7}")
        for each in contestants:
            times = sorted(each.times)
            p50, p99 = times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000
            rate, processor = median(each.rates), median(each.processor) * 1e6
            print(
                f"{each.name:<30}{rate:>9.0f}{rate / base:>8.2f}{p50:>9.1f}{p99:>9.1f}{processor:>9.0f}{each.megabytes():>7.0f}"
            )


if __name__ == "__main__":
    main()
