"""Whose LINE it is: the second proof of a one-time link, where the channel has a LINE Login channel beside it.

Without one, whoever has the link has what is behind it, also whom it was forwarded to. With one, nothing behind the
link is reached before LINE has said that the person in this browser is the one to whom we sent it; until then nothing
is spent. What is known of this browser lies in its sealed session, per link and not per person: a telephone that
goes from hand to hand proves itself anew for the next link.

The way there is an attempt: a one-time link of its own (so of many that come back at once, one goes on), good for ten
minutes. LINE gets to see a random `state`, `nonce` and challenge that belong to the attempt, and nothing of the link.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from bot.settings import Login
from bot.web import spent_links
from storage import links
from storage.links import Link

if TYPE_CHECKING:
    from bot.app import Services

ATTEMPT = "line_login"  # what the attempt's own link is for
LIFE = dt.timedelta(minutes=10)
BEGUN = "line_begun"  # in the session: the links for which this browser was sent to LINE
PROVEN = "line_proven"  # in the session: the links that are this person's own
MOST_BEGUN, MOST_PROVEN = 2, 8  # a cookie has no room for more


@dataclass(frozen=True)
class Begun:
    """One way to LINE and back, as only this browser knows it."""

    channel: str
    token: str  # of the link that shall be opened
    attempt_id: str
    attempt_token: str
    state: str
    nonce: str
    verifier: str
    by_hand: bool  # LINE shall ask who it is, since it could not see by itself


def protect(pages: Blueprint, services: Services) -> None:
    """Behind the links of these pages: nothing for a token alone, where whose it is can be asked."""

    @pages.before_request
    def ask_whose() -> ResponseReturnValue | None:
        token, link_id = request.form.get("token", ""), (request.view_args or {}).get("link_id", "")
        if request.method != "POST" or not asks(services) or is_proven(link_id):
            return None
        with services.db.look() as work:
            link = spent_links.peek(work, link_id, token)
        if link is None or link.person_id is None or login_of(services, link.channel) is None:
            return None
        return begin(services, link, token)


def asks(services: Services) -> bool:
    """Whether any channel has a LINE Login channel."""
    return any(channel.login for channel in services.settings.channels.values())


def login_of(services: Services, channel: str) -> Login | None:
    """The LINE Login channel beside this one."""
    found = services.settings.channels.get(channel)
    return found.login if found else None


def begin(services: Services, link: Link, token: str, *, by_hand: bool = False) -> ResponseReturnValue:
    """A fresh attempt for this link; on to the page that says what comes and leads to LINE."""
    with services.db.work() as work:
        attempt_id, attempt_token = links.make(
            work, link.channel, purpose=ATTEMPT, about=link.id, person_id=link.person_id, valid_for=LIFE
        )
    begun = Begun(
        link.channel,
        token,
        attempt_id,
        attempt_token,
        state=secrets.token_hex(16),
        nonce=secrets.token_hex(16),
        verifier=secrets.token_urlsafe(32),
        by_hand=by_hand,
    )
    others = [(other, kept) for other, kept in _all_begun().items() if other != link.id]
    session[BEGUN] = dict([*others[-(MOST_BEGUN - 1) :], (link.id, astuple(begun))])
    return redirect(url_for("line_login.to", link_id=link.id), 303)


def begun(link_id: str) -> Begun | None:
    """This browser's attempt for this link."""
    kept = _all_begun().get(link_id)
    return Begun(*kept) if kept else None


def begun_with(state: str) -> tuple[str, Begun] | None:
    """The link, and this browser's attempt for it, with which LINE sends somebody back."""
    for link_id, kept in _all_begun().items():
        found = Begun(*kept)
        if secrets.compare_digest(found.state.encode(), state.encode("utf-8", "replace")):
            return link_id, found
    return None


def last_begun() -> str:
    """The link for which this browser went to LINE last."""
    return next(reversed(_all_begun()), "")


def forget(link_id: str) -> None:
    """This browser has nothing to do with that link: it does not even keep its token."""
    session[BEGUN] = {other: kept for other, kept in _all_begun().items() if other != link_id}


def prove(link_id: str) -> None:
    """LINE has said that the link is this person's own."""
    session[PROVEN] = [*[other for other in _proven() if other != link_id][-(MOST_PROVEN - 1) :], link_id]


def is_proven(link_id: str) -> bool:
    return link_id in _proven()


def _proven() -> list[str]:
    return list(session.get(PROVEN, []))


def _all_begun() -> dict[str, list[Any]]:
    return dict(session.get(BEGUN, {}))
