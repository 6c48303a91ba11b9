"""Sending what waits in the outbox, so that nothing is lost and nothing arrives twice.

1. Claim due rows: lease and first try are committed before any call, the retry key stands in the row already.
2. Call LINE, with no transaction open.
3. Write what came of it: settled, or when to try again.

Answers that this process has written itself come by bot/errands.py: for them step 1 was a part of writing them.

A sender that dies between 2 and 3 leaves a lease that runs out. A push is then repeated with its key, which
is safe. A reply has no key: a token on a row that was claimed before counts as doubtful, since whoever knows
that it was not used drops it ("gone").
"""

from __future__ import annotations

import datetime as dt
import queue
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Final, TypeVar

from bot import log, metrics, outage
from bot.errands import Errands
from bot.line.client import LineClient, UnderWay, in_order_of_answers
from jobs.hands import Hands, OneByOne, in_turn
from jobs.ratelimit import Limits
from jobs.sender import Menus, Sender, installed_menus
from jobs.verdicts import Later, Pause, Settled, Verdict
from storage import broadcasts, guard, outbox, quota, senders, switches
from storage.outbox import Outgoing
from storage.schema import new_id
from storage.trouble import is_outage
from storage.work import Database, Work

Given = TypeVar("Given")
TRIES_OF_A_BLIP = 4  # of one row, within about ten seconds; from then on LINE is away
SIGN_EVERY = 5.0  # seconds; others count on us for storage/senders.py: GONE_AFTER
GATHER = 0.1  # seconds from round to round, when much is to be done: what comes together is written together
BUSY = 0.05  # the same when many hands are out: they shall not wait that long for the next rows
_OUTCOMES: dict[str, broadcasts.Outcome] = {
    "accepted": "accepted",
    "blocked": "blocked",
    "refused": "failed",
    "dropped": "failed",
}


def claim(work: Work, hands: Hands | int) -> list[Outgoing]:
    """Rows to send now, for these hands (or so many, whosever they are): none while sending is paused, none of a
    channel that rests; where only the month's quota is used up people are still answered, since a reply costs nothing,
    and where it is only too small for a broadcast everything else goes on.

    As long as it does not matter whose the rows are they are claimed together; then each channel has its turn.
    """
    if switches.EVERYTHING in (resting := switches.at_rest(work)):
        return []
    hands = OneByOne(hands) if isinstance(hands, int) else hands
    rows: list[Outgoing] = []
    if not resting:
        while most := hands.after(rows).room_of_any:
            rows += (some := outbox.claim(work, most))
            if len(some) < most:
                return rows
    return rows + in_turn(work, hands, rows, resting)


def note(work: Work, results: Iterable[tuple[Outgoing, Verdict]]) -> None:
    """Write what came of rows, and of their chunks of broadcasts.

    All outbox rows come first, by their ids, then the people of their chunks, and the broadcasts last: whoever cancels
    a broadcast locks in the same order, so that nobody waits for the other for ever.
    """
    ordered = sorted(results, key=lambda result: result[0].id)
    for _, alike in groupby(ordered, key=lambda result: type(result[1])):
        run = list(alike)
        if settled := [(row, verdict) for row, verdict in run if isinstance(verdict, Settled)]:
            _settle(work, settled)
        for row, verdict in run:
            if isinstance(verdict, Later):
                _postpone(work, row, verdict)
    touched, waiting = set[str](), set[str]()
    for row, verdict in ordered:
        if isinstance(verdict, Later) and row.broadcast_id is not None:
            waiting.add(row.broadcast_id)
        if isinstance(verdict, Settled) and row.broadcast_id is not None and row.chunk is not None:
            tried_before = verdict.state == "dropped" and row.tries > 1
            outcome = "unknown" if tried_before else _OUTCOMES.get(verdict.state, "unknown")
            if verdict.state == "dropped":
                _tell_too_old(work, row, row.broadcast_id)
            broadcasts.settle_chunk(work, row.broadcast_id, row.chunk, outcome)
            touched.add(row.broadcast_id)
    for broadcast_id in sorted(touched | waiting):
        if broadcast_id in waiting:
            broadcasts.goes_back(work, broadcast_id)
        if broadcast_id in touched:
            broadcasts.finish_if_done(work, broadcast_id)


