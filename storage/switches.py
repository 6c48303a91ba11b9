"""Switches that stop sending: all of it (a restored database) or one channel for a while (quota, outage)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from sqlalchemy import Boolean, Column, String, Table, bindparam, delete, literal, select, union_all

from storage.schema import Moment, metadata
from storage.work import Work

switches = Table(
    "switches",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("on", Boolean, nullable=False),
    Column("reason", String(300), nullable=False),
    Column("since", Moment, nullable=False),
)

channel_pauses = Table(
    "channel_pauses",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("until", Moment, nullable=False),
    Column("reason", String(300), nullable=False),
)

_PAUSED = "sending_paused"
_WHY_PAUSED = select(switches.c.reason).where(switches.c.name == _PAUSED, switches.c["on"])
_PAUSED_CHANNELS = select(channel_pauses.c.channel, channel_pauses.c.reason).where(
    channel_pauses.c.until > bindparam("now")
)
EVERYTHING: Final = ""
"""Stands for all channels in `at_rest`."""
AT_REST = union_all(
    _WHY_PAUSED.with_only_columns(literal(EVERYTHING).label("channel"), switches.c.reason),
    _PAUSED_CHANNELS,
)


def at_rest(work: Work) -> dict[str, str]:
    """What rests at this moment and why, asked at once: channels by name, and EVERYTHING where all sending is paused."""
    rows = work.conn.execute(AT_REST, {"now": work.now})
    return {row.channel: row.reason for row in rows}


def sending_paused(work: Work) -> str | None:
    """Why nothing is sent at present; None: sending goes on."""
    return work.conn.execute(_WHY_PAUSED).scalar()


def pause_sending(work: Work, reason: str) -> None:
    """Stop all sending until somebody resumes it; the first reason stays where it was stopped already."""
    if sending_paused(work) is None:
        _turn(work, True, reason)


def resume_sending(work: Work) -> None:
    """Sending goes on."""
    _turn(work, False, "")


def _turn(work: Work, on: bool, reason: str) -> None:
    values = {"on": on, "reason": reason[:300], "since": work.now}
    work.conn.execute(
        work.insert(switches)
        .values(name=_PAUSED, channel="", **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )


def pause_channel(work: Work, channel: str, until: dt.datetime, reason: str) -> None:
    """Send nothing on this channel until then; a later call replaces an earlier one."""
    values = {"until": until, "reason": reason[:300]}
    work.conn.execute(
        work.insert(channel_pauses)
        .values(channel=channel, **values)
        .on_conflict_do_update(index_elements=["channel"], set_=values)
    )


def resume_channel(work: Work, channel: str) -> None:
    """Send on this channel again before its time."""
    work.conn.execute(delete(channel_pauses).where(channel_pauses.c.channel == channel))


def paused_channels(work: Work) -> dict[str, str]:
    """The channels that are paused at this moment, and why."""
    rows = work.conn.execute(_PAUSED_CHANNELS, {"now": work.now})
    return {row.channel: row.reason for row in rows}
