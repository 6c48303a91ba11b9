"""The SQLite side of a move: what it holds, what PostgreSQL would not take of it, and a time alone with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Engine,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    and_,
    func,
    inspect,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from storage.moving_rows import tables
from storage.restore import InUse
from storage.schema import Moment

PATIENCE = 5  # seconds until a service that has just stopped has closed its file
MOST_NAMED = 20  # of the rows that do not fit
_INT4 = 2**31
_DAY = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_MOMENT = _DAY + " [0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]"


@dataclass(frozen=True)
class Unfit:
    """A value that PostgreSQL does not take: its table, the key of its row, its column. Never the value itself."""

    table: str
    key: tuple[Any, ...]
    column: str


def there(conn: Connection) -> list[Table]:
    """The tables that this database has; APScheduler's comes with the first start of the service."""
    names = set(inspect(conn).get_table_names())
    return [table for table in tables() if table.name in names]


def counted(conn: Connection) -> dict[str, int]:
    """How many rows each table has."""
    return {
        table.name: conn.execute(select(func.count()).select_from(table)).scalar_one()
        for table in there(conn)
    }


def unfit(conn: Connection) -> list[Unfit]:
    """What PostgreSQL would refuse: text with a zero byte or longer than its column, a number that is too large, a
    value of another kind than its column's (SQLite takes anything anywhere)."""
    found = list[Unfit]()
    for table in there(conn):
        bad = {column.name: _bad(column) for column in table.c}
        query = (
            select(
                *(type_coerce(column, NullType()) for column in table.primary_key),
                *(condition.label(f"bad_{name}") for name, condition in bad.items()),
            )
            .where(or_(*bad.values()))
            .limit(MOST_NAMED)
        )
        keys = len(table.primary_key)
        for row in conn.execute(query):
            wrong = zip(bad, row[keys:], strict=True)
            found += [Unfit(table.name, tuple(row[:keys]), name) for name, is_bad in wrong if is_bad]
    return found[:MOST_NAMED]


def _bad(column: Column[Any]) -> ColumnElement[bool]:
    """True for a value that does not fit; NULL and False for others."""
    kind, raw = func.typeof(column), type_coerce(column, NullType())
    match column.type:
        case String(length=longest):
            wrong = [kind != "text", func.instr(raw, func.char(0)) > 0]
            wrong += [] if longest is None else [func.length(raw) > longest]
        case Moment() | DateTime():
            wrong = [kind != "text", ~raw.op("GLOB")(_MOMENT)]
        case Date():
            wrong = [kind != "text", ~raw.op("GLOB")(_DAY)]
        case Boolean():
            wrong = [raw.not_in((0, 1))]
        case BigInteger():
            wrong = [kind != "integer"]
        case Integer():
            wrong = [kind != "integer", raw < -_INT4, raw >= _INT4]
        case Float():
            wrong = [kind != "real"]
        case LargeBinary():
            wrong = [kind != "blob"]
        case other:
            raise TypeError(f"{column} has a type that cannot be copied: {other!r}")
    return and_(column.is_not(None), or_(*wrong))


@contextmanager
def alone_with(engine: Engine) -> Iterator[Connection]:
    """The one connection to this file; nobody else has it open, nor can write to it meanwhile. Raises InUse.

    Killed in the middle, it is as it was: the next who opens it puts it back into WAL mode.
    """
    with engine.connect() as conn:
        driver: Any = conn.connection.dbapi_connection
        try:
            driver.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000}")
            driver.execute("PRAGMA locking_mode = EXCLUSIVE")
            if driver.execute("PRAGMA journal_mode = DELETE").fetchone() != ("delete",):
                raise InUse
        except sqlite3.OperationalError as busy:
            raise InUse from busy
        try:
            yield conn
        finally:
            conn.rollback()
            driver.execute("PRAGMA locking_mode = NORMAL")
            driver.execute("PRAGMA journal_mode = WAL")
