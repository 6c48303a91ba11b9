"""What it takes to prepare a broadcast to a million people, and how long others wait for it meanwhile.

Run it:

    .venv/bin/python benchmarks/freeze_time.py                      # SQLite, and PostgreSQL if there is one
    .venv/bin/python benchmarks/freeze_time.py --people 50000       # a city
    .venv/bin/python benchmarks/freeze_time.py --axes town district topics

A database is made for the run, filled (a minute for each million) and removed at its end. The broadcast is prepared
in a process of its own, by the function that the timetable calls; its memory is the largest that the process had.
Seconds by the clock and of this process's processors; on PostgreSQL the server's own come on top of the latter. A
second thread does meanwhile what a webhook does, writing one row every 20 ms: "others wait" is its longest wait.

A million people took SQLite 124 MB where all read the same, and 190 with the three axes above (381 variants);
PostgreSQL 82 with them.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import secrets
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from databases import fresh_database, opened
from sqlalchemy import func, insert, select, text

from jobs import broadcast
from storage import broadcasts, freezing, guard, outbox
from storage.crypto import cipher_from, new_key
from storage.database import open_database
from storage.people import people, person_topics
from storage.segments import EVERYONE
from storage.work import Database

AT_ONCE = 20_000
TOWNS, DISTRICTS, TOPICS = 19, 4, ("events", "food", "tips", "town")


def fill(db: Database, count: int) -> None:
    """So many friends, of 19 towns with four districts each; every third takes a topic or two."""
    for first in range(0, count, AT_ONCE):
        with db.work() as work:
            rows: list[dict[str, Any]] = []
            topics: list[dict[str, Any]] = []
            for number in range(first, min(first + AT_ONCE, count)):
                key = f"{number:015x}{secrets.token_hex(8)}0"
                rows.append(
                    {
                        "id": key,
                        "channel": "default",
                        "line_index": secrets.token_hex(32),
                        "line_id": work.seal(f"U{number:032x}", "default", "people", "line_id", key),
                        "friend": number % 20 != 0,
                        "friend_changed_ms": 0,
                        "role": "supporter" if number % 3 else "resident",
                        "town": f"town{number % TOWNS}" if number % 3 else None,
                        "district": f"district{number % (TOWNS * DISTRICTS) // TOWNS}"
                        if number % 3
                        else None,
                        "created_at": work.now,
                    }
                )
                if number % 3 == 1:
                    for place in {number % 4, number // 7 % 4}:
                        topics.append({"person_id": key, "topic": TOPICS[place], "channel": "default"})
            work.conn.execute(insert(people), rows)
            work.conn.execute(insert(person_topics), topics)
    if db.engine.dialect.name == "postgresql":  # which does so by itself; nobody does on a town's SQLite
        with db.engine.begin() as conn:
            conn.exec_driver_sql("ANALYZE")


@dataclass
class Rooms:
    """What going on with a broadcast needs of the services."""

    db: Database
    bell: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Figures:
    """Seconds and megabytes; `listed` is until all people and words stand, `seconds` until all calls do."""

    listed: float
    seconds: float
    processor: float
    server: float
    megabytes: float
    waited: float
    recipients: int
    chunks: int


def words(variant: freezing.Variant) -> list[dict[str, str]]:
    return [{"type": "text", "text": f"お知らせです。 {variant}"}]


def prepare(url: str, keys: str, axes: frozenset[freezing.Axis], answers: Any) -> None:
    """In its own process: schedule, start, and measure until every call stands in the outbox."""
    db = open_database(url, cipher_from(keys))
    with db.work() as work:
        made = broadcasts.schedule(work, "default", [{"text": "a"}], EVERYONE, work.now, created_by="x")
    longest, ended = [0.0], threading.Event()
    writer = threading.Thread(target=_write, args=(db, longest, ended))
    writer.start()
    began, spent, server = time.perf_counter(), time.process_time(), _server_seconds(db)
    with db.work() as work:
        assert broadcasts.start(work, made.id)
        freezing.freeze(work, made.id, words, axes)
    listed = time.perf_counter() - began
    broadcast.go_on(Rooms(db), made.id)
    seconds, processor = time.perf_counter() - began, time.process_time() - spent
    server = _server_seconds(db) - server
    ended.set()
    writer.join()
    with db.look() as work:
        count = broadcasts.tally(work, made.id).recipients
        chunks = work.conn.execute(select(func.count()).select_from(outbox.outbox)).scalar_one()
    answers.put(Figures(listed, seconds, processor, server, _megabytes(), longest[0], count, chunks))
    db.close()


def _megabytes() -> float:
    """The most that this process had; `ru_maxrss` may be what the process had that started it."""
    try:
        return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    except OSError:  # not on Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _server_seconds(db: Database) -> float:
    """What PostgreSQL's processes for us have used, where they run on this machine."""
    if db.engine.dialect.name == "sqlite":
        return 0.0
    with db.look() as work:
        mine = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        pids = list(work.conn.execute(text(mine)).scalars())
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _write(db: Database, longest: list[float], ended: threading.Event) -> None:
    while not ended.wait(0.02):
        began = time.perf_counter()
        with db.work() as work:
            guard.claim_once(work, f"benchmark:{secrets.token_hex(8)}", work.now)
        longest[0] = max(longest[0], time.perf_counter() - began)


# ---- what runs around it -----------------------------------------------------------------------------------


def measure(name: str, url: str, count: int, axes: frozenset[freezing.Axis]) -> None:
    keys = new_key("b")
    with opened(url, keys) as db:
        fill(db, count)
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=prepare, args=(url, keys, axes, answers))
    process.start()
    found: Figures = answers.get()
    process.join()
    print(
        f"{name:<11}{found.recipients:>10,} people in {found.chunks:,} chunks:"
        f" listed after {found.listed:.1f} s, ready after {found.seconds:.1f} s"
        f" (processor {found.processor:.1f} s, server {found.server:.1f} s),"
        f" {found.megabytes:.0f} MB, others wait {found.waited:.2f} s; load {os.getloadavg()[0]:.1f}"
    )


def main() -> None:
    wanted = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wanted.add_argument("--postgresql", default="postgresql://postgres@127.0.0.1:5432/", help="which server")
    wanted.add_argument("--people", type=int, default=1_000_000)
    wanted.add_argument("--axes", nargs="*", choices=get_args(freezing.Axis), default=[])
    chosen = wanted.parse_args()
    axes = frozenset(chosen.axes)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        measure("SQLite", f"sqlite:///{folder}/benchmark.db", chosen.people, axes)
        if url := stack.enter_context(fresh_database(chosen.postgresql)):
            measure("PostgreSQL", url, chosen.people, axes)


if __name__ == "__main__":
    main()
