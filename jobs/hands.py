"""The threads that call LINE, and which channel holds how many of them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from storage import outbox, quota, turns
from storage.outbox import Outgoing
from storage.work import Work


@dataclass
class Hands:
    """No channel holds more hands than stay free for the others.

    One alone gets half of them, two get a third each. So whose messages all run into a timeout, or who has a hundred
    thousand of them, never has the last one, however many channels fare like that. (Switches share their memory
    between ports by this rule: Choudhury and Hahne, "Dynamic queue length thresholds", 1998.)
    """

    free: int
    held: Counter[str] = field(default_factory=Counter)
    last: str = ""
    """The channel that had its turn last, where there are many."""
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    def room(self, channel: str) -> int:
        """How many more this channel may take."""
        return max(0, (self.free - self.held[channel] + 1) // 2)

    @property
    def room_of_any(self) -> int:
        """How many more may be taken, whosever they are."""
        return max(0, (self.free - max(self.held.values(), default=0) + 1) // 2)

    def take(self, channel: str, number: int = 1) -> None:
        with self._lock:
            self.held[channel] += number
            self.free -= number

    def give_back(self, channel: str) -> None:
        with self._lock:
            self.held[channel] -= 1
            if not self.held[channel]:
                del self.held[channel]  # a channel of yesterday is not looked through for ever
            self.free += 1

    def after(self, rows: Sequence[Outgoing]) -> Hands:
        """What is left when these are under way, too."""
        with self._lock:
            left = replace(self, held=self.held.copy())
        for row in rows:
            left.take(row.channel)
        return left


@dataclass
class OneByOne(Hands):
    """One row is sent after the other: then there is nothing to share."""

    def room(self, channel: str) -> int:
        return self.free

    @property
    def room_of_any(self) -> int:
        return self.free


def in_turn(work: Work, hands: Hands, rows: Sequence[Outgoing], resting: Mapping[str, str]) -> list[Outgoing]:
    """Claim what the channels have room for when these rows have hands already, one channel after the other; what
    rests only as far as its reason (by channel) lets it."""
    left, ids = hands.after(rows), list[int]()
    for kind in outbox.KINDS if left.free > 0 else ():
        for channel in turns.in_turn(work, kind, hands.last):
            why, room = resting.get(channel), left.room(channel)
            if room and (why is None or (why in quota.RESTS and kind != "multicast")):
                found = outbox.pick(work, kind, room, channel, free_only=why == quota.USED_UP)
                left.take(channel, len(found))
                ids += found
                hands.last = channel
            if left.free <= 0:
                return outbox.lease(work, ids)
    return outbox.lease(work, ids)
