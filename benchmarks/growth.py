"""What one event, one recipient of a broadcast and one answer in the handbook cost as everything around them grows.

Run it:

    .venv/bin/python benchmarks/growth.py                # three sizes each; some minutes, 5 GB of disk
    .venv/bin/python benchmarks/growth.py --quick        # small sizes, two minutes
    .venv/bin/python benchmarks/growth.py --out docs/images/growth.svg

All inside this process, no HTTP: an event is a signed webhook through the whole application, with its answer sent to a
LINE that takes it at once (benchmarks/inside.py). Counted is processor time, of this process and of PostgreSQL's processes
for it; other work on the machine disturbs it little. The sizes of one row are measured in turn, round after round, and
the median round counts. What fills a database before is not measured.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import freeze_time
from databases import fresh_database
from growth_picture import Curve, Panel, draw
from inside import Inside, inside, server_seconds, settings, someone, tapped, typed, with_channels
from sqlalchemy import text

from bot import postback
from bot.content.library import Content, load_content
from bot.handbook.recommend import Catalogue
from bot.settings import DEFAULT_CHANNEL
from jobs import broadcast
from storage import broadcasts, freezing
from storage.crypto import cipher_from, new_key
from storage.database import new_engine, open_database
from storage.migrate import migrate
from storage.segments import EVERYONE
from storage.work import Database

ROOT = Path(__file__).resolve().parent.parent
KEYS = new_key("b")
FULL = {
    "people": (1_000, 30_000, 1_000_000),
    "events": (0, 100_000, 3_000_000),
    "channels": (1, 100, 1_700),
    "recipients": (10_000, 100_000, 1_000_000),
    "schemes": (100, 1_000, 5_000),
}
QUICK = {
    "people": (300, 3_000, 30_000),
    "events": (0, 3_000, 100_000),
    "channels": (1, 10, 100),
    "recipients": (1_000, 10_000, 30_000),
    "schemes": (100, 313, 1_000),
}
ROUNDS, EVENTS = 3, 80  # of each size: rounds, and events in each
FRIENDS = 50  # people who speak, beside those who are only there
SENT = 100  # parts of a broadcast that are sent; each of the others costs the same
WALKS = 2  # people who answer the handbook to its end
WORDS = [{"type": "text", "text": "お知らせです。雪の日は声をかけあいましょう。"}]
Sizes = Mapping[str, tuple[int, ...]]


# ---- databases of every size -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Size:
    """A database to be made: so many people, and so many events that were seen and answered."""

    people: int = 1_000
    events: int = 0


def make(url: str, keys: str, size: Size) -> None:
    """In a process of its own: two databases are filled at the same time."""
    engine = new_engine(url)
    migrate(engine)
    engine.dispose()
    with closing(open_database(url, cipher_from(keys))) as db:
        freeze_time.fill(db, size.people)
        if size.events:
            fill_events(db, size.events)


NUMBERED = {  # rows of numbers n from 1 to :count, and a number as eight hex digits
    "sqlite": (
        "(WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < :count) SELECT n FROM up)",
        "printf('%08x', n)",
    ),
    "postgresql": ("generate_series(1, :count) AS n", "lpad(to_hex(n), 8, '0')"),
}
SEEN = """INSERT INTO seen_events (channel, event_id, at) SELECT 'default', '01HZZ' || {hex} || 'ABCDEFGHI', :at FROM {rows}"""
ANSWERED = """INSERT INTO outbox (channel, kind, retry_key, reply_doubtful, must_arrive, held, state, tries, next_try,
 first_tried, expires, settled, via, request_id, created_at)
 SELECT 'default', 'message', {hex} || '-1234-4123-8123-123456789abc', false, false, false, 'accepted', 1, :at,
 :at, :at, :at, 'reply', 'f70dd685-499a-4231-a441-f24b8d4fba21', :at FROM {rows}"""


def fill_events(db: Database, count: int) -> None:
    """Events that were seen within the last month, and as many answers that have left."""
    rows, hex_of = NUMBERED[db.engine.dialect.name]
    with db.work() as work:
        at = work.now if work.on_postgresql else work.now.replace(tzinfo=None).isoformat(" ")
        for statement in (SEEN, ANSWERED):
            filled = text(statement.format(hex=hex_of, rows=rows))
            work.conn.execute(filled, {"at": at, "count": count})
    if db.engine.dialect.name == "postgresql":  # which does so by itself; nobody does on a town's SQLite
        with db.engine.begin() as conn:
            conn.exec_driver_sql("ANALYZE")


Named = dict[tuple[str, Size], str]


@contextmanager
def databases(sizes: Sizes, server: str) -> Iterator[Named]:
    """The address of each, by database and size; the largest are begun first."""
    wanted = {Size(people=count) for count in (*sizes["people"], *sizes["recipients"])}
    wanted |= {Size(events=count) for count in sizes["events"]}
    wanted.add(Size())
    ordered = sorted(wanted, key=lambda size: -size.people - size.events)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        urls: Named = {}
        for place, size in enumerate(ordered):
            urls["SQLite", size] = f"sqlite:///{folder}/{place}.db"
            if url := stack.enter_context(fresh_database(server)):
                urls["PostgreSQL", size] = url
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            made = [pool.submit(make, url, KEYS, size) for (_, size), url in urls.items()]
            for one in made:
                one.result()
        yield urls


# ---- what is measured --------------------------------------------------------------------------------------

Round = Callable[[], float]


def spent(db: Database) -> float:
    """Processor seconds so far."""
    return time.process_time() + server_seconds(db)


def by_rounds(measured: Mapping[int, Round], rounds: int = ROUNDS) -> dict[int, float]:
    """The median of each size's rounds, the sizes in turn; the round before the first does not count."""
    found: dict[int, list[float]] = {size: [] for size in measured}
    for number in range(rounds + 1):
        for size, one in measured.items():
            cost = one()
            if number:
                found[size].append(cost)
    return {size: median(costs) for size, costs in found.items()}