def _postpone(work: Work, row: Outgoing, verdict: Later) -> None:
    until = work.now + dt.timedelta(seconds=verdict.seconds)
    untried = verdict.untried and row.kind == "multicast"
    outbox.postpone(work, row, until, verdict.error, reply=verdict.reply, untried=untried)
    if verdict.pause and switches.paused_channels(work).get(row.channel) in (None, quota.SHORT):
        _rest(work, row, verdict.pause)
    if verdict.away and row.tries >= TRIES_OF_A_BLIP:
        outage.noticed(outage.LINE, row.channel, reason=verdict.error)
    if verdict.alarm:
        _alarm(verdict.alarm, row, verdict.error)


def _rest(work: Work, row: Outgoing, pause: Pause) -> None:
    """The channel rests; for the quota one alarm a day, also where the hourly question lets it try in vain."""
    before = switches.paused_channels(work).get(row.channel)
    if before == pause.reason:
        return
    switches.pause_channel(work, row.channel, pause.until, pause.reason)
    if pause.reason in quota.RESTS:
        quota.keep_alive(work, row.channel)
    today = work.now.replace(hour=0, minute=0, second=0, microsecond=0)
    if pause.reason not in quota.RESTS or guard.claim_once(work, f"quota_alarm:{row.channel}", today):
        _alarm("line.channel_paused", row, pause.reason, until=pause.until.isoformat())


def _settle(work: Work, ended: Sequence[tuple[Outgoing, Settled]]) -> None:
    outbox.settle_all(
        work,
        [outbox.End(row.id, end.state, end.via, end.request_id, end.error) for row, end in ended],
    )
    for row, end in ended:
        metrics.SETTLED.labels(row.channel, end.state).inc()
        if end.state in ("stale", "unknown", "refused"):
            _alarm(f"deliver.{end.state}", row, end.error or end.state)
        log.event(
            "outbox.settled",
            outbox_id=row.id,
            channel=row.channel,
            kind=row.kind,
            state=end.state,
            via=end.via,
            tries=row.tries,
        )


def _tell_too_old(work: Work, row: Outgoing, broadcast_id: str) -> None:
    """Nothing was sent for most of a day: one alarm a day and broadcast. One that was cancelled ends like this, too."""
    today = work.now.replace(hour=0, minute=0, second=0, microsecond=0)
    if broadcasts.status_of(work, broadcast_id) == "cancelled":
        return
    if guard.claim_once(work, f"too_old:{broadcast_id}", today):
        _alarm("deliver.too_old", row, "too old", broadcast_id=broadcast_id)


def _alarm(name: str, row: Outgoing, reason: str, **more: str) -> None:
    metrics.ALARMS.labels(name).inc()
    log.alarm(name, channel=row.channel, outbox_id=row.id, kind=row.kind, reason=reason, **more)


def deliver_some(
    db: Database, line: LineClient, limit: int = 20, menus: Menus | None = None, limits: Limits | None = None
) -> int:
    """Send up to `limit` due rows one after another; how many were looked at.

    What the lease would not outlast is left for the next call.
    """
    sender = Sender(db, line, menus or installed_menus(db), limits or Limits())
    with db.work() as work:
        rows = claim(work, limit)
    for row in rows:
        verdict = sender.send(row)
        with db.work() as work:
            note(work, [(row, verdict)])
    return len(rows)


