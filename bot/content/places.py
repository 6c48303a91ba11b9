"""Towns, their districts, and the desks (窓口) that look after a concern there.

A desk may belong to a town, a prefecture or a contractor and serve several towns; a town may have no desk of
its own for a kind of concern. Which desk serves which town is written down, never concluded from the
prefecture: a public data set that does so sends the people of 鳥取市 to a desk in 米子.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal

from bot.content.hours import WeeklyHours
from bot.content.phones import tel

OWN: Final = "own"
SHARED: Final = "shared"
GENERAL: Final = "general"

StepKey = Literal[
    "own", "shared", "general", "given_up", "other_levels", "replaced", "before", "no_recipients",
    "hours_unknown", "open", "closed", "waits",
    "night", "night_by_phone", "night_closed", "night_given_up", "night_nobody",
]  # fmt: skip

SCHOOL_DISTRICT: Final = "中学校区"
READ: Final = ("ちゅう", "ちゅうがっこう", "ちゅうがっこうく")

URGENT: Final = (0, 1)
"""The levels that do not wait for the morning: a life at risk, and today."""


@dataclass(frozen=True)
class District:
    """A part of a town, here a junior-high-school district."""

    key: str
    name: str
    kana: str | None = None
    """How the part before 中学校区 is read, where that is sure."""

    @property
    def called(self) -> tuple[str, ...]:
        """What people type for it: 東, 東中, ひがし, ひがしちゅう …"""
        stem = self.name.removesuffix(SCHOOL_DISTRICT)
        schools = self.name.endswith(SCHOOL_DISTRICT)
        said = (stem, *((f"{stem}中", f"{stem}中学校") if schools else ()))
        if self.kana:
            said += (self.kana, *(f"{self.kana}{end}" for end in READ if schools))
        return said


@dataclass(frozen=True)
class Town:
    """A municipality; one with a single district is not asked about districts."""

    key: str
    name: str
    kana: str
    prefecture: str
    population: int | None
    phone: str
    """The switchboard (代表電話)."""
    districts: tuple[District, ...]
    aliases: tuple[str, ...]
    landmarks: tuple[str, ...] = ()
    """Places that everybody knows, for those who cannot name the town."""
    reports_count_as_notification: bool = False
    """Whether a report here is taken as 通告 under the child-abuse law; each town decides it."""

    @property
    def tel(self) -> str | None:
        return tel(self.phone)


@dataclass(frozen=True)
class Window:
    """A desk: whom it serves, what it looks after, how to reach it."""

    key: str
    name: str
    owner: str
    serves: tuple[str, ...]
    kinds: tuple[str, ...]
    """What it looks after; see `looks_after`."""
    phone: str | None
    fax: str | None
    address: str | None
    hours: WeeklyHours | None
    """None where they are not known: then nothing is promised."""
    hours_text: str
    after_hours: str
    note: str
    recipients: tuple[str, ...]
    """E-mail addresses that hear of new concerns."""
    verified_at: date
    source: str
    fallback: bool
    """The town's desk for everything that no other desk looks after."""
    desks: tuple[str, ...] = ()
    """What schemes call this desk (in their `window_kind`), such as 福祉事務所."""
    all_kinds: bool = False
    """Looks after everything (`kinds: all`), as the one desk of a small town does."""
    levels: tuple[int, ...] = ()
    """Only these levels of urgency; empty means every level."""
    after_hours_desk: str | None = None
    """Key of the desk that reads what is urgent while this one is closed."""
    active: bool = True
    """False for a desk that was given up: it gets nothing any more."""
    replaced_by: str | None = None
    """Key of the desk that has taken the place of one that was given up."""
    leader: tuple[str, ...] = ()
    """E-mail addresses that are told when the desk is late, then those of the department, then on duty."""
    department: tuple[str, ...] = ()
    duty: tuple[str, ...] = ()

    @property
    def tel(self) -> str | None:
        return tel(self.phone)

    @property
    def shared(self) -> bool:
        """Serves several towns."""
        return len(self.serves) > 1

    @property
    def can_read(self) -> bool:
        """A desk that serves several towns reads here only where it has recipients; a town's own always does."""
        return self.active and (not self.shared or bool(self.recipients))

    def looks_after(self, kind: str) -> bool:
        return self.all_kinds or kind in self.kinds

    def takes(self, level: int) -> bool:
        return not self.levels or level in self.levels

    def note_about(self, about: str) -> str:
        """The note with what to say on the phone about this trouble."""
        return self.note.replace("〇〇", about)


@dataclass(frozen=True)
class Step:
    """One step of the rule that led to a desk: its name, and the keys of the desks it is about."""

    key: StepKey
    params: Mapping[str, str]


