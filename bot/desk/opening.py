"""A concern comes into being: from a supporter's chat, a watch partner's, or a call that a desk answered."""

from __future__ import annotations

import datetime as dt

from bot.content.library import Content
from bot.content.places import Route, readers_in, route
from bot.desk import clocks, handing_on, notices
from bot.desk.deeds import Desk
from storage import attempts, audit, concerns, entries, guard
from storage.concerns import Concern, Source
from storage.work import Work

MANY, WITHIN = 10, dt.timedelta(hours=1)  # from one account; more than that are still kept, but quietly
FIRST_TIME = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # a form has no due time: the guard wants one
CHOSEN = "chosen"  # the reporter said 「窓口が違いそう」 and named another desk
BY_STAFF = "by_staff"  # who took the call sent it to another desk


def open_concern(
    work: Work,
    content: Content,
    public_url: str,
    now: dt.datetime,
    *,
    channel: str,
    person_id: str | None,
    town: str,
    district: str | None,
    kind: str,
    level: int,
    since: str,
    subject_knows: str,
    window: str | None = None,
    doubted: bool = False,
    source: Source = "line",
    partner_id: str | None = None,
    once: str | None = None,
    actor: str = "person",
) -> Concern:
    """Route it, freeze the route and why, set its clocks, tell the desk: all in this unit of work.

    `window` is a desk that was chosen instead of the routed one. A form (`once`) that is sent again changes
    nothing and gives the concern that is there.
    """
    if once is not None and not guard.claim_once(work, f"form:{once}", FIRST_TIME):
        there = concerns.by_form(work, once)
        assert there is not None  # whoever claimed the form has committed it with its concern
        return there
    way = route(content.windows, town, kind, level, now)
    reader, reason = _reader(content, way, town, window, BY_STAFF if source == "telephone" else CHOSEN)
    many = person_id is not None and (
        attempts.count(work, channel, person_id, "concern", within=WITHIN) > MANY
    )
    opened = concerns.open_concern(
        work,
        channel,
        person_id=person_id,
        town=town,
        district=district,
        kind=kind,
        level=level,
        since=since,
        subject_knows=subject_knows,
        window=reader,
        route_reason=reason,
        source=source,
        partner_id=partner_id,
        route=way.frozen(),
        doubted=doubted,
        many=many,
        once=once,
    )
    due = clocks.dues(content, content.windows_by_key[reader], level, now)
    opened = concerns.set_dues(work, opened, due.accept, due.contact, due.close)
    if doubted:
        entries.add(work, opened, "doubt", actor, {"wished": window} if window else {})
    audit.note(work, actor, "opened", "concern", opened.id, channel)
    notices.tell_desk(work, content, public_url, opened, "new", reader)
    handing_on.ask_the_night(work, Desk(content, now, public_url), opened)
    return opened


def _reader(content: Content, way: Route, town: str, window: str | None, by: str) -> tuple[str, str]:
    """Who reads it and why: the desk that was chosen (`by`) where it may read here, else the routed one."""
    choosable = {each.key for each in readers_in(content.windows, town)}
    if window is not None and window != way.reader.key and window in choosable:
        return window, by
    return way.reader.key, way.reason
