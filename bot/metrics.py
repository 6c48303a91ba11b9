"""What is counted, for Prometheus. Labels are channels, kinds and codes: never a person, never a word."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()
KNOWN_KINDS = frozenset({"message", "postback", "follow", "unfollow", "unsend"})

EVENTS = Counter("tsunagari_events", "Webhook events.", ("channel", "kind", "outcome"), registry=REGISTRY)
WEBHOOK_SECONDS = Histogram(
    "tsunagari_webhook_seconds",
    "Time from a webhook's arrival to its answer.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
    registry=REGISTRY,
)
WEBHOOKS_REFUSED = Counter(
    "tsunagari_webhooks_refused", "Webhooks that were not accepted.", ("reason",), registry=REGISTRY
)
OUTBOX = Gauge("tsunagari_outbox", "Rows of the outbox.", ("channel", "state"), registry=REGISTRY)
API_CALLS = Counter("tsunagari_line_calls", "Calls to LINE's API.", ("endpoint", "status"), registry=REGISTRY)
API_SECONDS = Histogram(
    "tsunagari_line_seconds",
    "Time that LINE's API took.",
    ("endpoint",),
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
ALREADY_ACCEPTED = Counter(
    "tsunagari_line_already_accepted",
    "409 answers: the message had been accepted before. Many of them mean that two senders try one row.",
    registry=REGISTRY,
)
DANGERS = Counter(
    "tsunagari_dangers", "Words of danger that were answered, by code.", ("code",), registry=REGISTRY
)
MAILS = Counter(
    "tsunagari_mails", "Mails to desks that were tried, by what came of it.", ("outcome",), registry=REGISTRY
)
MAIL_ROWS = Gauge("tsunagari_mail_rows", "Mails to desks, as they stand.", ("state",), registry=REGISTRY)
OVERDUE = Counter(
    "tsunagari_overdue",
    "Due times that passed without the desk having acted, by clock and level of urgency.",
    ("clock", "level"),
    registry=REGISTRY,
)
ALARMS = Counter("tsunagari_alarms", "Moments when somebody has to act.", ("name",), registry=REGISTRY)


def count_event(channel: str, kind: str, outcome: str) -> None:
    """Count one event; kinds that LINE may invent later share one label."""
    EVENTS.labels(channel, kind if kind in KNOWN_KINDS else "other", outcome).inc()


def show(outbox: Mapping[tuple[str, str], int], mails: Mapping[str, int]) -> bytes:
    """The text of /metrics, with the outbox and the mails as they stand now."""
    OUTBOX.clear()
    for (channel, state), number in outbox.items():
        OUTBOX.labels(channel, state).set(number)
    MAIL_ROWS.clear()
    for state, number in mails.items():
        MAIL_ROWS.labels(state).set(number)
    return generate_latest(REGISTRY)
