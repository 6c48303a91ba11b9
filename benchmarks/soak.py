"""Years of a town's life in an hour: whether memory stays flat, and whether every table that grows is pruned.

Run it:

    .venv/bin/python benchmarks/soak.py                                # 1,000,000 events, 900 days, SQLite
    .venv/bin/python benchmarks/soak.py --events 20000 --days 200      # two minutes
    .venv/bin/python benchmarks/soak.py --database postgresql://postgres@127.0.0.1:5432/an_empty_one

Everything happens in this process (benchmarks/inside.py), with a clock that is moved on: people tap on what they were told
last, so that they wander through every conversation, type, send stickers, take events back, block us and are followed by
others; LINE delivers some events twice; people register
with the code of a course, the telephone rings, desks take and close concerns; each Monday a broadcast goes out; the handbook's
pages are opened. Four times a day, and at night, the duties of the timetable run (jobs/duties.py).

Printed, twenty times or each 50,000 events: resident memory and the rows of every table that has any. The exit code is 1
where memory grew by more than a tenth after the warm-up, or where a table still grows after the time for which
storage/data_register.yaml lets it keep its rows. What that file says stays for good is named, not judged.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from inside import Clock, Inside, inside, resident_megabytes, someone, tapped, typed
from sqlalchemy import func, select

from bot.cli.demo_desk import EXAMPLE
from bot.content.library import load_content
from bot.desk import deeds, telling
from bot.desk.opening import open_concern
from bot.settings import DEFAULT_CHANNEL
from jobs import broadcast
from jobs.duties import DUTIES
from jobs.handbook_counts import Counting
from storage import broadcasts, concerns, courses, dangers
from storage.crypto import cipher_from, new_key
from storage.data_register import the_register
from storage.database import new_engine, open_database
from storage.migrate import migrate
from storage.segments import EVERYONE
from storage.tables import metadata

ROOT = Path(__file__).resolve().parent.parent
BEGIN = dt.datetime(2026, 12, 1, 0, 0, tzinfo=dt.UTC)  # nine o'clock in Tokyo
TOWNSPEOPLE = 2_000  # at any time; whoever blocks us is followed by somebody else
TOGETHER = 10  # events that come at the same moment
ROUNDS_A_DAY = 4  # of the duties that come each minute
WARM_UP, FLAT = 0.2, 1.10  # the first fifth; by how much memory may grow after it
SETTLED, STILL = dt.timedelta(days=30), 1.25  # after its time a table rests so long; by how much it may vary
FEW = 200  # rows, with which nothing can be said
WORDS = (
    *("メニュー", "お悩みハンドブック", "気になる人がいる", "サポーター登録", "こんにちは", "家賃が払えない"),
    *("さがす 仕事", "お知らせ", "はい", "やめる", "7KQ4M2XW9H", "鳥取市", "もう疲れた", "ありがとう"),
    *("いらない", "けいたい 090-0000-0000", "ことば", "わたしのデータ"),
)  # and the code of a course that is open all the time
TOWN = "tottori"
DANGER = ("死にたい", "消えてしまいたい")


@dataclass
class Life:
    """A town, and everything that happens in it."""

    running: Inside
    clock: Clock
    dice: random.Random
    words: tuple[str, ...] = WORDS
    population: list[int] = field(default_factory=lambda: list(range(TOWNSPEOPLE)))
    arrived: int = TOWNSPEOPLE
    done: int = 0
    turn: dt.datetime = BEGIN
    """When the duties are due next."""
    last: dict[str, object] | None = None

    def moment(self) -> None:
        """Some events that come together, and what is said to them."""
        for _ in range(TOGETHER):
            self.running.post(DEFAULT_CHANNEL, [self._event()])
            self.done += 1
        self.running.deliver()

    def _event(self) -> dict[str, object]:
        place, kind = self.dice.randrange(len(self.population)), self.dice.random()
        person = someone(self.population[place])
        if kind < 0.05 and self.last is not None:
            return {**self.last, "deliveryContext": {"isRedelivery": True}}
        what = self._deed(person, kind)
        if what["type"] == "unfollow":
            self.running.line.buttons.pop(person, None)
            self.population[place] = self.arrived
            self.arrived += 1
        event = self.running.event(person, what)
        self.last = event if what["type"] == "message" else None
        return event

    def _deed(self, person: str, kind: float) -> dict[str, object]:
        seen = self.running.line.buttons.get(person)
        if kind < 0.07:
            return {"type": "unfollow"}
        if kind < 0.10:
            return {"type": "follow", "follow": {"isUnblocked": False}}
        if kind < 0.12:
            return {"type": "unsend", "unsend": {"messageId": str(self.dice.randrange(10**9))}}
        if kind < 0.13:
            return {"type": "membership", "membership": {"type": "joined"}}
        if kind < 0.16:
            number = str(self.dice.randrange(10**12))
            return {
                "type": "message",
                "message": {"type": "sticker", "id": number, "packageId": "1", "stickerId": "1"},
            }
        if kind < 0.165:
            return typed(self.dice.choice(DANGER))
        if kind < 0.27 or not seen:
            return typed(self.dice.choice(self.words))
        return tapped(self.dice.choice(seen))

    # ---- the clock ---------------------------------------------------------------------------------------

    def pass_time(self, until: dt.datetime) -> None:
        """Move the clock on, doing what comes due on the way."""
        while self.turn <= until:
            self.clock.now = self.turn
            self._duties(seconds=True)
            if (self.turn - BEGIN) % dt.timedelta(days=1) == dt.timedelta(0):
                self._day()
            self.turn += dt.timedelta(days=1) / ROUNDS_A_DAY
        self.clock.now = until

    def _duties(self, seconds: bool) -> None:
        for duty in DUTIES:
            if (duty.seconds is not None) == seconds:
                duty.do(self.running.services)
        self.running.deliver()

    def _day(self) -> None:
        """The desks work, the handbook is opened, each seventh day news go out, and the night comes."""
        self._desks()
        self._pages()
        if (self.clock.now - BEGIN).days % 7 == 0:
            self._news()
        self._duties(seconds=False)

    def _desks(self) -> None:
        """Somebody calls; whatever is a week old is taken and closed, and every alarm is looked at."""
        services = self.running.services
        outcomes = list(services.content.outcomes)
        desk = deeds.Desk(services.content, services.now(), services.settings.public_url)
        doer, url = deeds.Doer("soak", None), services.settings.public_url
        with services.db.work() as work:
            opened = open_concern(
                work, services.content, url, services.now(), channel=DEFAULT_CHANNEL, person_id=None, town=TOWN,
                district=None, kind="safety", level=services.content.concern_kinds["safety"].level, since="days",
                subject_knows="unaware", source="telephone", actor=doer.name,
            )  # fmt: skip
            telling.entered(work, services.content, url, opened, EXAMPLE, doer.name)
        with services.db.look() as work:
            waiting = [
                one
                for one in concerns.listed(work)
                if one.state != "closed" and one.created_at < work.now - dt.timedelta(days=7)
            ]
        for one in waiting:
            with services.db.work() as work:
                found = concerns.get(work, one.id)
                assert found is not None
                taken = deeds.accept(work, doer, found) if found.state == "new" else found
                deeds.close(work, desk, doer, taken, self.dice.choice(outcomes), "soak")
        with services.db.work() as work:
            for alarm in dangers.alarming(work):
                dangers.seen(work, alarm.id, doer.name)

    def _pages(self) -> None:
        client = self.running.web.application.test_client()
        page = client.get("/handbook").get_data(as_text=True)
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
        client.post("/handbook", data=hidden | {"do": "start"})
        client.get("/handbook")
        Counting(self.running.services.db, self.running.services.usage).write()

    def _news(self) -> None:
        services = self.running.services
        words = [{"type": "text", "text": "お知らせです。"}]
        with services.db.work() as work:
            made = broadcasts.schedule(work, DEFAULT_CHANNEL, words, EVERYONE, work.now, created_by="soak")
        broadcast.fire(services, made.id, made.due_at)


# ---- what is looked at ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """How things stand after so many events."""

    events: int
    day: float
    megabytes: float
    rows: Mapping[str, int]


def look(life: Life) -> Look:
    with life.running.services.db.look() as work:
        rows = {
            table.name: work.conn.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }
    day = (life.clock.now - BEGIN) / dt.timedelta(days=1)
    return Look(life.done, day, resident_megabytes(), rows)


def live(life: Life, count: int, days: int) -> Iterator[Look]:
    """All of it, with a look every so often."""
    every = min(50_000, max(TOGETHER, count // 20))
    while life.done < count:
        life.moment()
        life.pass_time(BEGIN + dt.timedelta(days=days) * (life.done / count))
        if life.done % every < TOGETHER:
            yield look(life)


def kept_for(table: str) -> float | None:
    """The days after which nothing of this table is older; None where something of it stays."""
    rules = {column.kept for column in the_register().of_table(table)}
    if any(rule.by in ("stays", "erased") for rule in rules):
        return None
    days = [float(rule.days) for rule in rules if rule.days is not None]
    if any(rule.by == "parent" for rule in rules):
        days += [
            found for key in metadata.tables[table].foreign_keys if (found := kept_for(key.column.table.name))
        ]
    return max(days, default=0.0)


def judge(looks: list[Look]) -> list[str]:
    """What is wrong: memory that grew, tables that grow on beyond their time."""
    wrong = []
    warm = [one.megabytes for one in looks if one.events >= looks[-1].events * WARM_UP]
    if warm[-1] > warm[0] * FLAT:
        wrong.append(f"memory grew from {warm[0]:.0f} to {warm[-1]:.0f} MB after the warm-up")
    print(f"\n{'table':<24}{'rows':>9}  kept")
    for table, rows in sorted(looks[-1].rows.items(), key=lambda found: -found[1]):
        if not rows:
            continue
        said, grew = _of_table(table, looks)
        print(f"{table:<24}{rows:>9,}  {said}")
        wrong += [grew] if grew else []
    return wrong


def _of_table(table: str, looks: list[Look]) -> tuple[str, str | None]:
    days = kept_for(table)
    if days is None:
        return "for good, as the register says", None
    settled = [one.rows[table] for one in looks if one.day >= days + SETTLED.days]
    if len(settled) < 4:
        return f"{days:.0f} days, which is beyond this run", None
    half = len(settled) // 2
    before, after = sum(settled[:half]) / half, sum(settled[half:]) / (len(settled) - half)
    said = f"{days:.0f} days; since then {before:,.0f} rows, later {after:,.0f}"
    if after > max(FEW, before * STILL):
        return said, f"{table} still grows after {days:.0f} days: {before:,.0f} rows, later {after:,.0f}"
    return said, None


@contextmanager
def a_town(url: str | None) -> Iterator[Life]:
    """A migrated database with the service around it."""
    with tempfile.TemporaryDirectory() as folder:
        address = url or f"sqlite:///{folder}/soak.db"
        engine = new_engine(address)
        migrate(engine)
        engine.dispose()
        clock = Clock(BEGIN)
        with closing(open_database(address, cipher_from(new_key("b")), clock)) as db:
            with db.work() as work:
                course = courses.create(
                    work, DEFAULT_CHANNEL, title="講座", town=TOWN, on=BEGIN.date(), place="市役所", capacity=40,
                    valid_from=BEGIN, valid_until=BEGIN + dt.timedelta(days=3_650),
                )  # fmt: skip
            words = (*WORDS, course.readable_code)
            running = inside(load_content(ROOT / "content"), db)
            yield Life(running, clock, random.Random(8), words)  # noqa: S311


def main() -> int:
    wanted = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wanted.add_argument("--events", type=int, default=1_000_000)
    wanted.add_argument("--days", type=int, default=900, help="that pass meanwhile")
    wanted.add_argument("--database", help="an empty PostgreSQL database; without it SQLite")
    chosen = wanted.parse_args()
    began, looks = time.perf_counter(), []
    with a_town(chosen.database) as life:
        for one in live(life, chosen.events, chosen.days):
            looks.append(one)
            most = sorted(one.rows.items(), key=lambda found: -found[1])[:8]
            rows = " ".join(f"{table} {count:,}" for table, count in most)
            print(f"{one.events:>9,} events, day {one.day:4.0f}: {one.megabytes:4.0f} MB; {rows}", flush=True)
        wrong = judge(looks)
    print(
        f"{time.perf_counter() - began:.0f} s; {'; '.join(wrong) or 'memory flat, every table within its time'}"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
