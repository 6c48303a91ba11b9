"""How long LINE waits for our 200: the real service as its own process, on SQLite and on PostgreSQL.

Run it:

    .venv/bin/python benchmarks/webhook_time.py                     # SQLite, and PostgreSQL if there is one
    .venv/bin/python benchmarks/webhook_time.py --postgresql postgresql://me@host/   # another server
    .venv/bin/python benchmarks/webhook_time.py --line-seconds 30   # LINE's API hangs

Both services run at the same time and are asked in turn, so that whatever else this machine does falls on both
alike. LINE is a small server in a third process that answers after `--line-seconds`. A database is made for the
run and removed at its end. Times are measured at the caller and include the connection; milliseconds; LINE gives
up after 2,000.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import http.client
import itertools
import json
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from databases import fresh_database
from processes import SECRET, free_port, line, running

SINGLE, BODIES, EVENTS, RATE, SECONDS = 500, 10, 100, 50, 10
_numbers = itertools.count()


@dataclass
class Candidate:
    """One running service, and the times it took, by name of the measurement."""

    name: str
    port: int
    times: dict[str, list[float]] = field(default_factory=dict)

    def post(self, body: bytes) -> float:
        """Milliseconds until the 200 was there."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
        started = time.perf_counter()
        connection.request("POST", "/callback", body, {"X-Line-Signature": signature})
        answer = connection.getresponse()
        answer.read()
        took = (time.perf_counter() - started) * 1000
        if answer.status != 200:
            raise SystemExit(f"{self.name}: HTTP {answer.status}")
        connection.close()
        return took

    def note(self, measurement: str, took: float) -> None:
        self.times.setdefault(measurement, []).append(took)


def tap(person: int) -> dict[str, object]:
    """Somebody begins to look for help: an event that reads, replays a flow, and writes an answer."""
    number = next(_numbers)
    return {
        "type": "postback",
        "mode": "active",
        "timestamp": time.time_ns() // 1_000_000,
        "source": {"type": "user", "userId": f"U{person:032x}"},
        "webhookEventId": f"benchmark-{number}",
        "deliveryContext": {"isRedelivery": False},
        "replyToken": f"token-{number}",
        "postback": {"data": "v1;handbook;;start;"},
    }


def body(*people: int) -> bytes:
    return json.dumps({"destination": "U" + "0" * 32, "events": [tap(person) for person in people]}).encode()


def measure(candidates: list[Candidate]) -> None:
    """Each measurement for all candidates in turn; the steady load one after the other."""
    for person in range(20):
        for each in candidates:
            each.post(body(person))
    for number in range(SINGLE):
        for each in candidates:
            each.note("1 event", each.post(body(number % 50)))
    for number in range(BODIES):
        for each in candidates:
            first = 1_000 + number * EVENTS
            each.note(f"{EVENTS} events, {EVENTS} people", each.post(body(*range(first, first + EVENTS))))
            each.note(f"{EVENTS} events, 1 person", each.post(body(*[500 + number] * EVENTS)))
    for each in candidates:
        with ThreadPoolExecutor(32) as pool:
            for took in pool.map(_steady(each), range(RATE * SECONDS)):
                each.note(f"1 event at {RATE}/s", took)


def _steady(each: Candidate) -> Callable[[int], float]:
    begin = time.perf_counter() + 0.2

    def one(number: int) -> float:
        time.sleep(max(0.0, begin + number / RATE - time.perf_counter()))
        return each.post(body(number % 200))

    return one


def show(candidates: list[Candidate]) -> None:
    print(f"{'milliseconds':<26}" + "".join(f"{each.name:>34}" for each in candidates))
    print(f"{'':<26}" + "".join(f"{'p50':>14}{'p99':>10}{'longest':>10}" for _ in candidates))
    for measurement in candidates[0].times:
        print(f"{measurement:<26}", end="")
        for each in candidates:
            times = sorted(each.times[measurement])
            p50, p99 = times[len(times) // 2], times[min(len(times) - 1, int(len(times) * 0.99))]
            print(f"{p50:>14.1f}{p99:>10.1f}{times[-1]:>10.1f}", end="")
        print()


# ---- what runs around it -----------------------------------------------------------------------------------


@contextmanager
def served(name: str, database_url: str, line_url: str) -> Iterator[Candidate]:
    port = free_port()
    env = {
        "LINE_CHANNEL_ACCESS_TOKEN": "benchmark",
        "LINE_API_BASE": line_url,
        "TSUNAGARI_KEYS": "b:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "DATABASE_URL": database_url,
    }
    with running([sys.executable, "-m", "bot.cli", "serve"], port, env):
        yield Candidate(name, port)


def main() -> None:
    wanted = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wanted.add_argument("--postgresql", default="postgresql://postgres@127.0.0.1:5432/", help="which server")
    wanted.add_argument("--line-seconds", type=float, default=0.05, help="how long LINE takes to answer")
    chosen = wanted.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        line_url = stack.enter_context(line(chosen.line_seconds))
        urls = {"SQLite": f"sqlite:///{folder}/benchmark.db"}
        if url := stack.enter_context(fresh_database(chosen.postgresql)):
            urls["PostgreSQL"] = url
        candidates = [stack.enter_context(served(name, url, line_url)) for name, url in urls.items()]
        measure(candidates)
        show(candidates)


if __name__ == "__main__":
    main()
