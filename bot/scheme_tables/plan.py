"""What a town's table would change in content/schemes/<town>.csv: new, changed field by field, ended, unchanged.

The table decides the columns that it has; everything else that somebody wrote into the file stays. A row of the
file whose ID the table lacks is ended and stays in the file; rows that never came from a table are left alone.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from bot.content.places import Town
from bot.content.scheme_files import TOWN_COLUMNS
from bot.scheme_tables.reading import folded
from bot.scheme_tables.wanted import Understanding, Wanted, identity_of

Row = dict[str, str]
Kind = Literal["new", "back", "changed", "ended", "unchanged"]
KINDS: Final[tuple[Kind, ...]] = ("new", "back", "changed", "ended", "unchanged")
_FROM_THE_NATION: Final = ("theme", "show_if_any", "require", "exclude", "is_loan", "can_wait")
_YES: Final = "1"


@dataclass(frozen=True)
class Change:
    """What happens to one row of the file; `fields` are (column, before, after)."""

    kind: Kind
    scheme: str
    table_id: str
    title: str
    place: str = ""
    """The line of the table; empty for what ends."""
    fields: tuple[tuple[str, str, str], ...] = ()
    overrides: str = ""
    """The id of the national scheme instead of which it stands."""
    instead: str = ""
    """What that one is called."""
    theme: str = ""


@dataclass
class Plan:
    """The rows of the file as they would be, and how they come about."""

    rows: list[Row]
    changes: list[Change] = field(default_factory=list)
    by_hand: tuple[str, ...] = ()
    """Ids of rows that never came from a table."""

    def of(self, kind: Kind) -> list[Change]:
        return [change for change in self.changes if change.kind == kind]

    @property
    def writes(self) -> bool:
        return any(change.kind != "unchanged" for change in self.changes)


@dataclass(frozen=True)
class Import:
    """What an import needs to know besides table and file."""

    town: Town
    today: dt.date
    national: Mapping[str, Row]
    """The row of each national scheme that counts today, by id."""
    source: str
    checked: bool = False
    """Every row of the table was made sure of today."""


def plan(
    listed: Sequence[Wanted], existing: Iterable[Row], about: Import, understanding: Understanding
) -> Plan:
    """Nothing is written. Entries that are wrong leave their rows as they are."""
    planner = _Planner([dict.fromkeys(TOWN_COLUMNS, "") | row for row in existing], about, understanding)
    groups = _by_identity(listed)
    planner.expect(listed, groups)
    for group in groups.values():
        planner.take(group)
    planner.end_the_others()
    return Plan(planner.rows, planner.changes, planner.by_hand)


def _by_identity(listed: Iterable[Wanted]) -> dict[str, list[Wanted]]:
    groups: dict[str, list[Wanted]] = defaultdict(list)
    for wanted in listed:
        groups[wanted.identity].append(wanted)
    return groups


def _nearest(listed: Iterable[Wanted]) -> dict[str, str]:
    """For every national scheme the place of the entry that is about it most: only one can stand instead of it."""
    best: dict[str, Wanted] = {}
    for wanted in listed:
        if wanted.national is None or wanted.bad:
            continue
        other = best.setdefault(wanted.national.scheme.id, wanted)
        if other.national and other.national.likeness < wanted.national.likeness:
            best[wanted.national.scheme.id] = wanted
    return {scheme: wanted.entry.place for scheme, wanted in best.items()}


class _Planner:
    def __init__(self, rows: list[Row], about: Import, understanding: Understanding) -> None:
        self.rows, self.changes = rows, list[Change]()
        self._about, self._understanding = about, understanding
        self._ids = {row["id"] for row in rows}
        self._overridden: set[str] = set()
        self._nearest: dict[str, str] = {}
        self._here: dict[str, list[Row]] = defaultdict(list)
        for row in governing(rows, about.today):
            self._here[identity_of(row["table_id"] or row["id"])].append(row)
        self._met: set[int] = set()
        self._made: list[Wanted] = []

    @property
    def by_hand(self) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(row["id"] for row in self.rows if not row["table_id"] and id(row) not in self._met)
        )

    def expect(self, listed: Sequence[Wanted], identities: Collection[str]) -> None:
        """Which national schemes have somebody who stands for them, and which entry would be the one for the others."""
        staying = [
            row for row in self.rows if not row["table_id"] or identity_of(row["table_id"]) in identities
        ]
        self._overridden = {row["overrides"] for row in staying if row["overrides"]}
        self._nearest = _nearest(listed)

    # ---- entries

    def take(self, group: Sequence[Wanted]) -> None:
        """All entries of one ID: usually one; several where a merged cell gives its ID to several rows."""
        here = list(self._here.get(group[0].identity, ()))
        good = [wanted for wanted in self._distinct(group) if not wanted.bad]
        if len(good) < len(group):
            self._met.update(map(id, here))  # what cannot be read does not end what is there
        pairs = [(wanted, self._same(wanted, here, alone=len(group) == 1)) for wanted in good]
        for wanted, row in pairs:
            if row is not None:
                self._met.add(id(row))
                self._again(wanted, row)
        for wanted, row in pairs:
            if row is None:
                made = self._new(wanted, self._free_id(wanted))
                self._made.append(wanted)
                self.rows.append(made)
                self._met.add(id(made))
                self._note("new", wanted, made)

    def _same(self, wanted: Wanted, here: Sequence[Row], *, alone: bool) -> Row | None:
        """The row of this entry; by its official name where an ID stands for several."""
        if alone and len(here) == 1:
            return here[0]
        named = [(row, row["official_name"] or self._national(row).get("official_name", "")) for row in here]
        return next((row for row, name in named if folded(name) == folded(wanted.official)), None)

    def _national(self, row: Row) -> Mapping[str, str]:
        return self._about.national.get(row["overrides"], {})

    def _distinct(self, group: Sequence[Wanted]) -> list[Wanted]:
        """Without those whose ID stands there for something else already."""
        kept: list[Wanted] = []
        for wanted in group:
            title = wanted.columns.get("plain_title")
            if any(
                each.official == wanted.official or each.columns.get("plain_title") != title for each in kept
            ):
                self._understanding.say(
                    "error",
                    wanted.entry,
                    "id",
                    f"ID {wanted.table_id or wanted.official} は、{kept[0].entry.place}行にもあります。",
                    "ほかの行とちがうIDを書いてください。",
                )
                continue
            kept.append(wanted)
        return kept

    def _again(self, wanted: Wanted, row: Row) -> None:
        before = dict(row)
        gone = row["ended"] == _YES and "" < row["valid_to"] < self._about.today.isoformat()
        if gone:
            fresh = self._new(wanted, row["id"])
            kept = {} if fresh["overrides"] else before
            row |= {column: cell or kept.get(column, "") for column, cell in fresh.items()}
            row |= {"valid_to": fresh["valid_to"], "ended": ""}
        else:
            row |= self._said(wanted, row)
            self._theme_again(wanted, row)
        if self._about.checked and "verified_at" not in wanted.columns:
            row["verified_at"] = self._today
        fields = _differences(before, row)
        if not fields:
            self._note("unchanged", wanted, row)
            return
        if row["verified_at"] == before["verified_at"]:
            row["verified_at"] = self._today
        row["source"] = self._about.source
        row["table_id"] = row["table_id"] or (wanted.table_id if wanted.table_id != row["id"] else "")
        self._note("back" if gone else "changed", wanted, row, fields)

    def _said(self, wanted: Wanted, row: Row) -> Row:
        """The cells that the table decides; where it says what the nation says, they stay empty."""
        national = self._national(row)
        said = {}
        for column, cell in wanted.columns.items():
            empty = row[column] == "-" and not cell
            said[column] = row[column] if empty else "" if cell == national.get(column, "") else cell
        if "window_kind" not in wanted.columns and "desk" in wanted.entry.cells and not row["overrides"]:
            said["window_kind"] = ""
        return said

    def _theme_again(self, wanted: Wanted, row: Row) -> None:
        """Another 連携目標 moves a scheme to another theme; rules that somebody wrote by hand stay."""
        meaning = wanted.meaning
        if row["overrides"] or meaning is None or not wanted.told or meaning.theme == row["theme"]:
            return
        old = self._understanding.goals.themes.get(row["theme"])
        by_hand = old is None or not set(row["show_if_any"].split()) <= set(old.show_if_any.split())
        row["theme"] = meaning.theme
        if by_hand:
            words = f"テーマを「{meaning.theme}」に変えます。出す答え（show_if_any）は手で書かれているので、そのままです。"
            self._understanding.say("warning", wanted.entry, "goal", words)
        else:
            row["show_if_any"] = meaning.show_if_any

    # ---- new rows

    def _new(self, wanted: Wanted, scheme_id: str) -> Row:
        """A row for an entry that the file does not have: instead of a national scheme, or of the town alone."""
        assert wanted.meaning is not None  # an entry without one is wrong, and does not come here
        row = dict.fromkeys(TOWN_COLUMNS, "") | {
            "id": scheme_id,
            "table_id": wanted.table_id,
            "confidence": "found-in-source",
            "source_owner": self._about.town.name,
            "verified_at": self._today,
            "source": self._about.source,
        }
        found = wanted.national
        national = self._about.national.get(found.scheme.id, {}) if found else {}
        mine = found and self._nearest.get(found.scheme.id) == wanted.entry.place
        if found and mine and found.scheme.id not in self._overridden:
            self._overridden.add(found.scheme.id)
            row["overrides"] = found.scheme.id
            if national.get("phone") and "window_kind" in wanted.columns:
                row["phone"] = "-"  # the nation's number is not that of this desk
            return row | self._said(wanted, row)
        if found:
            row |= {column: national.get(column, "") for column in _FROM_THE_NATION}
        else:
            row |= {"theme": wanted.meaning.theme, "show_if_any": wanted.meaning.show_if_any}
            if like := self._understanding.like(wanted):
                hint = f"同じものなら、{wanted.entry.place}行の正式名称を国の名前にそろえてください。"
                words = f"国の制度（{like}）に似ています。別の制度として入れます。"
                self._understanding.say("warning", wanted.entry, "official", words, hint)
        return row | dict(wanted.columns)

    def _free_id(self, wanted: Wanted) -> str:
        """tottori-10018; where an ID is not in Latin letters, one that is always the same for it."""
        parts = [part for part in _words(folded(wanted.table_id)) if part]
        latin = "-".join(parts)
        if not latin or not latin.isascii():
            latin = "x" + hashlib.sha256(wanted.identity.encode()).hexdigest()[:8]
        free = begun = f"{self._about.town.key.replace('_', '-')}-{latin}"
        number = 1
        while free in self._ids:
            number += 1
            free = f"{begun}-{number}"
        self._ids.add(free)
        return free

    # ---- what the table does not have any more

    def end_the_others(self) -> None:
        """Rows that came from a table before and are not in this one: their last day was yesterday."""
        last = (self._about.today - dt.timedelta(days=1)).isoformat()
        for rows in self._here.values():
            for row in rows:
                over = row["ended"] == _YES and row["valid_to"] and row["valid_to"] <= last
                if id(row) in self._met or not row["table_id"] or over:
                    continue
                title = row["plain_title"] or self._national(row).get("plain_title", "")
                self._perhaps_renumbered(row)
                change = Change("ended", row["id"], row["table_id"], title, overrides=row["overrides"])
                self._end(row, last)
                self.changes.append(change)

    def _perhaps_renumbered(self, row: Row) -> None:
        name = folded(row["official_name"] or self._national(row).get("official_name", ""))
        for wanted in self._made:
            if folded(wanted.official) == name:
                words = f"前は ID {row['table_id']} だったもの（{wanted.official}）に見えます。"
                hint = (
                    "同じものなら、前のIDにもどしてください。いまのままでは、手で足した内容がなくなります。"
                )
                self._understanding.say("warning", wanted.entry, "id", words, hint)

    def _end(self, row: Row, last: str) -> None:
        """One that stood instead of a national scheme becomes one of the town's own, so that the nation's counts again."""
        national = self._about.national.get(row["overrides"])
        for version in self.rows:
            if national is not None and version["id"] == row["id"]:
                cells = {column: version[column] or national.get(column, "") for column in TOWN_COLUMNS}
                version |= {column: "" if cell == "-" else cell for column, cell in cells.items()}
                version["overrides"] = ""
        row |= {"valid_to": last, "ended": _YES}
        if row["valid_from"] > last:
            row["valid_from"] = last

    # ---- saying

    @property
    def _today(self) -> str:
        return self._about.today.isoformat()

    def _note(
        self, kind: Kind, wanted: Wanted, row: Row, fields: tuple[tuple[str, str, str], ...] = ()
    ) -> None:
        national = self._national(row)
        self.changes.append(
            Change(
                kind,
                row["id"],
                row["table_id"] or row["id"],
                row["plain_title"] or national.get("plain_title", ""),
                wanted.entry.place,
                fields,
                row["overrides"],
                national.get("official_name", ""),
                row["theme"] or national.get("theme", ""),
            )
        )


def governing(rows: Iterable[Row], today: dt.date) -> Iterator[Row]:
    """Of every id the version that counts today, else the last one."""
    versions: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        versions[row["id"]].append(row)
    for several in versions.values():
        in_time = sorted(several, key=lambda row: row.get("valid_from", ""))
        now = [row for row in in_time if counts_on(row, today)]
        yield (now or in_time)[-1]


def counts_on(row: Row, day: dt.date) -> bool:
    """Whether this version is the valid one on that day."""
    return row.get("valid_from", "") <= day.isoformat() <= (row.get("valid_to") or "9999")


def _differences(before: Row, after: Row) -> tuple[tuple[str, str, str], ...]:
    return tuple((column, before[column], cell) for column, cell in after.items() if cell != before[column])


def _words(text: str) -> list[str]:
    return "".join(sign if sign.isalnum() else " " for sign in text).split()
