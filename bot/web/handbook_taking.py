"""What somebody ticks on a result to take it along, and the pages with what did not fit on the first one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.web.handbook_result import outcome_here, take
from bot.web.language import content_here
from bot.web.result_views import ResultView, result_view

if TYPE_CHECKING:
    from bot.app import Services

_LEADS_TO: Final = {"paper": "handbook_paper.choose", "share": "handbook_share.page"}


def blueprint(services: Services) -> Blueprint:
    """/handbook/take and /handbook/more."""
    pages = Blueprint("handbook_taking", __name__, url_prefix="/handbook")

    @pages.post("/take")
    def ticked() -> ResponseReturnValue:
        """The ticks of one page of a result; they are only in the sealed session."""
        outcome = outcome_here(services)
        if outcome is None:
            return redirect(url_for("handbook.handbook"), 303)
        view = result_view(content_here(services), outcome.shown, services.now())
        number = request.form.get("page", 0, int)
        take(outcome, request.form.getlist("take"), _ids(view, number))
        deed = request.form.get("do", "")
        if deed == "more":
            return redirect(url_for("handbook_taking.more", page=number + 1), 303)
        return redirect(url_for(_LEADS_TO.get(deed, "handbook.handbook")), 303)

    @pages.get("/more")
    def more() -> ResponseReturnValue:
        """A further page of the result; the address tells only which one."""
        outcome = outcome_here(services)
        if outcome is None:
            return redirect(url_for("handbook.handbook"), 303)
        view = result_view(content_here(services), outcome.shown, services.now())
        number = request.args.get("page", 1, int)
        if not 1 <= number <= len(view.pages):
            abort(404)
        left = sum(len(part.cards) for page in view.pages[number:] for part in page)
        return render_template(
            "result_more.html",
            parts=view.pages[number - 1],
            number=number,
            left=left,
            taken=outcome.taken,
            neighbour=outcome.for_neighbour,
        )

    return pages


def _ids(view: ResultView, number: int) -> tuple[str, ...]:
    """Of the cards on a page; 0 is the first one."""
    if 1 <= number <= len(view.pages):
        return tuple(card.id for part in view.pages[number - 1] for card in part.cards)
    return view.ids
