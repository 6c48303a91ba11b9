"""What stands around every page: safe headers, a sealed session, a proof in every form, kind error pages."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    jsonify,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.wrappers import Response as AnyResponse

from bot import log
from bot.web import language
from bot.web.sealed_session import SealedSessions

if TYPE_CHECKING:
    from bot.app import Services


class NoProof(BadRequest):
    """A form of another session: an old page, or another site's."""


View = TypeVar("View", bound=Callable[..., Any])
_MOST_BYTES = "most_bytes"  # the mark that may_take leaves on a view

HERE = Path(__file__).parent
FORM_BYTES = (
    192 * 1024
)  # the longest form holds five fields of 2,000 characters, nine bytes each when encoded
PROOF = "proof"  # the name of the hidden field, and its place in the session
READING = frozenset({"GET", "HEAD", "OPTIONS"})
ERRORS_WITH_WORDS = frozenset({400, 404, 405, 413, 429, 500})

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "X-Robots-Tag": "noindex",
}


def protect(app: Flask, services: Services) -> None:
    """Put all of it around `app`. Call it once, before or after the blueprints are registered."""
    https = services.settings.public_url.startswith("https://")
    app.session_interface = SealedSessions(services.db.cipher, https, services.db.clock)
    app.config["MAX_FORM_MEMORY_SIZE"] = FORM_BYTES
    app.register_blueprint(
        Blueprint(
            "site",
            "bot.web",
            template_folder=str(HERE / "templates"),
            static_folder=str(HERE / "static"),
            static_url_path="/assets",
        )
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        t=services.content.texts.get,
        proof=proof,
        proof_field=PROOF,
        asset=_asset,
        home_phones=_home_phones(services),
    )
    app.before_request(_check_form)
    language.speak(app, services)
    app.after_request(_headers_with(https))
    app.register_error_handler(HTTPException, refused)


def is_webhook() -> bool:
    """LINE's own calls: signed over their bytes, so they carry no proof, and they read JSON."""
    return request.path == "/callback" or request.path.startswith("/callback/")


def proof() -> str:
    """The session's secret that every form carries; made when the first form is shown."""
    if PROOF not in session:
        session[PROOF] = secrets.token_urlsafe(24)
    return str(session[PROOF])


def _check_form() -> None:
    """A form without this session's proof changes nothing."""
    if request.routing_exception is not None or request.method in READING or is_webhook():
        return
    request.max_content_length = _most_bytes()
    given, own = request.form.get(PROOF, ""), str(session.get(PROOF, ""))
    if not own or not hmac.compare_digest(given.encode(), own.encode()):
        log.event("web.no_proof", endpoint=request.endpoint)
        raise NoProof


def may_take(most_bytes: Callable[[], int]) -> Callable[[View], View]:
    """For a view that takes more than words (photos): how much, asked before the body is read."""

    def mark(view: View) -> View:
        setattr(view, _MOST_BYTES, most_bytes)
        return view

    return mark


def _most_bytes() -> int:
    allowed = getattr(current_app.view_functions.get(request.endpoint or ""), _MOST_BYTES, None)
    return int(allowed()) if allowed else FORM_BYTES


def headers(https: bool) -> dict[str, str]:
    """What every answer carries."""
    strict = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"} if https else {}
    return HEADERS | strict


def _headers_with(https: bool) -> Any:
    always = headers(https)

    def add(response: Response) -> Response:
        for name, value in always.items():
            response.headers.setdefault(name, value)
        if response.mimetype == "text/html":  # pictures may be shown elsewhere, such as in a chat
            response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if request.endpoint == "site.static" and response.status_code in (200, 304) and "v" in request.args:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        elif request.endpoint == "broadcasts.picture" and response.status_code == 200:
            response.headers["Cache-Control"] = "public, max-age=604800, immutable"  # it never changes
        elif request.endpoint != "site.static" or response.status_code >= 400:
            response.headers["Cache-Control"] = "no-store"
        else:  # a file without its version, or what one may ask about it
            response.headers.setdefault("Cache-Control", "no-cache")
        return response

    return add


def refused(error: HTTPException) -> AnyResponse:
    """An answer for people, except to LINE, which reads JSON. Our own mistakes arrive as a 500, logged."""
    if error.code is None or error.code < 400:
        return error.get_response()
    answer = _error_answer(error.code)
    for name, value in error.get_response().headers:
        if name in ("Allow", "Retry-After"):
            answer.headers[name] = value
    return answer


def _error_answer(status: int) -> Response:
    if is_webhook():
        answer = jsonify(error=HTTPStatus(status).phrase)
        answer.status_code = status
        return answer
    words = status if status in ERRORS_WITH_WORDS else 400 if status < 500 else 500
    page = "desk_error.html" if request.path.startswith("/desk") else "error.html"
    return Response(render_template(page, words=str(words)), status)


def _home_phones(services: Services) -> list[dict[str, str]]:
    """The towns' switchboards: the way on when a page cannot help."""
    return [
        {"name": town.name, "phone": town.phone, "tel": "tel:" + town.phone.replace("-", "")}
        for town in services.content.towns.values()
        if town.phone
    ]


_VERSIONS: dict[str, str] = {}


def _asset(name: str) -> str:
    """The address of a file in static/; it changes with its content, so browsers may keep it for a year."""
    if name not in _VERSIONS:
        _VERSIONS[name] = hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:10]
    return url_for("site.static", filename=name, v=_VERSIONS[name])
