"""Once a day: who asked to hear of changes in a result of the handbook is told that there are some, and no more.

What changed is seen by whoever taps the button (bot/handlers/kept_results.py). A change is told once; who may not be
disturbed now hears of it on a later day. Any number of processes may do this at the same moment.
"""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Final

from bot.handbook.kept_results import change_notice, marks_now
from bot.line.render import to_line
from bot.messages import Saying
from bot.night import EVENING, TOKYO, at_night
from jobs.parts import in_turn, one_by_one
from jobs.rooms import Rooms
from storage import handbook_results, outbox, people
from storage.work import Work

JOB: Final = "handbook"


def morning(services: Rooms) -> None:
    """What the timetable calls, at an hour at which nobody is woken."""
    in_turn(JOB, services, [("changes", tell)])


def tell(services: Rooms) -> int:
    """How many people were told; at night nobody."""
    with services.db.look() as work:
        found = () if at_night(work.now) else handbook_results.watchers(work)
    return one_by_one(JOB, "changes", services.db, found, partial(_tell, services))


def _tell(services: Rooms, work: Work, person_id: str) -> bool:
    if not people.lock_by_id(work, person_id) or not handbook_results.watchers(work, person_id):
        return False  # erased, or something happened meanwhile
    today = work.now.astimezone(TOKYO).date()
    if not handbook_results.tell(work, person_id, lambda kept: marks_now(services.content, kept, today)):
        return False
    person = people.get(work, person_id)
    assert person is not None  # it is locked
    said = Saying((change_notice(services.content.said_in(person.language)),))
    until = dt.datetime.combine(today, EVENING, TOKYO)
    outbox.put(
        work, person.channel, "message", {"messages": to_line(said)}, person_id=person_id, expires=until
    )
    return True
