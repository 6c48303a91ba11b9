"""The list of a desk: what is offered to it on top, then tab by tab, the most pressing first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast, get_args

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.desk import deeds, knowing, notices, wording
from bot.web.desk import danger_rows, gate
from bot.web.desk.asking import DESK_PAGES, Twice, first_time, here, new_once, of_desk, too_often
from bot.web.desk.rows import Row, row
from storage import inboxes, staff
from storage.concerns import Concern
from storage.inboxes import Show, Tab
from storage.staff import Staff
from storage.transitions import NotPermitted
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services

PER_PAGE = 50
MOST_OFFERED = 20
MOST_NOTICES = 10
EMPTY = ("all", "late")


@dataclass(frozen=True)
class Offer:
    """A hand-on that waits for this desk."""

    row: Row
    sender: str
    at: str


def blueprint(services: Services) -> Blueprint:
    """/desk itself, the search by number, and putting several reports together."""
    pages = Blueprint("desk_inbox", __name__, url_prefix=DESK_PAGES)

    @pages.get("")
    def inbox() -> ResponseReturnValue:
        """The list; that it was opened is in the audit."""
        tab, show, number = _asked()
        with services.db.work() as work:
            return _page(services, work, tab, show, number)

    @pages.post("/search")
    def search() -> ResponseReturnValue:
        """To the page of a number. Unknown and not ours look alike. By POST: whoever types a name here must not
        find it in an address, which browsers and proxies remember."""
        typed = request.form.get("number", "")[:40]
        me: Staff = g.staff
        with services.db.look() as work:
            found = of_desk(work, typed, me)
            danger = danger_rows.of_number(services, work, me, typed)
        if danger is not None:
            return redirect(url_for("desk_dangers.page", danger=danger.number), 303)
        if found is None:
            flash(services.content.texts.get("desk.list.not_found"), "warn")
            return redirect(url_for("desk_inbox.inbox"), 303)
        return redirect(url_for("desk_concern.page", number=found.number), 303)

    @pages.post("/notices/seen")
    def notices_seen() -> ResponseReturnValue:
        """All that was told so far was looked at."""
        with services.db.work() as work:
            me = gate.confirm(work)
            notices.seen(work, me.windows)
        return redirect(url_for("desk_inbox.inbox"), 303)

    @pages.post("/together")
    def together() -> ResponseReturnValue:
        """Several reports about one person: first which number stays, then it is done."""
        numbers = list(dict.fromkeys(request.form.getlist("numbers")))[:PER_PAGE]
        keep = request.form.get("into")
        try:
            with services.db.work() as work:
                me = gate.confirm(work)
                found = [one for one in (of_desk(work, number, me) for number in numbers) if one]
                if keep is None or len(found) < 2:
                    return _which_stays(services, work, me, found)
                first_time(work)
                into = next((one for one in found if one.number == keep), None)
                if into is None:
                    abort(400)
                desk, by = here(services), deeds.at_desk(me.id, me.windows)
                locked = inboxes.lock_all(work, found)
                for one in found:
                    if one.id != into.id:
                        knowing.merge(work, desk, by, locked[one.id], locked[into.id])
        except Twice:
            return too_often(services, url_for("desk_inbox.inbox"))
        except NotPermitted:
            flash(services.content.texts.get("desk.why.not_mergeable"), "warn")
            return redirect(url_for("desk_inbox.inbox"), 303)
        flash(services.content.texts.get("desk.together.done", number=keep), "good")
        return redirect(url_for("desk_concern.page", number=keep), 303)

    return pages


def _asked() -> tuple[Tab, Show, int]:
    """Which list; whatever is not one of ours is the first."""
    tab, show = request.args.get("tab", "new"), request.args.get("show", "all")
    page = request.args.get("page", "1")
    return (
        cast(Tab, tab if tab in get_args(Tab) else "new"),
        cast(Show, show if show in get_args(Show) else "all"),
        min(max(int(page), 1), 10_000) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
    )


def _page(services: Services, work: Work, tab: Tab, show: Show, number: int) -> str:
    me: Staff = g.staff
    texts, now = services.content.texts, services.now()
    by = deeds.at_desk(me.id, me.windows)
    for window in me.windows:
        deeds.listed(work, here(services), by, window)
    counts = inboxes.counts(work, me.windows, me.id)
    total = getattr(counts, tab if show == "all" else show)
    last = max(1, math.ceil(total / PER_PAGE))
    number = min(number, last)
    start = (number - 1) * PER_PAGE
    found = inboxes.page(work, me.windows, me.id, tab, show, limit=PER_PAGE, offset=start)
    names = staff.names(work)
    waiting = notices.unseen(work, me.windows, me.id)
    dangers = danger_rows.of_desks(services, work, me, open_only=True)
    return render_template(
        "desk_list.html",
        alarms=danger_rows.rows(services, work, (one for one in dangers if one.alarms)),
        in_danger=len(dangers),
        desks="、".join(wording.window(services.content, each) for each in me.windows),
        tab=tab,
        show=show,
        counts=counts,
        total=total,
        rows=_rows(services, work, me, names, found),
        offers=_offers(services, work, me, names),
        offered=len(inboxes.offered(work, me.windows, me.id)),
        waiting=[
            {
                "number": one.number,
                "ours": of_desk(work, one.number, me) is not None,  # it may have gone to another desk
                "words": texts.get(f"notices.what.{one.what}"),
                "at": wording.moment(one.at, now),
            }
            for one in waiting[:MOST_NOTICES]
        ],
        waiting_count=len(waiting),
        page=number,
        last=last,
        first_row=start + 1,
        last_row=start + len(found),
        per_page=PER_PAGE,
        updated=wording.moment(now, now),
    )


def _rows(services: Services, work: Work, me: Staff, names: Any, found: Sequence[Concern]) -> tuple[Row, ...]:
    offers = inboxes.last_offers(work, found) if found else {}
    offered = {each for each, offer in offers.items() if offer.state == "offered"}
    back = {each for each, offer in offers.items() if offer.state == "refused"}
    back &= {one.id for one in found if one.state != "closed" and offers.get(one.id)}
    now = services.now()
    return tuple(
        row(services.content, names, now, one, me=me.id, offered=offered, refused=back) for one in found
    )


def _offers(services: Services, work: Work, me: Staff, names: Any) -> tuple[Offer, ...]:
    now = services.now()
    return tuple(
        Offer(
            row(services.content, names, now, concern, me=me.id),
            wording.window(services.content, offer.from_window),
            wording.moment(offer.offered_at, now),
        )
        for concern, offer in inboxes.offered(work, me.windows, me.id)[:MOST_OFFERED]
    )


def _which_stays(services: Services, work: Work, me: Staff, found: Sequence[Concern]) -> ResponseReturnValue:
    """The page on which one of the chosen numbers is kept; back to the list where fewer than two were chosen."""
    mergeable = [one for one in found if one.window in me.windows and one.state != "closed"]
    if len(mergeable) < 2:
        flash(services.content.texts.get("desk.why.pick_two"), "warn")
        return redirect(url_for("desk_inbox.inbox"), 303)
    for one in mergeable:
        deeds.line(work, deeds.at_desk(me.id, me.windows), one, "listed")
    return render_template(
        "desk_together.html",
        rows=_rows(services, work, me, staff.names(work), mergeable),
        once=new_once(),
    )
