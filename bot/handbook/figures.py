"""How the handbook is used, as tables for a town: by tag, by question, by scheme, by hour; small numbers hidden. Pure.

All tables of one report are hidden together: the same visits stand in several of them, and what one hides another must
not tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from bot.content.library import Content
from bot.content.phones import digits
from bot.handbook import use
from bot.handbook.small_numbers import Sum, Why, hidden, range_of
from storage.handbook_tags import UNKNOWN, Tag
from storage.handbook_usage import TOKYO, OfHour, OfMonth

MOST_SCHEMES: Final = 20
WEEKDAYS: Final = "月火水木金土日"
STEPS: Final = ("shown", "answered", "skipped", "enough", "left")
ALL: Final = "all"

Key = tuple[str, ...]


@dataclass(frozen=True)
class Number:
    """A count as it may be shown, from `count` to `most` where only that is told; None where it is hidden, or where nobody
    can know it (`why` is None then)."""

    count: int | None
    why: Why | None = None
    most: int | None = None


@dataclass(frozen=True)
class Row:
    """One line of a table: its name, and its numbers in the order of the table's columns."""

    key: Key
    name: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True)
class Table:
    """A table of the report; `section` and `columns` are keys of its texts."""

    section: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Hours:
    """One month: for each weekday, Monday first, the numbers of 24 hours."""

    month: str
    days: tuple[tuple[Number, ...], ...]


@dataclass(frozen=True)
class Report:
    """All tables of a period. Those by question, scheme, language and number are of whole months and know no tag."""

    tables: tuple[Table, ...]
    hours: tuple[Hours, ...]


@dataclass
class _Counted:
    """The numbers before any is hidden, and what an onlooker may add up."""

    values: dict[Key, int] = field(default_factory=dict)
    sums: list[Sum[Key]] = field(default_factory=list)

    def add(self, whole: Key, parts: Iterable[Key]) -> None:
        """Somebody knows that these parts make this whole; only where they do."""
        here = tuple(dict.fromkeys(parts))
        if here and self.values[whole] == sum(self.values[part] for part in here):
            self.sums.append(Sum(whole, here))


def report(
    content: Content,
    tags: Sequence[Tag],
    visits: Sequence[OfHour | OfMonth],
    details: Sequence[OfMonth],
    opened: Sequence[OfHour],
) -> Report:
    """`visits` are counters of whole visits, `details` those with something they are about, `opened` those of the hours.

    They are of the town and tag that were asked for already. A visit by the web is counted by tag; LINE tells nobody
    that a number was dialled.
    """
    counted = _Counted()
    groups = _visits(counted, visits)
    asked = _questions(counted, content, details)
    _lists(counted, details)
    months = _hours(counted, opened)
    # Of one question less than of the next: whoever left between them. Exact, the few who did would show.
    coarse = {key for key in counted.values if key[0] == "questions" and key[2] in (use.SHOWN, use.ANSWERED)}
    gone = hidden(counted.values, counted.sums, coarse)

    def number(key: Key) -> Number:
        if key in gone:
            return Number(None, gone[key])
        count = counted.values[key]
        least, most = range_of(count) if key in coarse else (count, count)
        return Number(least, None, most if most > least else None)

    def table(section: str, columns: tuple[str, ...], named: Iterable[tuple[Key, str]]) -> Table:
        rows = [Row(key, name, tuple(_of(number, key, column) for column in columns)) for key, name in named]
        return Table(section, columns, tuple(rows))

    return Report(
        (
            table("tags", use.VISITS, _tag_names(tags, groups)),
            table("questions", STEPS, ((("questions", key), _question(content, key)) for key in asked)),
            *(
                Table(section, ("count",), tuple(_listed(section, content, counted, number)))
                for section in ("scheme", "language", "number")
            ),
        ),
        tuple(
            Hours(
                month,
                tuple(tuple(number((month, str(day), str(hour))) for hour in range(24)) for day in range(7)),
            )
            for month in months
        ),
    )


def _of(number: Callable[[Key], Number], key: Key, column: str) -> Number:
    nobody_knows = column in (use.CALLED, use.PRINTED) and key[-1] == "line"
    return Number(None) if nobody_knows else number((*key, column))


# ---- counting ----------------------------------------------------------------------------------------------


def _visits(counted: _Counted, visits: Sequence[OfHour | OfMonth]) -> list[Key]:
    """Rows by tag and way, and the sum of all of them."""
    found = Counter[Key]()
    for one in visits:
        found[("tags", one.tag, one.way, one.event)] += one.times
    groups = sorted({key[:3] for key in found})
    for event in use.VISITS:
        rows = [(*group, event) for group in groups]
        counted.values |= {row: found[row] for row in rows}
        counted.values[("tags", ALL, ALL, event)] = sum(found[row] for row in rows)
        counted.add(("tags", ALL, ALL, event), rows)
    for group in (*groups, ("tags", ALL, ALL)):
        counted.add((*group, use.OPENED), [(*group, use.BEGAN)])
    return groups


