"""The handbook and the list of windows on the web: questions, results, and a way to leave without a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from flask import Blueprint, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

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
from bot.web.views import ResultView, day_of, hotline_view, result_view, window_view
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

    @pages.get("/")
    def home() -> ResponseReturnValue:
        return render_template("home.html")

    @pages.post("/handbook/leave")
    def leave() -> ResponseReturnValue:
        """「消してはなれる」: nothing is left in this browser, and what it shows says nothing."""
        return _forgetting(redirect(url_for("handbook.bye"), 303))

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
            view: ResultView = result_view(services.content, effect, services.now())
            return render_template("result.html", view=view, printed=_today(services))
        case ShowWindows():
            return _windows_page(services, effect)
        case Say():
            text = services.content.texts.get(effect.text_key, **effect.params)
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


def _windows_page(services: Services, effect: ShowWindows) -> str:
    content, now = services.content, services.now()
    windows = [window_view(content, content.windows_by_key[key], now, effect.about) for key in effect.windows]
    lines = [hotline_view(content, content.hotlines[key], now) for key in effect.hotlines]
    lines.sort(key=lambda line: line.open is False)  # nobody is sent to a closed door first
    return render_template("windows.html", windows=windows, lines=lines)


def _elsewhere() -> str:
    return render_template("elsewhere.html", path=request.path)


def _today(services: Services) -> str:
    return day_of(services.content.texts, services.now().date())
