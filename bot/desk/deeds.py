"""What a desk does with a concern: each deed is its row, its entry, its line in the audit and whoever hears of it.

All of it happens in the caller's one unit of work, whether a page or a command asks for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.content.library import Content
from bot.desk import clocks, hearing_back
from bot.settings import DEFAULT_CHANNEL
from storage import audit, concerns, entries, handons, inboxes
from storage.concerns import Concern
from storage.transitions import NotPermitted
from storage.work import Work

WHOM = ("subject", "family", "reporter", "other")
"""Whom a desk speaks with; only the first two are a contact in the sense of the clock."""
CONTACT = frozenset({"subject", "family"})


@dataclass(frozen=True)
class Desk:
    """What the deeds need beside the database: words and places, the time in Asia/Tokyo, our address."""

    content: Content
    now: dt.datetime
    public_url: str


@dataclass(frozen=True)
class Doer:
    """Who does it, as the audit names them; `windows` are their desks, None at the terminal, which has all."""

    name: str
    windows: frozenset[str] | None
    staff_id: str | None = None

    def has(self, window: str) -> bool:
        return self.windows is None or window in self.windows


class CannotBeDone(NotPermitted):
    """This deed is not possible here and now; `why` names its words under `desk.why`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def at_desk(staff_id: str, windows: tuple[str, ...]) -> Doer:
    """A member of staff as a doer."""
    return Doer(f"staff:{staff_id}", frozenset(windows), staff_id)


# ---- what the other deeds stand on -----------------------------------------------------------------------


def write(
    work: Work, by: Doer, concern: Concern, deed: str, kind: entries.Kind, words: Mapping[str, Any]
) -> None:
    """An entry in the concern's story and the line in the audit."""
    entries.add(
        work,
        concern,
        kind,
        by.name,
        {name: value for name, value in words.items() if value not in ("", None)},
    )
    line(work, by, concern, deed)


def line(work: Work, by: Doer, concern: Concern, deed: str) -> None:
    """The line in the audit alone, for what needs no words."""
    audit.note(work, by.name, deed, "concern", concern.id, concern.channel)


def must_be_in_charge(by: Doer, concern: Concern) -> None:
    """A desk that is only asked to take a concern over may read it, nothing more."""
    if not by.has(concern.window):
        raise CannotBeDone("not_in_charge")


def must_be_open(by: Doer, concern: Concern) -> None:
    must_be_in_charge(by, concern)
    if concern.state == "closed":
        raise CannotBeDone("closed")


def tell_reporters(
    work: Work, desk: Desk, concern: Concern, word: Literal["read", "in_touch", "no_more", "thanks"]
) -> None:
    """Whoever reported this, and whoever reported what was merged into it: they hear the same words, so that
    nobody learns whether somebody else reported too."""
    for one in (concern, *inboxes.merged_into(work, concern)):
        hearing_back.tell(work, desk.content, one, word)


# ---- reading ---------------------------------------------------------------------------------------------


def read(work: Work, desk: Desk, by: Doer, concern: Concern, deed: str = "read") -> None:
    """Somebody opens it; when it is the first time at the desk in charge, the reporter hears that."""
    line(work, by, concern, deed)
    if by.has(concern.window) and concerns.note_read(work, concern):
        hearing_back.tell(work, desk.content, concern, "read")


def listed(work: Work, desk: Desk, by: Doer, window: str) -> None:
    """Somebody opens the list of a desk."""
    known = desk.content.windows_by_key.get(window)
    serves = set(known.serves) if known else set()
    serving = [key for key, plan in desk.content.channels.items() if serves & set(plan.towns)]
    audit.note(work, by.name, "listed", "window", window, serving[0] if serving else DEFAULT_CHANNEL)


def news_seen(work: Work, by: Doer, concern: Concern) -> None:
    """What the reporter added or answered was seen."""
    must_be_in_charge(by, concern)
    concerns.news_seen(work, concern)
    line(work, by, concern, "news_seen")


# ---- taking and working ----------------------------------------------------------------------------------


