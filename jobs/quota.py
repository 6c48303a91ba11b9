"""Each hour: was the month's quota raised, or has LINE begun to count anew? Then the broadcasts that wait go on."""

from __future__ import annotations

import threading
from typing import Protocol

from bot import log
from bot.line.client import LineClient
from bot.night import at_night
from storage import guard, quota, switches
from storage.work import Database


class Rooms(Protocol):
    """What this job needs of the services."""

    @property
    def db(self) -> Database: ...

    @property
    def line(self) -> LineClient: ...

    @property
    def bell(self) -> threading.Event: ...


def hour(services: Rooms) -> None:
    """Ask LINE, for each channel that rests for its quota, at most once an hour however many timetables run.

    By night one person's messages may go on, but broadcasts wait for the morning.
    """
    with services.db.work() as work:
        this_hour = work.now.replace(minute=0, second=0, microsecond=0)
        resting = {
            channel: until
            for channel, (_, until) in quota.resting(work).items()
            if guard.claim_once(work, f"quota:{channel}", this_hour)
        }
        for channel in resting:
            quota.keep_alive(work, channel)
    for channel, until in resting.items():
        now = services.line.quota(channel)
        if now is None or now.exhausted:
            continue
        with services.db.work() as work:
            if channel not in quota.resting(work):
                continue
            fits = now.limit is None or now.used + quota.least_wanted(work, channel) <= now.limit
            if fits and not at_night(work.now):
                switches.resume_channel(work, channel)
                log.event("line.quota_again", channel=channel)
            else:
                switches.pause_channel(work, channel, until, quota.SHORT)
        services.bell.set()
