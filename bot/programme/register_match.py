"""Whether a row of a list and an entry of the register are the same person.

Two people of one name live in every town, and families share a telephone: where it is not certain, staff decide.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from bot.programme.register_lines import Line
from storage.supporters import PLAIN, Profile, Supporter, plain_name

Verdict = Literal["same", "doubtful", "family", "other"]

# Letters of names that are written one way on paper and another way in a phone.
_VARIANTS = str.maketrans(
    "髙﨑邉邊齋齊斎濵濱澤廣國嶋嶌島德惠眞榮櫻壽彌龍瀨淵渕冨富",
    "高崎辺辺斉斉斉浜浜沢広国島島島徳恵真栄桜寿弥竜瀬渕渕富富",
)


@dataclass
class Entry:
    """An entry of the register, or one that an earlier row will make; rows fill its gaps."""

    supporter: Supporter | None
    profile: Profile
    town: str
    district: str | None
    age_band: str | None
    attended_on: dt.date | None
    refreshed_on: dt.date | None
    registered_on: dt.date | None
    number: str | None
    group: str | None
    state: str
    place: str = ""
    """Of the row that makes it."""
    touched: bool = field(default=False, compare=False)
    claimed: bool = field(default=False, compare=False)
    """Some row of this list is this person."""

    @staticmethod
    def of(supporter: Supporter, profile: Profile) -> Entry:
        return Entry(
            supporter=supporter,
            profile=profile,
            town=supporter.town,
            district=supporter.district,
            age_band=supporter.age_band,
            attended_on=supporter.attended_on,
            refreshed_on=supporter.refreshed_on,
            registered_on=None,
            number=supporter.number,
            group=supporter.group_name,
            state=supporter.state,
        )

    @property
    def shown(self) -> str:
        """How a report names it: by its id, or by the row that makes it."""
        return self.supporter.id if self.supporter else self.place


@dataclass(frozen=True)
class Found:
    """Who in the book a row may be."""

    same: Entry | None
    doubtful: tuple[Entry, ...]
    family: tuple[Entry, ...]


class Book:
    """The entries by everything that people are known by."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries: list[Entry] = []
        self._by: dict[tuple[str, str], dict[int, Entry]] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.again(entry)

    def again(self, entry: Entry) -> None:
        """Its words are more than before."""
        for key in _keys(entry.profile, entry.number):
            self._by.setdefault(key, {})[id(entry)] = entry

    def by_id(self, supporter_id: str) -> Entry | None:
        return next((e for e in self.entries if e.supporter and e.supporter.id == supporter_id), None)

    def owner_of(self, number: str) -> Entry | None:
        return next(iter(self._by.get(("number", number), {}).values()), None)

    def twin(self, line: Line) -> Entry | None:
        """An entry that an earlier import of this row made, and that is nobody else of this list."""
        near = [entry for entry in self._near(line) if not entry.claimed]
        exact = next((entry for entry in near if _says_the_same(line, entry)), None)
        return exact or next((e for e in near if _imported(e) and _nothing_new(line, e)), None)

    def find(self, line: Line) -> Found:
        verdicts: dict[Verdict, list[Entry]] = {"same": [], "doubtful": [], "family": [], "other": []}
        for entry in self._near(line):
            verdicts[verdict(line, entry)].append(entry)
        same = sorted(verdicts["same"], key=lambda entry: (entry.state == "left", entry.claimed))
        return Found(same[0] if same else None, tuple(verdicts["doubtful"]), tuple(verdicts["family"]))

    def _near(self, line: Line) -> list[Entry]:
        near: dict[int, Entry] = {}
        for key in _keys(line.profile, line.number):
            near |= self._by.get(key, {})
        return list(near.values())


def _keys(profile: Profile, number: str | None) -> Iterator[tuple[str, str]]:
    for name in ("phone", "mail"):  # an equal kana alone says nothing: half a town is called さとう
        if text := getattr(profile, name):
            yield name, PLAIN[name](text)
    if profile.name:
        yield "folded", _folded(profile.name)
    if number:
        yield "number", number


def _folded(name: str) -> str:
    return plain_name(name).translate(_VARIANTS)


def _compare(name: str, mine: Profile, theirs: Profile) -> bool | None:
    """True: equal; False: both say something, and not the same; None: one says nothing."""
    one, other = getattr(mine, name), getattr(theirs, name)
    if not one or not other:
        return None
    plain = PLAIN[name]
    return plain(one) == plain(other)


def verdict(line: Line, entry: Entry) -> Verdict:
    """How sure it is that this row is this entry."""
    mine, theirs = line.profile, entry.profile
    name = _folded(mine.name or "") == _folded(theirs.name or "")
    kana, phone, mail = (_compare(field, mine, theirs) for field in ("kana", "phone", "mail"))
    reached = phone is True or mail is True
    if line.number and line.number == entry.number and (name or kana):
        return "same"
    if reached and (name or kana):
        return "doubtful" if name and kana is False else "same"
    if reached:
        return "family"
    if not name:
        return "other"
    if _says_the_same(line, entry):
        return "same"
    clash = (
        phone is False
        or mail is False
        or kana is False
        or line.town != entry.town
        or _clash(line.district, entry.district)
        or _clash(line.age_band, entry.age_band)
        or _clash(line.number, entry.number)
    )
    agree = (
        (line.narrow and line.district == entry.district)
        or (line.age_band is not None and line.age_band == entry.age_band)
        or (line.group is not None and line.group == entry.group)
    )
    return "same" if agree and not clash else "doubtful"


def _clash(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def _says_the_same(line: Line, entry: Entry) -> bool:
    """Word for word: the same list a second time. Of days the entry may know more, from other rows."""
    mine, theirs = line.profile, entry.profile
    words = all(
        _compare(name, mine, theirs) is True or getattr(mine, name) == getattr(theirs, name) for name in PLAIN
    )
    facts = (line.town, line.district, line.age_band, line.group, line.number)
    return (
        words
        and facts == (entry.town, entry.district, entry.age_band, entry.group, entry.number)
        and {line.attended_on, line.refreshed_on} <= {entry.attended_on, entry.refreshed_on, None}
    )


def _imported(entry: Entry) -> bool:
    return entry.supporter is None or entry.supporter.source == "import"


def _nothing_new(line: Line, entry: Entry) -> bool:
    """All that the row says stands in the entry, to which other rows may have added; and it is surely the same."""
    words = all(
        getattr(line.profile, name) is None or _compare(name, line.profile, entry.profile) is True
        for name in PLAIN
    )
    facts = zip(
        (line.district, line.age_band, line.group, line.number),
        (entry.district, entry.age_band, entry.group, entry.number),
        strict=True,
    )
    return words and all(mine in (theirs, None) for mine, theirs in facts) and verdict(line, entry) == "same"
