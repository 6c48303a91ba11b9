"""What is away, and for whom somebody has to look: one alarm for one outage, however often it is noticed."""

from __future__ import annotations

import threading
import time
from typing import Any

from bot import log, metrics

QUIET = 30 * 60.0  # seconds without trouble, after which the next one is an outage of its own
DATABASE, LINE, MAIL = "database.away", "line.away", "mail.away"
_noticed: dict[tuple[str, str], float] = {}
_lock = threading.Lock()


def noticed(name: str, channel: str = "", **more: Any) -> None:
    """The trouble is there (still, or again so soon that it is the same): the first time is an alarm."""
    now = time.monotonic()
    with _lock:
        last = _noticed.get((name, channel))
        _noticed[name, channel] = now
    if last is not None and now - last < QUIET:
        return
    metrics.ALARMS.labels(name).inc()
    log.alarm(name, **({"channel": channel} if channel else {}), **more)


def forget() -> None:
    """As if nothing had ever been away; for tests."""
    with _lock:
        _noticed.clear()
