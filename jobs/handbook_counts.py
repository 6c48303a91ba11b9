"""Writing what the pages of the handbook counted: every few seconds, and once more at the end."""

from __future__ import annotations

import threading
from typing import Final

from bot import log
from bot.handbook.tally import Tally
from storage import handbook_usage
from storage.work import Database

EVERY: Final = 5.0  # seconds


class Counting:
    """A thread beside the pages of one process. Where nobody came it writes nothing."""

    def __init__(self, db: Database, tally: Tally) -> None:
        self._db, self._tally = db, tally
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="handbook-counts", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write what is left, and end."""
        self._ended.set()
        self._thread.join()
        self.write()

    def write(self) -> None:
        """In one transaction; what fails is tried again with the next."""
        seen = self._tally.take()
        if not seen:
            return
        try:
            with self._db.work() as work:
                handbook_usage.add(work, seen)
        except Exception as trouble:
            self._tally.give_back(seen)
            log.error("handbook.not_counted", trouble)

    def _run(self) -> None:
        while not self._ended.wait(EVERY):
            self.write()
