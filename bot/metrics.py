"""What is counted, for Prometheus. Labels are channels, kinds and codes: never a person, never a word."""

from __future__ import annotations

from collections.abc import Collection, Mapping

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
OUTBOX = Gauge("tsunagari_outbox", "Rows that wait to be sent.", ("channel", "state"), registry=REGISTRY)
SETTLED = Counter(
    "tsunagari_outbox_settled",
    "Rows that this process ended, and how.",
    ("channel", "state"),
    registry=REGISTRY,
)
OLDEST = Gauge(
    "tsunagari_outbox_oldest_seconds",
    "How long what should have left and waits has been waiting, by channel; nothing where nothing does.",
    ("channel",),
    registry=REGISTRY,
)
RESTING = Gauge(
    "tsunagari_channel_resting", "Sending rests on this channel.", ("channel",), registry=REGISTRY
)
CHANNELS = Gauge("tsunagari_channels", "Accounts that are served.", registry=REGISTRY)
QUOTA_LEFT = Gauge(
    "tsunagari_quota_left",
    "Messages left of the month's quota, as LINE said when it was last asked (that is when they run short).",
    ("channel",),
    registry=REGISTRY,
)
CHANNEL_TROUBLE = Counter(
    "tsunagari_line_trouble",
    "Calls to LINE that were not accepted, by channel: the status, or none for no answer.",
    ("channel", "status"),
    registry=REGISTRY,
)
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
JOBS = Gauge(
    "tsunagari_jobs",
    "Jobs for workers, on PostgreSQL: waiting, doing, stalled, failed.",
    ("state",),
    registry=REGISTRY,
)
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


def count_call(channel: str, endpoint: str, status: str, seconds: float, *, ok: bool) -> None:
    """Count one call to LINE; by channel only where it was not accepted, else 1,700 towns would be as many times
    every endpoint."""
    API_CALLS.labels(endpoint, status).inc()
    API_SECONDS.labels(endpoint).observe(seconds)
    if not ok:
        CHANNEL_TROUBLE.labels(channel, status).inc()


def note_channels(served: int, waits: Mapping[str, float], resting: Collection[str]) -> None:
    """How the channels stand: how many there are, the seconds that the oldest row waits, and which of them rest."""
    CHANNELS.set(served)
    OLDEST.clear()
    for channel, seconds in waits.items():
        OLDEST.labels(channel).set(seconds)
    RESTING.clear()
    for channel in resting:
        RESTING.labels(channel).set(1)


def show(waiting: Mapping[str, int], mails: Mapping[str, int], jobs: Mapping[str, int]) -> bytes:
    """The text of /metrics, with what waits on each channel, the mails and the jobs as they stand now."""
    JOBS.clear()
    for state, number in jobs.items():
        JOBS.labels(state).set(number)
    OUTBOX.clear()
    for channel, number in waiting.items():
        OUTBOX.labels(channel, "waiting").set(number)
    MAIL_ROWS.clear()
    for state, number in mails.items():
        MAIL_ROWS.labels(state).set(number)
    return generate_latest(REGISTRY)
