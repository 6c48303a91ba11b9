"""Which home a database lives in: a restored or copied one must not send again what was sent long ago.

A fingerprint is kept in the database and compared at each start and each minute (`beat`):

- SQLite: the file's inode and birth time, and a counter that also stands in a file beside it,
  `<database>.instance`. A copied file has another inode or birth time, an older one an older counter.
- PostgreSQL: the cluster's identifier, the database's oid and the oid of the table itself; a restored dump
  has others. A physical copy of a whole cluster (base backup) has the same ones: pause sending by hand there.

Where they differ sending is paused and the new home is adopted, so that one `resume_sending` is enough.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Engine, Row, String, Table, select, update

from storage.schema import Moment, metadata
from storage.switches import pause_sending
from storage.work import Database, Work

RESTORED = "データベースが復元または複製されたようです。同じお知らせが二度届かないよう、送信を止めています。"

instance = Table(
    "instance",
    metadata,
    Column("name", String(8), primary_key=True),
    Column("instance_id", String(32), nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("home", String(200), nullable=False),
    Column("seen_at", Moment, nullable=False),
)

_HERE = "here"
_COPY = "copy"


@dataclass(frozen=True)
class Sidecar:
    """The file beside an SQLite database: whose it is, and which counters may stand in the database."""

    path: Path

    def read(self) -> Mapping[str, Any]:
        """What it says; empty where it is missing or damaged."""
        try:
            found = json.loads(self.path.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, instance_id: str, *counters: int) -> None:
        """Replace it in one step; it is on the disk when this returns."""
        fresh = self.path.with_name(self.path.name + ".new")
        with fresh.open("w") as file:
            json.dump({"instance": instance_id, "counters": counters}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def note_start(db: Database, sqlite_path: str | None) -> str | None:
    """Call it once per process before anything is sent: the reason why sending is paused now, or None.

    `sqlite_path` is the database file; None on PostgreSQL. A brand-new database is not paused.
    """
    return _look_and_count(db, sqlite_path)


def beat(db: Database) -> str | None:
    """Call it every minute: a backup is recognised once a beat came after it. Answers like `note_start`."""
    return _look_and_count(db, sqlite_path(db.engine))


def seen(work: Work) -> dt.datetime | None:
    """The last sign of life of any process of ours, which is now from here on; None in a new database."""
    last = work.conn.execute(select(instance.c.seen_at).where(instance.c.name == _HERE)).scalar()
    work.conn.execute(update(instance).where(instance.c.name == _HERE).values(seen_at=work.now))
    return last


def sqlite_path(engine: Engine) -> str | None:
    """The file of an SQLite database; None on PostgreSQL."""
    return engine.url.database if engine.dialect.name == "sqlite" else None


def mark_as_copy(conn: Connection) -> None:
    """For what comes out of a backup of ours: wherever it is put, also over the original at once, it starts paused."""
    conn.execute(update(instance).where(instance.c.name == _HERE).values(home=_COPY))


def settle_in(conn: Connection) -> None:
    """For what has moved here as a whole, while its old home was closed for good: it is no copy, and goes on sending."""
    conn.execute(update(instance).where(instance.c.name == _HERE).values(home=_home(conn, None)))


def _look_and_count(db: Database, path: str | None) -> str | None:
    """Compare, then raise the counter on both sides.

    1. Under the write lock the sidecar names the counter n and the next one, n + 1.
    2. The database says n + 1 and commits.
    3. Under the write lock again the sidecar names n + 1 alone.
    Whatever is killed in between, the database's counter is one that the sidecar names.
    """
    sidecar = Sidecar(Path(f"{path}.instance")) if path else None
    with db.work() as work:
        row = _row(work)
        home = _home(work.conn, path)
        moved = row is not None and _moved(row, home, sidecar)
        if row is None or moved:
            row = _adopt(work, home)
        if moved:
            pause_sending(work, RESTORED)
        if sidecar:
            sidecar.write(row.instance_id, row.counter, row.counter + 1)
        work.conn.execute(
            update(instance)
            .where(instance.c.name == _HERE)
            .values(counter=instance.c.counter + 1, seen_at=work.now)
        )
    if sidecar:
        with db.work() as work:
            row = _row(work)
            assert row is not None
            sidecar.write(row.instance_id, row.counter)
    return RESTORED if moved else None


def _row(work: Work) -> Row[*tuple[Any, ...]] | None:
    return work.conn.execute(select(instance).where(instance.c.name == _HERE).with_for_update()).first()


def _moved(row: Row[*tuple[Any, ...]], home: str, sidecar: Sidecar | None) -> bool:
    if row.home != home:
        return True
    if sidecar is None:
        return False
    beside = sidecar.read()
    return beside.get("instance") != row.instance_id or row.counter not in beside.get("counters", ())


def _adopt(work: Work, home: str) -> Row[*tuple[Any, ...]]:
    values = {"instance_id": secrets.token_hex(16), "counter": 0, "home": home, "seen_at": work.now}
    work.conn.execute(
        work.insert(instance)
        .values(name=_HERE, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )
    row = _row(work)
    assert row is not None
    return row


def _home(conn: Connection, path: str | None) -> str:
    if path:
        return f"sqlite:{Path(path).stat().st_ino}:{_birth(path)}"
    cluster, database, table = conn.exec_driver_sql(
        "SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database()),"
        " 'instance'::regclass::oid FROM pg_control_system()"
    ).one()
    return f"postgresql:{cluster}:{database}:{table}"


def _birth(path: str) -> str:
    """When the file was made, from Linux's statx(2): an inode number alone is soon given to another file.

    "" where the system or the file system does not know it. (`st_dev` may change at a reboot.)
    """
    statx = getattr(ctypes.CDLL(None), "statx", None)
    if statx is None:
        return ""
    at_fdcwd, wants_birth, answer = -100, 0x800, ctypes.create_string_buffer(256)
    if statx(at_fdcwd, os.fsencode(path), 0, wants_birth, answer) != 0:
        return ""
    if not int.from_bytes(answer.raw[0:4], sys.byteorder) & wants_birth:  # stx_mask: what it could tell
        return ""
    seconds = int.from_bytes(answer.raw[80:88], sys.byteorder, signed=True)  # stx_btime
    return f"{seconds}.{int.from_bytes(answer.raw[88:92], sys.byteorder):09d}"
