"""What broadcasts point at: the counted links (`/l/…`) and the pictures that LINE fetches (`/b/….jpg`).

A tap adds one to a number. No cookie, no address and no time of it is kept, and every recipient has the same link, so
that nobody can tell from it who opened what.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from bot import log
from bot.broadcasting.pictures.serving import Gallery
from bot.web.robots import somebody_asks
from storage import broadcast_links
from storage.broadcast_links import LONGEST_TOKEN

if TYPE_CHECKING:
    from bot.app import Services

_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{1,{LONGEST_TOKEN}}}")


def blueprint(services: Services) -> Blueprint:
    """/l/<token> and /b/<token>.jpg."""
    pages = Blueprint("broadcasts", __name__)
    gallery = Gallery(services.db)

    @pages.get("/l/<token>")
    def follow(token: str) -> ResponseReturnValue:
        """On to the address that staff wrote; nowhere else, whatever else stands in the request."""
        if not _TOKEN.fullmatch(token):
            return _gone()
        with services.db.look() as work:
            url = broadcast_links.where_to(work, token)
        if url is None:
            return _gone()
        if somebody_asks():
            _count(services, token)
        return redirect(url, 302)

    @pages.get("/b/<token>.jpg")
    def picture(token: str) -> ResponseReturnValue:
        """A picture as LINE's phones show it; `.small` is the one in the chat."""
        name, dot, small = token.partition(".")
        if not _TOKEN.fullmatch(name) or small != ("small" if dot else ""):
            raise NotFound
        found = gallery.file(name, bool(dot))
        if found is None:
            raise NotFound
        return Response(found, content_type="image/jpeg")

    return pages


def _count(services: Services, token: str) -> None:
    """A number that cannot be written keeps nobody from the page."""
    try:
        with services.db.work() as work:
            broadcast_links.count(work, token)
    except Exception as trouble:
        log.error("broadcast.not_counted", trouble)


def _gone() -> ResponseReturnValue:
    return render_template("link_gone.html"), 404