@dataclass(frozen=True)
class Route:
    """The desk for a concern, why this one, who reads it, and which others look after it too."""

    town: str
    kind: str
    level: int
    at: datetime | None
    window: Window
    """The desk that knows most of this kind."""
    reason: str
    """`own` (the town's desk for this kind), `shared` (serves several towns), `general` (nothing closer)."""
    also: tuple[Window, ...]
    general: Window
    """The town's general desk, who can always be asked."""
    reader: Window
    """Who reads the concern: a desk that serves several towns does so only where it has recipients here; until
    then the town's general desk reads it, and the other is named as the one to telephone. What is urgent is
    read by the after-hours desk while that one is closed."""
    by_day: Window
    """Who reads it in ordinary hours: the same, unless an after-hours desk has taken over."""
    open: bool | None
    """Whether `by_day` is open at that moment; None where its hours (or the moment) are not known."""
    next_opening: datetime | None
    """When `by_day` opens again; None while it is open, and where that is not known."""
    night: Window | None
    """The desk to turn to at this moment, while `by_day` is closed and the concern cannot wait."""
    rule: tuple[Step, ...] = field(default=(), compare=False)
    """How this came about, step by step."""

    def frozen(self) -> dict[str, Any]:
        """What is kept with a concern for ever, ready for JSON: keys of desks, no addresses."""
        return {
            "town": self.town,
            "kind": self.kind,
            "level": self.level,
            "at": self.at.isoformat() if self.at else None,
            "window": self.window.key,
            "reader": self.reader.key,
            "by_day": self.by_day.key,
            "reason": self.reason,
            "rule": [{"step": step.key, **step.params} for step in self.rule],
            "open": self.open,
            "next_opening": self.next_opening.isoformat() if self.next_opening else None,
            "night": self.night.key if self.night else None,
            "also": [window.key for window in self.also],
            "general": self.general.key,
            "verified_at": self.reader.verified_at.isoformat(),
        }


def route(
    windows: Iterable[Window], town: str, kind: str, level: int = 3, at: datetime | None = None
) -> Route:
    """The most specific desk that is there: own before shared, named kinds before all, named levels before all.

    1. Every desk that serves the town, looks after the kind and takes the level makes a claim; one that was
       given up makes it for the desk that replaced it. 2. The most specific claim wins, else the general desk.
    3. A desk that cannot read here leaves the reading to the general desk. 4. While the reader is closed, its
    after-hours desk takes over what is urgent; without `at` nothing is said about hours.
    LookupError where a town has no general desk, which the loader refuses.
    """
    serving = {window.key: window for window in windows if town in window.serves}
    general = _general(serving.values(), town)
    steps: list[Step] = []
    claims = _claims(serving, kind, level, steps)
    reason: Literal["own", "shared", "general"]
    if claims:
        first, *others = claims
        reason = SHARED if first.shared else OWN
        _say(steps, reason, desk=first.key, named="all" if first.all_kinds else "kind")
    else:
        first, others, reason = general, [], GENERAL
        _say(steps, GENERAL, desk=general.key)
    by_day = first if reason != SHARED or first.can_read else general
    if by_day is not first:
        _say(steps, "no_recipients", desk=first.key, reader=by_day.key)
    opened, opens = _doors(by_day, at, steps)
    night = _night(serving, by_day, at, steps) if at and opened is False and level in URGENT else None
    if opened is False and level not in URGENT:
        _say(steps, "waits", desk=by_day.key)
    return Route(
        town=town,
        kind=kind,
        level=level,
        at=at,
        window=first,
        reason=reason,
        also=_without_repeats(first, others),
        general=general,
        reader=night if night and night.can_read else by_day,
        by_day=by_day,
        open=opened,
        next_opening=opens,
        night=night,
        rule=tuple(steps),
    )


def readers_in(windows: Iterable[Window], town: str) -> tuple[Window, ...]:
    """The desks that could read a concern in this town, its own ones first."""
    reading = [w for w in windows if town in w.serves and w.active and (w.can_read or w.fallback)]
    return tuple(sorted(reading, key=lambda window: window.shared))


def home_of(windows: Iterable[Window], town: str, key: str) -> Window:
    """Where a concern of this town lives that is in the charge of the desk `key`.

    That desk while it is there; else the desk that replaced it, if that one serves the town (or the old one
    did not either, because the concern was handed on across the border) and can read; else the town's general
    desk.
    """
    known = {window.key: window for window in windows}
    desk, heir = known.get(key), living(known, key)
    if desk is not None and heir is not None:
        serves = town in heir.serves or town not in desk.serves
        if heir is desk or (serves and heir.can_read):
            return heir
    return _general(known.values(), town)