def events(running: Inside, channels: Sequence[str] = (DEFAULT_CHANNEL,)) -> Round:
    """Milliseconds for a typed message and its answer, by people who are known, spread over the channels."""
    some = channels[:: max(1, len(channels) // FRIENDS)]

    def one_round() -> float:
        began = spent(running.services.db)
        for number in range(EVENTS):
            place = number % FRIENDS
            event = running.event(someone(place), typed("こんにちは"))
            running.post(some[place % len(some)], [event])
        running.deliver()
        return (spent(running.services.db) - began) * 1_000 / EVENTS

    return one_round


def recipients(running: Inside) -> float:
    """Microseconds for one recipient of a broadcast to everybody: listed, prepared, sent."""
    db = running.services.db
    began = spent(db)
    with db.work() as work:
        made = broadcasts.schedule(work, "default", [{"text": "a"}], EVERYONE, work.now, created_by="x")
        assert broadcasts.start(work, made.id)
        freezing.freeze(work, made.id, lambda _: WORDS)
    broadcast.go_on(freeze_time.Rooms(db), made.id)
    prepared = spent(db) - began
    began = spent(db)
    parts = running.deliver(most=SENT)
    sending = (spent(db) - began) / parts / 500
    with db.look() as work:
        reached = broadcasts.tally(work, made.id).recipients
    return (prepared / reached + sending) * 1e6


def answers(running: Inside) -> Round:
    """Milliseconds for one tap in the handbook, from its start to the result, by people who tap by the same dice."""

    def one_round() -> float:
        taps, began = 0, spent(running.services.db)
        for seed in range(WALKS):
            taps += _walk(running, someone(seed), random.Random(seed))  # noqa: S311
        return (spent(running.services.db) - began) * 1_000 / taps

    return one_round


def _walk(running: Inside, person: str, dice: random.Random) -> int:
    """How many taps it took to be asked nothing more."""
    data: str | None = postback.start("handbook")
    for count in range(1, 100):
        running.line.buttons.pop(person, None)
        running.post(DEFAULT_CHANNEL, [running.event(person, tapped(data))])
        running.deliver()
        asked = [one for one in running.line.buttons.get(person, []) if _answers(one)]
        if not asked:
            return count
        data = dice.choice(asked)
    raise SystemExit("the handbook does not end")


def _answers(data: str) -> bool:
    tap = postback.read(data)
    return tap is not None and tap.flow == "handbook" and bool(tap.question)


def catalogue_of(content: Content, count: int) -> Content:
    """The shipped schemes again and again under other ids; fewer, where fewer are asked for."""
    shipped = content.catalogue.schemes
    schemes = [replace(shipped[n % len(shipped)], id=f"growth-{n:05}") for n in range(count)]
    return replace(content, catalogue=Catalogue(schemes, content.questions, content.rules))


# ---- the five pictures -------------------------------------------------------------------------------------


def measure(urls: Named, sizes: Sizes, content: Content, stack: ExitStack) -> list[Panel]:
    """Everything, with a line on the terminal for each series."""
    kinds = list(dict.fromkeys(kind for kind, _ in urls))

    def running(kind: str, size: Size, told: Content = content, channels: Sequence[str] = ()) -> Inside:
        db = stack.enter_context(closing(open_database(urls[kind, size], cipher_from(KEYS))))
        return inside(told, db, settings(channels))

    def panel(title: str, unit: str, along: str, costs: Callable[[str], dict[int, float]], of=kinds) -> Panel:
        made = Panel(title, along, unit, [Curve(kind, costs(kind)) for kind in of])
        for curve in made.curves:
            print(told_of(made, curve), flush=True)
        return made

    def by_channels(kind: str) -> dict[int, float]:
        rounds = {}
        for count in sizes["channels"]:
            more = [f"c{number}" for number in range(1, count)]
            plans = replace(content, channels=with_channels(content, more))
            rounds[count] = events(running(kind, Size(), plans, more), [DEFAULT_CHANNEL, *more])
        return by_rounds(rounds)

    def by_recipients(kind: str) -> dict[int, float]:
        recipients(running(kind, Size()))  # what is only done the first time does not count
        return {count: recipients(running(kind, Size(people=count))) for count in sizes["recipients"]}

    return [
        panel("One event, by people", "ms", "people in the database", lambda kind: by_rounds(
            {count: events(running(kind, Size(people=count))) for count in sizes["people"]})),
        panel("One event, by events kept", "ms", "events kept, each with its answer", lambda kind: by_rounds(
            {count: events(running(kind, Size(events=count))) for count in sizes["events"]})),
        panel("One event, by channels", "ms", "channels", by_channels),
        panel("One recipient of a broadcast", "µs", "recipients", by_recipients),
        panel("One answer in the handbook", "ms", "schemes", lambda kind: by_rounds(
            {count: answers(running(kind, Size(), catalogue_of(content, count))) for count in sizes["schemes"]}), ["SQLite"]),
    ]  # fmt: skip


def told_of(panel: Panel, curve: Curve) -> str:
    """A line of the table: each size with its cost, and how many times the smallest's."""
    first = next(iter(curve.costs.values()))
    cells = (
        f"{size:>9,}: {cost:7.2f} {panel.unit} ({cost / first:4.2f} x)" for size, cost in curve.costs.items()
    )
    return f"{panel.title:<30}{curve.name:<11}" + " ".join(cells)


def main() -> None:
    wanted = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wanted.add_argument("--postgresql", default="postgresql://postgres@127.0.0.1:5432/", help="which server")
    wanted.add_argument("--quick", action="store_true", help="small sizes")
    wanted.add_argument("--out", type=Path, help="a picture, .svg or .png")
    chosen = wanted.parse_args()
    sizes, began = QUICK if chosen.quick else FULL, time.perf_counter()
    content = load_content(ROOT / "content")
    with databases(sizes, chosen.postgresql) as urls, ExitStack() as stack:
        print(f"{len(urls)} databases filled after {time.perf_counter() - began:.0f} s", flush=True)
        panels = measure(urls, sizes, content, stack)
    if chosen.out:
        draw(panels, chosen.out)
    print(f"{time.perf_counter() - began:.0f} s in all; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
