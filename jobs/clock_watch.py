"""The clock of the machine was put back or forward: what waits does not wait for a day, and nothing ends too early.

Moments in the database are the wall clock's. Where that jumps (somebody sets it, a virtual machine wakes up), a
lease or a next try may lie a day ahead, and a message may look older than it is. The steady clock tells by how much.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bot import log, metrics
from storage import clock_jumps, instance
from storage.work import Database

JUMP = 30.0  # seconds; less than that is an ordinary correction, and every deadline of ours bears it


@dataclass
class ClockWatch:
    """Asked each few seconds; `steady` never jumps, `db.clock` may."""

    db: Database
    steady: Callable[[], float] = time.monotonic
    _between: float = field(init=False)

    def __post_init__(self) -> None:
        self._between = self._distance()

    def look(self) -> float:
        """The seconds by which the clock has jumped since the last look, nearly always 0."""
        jump = self._distance() - self._between
        if abs(jump) < JUMP:
            self._between += jump  # a clock that drifts is followed, so that drifts do not add up to a jump
            return 0.0
        self._follow(jump)
        self._between += jump  # only now: where the database was away, the next look tries again
        _tell(jump)
        return jump

    def _follow(self, jump: float) -> None:
        with self.db.work() as work:
            clock_jumps.follow(work, dt.timedelta(seconds=jump))
            instance.seen(work)

    def _distance(self) -> float:
        return self.db.clock().timestamp() - self.steady()


def look_back(db: Database) -> float:
    """At a start: by how many seconds the clock was put back while nothing ran, nearly always 0.

    The last sign of life then lies ahead, and what a dead sender held would wait until the clock comes there again.
    A clock that was put forward meanwhile looks like a long pause, and is one for all deadlines.
    """
    with db.work() as work:
        last = instance.seen(work)
        back = (work.now - last).total_seconds() if last else 0.0
        if back > -JUMP:
            return 0.0
        clock_jumps.follow(work, dt.timedelta(seconds=back))
    _tell(back)
    return back


def _tell(jump: float) -> None:
    metrics.ALARMS.labels("clock.jumped").inc()
    log.alarm("clock.jumped", seconds=round(jump))
