"""Counting the handbook's use on the web: by which tag somebody came, what was opened, finished, dialled, printed.

A tag stands in the address for one redirect only; then it lies in the sealed session, beside the answers. That a number
was dialled is told by the page's script; where there is none, nobody counts it and the number is dialled all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as AnyResponse

from bot import log
from bot.content.library import Content
from bot.content.phones import digits
from bot.flows.engine import Answers, Asking, Finished
from bot.handbook import use as handbook_use
from bot.handbook.use import CALLED, NUMBER, PRINTED, Noted, Visit
from bot.web import guard
from bot.web.language import ASKED_BY, content_here
from bot.web.robots import somebody_asks
from storage import handbook_tags
from storage.handbook_usage import Seen, hour_of

if TYPE_CHECKING:
    from bot.app import Services

FLOW: Final = "handbook"
TAGGED: Final = "tag"  # of an address
_KEPT: Final = "handbook_visit"
_PAGES: Final = "handbook.handbook"
_POLICY: Final = guard.HEADERS["Content-Security-Policy"] + "; connect-src 'self'"


def blueprint(services: Services) -> Blueprint:
    """/h/<tag>, /handbook?tag=…, and what the pages' script tells."""
    pages = Blueprint("handbook_visits", __name__)

    @pages.get("/h/<tag>")
    def come(tag: str) -> ResponseReturnValue:
        """Where a QR code leads; a language that stands in the address goes on with it."""
        _arrive(services, tag)
        return redirect(url_for(_PAGES, lang=request.args.get(ASKED_BY)), 303)

    @pages.before_app_request
    def tagged() -> AnyResponse | None:
        if request.endpoint != _PAGES or request.method != "GET" or TAGGED not in request.args:
            return None
        _arrive(services, request.args[TAGGED])
        return redirect(url_for(_PAGES), 303)

    @pages.post("/handbook/told")
    def told() -> ResponseReturnValue:
        """The page's script: a number was dialled, the page was printed."""
        deed, number = request.form.get("deed"), request.form.get("number", "")
        if _KEPT in session and deed == CALLED:
            known = number in _numbers(services.content)
            _count(services, _visit(), [Noted(CALLED), *([Noted(NUMBER, number)] if known else [])])
        elif _KEPT in session and deed == PRINTED:
            printed(services)
        # No cookie with this answer: it could come after 「消してはなれる」, and would bring the answers back.
        session.modified = False
        session.accessed = False  # last: to reach the session at all counts as access
        return Response(status=204, mimetype="text/plain")

    @pages.after_app_request
    def let_it_tell(response: Response) -> Response:
        if request.endpoint == _PAGES:
            response.headers["Content-Security-Policy"] = _POLICY
        return response

    return pages


def opened(services: Services, flow: str) -> None:
    """The first page is shown."""
    if flow != FLOW or not somebody_asks():
        return
    visit, noted = handbook_use.opened(_visit().again())
    _keep(services, visit, noted)


def walked(services: Services, flow: str, now: Asking | Finished, answers: Answers) -> None:
    """An answer came in, or the walk was begun."""
    if flow != FLOW:
        return
    visit, deed = _visit(), request.form.get("do")
    noted: list[Noted] = []
    if deed == "start":
        visit, noted = handbook_use.opened(visit.again())
    content = content_here(services)
    visit, more = handbook_use.walked(
        visit, now, answers, content.spoken, content.handbook.first_shown, enough=deed == "enough"
    )
    _keep(services, visit, [*noted, *more])


def printed(services: Services) -> None:
    """The result was printed, or taken along as a PDF."""
    _count(services, _visit(), [Noted(PRINTED)])


def _arrive(services: Services, word: str) -> None:
    """A new visit by this tag; in the middle of the questions only the page is shown again."""
    visit = _visit()
    if visit.begun and not visit.finished and session.get(FLOW) is not None:
        return
    found = _tag(services, word)
    session[_KEPT] = Visit(found.tag, found.town).kept()


def _tag(services: Services, word: str) -> handbook_tags.Tag:
    """What it is counted as. Where it cannot be looked up the page is shown all the same."""
    try:
        with services.db.look() as work:
            return handbook_tags.get(work, word) or handbook_tags.Tag(handbook_tags.UNKNOWN)
    except Exception as trouble:
        log.error("handbook.tag_unread", trouble)
        return handbook_tags.Tag(handbook_tags.UNKNOWN)


def _visit() -> Visit:
    return Visit.read(session.get(_KEPT))


def _keep(services: Services, visit: Visit, noted: Iterable[Noted]) -> None:
    session[_KEPT] = visit.kept()
    _count(services, visit, noted)


def _count(services: Services, visit: Visit, noted: Iterable[Noted]) -> None:
    """In memory: no page of the handbook waits for the database (jobs/handbook_counts.py writes it)."""
    kept: Any = session.get(FLOW)
    answers = kept if isinstance(kept, dict) else {}
    at, towns = hour_of(services.now()), services.content.towns
    services.usage.count(
        Seen(
            at,
            handbook_use.town_of(visit, answers, towns, one.about),
            "web",
            visit.tag,
            one.event,
            one.about,
        )
        for one in noted
    )


def _numbers(content: Content) -> frozenset[str]:
    """Every number that a page may dial, in digits: only these are told apart."""
    phones = [window.phone for window in content.windows]
    phones += [line.phone for line in content.hotlines.values()]
    phones += [scheme.phone for scheme in content.catalogue.schemes]
    return frozenset(digits(phone) for phone in phones if phone)
