"""Steps that a state may take: each table writes its own map beside its state type; this checks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

State = TypeVar("State", bound=str)


class NotPermitted(Exception):
    """This step is not possible from the state that it is in."""


def check(permitted: Mapping[State, frozenset[State]], now: State, then: State) -> None:
    """Raise NotPermitted unless `then` may follow `now`."""
    if then not in permitted[now]:
        raise NotPermitted(f"{now} -> {then}")
