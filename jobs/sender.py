"""One row to LINE: which calls are made for it, and what came of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from bot import log
from bot.line.client import Answer, LineClient, UnderWay
from jobs.ratelimit import Limits
from jobs.verdicts import Later, Settled, Verdict, backoff, on_call, on_reply
from storage import health, menus
from storage.outbox import RETRY_KEY_LIFE, Outgoing
from storage.work import Database

Menus = Callable[[str, str], str | None]
LONGEST_PUSH = dt.timedelta(seconds=40)  # the call and two questions about the quota, each to its timeout
LONGEST_REPLY = dt.timedelta(seconds=15)
ENOUGH_REPLIES = 4  # without a real answer; had LINE accepted one, a later one would have been told 400


@dataclass(frozen=True)
class Sender:
    """Sends one row and says what came of it."""

    db: Database
    line: LineClient
    menus: Menus
    limits: Limits = field(default_factory=Limits)

    def send(self, row: Outgoing) -> Verdict:
        """Make the calls for this row. No transaction is open; errors of ours leave the row for later."""
        try:
            if not self._outlasts(row, LONGEST_REPLY):
                return Later(0, "not reached", "gone" if row.tries == 1 else "keep")
            return self._too_late(row) or self._by_kind(row)
        except Exception as trouble:
            return self._in_trouble(row, trouble)

    @staticmethod
    def _in_trouble(row: Outgoing, trouble: Exception) -> Verdict:
        log.error("deliver.trouble", trouble, outbox_id=row.id, channel=row.channel, kind=row.kind)
        return Later(max(5.0, backoff(row.tries)), type(trouble).__name__, "doubtful")

    def begin(self, row: Outgoing) -> UnderWay | None:
        """The reply for a row that nobody has tried, without waiting for what LINE says (`end`); None where it must be
        sent in the usual way."""
        token, until = row.reply_token, row.reply_until
        try:
            if token is None or until is None or row.tries > 1 or self.db.clock() >= until:
                return None
            if not self._outlasts(row, LONGEST_REPLY):
                return None
            self.limits.take(row.channel, "reply")
            return self.line.begin_reply(row.channel, token, row.body["messages"])
        except Exception:
            return None  # the usual way finds the same, and says so

    def end(self, row: Outgoing, call: UnderWay) -> Verdict:
        """What came of a reply that was begun."""
        try:
            return self._replied(row, self.line.end(call), doubtful=False)
        except Exception as trouble:
            return self._in_trouble(row, trouble)

    def _outlasts(self, row: Outgoing, calls: dt.timedelta) -> bool:
        """Whether the lease does not end before these calls: then another sender would begin them, too."""
        return row.leased_until - self.db.clock() >= calls

    def _too_late(self, row: Outgoing) -> Settled | None:
        now = self.db.clock()
        if now - row.first_tried >= RETRY_KEY_LIFE:
            return Settled("stale", error="first tried more than 23 hours ago")
        if row.expires <= now:
            return Settled("dropped", error="too old")
        return None

    def _by_kind(self, row: Outgoing) -> Verdict:
        if row.kind == "multicast":
            return self._multicast(row)
        if row.kind == "message":
            return self._message(row)
        to = row.to or row.body.get("to")  # of somebody who was erased the menu is still to be taken back
        return self._link_menu(row, to) if to else Settled("dropped", error="nobody to send to")

    def _message(self, row: Outgoing) -> Verdict:
        doubtful = row.reply_token is not None and (row.reply_doubtful or row.tries > 1)
        if row.reply_token is not None and row.reply_until is not None and self.db.clock() < row.reply_until:
            self.limits.take(row.channel, "reply")
            answer = self.line.reply(row.channel, row.reply_token, row.body["messages"])
            return self._replied(row, answer, doubtful)
        if doubtful and not row.must_arrive and not self._was_down(row):
            return Settled("unknown", "reply", error="the reply may have arrived; it is not sent twice")
        return self._push(row, doubtful)

    def _replied(self, row: Outgoing, answer: Answer, doubtful: bool) -> Verdict:
        return on_reply(answer, row, doubtful, self.db.clock()) or self._push(row, doubtful)

    def _push(self, row: Outgoing, doubtful: bool) -> Verdict:
        if row.to is None:  # of somebody who was erased only the reply token was kept, for a word of farewell
            return Settled("dropped", error="nobody to send to")
        if not row.friend:
            return Settled("blocked")
        if not self._outlasts(row, LONGEST_PUSH):  # leased for a reply only: it is claimed anew for this
            return Later(0, "the reply token is no longer good", "keep" if doubtful else "gone")
        self.limits.take(row.channel, "push")
        answer = self.line.push(row.channel, row.to, row.body["messages"], row.retry_key)
        return on_call(answer, row, "push", self.db.clock(), lambda: self.line.quota(row.channel))

    def _was_down(self, row: Outgoing) -> bool:
        """Whether LINE surely took none of this row's replies: it took nothing of anybody's in that time."""
        if row.tries <= ENOUGH_REPLIES:
            return False
        with self.db.look() as work:
            return not health.line_took_something(
                work, row.channel, row.first_tried, row.reply_until or work.now
            )

    def _multicast(self, row: Outgoing) -> Verdict:
        self.limits.take(row.channel, "multicast")
        answer = self.line.multicast(row.channel, row.body["to"], row.body["messages"], row.retry_key)
        return on_call(answer, row, "multicast", self.db.clock(), lambda: self.line.quota(row.channel))

    def _link_menu(self, row: Outgoing, to: str) -> Verdict:
        if row.body["menu"] is None:
            self.limits.take(row.channel, "link_menu")
            answer = self.line.unlink_menu(row.channel, to)
            return on_call(answer, row, "menu", self.db.clock(), lambda: None)
        menu_id = self.menus(row.channel, row.body["menu"])
        if menu_id is None:
            return Settled("dropped", error="no such menu installed")
        self.limits.take(row.channel, "link_menu")
        answer = self.line.link_menu(row.channel, to, menu_id)
        return on_call(answer, row, "menu", self.db.clock(), lambda: None)


def installed_menus(db: Database) -> Menus:
    """Looks up which menu at LINE stands behind one of our names."""

    def menu_id(channel: str, name: str) -> str | None:
        with db.look() as work:
            found = menus.get(work, channel, name)
        return found.menu_id if found else None

    return menu_id
