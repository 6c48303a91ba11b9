"""Bringing a database to the newest schema, whole or not at all, however many processes start at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x7473756E  # "tsun": any number will do, as long as every process names the same


class BrokenReferences(Exception):
    """After the migration some rows would point to rows that are not there; nothing was changed."""


class NewerDatabase(Exception):
    """This database was written by a newer version of tsunagari; install that one. Nothing was changed."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def pending(engine: Engine) -> bool:
    """True where `migrate` has something to do."""
    with engine.connect().execution_options(reads_only=True) as conn:
        return _pending(conn)


def _pending(conn: Connection) -> bool:
    script = ScriptDirectory.from_config(_config())
    current = set(MigrationContext.configure(conn).get_current_heads())
    if current - {each.revision for each in script.walk_revisions()}:
        raise NewerDatabase
    return current != set(script.get_heads())


def migrate(engine: Engine) -> None:
    """Run the migrations that are missing, in one transaction."""
    if engine.dialect.name == "sqlite":
        _migrate_sqlite(engine)
        return
    with engine.begin() as conn:
        conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        _upgrade(conn)


def _migrate_sqlite(engine: Engine) -> None:
    """SQLite changes a table by building it anew: its foreign keys are off meanwhile and checked at the end.

    That pragma does nothing inside a transaction, therefore it goes to the driver's connection.
    """
    with engine.connect() as conn:
        driver: Any = conn.connection.dbapi_connection
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            with conn.begin():  # BEGIN IMMEDIATE: a second process waits here, then finds nothing to do
                _upgrade(conn)
                broken = conn.exec_driver_sql("PRAGMA foreign_key_check").first()
                if broken is not None:
                    raise BrokenReferences(f"a row of {broken[0]} refers to a missing row of {broken[2]}")
        finally:
            driver.execute("PRAGMA foreign_keys = ON")


def _upgrade(conn: Connection) -> None:
    if _pending(conn):
        command.upgrade(_config(conn), "head")
