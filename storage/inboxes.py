"""The lists of the desks: what waits, what is under way, what was handed on, what is done. Pages for thousands."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from storage import handons
from storage.concern_table import COLUMNS, OPEN, Concern, concerns, read_row
from storage.handons import Handon
from storage.recusals import recusals
from storage.work import Work

Tab = Literal["new", "doing", "handon", "closed"]
Show = Literal["all", "late", "news", "mine", "many"]
"""All of a tab; beyond its due time; with something new from the reporter; mine; of those who report very much."""

_handons = handons.handons


@dataclass(frozen=True)
class Counts:
    """How much there is, for the headings of the lists."""

    new: int
    doing: int
    handon: int
    closed: int
    late: int
    news: int
    mine: int
    many: int


def page(
    work: Work,
    windows: Collection[str],
    staff_id: str,
    tab: Tab,
    show: Show = "all",
    *,
    limit: int = 50,
    offset: int = 0,
) -> tuple[Concern, ...]:
    """One page of a list. What is overdue comes first, then what is most urgent, then what is due first.

    `late`, `news` and `mine` look through all that is open, whatever the tab; the many of one account stand in their own list,
    except where words of danger were found.
    """
    query = (
        select(*COLUMNS)
        .where(*_own(windows, staff_id), _within(work, tab, show, staff_id))
        .order_by(*_order(work, tab if show in ("all", "many") else "doing"))
        .limit(limit)
        .offset(offset)
    )
    return tuple(read_row(row) for row in work.conn.execute(query))


def counts(work: Work, windows: Collection[str], staff_id: str) -> Counts:
    """How many there are in each list."""

    def sum_of(tab: Tab, show: Show = "all") -> Any:
        within = case((_within(work, tab, show, staff_id), 1), else_=0)
        return func.coalesce(func.sum(within), 0)

    row = work.conn.execute(
        select(
            sum_of("new"),
            sum_of("doing"),
            sum_of("handon"),
            sum_of("closed"),
            sum_of("new", "late"),
            sum_of("new", "news"),
            sum_of("new", "mine"),
            sum_of("new", "many"),
        ).where(*_own(windows, staff_id))
    ).one()
    return Counts(*(int(value) for value in row))


def offered(work: Work, windows: Collection[str], staff_id: str) -> tuple[tuple[Concern, Handon], ...]:
    """What other desks ask these to take over, the most urgent first; not what this person stepped back from."""
    waiting = {one.concern_id: one for one in handons.offered_to(work, windows)}
    if not waiting:
        return ()
    query = select(*COLUMNS).where(concerns.c.id.in_(waiting), _not_stepped_back(staff_id))
    found = [read_row(row) for row in work.conn.execute(query)]
    found.sort(key=lambda one: (one.level, waiting[one.id].offered_at))
    return tuple((one, waiting[one.id]) for one in found)


def last_offers(work: Work, those: Collection[Concern]) -> dict[str, Handon]:
    """The last offer to another desk of each of these, by the concern's id; only where there was one."""
    query = (
        select(_handons.c.concern_id, func.max(_handons.c.id))
        .where(_handons.c.concern_id.in_([one.id for one in those]))
        .group_by(_handons.c.concern_id)
    )
    found = (handons.get(work, last) for _, last in work.conn.execute(query).all())
    return {one.concern_id: one for one in found if one is not None}


def merged_into(work: Work, concern: Concern) -> tuple[Concern, ...]:
    """What goes on under this concern's number, the oldest first."""
    query = select(*COLUMNS).where(concerns.c.merged_into == concern.id).order_by(concerns.c.created_at)
    return tuple(read_row(row) for row in work.conn.execute(query))


def of_id(work: Work, concern_id: str) -> Concern:
    """The concern that another row points to."""
    return read_row(work.conn.execute(select(*COLUMNS).where(concerns.c.id == concern_id)).one())


def lock_all(work: Work, those: Collection[Concern]) -> dict[str, Concern]:
    """What stands there now, by id; nobody else changes it until this unit of work ends. Always in the same
    order, so that two people who merge the same reports in opposite ways do not wait for each other."""
    query = select(*COLUMNS).where(concerns.c.id.in_([one.id for one in those])).order_by(concerns.c.id)
    rows = work.conn.execute(query.with_for_update(key_share=True) if work.on_postgresql else query)
    return {row.id: read_row(row) for row in rows}


# ---- the conditions --------------------------------------------------------------------------------------


def _own(windows: Collection[str], staff_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        concerns.c.window.in_(windows),
        concerns.c.merged_into.is_(None),
        _not_stepped_back(staff_id),
    )


def _not_stepped_back(staff_id: str) -> ColumnElement[bool]:
    return concerns.c.id.not_in(select(recusals.c.concern_id).where(recusals.c.staff_id == staff_id))


def _due() -> ColumnElement[Any]:
    """When the next step is due."""
    return case(
        (concerns.c.state == "sent", concerns.c.accept_due),
        (concerns.c.state == "accepted", concerns.c.contact_due),
        (concerns.c.state == "in_touch", concerns.c.close_due),
    )


def _late(work: Work) -> ColumnElement[bool]:
    return and_(concerns.c.state.in_(OPEN), func.coalesce(_due() <= work.now, False))


def _within(work: Work, tab: Tab, show: Show, staff_id: str) -> ColumnElement[bool]:
    is_open = concerns.c.state.in_(OPEN)
    match show:
        case "late":
            return _late(work)
        case "news":
            return concerns.c.news_at.is_not(None)
        case "mine":
            return and_(is_open, concerns.c.assignee_id == staff_id)
        case "many":
            return and_(concerns.c.many, ~concerns.c.danger, concerns.c.state == "sent")
    match tab:
        case "new":
            return and_(concerns.c.state == "sent", or_(~concerns.c.many, concerns.c.danger))
        case "doing":
            return concerns.c.state.in_(("accepted", "in_touch"))
        case "handon":
            return and_(is_open, or_(_offer_is_open(), _was_refused_last()))
        case "closed":
            return concerns.c.state == "closed"


def _offer_is_open() -> ColumnElement[bool]:
    return concerns.c.id.in_(select(_handons.c.concern_id).where(_handons.c.state == "offered"))


def _was_refused_last() -> ColumnElement[bool]:
    """The last offer came back, and nobody has offered it again."""
    later = _handons.alias("later")
    refused = select(_handons.c.concern_id).where(
        _handons.c.state == "refused",
        _handons.c.from_window == concerns.c.window,
        ~select(later.c.id)
        .where(later.c.concern_id == _handons.c.concern_id, later.c.offered_at > _handons.c.offered_at)
        .exists(),
    )
    return concerns.c.id.in_(refused)


def _order(work: Work, tab: Tab) -> tuple[Any, ...]:
    if tab == "closed":
        return (concerns.c.closed_at.desc(), concerns.c.id.desc())
    due = _due()
    return (
        case((_late(work), 0), else_=1),
        concerns.c.level,
        case((due.is_(None), 1), else_=0),
        due,
        concerns.c.created_at,
        concerns.c.id,
    )
