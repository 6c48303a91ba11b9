"""What was typed while the sign-in ran out: it goes along through the sign-in, sealed, and is there again afterwards."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import render_template, request

from bot.web.guard import PROOF
from storage import concerns
from storage.crypto import Place, SealBroken
from storage.staff import Staff
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services

KEPT = "kept"  # the hidden field that carries it
PLACE = Place("", "form", KEPT, "v1")
LONGEST_AGE = dt.timedelta(hours=12)
TYPED = ("text", "who", "where", "what", "name", "phone", "purpose")  # never a password
_FORMS = re.compile(r"/desk/(?:new|meeting\.pdf|concerns/(?P<number>[\w-]{1,20})/[\w/-]{1,30})", re.ASCII)


@dataclass(frozen=True)
class Kept:
    """A form that was sent by somebody who was not signed in any more."""

    path: str
    fields: tuple[tuple[str, str], ...]
    by: str | None = None
    """Whose browser it was, as far as it is known."""

    @property
    def words(self) -> list[str]:
        return [value for name, value in self.fields if name in TYPED and value.strip()]


def sealed_form(services: Services, by: str | None) -> str:
    """This request's form, for a hidden field; empty where nothing was typed, or another site sent it."""
    given = tuple(
        (name, value) for name, value in request.form.items(multi=True) if name not in (PROOF, KEPT)
    )
    form = Kept(request.path, given)
    from_here = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    if not (from_here and form.words and _FORMS.fullmatch(form.path)):
        return ""
    until = (services.now() + LONGEST_AGE).timestamp()
    kept = {"path": form.path, "fields": form.fields, "until": until, "by": by}
    plain = json.dumps(kept, ensure_ascii=False)
    return base64.urlsafe_b64encode(services.db.cipher.seal(plain.encode(), PLACE)).decode()


def carried() -> str:
    """What the pages of the sign-in hand on to each other."""
    return request.form.get(KEPT, "")


def page(services: Services, work: Work, me: Staff, envelope: str) -> str | None:
    """For who has signed in: what was typed, to be sent now; None where there is nothing of theirs."""
    form = _opened(services, envelope)
    place = _FORMS.fullmatch(form.path) if form else None
    if form is None or place is None:
        return None
    if form.by not in (None, me.id):
        return None  # somebody else has signed in here
    number = place["number"]
    if concerns.visible(work, number, me.windows, me.id) is None if number else form.by is None:
        return None
    return render_template("desk_kept.html", form=form)


def _opened(services: Services, envelope: str) -> Kept | None:
    if not envelope:
        return None
    try:
        kept = json.loads(services.db.cipher.open(base64.urlsafe_b64decode(envelope), PLACE))
    except (SealBroken, binascii.Error, ValueError):
        return None
    if kept["until"] <= services.now().timestamp():
        return None
    return Kept(kept["path"], tuple((name, value) for name, value in kept["fields"]), kept["by"])
