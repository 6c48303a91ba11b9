"""Concerns: what a supporter noticed about somebody, on its way to the desk that can help."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import or_, select, update

from storage.concern_table import COLUMNS as _COLUMNS
from storage.concern_table import MERGED, OPEN, PERMITTED, Concern, Source, State, concerns
from storage.concern_table import read_row as _of
from storage.handons import handons
from storage.numbers import ALPHABET, checked_number, new_number
from storage.recusals import recusals
from storage.schema import new_id
from storage.transitions import NotPermitted, check
from storage.work import Work

__all__ = [
    "ALPHABET",
    "MERGED",
    "OPEN",
    "PERMITTED",
    "Concern",
    "Source",
    "State",
    "checked_number",
    "concerns",
]


def open_concern(
    work: Work,
    channel: str,
    *,
    person_id: str | None,
    town: str,
    district: str | None,
    kind: str,
    level: int,
    since: str,
    subject_knows: str,
    window: str,
    route_reason: str,
    source: Source = "line",
    partner_id: str | None = None,
    route: Mapping[str, Any] | None = None,
    doubted: bool = False,
    many: bool = False,
    once: str | None = None,
) -> Concern:
    """Write down a concern for a desk. `level` is 0 (at once) to 4; the other words are keys of content/.

    `once` is a form's own id: sent again, it gives the concern that it made the first time.
    """
    row = work.conn.execute(
        work.insert(concerns)
        .values(
            id=new_id(),
            channel=channel,
            number=new_number(),
            once=once,
            person_id=person_id,
            source=source,
            partner_id=partner_id,
            town=town,
            district=district,
            kind=kind,
            level=level,
            since=since,
            subject_knows=subject_knows,
            window=window,
            routed_to=window,
            route_reason=route_reason,
            route=json.dumps(route, ensure_ascii=False) if route else None,
            doubted=doubted,
            many=many,
            state="sent",
            created_at=work.now,
        )
        .on_conflict_do_nothing(index_elements=["once"])
        .returning(*_COLUMNS)
    ).first()
    if row is None:
        row = work.conn.execute(select(*_COLUMNS).where(concerns.c.once == once)).one()
    return _of(row)


def get(work: Work, concern_id: str) -> Concern | None:
    """The concern with this id."""
    row = work.conn.execute(select(*_COLUMNS).where(concerns.c.id == concern_id)).first()
    return None if row is None else _of(row)


def by_number(work: Work, text: str, channel: str | None = None) -> Concern | None:
    """The concern with this number, however it was typed; with `channel`, only that channel's."""
    number = checked_number(text)
    if number is None:
        return None
    query = select(*_COLUMNS).where(concerns.c.number == number)
    if channel is not None:
        query = query.where(concerns.c.channel == channel)
    row = work.conn.execute(query).first()
    return None if row is None else _of(row)


def by_form(work: Work, once: str) -> Concern | None:
    """The concern that this form made, when it was sent before."""
    row = work.conn.execute(select(*_COLUMNS).where(concerns.c.once == once)).first()
    return None if row is None else _of(row)


def of_reporter(work: Work, person_id: str) -> tuple[Concern, ...]:
    """What this person reported, the newest first."""
    query = (
        select(*_COLUMNS)
        .where(concerns.c.person_id == person_id)
        .order_by(concerns.c.created_at.desc(), concerns.c.id.desc())
    )
    return tuple(_of(row) for row in work.conn.execute(query))


def listed(
    work: Work, channel: str | None = None, state: State | None = None, window: str | None = None
) -> tuple[Concern, ...]:
    """Concerns by channel, state and desk (None: all of them): the most urgent first, then the oldest."""
    query = select(*_COLUMNS).order_by(concerns.c.level, concerns.c.created_at, concerns.c.id)
    for column, value in (
        (concerns.c.channel, channel),
        (concerns.c.state, state),
        (concerns.c.window, window),
    ):
        if value is not None:
            query = query.where(column == value)
    return tuple(_of(row) for row in work.conn.execute(query))


