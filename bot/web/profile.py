"""The form in which a supporter writes name and telephone: here and never in the chat, behind a link that works once.

Opening the address shows a button only. The token comes by POST; the link is spent when the words are stored, in the
same transaction. Wrong, spent and expired look alike. The form is always empty: what was written earlier is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from bot import crisis
from bot.crisis import Danger, Level, Who
from bot.desk import dangers
from bot.programme import approving, matching
from bot.web import own_line, spent_links
from bot.web.help_first import help_for
from bot.web.profile_fields import BOXES, GROUP, OWN_WORDS, profile_of, typed, wrong_with
from storage import certificates, links, people, supporters
from storage.supporters import SUPPORTING, Supporter
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services

HELD = "profile_held"  # in the session: the links whose forms are open, each with its token
SENT = "profile_sent"  # in the session: what came of the form that this browser has just sent
MOST_HELD = 4


@dataclass(frozen=True)
class Opened:
    """A link that works: whose entry it is about, and (in a family) the how manieth of this phone."""

    link: links.Link
    entry: Supporter
    nth: int
    of: int


def blueprint(services: Services) -> Blueprint:
    """The pages under /s/."""
    pages = Blueprint("profile", __name__, url_prefix="/s")
    own_line.protect(pages, services)

    @pages.get("/<link_id>")
    def begin(link_id: str) -> ResponseReturnValue:
        """Only a button: nothing is looked up, so nothing can be spent or learned by opening the address."""
        return render_template("profile_begin.html")

    @pages.post("/<link_id>")
    def form(link_id: str) -> ResponseReturnValue:
        """Who holds the token goes on to the form."""
        return enter(services, link_id, request.form.get("token", ""))

    @pages.get("/<link_id>/form")
    def empty_form(link_id: str) -> ResponseReturnValue:
        """The form, in the browser that brought the token."""
        token = str(session.get(HELD, {}).get(link_id, ""))
        with services.db.look() as work:
            opened = _peek(work, link_id, token)
        return _form(services, opened, token, {}, {}) if opened else _gone()

    @pages.post("/<link_id>/send")
    def send(link_id: str) -> ResponseReturnValue:
        """Check the words, then spend the link and store them together; of two that come at once one does it."""
        token = request.form.get("token", "")
        with services.db.look() as work:
            opened = _peek(work, link_id, token)
        if opened is None:
            return _gone()
        given = typed(request.form)
        districts = _districts(services, opened.entry)
        errors = wrong_with(services.content.texts, given, services.content.programme, districts)
        if errors:
            return _form(services, opened, token, given, errors), 422
        with services.db.work() as work:
            told = _store(services, work, link_id, token, given)
        if told is None:
            return _gone()
        services.bell.set()
        session[HELD] = {other: kept for other, kept in session.get(HELD, {}).items() if other != link_id}
        session[SENT] = {"link": link_id, **told}
        return redirect(url_for("profile.sent", link_id=link_id), 303)

    @pages.get("/<link_id>/sent")
    def sent(link_id: str) -> ResponseReturnValue:
        """Thanks, in the browser that sent it; where somebody wrote of danger, help first."""
        told = session.get(SENT)
        if not isinstance(told, dict) or told.get("link") != link_id:
            return _gone()
        return _thanks(services, told)

    return pages


def enter(services: Services, link_id: str, token: str) -> ResponseReturnValue:
    """On to the form; the sealed session keeps the token, so that reloading works."""
    with services.db.look() as work:
        opened = _peek(work, link_id, token)
    if opened is None:
        return _gone()
    others = [(other, kept) for other, kept in session.get(HELD, {}).items() if other != link_id]
    session[HELD] = dict([*others[-(MOST_HELD - 1) :], (link_id, token)])
    return redirect(url_for("profile.empty_form", link_id=link_id), 303)


def _peek(work: Work, link_id: str, token: str) -> Opened | None:
    return _opened(work, spent_links.peek(work, link_id, token))


def _opened(work: Work, link: links.Link | None) -> Opened | None:
    """The entry must still be of the phone that asked for the link."""
    if link is None or link.purpose != approving.PROFILE or link.about is None or link.person_id is None:
        return None
    mine = [one for one in supporters.of_person(work, link.person_id) if one.state != "left"]
    for number, entry in enumerate(mine, 1):
        if entry.id == link.about:
            return Opened(link, entry, number, len(mine))
    return None


def _store(
    services: Services, work: Work, link_id: str, token: str, given: Mapping[str, str]
) -> dict[str, Any] | None:
    peeked = links.peek(work, link_id, token)
    if peeked is not None and peeked.person_id is not None:
        people.keep_still(work, peeked.person_id)  # before the link, as erasing does
    opened = _opened(work, links.spend(work, link_id, token))
    if opened is None:
        return None
    content = services.content
    written = matching.write_profile(
        work,
        content,
        opened.entry,
        profile_of(given, content.programme),
        age_band=given["age_band"] or None,
        group_name=given["group"] or None,
        district=given["district"] or None,
    )
    if written.registered_now:
        approving.tell_welcome(work, content, written.supporter)
    elif written.supporter.state in SUPPORTING and certificates.of(work, written.supporter.id) is None:
        approving.tell_certificate(work, content, written.supporter)
    found = crisis.detect(given["motive_words"], content.lexicon) if given["motive_words"] else None
    person = people.get(work, opened.link.person_id) if found and opened.link.person_id else None
    if found and person:
        dangers.happened(work, person, found.code, found.category)
    state = "waiting" if written.supporter.state == "attended" else "kept"
    return {
        "state": "registered" if written.registered_now else state,
        "danger": [found.who.value, int(found.level), found.category] if found else None,
    }


def _districts(services: Services, entry: Supporter) -> dict[str, str]:
    """The districts to choose from; none where the town has only one."""
    town = services.content.towns.get(entry.town)
    listed = town.districts if town else ()
    return {district.key: district.name for district in listed} if len(listed) > 1 else {}


def _form(
    services: Services, opened: Opened, token: str, given: Mapping[str, str], errors: Mapping[str, str]
) -> str:
    until = opened.link.valid_until.astimezone(services.now().tzinfo)
    programme = services.content.programme
    return render_template(
        "profile_form.html",
        link_id=opened.link.id,
        token=token,
        boxes=BOXES,
        group=GROUP,
        own_words=OWN_WORDS,
        groups_hint=programme.groups_hint,
        districts=list(_districts(services, opened.entry).items()),
        age_bands=[(band.key, band.label) for band in programme.age_bands],
        motives=[(motive.key, motive.label) for motive in programme.motives],
        given=given,
        errors=errors,
        nth=opened.nth if opened.of > 1 else None,
        until=f"{until.hour}時{until.minute:02}分",
    )


def _thanks(services: Services, told: Mapping[str, Any]) -> str:
    dangers = []
    if told["danger"]:
        who, level, category = told["danger"]
        dangers.append(Danger(Who(who), Level(level), category, ()))
    help_ = help_for(services.content, dangers, services.now())
    return render_template("profile_thanks.html", state=told["state"], words=help_.words, calls=help_.calls)


def _gone() -> ResponseReturnValue:
    """One and the same page for wrong, spent and expired."""
    return render_template("profile_end.html"), 410
