"""From events to rows. Those that arrive together are written together: one unit of work, one commit.

A commit waits for the disk, and on SQLite everybody else waits for it, too. So whoever comes while others are being
written does not ask for a commit of their own: the next group takes along all that wait (a group commit). In a
group nobody has two events, so that those of one person are taken in their order.

Threads of our own write, and whoever brought an event need not wait for it. One at a time writes, since larger groups
are cheaper than several small ones side by side; on PostgreSQL a few may do so as soon as one takes long. There no group
waits long for a person whom somebody else holds (a machine that died in the middle holds them for seconds): then each of
its events is written alone, by a thread of its own, and only those wait whose person is held.
"""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from bot import handlers, log, metrics, outage
from bot.events import ButtonTapped, Followed, Known, Unfollowed, Unsent
from bot.handlers.heard import Heard
from storage import events
from storage.trouble import is_held, is_outage

if TYPE_CHECKING:
    from bot.app import Services

MOST_TRIES: Final = 3  # deliveries of an event that our own code fails on, before it is set aside
QUICK: Final = 0.3  # seconds: a database that refused so fast (a deadlock, say) is asked once more
LARGEST_GROUP: Final = 32
WRITERS: Final = 3  # at most side by side, on PostgreSQL
ALONE: Final = 16  # events at most that are written alone at the same time
SLOW: Final = 0.1  # seconds that a group may take before another one is begun beside it
PATIENCE: Final = 0.5  # seconds that a group waits for somebody whom another one holds
SHORT: Final = 200  # characters of a text
Outcome = Literal["handled", "duplicate", "poisoned", "again"]
Told = Callable[[list[Outcome]], None]


@dataclass(eq=False)
class _Bringer:
    """Who brought events, and is told once all of them have their outcome."""

    told: Told
    arrivals: list[_Arrival] = field(default_factory=list)
    open: int = 0  # of them, how many have none yet


@dataclass(eq=False)
class _Arrival:
    """An event that waits to be written."""

    event: Known
    heard: Heard | None
    bringer: _Bringer
    outcome: Outcome | None = None

    @property
    def whose(self) -> tuple[str, str]:
        return self.event.channel, self.event.line_id


@dataclass(eq=False)
class _Writer:
    """Writes one group after the other, as long as there are any."""

    since: float = field(default_factory=time.monotonic)  # when its group was begun


