"""The web side in one place: limits, request ids and all the rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from bot import log, outage
from bot.web.uploads import Request
from storage.trouble import is_outage

if TYPE_CHECKING:
    from types import TracebackType

    from bot.app import Services

LARGEST_BODY = 1024 * 1024  # bytes, for all requests; a webhook of LINE's is far smaller


class _Web(Flask):
    """Flask, but an error is logged without its words: these may be a person's; and files stay in memory."""

    request_class = Request

    def log_exception(
        self,
        exc_info: tuple[type, BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> None:
        if exc_info[1] is not None:
            log.error("web.failed", exc_info[1], endpoint=request.endpoint)
            if is_outage(exc_info[1]):
                outage.noticed(outage.DATABASE)


def create_flask(services: Services) -> Flask:
    """The whole WSGI application."""
    # Here and not above: whoever wants one room (a test of walk.py, say) need not open all of them.
    from bot.web import (
        broadcasts,
        courses,
        details,
        finding,
        guard,
        handbook,
        handbook_paper,
        handbook_share,
        handbook_shown,
        handbook_taking,
        handbook_visits,
        health,
        in_vain,
        line_login,
        my_data,
        papers,
        profile,
        webhook,
    )
    from bot.web.desk import acts, concern_page, dangers, entry, gate, inbox, line, me, paper, photos, sign_in

    app = _Web("bot.web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    _name_requests(app)
    if proxies := services.settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=0)  # type: ignore[method-assign]
    guard.protect(app, services)
    gate.protect(app, services)
    in_vain.protect(app, services)
    desk = (sign_in, me, entry, photos, inbox, dangers, concern_page, acts, paper, line)
    links = (courses, details, my_data, papers, profile, line_login, handbook_shown)
    beside = (finding, handbook_taking, handbook_paper, handbook_share, handbook_visits)
    for room in (webhook, health, handbook, *beside, broadcasts, *links, *desk):
        app.register_blueprint(room.blueprint(services))
    return app


def _name_requests(app: Flask) -> None:
    """Every request has an id, ours or the caller's, in its log lines and in its answer."""

    @app.before_request
    def _begin() -> None:
        g.request_id = log.begin_request(request.headers.get("X-Request-ID"))

    @app.after_request
    def _tell(response: Response) -> Response:
        if request_id := g.get("request_id"):
            response.headers["X-Request-ID"] = request_id
        return response

    @app.teardown_request
    def _end(_error: BaseException | None) -> None:
        log.end_request()
