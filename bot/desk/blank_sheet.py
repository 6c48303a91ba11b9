"""The つながるシート for handwriting: the front for the person, the back for the desks."""

from __future__ import annotations

from dataclasses import dataclass

from bot.content.library import Content
from bot.content.texts import Texts
from bot.desk.form import BIGGER, HANDWRITTEN, LINE, PAD, Form
from bot.desk.sheet import SIGNING, handing
from bot.pdf import ACCENT, BODY, LEFT, MM, QUIET, RIGHT, ROOM, SMALL, Imprint, wrap

_LINES = range(9, 2, -1)  # to write on: as many as the page has room for


@dataclass(frozen=True)
class BlankData:
    """What is printed on an empty sheet: the town, its troubles to tick, and where to hand it in."""

    town: str
    troubles: tuple[str, ...]
    window: str
    phone: str
    address: str
    hours: str


def blank_of(content: Content, town: str) -> BlankData:
    """The empty sheet of a town (a key of towns.yaml); it is handed in at the town's general desk."""
    window = content.general_window(town)
    return BlankData(
        town=content.town(town).name,
        troubles=tuple(trouble.button for trouble in content.troubles.values()),
        window=window.name,
        phone=window.phone or content.town(town).phone,
        address=window.address or "",
        hours=window.hours_text,
    )


def blank_sheet(texts: Texts, data: BlankData) -> bytes:
    """The empty sheet as a PDF: two pages, unless a town has very many troubles or a very long address."""
    for front in _LINES:
        paper = _begun(texts, data)
        _front(paper, texts, data, front)
        if paper.pages == 1:
            break
    paper.turn()
    _back(paper, texts)
    return paper.done()


def _begun(texts: Texts, data: BlankData) -> Form:
    title = texts.get("sheet.title")
    return Form(
        Imprint(
            title=texts.get("sheet.running", title=title, number=data.town),
            author=data.town,
            running=texts.get("sheet.running", title=title, number=data.town),
            caution=texts.get("sheet.caution"),
            printed="",
            missing=texts.get("sheet.missing"),
        )
    )


def _list(texts: Texts, key: str) -> list[str]:
    return texts.get(f"sheet.blank.{key}").split("／")


def _front(paper: Form, texts: Texts, data: BlankData, lines: int) -> None:
    def t(key: str) -> str:
        return texts.get(f"sheet.blank.{key}")

    paper.top(texts.get("sheet.title"), data.town, t("about"), BIGGER)
    paper.caution(t("urgent"))
    paper.gap(2 * MM)
    paper.heading(t("heard"))
    paper.tick_row(t("i_am"), _list(texts, "i_am_list"))
    paper.blank_pair(t("name"), t("day"), HANDWRITTEN, hint=t("optional"), days=texts.get("sheet.date"))
    paper.blank_row(t("phone"), HANDWRITTEN, t("optional"))
    paper.blank_row(t("who"), HANDWRITTEN, t("who_hint"))
    paper.blank_row(t("where"), HANDWRITTEN, t("where_hint"))
    paper.tick_row(t("troubles"), data.troubles, t("troubles_hint"), t("other"))
    paper.ruled_row(t("what"), lines, t("what_hint"))
    paper.ruled_row(t("wish"), 2)
    paper.gap(4 * MM)
    _consent(paper, texts)
    paper.gap(3 * MM)
    _hand_in(paper, texts, data)


def _consent(paper: Form, texts: Texts) -> None:
    def t(key: str) -> str:
        return texts.get(f"sheet.blank.{key}")

    paper.heading(t("consent"), together=40 * MM)
    paper.gap(1 * MM)
    paper.paragraph(t("consent_text") + t("not_there"), BIGGER, QUIET)
    paper.tick_row(t("consent_choice"), [t("consent_yes"), t("consent_ask"), t("consent_no")])
    paper.blank_row(t("consent_except"), HANDWRITTEN, t("consent_except_hint"))
    paper.blank_pair(t("signed"), t("signed_day"), HANDWRITTEN, days=texts.get("sheet.date"))


def _hand_in(paper: Form, texts: Texts, data: BlankData) -> None:
    """The desk to which it goes, to be found at a glance."""
    name = "　".join(part for part in (data.window, data.phone) if part)
    below = "　".join(part for part in (data.address, data.hours) if part)
    names = wrap(paper.letters(name), 12.5, ROOM - 30 * MM, True)
    belows = wrap(paper.letters(below), BIGGER, ROOM - 30 * MM) if below else []
    high = len(names) * 12.5 * LINE + len(belows) * BIGGER * LINE + 2 * PAD
    paper.need(high)
    top = paper.y
    paper.box(LEFT, top, ROOM, high, edge=ACCENT, thick=1.2, round_=1.2 * MM)
    paper.text(
        LEFT + 2 * PAD, top + (high - BODY) / 2, texts.get("sheet.blank.hand_in"), BODY, ACCENT, bold=True
    )
    paper.y = top + PAD
    paper.lines(LEFT + 28 * MM, names, 12.5, bold=True)
    paper.lines(LEFT + 28 * MM, belows, BIGGER, QUIET)
    paper.y = top + high


def _back(paper: Form, texts: Texts) -> None:
    def t(key: str) -> str:
        return texts.get(f"sheet.blank.{key}")

    paper.heading(t("desk"))
    paper.blank_pair(t("number"), t("received"), HANDWRITTEN, days=texts.get("sheet.date"))
    paper.tick_row(t("through"), _list(texts, "through_list"))
    paper.blank_row(t("receiver"), HANDWRITTEN)
    paper.tick_row(t("level"), _list(texts, "level_list"))
    paper.tick_row(t("knows"), _list(texts, "knows_list"))
    paper.blank_row(t("dues"), HANDWRITTEN)
    days, step = _list(texts, "dues_list"), (RIGHT - LEFT - 33 * MM) / 3
    for place, day in enumerate(days):
        y = paper.y - HANDWRITTEN + (HANDWRITTEN - SMALL) / 2
        paper.text(LEFT + 33 * MM + PAD + place * step, y, day, SMALL, QUIET)
    lines = int((paper.left_over - SIGNING - 8.4 * MM - 4 * MM) // HANDWRITTEN) - 1
    notes = max(3, lines // 2)
    paper.ruled_row(t("notes"), notes)
    paper.ruled_row(t("done"), max(3, lines - notes))
    paper.blank_row(t("next"), HANDWRITTEN, t("next_hint"))
    paper.gap(4 * MM)
    handing(paper, texts, None)
