"""Changing the sealing key: everything that an older key sealed is sealed anew, while the service runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Row, Table, and_, func, literal, select, tuple_, update

from storage import tables
from storage.crypto import VERSION, Place, SealBroken, key_id
from storage.work import Database, Work

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
            rest = [column.is_not(None)]
            for key in db.cipher.keys:
                query = select(func.count()).select_from(table).where(_sealed_by(column, key))
                found[key] += work.conn.execute(query).scalar_one()
                rest.append(~_sealed_by(column, key))
            strangers = select(func.substr(column, 1, _HEAD_BYTES)).where(and_(*rest))
            found.update(key_id(head) for head in work.conn.execute(strangers).scalars())
    return {key: count for key, count in found.items() if count}


def reseal(db: Database, batch: int = 500) -> int:
    """Seal with the first key whatever another one sealed; how many values that were.

    It goes batch by batch, each its own transaction, and may be killed and called again at any time. A value
    that the service changes meanwhile is left alone: it was sealed by the first key just now. What cannot be
    opened stays as it is; once all the rest is done, SealBroken says how many those are.
    """
    done = 0
    broken: list[str] = []
    for table, column in _sealed_columns():
        after: Sequence[Any] | None = None
        while True:
            with db.work() as work:
                rows = _next(work, table, column, after, batch)
                done += sum(_reseal_one(work, table, column, row, broken) for row in rows)
            if len(rows) < batch:
                break
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
