"""The handbook and the list of windows on the web: questions, results, and a way to leave without a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from flask import Blueprint, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from bot.content.languages import JAPANESE
from bot.flows.effects import (
    AttendAgain,
    ChangeLanguage,
    ChangePlace,
    ChangeTopics,
    Effect,
    GoOn,
    KeepAnswers,
    LeaveSeat,
    OpenConcern,
    RegisterSupporter,
    Say,
    ShowSchemes,
    ShowWindows,
    TakeSeat,
)
from bot.web.handbook_result import forget, outcome_of
from bot.web.language import ASKED_BY, content_here
from bot.web.result_views import result_view
from bot.web.views import day_of, hotline_view, window_view
from bot.web.walk import add_walk

if TYPE_CHECKING:
    from bot.app import Services

FORGET = '"cache", "cookies", "storage"'


def blueprint(services: Services) -> Blueprint:
    """/, /handbook and /windows."""
    pages = Blueprint("handbook", __name__)

    def show_result(effects: tuple[Effect, ...]) -> str:
        return _page_of(services, effects[0])  # a flow on the web ends in one page

    add_walk(pages, "/handbook", services, "handbook", show_result)
    add_walk(pages, "/windows", services, "whom_to_ask", show_result)

    @pages.before_request
    def begin_anew() -> None:
        """Nobody finds what somebody else chose at this screen before."""
        if request.method == "POST" and request.form.get("do") in ("start", "quit"):
            forget()

    @pages.get("/")
    def home() -> ResponseReturnValue:
        return render_template("home.html")

    @pages.post("/handbook/leave")
    def leave() -> ResponseReturnValue:
        """「消してはなれる」: nothing is left in this browser, and what it shows says nothing."""
        spoken, there = content_here(services).spoken, url_for("handbook.bye")
        if spoken != JAPANESE:
            there += f"?{ASKED_BY}={spoken}"  # the session that knew it will be gone
        return _forgetting(redirect(there, 303))

    @pages.get("/handbook/bye")
    def bye() -> ResponseReturnValue:
        """A page about nothing. It erases too, since a script may come here directly (leave.js)."""
        return _forgetting(render_template("bye.html"))

    return pages


def _forgetting(answer: ResponseReturnValue) -> ResponseReturnValue:
    session.clear()
    response = make_response(answer)
    response.headers["Clear-Site-Data"] = FORGET
    return response


def _page_of(services: Services, effect: Effect) -> str:
    """One page for what a flow decided; what needs a person on LINE leads there, or to a telephone."""
    match effect:
        case ShowSchemes():
            return _result_page(services, effect)
        case ShowWindows():
            return _windows_page(services, effect)
        case Say():
            text = content_here(services).texts.get(effect.text_key, **effect.params)
            return render_template("said.html", text=text, path=request.path)
        case (
            GoOn()
            | OpenConcern()
            | RegisterSupporter()
            | AttendAgain()
            | TakeSeat()
            | LeaveSeat()
            | KeepAnswers()
            | ChangeTopics()
            | ChangeLanguage()
            | ChangePlace()
        ):
            return _elsewhere()
        case _:
            assert_never(effect)


def _result_page(services: Services, shown: ShowSchemes) -> str:
    content = content_here(services)
    outcome = outcome_of(shown, content)
    return render_template(
        "result.html",
        view=result_view(content, shown, services.now()),
        taken=outcome.taken,
        for_other=outcome.for_other,
        neighbour=outcome.for_neighbour,
        printed=_today(services),
    )


def _windows_page(services: Services, effect: ShowWindows) -> str:
    content, now = content_here(services), services.now()
    windows = [window_view(content, content.windows_by_key[key], now, effect.about) for key in effect.windows]
    lines = [hotline_view(content, content.hotlines[key], now) for key in effect.hotlines]
    lines.sort(key=lambda line: line.open is False)  # nobody is sent to a closed door first
    return render_template("windows.html", windows=windows, lines=lines)


def _elsewhere() -> str:
    return render_template("elsewhere.html", path=request.path)


def _today(services: Services) -> str:
    return day_of(content_here(services).texts, services.now().date())
