"""What each row of a list says about one person, with everything that was doubtful about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.content.library import Content
from bot.programme import register_cells as cells
from bot.programme.register_cells import Reading, Remark
from bot.programme.register_columns import Layout
from storage.supporters import Profile

LONGEST_GROUP = 100
LONGEST_NUMBER = 16


@dataclass(frozen=True)
class Line:
    """One row, understood. `bad` (also among the remarks) keeps it out; `doubt` does until somebody decides."""

    sheet: str
    line: int
    profile: Profile
    town: str | None
    district: str | None
    age_band: str | None
    attended_on: dt.date | None
    refreshed_on: dt.date | None
    registered_on: dt.date | None
    number: str | None
    group: str | None
    state: str | None
    """None where the list says nothing about it."""
    remarks: tuple[Remark, ...]
    bad: bool
    doubt: bool
    narrow: bool
    """Its district says more than its town does: the town has several."""

    @property
    def place(self) -> str:
        """How a row is named on the command line and in reports."""
        return f"{self.sheet}:{self.line}" if self.sheet else str(self.line)


def lines(
    layouts: Sequence[Layout],
    content: Content,
    labels: Mapping[str, str],
    *,
    today: dt.date,
    town: str | None = None,
) -> Iterator[Line]:
    """Every person of these sheets; sums and empty lines are no persons. `town` is for rows that name none."""
    for layout in layouts:
        for row in layout.rows:
            reading = Reading(layout.columns, row.cells)
            if cells.is_no_person(reading):
                continue
            yield _line(reading, layout.sheet, row.line, content, labels, today, town)


def no_people(layouts: Sequence[Layout]) -> list[str]:
    """The rows that are not read because they are sums or say that the rest is empty, as `Line.place` names them."""
    return [
        f"{layout.sheet}:{row.line}" if layout.sheet else str(row.line)
        for layout in layouts
        for row in layout.rows
        if cells.is_no_person(Reading(layout.columns, row.cells))
    ]


def _line(
    reading: Reading,
    sheet: str,
    line: int,
    content: Content,
    labels: Mapping[str, str],
    today: dt.date,
    usual_town: str | None,
) -> Line:
    name, kana = cells.name(reading), cells.kana(reading)
    bad = False
    if name is None and kana is not None:
        name = kana
        reading.remark("name", "kana_for_name", taken=kana)
    elif name is None:
        reading.remark("name", "no_name", reading.text("name"))
        bad = True
    town, district, nowhere = _place(reading, content, usual_town)
    attended, refreshed = _days(reading, today)
    registered = cells.day(reading, "registered_on", today)
    state = cells.state(reading, labels)
    number, group = _number(reading), reading.text("group") or None
    if group and len(group) > LONGEST_GROUP:
        reading.remark("group", "group_long", group)
    said = reading.text("note")
    if leaving := cells.LEAVING.search(said):
        reading.remark("note", "leaving", leaving[0])
    phone, mail = cells.phone(reading), cells.mail(reading)
    doubts = {remark.key for remark in reading.remarks} & {"several_people", "leaving"}
    return Line(
        sheet=sheet,
        line=line,
        profile=Profile(name, kana, phone, mail, reading.text("motive")[:500] or None),
        town=town,
        district=district,
        age_band=cells.age_band(reading, content, today),
        attended_on=attended,
        refreshed_on=refreshed,
        registered_on=registered[0] if registered else None,
        number=number,
        group=group[:LONGEST_GROUP] if group else None,
        state=state,
        remarks=tuple(reading.remarks),
        bad=bad or nowhere,
        doubt=bool(doubts),
        narrow=bool(town and district and len(content.town(town).districts) > 1),
    )


def _place(reading: Reading, content: Content, usual: str | None) -> tuple[str | None, str | None, bool]:
    """Town and district, and whether the row cannot come in for want of a town."""
    said, address, district = (reading.text(name) for name in ("town", "address", "district"))
    town = cells.town_of(said, content) if said else None
    if said and town is None:
        reading.remark("town", "town_unknown", said)
        return None, None, True
    if town is None:
        town = cells.town_of(address, content) or cells.town_of(district, content)
    if town is None and district:
        having = [each for each in content.towns.values() if cells.district_of(district, each)]
        named = [each for each in having if len(each.districts) > 1]
        town = named[0] if len(named) == 1 and usual is None else None
    town = town or (content.town(usual) if usual else None)
    if town is None:
        reading.remark("town", "no_town")
        return None, None, True
    if len(town.districts) == 1:
        return town.key, town.districts[0].key, False
    key = cells.district_of(district, town) if district else None
    if district and key is None and cells.town_of(district, content) is None:
        reading.remark("district", "district_unknown", district, town.name)
    return town.key, key, False


def _days(reading: Reading, today: dt.date) -> tuple[dt.date | None, dt.date | None]:
    """The day of the course and of the latest refresher; where one cell names several, the last one refreshes."""
    attended = cells.day(reading, "attended_on", today)
    refreshed = cells.day(reading, "refreshed_on", today)
    if len(attended) > 1:
        reading.remark("attended_on", "days_several", reading.text("attended_on"))
    later = [*attended[1:], *refreshed]
    return (attended[0] if attended else None), max(later, default=None)


def _number(reading: Reading) -> str | None:
    number = "".join(reading.text("number").split())
    if len(number) > LONGEST_NUMBER:
        reading.remark("number", "number_long", number)
        return None
    return number or None
