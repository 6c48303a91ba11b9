"""What a desk prints: the つながるシート of a concern, the empty one, and the papers for a meeting. Each is audited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.desk import deeds, papers, wording
from bot.desk.blank_sheet import blank_of, blank_sheet
from bot.desk.deeds import CannotBeDone, Doer
from bot.web.desk.asking import DESK_PAGES, FormProblem, here, of_desk, words
from storage.concerns import Concern
from storage.staff import Staff
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services

WITH, WITHOUT = "with", "without"
LONGEST_PURPOSE = 300  # characters: it stands at the head of a page


def blueprint(services: Services) -> Blueprint:
    """All papers under /desk."""
    pages = Blueprint("desk_paper", __name__, url_prefix=DESK_PAGES)

    @pages.get("/concerns/<number>/sheet.pdf")
    def sheet(number: str) -> ResponseReturnValue:
        """The sheet, without who reported it."""
        me: Staff = g.staff
        with services.db.work() as work:
            concern = of_desk(work, number, me) or abort(404)
            made = papers.sheet_of(work, here(services), deeds.at_desk(me.id, me.windows), concern)
        return _file(made(), f"{concern.number}.pdf")

    @pages.get("/sheet-blank.pdf")
    def blank() -> ResponseReturnValue:
        """The empty sheet of a town that this desk serves."""
        me: Staff = g.staff
        towns = _towns(services, me)
        town = request.args.get("town", towns[0] if towns else "")
        if town not in towns:
            abort(404)
        return _file(
            blank_sheet(services.content.texts, blank_of(services.content, town)), f"sheet-{town}.pdf"
        )

    @pages.post("/meeting.pdf")
    def meeting() -> ResponseReturnValue:
        """The papers for a meeting; those with personal data only when it is said what for."""
        me: Staff = g.staff
        version = request.form.get("version")
        if version not in (WITH, WITHOUT):
            abort(400)
        numbers = _numbers()
        if not 0 < len(numbers) <= papers.MOST:
            return _choose_again(services)
        desk, by = here(services), deeds.at_desk(me.id, me.windows)
        try:
            with services.db.work() as work:
                those = _chosen(work, me, numbers)
                if version == WITHOUT:
                    made = papers.meeting_without_names(work, desk, by, those, _purpose(needed=False))
                elif "purpose" not in request.form:
                    return _ask_for_what(services, work, by, those)
                else:
                    made = papers.meeting_with_names(work, desk, by, those, _purpose(needed=True))
        except (FormProblem, CannotBeDone) as no:
            with services.db.work() as work:
                return _ask_for_what(services, work, by, _chosen(work, me, numbers), no), 422
        return _file(made(), f"meeting-{desk.now:%Y%m%d}.pdf")

    @pages.post("/meeting.csv")
    def meeting_csv() -> ResponseReturnValue:
        """The table without personal data, for a spreadsheet."""
        me: Staff = g.staff
        numbers = _numbers()
        if not 0 < len(numbers) <= papers.MOST:
            return _choose_again(services)
        desk = here(services)
        with services.db.work() as work:
            those = _chosen(work, me, numbers)
            made = papers.meeting_csv(work, desk, deeds.at_desk(me.id, me.windows), those)
        answer = _file(made(), f"meeting-{desk.now:%Y%m%d}.csv", "text/csv; charset=utf-8")
        answer.headers["Content-Disposition"] = answer.headers["Content-Disposition"].replace(
            "inline", "attachment"
        )
        return answer

    return pages


def _towns(services: Services, me: Staff) -> list[str]:
    """The towns that these desks serve, in the order of content/."""
    served = {
        town for window in services.content.windows if window.key in me.windows for town in window.serves
    }
    return [town for town in services.content.towns if town in served]


def _numbers() -> list[str]:
    return list(dict.fromkeys(request.form.getlist("numbers")))


def _chosen(work: Work, me: Staff, numbers: list[str]) -> list[Concern]:
    """The chosen concerns, the most urgent first; one that is not theirs to see ends it, like one that is not."""
    those = [of_desk(work, number, me) or abort(404) for number in numbers]
    different = {concern.id: concern for concern in those}
    return sorted(different.values(), key=lambda concern: (concern.level, concern.created_at))


def _purpose(*, needed: bool) -> str:
    purpose = words("purpose", needed=needed)
    if len(purpose) > LONGEST_PURPOSE:
        raise FormProblem("purpose", "too_long", limit=str(LONGEST_PURPOSE), length=str(len(purpose)))
    return purpose


def _choose_again(services: Services) -> ResponseReturnValue:
    flash(services.content.texts.get("sheet.page.choose", most=str(papers.MOST)), "warn")
    return redirect(url_for("desk_inbox.inbox"), 303)


def _ask_for_what(
    services: Services,
    work: Work,
    by: Doer,
    those: list[Concern],
    no: FormProblem | CannotBeDone | None = None,
) -> str:
    """The page that asks for what meeting the papers are."""
    for one in those:
        deeds.line(work, by, one, "listed")
    texts = services.content.texts
    error = ""
    if isinstance(no, FormProblem):
        error = texts.get(f"desk.why.{no.why}", **no.params)
    elif no is not None:
        error = texts.get(f"desk.why.{no.why}")
    return render_template(
        "desk_meeting.html",
        rows=[
            (one.number, wording.kind(services.content, one), wording.place(services.content, one))
            for one in those
        ],
        error=error,
        given=request.form.get("purpose", ""),
    )


def _file(made: bytes, name: str, kind: str = "application/pdf") -> Response:
    """Shown in the browser and kept nowhere on the way; its name is a number or a date, never a word."""
    answer = Response(made, mimetype=kind)
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer
