"""Is it alive, can it work, and what has it done: for monitors, never for people."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST

from bot import log, metrics
from storage import health as storage_health
from storage import jobs_queue, mails, switches, turns

if TYPE_CHECKING:
    from bot.app import Services

JOBS_SILENT_FOR = dt.timedelta(minutes=5)  # the timetable ticks each minute


def blueprint(services: Services) -> Blueprint:
    """/healthz, /readyz and /metrics."""
    pages = Blueprint("health", __name__)

    @pages.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    @pages.get("/readyz")
    def readyz() -> tuple[Response, int]:
        wrong = what_is_wrong(services)
        return jsonify(ready=not wrong, wrong=wrong), 503 if wrong else 200

    @pages.get("/metrics")
    def show_metrics() -> Response:
        try:
            with services.db.look() as work:
                rows, letters = turns.waiting(work), mails.counts(work)
                asked = jobs_queue.standing(work).counts
                waits, resting = turns.oldest(work), switches.paused_channels(work)
            metrics.note_channels(len(services.settings.channels), waits, resting)
        except Exception as trouble:  # the other figures are wanted most when the database is away
            log.error("metrics.no_outbox", trouble)
            rows, letters, asked = {}, {}, {}
        return Response(metrics.show(rows, letters, asked), content_type=CONTENT_TYPE_LATEST)

    return pages


def what_is_wrong(services: Services) -> list[str]:
    """What keeps this process from working, each in a few words that name no secret."""
    wrong = []
    try:
        with services.db.look() as work:
            seen_at, now = storage_health.pulse(work).jobs_seen_at, work.now
            asked = jobs_queue.standing(work)
        if seen_at is not None and now - seen_at > JOBS_SILENT_FOR:
            wrong.append(f"jobs: the timetable was last seen at {seen_at.isoformat(timespec='seconds')}")
        if asked.waits > jobs_queue.NOBODY_WORKS:
            wrong.append(f"jobs: no worker does what {asked.waiting} of them wait for")
    except Exception as trouble:
        log.error("readyz.database", trouble)
        wrong.append(f"database: {type(trouble).__name__}")
    if services.content is None or not services.content.towns:
        wrong.append("content: no towns are loaded")
    return wrong
