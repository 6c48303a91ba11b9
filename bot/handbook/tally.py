"""Counters in memory until they are written: opening a page of the handbook waits for no database."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping

from storage.handbook_usage import Seen

MOST = 20_000  # different counters; there are so many only where the database has been away for days


class Tally:
    """What was counted and not yet written. What is here when a process is killed is lost: seconds of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen = Counter[Seen]()

    def count(self, seen: Iterable[Seen]) -> None:
        """Each of them once more."""
        self.give_back(Counter(seen))

    def take(self) -> Counter[Seen]:
        """All of it, which is now the caller's."""
        with self._lock:
            taken, self._seen = self._seen, Counter()
        return taken

    def give_back(self, seen: Mapping[Seen, int]) -> None:
        """It could not be written."""
        with self._lock:
            for one, count in seen.items():
                if one in self._seen or len(self._seen) < MOST:
                    self._seen[one] += count
