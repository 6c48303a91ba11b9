"""LINE's webhook: check, write down, answer. No call to LINE is made before the answer."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from flask import Blueprint, Response, abort, jsonify, request

from bot import intake, log, metrics
from bot.events import Known
from bot.intake import Intake, kind_of
from bot.line.incoming import Broken, Ignored, Malformed, read_body, signature_is_right
from bot.settings import DEFAULT_CHANNEL
from storage import events
from storage.trouble import is_outage

if TYPE_CHECKING:
    from bot.app import Services

Outcome = intake.Outcome | Literal["ignored", "broken"]
Item = Known | Ignored | Broken
OK, AGAIN = b'{"status":"ok"}\n', b'{"status":"again"}\n'


def blueprint(services: Services) -> Blueprint:
    """POST /callback for the default channel, /callback/<channel> for any."""
    pages, takes_in = Blueprint("webhook", __name__), Intake(services)

    @pages.post("/callback")
    def default_channel() -> Response:
        return _receive(services, takes_in, DEFAULT_CHANNEL)

    @pages.post("/callback/<channel>")
    def one_channel(channel: str) -> Response:
        return _receive(services, takes_in, channel)

    return pages


def _receive(services: Services, takes_in: Intake, channel: str) -> Response:
    """One webhook, in four steps; only the third writes.

    1. Whose it is and whether LINE signed these bytes.
    2. What is in it.
    3. Each event in the order in which they happened, and whatever it causes (bot/intake.py).
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
        outcomes = _take(services, takes_in, channel, ordered)
    if "handled" in outcomes or "poisoned" in outcomes:
        services.bell.set()
    again = "again" in outcomes
    return Response(AGAIN if again else OK, 500 if again else 200, mimetype="application/json")


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


def _take(services: Services, intake: Intake, channel: str, items: Sequence[Item]) -> list[Outcome]:
    """What came of each, in their order; nothing that one of them does harms the next."""
    taken = iter(intake.take([item for item in items if isinstance(item, Known)]))
    outcomes: list[Outcome] = []
    for item in items:
        kind: str
        reason: str | None
        outcome: Outcome
        if isinstance(item, Ignored):
            kind, reason, outcome = item.kind, item.reason, "ignored"
        elif isinstance(item, Broken):
            kind, reason, outcome = item.kind, item.error, _set_aside(services, channel, item)
        else:
            kind, reason, outcome = kind_of(item), None, next(taken)
        metrics.count_event(channel, kind, outcome)
        event_id = item.id if isinstance(item, Known) else None
        log.event(
            "webhook.event",
            channel=channel,
            event_kind=kind,
            event_id=event_id,
            outcome=outcome,
            reason=reason,
        )
        outcomes.append(outcome)
    return outcomes


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
