"""Opening a database so that what was acknowledged is never lost, or not opening it at all."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Engine, String, Table, create_engine, event, inspect, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from storage import moved
from storage.clear_words import seal_what_was_clear
from storage.crypto import Cipher, Place, SealBroken
from storage.one_writer import Queue
from storage.schema import metadata, sealed
from storage.work import Database, now

keyring = Table(
    "keyring",
    metadata,
    Column("name", String(32), primary_key=True),
    sealed("secret", row="name", nullable=False),
)

_INDEX = Place("", "keyring", "secret", "index")
SQLITE_WAITS = 10  # seconds for a lock
SQLITE_PRAGMAS = {  # name: (how it is set, what it must then read)
    "journal_mode": ("WAL", "wal"),
    "synchronous": ("FULL", 2),
    "foreign_keys": ("ON", 1),
    "secure_delete": ("ON", 1),  # what was erased is overwritten with zeros in the file
    "temp_store": ("MEMORY", 2),  # and never was in a temporary one
    "busy_timeout": ("10000", 10_000),
}
OUR_NAME = "tsunagari"  # by which PostgreSQL knows our connections
POSTGRESQL_SETTINGS = ("synchronous_commit", "fsync", "full_page_writes")
# A machine that loses its power tells nobody. PostgreSQL would hold the locks of its transactions for two hours, in which
# everybody who waits for them waits, too; and we would wait for a dead PostgreSQL for a quarter of an hour.
CONNECTS_WITHIN = 5  # seconds, to each address
DEAD_AFTER = 10  # seconds without a sign of life from the other machine
LONGEST_THOUGHT = 30  # seconds in the middle of a transaction: a process that stopped, or is cut off
TO_POSTGRESQL = {
    "connect_timeout": CONNECTS_WITHIN,
    "keepalives_idle": 4,
    "keepalives_interval": 3,
    "keepalives_count": 2,
    "tcp_user_timeout": DEAD_AFTER * 1000,
}
OF_POSTGRESQL = (
    "-c tcp_keepalives_idle=4 -c tcp_keepalives_interval=3 -c tcp_keepalives_count=2 "
    f"-c tcp_user_timeout={DEAD_AFTER}s -c idle_in_transaction_session_timeout={LONGEST_THOUGHT}s"
)
_SEVERAL = re.compile(r"(postgresql[^:/]*://(?:[^@/]*@)?)([^@/?]*,[^@/?]*)(/[^?]*)?\??(.*)")


class Undurable(Exception):
    """This database could lose what was acknowledged; it is not used."""


class BadAddress(Exception):
    """DATABASE_URL names no database that we can use; the text shows nothing of it, since it may hold a password."""


class WrongKeys(Exception):
    """TSUNAGARI_KEYS does not open this database."""


def new_engine(url: str) -> Engine:
    """An engine whose parameters never show in errors or logs (personal data passes through them)."""
    try:
        parsed = make_url(_one_of_several(re.sub(r"^postgres://", "postgresql://", url)))
    except (ArgumentError, ValueError):
        raise BadAddress("DATABASE_URL is no address; one is postgresql://user@host/name") from None
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.get_backend_name() != "postgresql":
        raise BadAddress("DATABASE_URL must begin with sqlite:/// or postgresql://")
    parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(
        parsed,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=20,
        connect_args=connected_to(parsed),
    )


def _one_of_several(url: str) -> str:
    """PostgreSQL's own way to name several servers (`//user@first,second/name`), of which we want the one that takes
    writes; SQLAlchemy spells it differently."""
    found = _SEVERAL.fullmatch(url)
    if found is None:
        return url
    begin, hosts, name, more = found.groups(default="")
    named = [f"host={each}" for each in hosts.split(",")]
    wanted = [] if "target_session_attrs=" in more else ["target_session_attrs=read-write"]
    return f"{begin}{name or '/'}?{'&'.join([*named, *wanted, *filter(None, [more])])}"


def connected_to(parsed: URL) -> dict[str, Any]:
    """How we are connected; what the address says itself goes first."""
    theirs = parsed.query.get("options", "")
    options = " ".join((OF_POSTGRESQL, *((theirs,) if isinstance(theirs, str) else theirs))).strip()
    ours = {name: value for name, value in TO_POSTGRESQL.items() if name not in parsed.query}
    return {"application_name": OUR_NAME, "options": options, **ours}


def _sqlite(parsed: Any) -> Engine:
    if not parsed.database or parsed.database == ":memory:":
        raise Undurable("DATABASE_URL names an SQLite database in memory: everything would be lost at exit.")
    if parsed.query:
        named = ", ".join(sorted(parsed.query))
        raise Undurable(f"DATABASE_URL: options of SQLite are fixed here; remove {named}.")
    Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, hide_parameters=True, connect_args={"timeout": SQLITE_WAITS})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own implicit BEGIN is switched off
        try:
            for name, (value, wanted) in SQLITE_PRAGMAS.items():
                _patiently(connection, f"PRAGMA {name} = {value}")
                _must_be(name, connection.execute(f"PRAGMA {name}").fetchone()[0], wanted)
        except sqlite3.DatabaseError as trouble:
            if trouble.sqlite_errorname == "SQLITE_NOTADB":
                raise BadAddress(f"DATABASE_URL: {parsed.database} is no SQLite database.") from None
            raise

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        # A plain BEGIN that reads and then writes fails at once under load, whatever the timeout.
        reads_only = conn.get_execution_options().get("reads_only")
        conn.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")

    return engine


def _patiently(connection: sqlite3.Connection, pragma: str) -> None:
    """Changing a new file to WAL is refused at once, whatever the timeout, while another process does it."""
    end = time.monotonic() + SQLITE_WAITS
    while True:
        try:
            connection.execute(pragma)
            return
        except sqlite3.OperationalError as trouble:
            if trouble.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > end:
                raise
        time.sleep(0.02)


def _must_be(name: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise Undurable(f"SQLite's {name} is {found!r} and must be {wanted!r}.")


def check_durable(engine: Engine) -> None:
    """Raise Undurable, saying which setting is wrong, where a commit would not survive a power cut."""
    with engine.connect().execution_options(reads_only=True) as conn:
        if engine.dialect.name == "sqlite":
            for name, (_, wanted) in SQLITE_PRAGMAS.items():
                _must_be(name, conn.exec_driver_sql(f"PRAGMA {name}").scalar(), wanted)
        else:
            for name in POSTGRESQL_SETTINGS:
                found = conn.exec_driver_sql(f"SHOW {name}").scalar()
                if found in ("off", "local"):
                    raise Undurable(f"PostgreSQL's {name} is {found!r} and must be on.")


def open_database(url: str, cipher: Cipher, clock: Callable[[], dt.datetime] | None = None) -> Database:
    """Open a migrated database. Raises Undurable or WrongKeys rather than work with less than it needs, and
    moved.Moved or Unfinished where the town is elsewhere, or not wholly here."""
    engine = new_engine(url)
    try:
        check_durable(engine)
        check_at_home(engine)
        index_key = _index_key(engine, cipher)
    except BaseException:
        engine.dispose()  # a connection that stays open would look like a service at work
        raise
    queue = Queue(engine.url.database if engine.dialect.name == "sqlite" else None)
    db = Database(engine, cipher, index_key, clock or now, queue)
    if seal_what_was_clear(db):
        db.truncate_log()
    return db


def check_at_home(engine: Engine) -> None:
    """Raise moved.Moved or Unfinished before anything is written, also by a migration."""
    with engine.connect().execution_options(reads_only=True) as conn:
        moved.refuse(conn)


def check_keys(engine: Engine, cipher: Cipher) -> None:
    """Raise WrongKeys before anything is written, also by a migration; and what `check_at_home` raises."""
    check_at_home(engine)
    with engine.connect().execution_options(reads_only=True) as conn:
        if inspect(conn).has_table(keyring.name):
            index_key_in(conn, cipher)


def _index_key(engine: Engine, cipher: Cipher) -> bytes:
    """The key of the blind indexes: made once, kept sealed, so that the sealing keys can rotate alone."""
    with engine.begin() as conn:
        if engine.dialect.name == "postgresql":
            conn.exec_driver_sql("LOCK TABLE keyring IN SHARE ROW EXCLUSIVE MODE")
        found = index_key_in(conn, cipher)
        if found is None:
            found = secrets.token_bytes(32)
            conn.execute(keyring.insert().values(name="index", secret=cipher.seal(found, _INDEX)))
        return found


def index_key_in(conn: Connection, cipher: Cipher) -> bytes | None:
    """The key that this database has, None where it has none yet. Raises WrongKeys where ours do not open it."""
    envelope = conn.execute(select(keyring.c.secret).where(keyring.c.name == "index")).scalar()
    return None if envelope is None else open_index_key(envelope, cipher)


def open_index_key(envelope: bytes, cipher: Cipher) -> bytes:
    """Raises WrongKeys where our keys do not open it."""
    try:
        return cipher.open(envelope, _INDEX)
    except SealBroken as error:
        raise WrongKeys(f"TSUNAGARI_KEYS does not open this database ({error}).") from error
