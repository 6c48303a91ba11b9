"""What a process does that will serve for months, once everything is loaded: nobody shall wait for Python itself."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.app import Services

GARBAGE: Final = 100_000  # objects that come and do not go until cycles among them are looked for


def settle(services: Services) -> None:
    """Read what would else be read at somebody's first word; and never look through all texts, rules and languages for
    garbage again: a million objects stay as long as the process does."""
    services.content.finder.wake_up()
    gc.set_threshold(GARBAGE)
    gc.collect()
    gc.freeze()
