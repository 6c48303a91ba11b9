"""Changing the sealing key: everything that an older key sealed is sealed anew, while the service runs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Row, Table, and_, func, literal, select, tuple_, update

from storage import tables
from storage.crypto import UNKNOWN, VERSION, Place, SealBroken, sealed_by
from storage.database import WrongKeys
from storage.work import Database, Work

BREATH = 0.2  # seconds between two batches on SQLite: who waits there for its one lock looks every 0.1 s; without it
# a service that ran meanwhile got none within its ten seconds
PICTURES_AT_ONCE = 20  # in memory; each may have a megabyte
_HEAD_BYTES = 34  # version, length, and a key id of at most 32


def _sealed_columns() -> Iterator[tuple[Table, Column[Any]]]:
    for table in tables.metadata.sorted_tables:
        for column in table.columns:
            if "sealed_row" in column.info:
                yield table, column


def _sealed_by(column: Column[Any], key: str) -> Any:
    head = VERSION + bytes([len(key)]) + key.encode()
    return func.substr(column, 1, len(head)) == head


def keys_in_use(db: Database) -> dict[str, int]:
    """How many sealed values there are by the id of their key; an old key may go when it is not in here."""
    found: Counter[str] = Counter()
    with db.look() as work:
        for table, column in _sealed_columns():
            for key in db.cipher.keys:
                query = select(func.count()).select_from(table).where(_sealed_by(column, key))
                found[key] += work.conn.execute(query).scalar_one()
            found.update(_strangers(work, column))
    return {key: count for key, count in found.items() if count}


def need_every_key(db: Database) -> None:
    """Raise WrongKeys where something is sealed by a key that we do not have: the service would run, and could not
    read it. (Who has lost a key for good starts with another one under its id: what it sealed stays closed.)"""
    with db.look() as work:
        missing = sum((_strangers(work, column) for _, column in _sealed_columns()), Counter[str]())
    missing.pop(UNKNOWN, None)  # one value that was damaged must not keep everybody else waiting
    if missing:
        named = ", ".join(f"{key} ({count} values)" for key, count in sorted(missing.items()))
        raise WrongKeys(f"TSUNAGARI_KEYS lacks a key that this database needs: {named}.")


def _strangers(work: Work, column: Column[Any]) -> Counter[str]:
    """How many values each key has sealed that we do not have."""
    ours = (~_sealed_by(column, key) for key in work.cipher.keys)
    heads = select(func.substr(column, 1, _HEAD_BYTES)).where(column.is_not(None), *ours)
    return Counter(sealed_by(head) for head in work.conn.execute(heads).scalars())


def reseal(db: Database, batch: int = 500, progress: Callable[[int], None] = lambda _done: None) -> int:
    """Seal with the first key whatever another one sealed; how many values that were.

    It goes batch by batch, each its own transaction, and may be killed and called again at any time. A value
    that the service changes meanwhile is left alone: it was sealed by the first key just now. What cannot be
    opened stays as it is; once all the rest is done, SealBroken says how many those are.
    """
    done = 0
    broken: list[str] = []
    for table, column in _sealed_columns():
        at_once = min(batch, PICTURES_AT_ONCE) if column.name == "picture" else batch
        after: Sequence[Any] | None = None
        while True:
            with db.work() as work:
                rows = _next(work, table, column, after, at_once)
                done += sum(_reseal_one(work, table, column, row, broken) for row in rows)
            progress(done)
            if len(rows) < at_once:
                break
            if not work.on_postgresql:
                time.sleep(BREATH)
            after = rows[-1][: len(table.primary_key.columns)]
    if broken:
        raise SealBroken(f"{len(broken)} sealed values cannot be opened, the first is {broken[0]}")
    return done


def _next(
    work: Work, table: Table, column: Column[Any], after: Sequence[Any] | None, batch: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The next rows by primary key: its columns, then `tenant`, `sealed_row`, `envelope`."""
    keys = list(table.primary_key.columns)
    tenant = table.c.channel if "channel" in table.c else literal("")
    query = (
        select(
            *keys,
            tenant.label("tenant"),
            table.c[column.info["sealed_row"]].label("sealed_row"),
            column.label("envelope"),
        )
        .where(column.is_not(None), ~_sealed_by(column, work.cipher.first))
        .order_by(*keys)
        .limit(batch)
    )
    if after is not None:
        query = query.where(
            tuple_(*keys) > tuple_(*(literal(v, k.type) for k, v in zip(keys, after, strict=True)))
        )
    return work.conn.execute(query).all()


def _reseal_one(
    work: Work, table: Table, column: Column[Any], row: Row[*tuple[Any, ...]], broken: list[str]
) -> int:
    place = Place(row.tenant, table.name, column.name, row.sealed_row)
    try:
        fresh = work.cipher.seal(work.cipher.open(row.envelope, place), place)
    except SealBroken:
        broken.append(f"{table.name}.{column.name} of {row.sealed_row}")
        return 0
    same_row = and_(*(key == value for key, value in zip(table.primary_key.columns, row, strict=False)))
    changed = work.conn.execute(
        update(table).where(same_row, column == row.envelope).values({column: fresh}).returning(literal(1))
    ).first()
    return int(changed is not None)
