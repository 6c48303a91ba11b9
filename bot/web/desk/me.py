"""/desk/me: one's own account. Password, recovery codes, name, and where one is signed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, redirect, render_template, request, session
from flask.typing import ResponseReturnValue

from bot.desk import signing_in
from bot.desk.signing_in import Wait
from bot.web.desk import gate
from bot.web.desk.sign_in import START, wait_words
from bot.web.desk.welcome import CODES, new_password
from storage import passwords, second_factor, sessions, staff

if TYPE_CHECKING:
    from bot.app import Services

PAGE = "/desk/me"
SAID = "desk_said"  # in the session: what was just done, told once
LONGEST_NAME = 50


def blueprint(services: Services) -> Blueprint:
    """The pages under /desk/me; the gate has seen who it is."""
    pages = Blueprint("desk_me", __name__, url_prefix=PAGE)
    texts = services.content.texts

    @pages.get("")
    def me() -> ResponseReturnValue:
        return _page(services, {})

    @pages.post("/name")
    def name() -> ResponseReturnValue:
        """The name under which colleagues see what one did."""
        given = " ".join(request.form.get("name", "").split())
        if not 0 < len(given) <= LONGEST_NAME or not given.isprintable():
            return _page(services, {"name": texts.get("desk_sign_in.me.name_empty")}), 422
        with services.db.work() as work:
            owner = gate.confirm(work)
            staff.set_name(work, owner.id, given)
            signing_in.note(work, owner.id, "renamed")
        return _said("name")

    @pages.post("/password")
    def password() -> ResponseReturnValue:
        """A new password; other browsers are outside then, and no longer known."""
        word, errors = new_password(services, g.staff.login)
        if errors or (errors := _not_proved(services, "current")):
            return _page(services, errors), 422
        try:
            fresh = passwords.hashed(word)
        except passwords.Busy:
            return _page(services, {"new": texts.get("desk_sign_in.busy")}), 503
        with services.db.work() as work:
            owner = gate.confirm(work)
            staff.set_password(work, owner.id, fresh)
            sessions.end_all(work, owner.id, but=g.desk_session.id)
            sessions.forget_devices(work, owner.id)
            signing_in.note(work, owner.id, "password_changed")
            device = sessions.know_device(work, owner.id, gate.caller(services).address)
        return gate.remember_browser(services, device, _said("password"))

    @pages.post("/codes")
    def make_codes() -> ResponseReturnValue:
        """Eight new recovery codes; the old ones end."""
        if errors := _not_proved(services, "codes_current"):
            return _page(services, errors), 422
        fresh = second_factor.new_recovery_codes()
        with services.db.work() as work:
            owner = gate.confirm(work)
            staff.set_recovery(work, owner.id, second_factor.recovery_hashes(work, owner.id, fresh))
            signing_in.note(work, owner.id, "codes_renewed")
        session[CODES] = list(fresh)
        return redirect(f"{PAGE}/codes", 303)

    @pages.get("/codes")
    def codes() -> ResponseReturnValue:
        """To be copied: shown until their owner says that they have them, and never again."""
        fresh = session.get(CODES)
        return render_template("desk_codes.html", codes=fresh) if fresh else redirect(PAGE, 303)

    @pages.post("/codes/done")
    def codes_done() -> ResponseReturnValue:
        session.pop(CODES, None)
        return redirect(gate.HOME, 303)

    @pages.post("/sessions")
    def end_session() -> ResponseReturnValue:
        """End one of one's own sessions."""
        with services.db.work() as work:
            owner = gate.confirm(work)
            if sessions.end(work, request.form.get("id", "")[:32], owner.id):
                signing_in.note(work, owner.id, "session_ended")
        return _said("session")

    @pages.post("/everywhere")
    def everywhere() -> ResponseReturnValue:
        """Outside in every browser, this one too."""
        with services.db.work() as work:
            owner = gate.confirm(work)
            sessions.end_all(work, owner.id)
            sessions.forget_devices(work, owner.id)
            signing_in.note(work, owner.id, "signed_out")
        session.clear()
        return redirect(START, 303)

    return pages


def _not_proved(services: Services, field: str) -> dict[str, str]:
    """Empty when the form's present password is right; else what to say, by field."""
    texts = services.content.texts
    try:
        proved = signing_in.proves_password(services.db, g.staff.id, request.form.get(field, ""))
    except passwords.Busy:
        return {field: texts.get("desk_sign_in.busy")}
    if isinstance(proved, Wait):
        return {field: wait_words(services, proved.seconds)}
    return {} if proved else {field: texts.get("desk_sign_in.me.current_wrong")}


def _said(what: str) -> Response:
    session[SAID] = what
    answer = redirect(PAGE, 303)
    assert isinstance(answer, Response)
    return answer


def _page(services: Services, errors: Mapping[str, str]) -> str:
    with services.db.look() as work:
        there = sessions.of_staff(work, g.staff.id)
        left = second_factor.recovery_left(work, g.staff.id)
        guessed = signing_in.guesses(work, g.staff.id)
    return render_template(
        "desk_me.html",
        errors=errors,
        sessions=[(each, *each.browser.split(" ")) for each in there],
        here=g.desk_session.id,
        left=left,
        guessed=guessed,
        said=session.pop(SAID, None),
        moment=lambda at: f"{at.astimezone(services.now().tzinfo):%-m/%-d %H:%M}",
    )
