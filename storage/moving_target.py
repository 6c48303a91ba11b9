"""The PostgreSQL side of a move: a copy that may be interrupted, until it becomes an ordinary database in one step.

While it is unfinished its tables have no references, no unique constraints and no indexes but one over their keys in
the order of bytes: rows may come in any order, and fast. How these were made stands beside the rows, as PostgreSQL
itself says it; at the end they are made again, which proves once more that every reference holds.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    select,
    update,
)

from storage import instance
from storage.moved import UNFINISHED, is_unfinished
from storage.moving_rows import DUE_TIMES, Key, tables
from storage.restore import count_on

_NOTES = MetaData()
_MOVING = Table(
    UNFINISHED,
    _NOTES,
    Column("source", String(64), primary_key=True),  # which town's: see moving.source_id
    Column("revision", String(32), nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False),
)
_PROGRESS = Table(
    f"{UNFINISHED}_tables",
    _NOTES,
    Column("name", String(64), primary_key=True),
    Column("reached", Text),  # the last key that was copied, as JSON
    Column("rows", BigInteger, nullable=False),
    Column("ended", Boolean, nullable=False),
)
_SHAPE = Table(
    f"{UNFINISHED}_shape",
    _NOTES,
    Column("place", Integer, primary_key=True),
    Column("statement", Text, nullable=False),
)

# How each constraint and index is made and dropped, in the order in which they can be made.
_CONSTRAINTS = """
SELECT CASE c.contype WHEN 'p' THEN 0 WHEN 'u' THEN 1 ELSE 3 END AS turn, c.conname AS name,
       format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid)),
       format('ALTER TABLE %%s DROP CONSTRAINT %%I', c.conrelid::regclass, c.conname)
  FROM pg_constraint c
 WHERE c.contype IN ('p', 'u', 'f') AND c.conrelid = ANY (%(ours)s::regclass[])
UNION ALL
SELECT 2, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid),
       format('DROP INDEX %%s', i.indexrelid::regclass)
  FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u')
 WHERE c.oid IS NULL AND i.indrelid = ANY (%(ours)s::regclass[])
 ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Reached:
    """How far a table is: the last key that was copied, how many rows that are, and whether it has ended."""

    upto: Key | None
    rows: int
    ended: bool


def begin(conn: Connection, source: str, revision: str, now: dt.datetime) -> None:
    """Make an unfinished copy of an empty, migrated database, in the caller's transaction."""
    DUE_TIMES.create(conn, checkfirst=True)
    _NOTES.create_all(conn)
    conn.execute(_MOVING.insert().values(source=source, revision=revision, begun_at=now))
    conn.execute(_PROGRESS.insert(), [{"name": table.name, "rows": 0, "ended": False} for table in tables()])
    shape = _cursor(conn).execute(_CONSTRAINTS, _ours(conn)).fetchall()
    for place, (_, _, make, _) in enumerate(shape):
        conn.execute(_SHAPE.insert().values(place=place, statement=make))
    for _, _, _, drop in reversed(shape):
        _cursor(conn).execute(drop)
    quote = conn.dialect.identifier_preparer.quote
    for table in tables():
        keys = ", ".join(
            quote(key.name) + (' COLLATE "C"' if isinstance(key.type, String) else "")
            for key in table.primary_key
        )
        _cursor(conn).execute(f"CREATE UNIQUE INDEX {_helper(table)} ON {quote(table.name)} ({keys})")


def finish(conn: Connection) -> None:
    """Make it an ordinary database again, in the caller's transaction: with everything that keeps it right, counters
    that go on behind the last row, figures for the planner, and in its own home (so that sending is not paused)."""
    _cursor(conn).execute("SET LOCAL maintenance_work_mem = '256MB'")
    statements = conn.execute(select(_SHAPE.c.statement).order_by(_SHAPE.c.place)).scalars().all()
    for table in tables():
        _cursor(conn).execute(f"DROP INDEX {_helper(table)}")
    for statement in statements:
        _cursor(conn).execute(statement)
    for table in tables():
        count_on(conn, table)
    instance.settle_in(conn)
    _NOTES.drop_all(conn)
    quote = conn.dialect.identifier_preparer.quote
    _cursor(conn).execute(f"ANALYZE {', '.join(quote(table.name) for table in tables())}")


def whose(conn: Connection) -> tuple[str, str] | None:
    """The source and the revision of an unfinished copy; None where it is none."""
    if not is_unfinished(conn):
        return None
    row = conn.execute(select(_MOVING.c.source, _MOVING.c.revision)).one()
    return row.source, row.revision


def prepare_session(conn: Connection) -> None:
    """Moments in UTC, and always along the keys: a planner that knows no figures yet would read whole tables."""
    for name, value in (("TimeZone", "UTC"), ("enable_seqscan", "off"), ("enable_bitmapscan", "off"),
                        ("enable_sort", "off"), ("jit", "off")):  # fmt: skip
        conn.exec_driver_sql(f"SET {name} = '{value}'")
    conn.commit()


def reached(conn: Connection) -> dict[str, Reached]:
    """How far each table is."""
    return {
        row.name: Reached(None if row.reached is None else json.loads(row.reached), row.rows, row.ended)
        for row in conn.execute(select(_PROGRESS))
    }


def note(conn: Connection, table: Table, upto: Key | None, rows: int) -> None:
    """So far, in the same transaction as the rows; a table has ended where no key is behind."""
    values: dict[str, Any] = {"rows": rows, "ended": upto is None}
    if upto is not None:
        values["reached"] = json.dumps(list(upto))
    conn.execute(update(_PROGRESS).where(_PROGRESS.c.name == table.name).values(**values))


def start_over(conn: Connection) -> None:
    """The next round looks at every row again."""
    conn.execute(update(_PROGRESS).values(reached=None, rows=0, ended=False))


def _ours(conn: Connection) -> dict[str, list[str]]:
    quote = conn.dialect.identifier_preparer.quote
    return {"ours": [quote(table.name) for table in tables()]}


def _helper(table: Table) -> str:
    return f"moving_{table.name}"


def _cursor(conn: Connection) -> Any:
    """The driver's own: what stands in these statements is PostgreSQL's to read, percent signs as well."""
    return conn.connection.cursor()
