"""Faults on demand: the next calls to an endpoint fail, wait, hang or lose their connection."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

_LONGEST_HANG = 600.0


class BadFault(ValueError):
    """A fault needs an endpoint and at least one of status, delay, drop, hang."""


@dataclass
class Fault:
    """What shall happen to the next `times` calls (None: to all) of an endpoint (`*`: of every one)."""

    endpoint: str
    bot: str | None = None
    times: int | None = 1
    status: int | None = None
    when: Literal["before", "after"] = "before"  # LINE has accepted the call or not
    delay: float = 0.0
    drop: bool = False
    hang: bool = False
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def meets(self, bot: str, endpoint: str) -> bool:
        here = self.bot in (None, bot)
        return here and (self.endpoint in ("*", endpoint) or endpoint.startswith(f"{self.endpoint}."))


def read_fault(data: dict[str, Any]) -> Fault:
    """A fault from JSON; raises BadFault."""
    known = {key: value for key, value in data.items() if key in Fault.__dataclass_fields__}
    if known.keys() != data.keys() or not isinstance(data.get("endpoint"), str):
        raise BadFault(BadFault.__doc__)
    fault = Fault(**known)
    if fault.when not in ("before", "after"):
        raise BadFault("when is before or after")
    if not (fault.status or fault.delay or fault.drop or fault.hang):
        raise BadFault(BadFault.__doc__)
    return fault


class Faults:
    """The faults that are still to come; thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._faults: list[Fault] = []
        self._round = 0

    def add(self, fault: Fault) -> None:
        with self._changed:
            self._faults.append(fault)

    def take(self, bot: str, endpoint: str) -> Fault | None:
        """The fault of this call, counted down."""
        with self._changed:
            for fault in self._faults:
                if fault.meets(bot, endpoint):
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times <= 0:
                            self._faults.remove(fault)
                    return fault
        return None

    def wait(self, fault: Fault) -> None:
        """Lets the time of a delay pass, or hangs; clearing the faults ends it at once."""
        seconds = _LONGEST_HANG if fault.hang else fault.delay
        if seconds <= 0:
            return
        with self._changed:
            now = self._round
            self._changed.wait_for(lambda: self._round != now, seconds)

    def clear(self) -> None:
        with self._changed:
            self._faults.clear()
            self._round += 1
            self._changed.notify_all()

    def as_json(self) -> list[dict[str, Any]]:
        with self._changed:
            return [asdict(fault) for fault in self._faults]
