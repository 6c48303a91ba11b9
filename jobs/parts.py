"""Several small jobs in one turn of the timetable: one that fails does not keep the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from bot import log
from storage.work import Database, Work


class WithBell(Protocol):
    """Services whose sender can be woken."""

    @property
    def bell(self) -> threading.Event: ...


Rooms = TypeVar("Rooms", bound=WithBell)


def in_turn(job: str, services: Rooms, parts: Iterable[tuple[str, Callable[[Rooms], int]]]) -> None:
    """Do each part; what it did is logged as `<job>.done`, what went wrong as `<job>.trouble`."""
    for name, part in parts:
        try:
            count = part(services)
        except Exception as trouble:
            log.error(f"{job}.trouble", trouble, task=name)
            continue
        if count:
            log.event(f"{job}.done", task=name, count=count)
            services.bell.set()


def one_by_one(
    job: str, task: str, db: Database, keys: Iterable[str], deed: Callable[[Work, str], int]
) -> int:
    """The deed for each key in a unit of work of its own: one in trouble does not keep the others waiting. Gives the
    sum; what went wrong is logged as `<job>.trouble`."""
    return sum(_one(job, task, db, key, deed) for key in keys)


def _one(job: str, task: str, db: Database, key: str, deed: Callable[[Work, str], int]) -> int:
    try:
        with db.work() as work:
            return int(deed(work, key))
    except Exception as trouble:
        log.error(f"{job}.trouble", trouble, task=task)
        return 0
