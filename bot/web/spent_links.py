"""Links that this browser has spent: it, and no other, may look again until the link's time is over.

Opening such an address shows a button only, whoever opens it (messengers open links for a preview). The token comes by
POST and spends the link; wrong, spent and expired look alike.
"""

from __future__ import annotations

import re

from flask import session

from storage import links
from storage.links import Link
from storage.work import Work

MOST_HELD = 4
_WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{1,64}")


def peek(work: Work, link_id: str, token: str) -> Link | None:
    """What the link would open, also where id and token came from outside and may be anything."""
    if not (_WELL_FORMED.fullmatch(link_id) and _WELL_FORMED.fullmatch(token)):
        return None
    return links.peek(work, link_id, token)


def spend(work: Work, purpose: str, link_id: str, token: str) -> Link | None:
    """Of several browsers that bring the token exactly one gets the link."""
    found = peek(work, link_id, token)
    if found is None or found.purpose != purpose:
        return None
    return links.spend(work, link_id, token)


def hold(purpose: str, link_id: str) -> None:
    """Remember in the sealed session that this browser has spent it; call it after the commit."""
    session[purpose] = [*[other for other in _held(purpose) if other != link_id][-(MOST_HELD - 1) :], link_id]


def let_go(purpose: str, link_id: str) -> None:
    """Whoever takes this phone next sees nothing."""
    session[purpose] = [other for other in _held(purpose) if other != link_id]


def held(work: Work, purpose: str, link_id: str) -> Link | None:
    """The link, where this browser has spent it and its time is not over."""
    if link_id not in _held(purpose):
        return None
    link = links.opened(work, link_id)
    return link if link is not None and link.purpose == purpose else None


def _held(purpose: str) -> list[str]:
    kept = session.get(purpose, [])
    return [each for each in kept if isinstance(each, str)] if isinstance(kept, list) else []
