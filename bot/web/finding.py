"""/handbook/search: typed words to schemes. The words are never in an address; only the sealed session keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from bot import crisis
from bot.content.library import Content
from bot.finding import Finding
from bot.finding.spelling import spelled
from bot.handbook.recommend import Recommendation
from bot.web.handbook_visits import FLOW
from bot.web.help_first import Help, help_for
from bot.web.language import content_here
from bot.web.views import PlaceView, SchemeView, hotline_view, safety_net, scheme_view

if TYPE_CHECKING:
    from bot.app import Services

KEPT: Final = "search"
LONGEST: Final = 200
"""Characters that the session keeps, and so that are read: the beginning and the end of more."""


@dataclass(frozen=True)
class FoundView:
    """What the page shows for some words; `said` is a kind word about them, the key of a text."""

    said: str | None
    schemes: tuple[SchemeView, ...]
    lines: tuple[PlaceView, ...]
    net: tuple[PlaceView, ...]


def blueprint(services: Services) -> Blueprint:
    """One page: a form, and under it what was found for the words that this browser sent last."""
    pages = Blueprint("finding", __name__)

    @pages.get("/handbook/search")
    def page() -> ResponseReturnValue:
        kept = session.get(KEPT)
        if not isinstance(kept, dict):
            return render_template("finding.html", words="", view=None, help=None)
        content, words, long = content_here(services), str(kept.get("words", "")), bool(kept.get("long"))
        to_help = _help(services, content, words)
        if to_help and to_help.first:
            return render_template("finding.html", words="", view=None, help=to_help)
        view = _view(services, content, words, too_long=long)
        return render_template("finding.html", words="" if long else words, view=view, help=to_help)

    @pages.post("/handbook/search")
    def search() -> ResponseReturnValue:
        """Keep the words and show what they lead to; reloading sends nothing again."""
        words = request.form.get("words", "").encode("utf-8", "ignore").decode().strip()
        long = len(words) > LONGEST
        session[KEPT] = {"words": _ends(words) if long else words, "long": long}
        return redirect(url_for("finding.page"), 303)

    return pages


def _ends(words: str) -> str:
    return words[: LONGEST // 2] + "。" + words[-LONGEST // 2 :]


def _view(services: Services, content: Content, words: str, *, too_long: bool) -> FoundView:
    now, town = services.now(), _town(content)
    says_something = bool(spelled(words))
    finding = content.finder.find(words, town, now) if says_something else Finding()
    found = [Recommendation(content.catalogue.schemes[one.place], ()) for one in finding.found]
    said = "long" if too_long else None
    if not found:
        said = "nothing" if says_something else "empty"
    return FoundView(
        said,
        tuple(scheme_view(content, one, town, now) for one in found),
        tuple(hotline_view(content, content.hotlines[line.key], now) for line in finding.hotlines),
        () if found else safety_net(content, town, now),
    )


def _town(content: Content) -> str | None:
    """The town that was chosen in the handbook, if one was."""
    answers = session.get(FLOW)
    town = answers.get("town") if isinstance(answers, dict) else None
    return town if town in content.towns else None


def _help(services: Services, content: Content, words: str) -> Help | None:
    """The answer to words of danger, as everywhere. Where a life may be at risk nothing else is looked up."""
    danger = crisis.detect(words, content.lexicon)
    if danger is None:
        return None
    first = danger.level not in (crisis.Level.SOFT, crisis.Level.LIVELIHOOD)
    return help_for(content, [danger], services.now(), first=first)
