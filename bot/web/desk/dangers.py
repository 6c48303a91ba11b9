"""/desk/dangers: people in danger. The list, the page of one, and its four deeds; every reading leaves its line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from flask import Blueprint, abort, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from bot.desk import dangers as deeds
from bot.desk import wording
from bot.desk.deeds import CannotBeDone, Doer, at_desk
from bot.desk.deeds import listed as desk_listed
from bot.web.desk import danger_rows, gate
from bot.web.desk.asking import DESK_PAGES, FormProblem, Twice, chosen, first_time, here, new_once, too_often
from storage import audit, notices, people, staff
from storage.dangers import Danger
from storage.staff import Staff
from storage.supporters import Profile
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services

MOST_LISTED = 200
MOST_LINES = 1_000
READ = "read"  # these lines would bury the others

Deed = Callable[[Work, Doer, Danger], str]


def blueprint(services: Services) -> Blueprint:
    """The pages under /desk/dangers; a number that is not theirs is not there."""
    pages = Blueprint("desk_dangers", __name__, url_prefix=f"{DESK_PAGES}/dangers")

    @pages.get("")
    def listed() -> ResponseReturnValue:
        """All that this desk looks after or looked after."""
        me: Staff = g.staff
        with services.db.work() as work:
            found = danger_rows.of_desks(services, work, me)[:MOST_LISTED]
            for window in me.windows:
                desk_listed(work, here(services), _doer(me), window)
            return render_template("desk_dangers.html", rows=danger_rows.rows(services, work, found))

    @pages.get("/<danger>")
    def page(danger: str) -> ResponseReturnValue:
        """Reading it is audited in the unit of work in which it is read."""
        with services.db.work() as work:
            return _page(services, work, g.staff, _theirs(services, work, g.staff, danger))

    @pages.post("/<danger>/seen")
    def seen(danger: str) -> ResponseReturnValue:
        """「見ました」: I look after this person now."""

        def see(work: Work, by: Doer, found: Danger) -> str:
            deeds.see(work, by, found)
            return "seen"

        return _does(services, danger, see)

    @pages.post("/<danger>/words")
    def words(danger: str) -> ResponseReturnValue:
        """「声をかける」: one of the fixed sentences, with our telephone."""

        def reach_out(work: Work, by: Doer, found: Danger) -> str:
            key = chosen("words", services.content.crisis_replies.desk)
            deeds.reach_out(work, here(services), by, found, key)
            return "words"

        answer = _does(services, danger, reach_out)
        services.bell.set()
        return answer

    @pages.post("/<danger>/close")
    def close(danger: str) -> ResponseReturnValue:
        """「記録」: what came of it."""

        def finish(work: Work, by: Doer, found: Danger) -> str:
            deeds.close(work, by, found, chosen("outcome", deeds.OUTCOMES))
            return "close"

        return _does(services, danger, finish)

    @pages.post("/<danger>/identity")
    def identity(danger: str) -> ResponseReturnValue:
        """Who it is: in the answer to this very form, so that nobody sees it without a reason."""
        try:
            with services.db.work() as work:
                me = gate.confirm(work)
                found = _theirs(services, work, me, danger, lock=True)
                first_time(work)
                opened = deeds.open_identity(work, _doer(me), found, chosen("reason", deeds.REASONS))
                return _page(services, work, me, found, opened=opened)
        except Twice:
            return redirect(url_for("desk_dangers.page", danger=danger), 303)
        except FormProblem as no:
            return _again(services, danger, no.why)

    return pages


def _doer(me: Staff) -> Doer:
    return at_desk(me.id, me.windows)


def _theirs(services: Services, work: Work, me: Staff, number: str, lock: bool = False) -> Danger:
    return danger_rows.of_number(services, work, me, number, lock=lock) or abort(404)


def _does(services: Services, number: str, deed: Deed) -> ResponseReturnValue:
    """Do it, or show the page as it is now with what stood in the way."""
    back = url_for("desk_dangers.page", danger=number)
    try:
        with services.db.work() as work:
            me = gate.confirm(work)
            found = _theirs(services, work, me, number, lock=True)
            first_time(work)
            said = deed(work, _doer(me), found)
    except Twice:
        return too_often(services, back)
    except (FormProblem, CannotBeDone) as no:
        return _again(services, number, no.why)
    flash(services.content.texts.get(f"desk_danger.done.{said}"), "good")
    return redirect(back, 303)


def _again(services: Services, number: str, why: str) -> ResponseReturnValue:
    with services.db.work() as work:
        return _page(services, work, g.staff, _theirs(services, work, g.staff, number), why=why), 409


def _page(
    services: Services,
    work: Work,
    me: Staff,
    danger: Danger,
    *,
    opened: Sequence[Profile] | None = None,
    why: str | None = None,
) -> str:
    content, texts = services.content, services.content.texts
    deeds.line(work, _doer(me), danger, READ)
    desk, town = deeds.desk_of(content, danger), deeds.town_of(content, danger)
    person = people.get(work, danger.person_id) if danger.person_id else None
    return render_template(
        "desk_danger.html",
        danger=danger,
        row=danger_rows.rows(services, work, [danger])[0],
        answered=deeds.answered(content, danger),
        told=_story(services, work, danger),
        undelivered=notices.not_reached(work, person.id, danger.at) if person else None,
        person=person,
        desk_name=desk.name,
        words=[
            (key, one.label, deeds.words_to_send(here(services), one, desk, town).messages[0])
            for key, one in content.crisis_replies.desk.items()
        ],
        reasons=[(key, texts.get(f"desk_danger.reason.{key}")) for key in deeds.REASONS],
        outcomes=[(key, texts.get(f"desk_danger.outcome.{key}")) for key in deeds.OUTCOMES],
        opened=opened,
        why=texts.get(f"desk_danger.why.{why}") if why else None,
        once=new_once(),
    )


def _story(services: Services, work: Work, danger: Danger) -> list[tuple[str, str, str]]:
    """When, who, what, the oldest first: from the audit, which knows every deed."""
    texts, now, names = services.content.texts, services.now(), staff.names(work)
    lines = audit.listed(work, channel=danger.channel, kind="danger", subject_id=danger.id, limit=MOST_LINES)
    return [
        (
            wording.moment(one.at, now),
            texts.get("desk_danger.author")
            if one.actor == "person"
            else wording.author(texts, names, one.actor),
            texts.get(f"desk_danger.deed.{one.deed.replace('danger.', 'said_')}"),
        )
        for one in reversed(lines)
        if one.deed != READ
    ]
