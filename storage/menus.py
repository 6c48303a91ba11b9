"""Rich menus that are installed at LINE: which of our names is which menu there, on each channel."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Column, String, Table, delete, select

from storage.schema import Moment, metadata
from storage.work import Work

menus = Table(
    "menus",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("menu_id", String(64), nullable=False),
    Column("image_hash", String(64), nullable=False),
    Column("installed_at", Moment, nullable=False),
)


@dataclass(frozen=True)
class Menu:
    """A menu of ours ("resident", "supporter") at LINE; `image_hash` tells whether it is still current."""

    channel: str
    name: str
    menu_id: str
    image_hash: str
    installed_at: dt.datetime


def put(work: Work, channel: str, name: str, menu_id: str, image_hash: str) -> None:
    """Note the menu that stands at LINE now under this name; it replaces the one before."""
    values = {"menu_id": menu_id, "image_hash": image_hash, "installed_at": work.now}
    work.conn.execute(
        work.insert(menus)
        .values(channel=channel, name=name, **values)
        .on_conflict_do_update(index_elements=["channel", "name"], set_=values)
    )


def get(work: Work, channel: str, name: str) -> Menu | None:
    """The installed menu of this name; None when nobody installed one."""
    row = work.conn.execute(select(menus).where(menus.c.channel == channel, menus.c.name == name)).first()
    return None if row is None else Menu(*row)


def listed(work: Work, channel: str | None = None) -> list[Menu]:
    """All installed menus, or those of one channel."""
    query = select(menus).order_by(menus.c.channel, menus.c.name)
    if channel is not None:
        query = query.where(menus.c.channel == channel)
    return [Menu(*row) for row in work.conn.execute(query)]


def remove(work: Work, channel: str, name: str) -> None:
    """Forget a menu that was deleted at LINE."""
    work.conn.execute(delete(menus).where(menus.c.channel == channel, menus.c.name == name))