def inbox(
    work: Work,
    windows: Collection[str],
    staff_id: str,
    states: Collection[State] = OPEN,
    *,
    limit: int = 200,
    offset: int = 0,
) -> tuple[Concern, ...]:
    """What these desks are in charge of or were offered: the most urgent first, then the oldest.

    Not what goes on under another number, and not what this person has stepped back from.
    """
    query = (
        select(*_COLUMNS)
        .where(
            *_within_reach(windows, staff_id), concerns.c.state.in_(states), concerns.c.merged_into.is_(None)
        )
        .order_by(concerns.c.level, concerns.c.created_at, concerns.c.id)
        .limit(limit)
        .offset(offset)
    )
    return tuple(_of(row) for row in work.conn.execute(query))


def visible(work: Work, number: str, windows: Collection[str], staff_id: str) -> Concern | None:
    """The concern with this number, for staff of these desks; for all others there is none."""
    checked = checked_number(number)
    if checked is None:
        return None
    reachable = _within_reach(windows, staff_id)
    row = work.conn.execute(select(*_COLUMNS).where(concerns.c.number == checked, *reachable)).first()
    return None if row is None else _of(row)


def _within_reach(windows: Collection[str], staff_id: str) -> tuple[Any, ...]:
    offered = select(handons.c.concern_id).where(
        handons.c.state == "offered", handons.c.to_window.in_(windows)
    )
    stepped_back = select(recusals.c.concern_id).where(recusals.c.staff_id == staff_id)
    return (
        or_(concerns.c.window.in_(windows), concerns.c.id.in_(offered)),
        concerns.c.id.not_in(stepped_back),
    )


def add_details(work: Work, concern: Concern, details: Mapping[str, str]) -> None:
    """Keep, sealed, what was typed in our own form; it replaces what was there. Not for a closed concern."""
    envelope = work.seal(dict(details), concern.channel, "concerns", "details", concern.id)
    changed = work.conn.execute(
        update(concerns)
        .where(concerns.c.id == concern.id, concerns.c.state != "closed")
        .values(details=envelope, details_at=work.now)
        .returning(concerns.c.id)
    ).first()
    if changed is None:
        raise NotPermitted("details of a closed concern")


def details(work: Work, concern: Concern) -> Mapping[str, str]:
    """The words of the form; empty where there are none (any more)."""
    envelope = work.conn.execute(select(concerns.c.details).where(concerns.c.id == concern.id)).scalar()
    opened: dict[str, str] | None = work.unseal(envelope, concern.channel, "concerns", "details", concern.id)
    return opened or {}


def note_read(work: Work, concern: Concern) -> bool:
    """A person at the desk has opened it; True for the first one."""
    row = work.conn.execute(
        update(concerns)
        .where(concerns.c.id == concern.id, concerns.c.read_at.is_(None))
        .values(read_at=work.now)
        .returning(concerns.c.id)
    ).first()
    return row is not None


def accept(work: Work, concern: Concern) -> Concern:
    """The desk has it in hand. Raises NotPermitted unless it was sent and nobody took it yet."""
    return _step(work, concern, "accepted", only_from="sent", accepted_at=work.now)


def in_touch(work: Work, concern: Concern) -> Concern:
    """The desk has reached the person whom it is about, or somebody close."""
    return _step(work, concern, "in_touch", contacted_at=work.now)


def close(work: Work, concern: Concern, outcome: str) -> Concern:
    """The desk is done; `outcome` is a key of content/, never free words."""
    return _step(work, concern, "closed", closed_at=work.now, outcome=outcome)


def reopen(work: Work, concern: Concern) -> Concern:
    """It was closed too early, or something new has come."""
    fresh: dict[str, Any] = {"closed_at": None, "outcome": None, "merged_into": None}
    return _step(work, concern, "accepted", only_from="closed", accepted_at=work.now, **fresh)


