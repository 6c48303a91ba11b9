"""Who tries many links that are none is asked to wait: a limit per address for the pages behind one-time links.

No link can be guessed (128 random bits); this keeps a machine that tries all the same from costing us more than a
line each. Only what is refused is counted: behind one address there may be a whole town's telephones.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from flask import Flask, Response, abort, request

from storage import tries
from storage.tries import Limit

if TYPE_CHECKING:
    from bot.app import Services

ROOMS = frozenset({"details", "my_data", "papers", "profile", "line_login", "handbook_shown"})
MANY = Limit(
    free=100, first=dt.timedelta(minutes=1), longest=dt.timedelta(hours=1), within=dt.timedelta(hours=1)
)
REFUSED = (404, 410)


def protect(app: Flask, services: Services) -> None:
    """Put it around the pages of these rooms."""

    @app.before_request
    def wait() -> None:
        if request.blueprint in ROOMS:
            with services.db.look() as work:
                if tries.must_wait(work, tries.bucket(work, "links", request.remote_addr or "")):
                    abort(429)

    @app.after_request
    def count(response: Response) -> Response:
        if request.blueprint in ROOMS and response.status_code in REFUSED:
            with services.db.work() as work:
                tries.admit(work, {tries.bucket(work, "links", request.remote_addr or ""): MANY})
        return response
