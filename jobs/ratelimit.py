"""Staying below LINE's rate limits: a token bucket per channel and endpoint."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

# Calls a second and channel that LINE permits (Messaging API reference, "Rate limits"). A twentieth is left for the
# burst below and for calls that the way to LINE pushes together. Where several processes send, each takes its part.
MULTICAST_A_SECOND = 200 * 0.95
OTHERS_A_SECOND = 2_000 * 0.95
BURST = 0.02  # seconds' worth
MOST_PARTS = 16  # a part is never so small that a row waits for its turn longer than it is leased; what is then too much
# LINE answers with 429, which is harmless


@dataclass
class Bucket:
    """Lets `rate` calls a second pass, divided by `parts`, and the worth of BURST at once."""

    rate: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, parts: int = 1) -> float:
        """Wait for one's turn; how many seconds that took."""
        with self._lock:
            now = self.clock()
            turn = max(self._next, now - BURST)
            self._next = turn + parts / self.rate
        wait = max(0.0, turn - now)
        if wait:
            self.sleep(wait)
        return wait


@dataclass
class Limits:
    """The buckets of all channels. `parts` is how many processes send: they share what LINE permits."""

    parts: int = 1
    _buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def share(self, processes: int) -> None:
        """From now on so many processes send, this one among them."""
        self.parts = min(max(1, processes), MOST_PARTS)

    def take(self, channel: str, endpoint: str) -> None:
        """Wait until this channel may call this endpoint ("multicast", "push", "reply", "link_menu")."""
        with self._lock:
            bucket = self._buckets.get((channel, endpoint))
            if bucket is None:
                rate = MULTICAST_A_SECOND if endpoint == "multicast" else OTHERS_A_SECOND
                bucket = self._buckets[channel, endpoint] = Bucket(rate)
        bucket.take(self.parts)
