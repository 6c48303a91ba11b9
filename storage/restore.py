"""A backup becomes a database again: all of it or nothing, and nobody is told anything twice because of it.

1. Everything happens in one transaction: killed anywhere, the target is as empty as it was.
2. The tables are made as they were when the backup was written; the rows go in; what then stands there is hashed
   and compared with the backup; then the newer migrations run.
3. What must not go on as if nothing had happened is settled: see `_settle`.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal

from sqlalchemy import (
    Connection,
    Engine,
    MetaData,
    Table,
    delete,
    func,
    inspect,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.exc import DataError, IntegrityError

from storage import audit, jobs_queue, staff, switches
from storage.backup import AT_ONCE, NOT_OURS, Reading, columns_of, parts_of, tables_of
from storage.backup_file import BadBackup
from storage.broadcasts import broadcasts
from storage.crypto import Cipher
from storage.database import OUR_NAME, index_key_in, new_engine
from storage.instance import mark_as_copy, sqlite_path
from storage.links import links
from storage.migrate import rebuilding, upgrade
from storage.sessions import staff_sessions
from storage.tables import metadata
from storage.work import Work

KEPT_BY_A_START = frozenset({"keyring", "instance", "fired", "sign_in_tries", "switches"})
"""Rows that any start or sign-in leaves: a database that has no others is as good as empty."""
PATIENCE = 5  # seconds until somebody who has just stopped, or was killed, is gone from the database
MOST_BYTES = 4 * 1024 * 1024  # of one INSERT

State = Literal["absent", "empty", "full"]


class NotEmpty(Exception):
    """There are data where the backup should go; nothing was changed."""


class InUse(Exception):
    """The service, or a command, has this database open; nothing was changed."""


class DoesNotFit(Exception):
    """A row of the backup does not fit into this database; nothing was changed."""


def state_of(url: str) -> State:
    """Whether anything stands where this address points; an SQLite file that is not there is not made."""
    engine = new_engine(url)
    try:
        path = sqlite_path(engine)
        if path and not Path(path).exists():
            return "absent"
        with engine.connect().execution_options(reads_only=True) as conn:
            return "full" if holds_data(conn) else "empty"
    finally:
        engine.dispose()


def holds_data(conn: Connection) -> bool:
    there = set(inspect(conn).get_table_names()) & set(metadata.tables) - KEPT_BY_A_START
    return any(
        conn.execute(select(literal(1)).select_from(metadata.tables[name]).limit(1)).first() for name in there
    )


def restore(
    url: str,
    open_file: Callable[[], BinaryIO],
    keys: Mapping[str, bytes],
    cipher: Cipher,
    now: dt.datetime,
    *,
    actor: str,
    why_paused: str,
) -> None:
    """Fill the empty database at this address. Raises NotEmpty, InUse, DoesNotFit, BadBackup or WrongKeys, and then
    nothing was changed. Call `backup.check` first: it reads to the end before anything is begun."""
    engine = new_engine(url)
    try:
        only_we(engine)
        with open_file() as file, rebuilding(engine) as conn:
            if holds_data(conn):
                raise NotEmpty
            _clear(conn)
            reading = Reading(file, keys)
            _fill(conn, reading)
            upgrade(conn)
            _settle(conn, cipher, now, actor, why_paused, reading.head.id)
    finally:
        engine.dispose()


def _remove(path: Path) -> None:
    for each in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        each.unlink(missing_ok=True)


@contextmanager
def set_aside(url: str, now: dt.datetime) -> Iterator[tuple[str, Path]]:
    """For an SQLite database with data in it: the address of a new file, and the path under which the old one will
    be kept. They change places in one step when all is done; until then the old one stays as it is, and closed."""
    engine = new_engine(url)
    engine.dispose()
    path = Path(sqlite_path(engine) or "")
    fresh = path.with_name(f"{path.name}.restoring")
    aside = path.with_name(f"{path.name}.before-{now:%Y%m%d-%H%M%S}")
    with _closed_to_others(path):
        _remove(fresh)
        try:
            yield engine.url.set(database=str(fresh)).render_as_string(hide_password=False), aside
            os.link(path, aside)
            fresh.replace(path)
            folder = os.open(path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        finally:
            _remove(fresh)


@contextmanager
def _closed_to_others(path: Path) -> Iterator[None]:
    """Nobody else has this file open, nor can open it meanwhile; its write-ahead log is folded into it."""
    with closing(sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)) as conn:
        try:
            conn.execute("PRAGMA locking_mode = EXCLUSIVE")
            if conn.execute("PRAGMA journal_mode = DELETE").fetchone() != ("delete",):
                raise InUse
            conn.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as busy:
            raise InUse from busy
        yield


def only_we(engine: Engine) -> None:
    """A service that runs would go on with the keys and ids of the database that it opened."""
    path = sqlite_path(engine)
    if path:
        if Path(path).exists():
            with _closed_to_others(Path(path)):
                return
        return
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = :name AND pid <> pg_backend_pid()"
    )
    end = time.monotonic() + PATIENCE
    with engine.connect() as conn:
        while conn.execute(others, {"name": OUR_NAME}).scalar_one():
            conn.rollback()  # the next look shall see what is then
            if time.monotonic() > end:
                raise InUse
            time.sleep(0.1)


def _clear(conn: Connection) -> None:
    """The empty tables go: they may be of another version than the backup. So do jobs that wait for a worker: what is
    due is entered anew by the timetable."""
    if conn.dialect.name == "postgresql":
        jobs_queue.remove(conn)
    ours = [name for name in inspect(conn).get_table_names() if name in metadata.tables or name in NOT_OURS]
    found = MetaData()
    if ours:
        found.reflect(conn, only=ours)
        found.drop_all(conn)


def _fill(conn: Connection, reading: Reading) -> None:
    upgrade(conn, reading.head.revision)
    tables = {table.name: table for table in tables_of(conn, at_head=False)}
    for name, columns in reading.head.tables.items():
        if name not in tables or columns_of(tables[name]) != columns:
            raise BadBackup("strange", name)
    try:
        _insert(conn, tables, reading.rows())
    except (DataError, IntegrityError) as trouble:
        raise DoesNotFit(type(trouble.orig).__name__) from None
    assert reading.contents is not None
    if parts_of(conn, [tables[name] for name in reading.head.tables]) != reading.contents.parts:
        raise DoesNotFit("hash")
    if conn.dialect.name == "postgresql":
        for table in tables.values():
            count_on(conn, table)


def _insert(
    conn: Connection, tables: Mapping[str, Table], rows: Iterator[tuple[str, dict[str, Any]]]
) -> None:
    held: list[dict[str, Any]] = []
    size, current = 0, ""
    for name, row in rows:
        if held and (name != current or len(held) >= 5 * AT_ONCE or size > MOST_BYTES):
            conn.execute(tables[current].insert(), held)
            held, size = [], 0
        current = name
        size += sum(len(value) for value in row.values() if isinstance(value, bytes))
        held.append(_as_stored(row) if conn.dialect.name == "sqlite" else row)
    if held:
        conn.execute(tables[current].insert(), held)


def _as_stored(row: dict[str, Any]) -> dict[str, Any]:
    """SQLite keeps moments in UTC without saying so."""
    return {
        name: value.replace(tzinfo=None) if isinstance(value, dt.datetime) else value
        for name, value in row.items()
    }


def count_on(conn: Connection, table: Table) -> None:
    """The next id is one that no row has."""
    number = table.autoincrement_column
    if number is None:
        return
    sequence = conn.execute(select(func.pg_get_serial_sequence(table.name, number.name))).scalar()
    last = conn.execute(select(func.max(number))).scalar()
    if sequence and last:
        conn.execute(select(func.setval(sequence, last)))


def _settle(
    conn: Connection, cipher: Cipher, now: dt.datetime, actor: str, why_paused: str, backup_id: str
) -> None:
    """What happened since the backup nobody here knows; therefore

    - nothing is sent until an operator says so, and what should have begun meanwhile counts as missed;
    - whoever of the staff was signed in signs in again: they may have signed out, or been put out, since;
    - links that work once have ended: they may have been used since, and a new one is soon asked for;
    - the audit list says that this database was put back.
    """
    mark_as_copy(conn)
    index_key = index_key_in(conn, cipher)
    work = Work(conn, cipher, index_key or b"", now)
    switches.pause_sending(work, why_paused)
    overdue = broadcasts.c.status.in_(("scheduled", "awaiting")) & (broadcasts.c.due_at <= now)
    conn.execute(update(broadcasts).where(overdue).values(status="missed", finished_at=now))
    conn.execute(delete(staff_sessions))
    conn.execute(update(links).where(links.c.valid_until > now).values(valid_until=now))
    if index_key is not None:
        audit.note(work, actor, "restored", "database", backup_id, staff.HOUSE)
        work.settle()
