"""A series goes on: when a turn begins, is missed or is cancelled, the next one is made in the same transaction.

The next turn is the first after now and after all that is settled. So an outage of days leaves one missed turn, not
five; and a clock that was ahead for a while takes back the turn that it made too late.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from bot import log, recurrence
from bot.night import TOKYO
from bot.recurrence import BadRule, Rule
from storage import broadcast_care, broadcast_series, broadcasts
from storage.broadcast_series import Series, Standing
from storage.broadcasts import Broadcast
from storage.segments import Segment
from storage.transitions import NotPermitted
from storage.work import Database, Work


def begin(
    work: Work,
    channel: str,
    title: str,
    messages: Sequence[Mapping[str, Any]],
    segment: Segment,
    rule: Rule,
    *,
    created_by: str,
    late_limit: dt.timedelta,
    urgent_reason: str | None = None,
    awaits: bool = False,
    translations: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> tuple[Series, Broadcast | None]:
    """A new series with its first turn, or with none where it `awaits` approval; ValueError where its rule has no day
    to come."""
    made = broadcast_series.create(
        work,
        channel,
        title,
        messages,
        segment,
        recurrence.to_json(rule),
        created_by=created_by,
        late_limit=late_limit,
        urgent_reason=urgent_reason,
        awaits=awaits,
        translations=translations,
    )
    first = follow(work, made.id)
    if first is None and not (awaits and recurrence.next_due(rule, work.now)):
        raise ValueError(f"the rule has no day to come: {made.rule}")
    return made, first


def follow(work: Work, series_id: str) -> Broadcast | None:
    """Make the next turn of an active series where none waits, or one too late; the series ends after its last."""
    series = broadcast_series.lock(work, series_id)
    if series is None or series.status != "active":
        return None
    (stands,) = broadcast_series.standing(work, series_id)
    if not _amiss(work.now, stands):
        return None
    if stands.waiting_id is not None:
        broadcasts.withdraw(work, stands.waiting_id)
    due_at = _next(work.now, stands)
    if due_at is None:
        broadcast_series.turn(work, series, "ended")
        return None
    return broadcasts.schedule(
        work,
        series.channel,
        series.messages,
        series.segment,
        due_at,
        created_by=series.created_by,
        late_limit=series.late_limit,
        series_id=series.id,
        urgent_reason=series.urgent_reason,
        approved_by=series.approved_by,
        translations=series.translations,
    )


def repair(db: Database) -> int:
    """Every active series has its next turn; how many had to be mended. One that cannot be read harms no other."""
    mended = 0
    with db.look() as work:
        found = broadcast_series.standing(work)
    for stands in found:
        try:
            if _amiss(db.clock(), stands):
                with db.work() as work:
                    follow(work, stands.series_id)
                mended += 1
        except BadRule as trouble:
            log.error("series.trouble", trouble, series_id=stands.series_id)
    return mended


def cancel_one(work: Work, found: Broadcast) -> Broadcast | None:
    """Cancel a broadcast; where it was the next turn of a series, the one after it, which was made now."""
    if found.series_id is None:
        broadcasts.cancel(work, found.id)
        return None
    broadcast_series.lock(work, found.series_id)
    if broadcasts.get(work, found.id) is None:
        raise NotPermitted("its series was paused meanwhile")
    broadcasts.cancel(work, found.id)
    return follow(work, found.series_id)


def pause(work: Work, series: Series) -> None:
    """No further turn until it is resumed; one that is being sent goes on."""
    broadcast_series.turn(work, series, "paused")
    _cancel_unapproved(work, series)
    waiting = broadcast_series.waiting(work, series.id)
    if waiting is not None:
        broadcasts.withdraw(work, waiting)


def _cancel_unapproved(work: Work, series: Series) -> None:
    for turn_id in broadcast_care.unapproved(work, series.id):
        broadcasts.cancel(work, turn_id)


def approve(work: Work, series: Series, by: str, terminal: str) -> Broadcast | None:
    """A second person lets all its turns go out; the one that waits then, None where no day is left."""
    broadcast_care.approve_series(work, series, by, terminal)
    if series.status == "awaiting":
        broadcast_series.turn(work, series, "active")
        return follow(work, series.id)
    waiting = broadcast_series.waiting(work, series.id)
    return None if waiting is None else broadcasts.get(work, waiting)


def resume(work: Work, series: Series) -> Broadcast | None:
    """Go on with the next turn from now; None where there is none any more, and the series has ended."""
    broadcast_series.turn(work, series, "active")
    return follow(work, series.id)


def cancel(work: Work, series: Series) -> None:
    """The end of it; one that is being sent goes on."""
    broadcast_series.turn(work, series, "cancelled")
    _cancel_unapproved(work, series)
    waiting = broadcast_series.waiting(work, series.id)
    if waiting is not None:
        broadcasts.cancel(work, waiting)


def coming(series: Series, after: dt.datetime, until: dt.datetime) -> list[dt.datetime]:
    """The turns later than `after`, up to `until`, in Tokyo time."""
    rule = recurrence.from_json(series.rule)
    days = recurrence.due_days(rule, after.astimezone(TOKYO).date(), until.date())
    return [moment for moment in map(rule.moment, days) if after < moment <= until]


def _amiss(now: dt.datetime, stands: Standing) -> bool:
    """Whether no turn waits, or a later one than the next. One whose time has come is not amiss but about to begin."""
    if stands.waits_until is None:
        return True
    if stands.waits_until <= now:
        return False
    due_at = _next(now, stands)
    return due_at is not None and due_at < stands.waits_until


def _next(now: dt.datetime, stands: Standing) -> dt.datetime | None:
    after = max(now, stands.settled) if stands.settled else now
    return recurrence.next_due(recurrence.from_json(stands.rule), after)
