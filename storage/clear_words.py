"""Words from before their column was sealed: a migration has no keys, so they are sealed when the database is opened."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, update

from storage.crypto import VERSION
from storage.supporters import supporters
from storage.work import Database

COLUMNS = (supporters.c.group_name,)  # migration 0013
_AT_ONCE = 500


def seal_what_was_clear(db: Database) -> int:
    """Seal what no key has sealed yet; how many values that were. It may be killed and done again at any time."""
    done = 0
    for column in COLUMNS:
        clear = func.substr(column, 1, 1) != VERSION  # no text of ours begins with the sign U+0001
        some = select(column.table.c.id, column.table.c.channel, column.label("words")).where(clear)
        with db.look() as work:  # nearly always there is nothing, and nobody has to wait for that answer
            if work.conn.execute(some.limit(1)).first() is None:
                continue
        while True:
            with db.work() as work:
                rows = work.conn.execute(some.limit(_AT_ONCE)).all()
                for row in rows:
                    text = bytes(row.words).decode()
                    place = (row.channel, column.table.name, column.name, row.id)
                    values: dict[str, Any] = {column.name: work.seal(text, *place) if text else None}
                    same = (column.table.c.id == row.id, column == row.words)
                    work.conn.execute(update(column.table).where(*same).values(values))
            done += len(rows)
            if len(rows) < _AT_ONCE:
                break
    return done
