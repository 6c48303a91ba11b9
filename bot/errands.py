"""From who has written an answer straight to a hand of the sender in the same process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.outbox import Outgoing


class Errands:
    """Where such rows are handed over. As long as nobody sends here, or many hands are out, none are taken: then they
    wait in the outbox for their turn, so that nobody who has waited longer is passed by."""

    def __init__(self) -> None:
        self._ready: Callable[[], bool] | None = None
        self._send: Callable[[Sequence[Outgoing]], None] | None = None

    def open(self, ready: Callable[[], bool], send: Callable[[Sequence[Outgoing]], None]) -> None:
        """Somebody sends here from now on."""
        self._ready, self._send = ready, send

    def close(self) -> None:
        """Whatever is given up to the end of `send` is still sent."""
        self._ready = None

    @property
    def taken(self) -> bool:
        return self._ready is not None and self._ready()

    def send(self, rows: Sequence[Outgoing]) -> None:
        """Rows that are leased and committed."""
        assert self._send is not None  # somebody was ready
        self._send(rows)
