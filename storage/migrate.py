"""Bringing a database to the newest schema, whole or not at all, however many processes start at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, inspect

# Alembic is imported where it is used: to start it takes longer than most of what a command does.
if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x7473756E  # "tsun": any number will do, as long as every process names the same


class BrokenReferences(Exception):
    """After the migration some rows would point to rows that are not there; nothing was changed."""


class NewerDatabase(Exception):
    """This database was written by a newer version of tsunagari; install that one. Nothing was changed."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def pending(engine: Engine) -> bool:
    """True where `migrate` has something to do."""
    with engine.connect().execution_options(reads_only=True) as conn:
        return not newest(conn) and _pending(conn)


def newest(conn: Connection) -> bool:
    """Whether this database says that it is at our newest revision, which is the number of the last file."""
    if not inspect(conn).has_table("alembic_version"):
        return False
    said = conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    return said == [max(file.name for file in (_FOLDER / "versions").glob("[0-9]*.py"))[:4]]


def _pending(conn: Connection) -> bool:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(_config())
    current = set(MigrationContext.configure(conn).get_current_heads())
    if not all(known(each) for each in current):
        raise NewerDatabase
    return current != set(script.get_heads())


def known(revision: str) -> bool:
    """Whether this version of tsunagari has that revision."""
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(_config())
    return revision in {each.revision for each in script.walk_revisions()}


def revision_of(conn: Connection) -> str | None:
    """Which revision this database has; None where it was never migrated."""
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(conn).get_current_revision()


def migrate(engine: Engine) -> None:
    """Run the migrations that are missing, in one transaction. Where none is, Alembic is not even read: that would
    take 11 MB of every process that serves."""
    if pending(engine):
        with rebuilding(engine) as conn:
            _upgrade(conn)


def _upgrade(conn: Connection) -> None:
    if _pending(conn):
        upgrade(conn)


def upgrade(conn: Connection, revision: str = "head") -> None:
    """Run the migrations up to this one, inside a transaction of `rebuilding`."""
    from alembic import command

    command.upgrade(_config(conn), revision)


@contextmanager
def rebuilding(engine: Engine) -> Iterator[Connection]:
    """A transaction in which tables may change: one process at a time, and all of it or nothing."""
    if engine.dialect.name == "sqlite":
        with _rebuilding_sqlite(engine) as conn:
            yield conn
        return
    with engine.begin() as conn:
        conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        yield conn


@contextmanager
def _rebuilding_sqlite(engine: Engine) -> Iterator[Connection]:
    """SQLite changes a table by building it anew: its foreign keys are off meanwhile and checked at the end.

    That pragma does nothing inside a transaction, therefore it goes to the driver's connection.
    """
    with engine.connect() as conn:
        driver: Any = conn.connection.dbapi_connection
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            with conn.begin():  # BEGIN IMMEDIATE: a second process waits here, then finds nothing to do
                yield conn
                broken = conn.exec_driver_sql("PRAGMA foreign_key_check").first()
                if broken is not None:
                    raise BrokenReferences(f"a row of {broken[0]} refers to a missing row of {broken[2]}")
        finally:
            driver.execute("PRAGMA foreign_keys = ON")
