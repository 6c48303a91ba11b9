"""The life of a supporter: registered, active, the refresher, a pause, leaving and coming back.

The register (storage/supporters.py) says what somebody is. What broadcasts and flows look at (storage/people.py:
role, town, district, pause) follows it through `mirror`: whoever changes an entry that is joined to a phone, calls it.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

from bot.content.library import Content
from storage import audit, course_places, erasing, joinings, outbox, people, supporters
from storage.life import first_course
from storage.people import Person, Rhythm
from storage.supporters import SUPPORTING, State, Supporter
from storage.transitions import NotPermitted, check
from storage.work import Work

TOKYO: Final = ZoneInfo("Asia/Tokyo")
PERSON, SYSTEM = "person", "system"
SEEN_AGAIN: Final = dt.timedelta(hours=20)  # so that a day costs one write at most
LONGEST_PAUSE: Final = dt.timedelta(days=366)


def today(work: Work) -> dt.date:
    """The day in Tottori."""
    return work.now.astimezone(TOKYO).date()


# ---- the refresher -----------------------------------------------------------------------------------------


def due_on(content: Content, supporter: Supporter) -> dt.date | None:
    """When the refresher is due, by the town's period after the last course; None: never, or no course is known."""
    days = [day for day in (supporter.attended_on, supporter.refreshed_on) if day is not None]
    plan = content.programme.towns.get(supporter.town)
    months = plan.refresher_months if plan else None
    return months_later(max(days), months) if days and months else None


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day of a later month, or its last one: a year after 29 February is 28 February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def counted(work: Work, content: Content, supporter: Supporter) -> Supporter:
    """With the day that follows from its courses and its town now; its state follows that day."""
    due = due_on(content, supporter)
    if supporter.refresher_due_on != due:
        supporter = supporters.write(work, supporter, refresher_due_on=due)
    late = due is not None and due <= today(work)
    if late and supporter.state in ("registered", "active"):
        return supporters.step(work, supporter, "refresher_due")
    if not late and supporter.state == "refresher_due":
        return supporters.step(work, supporter, "active")
    return supporter


def refreshed(
    work: Work, content: Content, supporter: Supporter, on: dt.date, actor: str = SYSTEM
) -> Supporter:
    """They were at a refresher course, or at a training once more: the period begins anew. An earlier day than what
    is known changes nothing."""
    now = supporters.locked(work, supporter.id)
    known = [day for day in (now.attended_on, now.refreshed_on) if day is not None]
    if known and on <= max(known):
        return now
    audit.note(work, actor, "refreshed", "supporter", now.id, now.channel)
    if known:
        return counted(work, content, supporters.write(work, now, refreshed_on=on))
    return counted(work, content, supporters.write(work, now, attended_on=on))


def refresher_falls_due(work: Work, content: Content, supporter_id: str) -> bool:
    """Nightly, for one entry: whether its day or its state had to change."""
    now = supporters.locked(work, supporter_id)
    if now.state not in SUPPORTING and now.state != "attended":
        return False
    then = counted(work, content, now)
    if then.state != now.state:
        audit.note(work, SYSTEM, then.state, "supporter", now.id, now.channel)
    return then != now


# ---- steps -------------------------------------------------------------------------------------------------


def registered(work: Work, content: Content, supporter: Supporter, actor: str = PERSON) -> Supporter:
    """Said yes, after a course or again after leaving."""
    then = counted(work, content, _step(work, supporter, "registered", actor, left_at=None))
    _mirror_of(work, then)
    return then


def touched(work: Work, person: Person) -> None:
    """Something came from this person: their entries are active; written once a day at most."""
    if person.role != "supporter":
        return
    for entry in supporters.of_person(work, person.id):
        if entry.state == "registered":
            supporters.step(work, entry, "active")
        elif entry.state in ("active", "refresher_due") and (
            entry.active_at is None or work.now - entry.active_at > SEEN_AGAIN
        ):
            supporters.write(work, entry, active_at=work.now)


def pause(work: Work, supporter: Supporter, until: dt.date | None = None, actor: str = PERSON) -> Supporter:
    """No news and no drips, up to and including `until`, or until they say so; who paused already changes the end.

    ValueError where the end lies in the past or more than a year ahead.
    """
    if until is not None and not today(work) <= until <= today(work) + LONGEST_PAUSE:
        raise ValueError("the end of a pause")
    now = supporters.locked(work, supporter.id)
    if now.state == "paused":
        then = supporters.write(work, now, paused_until=until)
    else:
        then = _step(work, now, "paused", actor, paused_until=until)
    _mirror_of(work, then)
    return then


def resume(work: Work, content: Content, supporter: Supporter, actor: str = PERSON) -> Supporter:
    """The pause is over: back to what they would be without it."""
    now = supporters.locked(work, supporter.id)
    if now.state != "paused":
        raise NotPermitted(f"{now.state} is no pause")
    back: State = "active" if now.active_at else "registered"
    when = {"active_at": now.active_at} if back == "active" else {"registered_at": now.registered_at}
    then = counted(work, content, _step(work, now, back, actor, noted="resumed", paused_until=None, **when))
    _mirror_of(work, then)
    return then


def leave(work: Work, supporter: Supporter, actor: str = PERSON) -> Supporter:
    """No supporter any more; the entry stays as "left" until it is erased or its time is over."""
    then = _step(work, supporter, "left", actor, paused_until=None)
    _mirror_of(work, then)
    return then


