"""R15, R16: disks fill, databases go, LINE and the mail server go, the clock jumps. After each of them nothing that was
acknowledged is lost, nothing comes twice, all goes on within half a minute, and there was one alarm."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from loopback_line import LoopbackLine, Said, loopback_line
from post_office import DESK, office_at
from sqlalchemy import event, func, select
from surroundings import Clock
from town import Town, settings, the_content
from waiting import wait_until

from bot import metrics, outage
from bot.app import Services, create_app
from bot.line.client import LineClient
from jobs import timetable
from jobs.clock_watch import ClockWatch
from jobs.deliver import Deliverer, deliver_some
from simulator.mail import MailFault
from storage import events, mails, outbox
from storage.crypto import Cipher
from storage.database import open_database
from storage.work import Database

SOON = 30  # seconds
REPLY, PUSH = "/v2/bot/message/reply", "/v2/bot/message/push"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def alarms_so_far() -> dict[str, float]:
    return {
        sample.labels["name"]: sample.value
        for family in metrics.ALARMS.collect()
        for sample in family.samples
        if sample.name.endswith("_total")
    }


@pytest.fixture
def alarms() -> Iterator[Callable[[], list[str]]]:
    """The names of the alarms since the test began, each as often as it was raised."""
    outage.forget()
    before = alarms_so_far()

    def since() -> list[str]:
        now = alarms_so_far()
        return [name for name in now for _ in range(round(now[name] - before.get(name, 0)))]

    yield since
    outage.forget()


@dataclass
class Shore:
    """A town whose people write, its LINE, and what each event came to."""

    town: Town
    line: LoopbackLine
    given: dict[str, tuple[Any, dict[str, Any]]] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)

    @property
    def db(self) -> Database:
        return self.town.services.db

    def writes(self) -> int:
        """Somebody new types something; the status."""
        phone = self.town.phone()
        message = {"type": "text", "id": "1", "quoteToken": "q", "text": "メニュー"}
        sent = phone.event({"type": "message", "message": message})
        self.given[sent["webhookEventId"]] = phone, sent
        return self.delivers(sent["webhookEventId"])

    def delivers(self, name: str) -> int:
        phone, sent = self.given[name]
        status = int(phone.post([sent]))
        if status == 200:
            self.acknowledged.add(name)
        return status

    def delivers_again(self) -> list[int]:
        """LINE comes again with what was not acknowledged, and by mistake with some that was."""
        return [self.delivers(name) for name in self.given]

    def stored(self) -> set[str]:
        with self.db.look() as work:
            return set(work.conn.execute(select(events.seen_events.c.event_id)).scalars())

    def written(self) -> int:
        with self.db.look() as work:
            query = select(func.count()).select_from(outbox.outbox).where(outbox.outbox.c.kind == "message")
            return int(work.conn.execute(query).scalar_one())

    def waiting(self) -> int:
        with self.db.look() as work:
            query = select(func.count()).select_from(outbox.outbox).where(outbox.outbox.c.state == "waiting")
            return int(work.conn.execute(query).scalar_one())

    def reached(self) -> int:
        """How many messages LINE was given, each counted once by what LINE knows it again by."""
        tokens = {asked.json["replyToken"] for asked in self.line.calls("reply")}
        keys = {asked.headers["x-line-retry-key"] for asked in self.line.calls("push")}
        return len(tokens) + len(keys)

    def nothing_is_lost_and_nothing_twice(self) -> None:
        assert self.acknowledged <= self.stored()
        assert set(self.delivers_again()) == {200}
        assert self.stored() == set(self.given)
        assert self.written() == len(self.given)


def shore_at(db: Database, line: LoopbackLine) -> Shore:
    config = settings()
    services = Services(config, the_content(), db, LineClient(config.channels, line.base, (1, 2)))
    return Shore(Town(services, create_app(services)), line)


@pytest.fixture
def shore(database_url: str, cipher: Cipher) -> Iterator[Shore]:
    """With the true clock, and a sender in the background."""
    db = open_database(database_url, cipher)
    with loopback_line() as line:
        made = shore_at(db, line)
        sender = Deliverer(db, made.town.services.line, made.town.services.bell, every=0.1)
        sender.start()
        yield made
        sender.stop()
        made.town.services.line.close()
    db.close()


@pytest.fixture
def slow_shore(db: Database) -> Iterator[Shore]:
    """With the clock that is set by hand."""
    with loopback_line() as line:
        made = shore_at(db, line)
        yield made
        made.town.services.line.close()


# ---- the database ------------------------------------------------------------------------------------------


@contextmanager
def crippled(db: Database, pragma: str) -> Iterator[None]:
    """Every connection of this database, for a while."""

    def cripple(connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA {pragma}")

    def heal(connection: Any, *_: object) -> None:
        connection.execute("PRAGMA query_only = OFF")
        connection.execute("PRAGMA max_page_count = 1073741823")

    event.listen(db.engine, "checkout", cripple)
    try:
        yield
    finally:
        event.remove(db.engine, "checkout", cripple)
        event.listen(db.engine, "checkout", heal)


@on_sqlite
@pytest.mark.parametrize(
    "pragma", ["max_page_count = 1", "query_only = ON"], ids=["disk full", "read-only file"]
)
def test_a_file_that_takes_nothing_more(shore: Shore, alarms: Callable[[], list[str]], pragma: str) -> None:
    assert [shore.writes() for _ in range(5)] == [200] * 5
    with crippled(shore.db, pragma):  # no page more than there are: what fits into them is still taken
        said = [shore.writes() for _ in range(40)]
        assert set(said) <= {200, 500}
        assert 500 in said
        time.sleep(0.5)
    began = time.monotonic()
    wait_until(lambda: shore.writes() == 200, SOON)
    shore.nothing_is_lost_and_nothing_twice()
    wait_until(lambda: shore.waiting() == 0, SOON)
    print(f"all of it {time.monotonic() - began:.1f} s later")
    assert shore.reached() == len(shore.given)
    with shore.db.look() as work:
        assert work.conn.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    assert alarms() == [outage.DATABASE]


HOLD = """
import sqlite3, sys, time
held = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
held.execute("ROLLBACK")
"""


@on_sqlite
@pytest.mark.parametrize(
    ("seconds", "alarmed"), [(2, []), pytest.param(12, [outage.DATABASE], marks=pytest.mark.hard)]
)
def test_a_file_that_another_process_holds(
    shore: Shore, alarms: Callable[[], list[str]], seconds: int, alarmed: list[str]
) -> None:
    """For two seconds everybody waits; after ten LINE is asked to come again."""
    assert shore.writes() == 200
    file = str(shore.db.engine.url.database)
    held = subprocess.Popen([sys.executable, "-c", HOLD, file, str(seconds)], stdout=subprocess.PIPE)
    assert held.stdout is not None
    assert held.stdout.readline() == b"held\n"
    writers = [threading.Thread(target=shore.writes) for _ in range(6)]
    for each in writers:
        each.start()
    held.wait(60)
    held.stdout.close()
    for each in writers:
        each.join(60)
    wait_until(lambda: shore.writes() == 200, SOON)
    shore.nothing_is_lost_and_nothing_twice()
    wait_until(lambda: shore.waiting() == 0, SOON)
    assert shore.reached() == len(shore.given)
    assert alarms() == alarmed


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_connections_that_are_cut(shore: Shore, alarms: Callable[[], list[str]], postgresql_url: str) -> None:
    """As after a restart of PostgreSQL (the true one is in test_restarts.py): again and again, under way."""
    from sqlalchemy import create_engine

    admin = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    cut = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE application_name = 'tsunagari' AND datname = current_database()"
    )
    for _ in range(10):
        writers = [threading.Thread(target=shore.writes) for _ in range(4)]
        for each in writers:
            each.start()
        with admin.connect() as conn:
            conn.exec_driver_sql(cut)
        for each in writers:
            each.join(60)
    admin.dispose()
    wait_until(lambda: shore.writes() == 200, SOON)
    shore.nothing_is_lost_and_nothing_twice()
    wait_until(lambda: shore.waiting() == 0, 90)
    assert shore.reached() == len(shore.given)
    assert alarms() in ([], [outage.DATABASE])  # a connection that was cut between two requests is no outage


# ---- LINE, and the mail server -----------------------------------------------------------------------------


def test_line_is_down_for_an_hour(slow_shore: Shore, clock: Clock, alarms: Callable[[], list[str]]) -> None:
    shore = slow_shore

    def for_a_while(seconds: int, step: int) -> None:
        for _ in range(seconds // step):
            deliver_some(shore.db, shore.town.services.line)
            clock.move(seconds=step)

    for path in (REPLY, PUSH):
        shore.line.on(path, Said(503))
    for _ in range(6):
        assert shore.writes() == 200
        for_a_while(60, 4)
        for_a_while(540, 60)
    assert shore.waiting() == 6
    for path in (REPLY, PUSH):
        shore.line.on(path, Said())
    before = len(shore.line.asked)
    for_a_while(SOON, 2)
    assert shore.waiting() == 0
    taken = shore.line.asked[before:]
    assert {asked.endpoint for asked in taken} == {"push"}  # the tokens died long ago
    assert len({asked.json["to"] for asked in taken}) == len(taken) == 6
    shore.nothing_is_lost_and_nothing_twice()
    assert alarms() == [outage.LINE]


def test_the_mail_server_is_down_for_an_hour(
    db: Database, clock: Clock, alarms: Callable[[], list[str]]
) -> None:
    with office_at(db) as office:
        office.server.mailbox.add_fault(MailFault("connect", drop=True, times=None))
        for _ in range(6):
            office.tells(office.concern())
            for _ in range(3):
                office.rounds()
                clock.move(seconds=200)
        assert _mails(db) == ["queued"] * 6
        office.server.mailbox.clear_faults()
        office.rounds()
        clock.move(seconds=SOON)
        office.rounds()
        assert _mails(db) == ["sent"] * 6
        assert office.arrived == [DESK] * 6
    assert alarms() == [outage.MAIL]


def _mails(db: Database) -> list[str]:
    with db.look() as work:
        return list(work.conn.execute(select(mails.mails.c.state)).scalars())


# ---- the clock ----------------------------------------------------------------------------------------------

DAYS = {
    "an ordinary day": dt.datetime(2026, 12, 1, 1, 0, tzinfo=dt.UTC),
    "the end of the year": dt.datetime(2026, 12, 31, 14, 59, 50, tzinfo=dt.UTC),
    "29 February": dt.datetime(2028, 2, 28, 14, 59, 50, tzinfo=dt.UTC),
}


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        *(("an ordinary day", hours) for hours in (-24, -1, 1, 24)),
        *((day, hours) for day in list(DAYS)[1:] for hours in (-24, 24)),
    ],
)
def test_the_clock_jumps(
    slow_shore: Shore, clock: Clock, alarms: Callable[[], list[str]], day: str, hours: int
) -> None:
    shore, steady = slow_shore, [1_000.0]
    clock.now = DAYS[day]
    watch = ClockWatch(shore.db, lambda: steady[0])

    def passes(seconds: float) -> None:
        clock.move(seconds=seconds)
        steady[0] += seconds

    for path in (REPLY, PUSH):
        shore.line.on(path, Said(503))
    shore.writes()
    for _ in range(3):  # one is to be tried again
        deliver_some(shore.db, shore.town.services.line)
        passes(2)
        assert watch.look() == 0
    shore.writes()
    shore.writes()  # two are new, of which one is held by a sender that dies now
    with shore.db.work() as work:
        assert len(outbox.claim(work, 1)) == 1
    for path in (REPLY, PUSH):
        shore.line.on(path, Said())
    before = len(shore.line.asked)
    clock.move(hours=hours)
    assert watch.look() == pytest.approx(hours * 3_600)
    for _ in range(15):
        deliver_some(shore.db, shore.town.services.line)
        passes(2)
        assert watch.look() == 0
    shore.writes()
    deliver_some(shore.db, shore.town.services.line)
    assert shore.waiting() == 0
    assert len(shore.line.asked) - before == 4
    shore.nothing_is_lost_and_nothing_twice()
    assert alarms() == ["clock.jumped"]


def test_a_clock_that_is_put_right_a_little_every_day_is_no_alarm(
    db: Database, clock: Clock, alarms: Callable[[], list[str]]
) -> None:
    steady = [0.0]
    watch = ClockWatch(db, lambda: steady[0])
    for number in range(1_000):
        clock.move(seconds=5.1)
        steady[0] += 5
        assert watch.look() == 0, number
    assert alarms() == []


@on_sqlite
def test_what_was_to_happen_each_minute_goes_on_after_the_clock_was_put_back(slow_shore: Shore) -> None:
    running = timetable.start(slow_shore.town.services)
    try:
        far = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
        for job in running.scheduler.get_jobs(jobstore=timetable.RHYTHM):
            running.scheduler.modify_job(job.id, jobstore=timetable.RHYTHM, next_run_time=far)
        running.begin_anew()
        soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1, seconds=1)
        turns = {job.id: job.next_run_time for job in running.scheduler.get_jobs(jobstore=timetable.RHYTHM)}
        assert {name for name, due in turns.items() if due > soon} == {"handbook", "life", "nightly", "quota"}
    finally:
        running.stop()
