"""Everything that the database holds, in one file that restores into SQLite or PostgreSQL (backup_file.py seals it).

What is sealed there is compressed JSON, a line each: first a head (revision, tables, their columns), then per table
its name and its rows in the order of their keys, last the sum of all. It is written from one snapshot while the
service runs, row by row: memory does not grow with the database. A table's hash says what is in it and is the same
on both databases.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    collate,
    select,
)

from storage import jobs_queue
from storage.backup_file import BadBackup, Sealing, opened
from storage.crypto import Cipher, sealed_by
from storage.database import keyring, open_index_key
from storage.migrate import known, pending, revision_of
from storage.tables import metadata

FORMAT = 1
AT_ONCE = 100  # rows in memory: one may be a photo
NOT_OURS = frozenset(
    {"alembic_version", "apscheduler_jobs", *jobs_queue.TABLES}
)  # made anew where they are missing
_KINDS = (
    (Boolean, "bool"),
    (DateTime, "moment"),
    (Date, "date"),
    (LargeBinary, "bytes"),
    (Integer, "int"),
    (String, "text"),
)
Columns = Mapping[str, str]  # the name of each column and its kind, by name


@dataclass(frozen=True)
class Part:
    """One table: how many rows, and SHA-256 over its columns and rows."""

    rows: int
    sha256: str


@dataclass(frozen=True)
class Head:
    """What a backup says of itself before its rows."""

    id: str
    at: dt.datetime
    revision: str
    dialect: str
    tables: Mapping[str, Columns]


@dataclass(frozen=True)
class Contents:
    """What a backup holds; `keys` is how many values each key of TSUNAGARI_KEYS has sealed in it."""

    head: Head
    parts: Mapping[str, Part]
    keys: Mapping[str, int]

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts.values())


@dataclass
class _Sum:
    """A table's hash and count while its lines pass by."""

    rows: int = 0
    _hash: Any = field(default_factory=hashlib.sha256)

    @classmethod
    def begin(cls, columns: Columns) -> _Sum:
        made = cls()
        made._hash.update(_line(columns))
        return made

    def add(self, line: bytes) -> None:
        self.rows += 1
        self._hash.update(line)

    @property
    def part(self) -> Part:
        return Part(self.rows, self._hash.hexdigest())


# ---- writing ----------------------------------------------------------------------------------------------


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one moment, however long it lasts and whatever others write."""
    one_moment = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with engine.connect().execution_options(reads_only=True, **one_moment) as conn, conn.begin():
        yield conn


def write(
    engine: Engine, file: BinaryIO, keys: Mapping[str, bytes], now: dt.datetime, backup_id: str
) -> Contents:
    """Write everything; the file is whole once this returns, and shows it where it is not."""
    sealing, packing = Sealing(file, keys), zlib.compressobj()
    at_head = not pending(engine)
    with snapshot(engine) as conn:
        tables = tables_of(conn, at_head)
        head = Head(
            id=backup_id,
            at=now,
            revision=revision_of(conn) or "",
            dialect=engine.dialect.name,
            tables={table.name: columns_of(table) for table in tables},
        )
        about = {"format": FORMAT, "id": head.id, "at": now.isoformat(), "revision": head.revision}
        sealing.write(
            packing.compress(_line({**about, "dialect": head.dialect, "tables": dict(head.tables)}))
        )
        parts, seals = {}, Counter[str]()
        for table in tables:
            sealing.write(packing.compress(_line({"table": table.name})))
            total = _Sum.begin(head.tables[table.name])
            for line in lines_of(conn, table, seals):
                total.add(line)
                sealing.write(packing.compress(line))
            parts[table.name] = total.part
    sums = {name: [part.rows, part.sha256] for name, part in parts.items()}
    sealing.write(packing.compress(_line({"parts": sums, "keys": seals})) + packing.flush())
    sealing.end()
    return Contents(head, parts, dict(seals))


def tables_of(conn: Connection, at_head: bool) -> list[Table]:
    """Our tables as this database has them: what is referred to comes first."""
    found = MetaData()
    found.reflect(conn)
    return [
        table
        for table in found.sorted_tables
        if (table.name in metadata.tables if at_head else table.name not in NOT_OURS)
    ]


def columns_of(table: Table) -> dict[str, str]:
    """Each column's kind; the order is that of the names, since SQLite and PostgreSQL may have others."""
    return {name: _kind(table.c[name]) for name in sorted(table.c.keys())}


def _kind(column: Column[Any]) -> str:
    for each, kind in _KINDS:
        if isinstance(column.type, each):
            return kind
    raise TypeError(f"{column} has a type that the backup does not know: {column.type!r}")


