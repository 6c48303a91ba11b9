"""The details form: who, where and what, typed here and never in the chat, behind a link that works once.

Opening the address shows a button only, whoever opens it (messengers open links for a preview). The token
comes by POST; the link is spent when the words are stored, in the same transaction. Wrong, spent and expired
look alike.

What was typed and not sent yet is kept, sealed, for as long as the link lives. It is shown again only in the
browser that typed it: that browser holds a secret in its sealed cookie, without which nobody can even name the
row. A link that was forwarded, or read over somebody's shoulder, opens an empty form. The words are not kept in
the phone's own storage: there they would lie in clear, for whoever borrows or steals it, long after the thirty
minutes; and "erase" could not be believed.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from bot import pictures
from bot.crisis import Danger, Level, Who
from bot.desk import telling
from bot.web import guard, own_line, spent_links
from bot.web.details_fields import ANSWER, FIRST, LONGEST, MORE, Form, chosen, drawn, typed, wrong_with
from bot.web.help_first import help_for
from bot.web.uploads import PAGE_BYTES
from bot.web.views import window_view
from storage import concerns, drafts, links
from storage.concerns import Concern
from storage.links import Link
from storage.transitions import NotPermitted
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services

DETAILS, ANSWERING = "details", "answer"  # what a link may be for
HELD = "held"  # in the session: the links whose forms are open, each with its token and this browser's secret
SENT = "sent"  # in the session: the link whose form this browser has just sent
MOST_HELD = 4  # forms open at once in one browser; a cookie has no room for more
NOTICES = ("kept", "too_big", "erased")  # what the form says after a deed
# The form's script saves what was typed, and shows the photos that were chosen.
_POLICY = (
    guard.HEADERS["Content-Security-Policy"].replace("img-src 'self' data:", "img-src 'self' data: blob:")
    + "; connect-src 'self'"
)


@dataclass(frozen=True)
class Opened:
    """A link that works, and what its form is about."""

    link: Link
    concern: Concern  # what its reporter knows it by; merged, its words go on to another
    form: Form
    question: str = ""


@dataclass(frozen=True)
class Held:
    """What this browser holds of a link."""

    token: str = ""
    browser: str = ""


def blueprint(services: Services) -> Blueprint:
    """The pages under /d/."""
    pages = Blueprint("details", __name__, url_prefix="/d")
    own_line.protect(pages, services)

    @pages.get("/<link_id>")
    def begin(link_id: str) -> ResponseReturnValue:
        """Only a button: nothing is looked up, so nothing can be spent or learned by opening the address."""
        return render_template("details_begin.html")

    @pages.post("/<link_id>")
    def form(link_id: str) -> ResponseReturnValue:
        """Who holds the token goes on to the form."""
        return enter(services, link_id, request.form.get("token", ""))

    @pages.get("/<link_id>/form")
    def empty_form(link_id: str) -> ResponseReturnValue:
        """The form in the browser that brought the token: empty, or with what this browser typed before."""
        held = _held(link_id)
        with services.db.look() as work:
            opened = _peek(work, link_id, held.token)
            if not isinstance(opened, Opened):
                return _gone(services, opened)
            draft = drafts.found(work, link_id, opened.link.channel, held.browser)
        return _form(services, opened, held.token, draft, {}, back=bool(draft))

    @pages.post("/<link_id>/draft")
    def draft(link_id: str) -> ResponseReturnValue:
        """Keep what was typed so far, or erase it; `auto`: the page's script asks, and wants no page."""
        held, token = _held(link_id), request.form.get("token", "")
        deed = "erased" if request.form.get("do") == "erase" else "kept"
        with services.db.work() as work:
            opened = _peek(work, link_id, token) if held.browser else None
            if isinstance(opened, Opened):
                if deed == "erased":
                    drafts.drop(work, link_id, held.browser)
                else:
                    words = typed(opened.form, request.form)
                    drafts.keep(work, link_id, opened.link.channel, held.browser, words)
        if not isinstance(opened, Opened):
            return _gone(services, opened)
        if "auto" in request.form:
            return "", 204
        return redirect(url_for("details.empty_form", link_id=link_id, told=deed), 303)

    @pages.post("/<link_id>/send")
    @guard.may_take(_most_bytes)
    def send(link_id: str) -> ResponseReturnValue:
        """Check the words and the photos, then spend the link and store all of it together."""
        token = request.form.get("token", "")
        # Forms with photos go one by one: of a hundred that come together, the first one draws them anew, and
        # the others find the link spent before they begin.
        with (
            pictures.one_at_a_time if any(file.filename for file in request.files.values()) else nullcontext()
        ):
            with services.db.look() as work:
                opened = _peek(work, link_id, token)
            if not isinstance(opened, Opened):
                return _gone(services, opened)
            texts, given = services.content.texts, typed(opened.form, request.form)
            files = chosen(opened.form, request.files)
            errors = wrong_with(texts, opened.form.fields, given)
            drawn_anew, wrong_photos = drawn(texts, files)
            if errors or wrong_photos:
                again = len(files) > len(wrong_photos)
                errors |= wrong_photos
                return _form(services, opened, token, given, errors, photos_again=again), 422
            try:
                with services.db.work() as work:
                    told = _store(services, work, link_id, token, given, drawn_anew)
            except NotPermitted:  # closed in between: nothing was spent and nothing kept
                told = None
        if told is None:
            with services.db.look() as work:
                return _gone(services, _peek(work, link_id, token))
        session[HELD] = {other: kept for other, kept in session.get(HELD, {}).items() if other != link_id}
        session[SENT] = {"link": link_id, **told}
        return redirect(url_for("details.sent", link_id=link_id), 303)

    @pages.get("/<link_id>/sent")
    def sent(link_id: str) -> ResponseReturnValue:
        """Thanks, in the browser that sent it, and what happens next; where life may be at risk, help first."""
        told = session.get(SENT)
        if not isinstance(told, dict) or told.get("link") != link_id:
            return _gone(services, None)
        return _thanks(services, told)

    @pages.errorhandler(RequestEntityTooLarge)
    def too_large(error: RequestEntityTooLarge) -> ResponseReturnValue:
        """Its words could not be read with so much behind them; what was kept on the way is shown again."""
        link_id = (request.view_args or {}).get("link_id", "")
        if request.endpoint != "details.send" or not _held(link_id).token:
            return guard.refused(error)
        return redirect(url_for("details.empty_form", link_id=link_id, told="too_big"), 303)

    @pages.after_request
    def with_policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _POLICY
        return response

    return pages


