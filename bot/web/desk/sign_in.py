"""Signing in to /desk and out again: a password, then the second factor (bot/desk/signing_in.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, make_response, redirect, render_template, request, session
from flask.typing import ResponseReturnValue

from bot import log
from bot.desk import signing_in
from bot.desk.signing_in import Gone, Half, Inside, Wait, Wrong
from bot.web.desk import gate, kept, welcome
from storage import passwords, sessions, staff

if TYPE_CHECKING:
    from bot.app import Services

START, CODE = "/desk/sign-in", "/desk/sign-in/code"


def blueprint(services: Services) -> Blueprint:
    """The pages of /desk that are open to all."""
    pages = Blueprint("desk_sign_in", __name__, url_prefix="/desk")
    texts = services.content.texts

    @pages.get("/sign-in")
    def sign_in() -> ResponseReturnValue:
        """The form, unless somebody is inside already."""
        with services.db.look() as work:
            if gate.staff_of(services, work) is not None:
                return redirect(gate.HOME, 303)
        return _form(texts.get("desk_sign_in.code.gone") if "gone" in request.args else None)

    @pages.post("/sign-in/keep")
    def keep() -> ResponseReturnValue:
        """The same form for who was typing: what they typed goes along in it."""
        return _form()

    @pages.post("/sign-in")
    def password() -> ResponseReturnValue:
        """The first step."""
        login, word = request.form.get("login", ""), request.form.get("password", "")
        if not (login.strip() and word):
            return _form(texts.get("desk_sign_in.empty"), login), 422
        try:
            answer = signing_in.try_password(services.db, login[:200], word, gate.caller(services))
        except passwords.Busy:
            return _busy(_form(texts.get("desk_sign_in.busy"), login))
        log.event("desk.sign_in", kind="password", outcome=type(answer).__name__.lower())
        match answer:
            case Half(token):
                session[gate.HALF] = token
                return _code_form(None, "code") if kept.carried() else redirect(CODE, 303)
            case Wait(seconds):
                return _wait(_form(wait_words(services, seconds), login), seconds)
            case Wrong():
                return _form(texts.get("desk_sign_in.wrong"), login), 422

    @pages.get("/sign-in/code")
    def code_form() -> ResponseReturnValue:
        """The second step's form, for who has brought the right password."""
        with services.db.look() as work:
            waiting = sessions.find(work, str(session.get(gate.HALF, "")), half=True)
        return redirect(START, 303) if waiting is None else _code_form(None, "code")

    @pages.post("/sign-in/code")
    def code() -> ResponseReturnValue:
        """The second step."""
        paper = request.form.get("recovery", "")[:100]
        answer = signing_in.try_second(
            services.db,
            str(session.get(gate.HALF, "")),
            request.form.get("code", "")[:100],
            paper,
            gate.caller(services),
        )
        field = "recovery" if paper.strip() else "code"
        log.event("desk.sign_in", kind=field, outcome=type(answer).__name__.lower())
        match answer:
            case Inside():
                after = gate.HOME + "/me" if answer.recovery_left is not None else gate.way_back()
                inside = gate.step_inside(services, answer, make_response(redirect(after, 303)))
                return _go_on(services, inside)
            case Gone():
                session.pop(gate.HALF, None)
                if kept.carried():
                    return _form(texts.get("desk_sign_in.code.gone")), 422
                return redirect(f"{START}?gone=1", 303)
            case Wait(seconds):
                return _wait(_code_form(wait_words(services, seconds), field), seconds)
            case Wrong():
                words = "recovery_wrong" if field == "recovery" else "wrong"
                return _code_form(texts.get(f"desk_sign_in.code.{words}"), field), 422

    @pages.post("/sign-in/again")
    def start_again() -> ResponseReturnValue:
        """Another login, please."""
        session.pop(gate.HALF, None)
        return _form() if kept.carried() else redirect(START, 303)

    @pages.post("/sign-out")
    def sign_out() -> ResponseReturnValue:
        """Outside: the row of the session goes, and with it every copy of its cookie."""
        with services.db.work() as work:
            found = sessions.find(work, str(session.get(gate.TOKEN, "")))
            if found is not None:
                sessions.end(work, found[0].id, found[1].id)
                signing_in.note(work, found[1].id, "signed_out")
        session.clear()
        return redirect(START, 303)

    welcome.add_pages(pages, services)
    return pages


def wait_words(services: Services, seconds: int) -> str:
    """How long, as people say it; rounded up, so that nobody comes back too early."""
    texts = services.content.texts
    unit, count = ("minutes", -(-seconds // 60)) if seconds > 60 else ("seconds", seconds)
    time = texts.get(f"desk_sign_in.{unit}", count=str(count))
    return texts.get("desk_sign_in.wait", time=time)


def _form(error: str | None = None, login: str = "") -> str:
    shown = staff.plain_login(login)[:100]
    return render_template("desk_sign_in.html", error=error, login=shown, kept_words=kept.carried())


def _code_form(error: str | None, field: str) -> str:
    return render_template("desk_code.html", error=error, field=field, kept_words=kept.carried())


def _go_on(services: Services, inside: Response) -> Response:
    """To where they wanted to go; to what they had typed, where the sign-in had run out over it."""
    with services.db.look() as work:
        me = gate.staff_of(services, work) if kept.carried() else None
        page = kept.page(services, work, me, kept.carried()) if me else None
    if page:
        del inside.headers["Location"]
        inside.status_code = 200
        inside.set_data(page)
    return inside


def _wait(page: str, seconds: int) -> Response:
    return Response(page, 429, {"Retry-After": str(seconds)})


def _busy(page: str) -> Response:
    return Response(page, 503, {"Retry-After": "5"})
