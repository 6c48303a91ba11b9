"""What an event costs this service with 1,000 and with 1,000,000 people in its database.

Run it:

    .venv/bin/python benchmarks/webhook_people.py                   # SQLite, and PostgreSQL if there is one
    .venv/bin/python benchmarks/webhook_people.py --people 100000   # a city instead of a prefecture

Two services run at the same time on a database each, made for the run (a minute or two for a million people) and
loaded in turn with the same events of 1,000 people: all that there are in the one, spread evenly over the other.
Each round compares the two right after each other; the last line is the median of these ratios, which the rest of
this machine's work touches least. Processor time is that of the service and of its database, with the sending.
"""

from __future__ import annotations

import argparse
import base64
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median

import load
from databases import fresh_database, opened
from entrants import OURS, SERVE, Entry, racing
from processes import ask_line, end_all_when_told, line
from race_results import Round, Row
from sqlalchemy import insert, make_url
from webhook_race import START, Ask, run

from storage.people import people
from storage.work import Database

SPEAKERS, AT_ONCE = 1_000, 20_000
KINDS = frozenset({"message", "postback"})


def fill(db: Database, count: int) -> None:
    """So many friends, as they stand there after their first word to us."""
    for first in range(0, count, AT_ONCE):
        with db.work() as work:
            rows = []
            for number in range(first, min(first + AT_ONCE, count)):
                key, line_id = secrets.token_hex(16), load.user_id(number)
                rows.append(
                    {
                        "id": key,
                        "channel": "default",
                        "line_index": work.index("line", "default", line_id),
                        "line_id": work.seal(line_id, "default", "people", "line_id", key),
                        "friend": True,
                        "friend_changed_ms": 0,
                        "role": "resident",
                        "created_at": work.now,
                    }
                )
            work.conn.execute(insert(people), rows)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("ANALYZE" if db.engine.dialect.name == "sqlite" else "VACUUM ANALYZE")


def entry(name: str, url: str, count: int) -> Entry:
    """The service with so many people in its database."""
    keys = "b:" + base64.b64encode(secrets.token_bytes(32)).decode()
    with opened(url, keys) as db:
        fill(db, count)
    on_postgresql = url.startswith("postgresql")
    return Entry(
        f"{name}, {count:,} people",
        OURS if on_postgresql else SERVE,
        {"DATABASE_URL": url, "TSUNAGARI_KEYS": keys},
        answers=KINDS,
        ready="/readyz",
        ours=True,
        database=make_url(url).database or "" if on_postgresql else "",
    )


def events(count: int, of_people: int) -> list[load.Request]:
    """Two texts, then a tap that begins a conversation, and so on."""
    made = []
    for number in range(count):
        person = number % SPEAKERS * (of_people // SPEAKERS)
        made.append(load.tap(person, START) if number % 3 == 2 else load.text(person))
    return made


def compare(stack: ExitStack, name: str, urls: list[str], chosen: argparse.Namespace) -> None:
    url = stack.enter_context(line(0.0))
    ask: Ask = partial(ask_line, url, None)
    sizes = [SPEAKERS, chosen.people]
    both = [entry(name, each, size) for each, size in zip(urls, sizes, strict=True)]
    running = [stack.enter_context(racing(each, url)) for each in both]
    rounds: list[list[Round]] = [[], []]
    for number in range(chosen.rounds + 1):
        for place, (contestant, size) in enumerate(zip(running, sizes, strict=True)):
            found = run(contestant, events(chosen.events, size), 32, None, 600.0, ask)
            if number:  # the first round of all: every speaker has been seen, and every statement prepared
                rounds[place].append(found)
    rows = [Row(each, done, each.megabytes()) for each, done in zip(running, rounds, strict=True)]
    show(rows)


def show(rows: list[Row]) -> None:
    for row in rows:
        service, database = row.per_event(lambda one: one.processor), row.per_event(lambda one: one.server)
        print(
            f"{row.name:<32}{row.rate():>7,.0f} events/s, p50 {row.percentile(50):,.1f} ms, p99 {row.percentile(99):,.1f} ms,"
            f" CPU {service:,.0f} µs, database {database:,.0f} µs per event"
        )
    times, processor = (list(each) for each in zip(*ratios(rows), strict=True))
    print(f"{'':<32}{median(times):.2f} x the time, {median(processor):.2f} x the processor", end="")
    print(f" (rounds: {', '.join(f'{each:.2f}' for each in processor)})", flush=True)
    for row in rows:
        if words := row.complaint():
            raise SystemExit(words)


def ratios(rows: list[Row]) -> Iterator[tuple[float, float]]:
    """Many people to few, of each pair of rounds: the time for the events, and their processor time."""
    few, many = rows
    for one, other in zip(few.rounds, many.rounds, strict=True):
        yield (
            (other.answered / other.events) / (one.answered / one.events),
            ((other.processor + other.server) / other.events) / ((one.processor + one.server) / one.events),
        )


def main() -> None:
    wanted = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wanted.add_argument("--postgresql", default="postgresql://postgres@127.0.0.1:5432/", help="which server")
    wanted.add_argument("--people", type=int, default=1_000_000)
    wanted.add_argument("--events", type=int, default=1_500, help="of each in each round")
    wanted.add_argument("--rounds", type=int, default=5)
    chosen = wanted.parse_args()
    end_all_when_told()
    print(f"{os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        compare(stack, "SQLite", [f"sqlite:///{folder}/few.db", f"sqlite:///{folder}/many.db"], chosen)
    with ExitStack() as stack:
        urls = [stack.enter_context(fresh_database(chosen.postgresql)) for _ in range(2)]
        if all(urls):
            compare(stack, "PostgreSQL", [url for url in urls if url], chosen)


if __name__ == "__main__":
    main()
