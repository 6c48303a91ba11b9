"""A town moves from SQLite to PostgreSQL while it goes on: every row arrives once, and no service can run on both."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rotation_under_fire import every_value_opens
from sealed_rows import fill
from sqlalchemy import URL, create_engine, make_url, select, text, update
from surroundings import Clock

from jobs import deliver, timetable
from storage import (
    audit,
    broadcasts,
    concerns,
    instance,
    moved,
    moving,
    moving_rows,
    moving_source,
    outbox,
    people,
    photos,
    segments,
    staff,
    switches,
)
from storage.backup import parts_of, snapshot, tables_of
from storage.crypto import Cipher, cipher_from, new_key
from storage.database import WrongKeys, new_engine, open_database
from storage.migrate import NewerDatabase, migrate, rebuilding, upgrade
from storage.moving import CannotMove, Move, first_round, hand_over, outlook, stay
from storage.restore import InUse
from storage.work import Database

BY_A_MOVE = {"instance", "switches"}
"""Tables in which the two differ in the end: where each lives, and that the one has moved."""
TO = "postgresql://db.example/town"


class Server:
    """Makes databases, and drops them in the end."""

    def __init__(self, url: URL) -> None:
        self.url, self.count = url, 0
        self.admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")

    def new(self, how: str = "") -> str:
        """The address of a new database."""
        self.count += 1
        name = f"{self.url.database}_m{self.count}"
        self.drop(name)
        with self.admin.connect() as conn:
            conn.exec_driver_sql(f"CREATE DATABASE {name} {how}")
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        with self.admin.connect() as conn:
            conn.exec_driver_sql(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def close(self) -> None:
        for number in range(1, self.count + 1):
            self.drop(f"{self.url.database}_m{number}")
        self.admin.dispose()


@pytest.fixture
def source(migrated_sqlite: Path, tmp_path: Path, cipher: Cipher, clock: Clock) -> Iterator[Database]:
    """A running town."""
    path = shutil.copy(migrated_sqlite, tmp_path / "source.db")
    opened = open_database(f"sqlite:///{path}", cipher, clock)
    instance.note_start(opened, instance.sqlite_path(opened.engine))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def server(postgresql_url: str) -> Iterator[Server]:
    made = Server(make_url(postgresql_url))
    yield made
    made.close()


@pytest.fixture(scope="module")
def migrated(server: Server) -> str:
    """The name of a migrated, empty database of which others are made: quicker than to migrate each."""
    engine = new_engine(server.new())
    migrate(engine)
    engine.dispose()
    return str(engine.url.database)


@pytest.fixture
def bare_url(server: Server) -> Iterator[str]:
    """A database without a table."""
    url = server.new()
    yield url
    server.drop(url)


@pytest.fixture
def target_url(server: Server, migrated: str) -> Iterator[str]:
    """A migrated, empty database."""
    url = server.new(f"TEMPLATE {migrated}")
    yield url
    server.drop(url)


@pytest.fixture(scope="module")
def untouched_url(server: Server, migrated: str) -> str:
    """A migrated, empty database for tests in which nothing is written to it."""
    return server.new(f"TEMPLATE {migrated}")


@pytest.fixture
def move(source: Database, target_url: str, cipher: Cipher) -> Iterator[Move]:
    made = Move(new_engine(str(source.engine.url)), new_engine(target_url), cipher, TO)
    yield made
    made.source.dispose()
    made.target.dispose()


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving_rows, "AT_ONCE", 7)


def parts(engine: Any) -> dict[str, Any]:
    with snapshot(engine) as conn:
        return parts_of(conn, tables_of(conn, at_head=True))


def handed_over(source: Database, move: Move, clock: Clock) -> dict[str, moving.Done]:
    source.close()
    return hand_over(move, clock(), "cli:test")


def shape(url: str) -> list[tuple[Any, ...]]:
    """Every column, constraint and index, as PostgreSQL says them."""
    engine = new_engine(url)
    with engine.connect() as conn:
        found = conn.execute(
            text(
                "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns"
                " WHERE table_schema = 'public' UNION ALL SELECT conrelid::regclass::text, conname, contype::text,"
                " convalidated::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
                " UNION ALL SELECT tablename, indexname, '', '', indexdef FROM pg_indexes WHERE schemaname = 'public'"
                " ORDER BY 1, 2, 3, 4, 5"
            )
        ).all()
    engine.dispose()
    return [tuple(row) for row in found]


# ---- what arrives --------------------------------------------------------------------------------------------


def test_everything_arrives_as_it_was_and_the_town_goes_on_where_it_stood(
    source: Database, move: Move, target_url: str, cipher: Cipher, clock: Clock
) -> None:
    big = os.urandom(3_000_000)
    fill(source, 3)
    with source.work() as work:
        concern = concerns.listed(work)[0]
        photo = photos.add(work, concern, big, 1, 1)
        later = broadcasts.schedule(
            work, "iwami", [{}], segments.EVERYONE, work.now + dt.timedelta(hours=5), created_by="x"
        ).id
        audit.note(work, "cli", "created", "thing", "1", staff.HOUSE)
    timetable.prepare(source)
    timetable.sync(source)
    with source.look() as work:
        values = every_value_opens(work)
    before = outlook(move)
    assert before.state == "new"
    first_round(move, clock(), "cli:test")
    assert outlook(move).copied == {**before.rows, "audit": before.rows["audit"] + 1}
    done = handed_over(source, move, clock)
    here, there = parts(move.source), parts(move.target)
    assert here.keys() == there.keys()
    assert {name for name in here if here[name] != there[name]} == BY_A_MOVE
    assert {name: done[name].rows for name in there} == {name: part.rows for name, part in there.items()}
    assert here["switches"].rows == there["switches"].rows + 1
    other = open_database(target_url, cipher, clock)
    with other.work() as work:
        assert every_value_opens(work) == values
        assert photos.picture(work, concern, photo.id) == big
        assert audit.verify(work, staff.HOUSE) is None
        assert {each.deed for each in audit.listed(work)} >= {"created", "copied", "moved"}
        known = set(work.conn.execute(select(outbox.outbox.c.id)).scalars())
        outbox.put(work, "iwami", "message", {}, person_id=people.lock(work, "iwami", "U" + "9" * 32).id)
        (fresh,) = set(work.conn.execute(select(outbox.outbox.c.id)).scalars()) - known
        assert fresh > max(known)
    assert timetable.planned(other).keys() >= {later}
    assert timetable.sync(other) == 0
    assert instance.note_start(other, None) is None
    with other.look() as work:
        assert switches.sending_paused(work) is None
    other.close()


def test_into_a_bare_database_and_it_is_made_like_one_that_was_never_copied(
    source: Database, bare_url: str, target_url: str, cipher: Cipher, clock: Clock
) -> None:
    fill(source, 1)
    move = Move(new_engine(str(source.engine.url)), new_engine(bare_url), cipher, TO)
    handed_over(source, move, clock)
    move.target.dispose()
    fresh = new_engine(target_url)
    timetable.prepare(Database(fresh, cipher, b""))
    fresh.dispose()
    assert len(shape(target_url)) > 500
    assert shape(bare_url) == shape(target_url)


def test_what_changes_between_the_rounds_arrives_too_and_what_went_does_not_come_back(
    source: Database, move: Move, small_batches: None, clock: Clock
) -> None:
    fill(source, 4)
    first_round(move, clock(), "cli:test")
    with source.work() as work:
        ids = work.conn.execute(select(people.people.c.id).order_by(people.people.c.id)).scalars().all()
        names = work.conn.execute(
            select(people.people.c.id, people.people.c.line_index).order_by(people.people.c.id)
        ).all()
        one, two = names[0], names[1]  # what must be unique changes places
        for row, value in ((one.id, "free"), (two.id, one.line_index), (one.id, two.line_index)):
            work.conn.execute(update(people.people).where(people.people.c.id == row).values(line_index=value))
        work.conn.execute(outbox.outbox.delete().where(outbox.outbox.c.person_id == ids[2]))
        for number in range(20):
            person = people.lock(work, "iwami", f"U{number + 100:032x}")
            outbox.put(work, "iwami", "message", {"n": number}, person_id=person.id)
    again = first_round(move, clock(), "cli:test")
    assert again["people"].written == 22
    assert again["concerns"].written == 0
    with source.work() as work:
        person = people.lock(work, "iwami", "U" + "e" * 32)
    done = handed_over(source, move, clock)
    assert done["people"].written == 1
    here, there = parts(move.source), parts(move.target)
    assert {name for name in here if here[name] != there[name]} == BY_A_MOVE


AWKWARD = [
    "", " ", "\\N", "\t\n\r\\", "'\"%s%%:x", "NULL", "山田　太郎", "👪🏽\u200d", "か\u3099",
    "\x01\x7f", "\ufeff", "e\u0301" * 40,
]  # fmt: skip


def test_no_value_is_bent_on_its_way(source: Database, move: Move, small_batches: None, clock: Clock) -> None:
    table = switches.channel_pauses
    ends = [dt.datetime.min, dt.datetime.max, dt.datetime(2026, 3, 1, 0, 0, 0, 1)]
    with source.work() as work:
        for number, words in enumerate(AWKWARD):
            until = ends[number % 3].replace(tzinfo=dt.UTC)
            work.conn.execute(
                table.insert().values(channel=f"{words[:8]}{number}", until=until, reason=words)
            )
        person = people.lock(work, "iwami", "U" + "1" * 32)
        for ms in (2**63 - 1, -(2**63), 0):
            work.conn.execute(
                update(people.people).values(friend_changed_ms=ms, line_id=bytes(range(256)), town=None)
            )
        other = people.lock(work, "iwami", "U" + "2" * 32)
        biggest = {"friend_changed_ms": 2**63 - 1, "line_id": b"", "paused": True}
        work.conn.execute(update(people.people).where(people.people.c.id == other.id).values(**biggest))
    handed_over(source, move, clock)
    here, there = parts(move.source), parts(move.target)
    assert {name for name in here if here[name] != there[name]} == BY_A_MOVE
    with move.target.connect() as conn:
        assert set(conn.execute(select(table.c.reason)).scalars()) == set(AWKWARD)
        rows = {row.id: row for row in conn.execute(select(people.people))}
    assert (rows[person.id].friend_changed_ms, rows[person.id].line_id) == (0, bytes(range(256)))
    assert (rows[other.id].friend_changed_ms, rows[other.id].line_id) == (2**63 - 1, b"")
    assert (rows[person.id].paused, rows[other.id].paused, rows[person.id].town) == (False, True, None)


def test_keys_are_walked_in_the_order_of_their_bytes_whatever_the_language_of_the_other_side(
    source: Database, server: Server, cipher: Cipher, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving_rows, "AT_ONCE", 2)
    url = server.new("TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'ja-JP' LOCALE 'C.UTF-8'")
    with source.work() as work:
        for channel in ("a", "B", "Z", "z", "_", "-", "ア", "あ", "亜", "é", "𠮷"):
            switches.pause_channel(work, channel, work.now, "x")
    move = Move(new_engine(str(source.engine.url)), new_engine(url), cipher, TO)
    assert first_round(move, clock(), "cli:test")["channel_pauses"].rows == 11
    assert handed_over(source, move, clock)["channel_pauses"].written == 0
    here, there = parts(move.source), parts(move.target)
    assert {each for each in here if here[each] != there[each]} == BY_A_MOVE
    move.target.dispose()


def test_a_town_without_a_single_row_moves_too_and_counts_from_one(
    source: Database, move: Move, target_url: str, cipher: Cipher, clock: Clock
) -> None:
    handed_over(source, move, clock)
    other = open_database(target_url, cipher, clock)
    with other.work() as work:
        outbox.put(work, "iwami", "message", {}, person_id=people.lock(work, "iwami", "U" + "9" * 32).id)
        assert work.conn.execute(select(outbox.outbox.c.id)).scalars().all() == [1]
    other.close()


def test_a_batch_holds_few_rows_where_they_are_large(
    source: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving_rows, "MOST_BYTES", 100_000)
    with source.work() as work:
        for number in range(5):
            photo = {
                "line_id": os.urandom(30_000),
                "channel": "iwami",
                "line_index": str(number),
                "friend": True,
            }
            more = {"friend_changed_ms": 0, "role": "r", "created_at": work.now, "paused": False}
            work.conn.execute(people.people.insert().values(id=f"{number:032x}", **photo, **more))
    with source.look() as work:
        first = moving_rows.batch_after(work.conn, people.people, None)
        rest = moving_rows.batch_after(work.conn, people.people, first.upto)
    assert [len(first.rows), len(rest.rows)] == [4, 1]
    assert (first.upto, rest.upto) == ([first.rows[-1][0]], None)


# ---- what does not fit, and what differs ---------------------------------------------------------------------

WRONG: dict[str, tuple[str, str]] = {  # what stands there: how it gets there, and the column
    "a zero byte": ("UPDATE people SET town = 'tot' || char(0) || 'tori'", "town"),
    "too long a word": ("UPDATE people SET town = hex(zeroblob(17))", "town"),
    "bytes for text": ("UPDATE people SET town = x'61'", "town"),
    "too large a number": ("UPDATE person_topics SET heard = 2147483648", "heard"),
    "too small a number": ("UPDATE person_topics SET heard = -2147483649", "heard"),
    "a fraction": ("UPDATE person_topics SET heard = 0.5", "heard"),
    "neither yes nor no": ("UPDATE people SET friend = 2", "friend"),
    "text for bytes": ("UPDATE people SET line_id = 'U1'", "line_id"),
    "another form of a moment": ("UPDATE people SET created_at = '2026-12-01T01:00:00Z'", "created_at"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_value_that_would_not_fit_is_named_before_anything_is_copied(
    source: Database, untouched_url: str, cipher: Cipher, clock: Clock, wrong: str
) -> None:
    statement, column = WRONG[wrong]
    move = Move(new_engine(str(source.engine.url)), new_engine(untouched_url), cipher, TO)
    with source.work() as work:
        person = people.lock(work, "iwami", "U" + "1" * 32)
        people.register(work, person, town="t", district=None, topics=("events",), consent_version="1")
        work.conn.exec_driver_sql(statement)
    (bad,) = outlook(move).unfit
    assert (bad.column, bad.key[0]) == (column, person.id)
    for deed in (first_round, hand_over):
        if deed is hand_over:
            source.close()
        with pytest.raises(CannotMove, match="unfit"):
            deed(move, clock(), "cli:test")
        assert outlook(move).state == "new"
    move.source.dispose()
    move.target.dispose()


def test_a_row_that_somebody_changed_over_there_is_found_and_put_right(
    source: Database, move: Move, target_url: str, small_batches: None, clock: Clock
) -> None:
    fill(source, 12)
    first_round(move, clock(), "cli:test")
    with move.target.begin() as conn:
        ids = conn.execute(select(people.people.c.id).order_by(people.people.c.id)).scalars().all()
        conn.execute(update(people.people).where(people.people.c.id == ids[3]).values(friend_changed_ms=77))
        conn.execute(people.people.delete().where(people.people.c.id == ids[5]))
        conn.exec_driver_sql(
            "UPDATE outbox SET created_at = created_at + interval '1 microsecond' WHERE id = 2"
        )
        conn.exec_driver_sql("UPDATE people SET line_id = set_byte(line_id, 9, 255) WHERE id = %s", (ids[7],))
        row = conn.exec_driver_sql("SELECT * FROM people WHERE id = %s", (ids[11],)).mappings().one()
        conn.execute(people.people.insert().values({**row, "id": "f" * 32}))
    done = handed_over(source, move, clock)
    assert (done["people"].written, done["outbox"].written) == (4, 1)
    here, there = parts(move.source), parts(move.target)
    assert {name for name in here if here[name] != there[name]} == BY_A_MOVE


def test_a_target_that_keeps_something_else_than_it_is_given_stops_the_move_and_the_town_goes_on(
    source: Database, move: Move, cipher: Cipher, clock: Clock
) -> None:
    fill(source, 1)
    first_round(move, clock(), "cli:test")
    with source.work() as work:
        changed = people.lock(work, "iwami", "U" + "1" * 32)
    with move.target.begin() as conn:
        conn.exec_driver_sql(
            "CREATE FUNCTION bend() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN NEW.friend_changed_ms := NEW.friend_changed_ms + 1; RETURN NEW; END $$"
        )
        conn.exec_driver_sql(
            "CREATE TRIGGER bend BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION bend()"
        )
    with pytest.raises(CannotMove, match="differs: people"):
        handed_over(source, move, clock)
    move.source.dispose()
    open_database(str(source.engine.url), cipher, clock).close()
    with move.target.begin() as conn:
        conn.exec_driver_sql("DROP TRIGGER bend ON people")
    assert handed_over(source, move, clock)["people"].written == 1
    with move.target.connect() as conn:
        found = conn.execute(select(people.people.c.id).where(people.people.c.id == changed.id)).scalar()
    assert found == changed.id


# ---- killed ------------------------------------------------------------------------------------------------------

PROGRAM = """
import datetime, os, signal, sys
from sqlalchemy import event
from storage import moved, moving, moving_rows
from storage.crypto import cipher_from
from storage.database import new_engine
deed, source, target, keys, at = sys.argv[1:]
moving_rows.AT_ONCE = 20
move = moving.Move(new_engine(source), new_engine(target), cipher_from(keys), "postgresql://db.example/town")

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