def merge(work: Work, concern: Concern, into: Concern) -> Concern:
    """Two reports about one person: this one ends and goes on under the other one's number; both are kept."""
    if into.id == concern.id or concern.merged_into or into.merged_into or into.state == "closed":
        raise NotPermitted(f"{concern.number} cannot be merged into {into.number}")
    ended: dict[str, Any] = {"closed_at": work.now, "outcome": MERGED, "merged_into": into.id}
    return _step(work, concern, "closed", **ended)


def move(work: Work, concern: Concern, window: str, *, accepted: bool) -> Concern:
    """Another desk is in charge from now on: it has accepted, or (its old desk was given up) is still to."""
    fresh: dict[str, Any] = {"window": window, "assignee_id": None, "read_at": work.now if accepted else None}
    then: State = "accepted" if accepted else "sent"
    return _step(work, concern, then, accepted_at=work.now if accepted else None, contacted_at=None, **fresh)


def assign(work: Work, concern: Concern, staff_id: str | None) -> Concern:
    """One person of the desk looks after it; None: nobody in particular."""
    return _set(work, concern, assignee_id=staff_id)


def raise_level(work: Work, concern: Concern, level: int) -> Concern:
    """More urgent than thought. Nothing ever makes it less urgent: then nothing changes."""
    more_urgent = concerns.c.level > level
    work.conn.execute(update(concerns).where(concerns.c.id == concern.id, more_urgent).values(level=level))
    return _set(work, concern)


def set_dues(
    work: Work,
    concern: Concern,
    accept: dt.datetime | None,
    contact: dt.datetime | None,
    close: dt.datetime | None,
) -> Concern:
    """By when it is to be accepted, in touch, and done."""
    return _set(work, concern, accept_due=accept, contact_due=contact, close_due=close)


def hold(work: Work, concern: Concern, on: bool) -> Concern:
    """Legal hold: while it is on, nothing of this concern is purged."""
    return _set(work, concern, held_at=work.now if on else None)


def doubt(work: Work, concern: Concern) -> Concern:
    """The reporter thinks that another desk may be the right one."""
    return _set(work, concern, doubted=True, news_at=work.now)


def flag_danger(work: Work, concern: Concern) -> Concern:
    """Words of danger were found in what was written: today at the latest somebody must look."""
    _set(work, concern, danger=True)
    return raise_level(work, concern, 1)


def news(work: Work, concern: Concern) -> Concern:
    """Something new has come from the reporter."""
    return _set(work, concern, news_at=work.now)


def news_seen(work: Work, concern: Concern) -> Concern:
    """Somebody at the desk has seen what was new."""
    return _set(work, concern, news_at=None)


def ask_follow_up(work: Work, concern: Concern) -> bool:
    """The reporter is asked how it went; True for the one caller who is to ask."""
    row = work.conn.execute(
        update(concerns)
        .where(concerns.c.id == concern.id, concerns.c.follow_up_at.is_(None))
        .values(follow_up_at=work.now)
        .returning(concerns.c.id)
    ).first()
    return row is not None


def answer_follow_up(work: Work, concern: Concern, answer: str) -> Concern:
    """What the reporter says four weeks later: a key of content/."""
    return _set(work, concern, follow_up=answer)


def _set(work: Work, concern: Concern, **values: Any) -> Concern:
    """Change these columns (or none), and give what stands there now."""
    this = concerns.c.id == concern.id
    if values:
        row = work.conn.execute(update(concerns).where(this).values(**values).returning(*_COLUMNS)).one()
    else:
        row = work.conn.execute(select(*_COLUMNS).where(this)).one()
    return _of(row)


def _step(
    work: Work, concern: Concern, then: State, only_from: State | None = None, **values: Any
) -> Concern:
    now: State = work.conn.execute(
        select(concerns.c.state).where(concerns.c.id == concern.id).with_for_update(key_share=True)
    ).scalar_one()
    check(PERMITTED, now, then)
    if only_from is not None and now != only_from:
        raise NotPermitted(f"{now} -> {then}")
    return _set(work, concern, state=then, **values)
