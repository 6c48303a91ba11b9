"""Handing on: nothing falls between two desks, because the first one keeps it until the second one accepts."""

from __future__ import annotations

from bot.content.places import URGENT, Window, night_desk_of
from bot.desk import clocks, notices
from bot.desk.deeds import CannotBeDone, Desk, Doer, line, must_be_in_charge, must_be_open, write
from storage import concerns, handons
from storage.concerns import Concern
from storage.handons import Handon
from storage.work import Work

SUBJECT_AGREED = ("agreed", "not_asked", "refused", "not_needed")
"""What the person it is about says to the hand-on; `not_needed`: the law allows it without."""
REPORTER_AGREED = ("agreed", "not_asked", "refused")
SYSTEM = Doer("system", None)
REASONS = ("not_our_task", "not_our_area", "already_elsewhere", "too_little", "no_hands", "too_close")
"""Why a desk cannot take a concern over; their words are under `desk.refusal`."""


def targets(desk: Desk, concern: Concern) -> tuple[Window, ...]:
    """The desks that may be asked: of any town, those of the concern's own town first."""
    found = [window for window in desk.content.windows if window.active and window.key != concern.window]
    return tuple(sorted(found, key=lambda window: concern.town not in window.serves))


def hand_on(
    work: Work,
    desk: Desk,
    by: Doer,
    concern: Concern,
    to: str,
    *,
    subject: str,
    reporter: str,
    text: str,
) -> Handon:
    """Ask another desk to take it over, in words and with what was agreed to. Until then nothing changes."""
    must_be_open(by, concern)
    if to not in {window.key for window in targets(desk, concern)}:
        raise CannotBeDone("no_such_desk")
    if handons.open_of(work, concern) is not None:
        raise CannotBeDone("handed_on")
    words = {"to": to, "subject": subject, "reporter": reporter, "text": text}
    offer = handons.offer(work, concern, to, by.name, words)
    write(work, by, concern, "hand_on", "handon", {**words, "from": concern.window})
    notices.tell_desk(work, desk.content, desk.public_url, concern, "handon", to)
    return offer


def ask_the_night(work: Work, desk: Desk, concern: Concern) -> None:
    """What cannot wait while its desk is closed: the after-hours desk is asked to take it over, at once.

    A new concern goes there by its route. This is for one that has become urgent, was sent to a closed desk by
    choice, or came just before the door was shut. Until the other accepts, nothing changes.
    """
    if concern.level not in URGENT or concern.state == "closed" or handons.open_of(work, concern):
        return
    night = night_desk_of(desk.content.windows, concern.window, desk.now)
    if night is None or night.key == concern.window:
        return
    text = desk.content.texts.get("desk.act.hand_on_at_night")
    words = {"to": night.key, "subject": "not_needed", "reporter": "not_asked", "text": text}
    handons.offer(work, concern, night.key, SYSTEM.name, words)
    write(work, SYSTEM, concern, "hand_on", "handon", {**words, "from": concern.window})
    notices.tell_desk(work, desk.content, desk.public_url, concern, "handon", night.key)


def accept(work: Work, desk: Desk, by: Doer, concern: Concern, offer: Handon) -> Concern:
    """The other desk takes it: from this moment on it is theirs, with new due times, and the sender is told."""
    _must_be_asked(by, concern, offer)
    handons.accept(work, offer, by.name)
    moved = concerns.move(work, concern, offer.to_window, accepted=True)
    write(work, by, moved, "accept_handon", "moved", {"from": offer.from_window, "to": offer.to_window})
    if by.staff_id:
        moved = concerns.assign(work, moved, by.staff_id)
    moved = clocks.renew(work, desk.content, moved)
    notices.tell_desk(work, desk.content, desk.public_url, moved, "moved", offer.from_window)
    return moved


def refuse(
    work: Work,
    desk: Desk,
    by: Doer,
    concern: Concern,
    offer: Handon,
    *,
    reason: str,
    proposed: str,
    text: str,
) -> None:
    """The other desk cannot take it; it says why and which desk can. The sender, still in charge, is told."""
    _must_be_asked(by, concern, offer)
    if proposed == offer.to_window or proposed not in desk.content.windows_by_key:
        raise CannotBeDone("no_such_desk")
    handons.refuse(work, offer, by.name, reason, proposed)
    words = {"by": offer.to_window, "reason": reason, "proposed": proposed, "text": text}
    write(work, by, concern, "refuse_handon", "refused", words)
    notices.tell_desk(work, desk.content, desk.public_url, concern, "refused", offer.from_window)


def withdraw(work: Work, by: Doer, concern: Concern, offer: Handon) -> None:
    """The sender takes the offer back."""
    must_be_in_charge(by, concern)
    handons.withdraw(work, offer, by.name)
    line(work, by, concern, "withdraw_handon")


def refused_last(work: Work, concern: Concern) -> Handon | None:
    """The refusal that the desk in charge has still to act on."""
    chain = handons.of(work, concern)
    last = chain[-1] if chain else None
    return last if last and last.state == "refused" and last.from_window == concern.window else None


def send_to_proposed(work: Work, desk: Desk, by: Doer, concern: Concern) -> Handon:
    """On to the desk that the refusing one has proposed, with the same words and the same consent."""
    refusal = refused_last(work, concern)
    if refusal is None or refusal.proposed is None:
        raise CannotBeDone("nothing_proposed")
    said = handons.words(work, refusal)
    return hand_on(
        work,
        desk,
        by,
        concern,
        refusal.proposed,
        subject=str(said.get("subject", "not_asked")),
        reporter=str(said.get("reporter", "not_asked")),
        text=str(said.get("text", "")),
    )


def _must_be_asked(by: Doer, concern: Concern, offer: Handon) -> None:
    if offer.concern_id != concern.id or not by.has(offer.to_window):
        raise CannotBeDone("not_asked")
