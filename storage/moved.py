"""A database that is on its way from SQLite to PostgreSQL: on neither side does anybody work with half of a town.

What has moved says so in its table of switches; what is not whole yet has a table that only an unfinished copy has.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, delete, inspect, select

from storage.switches import switches
from storage.work import insert_for

SWITCH = "moved_away"
UNFINISHED = "tsunagari_copy"  # the name of that table


class Moved(Exception):
    """This database has moved, and the town goes on there: set DATABASE_URL to the new one."""

    def __init__(self, to: str) -> None:
        super().__init__(f"{self.__doc__} It went to {to}.")


class Unfinished(Exception):
    """This database is an unfinished copy of another one: `tsunagari db copy … --final --yes` ends it."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def refuse(conn: Connection) -> None:
    """Raise Moved or Unfinished where this database must not be worked with."""
    if conn.dialect.name == "postgresql":
        if is_unfinished(conn):
            raise Unfinished
    elif (to := moved_to(conn)) is not None:
        raise Moved(to)


def is_unfinished(conn: Connection) -> bool:
    """Whether this PostgreSQL database is a copy that was begun and has not ended."""
    found = conn.exec_driver_sql(f"SELECT to_regclass('{UNFINISHED}') IS NOT NULL").scalar_one()
    return bool(found)


def moved_to(conn: Connection) -> str | None:
    """Where this database has gone; None where it has not."""
    if not inspect(conn).has_table(switches.name):
        return None
    return conn.execute(select(switches.c.reason).where(switches.c.name == SWITCH)).scalar()


def mark(conn: Connection, to: str, now: dt.datetime) -> None:
    """From the commit on nothing of ours works with this database any more; `to` holds no password."""
    values = {"on": True, "reason": to[:300], "since": now}
    conn.execute(
        insert_for(conn.dialect.name, switches)
        .values(name=SWITCH, channel="", **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )


def unmark(conn: Connection) -> None:
    """The town stays where it was."""
    conn.execute(delete(switches).where(switches.c.name == SWITCH))
