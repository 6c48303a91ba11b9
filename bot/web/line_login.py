"""To LINE and back: the pages on which somebody proves that a one-time link is their own (see own_line.py).

LINE Login's web flow: authorization code with PKCE, `state` and `nonce`, scope `openid` and nothing more. LINE's own
script (LIFF) is not used: our pages run no code of others (docs/decisions.md, 20). Every way this can go wrong is a page
with a way on; none of them spends the link.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot import log
from bot.line.id_token import NotBelieved, user_of
from bot.programme import approving
from bot.settings import Login
from bot.web import course_names, details, my_data, own_line, papers, profile, spent_links
from bot.web.own_line import Begun
from storage import links, people
from storage.links import Link

if TYPE_CHECKING:
    from bot.app import Services

STATUS = {
    "lost": 400,
    "unseen": 400,
    "used": 409,
    "denied": 403,
    "down": 503,
    "trouble": 502,
    "stranger": 403,
}
AGAIN = ("unseen", "used", "denied", "down", "trouble")  # here it may go better the next time
_CODE = re.compile(r"[!-~]{1,500}")
Enter = Callable[["Services", str, str], ResponseReturnValue]
ROOMS: dict[str, tuple[Enter, str]] = {  # by a link's purpose: how one gets in, and the page inside
    details.DETAILS: (details.enter, "details.empty_form"),
    details.ANSWERING: (details.enter, "details.empty_form"),
    approving.PROFILE: (profile.enter, "profile.empty_form"),
    my_data.PURPOSE: (my_data.enter, "my_data.show"),
    papers.PURPOSE: (papers.enter, "papers.show"),
    course_names.NAME: (course_names.enter, "courses.name_form"),
}


class NoProof(Exception):
    """Who is there remains unknown; `page` says what to do."""

    def __init__(self, page: str, reason: str) -> None:
        super().__init__(reason)
        self.page = page
        self.reason = reason


def blueprint(services: Services) -> Blueprint:
    """The pages under /line-login/."""
    pages = Blueprint("line_login", __name__, url_prefix="/line-login")

    @pages.get("/to/<link_id>")
    def to(link_id: str) -> ResponseReturnValue:
        """What comes next, in our words, and the way to LINE: a link that is tapped, so that telephones hand it to
        the LINE app also from another browser."""
        begun = own_line.begun(link_id)
        login = own_line.login_of(services, begun.channel) if begun else None
        if begun is None or login is None:
            return _page("lost")
        return render_template("line_login_to.html", address=_address(services, login, begun))

    @pages.post("/to/<link_id>")
    def again(link_id: str) -> ResponseReturnValue:
        """A fresh attempt with the token that this browser brought; `by_hand` where LINE could not see who it is."""
        begun = own_line.begun(link_id)
        if begun is None:
            return _page("lost")
        with services.db.look() as work:
            link = spent_links.peek(work, link_id, begun.token)
        if link is None:
            return _page("lost")
        return own_line.begin(services, link, begun.token, by_hand="by_hand" in request.form)

    @pages.get("/back")
    def back() -> ResponseReturnValue:
        """LINE sends the person back with a code.

        1. The state must be this browser's. 2. The attempt is used up: of many at once, one goes on. 3. LINE says for
        the code who it is. 4. Only the one to whom the link was sent gets in.
        """
        found = own_line.begun_with(request.args.get("state", ""))
        if found is None:
            return _lost()
        link_id, begun = found
        with services.db.work() as work:
            attempt = links.spend(work, begun.attempt_id, begun.attempt_token)
        if attempt is None or attempt.person_id is None:
            return _once_more(services, link_id, begun)
        try:
            user = _who(services, begun)
        except NoProof as why:
            log.event("line_login.failed", channel=begun.channel, outcome=why.page, reason=why.reason)
            return _page(why.page, link_id)
        with services.db.look() as work:
            person = people.get(work, attempt.person_id)
            link = spent_links.peek(work, link_id, begun.token)
        if person is None or person.line_id != user:
            log.event("line_login.failed", channel=begun.channel, outcome="stranger")
            own_line.forget(link_id)
            return _page("stranger")
        own_line.prove(link_id)
        log.event("line_login.proven", channel=begun.channel)
        return _enter(services, link_id, begun, link)

    @pages.app_context_processor
    def words() -> dict[str, bool]:
        return {"asks_line": own_line.asks(services)}

    return pages


def _address(services: Services, login: Login, begun: Begun) -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(begun.verifier.encode()).digest()).rstrip(b"=")
    return services.line.login_address(
        {
            "response_type": "code",
            "client_id": login.id,
            "redirect_uri": callback(services),
            "state": begun.state,
            "scope": "openid",
            "nonce": begun.nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
            **({"disable_auto_login": "true"} if begun.by_hand else {}),
        }
    )


def callback(services: Services) -> str:
    """Always under our own public address, whatever host a request names."""
    return f"{services.settings.public_url}/line-login/back"


def _who(services: Services, begun: Begun) -> str:
    """The LINE user id of the person in this browser."""
    login = own_line.login_of(services, begun.channel)
    if error := request.args.get("error"):
        raise NoProof("denied" if error == "access_denied" else "trouble", "line refused")
    code = request.args.get("code", "")
    if login is None or not _CODE.fullmatch(code):
        raise NoProof("trouble", "no code")
    answer = services.line.login_token(
        begun.channel,
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": callback(services),
            "client_id": login.id,
            "client_secret": login.secret,
            "code_verifier": begun.verifier,
        },
    )
    if answer.status is None or answer.status == 429 or answer.status >= 500:
        raise NoProof("down", "no answer")
    if not (answer.ok and isinstance(answer.body, dict)):
        raise NoProof("trouble", "code refused")
    try:
        return user_of(
            answer.body.get("id_token"),
            channel_id=login.id,
            secret=login.secret,
            nonce=begun.nonce,
            now=services.now(),
        )
    except NotBelieved as why:
        raise NoProof("trouble", why.reason) from why


def _once_more(services: Services, link_id: str, begun: Begun) -> ResponseReturnValue:
    """The attempt was used already, or is too old. Who came back with the back button is let in again."""
    if not own_line.is_proven(link_id):
        return _page("used", link_id)
    with services.db.look() as work:
        link = links.opened(work, link_id) or spent_links.peek(work, link_id, begun.token)
    if link is None or link.purpose not in ROOMS:
        return _page("lost")
    return redirect(url_for(ROOMS[link.purpose][1], link_id=link_id), 303)


def _enter(services: Services, link_id: str, begun: Begun, link: Link | None) -> ResponseReturnValue:
    """As if this browser had just brought the token, which now suffices."""
    if link is None or link.purpose not in ROOMS:  # it ended while LINE was asked
        return _page("lost")
    return ROOMS[link.purpose][0](services, link_id, begun.token)


def _lost() -> ResponseReturnValue:
    """A state that is not this browser's. LINE also sends one where its automatic login failed, and would again:
    whoever went to LINE from here may try without it (LINE: "How to handle auto login failure")."""
    return _page("unseen" if (link_id := own_line.last_begun()) else "lost", link_id)


def _page(what: str, link_id: str = "") -> ResponseReturnValue:
    again = link_id if what in AGAIN else ""
    return render_template("line_login_said.html", what=what, again=again), STATUS[what]
