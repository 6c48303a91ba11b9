"""The form in which somebody who signed up for a course on LINE writes their name: here and never in the chat.

Opening the address shows a button only. The token comes by POST; the link is spent when the words are stored, in the
same transaction. Wrong, spent and expired look alike. The form is always empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from bot.web import course_forms, spent_links
from bot.web.course_forms import PERSON, given_in, wrong_in
from storage import course_places, people
from storage.links import Link
from storage.supporters import Profile

if TYPE_CHECKING:
    from bot.app import Services

NAME = "course_name"  # what a link of the chat may be for
HELD = "course_name_held"  # in the session: the links whose forms are open, each with its token
MOST_HELD = 4


def add_pages(pages: Blueprint, services: Services) -> None:
    """The pages under /c/name/."""

    @pages.get("/name/<link_id>")
    def name_begin(link_id: str) -> ResponseReturnValue:
        """Only a button: nothing is looked up, so nothing can be spent."""
        return render_template("courses_begin.html", kind="name")

    @pages.post("/name/<link_id>")
    def name(link_id: str) -> ResponseReturnValue:
        """Who holds the token goes on to the form; with `do` the words are kept and the link is spent, together."""
        token = request.form.get("token", "")
        if request.form.get("do") != "keep":
            return enter(services, link_id, token)
        given = given_in(request.form, PERSON)
        if errors := wrong_in(services.content.texts, given, needs_contact=False):
            return _form(services, link_id, token, given, errors)
        return _keep(services, link_id, token, course_forms.profile_of(given))

    @pages.get("/name/<link_id>/form")
    def name_form(link_id: str) -> ResponseReturnValue:
        """The form, in the browser that brought the token."""
        return _form(services, link_id, str(session.get(HELD, {}).get(link_id, "")), {}, {})


def enter(services: Services, link_id: str, token: str) -> ResponseReturnValue:
    """On to the form; the sealed session keeps the token, so that reloading works."""
    if _peek(services, link_id, token) is None:
        return _gone()
    others = [(other, kept) for other, kept in session.get(HELD, {}).items() if other != link_id]
    session[HELD] = dict([*others[-(MOST_HELD - 1) :], (link_id, token)])
    return redirect(url_for("courses.name_form", link_id=link_id), 303)


def _peek(services: Services, link_id: str, token: str) -> Link | None:
    with services.db.look() as work:
        link = spent_links.peek(work, link_id, token)
    return link if link is not None and link.purpose == NAME else None


def _form(
    services: Services, link_id: str, token: str, given: Mapping[str, str], errors: Mapping[str, str]
) -> ResponseReturnValue:
    if _peek(services, link_id, token) is None:
        return _gone()
    days = str(services.content.programme.courses.keep_names_days)
    page = render_template(
        "courses_name.html", link_id=link_id, token=token, given=given, errors=errors, days=days
    )
    return (page, 422) if errors else page


def _keep(services: Services, link_id: str, token: str, profile: Profile) -> ResponseReturnValue:
    """Of many that come at once, exactly one is kept."""
    with services.db.work() as work:
        peeked = spent_links.peek(work, link_id, token)
        if peeked is not None and peeked.person_id is not None:
            people.keep_still(work, peeked.person_id)  # before the link, as erasing does
        link = spent_links.spend(work, NAME, link_id, token)
        place = course_places.get(work, link.about) if link and link.about else None
        if place is not None:
            course_places.write(work, place, profile)
    if place is None:
        return _gone()
    session[HELD] = {other: kept for other, kept in session.get(HELD, {}).items() if other != link_id}
    return render_template("courses_thanks.html", kind="name", calls=[], words=[])


def _gone() -> ResponseReturnValue:
    """One and the same page for wrong, spent and expired."""
    return render_template("courses_gone.html"), 410
