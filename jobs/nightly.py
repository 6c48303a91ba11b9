"""Once a night: forget what has served its purpose."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from bot import log
from bot.content.library import Content
from jobs.rooms import Rooms
from storage import (
    attempts,
    audit,
    broadcast_drafts,
    broadcast_pictures,
    broadcast_series,
    broadcasts,
    conversations,
    course_answers,
    course_mails,
    course_places,
    dangers,
    drafts,
    events,
    guard,
    handbook_results,
    handbook_usage,
    jobs_queue,
    links,
    mails,
    news_items,
    notices,
    outbox,
    reminders,
    retention,
    sessions,
    staff,
    staff_lines,
    sweeping,
    tries,
)
from storage.work import Database, Work

if TYPE_CHECKING:
    from bot.app import Services

UNFINISHED = dt.timedelta(days=30)  # the answers of a conversation that nobody came back to
SETTLED = dt.timedelta(days=90)  # rows of the outbox: no words in them, only figures for the monthly report
OLD_NEWS = dt.timedelta(days=365)  # broadcasts, and who got them
STILL_ASKED = dt.timedelta(days=30)  # a questionnaire is answered by then (bot/programme/questionnaire.py)

FORGET: dict[str, Callable[[Work], int]] = {
    "events": events.forget_old,
    "broadcasts": lambda work: broadcasts.forget_old(work, OLD_NEWS),
    "broadcast_series": lambda work: broadcast_series.forget_old(work, OLD_NEWS),
    "broadcast_pictures": broadcast_pictures.forget_old_tests,
    "broadcast_photos": broadcast_pictures.forget_old_photos,
    "broadcast_drafts": broadcast_drafts.forget_old,
    "news_items": lambda work: news_items.forget_old(work, SETTLED),
    "conversations": lambda work: conversations.forget_old(work, UNFINISHED, SETTLED),
    "outbox": lambda work: outbox.forget_old(work, SETTLED, OLD_NEWS),
    "attempts": attempts.forget_old,
    "drafts": drafts.forget_old,
    "links": links.forget_old,
    "kept_results": handbook_results.forget_old,
    "handbook_hours": handbook_usage.forget_old,
    "guard": guard.forget_old,
    "jobs": jobs_queue.forget_old,
    "course_mails": lambda work: course_mails.forget_old(work, SETTLED),
    "mails": lambda work: mails.forget_old(work, SETTLED),
    "notices": lambda work: notices.forget_old(work, SETTLED),
    "reminders": lambda work: reminders.forget_old(work, SETTLED),
    "staff_codes": staff_lines.forget_old,
    "sessions": sessions.forget_old,
    "tries": tries.forget_old,
}
AT_ONCE = 50  # concerns in one transaction: nobody waits long for it


def policy(content: Content) -> dict[str, dt.timedelta]:
    """How long the words of a closed concern are kept, by outcome."""
    return {key: outcome.retention for key, outcome in content.outcomes.items()}


def purge_concerns(services: Rooms, actor: str) -> int:
    """The words of concerns that have been closed for long enough; how many went."""
    with services.db.look() as work:
        found = retention.due(work, policy(services.content))
    gone = 0
    for at in range(0, len(found), AT_ONCE):
        with services.db.work() as work:
            gone += sum(retention.purge(work, each, actor) for each in found[at : at + AT_ONCE])
    return gone


def purge(services: Services) -> dict[str, int]:
    """Forget, each kind in its own transaction; a failing one does not keep the others. How many went."""
    parts: dict[str, Callable[[], int]] = {
        **{kind: partial(_in_one_work, services, forget) for kind, forget in FORGET.items()},
        "course_places": lambda: _in_one_work(services, partial(_old_places, services.content)),
        "course_answers": lambda: _in_one_work(services, partial(_old_answers, services.content)),
        "dangers": lambda: _in_one_work(services, partial(_old_dangers, services.content)),
        "concerns": lambda: purge_concerns(services, "nightly"),
        "audit": lambda: _old_audit(services),
        "staff": lambda: _in_one_work(services, staff.forget_old),  # whom the audit names no more
    }
    gone = {}
    for kind, forget in parts.items():
        try:
            gone[kind] = forget()
        except Exception as trouble:
            log.error("nightly.trouble", trouble, kind=kind)
    _sweep(services.db)
    for kind, count in gone.items():
        log.event("nightly.forgot", kind=kind, count=count)
    _note_heads(services)
    return gone


def _sweep(db: Database) -> None:
    """What went leaves the files, too."""
    try:
        left = sweeping.sweep(db)
    except Exception as trouble:
        log.error("nightly.trouble", trouble, kind="sweep")
        return
    for table in left:
        log.event("nightly.not_rewritten", kind=table)


def _note_heads(services: Rooms) -> None:
    """The newest hash of each audit chain goes where the database is not: into the log."""
    with services.db.look() as work:
        heads = [audit.head(work, channel) for channel in audit.channels(work)]
    for head in heads:
        log.event("audit.head", mark=f"{head.channel}:{head.seq}:{head.hash}")


def _in_one_work(services: Services, forget: Callable[[Work], int]) -> int:
    with services.db.work() as work:
        return forget(work)


def _old_places(content: Content, work: Work) -> int:
    """Who signed up for courses of long ago: the names go, the numbers stay."""
    return course_places.forget_old(work, _names_kept(content))


def _old_answers(content: Content, work: Work) -> int:
    """What people wrote after courses of long ago, and who was asked."""
    return course_answers.forget_old(work, max(_names_kept(content), STILL_ASKED))


def _names_kept(content: Content) -> dt.timedelta:
    return dt.timedelta(days=content.programme.courses.keep_names_days)


def _old_dangers(content: Content, work: Work) -> int:
    """That somebody was in danger, long after it was looked after."""
    return dangers.forget_old(work, dt.timedelta(days=content.danger_retention_days))


def _old_audit(services: Rooms) -> int:
    with services.db.work() as work:
        return audit.forget_old(work, dt.timedelta(days=services.content.audit_retention_days))
