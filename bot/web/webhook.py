"""LINE's webhook: check, write down, answer. No call to LINE is made before the answer.

One webhook, in four steps; only the third writes.

1. Whose it is and whether LINE signed these bytes.
2. What is in it.
3. Each event in the order in which they happened, and whatever it causes (bot/intake.py).
4. 200; 500 where LINE shall deliver again (what is written already counts once).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast

from flask import Blueprint, Flask, Response, abort, jsonify, request

from bot import intake, log, metrics
from bot.channels import Channels
from bot.events import Known
from bot.intake import Intake, kind_of
from bot.line.incoming import Broken, Ignored, Malformed, read_body, signature_is_right
from bot.settings import DEFAULT_CHANNEL, Channel
from storage import events
from storage.trouble import is_outage

if TYPE_CHECKING:
    from bot.app import Services

Outcome = intake.Outcome | Literal["ignored", "broken"]
Item = Known | Ignored | Broken
ANSWERS: Final = {200: b'{"status":"ok"}\n', 500: b'{"status":"again"}\n'}


class Refused(Exception):
    """No webhook for us: `reason` is "channel", "signature" or "malformed"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Webhook:
    """Signed by LINE and readable, its events in the order in which they happened."""

    channel: str
    items: Sequence[Item]

    @property
    def known(self) -> list[Known]:
        return [item for item in self.items if isinstance(item, Known)]

    @property
    def plain(self) -> bool:
        """Whether something is to be written, and nothing is to be set aside."""
        return bool(self.known) and not any(isinstance(item, Broken) for item in self.items)


class Reception:
    """Where webhooks are taken in, whoever brings them: Flask's view, or gunicorn's worker by the short way
    (bot/web/express.py)."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.intake = Intake(services)

    def account(self, channel: str) -> Channel | None:
        """None where there is none by this name."""
        return self.services.settings.channels.get(channel)

    def account_at_hand(self, channel: str) -> Channel | None:
        """The same, but None also where the database would have to be asked."""
        channels = self.services.settings.channels
        return channels.at_hand(channel) if isinstance(channels, Channels) else channels.get(channel)

    def read(self, account: Channel | None, body: bytes, signature: str | None) -> Webhook:
        """Steps 1 and 2; raises Refused."""
        if account is None:
            raise Refused("channel")
        if not signature_is_right(account.secret, body, signature):
            raise Refused("signature")
        try:
            batch = read_body(body, account.name, self.services.db.clock() - events.KEPT_FOR)
        except Malformed:
            raise Refused("malformed") from None
        return Webhook(
            account.name, sorted(batch.items, key=lambda item: item.at_ms if isinstance(item, Known) else 0)
        )

    def conclude(self, webhook: Webhook, taken: Sequence[intake.Outcome]) -> int:
        """Step 4: counts and logs what came of each event (`taken`: of those that are known), wakes the sender. The
        status of the answer."""
        outcomes = self._outcomes(webhook, taken)
        if "handled" in outcomes or "poisoned" in outcomes:
            self.services.bell.set()
        return 500 if "again" in outcomes else 200

    def _outcomes(self, webhook: Webhook, taken: Sequence[intake.Outcome]) -> list[Outcome]:
        """In the order of the events; nothing that one of them does harms the next."""
        left = iter(taken)
        outcomes: list[Outcome] = []
        for item in webhook.items:
            kind: str
            reason: str | None
            outcome: Outcome
            if isinstance(item, Ignored):
                kind, reason, outcome = item.kind, item.reason, "ignored"
            elif isinstance(item, Broken):
                kind, reason, outcome = item.kind, item.error, self._set_aside(webhook.channel, item)
            else:
                kind, reason, outcome = kind_of(item), None, next(left)
            metrics.count_event(webhook.channel, kind, outcome)
            log.event(
                "webhook.event",
                channel=webhook.channel,
                event_kind=kind,
                event_id=item.id if isinstance(item, Known) else None,
                outcome=outcome,
                reason=reason,
            )
            outcomes.append(outcome)
        return outcomes

    def _set_aside(self, channel: str, item: Broken) -> Outcome:
        """Keep what nobody can read for somebody to look at; delivering it again would not help."""
        event_id = item.event_id or f"broken-{hashlib.sha256(item.raw.encode()).hexdigest()[:32]}"
        try:
            with self.services.db.work() as work:
                events.troubled(work, channel, event_id, item.kind, item.error, item.raw)
        except Exception as trouble:
            log.error("webhook.not_set_aside", trouble, channel=channel)
            return "again" if is_outage(trouble) else "broken"
        return "broken"


def reception_of(app: Flask) -> Reception:
    """The one whose view stands in this app."""
    return cast(Reception, app.extensions["webhook"])


def blueprint(services: Services) -> Blueprint:
    """POST /callback for the default channel, /callback/<channel> for any."""
    pages, reception = Blueprint("webhook", __name__), Reception(services)
    pages.record_once(lambda state: state.app.extensions.update(webhook=reception))

    @pages.post("/callback")
    def default_channel() -> Response:
        return _receive(reception, DEFAULT_CHANNEL)

    @pages.post("/callback/<channel>")
    def one_channel(channel: str) -> Response:
        return _receive(reception, channel)

    return pages


def _receive(reception: Reception, channel: str) -> Response:
    with metrics.WEBHOOK_SECONDS.time():
        try:
            account = reception.account(channel)
            webhook = reception.read(account, _whole_body(), request.headers.get("X-Line-Signature"))
        except Refused as refused:
            return _refused(channel, refused.reason)
        status = reception.conclude(webhook, reception.intake.take(webhook.known))
    return Response(ANSWERS[status], status, mimetype="application/json")


def _whole_body() -> bytes:
    """The raw bytes; 413 when there are too many. Of a chunked body werkzeug silently gives only the first."""
    body = request.get_data(cache=False)
    if request.content_length is None and len(body) >= (request.max_content_length or len(body) + 1):
        abort(413)
    return body


def _refused(channel: str, reason: str) -> Response:
    metrics.WEBHOOKS_REFUSED.labels(reason).inc()
    if reason == "channel":
        abort(404)
    log.event("webhook.refused", channel=channel, reason=reason)
    answer = jsonify(error="Bad Request")
    answer.status_code = 400
    return answer
