"""The roster of a course: who signed up, who was there, whom to telephone; and the list that came back from the room."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.content.library import Content
from bot.programme import life, register_cells
from bot.programme.register_cells import Reading
from bot.programme.register_columns import Layout
from storage import audit, course_members, course_places, courses, supporters
from storage.course_places import Place
from storage.courses import MAKING, Course
from storage.supporters import SUPPORTING, Profile, Supporter, plain_mail, plain_name, plain_phone
from storage.work import Work

NOBODY = Profile()
EVERY: tuple[course_places.State, ...] = ("seat", "waiting", "cancelled")


@dataclass(frozen=True)
class Row:
    """One person. `number` is their place in the list, by which commands name them."""

    number: int
    place: Place | None
    supporter: Supporter | None
    profile: Profile
    there: bool
    waits_as: int | None = None
    """Which of those who wait."""

    @property
    def to_telephone(self) -> bool:
        """Something changed, and neither LINE nor mail could tell them."""
        return self.place is not None and self.place.told_at is None and self.place.state != "cancelled"


def rows(work: Work, course: Course) -> tuple[Row, ...]:
    """Everybody who signed up, in that order; then those who were there all the same."""
    places = course_places.of_course(work, course.id, EVERY)
    members = course_members.members(work, course.id)
    written = course_places.profiles(work, places)
    entries = _entries(work, [m.supporter_id for m in members if m.supporter_id])
    of_phone = {
        place.person_id: _one_of(work, place.person_id) for place in places if place.person_id is not None
    }
    known = [*entries.values(), *(entry for entry in of_phone.values() if entry)]
    words = supporters.profiles(work, known)
    found: list[Row] = []
    waiting = 0
    for place in places:
        member = next((m for m in members if _same(m, place)), None)
        entry = entries.get(member.supporter_id or "") if member else None
        entry = entry or of_phone.get(place.person_id or "")
        own = written[place.id] if written[place.id].name else words.get(entry.id if entry else "", NOBODY)
        waiting += place.state == "waiting"
        found.append(
            Row(
                len(found) + 1,
                place,
                entry,
                own,
                member is not None,
                waiting if place.state == "waiting" else None,
            )
        )
    taken = {m.id for m in members for place in places if _same(m, place)}
    for member in members:
        if member.id not in taken:
            entry = entries.get(member.supporter_id or "") or (
                _one_of(work, member.person_id) if member.person_id else None
            )
            own = words.get(entry.id, NOBODY) if entry else NOBODY
            if entry and entry.id not in words:
                own = supporters.profile(work, entry)
            found.append(Row(len(found) + 1, None, entry, own, True))
    return tuple(found)


def _same(member: course_members.Member, place: Place) -> bool:
    if member.place_id is not None:
        return member.place_id == place.id
    return member.person_id is not None and member.person_id == place.person_id


def _entries(work: Work, ids: Collection[str]) -> dict[str, Supporter]:
    found = (supporters.get(work, each) for each in dict.fromkeys(ids))
    return {entry.id: entry for entry in found if entry is not None}


def _one_of(work: Work, person_id: str | None) -> Supporter | None:
    """The entry of this phone, where it has one."""
    mine = supporters.of_person(work, person_id) if person_id else ()
    return next((entry for entry in mine if entry.state != "left"), None)


# ---- who was there -----------------------------------------------------------------------------------------


def note_there(work: Work, content: Content, course: Course, row: Row, actor: str) -> bool:
    """Somebody of the roster was there; True where that is news. After a course that makes supporters they stand in
    the register, too, as somebody who has not registered (yet)."""
    entry = row.supporter
    if entry is None and course.kind in MAKING and row.profile.name:
        entry = _found(work, course, row.profile) or _new(work, course, row.profile)
    return _there(work, content, course, row.place, entry, actor)


def _there(
    work: Work, content: Content, course: Course, place: Place | None, entry: Supporter | None, actor: str
) -> bool:
    if entry is not None:
        entry = supporters.locked(work, entry.id)  # and its phone: its chat takes them in this order
    fresh = courses.attend(
        work,
        course.id,
        place.person_id if place else None,
        supporter_id=entry.id if entry else None,
        place_id=place.id if place else None,
        how="roster",
    )
    if (
        entry is not None
        and course.kind in MAKING
        and (entry.state in SUPPORTING or entry.state == "attended")
    ):
        life.refreshed(work, content, entry, course.last_on, actor)
    return fresh


def _new(work: Work, course: Course, profile: Profile) -> Supporter:
    return supporters.add(
        work,
        course.channel,
        source="roster",
        state="attended",
        town=course.town,
        profile=profile,
        group_name=course.group_name,
        attended_on=course.last_on,
    )


def _found(work: Work, course: Course, profile: Profile) -> Supporter | None:
    """The one entry of the register that this surely is: the same name, and kana, phone or mail say so too."""
    same = supporters.alike(work, course.channel, profile)
    words = supporters.profiles(work, same)
    sure = [entry for entry in same if _is(words[entry.id], profile) and _more(words[entry.id], profile)]
    return sure[0] if len(sure) == 1 else None


def _is(one: Profile, other: Profile) -> bool:
    return bool(one.name and other.name) and plain_name(str(one.name)) == plain_name(str(other.name))


def _more(one: Profile, other: Profile) -> bool:
    pairs = (("kana", plain_name), ("phone", plain_phone), ("mail", plain_mail))
    return any(
        (mine := getattr(one, name)) and (theirs := getattr(other, name)) and plain(mine) == plain(theirs)
        for name, plain in pairs
    )


# ---- the list from the room --------------------------------------------------------------------------------

Outcome = Literal["place", "register", "new", "there", "unclear", "no_name"]
# place: signed up, was there · register: in the register, had not signed up · new: neither · there: noted before ·
# unclear: several of this name · no_name: the row has none


@dataclass(frozen=True)
class Line:
    """One row of the file, and what would be done about it."""

    line: int
    profile: Profile
    outcome: Outcome
    place: Place | None = None
    supporter: Supporter | None = None


def plan(work: Work, course: Course, sheet: Layout) -> tuple[Line, ...]:
    """What each row means; nothing is changed."""
    known = rows(work, course)
    lines: list[Line] = []
    seen: list[Profile] = []
    for row in sheet.rows:
        reading = Reading(sheet.columns, row.cells)
        if register_cells.is_no_person(reading):
            continue
        profile = Profile(
            register_cells.name(reading),
            register_cells.kana(reading),
            register_cells.phone(reading),
            register_cells.mail(reading),
        )
        if not profile.name:
            lines.append(Line(row.line, profile, "no_name"))
        elif any(_is(profile, other) and (_more(profile, other) or profile == other) for other in seen):
            lines.append(Line(row.line, profile, "there"))
        else:
            seen.append(profile)
            lines.append(_line(work, course, known, row.line, profile))
    return tuple(lines)


def _line(work: Work, course: Course, known: Sequence[Row], number: int, profile: Profile) -> Line:
    same = [row for row in known if _is(row.profile, profile)]
    sure = [row for row in same if _more(row.profile, profile)] or same
    if len(sure) > 1:
        return Line(number, profile, "unclear")
    if sure:
        row = sure[0]
        return Line(
            number, _both(row.profile, profile), "there" if row.there else "place", row.place, row.supporter
        )
    entry = _found(work, course, profile)
    if entry is not None:
        return Line(number, profile, "register", supporter=entry)
    return Line(number, profile, "new")


def _both(first: Profile, second: Profile) -> Profile:
    """What they wrote when they signed up; what they left empty from the list."""
    return Profile(**{name: getattr(first, name) or getattr(second, name) for name in supporters.SEALED})


def carry_out(
    work: Work, content: Content, course: Course, lines: Sequence[Line], actor: str
) -> Mapping[str, int]:
    """Note everybody of whom it is clear who they are; how many, by outcome. All of it or nothing."""
    done: dict[str, int] = {}
    for line in lines:
        done[line.outcome] = done.get(line.outcome, 0) + 1
        if line.outcome in ("unclear", "no_name", "there"):
            continue
        place, entry = line.place, line.supporter
        if entry is None and course.kind in MAKING:
            entry = _found(work, course, line.profile) or _new(work, course, line.profile)
        if entry is None and place is None:  # a meeting: nobody becomes a supporter, but they were there
            place = course_places.add(
                work, course.channel, course.id, source="staff", state="seat", profile=line.profile
            )
        _there(work, content, course, place, entry, actor)
    audit.note(work, actor, "noted_who_was_there", "course", course.id, course.channel)
    return done
