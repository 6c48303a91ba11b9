"""1,700 towns on one installation: what an event costs, and how long a town's answer waits while another one is in trouble.

Run it:

    .venv/bin/python benchmarks/many_towns.py                       # SQLite, and PostgreSQL if there is one
    .venv/bin/python benchmarks/many_towns.py --channels 100 --people 50 --burst 5000 --events 200    # a trial

Events: signed webhooks go through the WSGI application in this process, one after the other and in turn to three houses:
one with a single town, one with all of them of which one is written to, and the same with events over all its towns. The
channels are rows of the database, as `tsunagari channel add` writes them.

Answers: messages of one town are written at a steady pace while the sender of `tsunagari serve` runs; LINE is a server in
another process that answers after 50 ms, and never to towns that hang. The delay is from the commit to the request's
arrival there. In milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import multiprocessing
import os
import random
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from databases import fresh_database, opened
from processes import free_port
from sqlalchemy import delete, insert

from bot.app import Services
from bot.channels import with_added
from bot.content.library import Content, load_content
from bot.line.client import LineClient
from bot.settings import Settings
from bot.web import create_flask
from jobs.deliver import Deliverer
from storage import channels, outbox
from storage.channels import Account
from storage.people import people
from storage.work import Database

SECRET = "benchmark-secret"  # noqa: S105  # of no real account
LINE_SECONDS, AT_ONCE, PACE = 0.05, 10_000, 0.05
TROUBLED, ANSWERED = ("t0000", "t0001", "t0002"), "t0003"
WORDS = {"messages": [{"type": "text", "text": "受けつけました。"}]}
_numbers = itertools.count()
Name = Callable[[int], str]


def town_key(number: int) -> str:
    return f"t{number:04}"


def line_id(number: int) -> str:
    return f"U{number:032x}"


# ---- LINE, in another process -------------------------------------------------------------------------------


def play_line(port: int, hangs: Any, arrived: Any, ready: Any) -> None:
    """Accepts every call; while `hangs` is set the channels in TROUBLED get no answer. Notes who came when."""

    class Talk(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport, self.got = transport, b""

        def data_received(self, data: bytes) -> None:
            self.got += data
            while (end := self.got.find(b"\r\n\r\n")) >= 0:
                head = self.got[:end].lower()
                at = head.find(b"content-length:")
                length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
                if len(self.got) < end + 4 + length:
                    return
                self.got = self.got[end + 4 + length :]
                channel = head.split(b"bearer ", 1)[-1].split(b"\r\n", 1)[0].decode()
                if channel == ANSWERED:
                    arrived.put(time.monotonic())
                if not (hangs.is_set() and channel in TROUBLED):
                    asyncio.get_running_loop().call_later(LINE_SECONDS, self.answer)

        def answer(self) -> None:
            self.transport.write(  # type: ignore[attr-defined]
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
            )

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Talk, "127.0.0.1", port, backlog=512)
        ready.set()
        await server.serve_forever()

    asyncio.run(serve())


@dataclass(frozen=True)
class Line:
    base: str
    hangs: Any
    arrived: Any


@contextmanager
def line() -> Iterator[Line]:
    port, context = free_port(), multiprocessing.get_context("spawn")
    made = Line(f"http://127.0.0.1:{port}", context.Event(), context.Queue())
    ready = context.Event()
    process = context.Process(target=play_line, args=(port, made.hangs, made.arrived, ready), daemon=True)
    process.start()
    ready.wait(60)
    try:
        yield made
    finally:
        process.kill()
        process.join()


# ---- a house with so many towns --------------------------------------------------------------------------------


def fill(db: Database, towns: int, each: int) -> None:
    """So many channels with so many people."""
    with db.work() as work:
        for number in range(towns):
            name = town_key(number)
            channels.add(work, Account(name, SECRET, name, basic_id="@b"))
    for number in range(towns):
        settle_down(db, town_key(number), 0, each)
    with db.work() as work:
        if work.on_postgresql:
            work.conn.exec_driver_sql("ANALYZE")  # what it does by itself within the first minute


def settle_down(db: Database, channel: str, first: int, count: int) -> list[str]:
    """People who have been there for long; their ids."""
    keys = [f"{number:012x}{secrets.token_hex(10)}" for number in range(first, first + count)]
    for begin in range(0, count, AT_ONCE):
        with db.work() as work:
            work.conn.execute(
                insert(people),
                [
                    {
                        "id": key,
                        "channel": channel,
                        "line_index": work.index("line", channel, line_id(number)),
                        "line_id": work.seal(line_id(number), channel, "people", "line_id", key),
                        "friend": True,
                        "friend_changed_ms": 0,
                        "role": "resident",
                        "created_at": work.now,
                    }
                    for number, key in enumerate(keys[begin : begin + AT_ONCE], first + begin)
                ],
            )
    return keys


def services(db: Database, content: Content, line_base: str) -> Services:
    env = {"LINE_CHANNEL_SECRET": SECRET, "LINE_CHANNEL_ACCESS_TOKEN": "x", "TSUNAGARI_KEYS": "unused:here"}
    settings, content = with_added(Settings.from_env(env), content, db)
    return Services(settings, content, db, LineClient(settings.channels, line_base))


def with_towns(content: Content, count: int) -> Content:
    like = next(iter(content.towns.values()))
    more = {town_key(number): replace(like, key=town_key(number)) for number in range(count)}
    return replace(content, towns={**content.towns, **more})


# ---- events ------------------------------------------------------------------------------------------------------


@dataclass
class Candidate:
    """A house, whom to write to in it, and what that took."""

    name: str
    services: Services
    channel: Name
    people: int
    times: list[float] = field(default_factory=list)
    processor: float = 0.0

    def __post_init__(self) -> None:
        self.client = create_flask(self.services).test_client()

    def event(self, *, counts: bool) -> None:
        number = next(_numbers)
        channel, person = self.channel(number), random.randrange(self.people)  # noqa: S311
        body = json.dumps({"destination": "U0", "events": [tap(number, line_id(person))]}).encode()
        signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
        began, spent = time.perf_counter(), time.process_time()
        answer = self.client.post(f"/callback/{channel}", data=body, headers={"X-Line-Signature": signature})
        if counts:
            self.processor += time.process_time() - spent
            self.times.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"{self.name}: HTTP {answer.status_code}")


def tap(number: int, user: str) -> dict[str, Any]:
    """Somebody begins to look for help."""
    return {
        "type": "postback",
        "mode": "active",
        "timestamp": time.time_ns() // 1_000_000,
        "source": {"type": "user", "userId": user},
        "webhookEventId": f"benchmark-{number}-{secrets.token_hex(4)}",
        "deliveryContext": {"isRedelivery": False},
        "replyToken": f"token-{number}",
        "postback": {"data": "v1;handbook;;start;"},
    }


def measure_events(candidates: Sequence[Candidate], events: int) -> None:
    for counts, number in ((False, 30), (True, events)):
        for _ in range(number):
            for each in candidates:
                each.event(counts=counts)


def show_events(database: str, candidates: Sequence[Candidate]) -> None:
    first = candidates[0].processor
    for each in candidates:
        p50, p99 = percentiles(each.times)
        print(
            f"{database:<11}event, {each.name:<28} p50 {p50:>6.1f}  p99 {p99:>6.1f}  processor"
            f" {each.processor / len(each.times) * 1000:>5.2f}, {each.processor / first:.2f} of one town alone"
        )


def percentiles(times: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(times)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


# ---- answers -----------------------------------------------------------------------------------------------------


def delays(house: Services, line: Line, answers: int) -> list[float]:
    """Milliseconds from each commit to its arrival at LINE."""
    sender = Deliverer(house.db, house.line, house.bell)
    sender.start()
    time.sleep(4.0)  # until whoever is in trouble has as many hands as it gets
    keys = settle_down(house.db, ANSWERED, 10_000_000 + next(_numbers) * 1_000, answers)
    committed = []
    try:
        for key in keys:
            with house.db.work() as work:
                outbox.put(work, ANSWERED, "message", WORDS, person_id=key)
            committed.append(time.monotonic())
            house.bell.set()
            time.sleep(PACE)
        came = [line.arrived.get(timeout=60) for _ in keys]
    finally:
        sender.stop(20.0)  # longer than a call that hangs
        line.hangs.clear()
    return [(there - sent) * 1000 for sent, there in zip(committed, sorted(came), strict=True)]


def burst(db: Database, towns: Sequence[str], count: int) -> None:
    """So many rows wait, of as many people."""
    for town in towns:
        keys = settle_down(db, town, 20_000_000 + next(_numbers) * count, count)
        for begin in range(0, count, AT_ONCE):
            with db.work() as work:
                for key in keys[begin : begin + AT_ONCE]:
                    outbox.put(work, town, "message", WORDS, person_id=key)


def nothing_waits(db: Database) -> None:
    with db.work() as work:
        work.conn.execute(delete(outbox.outbox))


def measure_answers(database: str, house: Services, line: Line, rows: int, answers: int) -> None:
    for name, towns, hang in (
        ("nothing else", (), False),
        (f"one town has {rows:,} rows", TROUBLED[:1], False),
        (f"one hangs, with {rows:,} rows", TROUBLED[:1], True),
        ("three hang, with a third each", TROUBLED, True),
    ):
        nothing_waits(house.db)
        burst(house.db, towns, rows // max(1, len(towns)))
        if hang:
            line.hangs.set()
        times = delays(house, line, answers)
        p50, p99 = percentiles(times)
        print(
            f"{database:<11}answer, {name:<32} p50 {p50:>7.1f}  p99 {p99:>7.1f}  longest {max(times):>7.1f}"
            f"  load {os.getloadavg()[0]:.1f}",
            flush=True,
        )


def main() -> None:
    wanted = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wanted.add_argument("--postgresql", default="postgresql://postgres@127.0.0.1:5432/", help="which server")
    wanted.add_argument("--channels", type=int, default=1_700)
    wanted.add_argument("--people", type=int, default=1_000, help="of each channel")
    wanted.add_argument("--burst", type=int, default=100_000, help="rows that a town in trouble has waiting")
    wanted.add_argument("--events", type=int, default=1_000)
    wanted.add_argument("--answers", type=int, default=200)
    chosen = wanted.parse_args()
    plain = load_content(
        Settings.from_env({"LINE_CHANNEL_SECRET": "x", "LINE_CHANNEL_ACCESS_TOKEN": "x"}).content_dir
    )
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        answering = stack.enter_context(line())
        urls = {"SQLite": [f"sqlite:///{folder}/{name}.db" for name in ("one", "many")]}
        pair = [stack.enter_context(fresh_database(chosen.postgresql)) for _ in range(2)]
        if pair[0] and pair[1]:
            urls["PostgreSQL"] = [url for url in pair if url]
        for database, (one_url, many_url) in urls.items():
            with opened(one_url) as one_db, opened(many_url) as many_db:
                content = with_towns(plain, chosen.channels)
                fill(one_db, 1, chosen.people)
                began = time.perf_counter()
                fill(many_db, chosen.channels, chosen.people)
                print(
                    f"{database:<11}{chosen.channels:,} channels x {chosen.people:,} people written in"
                    f" {time.perf_counter() - began:.0f} s",
                    flush=True,
                )
                one, many = (services(db, content, answering.base) for db in (one_db, many_db))
                candidates = [
                    Candidate("one town alone", one, lambda _: town_key(0), chosen.people),
                    Candidate(f"one of {chosen.channels:,}", many, lambda _: town_key(0), chosen.people),
                    Candidate(
                        f"spread over {chosen.channels:,}",
                        many,
                        lambda _: town_key(random.randrange(chosen.channels)),  # noqa: S311
                        chosen.people,
                    ),
                ]
                measure_events(candidates, chosen.events)
                show_events(database, candidates)
                measure_answers(database, many, answering, chosen.burst, chosen.answers)
                one.line.close()
                many.line.close()


if __name__ == "__main__":
    main()
