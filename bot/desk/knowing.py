"""Who may know what: stepping back from a family one knows, opening who reported, one story in two reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.desk import hearing_back, notices
from bot.desk.deeds import CannotBeDone, Desk, Doer, must_be_in_charge, must_be_open, write
from storage import concerns, inboxes, people, recusals, staff
from storage.concerns import Concern
from storage.work import Work

CONTACT = "contact"  # the field of the details form that says who reports
FORM_ORDER = ("who", "where", "what", "since")


@dataclass(frozen=True)
class Identity:
    """What we know of the reporter: never a name that they did not type themselves."""

    contact: str | None
    source: str
    town: str | None
    role: str | None
    partner_id: str | None


def words_of(work: Work, concern: Concern) -> Mapping[str, str]:
    """What was typed in the form, without who reports. Its reading is to be audited."""
    return {name: text for name, text in concerns.details(work, concern).items() if name != CONTACT}


def open_identity(work: Work, by: Doer, concern: Concern, reason: str) -> Identity:
    """Who reported it, for a reason that stays in the concern's story."""
    must_be_in_charge(by, concern)
    if not reason.strip():
        raise CannotBeDone("reason_needed")
    write(work, by, concern, "open_identity", "identity", {"text": reason})
    person = people.get(work, concern.person_id) if concern.person_id else None
    return Identity(
        contact=concerns.details(work, concern).get(CONTACT),
        source=concern.source,
        town=person.town if person else None,
        role=person.role if person else None,
        partner_id=concern.partner_id,
    )


def recuse(work: Work, desk: Desk, by: Doer, concern: Concern) -> str:
    """From now on this concern does not exist for this person; the leader hears that somebody else must look.

    Gives the step that was told: the leader, or the department where nobody else is left at the desk.
    """
    if by.staff_id is None:
        raise CannotBeDone("not_at_terminal")
    for one in (concern, *_beside(work, concern)):
        recusals.recuse(work, one, by.staff_id)
    write(work, by, concern, "recuse", "recused", {})
    if concern.assignee_id == by.staff_id:
        concern = concerns.assign(work, concern, None)
    gone = recusals.of(work, concern)
    left = [one for one in staff.of_window(work, concern.window) if one.id not in gone]
    step: notices.Step = "leader" if left else "department"
    notices.tell_desk(work, desk.content, desk.public_url, concern, "recused", concern.window, step=step)
    return step


def _beside(work: Work, concern: Concern) -> tuple[Concern, ...]:
    """The other reports about the same person, as far as it is known: merged with this one."""
    into = inboxes.of_id(work, concern.merged_into) if concern.merged_into else None
    return (*((into,) if into else ()), *inboxes.merged_into(work, concern))


def merge(work: Work, desk: Desk, by: Doer, concern: Concern, into: Concern) -> Concern:
    """Two reports about one person: this one goes on under the other's number, and both are kept.

    Its reporter hears from now on what the other one hears, and what that one has heard already; never why.
    """
    must_be_open(by, concern)
    must_be_open(by, into)
    if concern.id == into.id:
        raise CannotBeDone("merged_with_itself")
    merged = concerns.merge(work, concern, into)
    into = _keep_away(work, desk, merged, into)
    write(work, by, merged, "merge", "merged", {"into": into.number})
    write(work, by, into, "merge", "merged", {"from": merged.number})
    if concerns.note_read(work, merged):
        hearing_back.tell(work, desk.content, merged, "read")
    if into.state == "in_touch" and concern.state != "in_touch":
        hearing_back.tell(work, desk.content, merged, "in_touch")
    return merged


def _keep_away(work: Work, desk: Desk, merged: Concern, into: Concern) -> Concern:
    """Who stepped back from one of two reports about the same person does not see the other one either."""
    gone = recusals.of(work, merged) | recusals.of(work, into)
    if not gone:
        return into
    for one in (merged, into, *inboxes.merged_into(work, merged), *inboxes.merged_into(work, into)):
        for staff_id in sorted(gone - recusals.of(work, one)):
            recusals.recuse(work, one, staff_id)
    if into.assignee_id in gone:
        into = concerns.assign(work, into, None)
        notices.tell_desk(work, desk.content, desk.public_url, into, "recused", into.window, step="leader")
    return into
