"""A new account's first minutes: a one-time link, a password, an authenticator, and codes for paper.

Opening the link shows a button only. What is chosen on the way is kept in the sealed session; the link is spent
at the end, together with storing everything, so that whoever is interrupted can simply open it again.
"""

from __future__ import annotations

import base64
import io
import re
from typing import TYPE_CHECKING, Any

import qrcode
from flask import Blueprint, Response, make_response, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from qrcode.image.svg import SvgPathImage

from bot.desk import signing_in
from bot.web.desk import gate
from storage import passwords, second_factor
from storage import welcome as invitations
from storage.staff import Staff

if TYPE_CHECKING:
    from bot.app import Services

HELD = "desk_welcome"  # in the session: the link, the authenticator's secret, the password's hash
CODES = "desk_codes"  # in the session: recovery codes that are still to be copied
BEGIN, PASSWORD, PHONE = (f"/desk/welcome{rest}" for rest in ("", "/password", "/phone"))
WEAK = {
    "short": "desk_sign_in.welcome.short",
    "long": "desk_sign_in.welcome.long",
    "common": "desk_sign_in.welcome.common",
    "like_login": "desk_sign_in.welcome.like_login",
}
_WELL_FORMED = re.compile(r"[0-9a-f]{1,64}\.[A-Za-z0-9_-]{1,64}")


def add_pages(pages: Blueprint, services: Services) -> None:
    """The pages under /desk/welcome."""
    texts = services.content.texts

    @pages.get("/welcome")
    def welcome() -> ResponseReturnValue:
        """Only a button: opening the address spends and tells nothing."""
        return render_template("desk_welcome.html")

    @pages.post("/welcome")
    def welcome_begin() -> ResponseReturnValue:
        """Who brings the link's secret goes on; a fresh authenticator is prepared for them."""
        given = "".join(request.form.get("code", "").rpartition("#")[2].split())
        if _guest(services, given) is None:
            return _gone()
        session[HELD] = {"code": given, "secret": second_factor.new_secret()}
        return redirect(PASSWORD, 303)

    @pages.get("/welcome/password")
    def welcome_password() -> ResponseReturnValue:
        """The first of three steps."""
        guest = _guest(services, _held().get("code", ""))
        return _gone() if guest is None else _password_form(guest, {})

    @pages.post("/welcome/password")
    def welcome_hash() -> ResponseReturnValue:
        """The password is looked at and kept as its hash, sealed, in this browser."""
        held = _held()
        guest = _guest(services, held.get("code", ""))
        if guest is None:
            return _gone()
        word, errors = new_password(services, guest.login)
        if errors:
            return _password_form(guest, errors), 422
        try:
            session[HELD] = held | {"hash": passwords.hashed(word)}
        except passwords.Busy:
            return _password_form(guest, {"new": texts.get("desk_sign_in.busy")}), 503
        return redirect(PHONE, 303)

    @pages.get("/welcome/phone")
    def welcome_phone() -> ResponseReturnValue:
        """The second step: the authenticator's QR code, and the same as text."""
        held = _held()
        guest = _guest(services, held.get("code", ""))
        if guest is None:
            return _gone()
        return _phone_form(guest, held["secret"], None) if "hash" in held else redirect(PASSWORD, 303)

    @pages.post("/welcome/phone")
    def welcome_finish() -> ResponseReturnValue:
        """The six digits prove the authenticator: link spent, account ready, owner inside, in one transaction."""
        held = _held()
        guest = _guest(services, held.get("code", ""))
        if guest is None or "hash" not in held:
            return _gone()
        step = second_factor.step_of(held["secret"], request.form.get("code", "")[:100], services.now())
        if step is None:
            return _phone_form(guest, held["secret"], texts.get("desk_sign_in.code.wrong")), 422
        codes = second_factor.new_recovery_codes()
        with services.db.work() as work:
            ready = invitations.accept(
                work, held["code"], password_hash=held["hash"], totp=held["secret"], step=step, recovery=codes
            )
            if ready is None:
                return _gone()
            signing_in.note(work, ready.id, "set_up")
            inside = signing_in.let_in(work, ready.id, gate.caller(services))
        answer = gate.step_inside(services, inside, make_response(redirect("/desk/me/codes", 303)))
        session[CODES] = list(codes)
        return answer


def new_password(services: Services, login: str) -> tuple[str, dict[str, str]]:
    """The new password of the form, typed twice, and what is wrong with it by field."""
    texts = services.content.texts
    word, again = request.form.get("new", ""), request.form.get("repeat", "")
    if weak := passwords.weakness(word, login):
        return word, {"new": texts.get(WEAK[weak])}
    if word != again:
        return word, {"repeat": texts.get("desk_sign_in.welcome.differs")}
    return word, {}


def _held() -> dict[str, Any]:
    return dict(session.get(HELD, {}))


def _guest(services: Services, code: str) -> Staff | None:
    if not _WELL_FORMED.fullmatch(code):
        return None
    with services.db.look() as work:
        return invitations.look(work, code)


def _password_form(guest: Staff, errors: dict[str, str]) -> str:
    return render_template("desk_welcome_password.html", guest=guest, errors=errors)


def _phone_form(guest: Staff, secret: str, error: str | None) -> str:
    picture = _picture(second_factor.setup_address(secret, guest.login))
    key = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return render_template("desk_welcome_phone.html", picture=picture, key=key, error=error)


def _picture(words: str) -> str:
    """A QR code as the address of a picture, so that nothing is fetched from anywhere."""
    drawn = io.BytesIO()
    qrcode.make(words, image_factory=SvgPathImage, border=4, box_size=10).save(drawn)
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode()


def _gone() -> ResponseReturnValue:
    """One and the same page for wrong, spent and expired."""
    session.pop(HELD, None)
    return Response(render_template("desk_gone.html"), 410)
