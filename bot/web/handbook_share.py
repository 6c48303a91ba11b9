"""Telling the family: a link to the handbook alone, or one to schemes that somebody chose to show. Never the answers.

What is shown lies sealed in the database, behind a token of which only the hash is kept; handbook_shown.py shows it.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from bot import log
from bot.handbook.kept_results import schemes_of
from bot.handbook.paper import qr_picture
from bot.handbook.recommend import Recommendation, Result
from bot.web.handbook_result import LINK, Outcome, outcome_here, take
from bot.web.handbook_shown import last_day
from bot.web.language import content_here
from storage import handbook_results, tries
from storage.handbook_results import KeptResult
from storage.tries import Limit

if TYPE_CHECKING:
    from bot.app import Services

# Behind one address there may be a whole town's telephones; a machine that fills the database has to wait.
MAKING: Final = Limit(
    free=60, first=dt.timedelta(minutes=5), longest=dt.timedelta(hours=1), within=dt.timedelta(hours=1)
)
# https://developers.line.biz/en/docs/line-login/using-line-url-scheme/ (the person chooses in LINE to whom it goes)
_SEND: Final = "https://line.me/R/share?text="

_WITHDRAWN: Final = "handbook_withdrawn"  # in the session, until the next page says so


def blueprint(services: Services) -> Blueprint:
    """/handbook/share."""
    pages = Blueprint("handbook_share", __name__, url_prefix="/handbook")

    @pages.get("/share")
    def page() -> ResponseReturnValue:
        """Two ways of showing it, and what the other one will see."""
        return _page(services)

    @pages.post("/share")
    def make() -> ResponseReturnValue:
        """A link to what is ticked, or the end of that link."""
        if request.form.get("do") == "withdraw":
            _withdraw(services, session.pop(LINK, ""))
            session[_WITHDRAWN] = True
            return redirect(url_for("handbook_share.page"), 303)
        outcome = outcome_here(services)
        if outcome is None:
            return redirect(url_for("handbook_share.page"), 303)
        ticked = request.form.getlist("take")
        found = [one.scheme.id for one in outcome.those(ticked)]
        if not found:
            return _page(services, nothing=True), 422
        take(outcome, found, [one.scheme.id for one in outcome.seen])
        made = _keep(services, outcome, found)
        _withdraw(services, session.pop(LINK, ""))  # one session has one link: a new one takes its place
        session[LINK] = made
        return redirect(url_for("handbook_share.page"), 303)

    return pages


def _page(services: Services, *, nothing: bool = False) -> str:
    content, outcome = content_here(services), outcome_here(services)
    start = services.settings.public_url + url_for("handbook.handbook")
    kept = _still_there(services)
    link = (
        services.settings.public_url + url_for("handbook_shown.shown", token=session[LINK]) if kept else None
    )
    words = content.texts.get("handbook_web.share.plain_words")
    return render_template(
        "handbook_share.html",
        start=start,
        start_picture=_picture(start),
        send=f"{_SEND}{quote(f'{words} {start}', safe='')}",
        link=link,
        link_picture=_picture(link) if link else None,
        until=last_day(content, kept) if kept else "",
        schemes=_offered(outcome) if outcome else [],
        withdrawn=session.pop(_WITHDRAWN, False),
        nothing=nothing,
    )


def _offered(outcome: Outcome) -> list[tuple[str, str, bool]]:
    """Id, title, and whether it is ticked: only what was ticked already is, since showing it is a choice."""
    offered = {one.scheme.id for one in (*outcome.first, *outcome.those(outcome.taken))}
    return [
        (one.scheme.id, one.scheme.plain_title, one.scheme.id in outcome.taken)
        for one in outcome.seen
        if one.scheme.id in offered
    ]


def _picture(url: str) -> str:
    """A QR code as the address of a picture, so that nothing is fetched from anywhere."""
    return "data:image/svg+xml;base64," + base64.b64encode(qr_picture(url).encode()).decode()


# ---- the link ------------------------------------------------------------------------------------------------


def _keep(services: Services, outcome: Outcome, ids: Collection[str]) -> str:
    content, town = services.content, outcome.shown.town
    channel = next((name for name, plan in content.channels.items() if town in plan.towns), None)
    kept = schemes_of(content, _only(outcome.shown.result, ids), town, services.now().date())
    # What is still unknown about somebody comes from their answers: it is not shown to others.
    kept = tuple(replace(one, to_confirm=()) for one in kept)
    with services.db.work() as work:
        if tries.admit(work, {tries.bucket(work, "handbook-links", request.remote_addr or ""): MAKING}):
            abort(429)
        token = handbook_results.keep(work, channel or next(iter(content.channels)), town, kept)
    log.event("handbook.shared", count=len(kept))
    return token


def _only(result: Result, ids: Collection[str]) -> Result:
    def some(group: Sequence[Recommendation]) -> tuple[Recommendation, ...]:
        return tuple(one for one in group if one.scheme.id in ids)

    return Result(some(result.safety), some(result.hubs), some(result.chosen), some(result.others))


def _still_there(services: Services) -> KeptResult | None:
    """What the link that was made here shows, unless somebody ended it meanwhile."""
    token = session.get(LINK)
    if not token:
        return None
    with services.db.look() as work:
        kept = handbook_results.read(work, token)
    if kept is None:
        session.pop(LINK)
    return kept


def _withdraw(services: Services, token: str) -> None:
    if token:
        with services.db.work() as work:
            handbook_results.withdraw(work, token)
