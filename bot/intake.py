"""From events to rows. Those that arrive together are written together: one unit of work, one commit.

A commit waits for the disk, and on SQLite everybody else waits for it, too. So whoever comes while others are being
written does not ask for a commit of their own: the next one to write takes along all that wait (a group commit). In a
group nobody has two events, so that those of one person are taken in their order.

One at a time writes, since larger groups are cheaper than several small ones side by side; on PostgreSQL a few may do
so as soon as one takes long. There no group waits long for a person whom somebody else holds (a machine that died in
the middle holds them for seconds): then each of its events is written alone, by the thread that brought it, and only
those wait whose person is held.
"""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from bot import handlers, log, metrics, outage
from bot.events import ButtonTapped, Followed, Known, Unfollowed, Unsent
from storage import events
from storage.trouble import is_held, is_outage

if TYPE_CHECKING:
    from bot.app import Services

MOST_TRIES: Final = 3  # deliveries of an event that our own code fails on, before it is set aside
QUICK: Final = 0.3  # seconds: a database that refused so fast (a deadlock, say) is asked once more
LARGEST_GROUP: Final = 32
WRITERS: Final = 3  # at most side by side, on PostgreSQL
SLOW: Final = 0.1  # seconds that a group may take before another one is begun beside it
PATIENCE: Final = 0.5  # seconds that a group waits for somebody whom another one holds
Outcome = Literal["handled", "duplicate", "poisoned", "again"]


@dataclass(eq=False)
class _Arrival:
    """An event. The thread that brought it sleeps until somebody has written it, or until it is its turn to write."""

    event: Known
    awake: threading.Event = field(default_factory=threading.Event)
    outcome: Outcome | None = None


