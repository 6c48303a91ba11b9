"""「わたしのデータ」: everything that we hold about somebody, behind a link that works once, for themselves.

As with the details form: opening the address shows a button only, whoever opens it; the token comes by POST and
spends the link. Then this browser, and no other, may look again and save a file until the link's time is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.programme import my_data
from bot.web import own_line, spent_links
from storage import audit, people
from storage.links import Link
from storage.people import Person
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services

PURPOSE = "my_data"


def blueprint(services: Services) -> Blueprint:
    """The pages under /m/."""
    pages = Blueprint("my_data", __name__, url_prefix="/m")
    own_line.protect(pages, services)

    @pages.get("/<link_id>")
    def begin(link_id: str) -> ResponseReturnValue:
        """Only a button: nothing is looked up, so nothing can be spent or learned by opening the address."""
        return render_template("my_data_begin.html")

    @pages.post("/<link_id>")
    def spend(link_id: str) -> ResponseReturnValue:
        """Who brings the token may look."""
        return enter(services, link_id, request.form.get("token", ""))

    @pages.get("/<link_id>/all")
    def show(link_id: str) -> ResponseReturnValue:
        """The page itself, in the browser that brought the token."""
        with services.db.look() as work:
            person = _whose(work, link_id)
            parts = my_data.sections(work, services.content, person) if person else ()
        if person is None:
            return _gone()
        return render_template("my_data.html", parts=parts, link_id=link_id)

    @pages.get("/<link_id>/file")
    def file(link_id: str) -> ResponseReturnValue:
        """The same as a text file."""
        with services.db.look() as work:
            person = _whose(work, link_id)
            parts = my_data.sections(work, services.content, person) if person else ()
        if person is None:
            return _gone()
        text = my_data.as_text(services.content, parts, services.now())
        answer = Response("\ufeff" + text, content_type="text/plain; charset=utf-8")
        answer.headers["Content-Disposition"] = 'attachment; filename="my-data.txt"'
        return answer

    @pages.post("/<link_id>/close")
    def close(link_id: str) -> ResponseReturnValue:
        """This browser forgets it: whoever takes the phone next sees nothing."""
        spent_links.let_go(PURPOSE, link_id)
        return _gone(status=200)

    return pages


def enter(services: Services, link_id: str, token: str) -> ResponseReturnValue:
    """Spend the link; of several browsers with the same token, exactly one gets in."""
    with services.db.work() as work:
        person = _owner(work, spent_links.spend(work, PURPOSE, link_id, token))
        if person is not None:
            audit.note(work, "person", "saw_data", "person", person.id, person.channel)
    if person is None:
        return _gone()
    spent_links.hold(PURPOSE, link_id)
    return redirect(url_for("my_data.show", link_id=link_id), 303)


def _whose(work: Work, link_id: str) -> Person | None:
    return _owner(work, spent_links.held(work, PURPOSE, link_id))


def _owner(work: Work, link: Link | None) -> Person | None:
    return people.get(work, link.person_id) if link and link.person_id else None


def _gone(status: int = 410) -> ResponseReturnValue:
    """One and the same page for wrong, spent, closed and expired."""
    return render_template("my_data_gone.html"), status
