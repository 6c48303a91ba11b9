"""A backup is one sealed file of one moment; what is restored from it is the same, on either database, or nothing."""

from __future__ import annotations

import datetime as dt
import io
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from sealed_rows import fill
from sqlalchemy import create_engine, make_url, select
from surroundings import Clock

from jobs import deliver, timetable
from storage import (
    audit,
    backup,
    broadcasts,
    concerns,
    guard,
    instance,
    links,
    outbox,
    people,
    photos,
    restore,
    segments,
    sessions,
    staff,
    switches,
)
from storage.backup import Contents, Part, check, parts_of, snapshot, tables_of
from storage.backup_file import CHUNK, MAGIC, BadBackup, Sealing
from storage.crypto import Cipher, cipher_from, new_key
from storage.database import WrongKeys, new_engine, open_database
from storage.migrate import pending, rebuilding, upgrade
from storage.work import Database

KEYS = {"b1": bytes(range(32))}
BY_RESTORE = {"audit", "audit_heads", "broadcasts", "instance", "links", "staff_sessions", "switches"}
"""Tables in which a restore changes something, and nothing in any other."""


def backed_up(db: Database) -> tuple[Contents, bytes]:
    file = io.BytesIO()
    made = backup.write(db.engine, file, KEYS, db.clock(), "backup-1")
    return made, file.getvalue()


def all_parts(db: Database) -> dict[str, Part]:
    with snapshot(db.engine) as conn:
        return parts_of(conn, tables_of(conn, at_head=True))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a backup is restored to: a file that is not there, or a PostgreSQL database without a table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'other' / 'restored.db'}"
        return
    url = make_url(request.getfixturevalue("postgresql_url"))
    server = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    name = f"{url.database}_restored"
    with server.connect() as conn:
        conn.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        conn.exec_driver_sql(f"CREATE DATABASE {name}")
    yield url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as conn:
        conn.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    server.dispose()


@pytest.fixture
def source(migrated_sqlite: Path, tmp_path: Path, cipher: Cipher, clock: Clock) -> Iterator[Database]:
    """For tests to which it is all the same what kind of database a backup comes from."""
    path = shutil.copy(migrated_sqlite, tmp_path / "source.db")
    opened = open_database(f"sqlite:///{path}", cipher, clock)
    yield opened
    opened.close()


def restore_into(url: str, raw: bytes, cipher: Cipher, now: dt.datetime) -> None:
    def file() -> BinaryIO:
        return io.BytesIO(raw)

    restore.restore(url, file, KEYS, cipher, now, actor="cli:test", why_paused="restored")


def test_what_is_restored_is_the_same_on_either_database_and_only_what_must_not_go_on_is_changed(
    db: Database, empty_url: str, cipher: Cipher, clock: Clock
) -> None:
    values, big = fill(db, 2), os.urandom(300_000)
    with db.work() as work:
        concern = concerns.listed(work)[0]
        photo = photos.add(work, concern, big, 1, 1)  # a row of several chunks
        audit.note(work, "cli", "created", "thing", "1", staff.HOUSE)
    before, (made, raw) = all_parts(db), backed_up(db)
    assert made.parts == before
    assert sum(made.keys.values()) == values + 2
    assert check(io.BytesIO(raw), KEYS) == made
    restore_into(empty_url, raw, cipher, clock.move(minutes=5))
    other = open_database(empty_url, cipher, clock)
    after = all_parts(other)
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} <= BY_RESTORE
    with other.work() as work:
        assert photos.picture(work, concern, photo.id) == big
        known = set(work.conn.execute(select(outbox.outbox.c.id)).scalars())
        outbox.put(work, "iwami", "message", {}, person_id=people.lock(work, "iwami", "U" + "9" * 32).id)
        (fresh,) = set(work.conn.execute(select(outbox.outbox.c.id)).scalars()) - known
    other.close()
    assert fresh > max(known)


