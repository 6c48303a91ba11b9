"""What somebody of the family sees behind a link: the schemes that were chosen for them, as they are today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from bot.content.library import Content
from bot.handbook.kept_results import result_of
from bot.web.language import content_here
from bot.web.result_views import by_theme, to_bring
from bot.web.views import day_of, scheme_view
from bot.when import TOKYO
from storage import handbook_results
from storage.handbook_results import KeptResult

if TYPE_CHECKING:
    from bot.app import Services


def blueprint(services: Services) -> Blueprint:
    """/handbook/r/<token>."""
    pages = Blueprint("handbook_shown", __name__, url_prefix="/handbook/r")

    @pages.get("/<token>")
    def shown(token: str) -> ResponseReturnValue:
        with services.db.look() as work:
            kept = handbook_results.read(work, token)
        if kept is None:
            return Response(render_template("handbook_shared_gone.html"), 404)
        return _page(services, kept)

    @pages.post("/<token>")
    def withdraw(token: str) -> ResponseReturnValue:
        """Whoever has the link may end it; that there never was one looks the same."""
        with services.db.work() as work:
            handbook_results.withdraw(work, token)
        return redirect(request.path, 303)

    return pages


def last_day(content: Content, kept: KeptResult) -> str:
    """Until when it can be seen, as people say it."""
    return day_of(content.texts, kept.valid_until.astimezone(TOKYO).date())


def _page(services: Services, kept: KeptResult) -> str:
    """Nothing on it says why: it was made without the answers."""
    content, now = content_here(services), services.now()
    result = result_of(content, kept, now.date())
    first = (*result.safety, *result.hubs)
    others = (*result.chosen, *result.others)
    return render_template(
        "handbook_shared.html",
        first=[scheme_view(content, one, kept.town, now) for one in first],
        themes=by_theme(content, others, kept.town, now),
        bring=to_bring(content, (*first, *others)),
        ended=len(kept.schemes) - len(first) - len(others),
        until=last_day(content, kept),
    )
