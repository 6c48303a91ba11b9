"""Fuzzed webhook bodies, half of them validly signed: no 5xx, nothing changes for the unsigned, memory stays flat."""

from __future__ import annotations

import http.client
import json
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from serving import Served, sign
from sqlalchemy import func, select
from webhook_bodies import Bodies

from storage import tables
from storage.database import new_engine

MOST_GROWTH = 50.0  # megabytes, after the first tenth has warmed everything up
AT_ONCE = 4
MOVING = {"instance", "apscheduler_jobs", "fired"}  # the service's own pulse
Rows = dict[str, int]

amounts = pytest.mark.parametrize("many", [800, pytest.param(100_000, marks=pytest.mark.hard)])


def rows(service: Served) -> Rows:
    engine = new_engine(service.database_url)
    with engine.connect().execution_options(reads_only=True) as conn:
        found = {
            table.name: conn.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables.metadata.sorted_tables
            if table.name not in MOVING
        }
    engine.dispose()
    return found


def unsigned(chance: random.Random, body: bytes) -> dict[str, str]:
    """As somebody would try who does not know the secret."""
    right = sign(body)
    return chance.choice(
        (
            {},
            {"X-Line-Signature": ""},
            {"X-Line-Signature": sign(body, "guessed")},
            {"X-Line-Signature": sign(body + b" ")},
            {"X-Line-Signature": right[:-2]},
            {"X-Line-Signature": right.swapcase()},
            {"X-Line-Signature": chance.randbytes(32).hex()},
            {"X-Signature": right},
        )
    )


def shout(service: Served, many: int, seed: int, signed: bool) -> Counter[int]:
    """So many bodies, a few at the same moment; how often each status came back."""

    def some(number: int) -> Counter[int]:
        bodies, said = Bodies(seed * 100 + number), Counter[int]()
        conn = service.connection()
        for _ in range(many // AT_ONCE):
            body = bodies.body()
            headers = {"X-Line-Signature": sign(body)} if signed else unsigned(bodies.chance, body)
            try:
                conn.request("POST", "/callback", body, headers)
                answer = conn.getresponse()
                answer.read()
                said[answer.status] += 1
            except (http.client.HTTPException, OSError):
                # The service may hang up on what it will not read; whether it still lives, the next one tells.
                conn.close()
                said[service.ask("GET", "/healthz")[0]] += 0
        conn.close()
        return said

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(some, range(AT_ONCE)), Counter[int]())


def _typed(text: str) -> bytes:
    event = {
        "type": "message",
        "mode": "active",
        "timestamp": time.time_ns() // 1_000_000,
        "source": {"type": "user", "userId": "U" + "f" * 32},
        "webhookEventId": "typed",
        "deliveryContext": {"isRedelivery": False},
        "replyToken": "typed",
        "message": {"type": "text", "id": "1", "quoteToken": "q", "text": text},
    }
    return json.dumps({"destination": "U" + "0" * 32, "events": [event]}).encode()


@amounts
def test_unsigned_bodies_change_nothing(service: Served, many: int) -> None:
    before = rows(service)
    said = shout(service, many // 2, 1, signed=False)
    assert rows(service) == before
    assert not {status for status in said if not 400 <= status < 500}, said
    assert sum(said.values()) > 0.99 * many / 2, said  # at a few it hangs up: they are too long to be read


@amounts
def test_signed_bodies_are_taken_or_refused_and_memory_stays_flat(service: Served, many: int) -> None:
    half = many // 2
    worker = service.worker()
    assert service.posts(_typed("灯油が買えない")) == 200  # at the first words the dictionary is read, once
    said = shout(service, half // 10, 2, signed=True)
    before = service.memory()
    said += shout(service, half - half // 10, 3, signed=True)
    grown = service.memory() - before
    print(f"{sum(said.values())} signed bodies: {dict(said)}; {before:.0f} MB and {grown:+.1f} MB")
    assert set(said) <= {200, 400, 413}, said
    assert min(said[200], said[400]) > half // 20, said
    assert sum(said.values()) > 0.98 * half, said
    assert grown < MOST_GROWTH
    assert service.worker() == worker, "the serving process died"
    assert service.is_ready()
    assert service.figure("tsunagari_events_total", outcome="poisoned") == 0
    assert service.figure("tsunagari_events_total", outcome="again") == 0