def accept(work: Work, by: Doer, concern: Concern) -> Concern:
    """The desk has it in hand; whoever accepts it is in charge until somebody else is named."""
    must_be_in_charge(by, concern)
    taken = concerns.accept(work, concern)
    line(work, by, concern, "accept")
    offer = handons.open_of(work, concern)
    if offer is not None and offer.by == "system":  # the night was asked, and the desk itself is back
        handons.withdraw(work, offer, by.name)
    if by.staff_id and taken.assignee_id is None:
        taken = concerns.assign(work, taken, by.staff_id)
    return taken


def note(work: Work, by: Doer, concern: Concern, text: str) -> None:
    """Something to remember, read by the desks only."""
    must_be_in_charge(by, concern)
    write(work, by, concern, "note", "note", {"text": text})


def call(work: Work, desk: Desk, by: Doer, concern: Concern, whom: str, reached: bool, text: str) -> Concern:
    """A telephone call or a visit. The first one that reaches the person or the family is the first contact."""
    must_be_open(by, concern)
    write(work, by, concern, "call", "call", {"whom": whom, "reached": reached, "text": text})
    if not reached or whom not in CONTACT or concern.state == "in_touch":
        return concern
    if concern.state == "sent":
        concern = accept(work, by, concern)
    concern = concerns.in_touch(work, concern)
    line(work, by, concern, "in_touch")
    tell_reporters(work, desk, concern, "in_touch")
    return concern


def assign(work: Work, by: Doer, concern: Concern, staff_id: str | None) -> Concern:
    """Somebody of the desk looks after it; None: nobody in particular. The caller knows that they are of the desk."""
    must_be_open(by, concern)
    line(work, by, concern, "assign")
    return concerns.assign(work, concern, staff_id)


def ask(work: Work, desk: Desk, by: Doer, concern: Concern, text: str) -> None:
    """A question to the reporter; on LINE they only hear that there is one, and read it in our own form."""
    must_be_open(by, concern)
    if concern.person_id is None:
        raise CannotBeDone("no_reporter")
    write(work, by, concern, "ask", "question", {"text": text})
    hearing_back.tell(work, desk.content, concern, "question")


def raise_level(work: Work, desk: Desk, by: Doer, concern: Concern, level: int, text: str) -> Concern:
    """It is more urgent than it seemed. A due time may come nearer by that, never move away."""
    must_be_open(by, concern)
    if level >= concern.level:
        raise CannotBeDone("level_not_raised")
    raised = concerns.raise_level(work, concern, level)
    write(work, by, concern, "raise_level", "level", {"from": concern.level, "to": level, "text": text})
    new = clocks.dues(desk.content, concern.window, level, desk.now)
    return concerns.set_dues(
        work,
        raised,
        _earlier(raised.accept_due, new.accept),
        _earlier(raised.contact_due, new.contact),
        _earlier(raised.close_due, new.close),
    )


def _earlier(had: dt.datetime | None, new: dt.datetime) -> dt.datetime:
    return min(had, new) if had else new


# ---- the end, and beginning again ------------------------------------------------------------------------


def close(work: Work, desk: Desk, by: Doer, concern: Concern, outcome: str, text: str) -> Concern:
    """The desk is done. The reporter hears that, without what came of it."""
    must_be_in_charge(by, concern)
    if handons.open_of(work, concern) is not None:
        raise CannotBeDone("handed_on")
    closed = concerns.close(work, concern, outcome)
    write(work, by, concern, "close", "closed", {"outcome": outcome, "text": text})
    tell_reporters(work, desk, closed, desk.content.outcomes[outcome].tells)
    return closed


def reopen(work: Work, desk: Desk, by: Doer, concern: Concern, text: str) -> Concern:
    """It was not done after all, or was merged by mistake: the desk has it in hand again, with new due times."""
    must_be_in_charge(by, concern)
    opened = concerns.reopen(work, concern)
    write(work, by, concern, "reopen", "reopened", {"text": text})
    return clocks.renew(work, desk.content, opened)