if at == "marked":  # the source says that it has moved, the target is not committed yet
    event.listen(move.target, "commit", lambda conn: moved.is_unfinished(conn) or die())
elif at != "-":  # the batch of this number is written, and not committed yet
    commits = iter(range(int(at)))
    event.listen(move.target, "commit", lambda conn: next(commits, None) is None and die())
getattr(moving, deed)(move, datetime.datetime.now(datetime.UTC), "cli:test")
print("done")
"""


@pytest.fixture
def keys() -> str:
    return new_key("t1")


@pytest.fixture
def cipher(keys: str) -> Cipher:
    return cipher_from(keys)


@pytest.fixture
def run(source: Database, move: Move, target_url: str, keys: str) -> Callable[[str, str], int]:
    """In a process of its own: `run("first_round", "7")` dies by SIGKILL in its seventh batch, "-" does not."""

    def child(deed: str, at: str) -> int:
        move.source.dispose()
        move.target.dispose()
        arguments = [sys.executable, "-c", PROGRAM, deed, str(source.engine.url), target_url, keys, at]
        ended = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
        assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
        return ended.returncode

    return child


def test_killed_at_any_batch_it_goes_on_where_it_was_and_doubles_nothing(
    source: Database,
    move: Move,
    target_url: str,
    run: Callable[[str, str], int],
    cipher: Cipher,
    clock: Clock,
) -> None:
    fill(source, 2)
    with source.work() as work:
        for number in range(200):
            people.lock(work, "iwami", f"U{number + 100:032x}")
    reached = list[int]()
    for at in ("0", "1", "4", "30", "35", "2"):
        assert run("first_round", at) == -signal.SIGKILL
        reached.append(sum(outlook(move).copied.values()))
    assert reached == sorted(reached)
    assert reached[0] == 0 < reached[-1]
    assert run("first_round", "-") == 0
    found = outlook(move)
    assert {name for name in found.rows if found.rows[name] != found.copied[name]} == {
        "audit"
    }  # the later tries
    with source.work() as work:
        people.lock(work, "iwami", "U" + "e" * 32)
    source.close()
    for at in ("3", "10", "marked"):
        assert run("hand_over", at) == -signal.SIGKILL
    assert run("hand_over", "-") == 0
    here, there = parts(move.source), parts(move.target)
    assert {name for name in here if here[name] != there[name]} == BY_A_MOVE
    other = open_database(target_url, cipher, clock)
    with other.look() as work:
        assert audit.verify(work, staff.HOUSE) is None
    other.close()


def test_at_no_moment_can_a_service_open_both_and_between_the_two_it_can_open_neither(
    source: Database,
    move: Move,
    target_url: str,
    run: Callable[[str, str], int],
    cipher: Cipher,
    clock: Clock,
) -> None:
    here = str(source.engine.url)

    def opens(url: str) -> bool:
        try:
            open_database(url, cipher, clock).close()
        except (moved.Moved, moved.Unfinished):
            return False
        return True

    assert run("first_round", "-") == 0
    assert (opens(here), opens(target_url)) == (True, False)
    source.close()
    assert run("hand_over", "2") == -signal.SIGKILL
    assert (opens(here), opens(target_url)) == (True, False)
    assert run("hand_over", "marked") == -signal.SIGKILL
    assert (opens(here), opens(target_url)) == (False, False)
    with pytest.raises(CannotMove, match="handing_over"):
        first_round(move, clock(), "cli:test")
    assert run("hand_over", "-") == 0
    assert (opens(here), opens(target_url)) == (False, True)
    assert outlook(move).state == "done"
    with pytest.raises(moved.Moved, match=r"db\.example"):
        open_database(here, cipher, clock)


# ---- nothing twice, nothing lost ------------------------------------------------------------------------------------


def test_what_waits_is_sent_from_the_new_house_with_its_old_retry_key_and_what_was_sent_is_not_sent_again(
    source: Database, move: Move, target_url: str, cipher: Cipher, clock: Clock
) -> None:
    with source.work() as work:
        for number in range(3):
            person = people.lock(work, "iwami", f"U{number:032x}")
            outbox.put(work, "iwami", "message", {"messages": []}, person_id=person.id)
    first_round(move, clock(), "cli:test")
    with source.work() as work:
        taken, died, waiting = (row.id for row in deliver.claim(work, 10))
        work.conn.execute(update(outbox.outbox).where(outbox.outbox.c.id == taken).values(state="accepted"))
        work.conn.execute(
            update(outbox.outbox).where(outbox.outbox.c.id == waiting).values(leased_until=None)
        )
        keys_here = {row.id: row.retry_key for row in work.conn.execute(select(outbox.outbox))}
    handed_over(source, move, clock)
    other = open_database(target_url, cipher, clock)
    instance.note_start(other, None)
    with other.work() as work:
        at_once = {row.id: row.retry_key for row in deliver.claim(work, 10)}
    clock.move(minutes=5)  # the lease of a sender that died has ended
    with other.work() as work:
        later = {row.id for row in deliver.claim(work, 10)}
    assert at_once == {waiting: keys_here[waiting]}
    assert died in later
    assert taken not in later
    other.close()


def test_somebody_who_stopped_sending_finds_it_stopped_over_there(
    source: Database, move: Move, target_url: str, cipher: Cipher, clock: Clock
) -> None:
    with source.work() as work:
        switches.pause_sending(work, "職員が止めました。")
    handed_over(source, move, clock)
    other = open_database(target_url, cipher, clock)
    with other.look() as work:
        assert switches.sending_paused(work) == "職員が止めました。"
    other.close()


def test_nothing_is_handed_over_while_somebody_works_here_or_there(
    source: Database,
    move: Move,
    target_url: str,
    cipher: Cipher,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(moving_source, "PATIENCE", 0)
    monkeypatch.setattr("storage.restore.PATIENCE", 0.5)
    with source.look() as work:
        staff.listed(work)
        with pytest.raises(InUse):
            hand_over(move, clock(), "cli:test")
    source.close()
    service = open_database(target_url, cipher, clock)
    with service.look() as work:
        staff.listed(work)
        for deed in (first_round, hand_over):
            with pytest.raises(InUse):
                deed(move, clock(), "cli:test")
    service.close()
    assert outlook(move).state == "new"
    handed_over(source, move, clock)


def test_nobody_can_write_here_while_it_is_handed_over(
    source: Database, move: Move, cipher: Cipher, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = list[type[Exception]]()

    def somebody(table: str, _rows: int) -> None:
        if table == "people":
            path = str(move.source.url.database)
            conn = sqlite3.connect(path, timeout=0)
            with contextlib.closing(conn), pytest.raises(sqlite3.OperationalError) as refused:
                conn.execute("UPDATE people SET town = 'x'")
            tried.append(refused.type)

    fill(source, 1)
    source.close()
    hand_over(move, clock(), "cli:test", somebody)
    assert tried


# ---- what does not belong together ------------------------------------------------------------------------------------


def test_a_target_with_data_or_of_another_town_or_version_is_refused_and_left_alone(
    source: Database,
    move: Move,
    target_url: str,
    cipher: Cipher,
    clock: Clock,
    tmp_path: Path,
    migrated_sqlite: Path,
) -> None:
    other_path = shutil.copy(migrated_sqlite, tmp_path / "other.db")
    open_database(f"sqlite:///{other_path}", cipher, clock).close()
    other = Move(new_engine(f"sqlite:///{other_path}"), new_engine(target_url), cipher, TO)
    first_round(other, clock(), "cli:test")
    other.target.dispose()
    with pytest.raises(CannotMove, match="another_town"):
        first_round(move, clock(), "cli:test")
    move.target.dispose()
    handed_over(source, other, clock)
    other.target.dispose()
    for deed in (first_round, hand_over):
        with pytest.raises(CannotMove, match="not_empty"):
            deed(move, clock(), "cli:test")


def test_a_copy_that_was_begun_with_another_version_is_refused(
    source: Database, move: Move, clock: Clock
) -> None:
    first_round(move, clock(), "cli:test")
    with move.target.begin() as conn:
        conn.exec_driver_sql("UPDATE tsunagari_copy SET revision = '0001'")
    with pytest.raises(CannotMove, match="another_version: 0001"):
        first_round(move, clock(), "cli:test")


def test_an_older_source_is_refused_and_an_older_empty_target_is_brought_up(
    tmp_path: Path, source: Database, server: Server, cipher: Cipher, clock: Clock
) -> None:
    path = tmp_path / "old.db"
    for url in (f"sqlite:///{path}", older := server.new()):
        engine = new_engine(url)
        with rebuilding(engine) as conn:
            upgrade(conn, "0016")
        engine.dispose()
    old = Move(new_engine(f"sqlite:///{path}"), new_engine(older), cipher, TO)
    with pytest.raises(CannotMove, match="source_old: 0016"):
        outlook(old)
    old.source.dispose()
    old.target.dispose()
    handed_over(source, Move(new_engine(str(source.engine.url)), old.target, cipher, TO), clock)
    open_database(older, cipher, clock).close()


def test_a_target_of_a_newer_version_is_refused(source: Database, move: Move, clock: Clock) -> None:
    with move.target.begin() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerDatabase):
        first_round(move, clock(), "cli:test")
    with move.target.connect() as conn:
        assert not moved.is_unfinished(conn)


def test_wrong_keys_move_nothing(source: Database, move: Move, clock: Clock) -> None:
    stranger = Move(move.source, move.target, cipher_from(new_key("t1")), TO)
    source.close()
    for deed in (first_round, hand_over):
        with pytest.raises(WrongKeys):
            deed(stranger, clock(), "cli:test")
    with move.target.connect() as conn:
        assert not moved.is_unfinished(conn)


def test_what_has_moved_goes_nowhere_else(
    source: Database, move: Move, bare_url: str, cipher: Cipher, clock: Clock
) -> None:
    handed_over(source, move, clock)
    elsewhere = Move(move.source, new_engine(bare_url), cipher, "postgresql://other.example/town")
    with pytest.raises(CannotMove, match="elsewhere"):
        hand_over(elsewhere, clock(), "cli:test")
    elsewhere.target.dispose()


# ---- staying ----------------------------------------------------------------------------------------------------------


def test_who_was_cut_off_at_the_last_step_may_stay_but_not_once_the_other_house_is_open(
    source: Database, move: Move, run: Callable[[str, str], int], cipher: Cipher, clock: Clock
) -> None:
    source.close()
    assert run("hand_over", "marked") == -signal.SIGKILL
    stay(move, clock(), "cli:test", target_answers=True)
    kept = open_database(str(source.engine.url), cipher, clock)
    with kept.look() as work:
        assert audit.listed(work)[0].deed == "stayed"
    kept.close()
    handed_over(source, move, clock)
    with pytest.raises(CannotMove, match="stays_open"):
        stay(move, clock(), "cli:test", target_answers=True)
    with pytest.raises(moved.Moved):
        open_database(str(source.engine.url), cipher, clock)
