"""What the desk's forms bring: read kindly, taken once, and checked against what the page had shown."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import abort, flash, redirect, request
from flask.typing import ResponseReturnValue

from bot.content.library import Content
from bot.desk import wording
from bot.desk.deeds import Desk
from bot.web.details_fields import tidy
from bot.web.guard import PROOF
from storage import concerns, guard
from storage.concerns import Concern
from storage.handons import Handon
from storage.staff import Staff
from storage.transitions import NotPermitted
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services

DESK_PAGES = "/desk"
ONCE, SEEN = "once", "seen"  # hidden fields: the form's own id, and what the page showed
LONGEST = 4_000  # characters of a note
FIRST_TIME = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # a form has no due time: the guard wants one
PARTS = ("state", "window", "assignee", "level", "handon")
"""What a stamp holds; their names are under desk.why.what."""


class Twice(Exception):
    """This form was sent before, and was taken."""


@dataclass(frozen=True)
class Change:
    """Something that somebody else has changed since the page was opened."""

    what: str
    before: str
    after: str


class Stale(NotPermitted):
    """The page was opened before somebody else changed this concern."""

    def __init__(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        super().__init__("stale")
        self.before, self.after = before, after


class FormProblem(Exception):
    """A field of a form is to be mended; `why` names its words under `desk.why`."""

    def __init__(self, field: str, why: str, **params: str) -> None:
        super().__init__(field)
        self.field, self.why, self.params = field, why, params


def here(services: Services) -> Desk:
    """What the deeds work with."""
    return Desk(services.content, services.now(), services.settings.public_url)


def of_desk(work: Work, number: str, me: Staff) -> Concern | None:
    """The concern with this number, where it is theirs to see."""
    return concerns.visible(work, number, me.windows, me.id)


# ---- once ------------------------------------------------------------------------------------------------


def new_once() -> str:
    """A form's own id."""
    return secrets.token_hex(12)


def first_time(work: Work) -> None:
    """Raise Twice where the same form with the same words was taken before (a double click, a reload)."""
    once = request.form.get(ONCE, "")
    if not once or len(once) > 64:
        abort(400)
    given = sorted((name, value) for name, value in request.form.items(multi=True) if name != PROOF)
    this = hashlib.sha256(repr((request.path, given)).encode()).hexdigest()[:48]
    if not guard.claim_once(work, f"desk:{this}", FIRST_TIME):
        raise Twice


def too_often(services: Services, back: str) -> ResponseReturnValue:
    """To where the first sending led, with a word about it."""
    flash(services.content.texts.get("desk.done.twice"), "good")
    return redirect(back, 303)


# ---- what the page had shown -----------------------------------------------------------------------------


def stamp(concern: Concern, offer: Handon | None) -> str:
    """What a page shows of a concern that others may change, in a hidden field."""
    return "|".join(_parts(concern, offer).values())


def must_be_fresh(concern: Concern, offer: Handon | None) -> None:
    """Raise Stale where the page showed something else."""
    shown = request.form.get(SEEN, "").split("|")
    now = _parts(concern, offer)
    before = dict(zip(PARTS, shown, strict=False))
    if before != now:
        raise Stale(before, now)


def changes(content: Content, names: Mapping[str, str], stale: Stale) -> tuple[Change, ...]:
    """What has changed, in words; nothing where the stamp itself makes no sense."""
    found = []
    for part in PARTS:
        before, after = stale.before.get(part), stale.after[part]
        if before is not None and before != after:
            what = content.texts.get(f"desk.why.what.{part}")
            found.append(
                Change(what, _words(content, names, part, before), _words(content, names, part, after))
            )
    return tuple(found)


def _parts(concern: Concern, offer: Handon | None) -> dict[str, str]:
    return {
        "state": concern.state,
        "window": concern.window,
        "assignee": concern.assignee_id or "",
        "level": str(concern.level),
        "handon": offer.id if offer else "",
    }


def _words(content: Content, names: Mapping[str, str], part: str, value: str) -> str:
    texts = content.texts
    match part:
        case "state":
            return texts.get(f"desk.state.{value}") if texts.has(f"desk.state.{value}") else "?"
        case "window":
            return wording.window(content, value)
        case "assignee":
            return names.get(value, texts.get("desk.list.nobody"))
        case "level":
            return wording.level(texts, int(value)) if value in ("0", "1", "2", "3", "4") else "?"
        case _:
            return texts.get(f"desk.why.what.{'yes' if value else 'no'}")


# ---- fields ----------------------------------------------------------------------------------------------


def words(name: str, *, needed: bool = True) -> str:
    """What was typed in a field, tidied."""
    text = tidy(request.form.get(name, ""))
    if needed and not text:
        raise FormProblem(name, "words_needed")
    if len(text) > LONGEST:
        raise FormProblem(name, "too_long", limit=str(LONGEST), length=str(len(text)))
    return text


def chosen(name: str, right: Collection[str]) -> str:
    """What was chosen of these."""
    value = request.form.get(name, "")
    if value not in right:
        raise FormProblem(name, "choose")
    return value