def come_back(work: Work, content: Content, supporter: Supporter, actor: str = PERSON) -> Supporter:
    """A supporter again, without a new course; never past the staff who declined them, or have yet to look."""
    now = supporters.locked(work, supporter.id)
    if now.state != "left" or (actor == PERSON and never_let_in(work, now)):
        raise NotPermitted(f"{now.state} -> registered")
    return registered(work, content, now, actor)


def never_let_in(work: Work, supporter: Supporter) -> bool:
    """Whether they came by codes alone, and none of these counts: declined, or waiting for approval."""
    through = joinings.of_supporter(work, supporter.id)
    return supporter.source == "line" and bool(through) and all(one.status != "joined" for one in through)


def change_place(
    work: Work,
    content: Content,
    supporter: Supporter,
    town: str,
    district: str | None,
    actor: str = PERSON,
) -> Supporter:
    """They moved: the refresher period of the new town counts from now on."""
    now = supporters.locked(work, supporter.id)
    if (now.town, now.district) == (town, district):
        return now
    then = counted(work, content, supporters.write(work, now, town=town, district=district))
    audit.note(work, actor, "moved", "supporter", now.id, now.channel)
    _mirror_of(work, then)
    return then


def change_news(
    work: Work, person: Person, news: Mapping[str, Rhythm], heard: Mapping[str, int] | None = None
) -> None:
    """Which kinds of news come to this phone, and how often."""
    people.set_news(work, person, news, heard)
    audit.note(work, PERSON, "topics", "person", person.id, person.channel)


def _step(
    work: Work, supporter: Supporter, then: State, actor: str, *, noted: str | None = None, **values: object
) -> Supporter:
    now = supporters.locked(work, supporter.id)
    check(supporters.PERMITTED, now.state, then)
    audit.note(work, actor, noted or then, "supporter", now.id, now.channel)
    return supporters.step(work, now, then, **values)


# ---- the phone follows the register ------------------------------------------------------------------------


def mirror(work: Work, person_id: str) -> None:
    """What broadcasts, flows and the rich menu see of this phone, from its entries: the first that listens counts
    for town and district; it is paused where all of them are."""
    if not people.lock_by_id(work, person_id):
        return
    person = people.get(work, person_id)
    assert person is not None
    entries = [entry for entry in supporters.of_person(work, person_id) if entry.state in SUPPORTING]
    awake = [entry for entry in entries if entry.state != "paused"]
    if entries:
        first = (awake or entries)[0]
        place = {"town": first.town, "district": first.district}
        people.follow_register(work, person_id, role="supporter", paused=not awake, **place)
    elif person.role == "supporter":  # what a resident has chosen is no matter of the register
        people.follow_register(work, person_id, role="resident", paused=False, town=None, district=None)
    if entries and person.role != "supporter":
        outbox.put(work, person.channel, "link_menu", {"menu": "supporter"}, person_id=person_id)
    elif not entries and person.role == "supporter":
        outbox.put(work, person.channel, "link_menu", {"menu": None}, person_id=person_id)


def _mirror_of(work: Work, supporter: Supporter) -> None:
    if supporter.person_id is not None:
        mirror(work, supporter.person_id)


def entries_of(work: Work, content: Content, person: Person) -> tuple[Supporter, ...]:
    """This phone's entries; somebody who registered before there was a register gets theirs now."""
    found = supporters.of_person(work, person.id)
    if found or person.role != "supporter" or person.town is None:
        return found
    return (adopted(work, content, person),)


def adopted(work: Work, content: Content, person: Person) -> Supporter:
    """The entry of somebody who registered on LINE before there was a register."""
    since = person.supporter_since or work.now
    added = supporters.add(
        work,
        person.channel,
        source="line",
        state="registered",
        town=person.town or content.channels[person.channel].central,
        district=person.district,
        person_id=person.id,
        registered_at=since,
        attended_on=first_course(work, person.id) or since.astimezone(TOKYO).date(),
    )
    return counted(work, content, added)


# ---- erasing -----------------------------------------------------------------------------------------------


def erase_person(work: Work, person: Person, actor: str = PERSON) -> None:
    """Everything about whoever uses this phone goes, with every entry of the register that is joined to it.

    The menu at LINE is taken back afterwards: until that call is made, the sealed address waits in the outbox.
    """
    entries = supporters.of_person(work, person.id)
    erasing.erase_person(work, person, entries)
    if person.role == "supporter":
        body = {"menu": None, "to": person.line_id}
        outbox.put(work, person.channel, "link_menu", body)
    audit.note(work, actor, "erased", "person", person.id, person.channel)


def erase_entry(work: Work, supporter: Supporter, actor: str) -> None:
    """One entry of the register goes. Where it was the only one of a phone, so does all about that phone."""
    held = supporters.hold(work, supporter.id)
    if held is None:  # somebody else was faster
        return
    supporter = held
    person = people.get(work, supporter.person_id) if supporter.person_id else None
    others = [] if person is None else supporters.of_person(work, person.id)
    if person is not None and len(others) == 1:
        erase_person(work, person, actor)
    else:
        course_places.let_go(work, supporter.channel, supporters.profile(work, supporter))
        erasing.erase_entry(work, supporter)
        if person is not None:
            mirror(work, person.id)
    audit.note(work, actor, "erased", "supporter", supporter.id, supporter.channel)
