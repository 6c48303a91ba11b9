"""The name that somebody wrote, looked for on the roster of their course and in the register: who is the same person.

Two entries become one only where that is sure. Else both stay, and staff are asked (`supporter waiting`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from bot.content.library import Content
from bot.programme import joining as coming_in
from bot.programme import life
from storage import audit, certificates, course_members, course_places, courses, joinings, supporters
from storage.course_places import Place
from storage.courses import Course
from storage.joinings import Joining, Why
from storage.supporters import Profile, Supporter, plain_mail, plain_name, plain_phone
from storage.work import Work


@dataclass(frozen=True)
class Written:
    """What came of a form: the entry (perhaps one that was there before), and whether it counts only now."""

    supporter: Supporter
    registered_now: bool = False


def write_profile(
    work: Work,
    content: Content,
    entry: Supporter,
    given: Profile,
    *,
    age_band: str | None = None,
    group_name: str | None = None,
    district: str | None = None,
) -> Written:
    """Keep what they wrote about themselves, and find out who they are. What they left empty stays as it was."""
    entry = supporters.locked(work, entry.id)
    before = supporters.profile(work, entry)
    filled = {name: getattr(given, name) for name in supporters.SEALED if getattr(given, name)}
    now = replace(before, **filled)
    columns = {"age_band": age_band, "group_name": group_name, "district": district}
    entry = supporters.write(work, entry, now, **{name: value for name, value in columns.items() if value})
    audit.note(work, "person", "wrote_profile", "supporter", entry.id, entry.channel)
    waited = entry.state == "attended"
    entry = match(work, content, entry, now)
    return Written(entry, waited and entry.state != "attended")


def match(work: Work, content: Content, entry: Supporter, own: Profile) -> Supporter:
    """Join this entry with whom it surely is, and settle what waited for that; the entry that is left."""
    if not own.name:
        return entry
    for each in joinings.of_supporter(work, entry.id):
        if each.status == "declined":
            continue
        course = courses.get(work, each.course_id)
        if course is not None:
            entry = _match_one(work, content, each, course, entry, own)
    return entry


def _match_one(
    work: Work, content: Content, each: Joining, course: Course, entry: Supporter, own: Profile
) -> Supporter:
    places = {p: words for p, words in roster(work, course).items() if _same_name(words, own)}
    place, sure = _place_of(places, own, entry)
    others = {
        other: words
        for other, words in _alike(work, entry, own).items()
        if _same_name(words, own) and other.id != entry.id
    }
    twin, why = _twin_of(work, course, others, own, entry)
    if place is not None:
        note_place(work, each, entry, place)
        for name in ("kana", "phone", "mail"):  # what they told when they signed up need not be asked again
            if not getattr(own, name) and getattr(places[place], name):
                own = replace(own, **{name: getattr(places[place], name)})
        entry = supporters.write(work, entry, own)
    known = place is not None or twin is not None
    if twin is not None:
        entry = merge(work, content, entry, twin)
    each = joinings.get(work, each.id) or each
    if known:
        enough = sure or twin is not None or each.why not in ("over_cap", "declined_before")
        return settle(work, content, each, entry, "system") if enough else entry
    if each.status == "joined":
        has_roster = bool(course_places.of_course(work, course.id))
        _note_why(work, each, why or ("not_on_roster" if has_roster else None))
    return entry


def settle(work: Work, content: Content, each: Joining, entry: Supporter, actor: str) -> Supporter:
    """It is known who this is: whoever waited is in."""
    waited = each.status == "waiting"
    if waited or each.why is not None or not each.matched:
        each = joinings.decide(work, each, "joined", matched=True)
    return coming_in.admit(work, content, each, entry, actor) if waited else entry


def note_place(work: Work, each: Joining, entry: Supporter, place: Place) -> None:
    """Who stands on the roster there and who registered here was there as one."""
    course_members.attend(
        work,
        each.course_id,
        each.person_id,
        supporter_id=entry.id,
        place_id=place.id,
        how="card" if each.card_id else "code",
    )


def _note_why(work: Work, each: Joining, why: Why | None) -> None:
    if each.why != why:
        joinings.decide(work, each, each.status, why=why)


# ---- the roster --------------------------------------------------------------------------------------------


def roster(work: Work, course: Course) -> dict[Place, Profile]:
    """Who signed up for this course, with their names where they gave them."""
    places = course_places.of_course(work, course.id)
    opened = course_places.profiles(work, places)
    return {place: opened.get(place.id, Profile()) for place in places}


def _place_of(places: dict[Place, Profile], own: Profile, entry: Supporter) -> tuple[Place | None, bool]:
    """The place on the roster that is theirs, and whether more than the name says so."""
    surely = [
        place
        for place, words in places.items()
        if _same_reach(words, own)
        or _same_kana(words, own)
        or (place.person_id is not None and place.person_id == entry.person_id)
    ]
    if len(surely) == 1:
        return surely[0], True
    return (next(iter(places)), False) if len(places) == 1 else (None, False)


# ---- the register ------------------------------------------------------------------------------------------


def _alike(work: Work, entry: Supporter, own: Profile) -> dict[Supporter, Profile]:
    found = [other for other in supporters.alike(work, entry.channel, own) if other.id != entry.id]
    opened = supporters.profiles(work, found)
    return {other: opened[other.id] for other in found}


def _twin_of(
    work: Work, course: Course, others: dict[Supporter, Profile], own: Profile, entry: Supporter
) -> tuple[Supporter | None, Why | None]:
    """The older entry of the same person; else why staff should look."""
    there = {member.supporter_id for member in course_members.members(work, course.id)}
    listed = {
        other
        for other in others
        if other.id in there or _on(course, other.attended_on) or _on(course, other.refreshed_on)
    }
    surely = [other for other, words in others.items() if _same_reach(words, own)]
    likely = [other for other in listed if _same_kana(others[other], own)]
    for found in (surely, likely, list(listed)):
        if len(found) == 1:
            other = found[0]
            if other.person_id in (None, entry.person_id):
                return other, None
            return None, "other_phone"
        if found:
            break
    return None, "same_name" if others else None


def _on(course: Course, day: dt.date | None) -> bool:
    return day is not None and course.on_date <= day <= course.last_on


def merge(work: Work, content: Content, entry: Supporter, twin: Supporter) -> Supporter:
    """Two entries are one person: the older one stays, with what is new; everything that hangs on both is its own."""
    fresh, old = supporters.locked(work, entry.id), supporters.locked(work, twin.id)
    words = {**filled(supporters.profile(work, old)), **filled(supporters.profile(work, fresh))}
    certificates.hand_over(work, fresh.id, old.id, old.number or fresh.number)
    joinings.hand_over(work, fresh.id, old.id)
    supporters.erase(work, fresh)
    newer = ("person_id", "district", "age_band", "group_name", "consent_version", "consent_at")
    kept: dict[str, Any] = {
        name: getattr(fresh, name) or getattr(old, name) for name in (*newer, "pledge_version", "pledge_at")
    }
    days = sorted(day for one in (fresh, old) for day in (one.attended_on, one.refreshed_on) if day)
    if days:
        kept["attended_on"] = days[0]
        kept["refreshed_on"] = days[-1] if days[-1] > days[0] else None
    kept["number"] = old.number or fresh.number
    kept["registered_at"] = min(
        (at for at in (old.registered_at, fresh.registered_at) if at is not None), default=None
    )
    one = supporters.write(work, old, Profile(**words), town=fresh.town, **kept)
    if fresh.state in supporters.SUPPORTING and one.state == "paused":
        one = life.resume(work, content, one)
    elif fresh.state in supporters.SUPPORTING and one.state in ("attended", "left"):
        one = life.registered(work, content, one)
        one = supporters.write(work, one, registered_at=kept["registered_at"] or work.now)
    one = life.counted(work, content, one)
    if one.person_id is not None:
        life.mirror(work, one.person_id)
    audit.note(work, "system", "merged", "supporter", one.id, one.channel)
    return one


def filled(words: Profile) -> dict[str, str]:
    """What is written there, by field."""
    return {name: text for name in supporters.SEALED if (text := getattr(words, name))}


# ---- what is equal -----------------------------------------------------------------------------------------


def _same(one: str | None, other: str | None, plain: Any) -> bool:
    return bool(one and other and plain(one) == plain(other))


def _same_name(one: Profile, other: Profile) -> bool:
    return _same(one.name, other.name, plain_name)


def _same_kana(one: Profile, other: Profile) -> bool:
    return _same(one.kana, other.kana, plain_name)


def _same_reach(one: Profile, other: Profile) -> bool:
    """The same telephone or the same mail."""
    return _same(one.phone, other.phone, plain_phone) or _same(one.mail, other.mail, plain_mail)


def named(work: Work, channel: str, name: str, leave_out: Collection[str] = ()) -> dict[Supporter, Profile]:
    """Entries with this name, for `supporter approve … --as`."""
    found = [
        other for other in supporters.alike(work, channel, Profile(name=name)) if other.id not in leave_out
    ]
    opened = supporters.profiles(work, found)
    return {other: opened[other.id] for other in found}
