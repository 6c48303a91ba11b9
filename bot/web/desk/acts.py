"""What the buttons of a concern's page do: each reads its form, does one deed in one unit of work, and goes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from bot.desk import deeds, handing_on, knowing
from bot.desk.deeds import CannotBeDone, Desk, Doer
from bot.web.desk import asking, gate
from bot.web.desk.asking import DESK_PAGES, FormProblem, Stale, Twice, chosen, here, of_desk, words
from bot.web.desk.concern_page import Trouble, given_now, rendered, show
from storage import handons, inboxes, recusals, staff
from storage.concerns import Concern
from storage.handons import Handon
from storage.staff import Staff
from storage.transitions import NotPermitted
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services


@dataclass(frozen=True)
class Asked:
    """What a deed is asked for."""

    work: Work
    desk: Desk
    by: Doer
    me: Staff
    concern: Concern
    offer: Handon | None
    """The hand-on that is open."""

    @property
    def open_offer(self) -> Handon:
        if self.offer is None:
            raise CannotBeDone("not_asked")
        return self.offer


def blueprint(services: Services) -> Blueprint:
    """One POST route per deed."""
    pages = Blueprint("desk_acts", __name__, url_prefix=f"{DESK_PAGES}/concerns/<number>")

    def route(path: str, act: str, deed: Callable[[Asked], str]) -> None:
        def handle(number: str) -> ResponseReturnValue:
            return perform(services, number, act, deed)

        pages.add_url_rule(f"/{path}", act, handle, methods=["POST"])

    for act, (path, deed) in ACTS.items():
        route(path, act, deed)

    @pages.post("/identity")
    def identity(number: str) -> ResponseReturnValue:
        """Who reported it: shown in the answer to this very form, so that nobody sees it without a reason."""
        try:
            with services.db.work() as work:
                me = gate.confirm(work)
                concern = of_desk(work, number, me) or abort(404)
                asking.first_time(work)
                reason = words("text")
                found = knowing.open_identity(work, _doer(me), concern, reason)
                return rendered(services, work, me, concern, identity=found)
        except Twice:
            return redirect(url_for("desk_concern.page", number=number), 303)
        except (FormProblem, NotPermitted) as no:
            return show(services, number, _trouble(services, "identity", no))

    return pages


def perform(services: Services, number: str, act: str, deed: Callable[[Asked], str]) -> ResponseReturnValue:
    """Do it, or show the page as it is now with what stood in the way and what was typed."""
    texts = services.content.texts
    try:
        with services.db.work() as work:
            me = gate.confirm(work)
            found = of_desk(work, number, me)
            if found is None:
                abort(404)
            beside = of_desk(work, request.form.get("into", ""), me) if act == "merge" else None
            locked = inboxes.lock_all(work, [one for one in (found, beside) if one])
            concern = locked[found.id]
            asking.first_time(work)
            offer = handons.open_of(work, concern)
            if act not in ALWAYS:
                asking.must_be_fresh(concern, offer)
            said = deed(Asked(work, here(services), _doer(me), me, concern, offer))
            still = of_desk(work, number, me) is not None
            number = concern.number
    except Twice:
        return asking.too_often(services, url_for("desk_concern.page", number=number))
    except (FormProblem, NotPermitted) as no:
        return show(services, number, _trouble(services, act, no))
    flash(texts.get(f"desk.done.{said}"), "good")
    if not still:
        return redirect(url_for("desk_inbox.inbox"), 303)
    return redirect(url_for("desk_concern.page", number=number), 303)


def _doer(me: Staff) -> Doer:
    return deeds.at_desk(me.id, me.windows)


def _trouble(services: Services, act: str, no: Exception) -> Trouble:
    given = given_now()
    match no:
        case FormProblem():
            return Trouble(act, no.why, no.params, no.field, given=given)
        case Stale():
            with services.db.look() as work:
                names = staff.names(work)
            return Trouble(act, "stale", changes=asking.changes(services.content, names, no), given=given)
        case CannotBeDone():
            return Trouble(act, no.why, given=given)
        case _:
            return Trouble(act, "first", given=given)


# ---- the deeds, each giving the key of what is then said ---------------------------------------------------


def _accept(asked: Asked) -> str:
    deeds.accept(asked.work, asked.by, asked.concern)
    return "accept"


def _note(asked: Asked) -> str:
    deeds.note(asked.work, asked.by, asked.concern, words("text"))
    return "note"


def _call(asked: Asked) -> str:
    reached = chosen("reached", ("yes", "no")) == "yes"
    text, whom = words("text", needed=False), chosen("whom", deeds.WHOM)
    now = deeds.call(asked.work, asked.desk, asked.by, asked.concern, whom, reached, text)
    if now.state == asked.concern.state:
        return "call"
    return "contact" if now.person_id else "contact_alone"


def _ask(asked: Asked) -> str:
    deeds.ask(asked.work, asked.desk, asked.by, asked.concern, words("text"))
    return "asked"


def _assign(asked: Asked) -> str:
    gone = recusals.of(asked.work, asked.concern)
    there = {one.id for one in staff.of_window(asked.work, asked.concern.window)} - gone
    who = chosen("who", {"", *there})
    deeds.assign(asked.work, asked.by, asked.concern, who or None)
    return "assign"


def _level(asked: Asked) -> str:
    level = int(chosen("level", ("0", "1", "2", "3")))
    deeds.raise_level(asked.work, asked.desk, asked.by, asked.concern, level, words("text"))
    return "level"


def _hand_on(asked: Asked) -> str:
    to = chosen("to", {window.key for window in handing_on.targets(asked.desk, asked.concern)})
    handing_on.hand_on(
        asked.work,
        asked.desk,
        asked.by,
        asked.concern,
        to,
        subject=chosen("subject", handing_on.SUBJECT_AGREED),
        reporter=chosen("reporter", handing_on.REPORTER_AGREED),
        text=words("text"),
    )
    return "hand_on"


def _handon_accept(asked: Asked) -> str:
    handing_on.accept(asked.work, asked.desk, asked.by, asked.concern, asked.open_offer)
    return "handon_accept"


def _handon_refuse(asked: Asked) -> str:
    handing_on.refuse(
        asked.work,
        asked.desk,
        asked.by,
        asked.concern,
        asked.open_offer,
        reason=chosen("reason", handing_on.REASONS),
        proposed=chosen("proposed", asked.desk.content.windows_by_key),
        text=words("text"),
    )
    return "handon_refuse"


def _withdraw(asked: Asked) -> str:
    handing_on.withdraw(asked.work, asked.by, asked.concern, asked.open_offer)
    return "withdraw"


def _next(asked: Asked) -> str:
    handing_on.send_to_proposed(asked.work, asked.desk, asked.by, asked.concern)
    return "hand_on"


def _merge(asked: Asked) -> str:
    into = of_desk(asked.work, words("into"), asked.me)
    if into is None or into.id == asked.concern.id or into.window not in asked.me.windows:
        raise FormProblem("into", "not_mergeable")
    knowing.merge(asked.work, asked.desk, asked.by, asked.concern, into)
    return "merge"


def _close(asked: Asked) -> str:
    by_hand = {key for key, outcome in asked.desk.content.outcomes.items() if outcome.by_hand}
    outcome = chosen("outcome", by_hand)
    deeds.close(asked.work, asked.desk, asked.by, asked.concern, outcome, words("text", needed=False))
    return "close" if asked.concern.person_id else "close_alone"


def _reopen(asked: Asked) -> str:
    deeds.reopen(asked.work, asked.desk, asked.by, asked.concern, words("text"))
    return "reopen"


def _seen(asked: Asked) -> str:
    deeds.news_seen(asked.work, asked.by, asked.concern)
    return "seen"


def _recuse(asked: Asked) -> str:
    chosen("sure", ("yes",))
    step = knowing.recuse(asked.work, asked.desk, asked.by, asked.concern)
    return "recuse" if step == "leader" else "recuse_department"


ACTS: Mapping[str, tuple[str, Callable[[Asked], str]]] = {
    "accept": ("accept", _accept),
    "note": ("note", _note),
    "call": ("call", _call),
    "ask": ("ask", _ask),
    "assign": ("assign", _assign),
    "level": ("level", _level),
    "hand_on": ("hand-on", _hand_on),
    "handon_accept": ("hand-on/accept", _handon_accept),
    "handon_refuse": ("hand-on/refuse", _handon_refuse),
    "withdraw": ("hand-on/withdraw", _withdraw),
    "next": ("hand-on/next", _next),
    "merge": ("merge", _merge),
    "close": ("close", _close),
    "reopen": ("reopen", _reopen),
    "seen": ("seen", _seen),
    "recuse": ("recuse", _recuse),
}
ALWAYS = frozenset({"note", "call", "ask", "seen", "recuse"})
"""Deeds that only add something: what others changed meanwhile does not stand in their way."""
