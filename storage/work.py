"""One unit of work: one transaction, one moment, one set of keys. Everything is written, or nothing is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects import sqlite

from storage import crypto
from storage.crypto import Cipher, Place
from storage.one_writer import Queue


def insert_for(dialect: str, table: Table) -> sqlite.Insert:
    """The dialect's INSERT; SQLite's type stands for both, since what we use of them is the same."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # brings asyncio with it: not where SQLite is used

        return cast(sqlite.Insert, postgresql.insert(table))
    return sqlite.insert(table)


@dataclass(frozen=True)
class Work:
    """What the verbs of storage/ are given: a connection inside a transaction, keys, and the time."""

    conn: Connection
    cipher: Cipher
    index_key: bytes = field(repr=False)
    now: dt.datetime
    _last: list[tuple[str, Callable[[], None]]] = field(default_factory=list, repr=False, compare=False)
    _afterwards: list[Callable[[], None]] = field(default_factory=list, repr=False, compare=False)

    def before_commit(self, row: str, deed: Callable[[], None]) -> None:
        """Do this last of all, still inside the transaction: for a row that everybody else waits for, too."""
        self._last.append((row, deed))

    def settle(self) -> None:
        """Do now what was left for the end: row by row in one order, so that nobody waits crosswise."""
        while self._last:
            self._last.sort(key=lambda left: left[0])
            self._last.pop(0)[1]()

    def after_commit(self, deed: Callable[[], None]) -> None:
        """Do this once everything is written, outside of the transaction; not at all where nothing is written."""
        self._afterwards.append(deed)

    def committed(self) -> None:
        """Do now what was left for afterwards."""
        for deed in self._afterwards:
            deed()

    @property
    def on_postgresql(self) -> bool:
        return self.conn.dialect.name == "postgresql"

    def wait_at_most(self, seconds: float) -> None:
        """From here on it fails (storage/trouble.py: is_held) rather than wait longer for what somebody else holds. On
        SQLite whoever writes has everything, and there is nothing to wait for."""
        if self.on_postgresql:
            self.conn.exec_driver_sql(f"SET LOCAL lock_timeout = {round(seconds * 1000)}")

    def plan_anew(self) -> None:
        """From here on PostgreSQL plans for what the tables hold now. A statement that it knows by heart since a table
        was empty would else read all of it, until its statistics are renewed: a minute of 0.3 s for each claim."""
        if self.on_postgresql:
            self.conn.exec_driver_sql("SET LOCAL plan_cache_mode = force_custom_plan")

    def seal(self, value: Any, tenant: str, table: str, column: str, row: str) -> bytes:
        """Seal anything that JSON can say."""
        return self.cipher.seal(orjson.dumps(value), Place(tenant, table, column, row))

    def unseal(self, envelope: bytes | None, tenant: str, table: str, column: str, row: str) -> Any:
        """What was sealed; None for an empty column."""
        if envelope is None:
            return None
        return orjson.loads(self.cipher.open(envelope, Place(tenant, table, column, row)))

    def insert(self, table: Table) -> sqlite.Insert:
        """An INSERT that can say ON CONFLICT; both databases spell it alike."""
        return insert_for(self.conn.dialect.name, table)

    def index(self, *parts: str) -> str:
        return crypto.blind_index(self.index_key, *parts)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Database:
    """An opened database: `work()` to change it, `look()` to read it."""

    engine: Engine
    cipher: Cipher
    index_key: bytes = field(repr=False)
    clock: Callable[[], dt.datetime] = now
    queue: Queue = field(default_factory=Queue, repr=False, compare=False)  # of those who are to write

    @property
    def one_writer(self) -> bool:
        """Whether only one at a time can write: SQLite."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def work(self) -> Iterator[Work]:
        """A transaction that writes; on SQLite it takes the write lock at once (BEGIN IMMEDIATE)."""
        with self._turn(), self.engine.begin() as conn:
            work = Work(conn, self.cipher, self.index_key, self.clock())
            yield work
            work.settle()
        work.committed()

    def _turn(self) -> AbstractContextManager[object]:
        return self.queue if self.one_writer else nullcontext()

    @contextmanager
    def look(self) -> Iterator[Work]:
        """A transaction that only reads, and therefore never waits for a writer."""
        with self.engine.connect().execution_options(reads_only=True) as conn, conn.begin():
            yield Work(conn, self.cipher, self.index_key, self.clock())

    def truncate_log(self) -> bool:
        """On SQLite, fold the write-ahead log into the database: until then it still holds what was erased. False
        where somebody was reading the old pages for longer than we wait."""
        if not self.one_writer:
            return True
        with self._turn(), self.engine.connect() as conn:
            busy, *_ = conn.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy

    def close(self) -> None:
        self.engine.dispose()
        self.queue.close()
