"""Care with broadcasts: a second person approves, the same is not said twice, and what is under way is counted."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, func, or_, select, update

from storage.broadcast_series import Series, broadcast_series
from storage.broadcasts import PERMITTED, Broadcast, broadcast_recipients, broadcasts, get
from storage.outbox import outbox
from storage.same_words import index_of
from storage.segments import Segment
from storage.transitions import NotPermitted, check
from storage.work import Work

A_DAY = dt.timedelta(days=1)


class SamePerson(Exception):
    """Whoever made it cannot approve it."""


def approve(work: Work, found: Broadcast, by: str, terminal: str) -> None:
    """A second person lets it go out at its time; SamePerson where it is the same one, NotPermitted where it does not
    wait for that. `terminal` is the account in which it is done, as `created_by` has it where no name was given."""
    query = select(broadcasts.c.status).where(broadcasts.c.id == found.id)
    status = work.conn.execute(query.with_for_update()).scalar_one()
    if status != "awaiting":
        raise NotPermitted(f"{status} does not wait for approval")
    _other_person(found.created_by, by, terminal)
    check(PERMITTED, status, "scheduled")
    work.conn.execute(
        update(broadcasts).where(broadcasts.c.id == found.id).values(status="scheduled", approved_by=by)
    )


def approve_series(work: Work, series: Series, by: str, terminal: str) -> None:
    """The same for every turn of a series, which has to be locked. Its state is jobs/series.py's."""
    if series.approved_by is not None or series.ended_at is not None:
        raise NotPermitted(f"{series.status} does not wait for approval")
    _other_person(series.created_by, by, terminal)
    work.conn.execute(
        update(broadcast_series).where(broadcast_series.c.id == series.id).values(approved_by=by)
    )
    mine = and_(broadcasts.c.series_id == series.id, broadcasts.c.status == "scheduled")
    work.conn.execute(update(broadcasts).where(mine).values(approved_by=by))


def unapproved(work: Work, series_id: str) -> tuple[str, ...]:
    """The turns of a series that wait for approval."""
    query = select(broadcasts.c.id).where(
        broadcasts.c.series_id == series_id, broadcasts.c.status == "awaiting"
    )
    return tuple(work.conn.execute(query.order_by(broadcasts.c.id)).scalars())


def _other_person(maker: str, by: str, terminal: str) -> None:
    if maker == terminal or _plain(maker.removeprefix("cli:")) == _plain(by):
        raise SamePerson


def _plain(name: str) -> str:
    """山田 花子, 山田　花子 and 山田花子 are one."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def said_already(
    work: Work,
    channel: str,
    messages: Sequence[Mapping[str, Any]],
    segment: Segment,
    due_at: dt.datetime,
    translations: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Broadcast | None:
    """The broadcast with the same words to the same people less than a day before or after `due_at`, which is planned,
    under way or sent; also one that was cancelled in the middle, since some have got it."""
    counts = or_(broadcasts.c.status.not_in(("cancelled", "missed")), broadcasts.c.prepared_at.is_not(None))
    query = (
        select(broadcasts.c.id)
        .where(
            broadcasts.c.same_index == index_of(work, channel, messages, segment, translations),
            broadcasts.c.due_at > due_at - A_DAY,
            broadcasts.c.due_at < due_at + A_DAY,
            counts,
        )
        .order_by(broadcasts.c.due_at.desc(), broadcasts.c.id.desc())
    )
    earlier = work.conn.execute(query.limit(1)).scalar()
    return None if earlier is None else get(work, earlier)


def in_doubt(work: Work, broadcast_id: str) -> int:
    """How many of those without an outcome are being tried, or were, and nobody knows the end yet."""
    tried = select(outbox.c.chunk).where(
        outbox.c.broadcast_id == broadcast_id, outbox.c.state == "waiting", outbox.c.first_tried.is_not(None)
    )
    return work.conn.execute(
        select(func.count())
        .select_from(broadcast_recipients)
        .where(
            broadcast_recipients.c.broadcast_id == broadcast_id,
            broadcast_recipients.c.outcome.is_(None),
            broadcast_recipients.c.chunk.in_(tried),
        )
    ).scalar_one()
