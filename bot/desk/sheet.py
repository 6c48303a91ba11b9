"""The つながるシート: what was heard and what the desks noted, written once, so that nobody has to tell it twice.

`sheet` draws what it is given and looks nothing up; `bot/desk/papers.py` gathers it from the database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.content.texts import Texts
from bot.desk.form import HANDWRITTEN, LABEL, PAD, Form
from bot.pdf import ACCENT, BODY, HAIR, INK, LEFT, MM, QUIET, ROOM, SMALL, TINT, Imprint

SIGNING = 84 * MM  # the boxes for the two desks, with what stands above them
WORDS = ("who", "where", "what")  # the fields of the details form, in the order of the paper; then `since`


@dataclass(frozen=True)
class Happening:
    """Something that was said or done: when, what kind of thing, by whom, in which words."""

    at: dt.datetime
    what: str
    who: str
    text: str


@dataclass(frozen=True)
class Due:
    """By when something is to be done, and when it was."""

    what: str
    by: dt.datetime | None
    done: dt.datetime | None


@dataclass(frozen=True)
class HandedOn:
    """The desk that is asked to take it over, and with which words."""

    window: str
    phone: str
    text: str


@dataclass(frozen=True)
class Another:
    """What somebody else reported about the same person."""

    number: str
    received_at: dt.datetime
    words: Mapping[str, str]


@dataclass(frozen=True)
class SheetData:
    """All that stands on a sheet, in words and Tokyo time."""

    number: str
    town: str
    district: str
    kind: str
    level: str
    since: str
    source: str
    state: str
    received_at: dt.datetime
    words: Mapping[str, str]
    """Of the details form, by field; never the reporter's contact."""
    later: tuple[Happening, ...]
    others: tuple[Another, ...]
    photos: int
    knows: str
    may: str
    """What the desk may do, and may not, with what the subject knows."""
    careful: bool
    """Nobody around the subject may hear that something was reported."""
    consents: tuple[Happening, ...]
    reporter: str | None
    """Who reported it, in words; None: not on this paper."""
    window: str
    phone: str
    assignee: str
    dues: tuple[Due, ...]
    record: tuple[Happening, ...]
    outcome: str
    handed_on: HandedOn | None
    printed_by: str
    printed_at: dt.datetime


def sheet(texts: Texts, data: SheetData) -> bytes:
    """The sheet of one concern as a PDF."""
    title, caution = texts.get("sheet.title"), texts.get("sheet.caution")
    paper = Form(
        Imprint(
            title=texts.get("sheet.running", title=title, number=data.number),
            author=data.town,
            running=texts.get("sheet.running", title=title, number=data.number),
            caution=caution,
            printed=texts.get("sheet.printed", when=moment(data.printed_at), who=data.printed_by),
            missing=texts.get("sheet.missing"),
        )
    )
    paper.top(title, data.number, texts.get("sheet.filled.about"))
    if data.careful:
        paper.caution(data.may)
        paper.gap(2 * MM)
    heard(paper, texts, data)
    paper.gap(5 * MM)
    noted(paper, texts, data)
    paper.gap(5 * MM)
    handing(paper, texts, data.handed_on)
    return paper.done()


def heard(paper: Form, texts: Texts, data: SheetData) -> None:
    """Part 1: the words of who reported it, and what the person it is about knows and agreed to."""

    def t(key: str) -> str:
        return texts.get(f"sheet.filled.{key}")

    paper.heading(t("heard"))
    paper.pair((t("received"), moment(data.received_at)), (t("level"), data.level))
    paper.pair(
        (t("place"), "　".join(p for p in (data.town, data.district) if p)), (t("source"), data.source)
    )
    paper.row(t("kind"), data.kind, strong=True)
    for field in WORDS:
        paper.row(t(field), data.words.get(field) or t("nothing"))
    paper.row(t("since"), "\n".join(p for p in (data.since, data.words.get("since")) if p) or t("nothing"))
    for one in data.later:
        paper.row(f"{t('later')}\n{moment(one.at)}", one.text)
    for other in data.others:
        told = "\n".join(other.words[field] for field in (*WORDS, "since") if other.words.get(field))
        paper.row(f"{t('another')}\n{other.number}\n{moment(other.received_at)}", told or t("nothing"))
    if data.photos:
        paper.row(t("photos"), texts.get("sheet.filled.photos_count", count=str(data.photos)))
    paper.gap(4 * MM)
    paper.heading(t("consent"))
    paper.row(t("knows"), f"{data.knows}\n{data.may}" if not data.careful else data.knows)
    for one in data.consents:
        paper.row(f"{t('consents')}\n{moment(one.at)}", f"{one.text}\n（{one.who}）")
    paper.row(t("reporter"), t("reporter_hidden") if data.reporter is None else data.reporter)
    if data.reporter is not None:
        paper.caution(t("reporter_shown"))