def test_a_restored_database_sends_nothing_and_knows_what_it_cannot_know(
    source: Database, empty_url: str, cipher: Cipher, clock: Clock
) -> None:
    nobody = segments.EVERYONE
    with source.work() as work:
        clerk = staff.add(work, login="clerk", name="山田", windows=["w"], mail="a@iwami.example")
        sessions.begin(work, clerk.id, "windows edge")
        hour = dt.timedelta(hours=1)
        link, token = links.make(
            work, "iwami", purpose="details", about=None, person_id=None, valid_for=2 * hour
        )
        soon, later, awaiting = (
            broadcasts.schedule(
                work, "iwami", [{}], nobody, work.now + after, created_by="x", awaits=waits
            ).id
            for after, waits in ((hour / 2, False), (5 * hour, False), (hour / 2, True))
        )
        audit.note(work, "cli", "created", "thing", "1", staff.HOUSE)
        person = people.lock(work, "iwami", "U" + "1" * 32)
        outbox.put(work, "iwami", "message", {"messages": []}, person_id=person.id)
    instance.note_start(source, instance.sqlite_path(source.engine))
    raw = backed_up(source)[1]
    restore_into(empty_url, raw, cipher, clock.move(hours=1))
    other = open_database(empty_url, cipher, clock)
    with other.look() as work:
        assert switches.sending_paused(work) == "restored"
        assert not work.conn.execute(select(sessions.staff_sessions)).all()
        assert links.peek(work, link, token) is None
        found = {each.id: each.status for each in broadcasts.listed(work)}
        assert audit.verify(work, staff.HOUSE) is None
        newest = audit.listed(work)[0]
    assert found == {soon: "missed", later: "scheduled", awaiting: "missed"}
    assert (newest.deed, newest.kind, newest.subject_id) == ("restored", "database", "backup-1")
    assert instance.note_start(other, instance.sqlite_path(other.engine)) == instance.RESTORED
    timetable.prepare(other)
    timetable.sync(other)
    assert timetable.planned(other).keys() == {later}
    with other.work() as work:
        assert not broadcasts.start(work, soon)
        assert deliver.claim(work, 10) == []
        switches.resume_sending(work)
        assert len(deliver.claim(work, 10)) == 1
    other.close()


