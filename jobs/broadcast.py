"""A broadcast whose time has come: take its turn, freeze who gets it, hand it to the outbox."""

from __future__ import annotations

import datetime as dt
import threading
import time
from typing import Protocol

from bot import log
from bot.broadcasting import digest
from bot.broadcasting.forms import Contents
from bot.broadcasting.making import press_of
from bot.broadcasting.rendering import axes_of, render
from bot.content.library import Content
from bot.night import at_night
from bot.settings import Settings
from jobs import series
from storage import audit, broadcast_series, broadcasts, freezing, guard
from storage.broadcasts import Broadcast
from storage.work import Database, Work

BREATH = 0.02  # seconds between two steps: SQLite has one lock, and somebody else may want it


class Rooms(Protocol):
    """What a broadcast needs of the services; the command line has it too."""

    @property
    def db(self) -> Database: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def content(self) -> Content: ...

    @property
    def bell(self) -> threading.Event: ...


def fire(services: Rooms, broadcast_id: str, due_at: dt.datetime) -> bool:
    """Start a due broadcast; True for the one caller who did.

    Turn, state, recipients and words are one transaction: a process that dies in the middle has done nothing, and
    the timetable's `sync` makes the broadcast due again. The calls follow in steps (`go_on`). Of a series the next
    turn is made here, too; that is a day away at least, so that the same `sync` may be the one that enters it. One
    that awaits approval is asked again each minute, until it is approved or too late.
    """
    with services.db.work() as work:
        found = broadcasts.get(work, broadcast_id)
        if found is not None and found.series_id:
            broadcast_series.lock(work, found.series_id)
        found = broadcasts.get(work, broadcast_id, lock=True)  # while we waited it may have been taken back
        if found is None or found.due_at != due_at:
            return False
        if found.status != "awaiting" and not guard.claim_once(work, _turn(found), due_at):
            return False
        started = broadcasts.start(
            work,
            broadcast_id,
            would_wake=_would_wake(found, work.now),
            approval_above=services.settings.broadcast_approval_above,
        )
        count = _freeze(services, work, found) if started else 0
        if found.series_id:
            series.follow(work, found.series_id)
        status = broadcasts.status_of(work, broadcast_id)
        if not started and status != found.status and "awaiting" in (status, found.status):
            deed = "awaits" if status == "awaiting" else "unapproved"
            audit.note(work, "system", deed, "broadcast", broadcast_id, found.channel)
    if not started and status == "awaiting":
        if found.status != "awaiting":
            log.alarm("broadcast.awaits_approval", broadcast_id=broadcast_id, channel=found.channel)
        return False
    if not started:
        log.event("broadcast.not_started", broadcast_id=broadcast_id, status=status)
        return False
    log.event("broadcast.started", broadcast_id=broadcast_id, recipients=count)
    go_on(services, broadcast_id)
    return True


def go_on(services: Rooms, broadcast_id: str) -> None:
    """Put the calls for all its people into the outbox, in steps between which others have their turn; what is there is
    sent meanwhile. A process that dies leaves the rest to `go_on_with_all`; two that do it together take turns."""
    services.bell.set()
    while _step(services, broadcast_id):
        services.bell.set()
        time.sleep(BREATH)
    services.bell.set()


def _step(services: Rooms, broadcast_id: str) -> bool:
    with services.db.work() as work:
        return freezing.go_on(work, broadcast_id)


def go_on_with_all(services: Rooms) -> None:
    """Each minute: what nobody ended."""
    with services.db.look() as work:
        left = freezing.unfinished(work)
    for broadcast_id in left:
        go_on(services, broadcast_id)


def _freeze(services: Rooms, work: Work, found: Broadcast) -> int:
    """Render it for each variant of its people, with links that are counted from now on."""
    contents = Contents(found.messages, found.translations)
    press = press_of(work, services.content, services.settings.public_url, found)
    if told := digest.digest_of(found.messages):
        return digest.begin(work, services.content, found, told, press.link)
    return freezing.freeze(work, found.id, render(contents, press), axes_of(contents))


def _turn(found: Broadcast) -> str:
    """What is claimed once: one that awaited approval at its time has another turn after it."""
    return f"broadcast:{found.id}" + (":approved" if found.approved_by else "")


def _would_wake(found: Broadcast, now: dt.datetime) -> bool:
    """So late that it is night now, and nobody has said why it could not wait."""
    return found.urgent_reason is None and at_night(now) and not at_night(found.due_at)
