"""Every few seconds: who of the town is to hear that somebody may be in danger, at any hour, until one has seen it.

The row of the danger is the only thing that the event itself writes: nothing that goes wrong with a desk, a mailbox
or a number of staff can keep the person's answer. Any number of processes may look at the same moment; each telling
is claimed in the transaction that writes its mails.
"""

from __future__ import annotations

from bot import log, metrics
from bot.desk import dangers as deeds
from bot.desk.dangers import Due
from jobs.clocks import SYSTEM
from jobs.parts import in_turn
from jobs.rooms import Rooms
from storage import arrivals, audit, dangers, notices, staff
from storage.dangers import Danger
from storage.work import Work


def look(services: Rooms) -> None:
    """What the timetable calls."""
    in_turn("dangers", services, (("tell", tick),))


def tick(services: Rooms) -> int:
    """Tell everything whose moment has come, each once; how many tellings there were."""
    with services.db.look() as work:
        waiting = [
            (danger, due, window)
            for danger in dangers.alarming(work)
            for due, window in _untold(work, services, danger)
        ]
    return sum(_safely(services, danger, due, window) for danger, due, window in waiting)


def _untold(work: Work, services: Rooms, danger: Danger) -> list[tuple[Due, str]]:
    told = {(each.window, each.step, each.serial) for each in notices.of_danger(work, danger.id)}
    return [
        (due, window)
        for due in deeds.steps_due(services.content, danger, work.now)
        for window in deeds.desks_of(services.content, danger, work.now)
        if (window, due.step, due.serial) not in told
    ]


def _safely(services: Rooms, danger: Danger, due: Due, window: str) -> bool:
    """One that is in trouble must not keep the others from being told."""
    try:
        return _tell(services, danger, due, window)
    except Exception as trouble:
        metrics.ALARMS.labels("danger.not_told").inc()
        log.error("dangers.trouble", trouble, task="tell", id=danger.id, window=window)
        return False


def _tell(services: Rooms, found: Danger, due: Due, window: str) -> bool:
    """One telling in one unit of work: nothing where somebody has seen it, or another process was faster."""
    with services.db.work() as work:
        danger = dangers.by_number(work, found.number, lock=True)
        if danger is None or not danger.alarms or danger.alarm_at != found.alarm_at:
            return False
        if not deeds.tell(work, services.content, services.settings.public_url, danger, due, window):
            return False
        audit.note(
            work, SYSTEM, f"told_{'all' if due.everybody else due.step}", "danger", danger.id, danger.channel
        )
        if due.nth > deeds.FIRST and not _arrived(work, danger, window):
            metrics.ALARMS.labels("danger.nobody_reached").inc()
            log.alarm("danger.nobody_reached", id=danger.id, window=window, kind=due.step)
    return True


def _arrived(work: Work, danger: Danger, window: str) -> bool:
    """Whether any of what was told before went out, by mail or by LINE: else both ways are down."""
    assert danger.alarm_at is not None  # it alarms
    persons = [each.person_id for each in staff.of_window(work, window) if each.person_id]
    return arrivals.told(work, danger.id, persons, danger.alarm_at)
