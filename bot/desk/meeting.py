"""Papers for a case meeting, in two versions.

With personal data: one concern after the other, for a council whose members owe secrecy by law. Without: one table
for everybody else, in which nothing stands but town, kind, level, times and how it went; never a typed word.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from bot.content.library import Content
from bot.content.texts import Texts
from bot.csv_file import csv_file
from bot.desk import wording
from bot.desk.form import HANDWRITTEN, Form
from bot.desk.sheet import SheetData, heard, moment, noted
from bot.pdf import LEFT, MM, Imprint
from storage.concerns import Concern

COLUMNS = ("number", "town", "kind", "level", "since", "state", "days", "outcome")
_WIDE = (38 * MM, 19 * MM, 34 * MM, 26 * MM, 31 * MM, 26 * MM)


@dataclass(frozen=True)
class Item:
    """What anybody may know of a concern; no district, because a small one is as good as a name."""

    number: str
    town: str
    kind: str
    level: str
    since: str
    state: str
    days: int
    outcome: str


@dataclass(frozen=True)
class Meeting:
    """What the papers are for, who made them and when (Tokyo time)."""

    purpose: str
    author: str
    printed_by: str
    printed_at: dt.datetime


def item_of(content: Content, concern: Concern, now: dt.datetime) -> Item:
    """A concern without anything personal."""
    town, outcome = content.towns.get(concern.town), content.outcomes.get(concern.outcome or "")
    begun, ended = (
        at.astimezone(wording.TOKYO).date() for at in (concern.created_at, concern.closed_at or now)
    )
    return Item(
        number=concern.number,
        town=town.name if town else concern.town,
        kind=wording.kind(content, concern),
        level=wording.level(content.texts, concern.level),
        since=wording.since(content.texts, concern),
        state=content.texts.get(f"desk.state.{concern.state}"),
        days=(ended - begun).days,
        outcome=outcome.label if outcome else "",
    )


def without_names(texts: Texts, meeting: Meeting, items: Sequence[Item]) -> bytes:
    """The table as a PDF."""
    paper = _begun(texts, meeting, "without", len(items))
    heads = [
        texts.get(f"sheet.meeting.{key}") for key in ("number", "town", "kind", "level", "since", "ended")
    ]
    paper.gap(3 * MM)
    paper.table(heads, _WIDE, [_row(texts, item) for item in items])
    paper.gap(5 * MM)
    _to_write(paper, texts)
    return paper.done()


def with_names(texts: Texts, meeting: Meeting, sheets: Sequence[SheetData]) -> bytes:
    """A page (or more) for each concern, and a first page that says for what, and who got this copy."""
    paper = _begun(texts, meeting, "with", len(sheets))
    paper.blank_pair(texts.get("sheet.meeting.copy"), texts.get("sheet.meeting.returned"), HANDWRITTEN)
    paper.gap(3 * MM)
    heads = [texts.get(f"sheet.meeting.{key}") for key in ("number", "town", "kind", "level", "state")]
    wide = (38 * MM, 36 * MM, 50 * MM, 26 * MM, 24 * MM)
    place = [" ".join(part for part in (one.town, one.district) if part) for one in sheets]
    paper.table(
        heads,
        wide,
        [
            (one.number, where, one.kind, one.level, one.state)
            for one, where in zip(sheets, place, strict=True)
        ],
    )
    for one in sheets:
        paper.turn()
        paper.lines(LEFT, [one.number], 15, bold=True)
        paper.gap(1.5 * MM)
        if one.careful:
            paper.caution(one.may)
            paper.gap(2 * MM)
        heard(paper, texts, one)
        paper.gap(4 * MM)
        noted(paper, texts, one, clocks=False)
        paper.gap(4 * MM)
        _to_write(paper, texts)
    return paper.done()


def as_csv(texts: Texts, items: Sequence[Item]) -> bytes:
    """The table without personal data, for a spreadsheet."""
    rows = [
        (one.number, one.town, one.kind, one.level, one.since, one.state, str(one.days), one.outcome)
        for one in items
    ]
    return csv_file([[texts.get(f"sheet.meeting.{key}") for key in COLUMNS], *rows])


def _row(texts: Texts, item: Item) -> tuple[str, ...]:
    days = texts.get("sheet.meeting.days_of", count=str(item.days))
    ended = "\n".join(part for part in (f"{item.state}　{days}", item.outcome) if part)
    return (item.number, item.town, item.kind, item.level, item.since, ended)


def _begun(texts: Texts, meeting: Meeting, version: str, count: int) -> Form:
    title = texts.get(f"sheet.meeting.{version}.title")
    day = moment(meeting.printed_at)
    running = texts.get("sheet.meeting.running", title=title, day=day.rpartition("（")[0])
    paper = Form(
        Imprint(
            title=running,
            author=meeting.author,
            running=running,
            caution=texts.get("sheet.caution"),
            printed=texts.get("sheet.printed", when=day, who=meeting.printed_by),
            missing=texts.get("sheet.missing"),
        )
    )
    paper.top(title, "", texts.get(f"sheet.meeting.{version}.about"))
    if meeting.purpose:
        paper.row(texts.get("sheet.meeting.purpose"), meeting.purpose, strong=True)
    made = (texts.get("sheet.meeting.made"), day)
    paper.pair(
        made, (texts.get("sheet.meeting.count"), texts.get("sheet.meeting.count_of", count=str(count)))
    )
    return paper


def _to_write(paper: Form, texts: Texts) -> None:
    """Room for what the meeting says: all that the page has left, two lines each at least."""
    paper.need(4 * HANDWRITTEN)
    lines = min(5, int(paper.left_over / HANDWRITTEN / 2))
    paper.ruled_row(texts.get("sheet.meeting.discussed"), lines)
    paper.ruled_row(texts.get("sheet.meeting.decided"), lines, texts.get("sheet.meeting.decided_hint"))
