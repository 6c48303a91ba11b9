"""Several small jobs in one turn of the timetable: one that fails does not keep the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from bot import log


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