def noted(paper: Form, texts: Texts, data: SheetData, *, clocks: bool = True) -> None:
    """Part 2: the desk, its due times, what was noted and done."""

    def t(key: str) -> str:
        return texts.get(f"sheet.filled.{key}")

    paper.heading(t("desk"), together=60 * MM)
    paper.row(
        t("window"), "　".join(p for p in (data.window, data.phone and f"{t('phone')} {data.phone}") if p)
    )
    paper.pair((t("assignee"), data.assignee or t("nobody")), (t("state"), data.state))
    if data.outcome:
        paper.row(t("outcome"), data.outcome, strong=True)
    dues = [(due.what, moment(due.by), moment(due.done)) for due in data.dues if due.by]
    if dues and clocks:
        third = (ROOM - LABEL) / 2
        paper.gap(3 * MM)
        paper.table((t("clock"), t("until"), t("did")), (LABEL, third, third), dues)
    paper.gap(3 * MM)
    happenings(paper, texts, data.record)


def happenings(paper: Form, texts: Texts, record: Sequence[Happening]) -> None:
    """What was done, in order, with its words."""
    if not record:
        paper.paragraph(texts.get("sheet.filled.no_record"), colour=QUIET)
        return
    heads = tuple(texts.get(f"sheet.filled.{key}") for key in ("when", "deed", "record"))
    wide = (LABEL, 40 * MM, ROOM - LABEL - 40 * MM)
    rows = [(moment(one.at), f"{one.what}\n{one.who}", one.text) for one in record]
    paper.table(heads, wide, rows)


def handing(paper: Form, texts: Texts, to: HandedOn | None) -> None:
    """The boxes in which one desk gives and the next one takes, or gives back."""
    paper.heading(texts.get("sheet.filled.handing"), together=SIGNING)
    if to is not None:
        paper.row(
            texts.get("sheet.filled.offered"), "　".join(p for p in (to.window, to.phone) if p), strong=True
        )
        if to.text:
            paper.row(texts.get("sheet.filled.words"), to.text)
    paper.need(SIGNING)
    paper.gap(2 * MM)
    paper.paragraph(texts.get("sheet.filled.rule"), SMALL, QUIET)
    paper.gap(1.5 * MM)
    top, wide = paper.y, (ROOM - 3 * MM) / 2
    _signing(paper, texts, "giving", LEFT, wide)
    paper.y = top
    _signing(paper, texts, "taking", LEFT + wide + 3 * MM, wide)


def _signing(paper: Form, texts: Texts, side: str, x: float, wide: float) -> None:
    """One of the two boxes: which desk, who, when, and what goes with it or why it comes back."""
    high, head = HANDWRITTEN + 0.4 * MM, 7.5 * MM
    top, label = paper.y, x + 13 * MM
    paper.box(x, top, wide, head, fill=TINT)
    paper.text(x + PAD, top + (head - BODY) / 2, texts.get(f"sheet.{side}.title"), BODY, ACCENT, bold=True)
    y = top + head
    if side == "taking":
        paper.tick(x + PAD, y + (high - BODY) / 2, texts.get("sheet.taking.takes"))
        paper.tick(x + PAD + 36 * MM, y + (high - BODY) / 2, texts.get("sheet.taking.refuses"))
        paper.line(x, y + high, x + wide, colour=HAIR)
    else:
        paper.text(x + PAD, y + 1.2 * MM, texts.get("sheet.giving.with_it"), SMALL, QUIET)
        paper.line(x, y + high, x + wide, colour=HAIR)
    for field in ("window", "name", "day", "sign"):
        y += high
        paper.text(x + PAD, y + (high - SMALL) / 2, texts.get(f"sheet.giving.{field}"), SMALL, QUIET)
        if field == "day":
            day = texts.get("sheet.date")
            paper.text(x + wide - PAD, y + (high - SMALL) / 2, day, SMALL, QUIET, align="right")
        paper.line(label, y + high, x + wide, colour=HAIR)
    y += high
    if side == "taking":
        paper.text(x + PAD, y + 1.2 * MM, texts.get("sheet.taking.why"), SMALL, QUIET)
    y += 12 * MM
    paper.box(x, top, wide, y - top, edge=INK, thick=0.8)
    paper.y = y


def moment(at: dt.datetime | None) -> str:
    """2026年12月1日（火）10:00; empty where it has not come."""
    if at is None:
        return ""
    return f"{at.year}年{at.month}月{at.day}日（{'月火水木金土日'[at.weekday()]}）{at:%H:%M}"
