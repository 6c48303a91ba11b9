"""LINE official accounts that were added while the service runs; those of the environment stand in no table.

A row is changed and switched off, never deleted: what a channel's people have told stays its own, and the sum of
all versions grows with each change, whoever makes it and however many do so at once (`stamp`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Integer, Row, String, Table, func, select, update

from storage.crypto import SealBroken
from storage.schema import Moment, metadata, sealed
from storage.work import Work

channels = Table(
    "channels",
    metadata,
    Column("channel", String(32), primary_key=True),
    sealed("secret", row="channel", nullable=False),
    sealed("token", row="channel", nullable=False),
    Column("login_id", String(20)),
    sealed("login_secret", row="channel"),
    Column("basic_id", String(32), nullable=False),
    Column("added_at", Moment, nullable=False),
    Column("disabled_at", Moment),
    Column("version", Integer, nullable=False),
)

_STAMP = select(func.coalesce(func.sum(channels.c.version), 0))
_ALL = select(channels).order_by(channels.c.channel)


@dataclass(frozen=True)
class Account:
    """An account as it was added; `basic_id` is the one with the @, empty where nobody has asked LINE."""

    channel: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    login_id: str | None = None
    login_secret: str | None = field(default=None, repr=False)
    basic_id: str = ""


@dataclass(frozen=True)
class Added:
    """A row: since when, and since when it rests. `account` is None where no key of ours opens it."""

    channel: str
    basic_id: str
    added_at: dt.datetime
    disabled_at: dt.datetime | None
    account: Account | None


def stamp(work: Work) -> int:
    """Another number after each change of any account: one small question, for those who ask often."""
    return int(work.conn.execute(_STAMP).scalar_one())


def listed(work: Work) -> tuple[Added, ...]:
    """Every account that was added, by name, with its secrets."""
    return tuple(_added(work, row) for row in work.conn.execute(_ALL))


def get(work: Work, channel: str) -> Added | None:
    """The account of this name."""
    row = work.conn.execute(select(channels).where(channels.c.channel == channel)).first()
    return _added(work, row) if row else None


def add(work: Work, account: Account) -> bool:
    """Write a new account down; False where there is one of this name."""
    fresh = {"channel": account.channel, "added_at": work.now, "version": 1}
    values = fresh | _values(work, account)
    added = work.conn.execute(
        work.insert(channels)
        .values(values)
        .on_conflict_do_nothing(index_elements=["channel"])
        .returning(channels.c.channel)
    )
    return added.first() is not None


def change(work: Work, account: Account) -> None:
    """Replace what is known of this account (a token that was issued anew, say)."""
    _update(work, account.channel, **_values(work, account))


def disable(work: Work, channel: str) -> None:
    """Hear and send nothing on this account any more."""
    _update(work, channel, disabled_at=work.now)


def enable(work: Work, channel: str) -> None:
    """Use it again."""
    _update(work, channel, disabled_at=None)


def _update(work: Work, channel: str, **values: Any) -> None:
    work.conn.execute(
        update(channels).where(channels.c.channel == channel).values(version=channels.c.version + 1, **values)
    )


def _values(work: Work, account: Account) -> dict[str, Any]:
    def closed(column: str, value: str | None) -> bytes | None:
        if value is None:
            return None
        return work.seal(value, account.channel, "channels", column, account.channel)

    return {
        "secret": closed("secret", account.secret),
        "token": closed("token", account.token),
        "login_id": account.login_id,
        "login_secret": closed("login_secret", account.login_secret),
        "basic_id": account.basic_id,
    }


def _added(work: Work, row: Row[*tuple[Any, ...]]) -> Added:
    def opened(column: str) -> Any:
        return work.unseal(getattr(row, column), row.channel, "channels", column, row.channel)

    try:
        account = Account(
            row.channel,
            opened("secret"),
            opened("token"),
            row.login_id,
            opened("login_secret"),
            row.basic_id,
        )
    except SealBroken:
        account = None
    return Added(row.channel, row.basic_id, row.added_at, row.disabled_at, account)
