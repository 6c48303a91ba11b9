"""One form for the rows of both databases, in one order, so that they can be compared value by value.

SQLite gives what it keeps: text, whole numbers, bytes, moments as text in UTC. PostgreSQL is asked for the same. The
order is that of the primary key, text by its bytes, as SQLite compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    Text,
    and_,
    cast,
    collate,
    delete,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import NullType

from storage.moved import SWITCH
from storage.schema import Moment
from storage.switches import switches
from storage.tables import metadata

AT_ONCE = 5_000  # rows of one batch
MOST_BYTES = 4 * 1024 * 1024  # of one batch, but for its last row: one may be a photo
Key = Sequence[Any]
Raw = tuple[Any, ...]

DUE_TIMES = Table(  # APScheduler's own table, as it makes it
    "apscheduler_jobs",
    MetaData(),
    Column("id", String(191), primary_key=True),
    Column("next_run_time", Float(25), index=True),
    Column("job_state", LargeBinary, nullable=False),
)


@dataclass(frozen=True)
class Batch:
    """Rows from one key to another; `upto` is None for what is behind the last one."""

    rows: list[Raw]
    upto: Key | None


def tables() -> list[Table]:
    """All that is copied: what is referred to comes first."""
    return [*metadata.sorted_tables, DUE_TIMES]


def batch_after(conn: Connection, table: Table, after: Key | None) -> Batch:
    """The next rows of SQLite behind this key; an empty batch ends at None, too."""
    rows, size, names = list[Raw](), 0, table.c.keys()
    heavy = [place for place, each in enumerate(table.c) if isinstance(each.type, LargeBinary | Text)]
    with conn.execute(_query(conn, table, after, None).limit(AT_ONCE)) as found:
        cursor: Any = found.cursor
        for row in cursor:
            rows.append(row)
            for place in heavy:
                size += len(row[place] or "")
            if len(rows) == AT_ONCE or size > MOST_BYTES:
                return Batch(rows, [row[names.index(each.name)] for each in table.primary_key])
    return Batch(rows, None)


def rows_between(conn: Connection, table: Table, after: Key | None, upto: Key | None) -> list[Raw]:
    """What stands in PostgreSQL behind the one key, up to the other."""
    with conn.execute(_query(conn, table, after, upto)) as found:
        return list(found.cursor.fetchall())


def clear_between(conn: Connection, table: Table, after: Key | None, upto: Key | None) -> None:
    """These rows go from PostgreSQL."""
    conn.execute(delete(table).where(_between(conn, table, after, upto)))


def put(conn: Connection, table: Table, rows: list[Raw]) -> None:
    """Rows as SQLite gave them go into PostgreSQL. Raises what SQLAlchemy raises where the server goes away."""
    quote = conn.dialect.identifier_preparer.quote
    names = ", ".join(quote(column.name) for column in table.c)
    driver: Any = conn.connection.dbapi_connection
    statement = f"COPY {quote(table.name)} ({names}) FROM STDIN"
    errors: Any = conn.dialect.loaded_dbapi
    try:
        with driver.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except errors.Error as trouble:  # the driver's own: SQLAlchemy knows no COPY
        raise DBAPIError.instance(statement, None, trouble, errors.Error, hide_parameters=True) from None


def _query(conn: Connection, table: Table, after: Key | None, upto: Key | None) -> Select[Any]:
    """Its rows are read from the driver's cursor: as the database gives them, and twice as fast."""
    columns = (_as_kept(conn, column) for column in table.c)
    return select(*columns).where(_between(conn, table, after, upto)).order_by(*_keys(conn, table))


def _as_kept(conn: Connection, column: Column[Any]) -> ColumnElement[Any]:
    if conn.dialect.name == "postgresql":
        match column.type:
            case Boolean():
                return cast(column, Integer)
            case Moment() | DateTime():
                return func.to_char(column, "YYYY-MM-DD HH24:MI:SS.US")
            case Date():
                return func.to_char(column, "YYYY-MM-DD")
    return column


def _keys(conn: Connection, table: Table) -> list[ColumnElement[Any]]:
    """As SQLite orders them; PostgreSQL's own order of text would be that of a language."""
    by_bytes = conn.dialect.name == "postgresql"
    return [
        collate(column, "C") if by_bytes and isinstance(column.type, String) else column
        for column in table.primary_key
    ]


def _between(conn: Connection, table: Table, after: Key | None, upto: Key | None) -> ColumnElement[bool]:
    keys = tuple_(*_keys(conn, table))
    parts = [table.c.name != SWITCH] if table is switches else []
    if after is not None:
        parts.append(keys > tuple_(*(literal(value, NullType()) for value in after)))
    if upto is not None:
        parts.append(keys <= tuple_(*(literal(value, NullType()) for value in upto)))
    return and_(True, *parts)