class Intake:
    """Writes events; safe to share between threads."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._most_writers = 1 if services.db.one_writer else WRITERS
        self._lock = threading.Lock()  # of the next two, and of what bringers wait for
        self._arrivals: deque[_Arrival] = deque()
        self._writers: set[_Writer] = set()
        self._threads = ThreadPoolExecutor(self._most_writers, "intake")  # each is made when it is needed
        self._threads_alone = ThreadPoolExecutor(1 if services.db.one_writer else ALONE, "intake-alone")

    def take(self, given: Sequence[Known]) -> list[Outcome]:
        """What came of each of these events, once all of them are committed (or are to be delivered again)."""
        found: list[Outcome] = []
        awake = threading.Event()

        def told(outcomes: list[Outcome]) -> None:
            found.extend(outcomes)
            awake.set()

        self.bring(given, told)
        while not awake.wait(SLOW):
            self.look()
        return found

    def bring(self, given: Sequence[Known], told: Told) -> None:
        """The same without waiting: `told` is called with the outcomes, by the thread that wrote the last of them."""
        bringer = _Bringer(told)
        bringer.arrivals = [_Arrival(event, self._heard(event), bringer) for event in given]
        bringer.open = len(bringer.arrivals)
        if not given:
            told([])
            return
        with self._lock:
            self._arrivals.extend(bringer.arrivals)
            self._call_a_writer()

    def _heard(self, event: Known) -> Heard | None:
        """A short text is understood now, while others are being written; should that fail, who writes it finds out."""
        heard = handlers.heard_in(self._services, event)
        if heard is not None and len(heard.text) <= SHORT:
            with suppress(Exception):
                heard.listen()
        return heard

    def look(self) -> None:
        """To be called now and then while somebody waits: whether a group takes long, and another writer is needed."""
        with self._lock:
            self._call_a_writer()

    def _call_a_writer(self) -> None:
        """Unless there are enough of them, or one that is soon done and goes on."""
        if self._arrivals and len(self._writers) < self._most_writers and not self._one_is_quick():
            self._writers.add(writer := _Writer())
            self._threads.submit(self._write_all, writer)

    def _one_is_quick(self) -> bool:
        now = time.monotonic()
        return any(now - writer.since < SLOW for writer in self._writers)

    def _write_all(self, writer: _Writer) -> None:
        try:
            while group := self._next_group(writer):
                self._write(group)
        finally:
            with self._lock:
                self._writers.discard(writer)
                self._call_a_writer()

    def _next_group(self, writer: _Writer) -> list[_Arrival]:
        """Those that came first, of different people; a second event of somebody waits for the next group. None where
        another writer is enough."""
        group: dict[tuple[str, str], _Arrival] = {}
        later: list[_Arrival] = []
        with self._lock:
            self._writers.discard(writer)
            if self._one_is_quick():
                return []
            while self._arrivals and len(group) < LARGEST_GROUP:
                one = self._arrivals.popleft()
                if group.setdefault(one.whose, one) is not one:
                    later.append(one)
            self._arrivals.extendleft(reversed(later))
            if group:
                writer.since = time.monotonic()
                self._writers.add(writer)
        return list(group.values())

    def _write(self, group: Sequence[_Arrival]) -> None:
        """All together; where that fails each of them alone, so that nothing that one of them does harms the next."""
        started = time.monotonic()
        try:
            fresh = self._once(group, patience=PATIENCE)
            for one in group:
                one.outcome = "handled" if _known_by(one.event) in fresh else "duplicate"
        except Exception as trouble:
            log.error("webhook.group_failed", trouble, count=len(group))
            if not is_held(trouble) and len(group) == 1:
                group[0].outcome = self._failed(group[0], trouble, started)
            elif is_outage(trouble) and not is_held(trouble) and time.monotonic() - started > QUICK:
                outage.noticed(outage.DATABASE)
                for one in group:
                    one.outcome = "again"
        finally:  # whoever waits must not wait for ever
            self._tell(written := [one for one in group if one.outcome is not None])
            for one in group:
                if one not in written:
                    self._threads_alone.submit(self._write_alone, one)

    def _write_alone(self, one: _Arrival) -> None:
        try:
            one.outcome = self._alone(one)
        finally:
            one.outcome = one.outcome or "again"
            self._tell([one])

    def _tell(self, written: Iterable[_Arrival]) -> None:
        """Those who brought these, as far as nothing else that they brought is still to be written."""
        complete = []
        with self._lock:
            for one in written:
                one.bringer.open -= 1
                if one.bringer.open == 0:
                    complete.append(one.bringer)
        for bringer in complete:
            try:
                bringer.told([one.outcome or "again" for one in bringer.arrivals])
            except Exception as trouble:  # of theirs; the others are told all the same
                log.error("webhook.not_told", trouble)

    def _alone(self, one: _Arrival) -> Outcome:
        started = time.monotonic()
        try:
            return "handled" if self._once([one]) else "duplicate"
        except Exception as trouble:
            return self._failed(one, trouble, started)

    def _failed(self, one: _Arrival, trouble: Exception, started: float) -> Outcome:
        """A database that refused at once is asked once more; LINE shall come again where it is away."""
        event = one.event
        if not is_outage(trouble):
            return self._troubled(event, trouble)
        log.error("webhook.database", trouble, channel=event.channel, event_id=event.id)
        if time.monotonic() - started <= QUICK:
            try:
                return "handled" if self._once([one]) else "duplicate"
            except Exception as again:
                log.error("webhook.failed_twice", again, channel=event.channel, event_id=event.id)
        outage.noticed(outage.DATABASE)
        return "again"

    def _once(self, group: Sequence[_Arrival], patience: float | None = None) -> set[tuple[str, str]]:
        """The unit of work: that these events were seen and everything they cause, or nothing. Which are new."""
        given = [one.event for one in group]
        heard = {one.event: one.heard.listen() for one in group if one.heard is not None}
        with self._services.db.work() as work:
            if patience is not None:
                work.wait_at_most(patience)
            fresh = events.first_times(work, [_known_by(event) for event in given])
            if new := [event for event in given if _known_by(event) in fresh]:
                handlers.handle(self._services, work, new, heard)
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
