"""The gate of /desk: every page behind it is closed, except those named here, to all who are not signed in."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from flask import (
    Flask,
    Request,
    Response,
    abort,
    current_app,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    session,
)
from flask.typing import ResponseReturnValue

from bot import log
from bot.desk.signing_in import Caller, Inside
from bot.web.desk import kept
from bot.web.guard import NoProof, refused
from storage import sessions
from storage.staff import Staff
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services

OPEN = frozenset(
    f"desk_sign_in.{name}"
    for name in (
        "sign_in", "password", "keep", "code_form", "code", "start_again", "sign_out",
        "welcome", "welcome_begin", "welcome_password", "welcome_hash", "welcome_phone", "welcome_finish",
    )
)  # fmt: skip
HOME = "/desk"
TOKEN, HALF, BACK = "desk", "desk_half", "desk_back"  # places in the sealed session
_OWN_PATH = re.compile(r"/desk(?:/[\w~-][\w.~-]*)*/?(?:\?[\w.~%&=+-]*)?", re.ASCII)
_SYSTEMS = (
    ("iPhone", "iphone"), ("iPad", "ipad"), ("Android", "android"), ("Windows", "windows"), ("Mac OS", "mac"),
    ("Linux", "linux"),
)  # fmt: skip
_PROGRAMS = (("Edg", "edge"), ("Firefox", "firefox"), ("Chrome", "chrome"), ("Safari", "safari"))


def protect(app: Flask, services: Services) -> None:
    """Close everything under /desk, whichever blueprint it stands in; `g.staff` is who works behind it."""

    def check() -> ResponseReturnValue | None:
        if not is_desk(request) or (request.endpoint in OPEN and request.routing_exception is None):
            return None
        with services.db.look() as work:
            found = _found(work)
            if found is None:
                return _closed(services)
            g.desk_session, g.staff = found
            stale = sessions.is_stale(g.desk_session, work.now)
        if stale:
            with services.db.work() as work:
                sessions.seen(work, g.desk_session)
        return None

    def desk_names(staff: Staff) -> str:
        return "、".join(each.name for each in services.content.windows if each.key in staff.windows)

    def old_page(error: NoProof) -> ResponseReturnValue:
        """A form of an old page: what was typed in it is not lost."""
        envelope = kept.sealed_form(services, _whose(services)) if is_desk(request) else ""
        if not envelope:
            return refused(error)
        with services.db.look() as work:
            me = staff_of(services, work)
            page = kept.page(services, work, me, envelope) if me else None
        return (page, 400) if page else _again(services)

    def note_refused(answer: Response) -> Response:
        """Somebody inside asked for what is not theirs, or not there: who and where, without the number."""
        if answer.status_code in (403, 404) and "staff" in g:
            log.event(
                "desk.refused", id=g.staff.id, endpoint=request.endpoint, http_status=answer.status_code
            )
        return answer

    app.before_request(check)
    app.after_request(note_refused)
    app.register_error_handler(NoProof, old_page)
    app.extensions["desk"] = services
    app.jinja_env.globals["desk_names"] = desk_names


def is_desk(asked: Request) -> bool:
    """Whether this request wants something behind the gate, by its path or by the rule that it met."""
    paths = (asked.path, asked.url_rule.rule if asked.url_rule else "")
    return any(path == HOME or path.startswith(f"{HOME}/") for path in paths)


def staff_of(services: Services, work: Work) -> Staff | None:
    """Who is signed in in this browser, as the unit of work sees it; None for nobody."""
    found = _found(work)
    return found[1] if found else None


def confirm(work: Work) -> Staff:
    """In the unit of work of a deed: still signed in, and nobody can end that before it is done. Else 401."""
    found = _found(work, lock=True)
    if found is None:
        abort(_again(current_app.extensions["desk"]))
    return found[1]


def _found(work: Work, lock: bool = False) -> tuple[sessions.Session, Staff] | None:
    token = session.get(TOKEN)
    return sessions.find(work, str(token), lock=lock) if token else None


def _closed(services: Services) -> ResponseReturnValue:
    """To the sign-in, and back afterwards; who wanted to send something is told that nothing was done."""
    if request.method not in ("GET", "HEAD") or _wants_json(request):
        return _again(services)
    session[BACK] = request.full_path.rstrip("?")[:300]
    return redirect(f"{HOME}/sign-in", 303)


def _again(services: Services) -> Response:
    if _wants_json(request):
        answer = jsonify(error="sign_in")
        answer.status_code = 401
        return answer
    envelope = "" if request.method in ("GET", "HEAD") else kept.sealed_form(services, _whose(services))
    return Response(render_template("desk_again.html", kept=envelope), 401)


def _whose(services: Services) -> str | None:
    """Who worked in this browser last, also where their time is over."""
    with services.db.look() as work:
        return sessions.whose(work, session.get(TOKEN), request.cookies.get(_device_cookie(services)))


def _wants_json(asked: Request) -> bool:
    return asked.is_json or asked.accept_mimetypes.best == "application/json"


def way_back() -> str:
    """Where they wanted to go before they signed in: a page of ours behind the gate, or the list."""
    wanted = str(session.get(BACK, ""))
    behind = _OWN_PATH.fullmatch(wanted) and not wanted.startswith((f"{HOME}/sign", f"{HOME}/welcome"))
    return wanted if behind else HOME


# ---- the browser -----------------------------------------------------------------------------------------


def caller(services: Services) -> Caller:
    """Who asks, as far as a request shows it."""
    return Caller(
        _network(request.remote_addr or ""),
        request.cookies.get(_device_cookie(services)),
        _kind(request.user_agent.string),
    )


def step_inside(services: Services, inside: Inside, response: Response) -> Response:
    """A session that nobody can have known before: all that was in the old one is gone, also its proof."""
    session.clear()
    session[TOKEN] = inside.token
    return remember_browser(services, inside.device, response)


def remember_browser(services: Services, device: str, response: Response) -> Response:
    """From now on strangers' tries are not counted against this browser."""
    secure = services.settings.public_url.startswith("https://")
    response.set_cookie(
        _device_cookie(services), device, max_age=sessions.DEVICE_LIFE, path="/", secure=secure,
        httponly=True, samesite="Strict",
    )  # fmt: skip
    return response


def _device_cookie(services: Services) -> str:
    """By this cookie a browser is known in which somebody has signed in; it opens nothing."""
    https = services.settings.public_url.startswith("https://")
    return "__Host-tsunagari-browser" if https else "tsunagari-browser"


def _network(address: str) -> str:
    """One caller is one IPv4 address or one IPv6 network: a household has 2^64 of the latter's addresses."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(found), 64), strict=False))
    return str(found)


def _kind(agent: str) -> str:
    """A rough kind such as "windows edge", by which people know their own browsers again."""
    system = next((name for sign, name in _SYSTEMS if sign in agent), "other")
    return f"{system} {next((name for sign, name in _PROGRAMS if sign in agent), 'other')}"
