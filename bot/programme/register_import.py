"""A list joined to the register: who is new, who is there already, what would change; then all of it, or nothing.

Nothing that the register knows is overwritten: an old list fills gaps. Bringing the same list in again changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from bot.content.library import Content
from bot.programme import life
from bot.programme.register_cells import Remark
from bot.programme.register_lines import Line
from bot.programme.register_match import Book, Entry
from storage import audit, supporters
from storage.supporters import Source, State, Supporter
from storage.work import Work

Outcome = Literal["new", "joined", "changed", "doubtful", "refused"]
OUTCOMES: tuple[Outcome, ...] = ("new", "joined", "changed", "doubtful", "refused")
OUT: frozenset[Outcome] = frozenset({"doubtful", "refused"})  # these rows do not come in
TOKYO = ZoneInfo("Asia/Tokyo")
NOON = dt.time(12)
_WHY_NOT = frozenset({"no_name", "no_town", "town_unknown", "no_such_entry", "nobody_like"})
_SAME_WORDS = ("kana", "phone", "mail")


@dataclass(frozen=True)
class Decisions:
    """What somebody decided about rows, by their place (`14`, `名簿:14`)."""

    new: frozenset[str] = frozenset()
    """These are people of their own."""
    same: Mapping[str, str | None] = field(default_factory=dict)
    """These are the same as an entry: the one with this id, or (None) the one that is alike."""
    first_time: bool = False
    """No row of `new` can have come in before: an entry that says just the same is somebody else."""


UNDECIDED = Decisions()


@dataclass(frozen=True)
class Planned:
    """One row and what will happen to it."""

    line: Line
    outcome: Outcome
    remarks: tuple[Remark, ...]
    alike: tuple[str, ...] = ()
    """The ids of entries (or places of earlier rows) that are this person, or may be."""


@dataclass(frozen=True)
class Plan:
    """All rows, in their order; `entries` are what will be written."""

    channel: str
    rows: tuple[Planned, ...]
    entries: tuple[Entry, ...]

    def count(self, outcome: Outcome) -> int:
        return sum(row.outcome == outcome for row in self.rows)

    @property
    def left_out(self) -> tuple[Planned, ...]:
        """Rows that do not come in."""
        return tuple(row for row in self.rows if row.outcome in OUT)


def plan(work: Work, channel: str, lines: Iterable[Line], decisions: Decisions = UNDECIDED) -> Plan:
    """What would happen; nothing is written."""
    listed = tuple(lines)
    known = supporters.alike_any(
        work, channel, [line.profile for line in listed], [line.number for line in listed if line.number]
    )
    named = {one for one in decisions.same.values() if one} - {entry.id for entry in known}
    known += tuple(entry for one in sorted(named) if (entry := supporters.get(work, one)) is not None)
    profiles = supporters.profiles(work, known)
    book = Book([Entry.of(entry, profiles[entry.id]) for entry in known])
    rows = tuple(_Row(line, book, channel).planned(decisions) for line in listed)
    return Plan(channel, rows, tuple(entry for entry in book.entries if entry.touched))


class _Row:
    """One row against the book, which it changes: the rows below see what this one brings in."""

    def __init__(self, line: Line, book: Book, channel: str) -> None:
        self.line, self.book, self.channel = line, book, channel
        self.alike: tuple[str, ...] = ()
        self.remarks = list(line.remarks)

    def planned(self, decisions: Decisions) -> Planned:
        line = self.line
        if line.bad:
            return self._ends("refused")
        if line.place in decisions.same:
            return self._same_as(decisions.same[line.place])
        if line.place in decisions.new:
            twin = None if decisions.first_time else self.book.twin(line)
            return self._joined(twin) if twin else self._new()
        found = self.book.find(line)
        if found.same is not None:
            return self._joined(found.same)
        if line.doubt:
            return self._ends("doubtful")
        if found.doubtful:
            return self._unsure(found.doubtful)
        if found.family:
            self._remark("phone", "same_phone", taken="、".join(each.shown for each in found.family[:3]))
        return self._new()

    def _same_as(self, entry_id: str | None) -> Planned:
        if entry_id is not None:
            entry = self.book.by_id(entry_id)
            if entry is None or entry.supporter is None or entry.supporter.channel != self.channel:
                self._remark("name", "no_such_entry")
                return self._ends("refused")
            return self._joined(entry)
        found = self.book.find(self.line)
        alike = [found.same] if found.same else [*found.doubtful, *found.family]
        if len(alike) == 1:
            return self._joined(alike[0])
        if alike:
            return self._unsure(alike)
        self._remark("name", "nobody_like")
        return self._ends("refused")

    def _unsure(self, alike: Sequence[Entry]) -> Planned:
        self.alike = tuple(each.shown for each in alike)
        self._remark("name", "same_name", taken="、".join(self.alike[:3]))
        return self._ends("doubtful")

    # ---- a new entry

    def _new(self) -> Planned:
        line = self.line
        number = self._free_number(None)
        first, last = _ordered([line.attended_on, line.refreshed_on])
        self.book.add(
            Entry(
                supporter=None,
                profile=line.profile,
                town=cast(str, line.town),
                district=line.district,
                age_band=line.age_band,
                attended_on=first,
                refreshed_on=last,
                registered_on=line.registered_on,
                number=number,
                group=line.group,
                state=line.state or "registered",
                place=line.place,
                touched=True,
                claimed=True,
            )
        )
        return self._ends("new")

    # ---- somebody who is there

    def _joined(self, entry: Entry) -> Planned:
        entry.claimed = True
        self.alike = (entry.shown,)
        if entry.supporter is None:
            self._remark("row", "duplicate", taken=entry.shown)
        if entry.state == "left":
            self._remark("state", "is_left")
            return self._ends("joined")
        before = replace(entry)
        self._fill_words(entry)
        self._fill_facts(entry)
        if entry == before:
            return self._ends("joined")
        self.book.again(entry)
        entry.touched = True
        if entry.supporter is not None:
            self._remark("row", "adds", taken=entry.shown)
        return self._ends("changed")

    def _fill_words(self, entry: Entry) -> None:
        mine, theirs = self.line.profile, entry.profile
        words: dict[str, str] = {}
        for name in (*_SAME_WORDS, "motive"):
            said, there = getattr(mine, name), getattr(theirs, name)
            if said and not there:
                words[name] = said
            elif (
                said and name in _SAME_WORDS and supporters.PLAIN[name](said) != supporters.PLAIN[name](there)
            ):
                self._remark(name, "differs", taken=entry.shown)
        if (
            mine.name
            and theirs.name
            and supporters.plain_name(mine.name) != supporters.plain_name(theirs.name)
        ):
            self._remark("name", "differs", taken=entry.shown)
        entry.profile = replace(theirs, **words)

    def _fill_facts(self, entry: Entry) -> None:
        line = self.line
        if line.town != entry.town:
            self._remark("town", "differs", taken=entry.shown)
        elif entry.district is None:
            entry.district = line.district
        elif line.district is not None and line.district != entry.district:
            self._remark("district", "differs", taken=entry.shown)
        entry.age_band = entry.age_band or line.age_band
        entry.group = entry.group or line.group
        if line.number and not entry.number:
            entry.number = self._free_number(entry)
        elif line.number and line.number != entry.number:
            self._remark("number", "differs", taken=entry.shown)
        days = [entry.attended_on, entry.refreshed_on, line.attended_on, line.refreshed_on]
        entry.attended_on, entry.refreshed_on = _ordered(days)
        if entry.supporter is None:
            entry.registered_on = entry.registered_on or line.registered_on
        if entry.state == "attended" and (line.state or "registered") == "registered":
            entry.state = "registered"

    def _free_number(self, entry: Entry | None) -> str | None:
        """The number of this row, where nobody else has it."""
        number = self.line.number
        owner = self.book.owner_of(number) if number else None
        if owner is None or owner is entry:
            return number
        self._remark("number", "number_taken", number or "", owner.shown)
        return None

    def _remark(self, name: str, key: str, said: str = "", taken: str = "") -> None:
        self.remarks.append(Remark(name, key, said, taken))

    def _ends(self, outcome: Outcome) -> Planned:
        if outcome == "refused":  # what would have become of its other cells is of no interest
            self.remarks = [remark for remark in self.remarks if remark.key in _WHY_NOT]
        return Planned(self.line, outcome, tuple(self.remarks), self.alike)


def _ordered(days: list[dt.date | None]) -> tuple[dt.date | None, dt.date | None]:
    """The first day is the course, the last one (if there is another) the latest refresher."""
    known = sorted({day for day in days if day is not None})
    return (known[0] if known else None), (known[-1] if len(known) > 1 else None)


# ---- writing -----------------------------------------------------------------------------------------------


def bring_in(
    work: Work, content: Content, plan: Plan, actor: str, source: Source = "import"
) -> tuple[tuple[Supporter, ...], tuple[Supporter, ...]]:
    """Write what was planned in this same unit of work: who came in, and who was changed."""
    fresh: list[Supporter] = []
    changed: list[Supporter] = []
    for entry in plan.entries:
        if entry.supporter is None:
            fresh.append(_add(work, content, plan.channel, entry, actor, source))
        else:
            changed.append(_change(work, content, entry.supporter, entry, actor))
    return tuple(fresh), tuple(changed)


def _add(work: Work, content: Content, channel: str, entry: Entry, actor: str, source: Source) -> Supporter:
    state = cast(State, entry.state)
    when = dt.datetime.combine(entry.registered_on, NOON, TOKYO) if entry.registered_on else None
    if source == "staff" and state != "attended" and when is None:
        when = work.now  # a list knows neither hour nor, often, the day; at the desk it is now
    made = supporters.add(
        work,
        channel,
        source=source,
        state=state,
        town=entry.town,
        profile=entry.profile,
        **_facts(entry),
        registered_at=when,
    )
    audit.note(work, actor, "imported" if source == "import" else "added", "supporter", made.id, channel)
    return made if state == "left" else life.counted(work, content, made)


def _change(work: Work, content: Content, was: Supporter, entry: Entry, actor: str) -> Supporter:
    now = supporters.locked(work, was.id)
    then = supporters.write(work, now, entry.profile, **_facts(entry))
    audit.note(work, actor, "imported", "supporter", then.id, then.channel)
    if now.state == "attended" and entry.state == "registered":
        then = life.registered(work, content, then, actor)
    then = life.counted(work, content, then)
    if then.person_id is not None and then.district != now.district:
        life.mirror(work, then.person_id)
    return then


def _facts(entry: Entry) -> dict[str, Any]:
    return {
        "district": entry.district,
        "age_band": entry.age_band,
        "attended_on": entry.attended_on,
        "refreshed_on": entry.refreshed_on,
        "number": entry.number,
        "group_name": entry.group,
    }
