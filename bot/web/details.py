"""The details form: who, where and what, typed here and never in the chat, behind a link that works once.

Opening the address shows a button only, whoever opens it (messengers open links for a preview). The token
comes by POST; the link is spent when the words are stored, in the same transaction. Wrong, spent and expired
look alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from storage import audit, concerns, links
from storage.concerns import Concern
from storage.links import Link
from storage.transitions import NotPermitted
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services

PURPOSE = "details"
HELD = "held"  # in the session: the link whose form is open, with its token
SENT = "sent"  # in the session: the link whose form this browser has just sent
LONGEST = 2_000  # characters a field
_WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class Field:
    """One box of the form; its words are under `web.details.<name>`."""

    name: str
    rows: int
    needed: bool = False


FIELDS = (
    Field("who", 2),
    Field("where", 3, needed=True),
    Field("what", 6, needed=True),
    Field("since", 2),
    Field("contact", 2),
)


def blueprint(services: Services) -> Blueprint:
    """The pages under /d/."""
    pages = Blueprint("details", __name__, url_prefix="/d")

    @pages.get("/<link_id>")
    def begin(link_id: str) -> ResponseReturnValue:
        """Only a button: nothing is looked up, so nothing can be spent or learned by opening the address."""
        return render_template("details_begin.html")

    @pages.post("/<link_id>")
    def form(link_id: str) -> ResponseReturnValue:
        """Who holds the token goes on to the form; the sealed session keeps it, so that reloading works."""
        token = request.form.get("token", "")
        with services.db.look() as work:
            if _peek(work, link_id, token) is None:
                return _gone()
        session[HELD] = {link_id: token}
        return redirect(url_for("details.empty_form", link_id=link_id), 303)

    @pages.get("/<link_id>/form")
    def empty_form(link_id: str) -> ResponseReturnValue:
        """The empty form, in the browser that brought the token."""
        token = session.get(HELD, {}).get(link_id, "")
        with services.db.look() as work:
            concern = _peek(work, link_id, token)
        if concern is None:
            return _gone()
        return _form(concern, link_id, token, {field.name: "" for field in FIELDS}, {})

    @pages.post("/<link_id>/send")
    def send(link_id: str) -> ResponseReturnValue:
        """Check the words, then spend the link and store them together."""
        token = request.form.get("token", "")
        given = {field.name: _tidy(request.form.get(field.name, "")) for field in FIELDS}
        with services.db.look() as work:
            concern = _peek(work, link_id, token)
        if concern is None:
            return _gone()
        if errors := _errors(services, given):
            return _form(concern, link_id, token, given, errors), 422
        try:
            with services.db.work() as work:
                stored = _store(work, link_id, token, given)
        except NotPermitted:  # closed in between: nothing was spent and nothing kept
            return _gone()
        if not stored:
            return _gone()
        session.pop(HELD, None)
        session[SENT] = link_id
        return redirect(url_for("details.sent", link_id=link_id), 303)

    @pages.get("/<link_id>/sent")
    def sent(link_id: str) -> ResponseReturnValue:
        """Thanks, in the browser that sent it."""
        return render_template("details_end.html", sent=True) if session.get(SENT) == link_id else _gone()

    return pages


def _peek(work: Work, link_id: str, token: str) -> Concern | None:
    """The concern that this link is about; None where the link does not work (any more)."""
    if not (_WELL_FORMED.fullmatch(link_id) and _WELL_FORMED.fullmatch(token)):
        return None
    concern = _concern_of(work, links.peek(work, link_id, token))
    return None if concern is None or concern.state == "closed" else concern


def _concern_of(work: Work, link: Link | None) -> Concern | None:
    if link is None or link.purpose != PURPOSE or link.about is None:
        return None
    return concerns.get(work, link.about)


def _store(work: Work, link_id: str, token: str, given: Mapping[str, str]) -> bool:
    """Spend the link and keep the words; of many that come at once, exactly one does it."""
    concern = _concern_of(work, links.spend(work, link_id, token))
    if concern is None:
        return False
    earlier = concerns.details(work, concern)  # a second link adds to what a first one brought
    words = {
        field.name: "\n\n".join(part for part in (earlier.get(field.name), given[field.name]) if part)
        for field in FIELDS
    }
    concerns.add_details(work, concern, {name: text for name, text in words.items() if text})
    audit.note(work, "person", "described", "concern", concern.id, concern.channel)
    return True


def _tidy(text: str) -> str:
    """One kind of line end, no control characters, nothing around it."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _errors(services: Services, given: Mapping[str, str]) -> dict[str, str]:
    """What to mend, by field, in kind words."""
    texts = services.content.texts
    errors = {}
    for field in FIELDS:
        length = len(given[field.name])
        if field.needed and not length:
            errors[field.name] = texts.get(f"web.details.missing_{field.name}")
        elif length > LONGEST:
            errors[field.name] = texts.get(
                "web.details.too_long", length=str(length), over=str(length - LONGEST), limit=str(LONGEST)
            )
    return errors


def _form(
    concern: Concern, link_id: str, token: str, given: Mapping[str, str], errors: Mapping[str, str]
) -> str:
    return render_template(
        "details_form.html",
        number=concern.number,
        link_id=link_id,
        token=token,
        fields=FIELDS,
        given=given,
        errors=errors,
        limit=LONGEST,
    )


def _gone() -> ResponseReturnValue:
    """One and the same page for wrong, spent and expired."""
    return render_template("details_end.html", sent=False), 410
