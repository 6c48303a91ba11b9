"""How fast what waits in the outbox leaves, with a LINE that answers after 50 ms: pushes, and multicasts to 500 people.

Run it:

    .venv/bin/python benchmarks/sending_speed.py                    # SQLite, and PostgreSQL if there is one
    .venv/bin/python benchmarks/sending_speed.py --threads 8 --line-seconds 0.01

The sender is the one of `tsunagari serve`, alone in its process; LINE is a small server in another one, which counts the
calls of each second. "plain" is what as many threads reach that only make the same calls, without a database: what the
machine and the client allow. LINE permits 200 multicasts and 2,000 pushes a second; of the latter we ask for 1,800.
"""

from __future__ import annotations

import argparse
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from databases import fresh_database, opened
from processes import line
from sqlalchemy import func, insert, select

from bot.line.client import LineClient
from bot.settings import Channel
from jobs.deliver import Deliverer
from storage import broadcasts, freezing, outbox
from storage.people import people
from storage.segments import EVERYONE
from storage.work import Database

CHANNELS = {"default": Channel("default", "secret", "token")}
WORDS = [{"type": "text", "text": "お知らせです。雪の日は声をかけあいましょう。"}]
PUSHES, MULTICASTS = 8_000, 1_520  # so many that beginning and end hardly count


def plain(client: LineClient, threads: int, count: int, call: Callable[[], object]) -> float:
    """Calls a second, by threads that do nothing else."""
    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(count):
            pool.submit(call)
    return count / (time.perf_counter() - began)


def fill_pushes(db: Database) -> None:
    """One message to each of so many people."""
    for first in range(0, PUSHES, 1_000):
        keys = _people(db, first, 1_000)
        with db.work() as work:
            for key in keys:
                outbox.put(work, "default", "message", {"messages": WORDS}, person_id=key)


def fill_multicasts(db: Database) -> None:
    """A broadcast to so many chunks of 500."""
    for first in range(0, MULTICASTS * 500, 20_000):
        _people(db, first, 20_000)
    with db.work() as work:
        made = broadcasts.schedule(work, "default", [{"text": "a"}], EVERYONE, work.now, created_by="x")
        assert broadcasts.start(work, made.id)
        freezing.freeze(work, made.id, lambda _: WORDS)
    more = True
    while more:
        with db.work() as work:
            more = freezing.go_on(work, made.id)


def _people(db: Database, first: int, count: int) -> list[str]:
    keys = [f"{number:015x}{secrets.token_hex(8)}0" for number in range(first, first + count)]
    with db.work() as work:
        work.conn.execute(
            insert(people),
            [
                {
                    "id": key,
                    "channel": "default",
                    "line_index": secrets.token_hex(32),
                    "line_id": work.seal(f"U{number:032x}", "default", "people", "line_id", key),
                    "friend": True,
                    "friend_changed_ms": 0,
                    "role": "resident",
                    "created_at": work.now,
                }
                for number, key in enumerate(keys, first)
            ],
        )
    return keys


def _known_to_planner(db: Database) -> None:
    """What PostgreSQL does by itself within the first minute."""
    with db.work() as work:
        if work.on_postgresql:
            work.conn.exec_driver_sql("ANALYZE")


def drain(db: Database, client: LineClient, threads: int) -> tuple[float, float]:
    """Rows a second until nothing waits, and this process's processor seconds for a thousand of them."""
    count = _waiting(db)
    sender = Deliverer(db, client, threading.Event(), **({"threads": threads} if threads else {}))
    began, spent = time.perf_counter(), time.process_time()
    sender.start()
    sender.bell.set()
    while _waiting(db):
        time.sleep(0.2)
    seconds, processor = time.perf_counter() - began, time.process_time() - spent
    sender.stop()
    return count / seconds, processor / count * 1000


def _waiting(db: Database) -> int:
    query = select(func.count()).select_from(outbox.outbox).where(outbox.outbox.c.state == "waiting")
    with db.look() as work:
        return work.conn.execute(query).scalar_one()


def main() -> None:
    wanted = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wanted.add_argument("--postgresql", default="postgresql://postgres@127.0.0.1:5432/", help="which server")
    wanted.add_argument("--line-seconds", type=float, default=0.05, help="how long LINE takes to answer")
    wanted.add_argument("--threads", type=int, default=0, help="0: as many as the service has")
    chosen = wanted.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        client = LineClient(CHANNELS, stack.enter_context(line(chosen.line_seconds)))
        urls = {"SQLite": f"sqlite:///{folder}/benchmark.db"}
        if url := stack.enter_context(fresh_database(chosen.postgresql)):
            urls["PostgreSQL"] = url
        threads = chosen.threads or Deliverer.THREADS
        to = [f"U{number:032x}" for number in range(500)]
        ceilings = {
            "push": plain(client, threads, 5_000, lambda: client.push("default", to[0], WORDS, "key")),
            "multicast": plain(client, threads, 1_000, lambda: client.multicast("default", to, WORDS, "key")),
        }
        for name, url in urls.items():
            with opened(url) as db:
                for kind, fill in (("push", fill_pushes), ("multicast", fill_multicasts)):
                    fill(db)
                    _known_to_planner(db)
                    rate, processor = drain(db, client, chosen.threads)
                    print(
                        f"{name:<11}{kind:<10}{rate:>7.0f}/s with {threads} threads; plain {ceilings[kind]:.0f}/s;"
                        f" {processor:.2f} ms of processor each; load {os.getloadavg()[0]:.1f}"
                    )


if __name__ == "__main__":
    main()
