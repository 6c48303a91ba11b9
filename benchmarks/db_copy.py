"""What a move costs: .venv/bin/python benchmarks/db_copy.py --to URL of an empty PostgreSQL database [--people 2000]

Makes a town in SQLite (per person 5 messages in the outbox and 5 events, sealed values of the usual length), copies it
while it is at rest, copies it again (nothing to write), changes one row in a hundred, and hands it over. Prints seconds,
rows a second, the processor's share of this process, and the most memory that it ever had.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import update

from storage import events, outbox, people
from storage.crypto import cipher_from, new_key
from storage.database import new_engine, open_database
from storage.migrate import migrate
from storage.moving import Move, first_round, hand_over

EACH = 5  # messages, and events, of one person
NOW = dt.datetime(2026, 12, 1, 1, 0, tzinfo=dt.UTC)


def fill(url: str, count: int) -> None:
    engine = new_engine(url)
    migrate(engine)
    for begin in range(0, count, 2_000):
        some = range(begin, min(begin + 2_000, count))
        with engine.begin() as conn:
            conn.execute(people.people.insert(), [_person(number) for number in some])
            conn.execute(
                outbox.outbox.insert(), [_message(number, turn) for number in some for turn in range(EACH)]
            )
            conn.execute(
                events.seen_events.insert(), [_event(number, turn) for number in some for turn in range(EACH)]
            )
    engine.dispose()


def _person(number: int) -> dict[str, Any]:
    return {
        "id": f"{number:032x}", "channel": "iwami", "line_index": f"{number:064x}", "line_id": os.urandom(80),
        "friend": True, "friend_changed_ms": 1_780_000_000_000 + number, "role": "supporter", "town": "iwami",
        "paused": False, "created_at": NOW,
    }  # fmt: skip


def _message(number: int, turn: int) -> dict[str, Any]:
    return {
        "channel": "iwami", "person_id": f"{number:032x}", "kind": "message", "retry_key": f"{number:030x}{turn:06x}",
        "body": os.urandom(300), "state": "accepted", "tries": 1, "created_at": NOW, "next_try": NOW,
        "expires": NOW, "settled": NOW, "via": "push", "request_id": f"{number:036x}",
    }  # fmt: skip


def _event(number: int, turn: int) -> dict[str, Any]:
    return {"channel": "iwami", "event_id": f"01{number:018x}{turn:06x}", "at": NOW}


def told(what: str, deed: Callable[[], dict[str, Any]]) -> None:
    begin, cpu = time.monotonic(), time.process_time()
    done = deed()
    seconds, rows = time.monotonic() - begin, sum(each.rows for each in done.values())
    written = sum(each.written for each in done.values())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{what:<22} {seconds:6.1f} s (processor {time.process_time() - cpu:5.1f} s), {rows:,} rows,"
        f" {rows / seconds:8,.0f} rows/s, {written:,} written, {memory} MB"
    )


def town(folder: str, to: str, count: int) -> None:
    url, cipher = f"sqlite:///{folder}/town.db", cipher_from(new_key("k"))
    fill(url, count)
    open_database(url, cipher).close()  # makes its keys
    print(f"SQLite file: {Path(folder, 'town.db').stat().st_size / 1e6:,.0f} MB")
    move = Move(new_engine(url), new_engine(to), cipher, "postgresql://benchmark")
    told("first round", lambda: first_round(move, NOW, "cli:benchmark"))
    told("again, all the same", lambda: first_round(move, NOW, "cli:benchmark"))
    with move.source.begin() as conn:
        conn.execute(update(outbox.outbox).where(outbox.outbox.c.id % 100 == 0).values(state="blocked"))
    told("hand over, 1 % changed", lambda: hand_over(move, NOW, "cli:benchmark"))


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--to", required=True, help="the address of an empty PostgreSQL database")
    asked.add_argument("--people", type=int, default=2_000)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as made:
        town(made, given.to, given.people)
