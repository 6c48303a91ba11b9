"""Where a supporter gets certificate and card (`/p/…`, a link that works once), and where a card is checked (`/v/…`).

Who scans a card learns whether it counts and of which town it is. The badge's picture bears nobody's name: LINE may
fetch it. Certificate and card do, and are shown only to the browser that brought the token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from bot.programme import certificate_pictures as pictures
from bot.programme import certificates as issuing
from bot.programme.certificates import PAPERS, NoCertificate, Paper
from bot.web import own_line, spent_links
from storage import audit, certificates, supporters
from storage.supporters import Supporter
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services

PURPOSE = "papers"
KINDS = {"pdf": "application/pdf", "png": "image/png"}
LONGEST_TOKEN = 40
PREVIEW = (240, 240)  # LINE shows it in the chat before the picture itself


def blueprint(services: Services) -> Blueprint:
    """The pages under /p/ and /v/."""
    pages = Blueprint("papers", __name__)
    own_line.protect(pages, services)

    @pages.get("/p/<link_id>")
    def begin(link_id: str) -> ResponseReturnValue:
        """Only a button: nothing is looked up, so nothing can be spent or learned by opening the address."""
        return render_template("papers_begin.html")

    @pages.post("/p/<link_id>")
    def spend(link_id: str) -> ResponseReturnValue:
        """Who brings the token may look."""
        return enter(services, link_id, request.form.get("token", ""))

    @pages.get("/p/<link_id>/all")
    def show(link_id: str) -> ResponseReturnValue:
        """The three papers, in the browser that brought the token."""
        with services.db.work() as work:
            mine = _mine(services, work, link_id)
        if mine is None:
            return _gone()
        return render_template("papers.html", link_id=link_id, number=mine.plain_number, papers=PAPERS)

    @pages.get("/p/<link_id>/<any(certificate, badge, card):paper>.<any(pdf, png):kind>")
    def paper(link_id: str, paper: Paper, kind: str) -> ResponseReturnValue:
        """One of them as a file."""
        with services.db.work() as work:
            mine = _mine(services, work, link_id)
        if mine is None:
            return _gone()
        picture = issuing.draw(paper, mine)
        answer = Response(pictures.as_bytes(picture, kind, mine.title), content_type=KINDS[kind])
        shown = "attachment" if "save" in request.args else "inline"
        answer.headers["Content-Disposition"] = f'{shown}; filename="tsunagari-{paper}.{kind}"'
        return answer

    @pages.post("/p/<link_id>/close")
    def close(link_id: str) -> ResponseReturnValue:
        """This browser forgets it."""
        spent_links.let_go(PURPOSE, link_id)
        return _gone(status=200)

    @pages.get("/v/<token>")
    def verify(token: str) -> ResponseReturnValue:
        """Whether this card counts, and of which town it is: nothing else."""
        with services.db.look() as work:
            found = issuing.looked_up(work, token) if len(token) <= LONGEST_TOKEN else None
        if found is None:
            return render_template("verify.html", standing="unknown", town=""), 404
        standing, key = found
        town = services.content.towns.get(key)
        return render_template("verify.html", standing=standing, town=town.name if town else "")

    @pages.get("/v/<token>/badge.png")
    def badge(token: str) -> ResponseReturnValue:
        """The badge's picture, for the chat; `preview` is the small one."""
        with services.db.look() as work:
            made = certificates.by_token(work, token) if len(token) <= LONGEST_TOKEN else None
            supporter = supporters.get(work, made.supporter_id) if made else None
            if made is None or supporter is None or issuing.standing(supporter.state) == "ended":
                raise NotFound
            said = _words(services, work, supporter)
        picture = issuing.draw("badge", said)
        if "preview" in request.args:
            picture.thumbnail(PREVIEW)
        return Response(pictures.as_bytes(picture, "png", said.badge_title), content_type="image/png")

    return pages


def enter(services: Services, link_id: str, token: str) -> ResponseReturnValue:
    """Spend the link; of several browsers with the same token, exactly one gets in."""
    with services.db.work() as work:
        link = spent_links.spend(work, PURPOSE, link_id, token)
        if link is not None and link.about is not None:
            audit.note(work, "person", "saw_papers", "supporter", link.about, link.channel)
    if link is None:
        return _gone()
    spent_links.hold(PURPOSE, link_id)
    return redirect(url_for("papers.show", link_id=link_id), 303)


def _mine(services: Services, work: Work, link_id: str) -> pictures.Words | None:
    """What stands on the papers of the entry that this link is about; it must still be of the phone that asked."""
    link = spent_links.held(work, PURPOSE, link_id)
    if link is None or link.about is None or link.person_id is None:
        return None
    mine = {one.id: one for one in supporters.of_person(work, link.person_id)}
    try:
        return _words(services, work, mine[link.about]) if link.about in mine else None
    except NoCertificate:
        return None


def _words(services: Services, work: Work, supporter: Supporter) -> pictures.Words:
    made = issuing.issue(work, services.content, supporter)
    settings = services.settings
    return issuing.words(work, services.content, settings.content_dir, settings.public_url, supporter, made)


def _gone(status: int = 410) -> ResponseReturnValue:
    """One and the same page for wrong, spent, closed and expired."""
    return render_template("papers_gone.html"), status
