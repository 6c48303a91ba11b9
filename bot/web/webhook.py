"""LINE's webhook: check, write down, answer. No call to LINE is made before the answer."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from typing import TYPE_CHECKING, Literal

from flask import Blueprint, Response, abort, jsonify, request

from bot import handlers, log, metrics, outage
from bot.events import ButtonTapped, Followed, Known, Unfollowed, Unsent
from bot.line.incoming import Broken, Ignored, Malformed, read_body, signature_is_right
from bot.settings import DEFAULT_CHANNEL
from storage import events
from storage.trouble import is_outage

if TYPE_CHECKING:
    from bot.app import Services

MOST_TRIES = 3  # deliveries of an event that our own code fails on, before it is set aside
QUICK = 0.3  # seconds: a database that refused so fast (a deadlock, say) is asked once more
Outcome = Literal["handled", "duplicate", "ignored", "broken", "poisoned", "again"]


def blueprint(services: Services) -> Blueprint:
    """POST /callback for the default channel, /callback/<channel> for any."""
    pages = Blueprint("webhook", __name__)

    @pages.post("/callback")
    def default_channel() -> Response:
        return _receive(services, DEFAULT_CHANNEL)

    @pages.post("/callback/<channel>")
    def one_channel(channel: str) -> Response:
        return _receive(services, channel)

    return pages


def _receive(services: Services, channel: str) -> Response:
    """One webhook, in four steps; only the third writes.

    1. Whose it is and whether LINE signed these bytes.
    2. What is in it.
    3. One unit of work per event, in the order in which they happened.
    4. 200; 500 where LINE shall deliver again (what is written already counts once).
    """
    account = services.settings.channels.get(channel)
    if account is None:
        metrics.WEBHOOKS_REFUSED.labels("channel").inc()
        abort(404)
    with metrics.WEBHOOK_SECONDS.time():
        body = _whole_body()
        if not signature_is_right(account.secret, body, request.headers.get("X-Line-Signature")):
            return _refused(channel, "signature")
        try:
            batch = read_body(body, channel, services.db.clock() - events.KEPT_FOR)
        except Malformed:
            return _refused(channel, "malformed")
        ordered = sorted(batch.items, key=lambda item: item.at_ms if isinstance(item, Known) else 0)
        outcomes = [_take(services, channel, item) for item in ordered]
    if "handled" in outcomes or "poisoned" in outcomes:
        services.bell.set()
    answer = jsonify(status="again" if "again" in outcomes else "ok")
    answer.status_code = 500 if "again" in outcomes else 200
    return answer


def _whole_body() -> bytes:
    """The raw bytes; 413 when there are too many. Of a chunked body werkzeug silently gives only the first."""
    body = request.get_data(cache=False)
    if request.content_length is None and len(body) >= (request.max_content_length or len(body) + 1):
        abort(413)
    return body


def _refused(channel: str, reason: str) -> Response:
    metrics.WEBHOOKS_REFUSED.labels(reason).inc()
    log.event("webhook.refused", channel=channel, reason=reason)
    answer = jsonify(error="Bad Request")
    answer.status_code = 400
    return answer


def _take(services: Services, channel: str, item: Known | Ignored | Broken) -> Outcome:
    """What came of one event; nothing that one of them does harms the next."""
    kind: str
    reason: str | None
    outcome: Outcome
    if isinstance(item, Ignored):
        kind, reason, outcome = item.kind, item.reason, "ignored"
    elif isinstance(item, Broken):
        kind, reason, outcome = item.kind, item.error, _set_aside(services, channel, item)
    else:
        kind, reason, outcome = _kind(item), None, _handle(services, item)
    metrics.count_event(channel, kind, outcome)
    event_id = item.id if isinstance(item, Known) else None
    log.event(
        "webhook.event", channel=channel, event_kind=kind, event_id=event_id, outcome=outcome, reason=reason
    )
    return outcome


def _handle(services: Services, event: Known) -> Outcome:
    started = time.monotonic()
    try:
        return _once(services, event)
    except Exception as trouble:
        if not is_outage(trouble):
            return _troubled(services, event, trouble)
        log.error("webhook.database", trouble, channel=event.channel, event_id=event.id)
    if time.monotonic() - started <= QUICK:
        try:
            return _once(services, event)
        except Exception as trouble:
            log.error("webhook.failed_twice", trouble, channel=event.channel, event_id=event.id)
    outage.noticed(outage.DATABASE)
    return "again"


def _once(services: Services, event: Known) -> Outcome:
    """The unit of work: that the event was seen and everything it causes, or nothing."""
    with services.db.work() as work:
        if not events.first_time(work, event.channel, event.id):
            return "duplicate"
        handlers.handle(services, work, event)
    return "handled"


def _troubled(services: Services, event: Known, trouble: Exception) -> Outcome:
    """Our own mistake: let LINE try again, but not for ever, and then say sorry."""
    log.error("webhook.troubled", trouble, channel=event.channel, event_id=event.id)
    why = f"{type(trouble).__name__} {log.trace_of(trouble, frames=2)}"
    try:
        with services.db.work() as work:
            tries = events.troubled(work, event.channel, event.id, _kind(event), why, _without_words(event))
            if tries >= MOST_TRIES:
                events.first_time(work, event.channel, event.id)
    except Exception as worse:
        log.error("webhook.not_noted", worse, channel=event.channel, event_id=event.id)
        return "again"
    if tries == 1:  # at once, because an account may have LINE's redelivery switched off
        _apologise(services, event)
    if tries < MOST_TRIES:
        return "again"
    metrics.ALARMS.labels("webhook.poisoned").inc()
    log.alarm("webhook.poisoned", channel=event.channel, event_id=event.id, tries=tries)
    return "poisoned"


def _apologise(services: Services, event: Known) -> None:
    try:
        with services.db.work() as work:
            handlers.apologise(services, work, event)
    except Exception as worse:
        log.error("webhook.no_apology", worse, channel=event.channel, event_id=event.id)


def _set_aside(services: Services, channel: str, item: Broken) -> Outcome:
    """Keep what nobody can read for somebody to look at; delivering it again would not help."""
    event_id = item.event_id or f"broken-{hashlib.sha256(item.raw.encode()).hexdigest()[:32]}"
    try:
        with services.db.work() as work:
            events.troubled(work, channel, event_id, item.kind, item.error, item.raw)
    except Exception as trouble:
        log.error("webhook.not_set_aside", trouble, channel=channel)
        return "again" if is_outage(trouble) else "broken"
    return "broken"


def _without_words(event: Known) -> str:
    """An event as it goes to quarantine: typed words and the token are not kept, not even sealed."""
    kept = {
        name: value
        for name, value in dataclasses.asdict(event).items()
        if name not in ("text", "reply_token", "line_id")
    }
    return json.dumps(kept, default=str)


def _kind(event: Known) -> str:
    match event:
        case ButtonTapped():
            return "postback"
        case Followed():
            return "follow"
        case Unfollowed():
            return "unfollow"
        case Unsent():
            return "unsend"
        case _:
            return "message"