def night_desk_of(windows: Iterable[Window], key: str, at: datetime) -> Window | None:
    """The after-hours desk that reads for this one at this moment; None while it is open, or where nobody does."""
    known = {window.key: window for window in windows}
    desk = known.get(key)
    if desk is None or desk.hours is None or desk.hours.open_at(at):
        return None
    night = _night(known, desk, at, [])
    return night if night is not None and night.can_read else None


def desk_for(windows: Iterable[Window], town: str, window_kind: str) -> Window | None:
    """The town's real desk for what a scheme calls 「福祉事務所・市区町村こども課」, or by its own name; None if not known."""
    names = (window_kind, *window_kind.split("・"))
    serving = sorted((w for w in windows if town in w.serves and w.active), key=_breadth)
    return next((w for name in names for w in serving if name in w.desks or name == w.name), None)


def _breadth(window: Window) -> int:
    return len(window.serves)


def _general(windows: Iterable[Window], town: str) -> Window:
    for window in windows:
        if window.fallback and window.active and town in window.serves:
            return window
    raise LookupError(f"{town} has no general window")


def living(desks: Mapping[str, Window], key: str | None) -> Window | None:
    """The desk, or the one that has taken its place, and so on; None where that trail ends or turns back."""
    passed: set[str] = set()
    while key is not None and key not in passed:
        passed.add(key)
        desk = desks.get(key)
        if desk is None or desk.active:
            return desk
        key = desk.replaced_by
    return None


def _claims(serving: Mapping[str, Window], kind: str, level: int, steps: list[Step]) -> list[Window]:
    """The desks for this kind and level, the most specific first, in the file's order among equals."""
    ranked: list[tuple[tuple[bool, bool, bool], Window]] = []
    for named in serving.values():
        if not named.looks_after(kind):
            continue
        desk = living(serving, named.key)
        if desk is None:
            _say(steps, "given_up", desk=named.key)
            continue
        if not (named.takes(level) and desk.takes(level)):
            _say(steps, "other_levels", desk=named.key)
            continue
        if desk is not named:
            _say(steps, "replaced", desk=named.key, by=desk.key)
        ranked.append(((desk.shared, named.all_kinds, not named.levels), desk))
    ranked.sort(key=lambda claim: claim[0])
    for rank, desk in ranked[1:]:
        best, winner = ranked[0]
        if desk is not winner:
            why = next((w for w, a, b in zip(_WHY, best, rank, strict=True) if a != b), "order")
            _say(steps, "before", desk=winner.key, other=desk.key, why=why)
    return list({desk.key: desk for _, desk in ranked}.values())


_WHY: Final = (OWN, "kind", "levels")


def _doors(desk: Window, at: datetime | None, steps: list[Step]) -> tuple[bool | None, datetime | None]:
    """Whether it is open at this moment, and if not, when it opens again."""
    if at is None:
        return None, None
    if desk.hours is None:
        _say(steps, "hours_unknown", desk=desk.key)
        return None, None
    if desk.hours.open_at(at):
        _say(steps, "open", desk=desk.key)
        return True, None
    opens = desk.hours.next_opening(at)
    _say(steps, "closed", desk=desk.key, opens=opens.isoformat() if opens else "")
    return False, opens


def _night(serving: Mapping[str, Window], desk: Window, at: datetime, steps: list[Step]) -> Window | None:
    """The after-hours desk that is there at this moment; one that is closed itself passes on to its own."""
    passed = {desk.key}
    while desk.after_hours_desk is not None:
        follower = living(serving, desk.after_hours_desk)
        if follower is None:
            _say(steps, "night_given_up", desk=desk.after_hours_desk)
            return None
        if follower.key in passed:
            break
        passed.add(follower.key)
        if follower.hours is None or follower.hours.open_at(at):
            _say(steps, "night" if follower.can_read else "night_by_phone", desk=follower.key)
            return follower
        _say(steps, "night_closed", desk=follower.key)
        desk = follower
    _say(steps, "night_nobody", desk=desk.key)
    return None


def _without_repeats(first: Window, others: Iterable[Window]) -> tuple[Window, ...]:
    """In a small town one desk looks after much: the same phone is not shown twice."""
    seen, kept = {first.phone}, []
    for window in others:
        if window.phone is None or window.phone not in seen:
            kept.append(window)
            seen.add(window.phone)
    return tuple(kept)


def _say(steps: list[Step], key: StepKey, **params: str) -> None:
    steps.append(Step(key, params))