def _questions(counted: _Counted, content: Content, details: Sequence[OfMonth]) -> list[str]:
    """The questions that were shown, in their order, each with how it went on."""
    found = Counter[Key]()
    for one in details:
        found[("questions", one.about, one.event)] += one.times
    there = {key[1] for key in found if key[2] == use.SHOWN}
    order = [
        use.TOWN,
        *(key for question in content.questions for key in (question.key, f"{question.key}_lines")),
    ]
    asked = [key for key in order if key in there]
    asked += sorted(there - set(asked))
    for key in asked:
        row = {step: found[("questions", key, step)] for step in STEPS}
        went_on = row["answered"] + row["skipped"] + row["enough"]
        row["left"] = max(0, row["shown"] - went_on)  # a walk may end in the month after it began
        counted.values |= {("questions", key, step): count for step, count in row.items()}
        counted.add(("questions", key, "shown"), [("questions", key, step) for step in STEPS[1:]])
    _neighbours(counted, asked)
    return asked


def _neighbours(counted: _Counted, asked: Sequence[str]) -> None:
    """Who answered one question was shown the next: an onlooker can tell from the one what the other hides."""
    if asked:
        counted.add(("tags", ALL, ALL, use.BEGAN), [("questions", asked[0], "shown")])
    for key, following in pairwise(asked):
        here, then = ("questions", key), ("questions", following, "shown")
        counted.add(then, [(*here, "answered"), (*here, "skipped")])
        counted.add((*here, "shown"), [then, (*here, "enough"), (*here, "left")])


def _lists(counted: _Counted, details: Sequence[OfMonth]) -> None:
    """Schemes, languages and numbers."""
    for event, whole in ((use.SCHEME, None), (use.LANGUAGE, use.BEGAN), (use.NUMBER, use.CALLED)):
        found = Counter[Key]()
        for one in details:
            if one.event == event:
                found[(event, one.about)] += one.times
        counted.values |= found
        if whole and found:
            counted.add(("tags", ALL, ALL, whole), found)


def _hours(counted: _Counted, opened: Sequence[OfHour]) -> list[str]:
    """How often it was opened, by month, weekday and hour in Japan; the months in which it was."""
    found = Counter[Key]()
    for one in opened:
        here = one.at.astimezone(TOKYO)
        found[(f"{here:%Y-%m}", str(here.weekday()), str(here.hour))] += one.times
    months = sorted({key[0] for key in found})
    every = [(month, str(day), str(hour)) for month in months for day in range(7) for hour in range(24)]
    counted.values |= {key: found[key] for key in every}
    counted.add(("tags", ALL, ALL, use.OPENED), every)
    return months


# ---- names -------------------------------------------------------------------------------------------------


def _tag_names(tags: Sequence[Tag], groups: Sequence[Key]) -> Iterator[tuple[Key, str]]:
    known = {tag.tag: tag for tag in tags}
    ways = {"web": "ウェブ", "line": "LINE"}
    for group in groups:
        _, word, way = group
        tag = known.get(word)
        told = "・".join(part for part in (tag.medium, tag.spot) if part) if tag else ""
        name = {"": "印なし", UNKNOWN: "その他の印"}.get(word, f"{word}（{told}）" if told else word)
        yield group, f"{ways.get(way, way)}　{name}"
    yield ("tags", ALL, ALL), "合計"


def _question(content: Content, key: str) -> str:
    if key == use.TOWN:
        return content.texts.get("handbook.town").splitlines()[0]
    found = next((question for question in content.questions if question.key == key), None)
    return found.text.splitlines()[0] if found else key


def _listed(
    section: str, content: Content, counted: _Counted, number: Callable[[Key], Number]
) -> Iterator[Row]:
    """The most frequent first; of those that are hidden the order tells nothing, either."""
    names = _names(section, content)
    rows = [
        Row(key, names.get(key[1], key[1]), (number(key),))
        for key in sorted(key for key in counted.values if len(key) == 2 and key[0] == section)
    ]
    rows.sort(key=lambda row: -(row.numbers[0].count or 0))
    yield from rows[:MOST_SCHEMES]


def _names(section: str, content: Content) -> Mapping[str, str]:
    match section:
        case use.SCHEME:
            return {scheme.id: scheme.plain_title for scheme in content.catalogue.schemes}
        case use.LANGUAGE:
            return {key: language.called for key, language in content.languages.items()}
    found: dict[str, str] = {}
    places = [(line.name, line.phone) for line in content.hotlines.values()]
    places += [(window.name, window.phone) for window in content.windows]
    places += [(scheme.plain_title, scheme.phone) for scheme in content.catalogue.schemes]
    for name, phone in places:
        if phone:
            found.setdefault(digits(phone), f"{name} {phone}")
    return found