class Intake:
    """Writes events; safe to share between threads, which write for one another.

    Whoever has a pen writes for all that have come. It then wakes those, and hands the pen to the first of those who
    came meanwhile: so each thread is woken once, and the next group gathers while one is being written.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._pens = 1 if services.db.one_writer else WRITERS
        self._lock = threading.Lock()  # of the next two
        self._arrivals: deque[_Arrival] = deque()
        self._writing: dict[_Arrival, float] = {}  # who has a pen, and since when

    def take(self, given: Sequence[Known]) -> list[Outcome]:
        """What came of each of these events, once all of them are committed (or are to be delivered again)."""
        mine = [_Arrival(event) for event in given]
        with self._lock:
            self._arrivals.extend(mine)
            self._hand_out()
        try:
            return [self._outcome(one) for one in mine]
        except BaseException:  # this thread is ended: nobody shall wait for it to write
            self._leave(mine)
            raise

    def _outcome(self, one: _Arrival) -> Outcome:
        """Alone where its group failed."""
        while not one.awake.wait(SLOW):
            with self._lock:
                self._hand_out()
        if one in self._writing:
            self._write(self._group_of(one))
            self._put_down(one)
        return one.outcome or self._alone(one.event)

    def _hand_out(self) -> None:
        """A pen to whoever came first, if there is one left; unless somebody writes who is soon done and hands it on."""
        now = time.monotonic()
        soon = any(now - since < SLOW for since in self._writing.values())
        if self._arrivals and not soon and len(self._writing) < self._pens:
            leader = self._arrivals.popleft()
            self._writing[leader] = now
            leader.awake.set()

    def _put_down(self, leader: _Arrival) -> None:
        with self._lock:
            del self._writing[leader]
            self._hand_out()

    def _leave(self, mine: Sequence[_Arrival]) -> None:
        with self._lock:
            self._arrivals = deque(one for one in self._arrivals if one not in mine)
        for one in mine:
            if one in self._writing:
                self._put_down(one)

    def _group_of(self, leader: _Arrival) -> list[_Arrival]:
        """Those that came first, of different people; a second event of somebody waits for the next group."""
        group = {(leader.event.channel, leader.event.line_id): leader}
        later: list[_Arrival] = []
        with self._lock:
            while self._arrivals and len(group) < LARGEST_GROUP:
                one = self._arrivals.popleft()
                if group.setdefault((one.event.channel, one.event.line_id), one) is not one:
                    later.append(one)
            self._arrivals.extendleft(reversed(later))
        return list(group.values())

    def _write(self, group: Sequence[_Arrival]) -> None:
        """All together; where that fails nobody gets an outcome, so that nothing that one of them does harms the next."""
        started = time.monotonic()
        try:
            fresh = self._once([one.event for one in group], patience=PATIENCE)
            for one in group:
                one.outcome = "handled" if _known_by(one.event) in fresh else "duplicate"
        except Exception as trouble:
            log.error("webhook.group_failed", trouble, count=len(group))
            if not is_held(trouble) and len(group) == 1:
                group[0].outcome = self._failed(group[0].event, trouble, started)
            elif is_outage(trouble) and not is_held(trouble) and time.monotonic() - started > QUICK:
                outage.noticed(outage.DATABASE)
                for one in group:
                    one.outcome = "again"
        finally:  # whoever waits for another to write must not wait for ever
            for one in group:
                one.awake.set()

    def _alone(self, event: Known) -> Outcome:
        started = time.monotonic()
        try:
            return "handled" if self._once([event]) else "duplicate"
        except Exception as trouble:
            return self._failed(event, trouble, started)

    def _failed(self, event: Known, trouble: Exception, started: float) -> Outcome:
        """A database that refused at once is asked once more; LINE shall come again where it is away."""
        if not is_outage(trouble):
            return self._troubled(event, trouble)
        log.error("webhook.database", trouble, channel=event.channel, event_id=event.id)
        if time.monotonic() - started <= QUICK:
            try:
                return "handled" if self._once([event]) else "duplicate"
            except Exception as again:
                log.error("webhook.failed_twice", again, channel=event.channel, event_id=event.id)
        outage.noticed(outage.DATABASE)
        return "again"

    def _once(self, given: Sequence[Known], patience: float | None = None) -> set[tuple[str, str]]:
        """The unit of work: that these events were seen and everything they cause, or nothing. Which are new."""
        with self._services.db.work() as work:
            if patience is not None:
                work.wait_at_most(patience)
            fresh = events.first_times(work, [_known_by(event) for event in given])
            if new := [event for event in given if _known_by(event) in fresh]:
                handlers.handle(self._services, work, new)
        return fresh

    def _troubled(self, event: Known, trouble: Exception) -> Outcome:
        """Our own mistake: let LINE try again, but not for ever, and then say sorry."""
        log.error("webhook.troubled", trouble, channel=event.channel, event_id=event.id)
        why = f"{type(trouble).__name__} {log.trace_of(trouble, frames=2)}"
        try:
            with self._services.db.work() as work:
                tries = events.troubled(
                    work, event.channel, event.id, kind_of(event), why, _without_words(event)
                )
                if tries >= MOST_TRIES:
                    events.first_times(work, [_known_by(event)])
        except Exception as worse:
            log.error("webhook.not_noted", worse, channel=event.channel, event_id=event.id)
            return "again"
        if tries == 1:  # at once, because an account may have LINE's redelivery switched off
            self._apologise(event)
        if tries < MOST_TRIES:
            return "again"
        metrics.ALARMS.labels("webhook.poisoned").inc()
        log.alarm("webhook.poisoned", channel=event.channel, event_id=event.id, tries=tries)
        return "poisoned"

    def _apologise(self, event: Known) -> None:
        try:
            with self._services.db.work() as work:
                handlers.apologise(self._services, work, event)
        except Exception as worse:
            log.error("webhook.no_apology", worse, channel=event.channel, event_id=event.id)


def _known_by(event: Known) -> tuple[str, str]:
    return event.channel, event.id


def _without_words(event: Known) -> str:
    """An event as it goes to quarantine: typed words and the token are not kept, not even sealed."""
    kept = {
        name: value
        for name, value in dataclasses.asdict(event).items()
        if name not in ("text", "reply_token", "line_id")
    }
    return json.dumps(kept, default=str)


def kind_of(event: Known) -> str:
    """As LINE calls it, for counting."""
    match event:
        case ButtonTapped():
            return "postback"
        case Followed():
            return "follow"
        case Unfollowed():
            return "unfollow"
        case Unsent():
            return "unsend"
        case _:
            return "message"