def enter(services: Services, link_id: str, token: str) -> ResponseReturnValue:
    """On to the form; the sealed session keeps the token, so that reloading works."""
    with services.db.look() as work:
        opened = _peek(work, link_id, token)
    if not isinstance(opened, Opened):
        return _gone(services, opened)
    _hold(link_id, token)
    return redirect(url_for("details.empty_form", link_id=link_id), 303)


def _most_bytes() -> int:
    """Photos are taken from browsers only that have brought a token: nobody else may send us megabytes. They come
    in parts; a form in one piece is read into memory whole, and holds words only."""
    link_id = (request.view_args or {}).get("link_id", "")
    in_parts = request.mimetype == "multipart/form-data"
    return PAGE_BYTES if in_parts and _held(link_id).token else guard.FORM_BYTES


def _hold(link_id: str, token: str) -> None:
    """This browser has brought the token; opened again, it keeps its secret and so finds what it has typed."""
    browser = _held(link_id).browser or secrets.token_urlsafe(16)
    others = [(other, kept) for other, kept in session.get(HELD, {}).items() if other != link_id]
    session[HELD] = dict([*others[-(MOST_HELD - 1) :], (link_id, [token, browser])])


def _held(link_id: str) -> Held:
    kept = session.get(HELD, {}).get(link_id)
    return Held(*kept) if isinstance(kept, list) else Held()


def _peek(work: Work, link_id: str, token: str) -> Opened | Concern | None:
    """What this link opens; the concern alone where it has been closed; None where the link does not work."""
    return _opened(work, spent_links.peek(work, link_id, token))


def _opened(work: Work, link: Link | None) -> Opened | Concern | None:
    if link is None or link.purpose not in (DETAILS, ANSWERING) or link.about is None:
        return None
    concern = concerns.get(work, link.about)
    if concern is None:
        return None
    now = telling.goes_on_as(work, concern)
    if now.state == "closed":
        return now
    if link.purpose == DETAILS:
        first = now.id == concern.id and concern.details_at is None
        return Opened(link, concern, FIRST if first else MORE)
    asked = telling.open_question(work, concern)
    return None if asked is None else Opened(link, concern, ANSWER, str(asked.words.get("text", "")))


def _store(
    services: Services,
    work: Work,
    link_id: str,
    token: str,
    given: Mapping[str, str],
    drawn_anew: list[pictures.Picture],
) -> dict[str, Any] | None:
    """Spend the link and keep the words; of many that come at once, exactly one does it."""
    opened = _opened(work, links.spend(work, link_id, token))
    if not isinstance(opened, Opened):
        if opened is not None:
            raise NotPermitted("words for a closed concern")
        return None
    drafts.drop(work, link_id)
    about = (work, services.content, services.settings.public_url, opened.concern)
    answering = opened.form is ANSWER
    found = (
        telling.answered(*about, given["answer"])
        if answering
        else telling.described(*about, given, drawn_anew)
    )
    return {
        "window": telling.goes_on_as(work, opened.concern).window,
        "danger": [[side.who.value, int(side.level), side.category] for side in found],
    }


def _form(
    services: Services,
    opened: Opened,
    token: str,
    given: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    back: bool = False,
    photos_again: bool = False,
) -> str:
    until = opened.link.valid_until.astimezone(services.now().tzinfo)
    told = request.args.get("told")
    return render_template(
        "details_form.html",
        opened=opened,
        number=opened.concern.number,
        link_id=opened.link.id,
        token=token,
        form=opened.form,
        given=given,
        errors=errors,
        limit=LONGEST,
        photos_again=photos_again,
        told=told if told in NOTICES else "back" if back else None,
        until=f"{until.hour}時{until.minute:02}分",
        seconds=max(int((opened.link.valid_until - services.now()).total_seconds()), 0),
    )


def _thanks(services: Services, told: Mapping[str, Any]) -> str:
    content, now = services.content, services.now()
    window = content.windows_by_key.get(told["window"])
    dangers = [Danger(Who(who), Level(level), category, ()) for who, level, category in told["danger"]]
    help_ = help_for(content, dangers, now)
    return render_template(
        "details_thanks.html",
        words=help_.words,
        calls=help_.calls,
        place=window_view(content, window, now, content.texts.get("web.details.about")) if window else None,
    )


def _gone(services: Services, closed: Opened | Concern | None) -> ResponseReturnValue:
    """One and the same page for wrong, spent and expired; with the desk's telephone where the token was right
    and the concern is closed."""
    window = services.content.windows_by_key.get(closed.window) if isinstance(closed, Concern) else None
    about = services.content.texts.get("web.details.about")
    place = window_view(services.content, window, services.now(), about) if window else None
    return render_template("details_end.html", place=place), 410
