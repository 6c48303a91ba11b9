"""Tries to sign in, counted by who tries: each wrong one makes the next wait longer. Addresses are keyed hashes.

A try is counted before anything is looked at, so that a hundred at one moment are a hundred. While somebody
has to wait, their tries are refused unseen and not counted: waiting always ends.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Column, Index, Integer, String, Table, delete, select, update

from storage.schema import Moment, metadata
from storage.work import Work

sign_in_tries = Table(
    "sign_in_tries",
    metadata,
    Column("bucket", String(64), primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("wait_until", Moment, nullable=False),
    Index(None, "last_at"),
)


@dataclass(frozen=True)
class Limit:
    """After `free` tries a wait of `first`, doubled with each further one up to `longest`; `within` so long
    a quiet time all is forgotten."""

    free: int
    first: dt.timedelta
    longest: dt.timedelta
    within: dt.timedelta

    def wait_after(self, tries: int) -> dt.timedelta:
        if tries < self.free:
            return dt.timedelta()
        return min(self.first * (1 << min(tries - self.free, 20)), self.longest)


def bucket(work: Work, *who: str) -> str:
    """The name of a counter, from which nobody learns whose it is."""
    return work.index("sign-in-tries", *who)


def admit(work: Work, limits: Mapping[str, Limit]) -> int:
    """Count one try in each of these buckets and give 0; or, where one of them must wait, count nothing and
    give the seconds."""
    tries: dict[str, int] = {}
    longest = work.now
    for name in sorted(limits):  # always in one order: two callers never wait for each other
        work.conn.execute(
            work.insert(sign_in_tries)
            .values(bucket=name, tries=0, last_at=work.now, wait_until=work.now)
            .on_conflict_do_nothing()
        )
        row = work.conn.execute(
            select(sign_in_tries).where(sign_in_tries.c.bucket == name).with_for_update()
        ).one()
        tries[name] = row.tries if row.last_at > work.now - limits[name].within else 0
        longest = max(longest, row.wait_until)
    if longest > work.now:
        return math.ceil((longest - work.now).total_seconds())
    for name, limit in limits.items():
        counted = tries[name] + 1
        work.conn.execute(
            update(sign_in_tries)
            .where(sign_in_tries.c.bucket == name)
            .values(tries=counted, last_at=work.now, wait_until=work.now + limit.wait_after(counted))
        )
    return 0


def must_wait(work: Work, name: str) -> bool:
    """Whether a try in this bucket would be refused now; nothing is counted."""
    until = work.conn.execute(
        select(sign_in_tries.c.wait_until).where(sign_in_tries.c.bucket == name)
    ).scalar()
    return until is not None and until > work.now


def add(work: Work, name: str, tries: int, within: dt.timedelta) -> None:
    """Count so many more in this bucket, for which nobody has to wait."""
    counted = so_far(work, name, within) + tries
    values = {"tries": counted, "last_at": work.now}
    work.conn.execute(
        work.insert(sign_in_tries)
        .values(bucket=name, wait_until=work.now, **values)
        .on_conflict_do_update(index_elements=["bucket"], set_=values)
    )


def so_far(work: Work, name: str, within: dt.timedelta) -> int:
    """How many tries this bucket counts now."""
    row = work.conn.execute(select(sign_in_tries).where(sign_in_tries.c.bucket == name)).first()
    return row.tries if row is not None and row.last_at > work.now - within else 0


def forgive(work: Work, own: Collection[str], shared: Collection[str] = ()) -> None:
    """Somebody has proved who they are: their own wrong tries are forgotten; in a bucket that they share with
    others only this one try is taken back."""
    for name in sorted({*own, *shared}):  # in the order of `admit`
        here = sign_in_tries.c.bucket == name
        if name in own:
            work.conn.execute(delete(sign_in_tries).where(here))
        else:
            one_less = update(sign_in_tries).where(here, sign_in_tries.c.tries > 0)
            work.conn.execute(one_less.values(tries=sign_in_tries.c.tries - 1))


def forget_old(work: Work, older_than: dt.timedelta = dt.timedelta(days=3)) -> int:
    """Nightly: counters that no limit asks for any more."""
    return work.conn.execute(
        delete(sign_in_tries).where(
            sign_in_tries.c.last_at < work.now - older_than, sign_in_tries.c.wait_until < work.now
        )
    ).rowcount