class Deliverer:
    """Sends in the background: one thread speaks with the database, a few with LINE.

    One transaction writes down all results since the last and claims as many rows as there are hands free:
    on SQLite writers that fight cost far more than one that writes for all (performance facts).

    A call to LINE takes about 50 ms, and until its hand has the next row some more pass: 128 hands are enough for 1,000
    pushes a second on both databases, and for LINE's 200 multicasts (benchmarks/sending_speed.py). One channel alone
    gets that many of our 256 (jobs/hands.py). They are threads that wait; where there is little to send most of them
    are never made.
    """

    THREADS: Final = 256

    def __init__(
        self,
        db: Database,
        line: LineClient,
        bell: threading.Event | None = None,
        errands: Errands | None = None,
        *,
        menus: Menus | None = None,
        threads: int = THREADS,
        every: float = 1.0,
    ) -> None:
        """`bell` is rung when the outbox has something new; without it we look each `every` seconds. By `errands` rows
        come that need not be looked for."""
        self.db = db
        self.bell = bell or threading.Event()
        self.errands = errands or Errands()
        self.threads = threads
        self.every = every
        self.sender = Sender(db, line, menus or installed_menus(db))
        self._results: queue.SimpleQueue[tuple[Outgoing, Verdict]] = queue.SimpleQueue()
        self._unwritten: list[tuple[Outgoing, Verdict]] = []
        self._hands = Hands(threads)
        self._id = new_id()
        self._signed_at = -SIGN_EVERY
        self._stopping = threading.Event()
        self._pool: ThreadPoolExecutor | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to send."""
        self._stopping.clear()
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="deliver")
        self._thread = threading.Thread(target=self._run, name="deliverer", daemon=True)
        self._thread.start()
        self.errands.open(lambda: not self._many_are_out, self._hand_out_together)

    def stop(self, timeout: float = 30.0) -> None:
        """Claim nothing more, let the calls under way end, and write down what came of them."""
        self.errands.close()
        self._stopping.set()
        self.bell.set()
        if self._thread is not None:
            self._thread.join(timeout)
            self._thread = None

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        assert self._pool is not None
        while not self._stopping.is_set():
            begun = time.monotonic()
            self._round()
            self.bell.wait(self.every)
            gather = BUSY if self._many_are_out else GATHER
            time.sleep(max(0.0, begun + gather - time.monotonic()))
            self.bell.clear()
        self._pool.shutdown(wait=True)
        self._round()

    def _round(self) -> None:
        """Write results, claim rows, hand them out. Trouble with the database ends only this round."""
        while not self._results.empty():
            self._unwritten.append(self._results.get())
        try:
            rows = self._write_and_claim(self._unwritten)
            self._unwritten = []
        except Exception as trouble:
            log.error("deliver.round_failed", trouble, waiting=len(self._unwritten))
            rows = []
            if is_outage(trouble):
                outage.noticed(outage.DATABASE)
            else:
                self._write_singly()
        for row in rows:
            self._hand_out(row)

    @property
    def _many_are_out(self) -> bool:
        return self._hands.free < self.threads * 3 // 4

    def _hand_out(self, row: Outgoing) -> None:
        self._give_to_a_hand(row.channel, self._send, row)

    def _hand_out_together(self, rows: Sequence[Outgoing]) -> None:
        """Replies that were written together: those of each channel to one hand."""
        by_channel = defaultdict[str, list[Outgoing]](list)
        for row in rows:
            by_channel[row.channel].append(row)
        for channel, its in by_channel.items():
            self._give_to_a_hand(channel, self._send_together, its)

    def _give_to_a_hand(self, channel: str, send: Callable[[Given], None], given: Given) -> None:
        def whole() -> None:
            try:
                send(given)
            finally:
                self._hands.give_back(channel)
                self.bell.set()

        assert self._pool is not None
        self._hands.take(channel)
        try:
            self._pool.submit(whole)
        except RuntimeError:  # we have stopped: who sends next takes it up when its lease has run out
            self._hands.give_back(channel)

    def _write_and_claim(self, results: Sequence[tuple[Outgoing, Verdict]]) -> list[Outgoing]:
        full = self._stopping.is_set() or self._hands.free <= 0
        with self.db.work() as work:
            work.plan_anew()
            note(work, results)
            self._sign(work)
            return [] if full else claim(work, self._hands)

    def _sign(self, work: Work) -> None:
        """Now and then: this process sends, too; those that do share what LINE permits."""
        if self._stopping.is_set():
            senders.leave(work, self._id)
        elif time.monotonic() - self._signed_at >= SIGN_EVERY:
            self.sender.limits.share(senders.sign(work, self._id))
            self._signed_at = time.monotonic()

    def _write_singly(self) -> None:
        """One result that cannot be written must not keep the others; its row comes back after the lease."""
        kept = []
        for result in self._unwritten:
            try:
                with self.db.work() as work:
                    note(work, [result])
            except Exception as trouble:
                log.error("deliver.not_written", trouble, outbox_id=result[0].id)
                if is_outage(trouble):
                    kept.append(result)
        self._unwritten = kept

    def _send(self, row: Outgoing) -> None:
        self._results.put((row, self.sender.send(row)))

    def _send_together(self, rows: Sequence[Outgoing]) -> None:
        """All leave, and then it is waited for what LINE says. As soon as one cannot leave like this, the others are
        sent by hands of their own, so that none waits for it."""
        under_way, left = dict[UnderWay, Outgoing](), deque(rows)
        while left and (call := self.sender.begin(left[0])):
            under_way[call] = left.popleft()
            if not call.has_left:
                break
        for row in left:
            self._hand_out(row)
        for call in in_order_of_answers(under_way):
            row = under_way[call]
            self._results.put((row, self.sender.end(row, call)))
            self.bell.set()
