"""What an answer of LINE's means for a row of the outbox: it is settled, or it is tried again later.

The rules are R14-R17 and R21 of LINE's platform facts: only the HTTP status and whether the request can have
arrived decide; LINE does not promise its words. All of it is pure but for the two questions about the quota.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from bot.line.client import Answer, Quota
from bot.night import not_at_night
from storage import quota as quotas
from storage.outbox import Outgoing, State

TOKYO = ZoneInfo("Asia/Tokyo")
LONGEST_WAIT = 25.0  # seconds between two tries: who waits for an answer has it soon after LINE is back
LONGEST_MENU_WAIT = 15.0  # a menu must not hold up what the same person is to read
CREDENTIALS_PAUSE = dt.timedelta(seconds=60)
SHORT_OF_QUOTA = 900.0  # seconds; LINE says that fewer messages are left this month than this push needs
BAD_CREDENTIALS = "LINE refuses the channel's access token"
Reply = Literal["keep", "doubtful", "gone"]


@dataclass(frozen=True)
class Settled:
    """The row has reached its end."""

    state: State
    via: str | None = None
    request_id: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class Pause:
    """The whole channel is to rest until then."""

    until: dt.datetime
    reason: str


@dataclass(frozen=True)
class Later:
    """Try again in so many seconds; what is known about the reply token goes with it."""

    seconds: float
    error: str
    reply: Reply
    pause: Pause | None = None
    alarm: str | None = None
    away: bool = False  # LINE was not reached, or is in trouble itself
    untried: bool = False  # LINE surely did nothing at all


Verdict = Settled | Later


def accepted(answer: Answer, via: str) -> Settled:
    """LINE took it (which does not say that somebody has read it)."""
    return Settled("accepted", via, answer.accepted_request_id or answer.request_id)


def on_reply(answer: Answer, row: Outgoing, doubtful: bool, now: dt.datetime) -> Verdict | None:
    """After a reply. None: the token surely carried nothing, so a push may follow at once.

    `doubtful`: an earlier try of this token may have been accepted, and then LINE answers 400.
    """
    untouched: Reply = "keep" if doubtful else "gone"
    if answer.ok:
        return accepted(answer, "reply")
    if answer.status == 400:
        return Settled("accepted", "reply", error="an earlier try was accepted") if doubtful else None
    if answer.sent == "no":
        return Later(_between(1, 5), "not reached", "keep", away=True) if doubtful else None
    if answer.status == 429:
        return Later(_between(1, 3), "rate limit", untouched)
    if answer.status in (401, 403):
        return _credentials(now, untouched)
    if answer.status is not None and 400 <= answer.status < 500:
        return Settled("refused", "reply", answer.request_id, f"status {answer.status}")
    return Later(min(5.0, row.tries * _between(1, 2)), _said(answer), "doubtful", away=True)


def on_call(
    answer: Answer, row: Outgoing, via: str, now: dt.datetime, quota: Callable[[], Quota | None]
) -> Verdict:
    """After a push, a multicast or a menu: all of these may be repeated as they are."""
    reply: Reply = "keep" if row.reply_doubtful or row.tries > 1 else "gone"
    if answer.ok or (answer.status == 409 and via != "menu"):
        return accepted(answer, via)
    if answer.status == 429:
        return _too_many(answer, row, via, now, quota, reply)
    if answer.status in (401, 403):
        return _credentials(now, reply)
    if answer.status is not None and 400 <= answer.status < 500:
        return Settled("refused", via, answer.request_id, f"status {answer.status}")
    longest = LONGEST_MENU_WAIT if via == "menu" else LONGEST_WAIT
    return Later(backoff(row.tries, longest), _said(answer), reply, away=True)


def backoff(tries: int, longest: float = LONGEST_WAIT) -> float:
    """1, 2, 4 … seconds, each shortened by up to a quarter so that not all come at once."""
    base = min(longest, 2.0 ** min(tries - 1, 20))
    return _between(base * 0.75, base)


def _between(low: float, high: float) -> float:
    return random.uniform(low, high)  # noqa: S311  # spreads load, guards nothing


def next_month(now: dt.datetime) -> dt.datetime:
    """When LINE counts anew: the first of the next month in Japan."""
    here = now.astimezone(TOKYO)
    year, month = (here.year + 1, 1) if here.month == 12 else (here.year, here.month + 1)
    return dt.datetime(year, month, 1, tzinfo=TOKYO)


def quota_again(now: dt.datetime) -> dt.datetime:
    """When what waits for the quota goes on at the latest: in the morning of that first day, so that no news wakes
    anybody; jobs/quota.py lets one person's messages go earlier."""
    return not_at_night(next_month(now))


def _too_many(
    answer: Answer,
    row: Outgoing,
    via: str,
    now: dt.datetime,
    quota: Callable[[], Quota | None],
    reply: Reply,
) -> Later:
    """429 means too fast or too many this month; the quota endpoints tell, the words are a hint only."""
    left = quota() if via in ("push", "multicast") else None
    too_fast = Later(_between(1, 3), "rate limit", reply, untried=True)
    if left is None or left.limit is None:
        return too_fast
    if left.exhausted:
        return Later(1, quotas.USED_UP, reply, Pause(quota_again(now), quotas.USED_UP), untried=True)
    needed = len(row.body.get("to", ())) if via == "multicast" else 1
    hinted = isinstance(answer.body, dict) and "monthly limit" in str(answer.body.get("message", ""))
    if hinted or left.used + needed > left.limit:
        if via == "multicast":
            return Later(1, quotas.SHORT, reply, Pause(quota_again(now), quotas.SHORT), untried=True)
        return Later(SHORT_OF_QUOTA, "the quota does not suffice", reply, alarm="line.quota_short")
    return too_fast


def _credentials(now: dt.datetime, reply: Reply) -> Later:
    return Later(1, BAD_CREDENTIALS, reply, Pause(now + CREDENTIALS_PAUSE, BAD_CREDENTIALS))


def _said(answer: Answer) -> str:
    return f"status {answer.status}" if answer.status is not None else f"no answer (sent: {answer.sent})"
