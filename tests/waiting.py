"""To wait for what another thread or process does; with a limit, so that nothing hangs."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(true: Callable[[], bool], seconds: float = 20, *, what: str = "it") -> None:
    """Asks again and again until it is true; after so many seconds the test fails and says what did not happen."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"within {seconds:g} seconds this did not happen: {what}"
        time.sleep(0.02)