def parts_of(conn: Connection, tables: list[Table]) -> dict[str, Part]:
    """What stands in the tables now."""
    parts = {}
    for table in tables:
        total = _Sum.begin(columns_of(table))
        for line in lines_of(conn, table):
            total.add(line)
        parts[table.name] = total.part
    return parts


def lines_of(conn: Connection, table: Table, seals: Counter[str] | None = None) -> Iterator[bytes]:
    """The rows of a table in the order of their keys, by bytes as SQLite compares; `seals` counts the keys of sealed
    values."""
    columns = columns_of(table)
    known_as = metadata.tables.get(table.name)
    sealed = [
        place
        for place, name in enumerate(columns)
        if known_as is not None and name in known_as.c and "sealed_row" in known_as.c[name].info
    ]
    by_bytes = conn.dialect.name == "postgresql"
    order = [
        collate(table.c[name], "C") if by_bytes and columns[name] == "text" else table.c[name]
        for name in sorted(column.name for column in table.primary_key)
    ]
    query = select(*(table.c[name] for name in columns)).order_by(*order)
    for row in conn.execute(query, execution_options={"yield_per": AT_ONCE}):
        if seals is not None:
            seals.update(sealed_by(row[place]) for place in sealed if row[place] is not None)
        yield _line([_plain(value) for value in row])


def _plain(value: Any) -> Any:
    match value:
        case bytes() | memoryview():
            return base64.b64encode(value).decode()
        case dt.datetime():
            return (
                value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
            ).isoformat()
        case dt.date():
            return value.isoformat()
    return value


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


# ---- reading ----------------------------------------------------------------------------------------------


class Reading:
    """A backup that is read from its beginning: `head`, then `rows`, then `contents`."""

    def __init__(self, file: BinaryIO, keys: Mapping[str, bytes]) -> None:
        self._lines = _unpacked(opened(file, keys))
        self.contents: Contents | None = None
        said = json.loads(self._next())
        if said["format"] != FORMAT:
            raise BadBackup("newer", f"format {said['format']}")
        self.head = Head(
            id=said["id"],
            at=dt.datetime.fromisoformat(said["at"]),
            revision=said["revision"],
            dialect=said["dialect"],
            tables=said["tables"],
        )

    def rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every row with the name of its table. Raises BadBackup, at the latest behind the last row, where the file
        is not what was written."""
        name, sums = "", dict[str, _Sum]()
        for line in self._lines:
            if line.startswith(b"["):
                sums[name].add(line)
                columns = self.head.tables[name]
                values = zip(columns.items(), json.loads(line), strict=True)
                yield name, {column: _valued(value, kind) for (column, kind), value in values}
                continue
            said = json.loads(line)
            if "table" in said:
                name = said["table"]
                sums[name] = _Sum.begin(self.head.tables[name])
                continue
            parts = {each: Part(rows, sha256) for each, (rows, sha256) in said["parts"].items()}
            if parts != {each: total.part for each, total in sums.items()}:
                raise BadBackup("damaged", "hash")
            self.contents = Contents(self.head, parts, said["keys"])

    def _next(self) -> bytes:
        for line in self._lines:
            return line
        raise BadBackup("damaged", "0")


def check(file: BinaryIO, keys: Mapping[str, bytes], cipher: Cipher | None = None) -> Contents:
    """Read a backup to its end and say what is in it. Raises BadBackup where it could not be restored, and WrongKeys
    where a cipher is given that would not open the database."""
    reading = Reading(file, keys)
    if reading.head.revision and not known(reading.head.revision):
        raise BadBackup("newer", reading.head.revision)
    for name, row in reading.rows():
        if name == keyring.name and row["name"] == "index" and cipher is not None:
            open_index_key(row["secret"], cipher)
    if reading.contents is None:
        raise BadBackup("damaged", "end")
    return reading.contents


def _unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The lines of a compressed stream, each with its line end."""
    unpacking, begun = zlib.decompressobj(), list[bytes]()
    for chunk in chunks:
        *whole, rest = unpacking.decompress(chunk).split(b"\n")
        for line in whole:
            yield b"".join([*begun, line, b"\n"])
            begun.clear()
        begun.append(rest)


def _valued(value: Any, kind: str) -> Any:
    if value is None:
        return None
    match kind:
        case "bytes":
            return base64.b64decode(value)
        case "moment":
            return dt.datetime.fromisoformat(value)
        case "date":
            return dt.date.fromisoformat(value)
    return value
