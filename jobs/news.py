"""Periodic news: when the turn of a rhythm has come, what was entered since goes out as one broadcast.

Any number of processes look each minute; one of them claims the turn in the transaction that plans the broadcast. Who
is told what is decided when it begins (storage/news_items.py), so a turn that was held up, or asked for twice, tells
nobody anything twice.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from bot import log
from bot.broadcasting import digest
from bot.content.library import Content
from bot.content.news import RHYTHMS, NewsPlan, Rhythm
from bot.when import TOKYO
from jobs import broadcast
from jobs.rooms import Rooms
from storage import broadcasts, guard, news_items
from storage.broadcasts import Broadcast
from storage.news_items import Item
from storage.segments import All, Either, Fits, Segment
from storage.work import Work

SYSTEM = "system:news"


def minute(services: Rooms) -> int:
    """What the timetable calls: every turn that is due now, on every channel; how many digests began."""
    plan, begun = services.content.news, 0
    for channel in services.content.channels:
        for rhythm in RHYTHMS:
            try:
                due_at = plan.due(rhythm, services.db.clock())
                begun += due_at is not None and _turn(services, channel, rhythm, due_at)
            except Exception as trouble:
                log.error("news.trouble", trouble, channel=channel)
    return begun


def _turn(services: Rooms, channel: str, rhythm: Rhythm, due_at: dt.datetime) -> bool:
    """One turn, for the one caller who claims it."""
    job = f"news:{rhythm}:{channel}"
    with services.db.look() as work:
        if guard.is_claimed(work, job, due_at) or not entered_before(work, channel, due_at):
            return False
    with services.db.work() as work:
        if not guard.claim_once(work, job, due_at):
            return False
        planned = compose(work, services.content, channel, rhythm, due_at, created_by=SYSTEM)
    return planned is not None and broadcast.fire(services, planned.id, planned.due_at)


def compose(
    work: Work, content: Content, channel: str, rhythm: Rhythm, until: dt.datetime, *, created_by: str
) -> Broadcast | None:
    """Plan the digest of what was entered up to this moment, to begin now; None where nobody is to be told anything."""
    news_items.hold(work)
    message, segment = digest_until(work, content, channel, rhythm, until)
    told = digest.digest_of([message])
    if told is None or not digest.reach(work, content, channel, segment, told):
        return None
    limit = content.news.late_limit(work.now)
    return broadcasts.schedule(
        work,
        channel,
        [message],
        segment,
        work.now,
        created_by=created_by,
        late_limit=max(limit, dt.timedelta()),
    )


def digest_until(
    work: Work, content: Content, channel: str, rhythm: Rhythm, until: dt.datetime
) -> tuple[dict[str, Any], Segment]:
    """The message of a broadcast, and whom it is for; {} for nobody."""
    items = entered_before(work, channel, until)
    segment = audience(content.news, items, rhythm)
    if segment is None:
        return {}, Either()
    said = {"rhythm": rhythm, "upto": items[-1].number, "items": news_items.as_plain(items)}
    return {"digest": said}, segment


def entered_before(work: Work, channel: str, until: dt.datetime) -> tuple[Item, ...]:
    """What is news now and was entered up to this moment, by number, and nothing that was entered before something
    that was not."""
    items = news_items.current(work, channel, work.now.astimezone(TOKYO).date())
    first_later = min((item.number for item in items if item.created_at > until), default=None)
    return tuple(item for item in items if first_later is None or item.number < first_later)


def audience(plan: NewsPlan, items: tuple[Item, ...], rhythm: Rhythm) -> Segment | None:
    """Whoever takes one of these topics at this rhythm, in one of these towns; what they have heard already is looked
    at when it begins."""
    parts: list[Segment] = []
    topics = {item.told.topic for item in items}
    at_once = tuple(sorted(topics & set(plan.at_once)))
    usual = tuple(sorted(f"{rhythm}.{topic}" for topic in topics - set(plan.at_once)))
    if usual:
        parts.append(Fits("rhythm", usual))
    if at_once and rhythm == "each":
        parts.append(Fits("topic", at_once))
    if not parts:
        return None
    takes = parts[0] if len(parts) == 1 else Either(tuple(parts))
    towns = {town for item in items for town in item.told.towns}
    if all(item.told.towns for item in items):
        return All((Fits("town", tuple(sorted(towns))), takes))
    return takes
