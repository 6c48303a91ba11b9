"""Once a night: forget what has served its purpose."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

from bot import log
from storage import attempts, conversations, events, guard, links, outbox
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services

UNFINISHED = dt.timedelta(days=30)  # the answers of a conversation that nobody came back to
SETTLED = dt.timedelta(days=90)  # rows of the outbox: no words in them, only figures for the monthly report

FORGET: dict[str, Callable[[Work], int]] = {
    "events": events.forget_old,
    "conversations": lambda work: conversations.forget_old(work, UNFINISHED),
    "outbox": lambda work: outbox.forget_old(work, SETTLED),
    "attempts": attempts.forget_old,
    "links": links.forget_old,
    "guard": guard.forget_old,
}


def purge(services: Services) -> dict[str, int]:
    """Forget, each kind in its own transaction; a failing one does not keep the others. How many went."""
    gone = {}
    for kind, forget in FORGET.items():
        try:
            with services.db.work() as work:
                gone[kind] = forget(work)
        except Exception as trouble:
            log.error("nightly.trouble", trouble, kind=kind)
    services.db.truncate_log()
    for kind, count in gone.items():
        log.event("nightly.forgot", kind=kind, count=count)
    return gone