def test_what_the_service_writes_meanwhile_is_not_in_it_not_even_in_part(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(db, 2)
    before, real, written = all_parts(db), backup.lines_of, []

    def while_it_is_read(*arguments: Any) -> Iterator[bytes]:
        with db.work() as work:  # rows that belong together, in tables that are read early and late
            person = people.lock(work, "iwami", f"U{len(written):031x}f")
            outbox.put(work, "iwami", "message", {}, person_id=person.id)
            written.append(person)
        return real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(backup, "lines_of", while_it_is_read)
        made, _ = backed_up(db)
    assert made.parts == before
    assert all_parts(db)["people"].rows == before["people"].rows + len(written) > before["people"].rows


# ---- what is wrong with a file shows before anything is touched -------------------------------------------


@pytest.fixture
def whole(source: Database) -> bytes:
    """A backup of some chunks."""
    fill(source, 1)
    with source.work() as work:
        (concern,) = concerns.listed(work)
        photos.add(work, concern, os.urandom(150_000), 1, 1)
    return backed_up(source)[1]


def trouble_of(raw: bytes, keys: dict[str, bytes] = KEYS) -> str:
    with pytest.raises(BadBackup) as bad:
        check(io.BytesIO(raw), keys)
    return bad.value.trouble


def test_a_changed_byte_shows_wherever_it_stands(whole: bytes) -> None:
    assert len(whole) > 3 * CHUNK
    head = len(MAGIC) + 1 + len("b1") + 64
    places = [*range(head + 10), *range(head + 10, len(whole), 4999), len(whole) - 1]
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1
        assert trouble_of(bytes(changed)), place
    everywhere = bytearray(whole)
    everywhere[::100] = bytes(byte ^ 255 for byte in everywhere[::100])
    assert trouble_of(bytes(everywhere)) == "not_ours"


def test_a_file_that_was_cut_off_says_so(whole: bytes) -> None:
    head = len(MAGIC) + 1 + len("b1") + 64
    at_chunks = (head + count * (CHUNK + 16) for count in range(3))
    assert {trouble_of(whole[:length]) for length in (10, 60, *at_chunks)} == {"cut_off"}
    assert {trouble_of(whole[:length]) for length in (head + 5, len(whole) - 1)} == {"damaged"}


def test_chunks_that_change_places_or_come_twice_or_from_another_file_show(whole: bytes) -> None:
    head, size = len(MAGIC) + 1 + len("b1") + 64, CHUNK + 16
    first, second, rest = (
        whole[head : head + size],
        whole[head + size : head + 2 * size],
        whole[head + 2 * size :],
    )
    file = io.BytesIO()
    sealing = Sealing(file, KEYS)
    sealing.write(bytes(4 * CHUNK))
    sealing.end()
    foreign = file.getvalue()[head : head + size]
    for chunks in (
        second + first + rest,
        first + first + second + rest,
        first + rest,
        first + foreign + rest,
    ):
        assert trouble_of(whole[:head] + chunks) == "damaged"
    assert trouble_of(whole + rest) == "damaged"


def test_another_key_a_missing_key_and_another_file_are_told_apart(whole: bytes) -> None:
    assert trouble_of(whole, {"b1": bytes(32)}) == "wrong_key"
    assert trouble_of(whole, {"b2": KEYS["b1"]}) == "no_key"
    assert trouble_of(b"SQLite format 3\0" + bytes(5000)) == "not_ours"
    assert trouble_of(b"") == "not_ours"
    check(io.BytesIO(whole), {"b2": bytes(32), **KEYS})


def test_no_word_of_the_database_stands_in_the_file(whole: bytes) -> None:
    assert b"people" not in whole
    assert b"iwami" not in whole


def test_a_file_whose_rows_do_not_add_up_is_refused(
    migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealed with the right key, and yet not what was counted: a fault of ours, or somebody who has the key."""
    engine = new_engine(f"sqlite:///{migrated_sqlite}")
    file, real = io.BytesIO(), backup._Sum.add

    def forget_one(self: Any, line: bytes) -> None:
        real(self, line + b" ")

    with engine.begin() as conn:
        conn.exec_driver_sql("INSERT INTO keyring VALUES ('x', x'01')")
    try:
        with monkeypatch.context() as patched:
            patched.setattr(backup._Sum, "add", forget_one)
            backup.write(engine, file, KEYS, dt.datetime.now(dt.UTC), "1")
    finally:
        with engine.begin() as conn:
            conn.exec_driver_sql("DELETE FROM keyring")
        engine.dispose()
    assert trouble_of(file.getvalue()) == "damaged"


# ---- versions ---------------------------------------------------------------------------------------------


def test_an_older_backup_is_brought_to_the_newest_form(
    empty_url: str, tmp_path: Path, cipher: Cipher, clock: Clock
) -> None:
    old = new_engine(f"sqlite:///{tmp_path / 'old.db'}")
    with rebuilding(old) as conn:
        upgrade(conn, "0002")
        conn.exec_driver_sql(
            "INSERT INTO fired VALUES ('a job', '2026-11-01 00:00:00.000000', '2026-11-01 00:00:00.000000')"
        )
    file = io.BytesIO()
    made = backup.write(old, file, KEYS, clock(), "1")
    old.dispose()
    assert (made.head.revision, made.rows) == ("0002", 1)
    restore_into(empty_url, file.getvalue(), cipher, clock())
    db = open_database(empty_url, cipher, clock)
    with db.look() as work:
        assert not pending(db.engine)
        assert work.conn.execute(select(guard.fired.c.at)).scalar() == dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    db.close()


def test_a_backup_of_a_newer_version_is_refused(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(backup, "revision_of", lambda _conn: "9999")
        raw = backed_up(db)[1]
    assert trouble_of(raw) == "newer"


# ---- all or nothing ---------------------------------------------------------------------------------------


@pytest.fixture
def alone(request: pytest.FixtureRequest, database_url: str) -> None:
    """No other test's connections to PostgreSQL remain."""
    if database_url.startswith("postgresql"):
        request.getfixturevalue("migrated_postgresql")[1].dispose()


@pytest.mark.usefixtures("alone")
def test_a_database_with_data_in_it_is_left_alone(db: Database, cipher: Cipher, database_url: str) -> None:
    fill(db, 1)
    raw, before = backed_up(db)[1], all_parts(db)
    db.close()
    with pytest.raises(restore.NotEmpty):
        restore_into(database_url, raw, cipher, db.clock())
    again = open_database(database_url, cipher, db.clock)
    assert all_parts(again) == before
    again.close()


def test_a_database_that_somebody_has_open_is_left_alone(
    db: Database, cipher: Cipher, database_url: str
) -> None:
    raw = backed_up(db)[1]
    with db.look() as work:
        work.conn.execute(select(people.people.c.id)).all()
        with pytest.raises(restore.InUse):
            restore_into(database_url, raw, cipher, db.clock())


@pytest.mark.usefixtures("alone")
def test_a_database_that_was_only_started_counts_as_empty(
    whole: bytes, database_url: str, cipher: Cipher, clock: Clock
) -> None:
    started = open_database(database_url, cipher_from(new_key("t1")), clock)  # with keys of its own
    instance.note_start(started, instance.sqlite_path(started.engine))
    started.close()
    assert restore.state_of(database_url) == "empty"
    restore_into(database_url, whole, cipher, clock())
    db = open_database(database_url, cipher, clock)
    with db.look() as work:
        assert len(concerns.listed(work)) == 1
    db.close()


def test_keys_that_do_not_open_it_restore_nothing(whole: bytes, empty_url: str, clock: Clock) -> None:
    with pytest.raises(WrongKeys):
        restore_into(empty_url, whole, cipher_from(new_key("t1")), clock())
    assert restore.state_of(empty_url) == "empty"


@pytest.mark.parametrize(("when", "step"), [("after", "_insert"), ("after", "_settle")])
def test_a_restore_that_is_killed_leaves_an_empty_database_and_can_be_done_again(
    whole: bytes, empty_url: str, cipher: Cipher, clock: Clock, step: str, when: str
) -> None:
    child = os.fork()
    if child == 0:  # SIGKILL: nothing of it is tidied up
        real = getattr(restore, step)

        def killed(*arguments: Any) -> None:
            if when == "after":
                real(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(restore, step, killed)
        try:
            restore_into(empty_url, whole, cipher, clock())
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert restore.state_of(empty_url) in ("absent", "empty")
    restore_into(empty_url, whole, cipher, clock())
    db = open_database(empty_url, cipher, clock)
    with db.look() as work:
        assert len(concerns.listed(work)) == 1
    db.close()
