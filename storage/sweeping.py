"""What was erased leaves the files, too: a deleted row is only marked as free, and its bytes stay where they were.

SQLite overwrites them at once (`secure_delete`, storage/database.py), but the write-ahead log keeps the old pages until
it is folded into the database. PostgreSQL keeps dead rows until a VACUUM, and most of an ordinary VACUUM's free space
still holds their bytes (measured: of 200 erased rows 23 could be read afterwards, after VACUUM FULL none). So every table
about people is written anew at night: 1.3 s for 100,000 rows, in which others wait for that one table.
"""

from __future__ import annotations

import time

from sqlalchemy import Connection, exc

from storage.data_register import the_register
from storage.work import Database

LARGEST = 500_000_000  # bytes: a larger table would keep others waiting too long; it gets an ordinary VACUUM
WAIT = 2.0  # seconds for whoever uses a table at that moment; then it is left for the next night


def sweep(db: Database) -> tuple[str, ...]:
    """Once a night, after everything that erases. The tables in which something may have stayed for another night."""
    folded = db.truncate_log()
    if db.engine.dialect.name != "postgresql":
        return () if folded else about_people()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql(f"SET lock_timeout = {int(WAIT * 1000)}")
        alone = _others_are_done(conn)
        left = [table for table in about_people() if not _rewritten(conn, table)]
        conn.exec_driver_sql("RESET lock_timeout")
    return tuple(left) if alone else about_people()


def _others_are_done(conn: Connection) -> bool:
    """Whether every transaction of before has ended: while one runs, in any database of the server, PostgreSQL keeps
    the rows that died since for it."""
    begun = conn.exec_driver_sql("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").scalar_one()
    end = time.monotonic() + WAIT
    while True:
        oldest = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        if conn.exec_driver_sql(oldest).scalar_one() >= begun:
            return True
        if time.monotonic() > end:
            return False
        time.sleep(0.05)


def _rewritten(conn: Connection, table: str) -> bool:
    size = conn.exec_driver_sql(f"SELECT pg_total_relation_size('{table}')").scalar_one()
    try:
        conn.exec_driver_sql(f"VACUUM {'(FULL)' if size <= LARGEST else ''} {table}")
    except exc.OperationalError:  # somebody holds it for longer
        return False
    return bool(size <= LARGEST)


def about_people() -> tuple[str, ...]:
    """The tables in which something personal or secret stands, sealed or as a keyed index."""
    return tuple(dict.fromkeys(column.table for column in the_register() if column.must_be_guarded))
