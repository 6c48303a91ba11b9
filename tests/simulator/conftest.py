"""One LINE and one bot per test; each starts in a few milliseconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from line_on_this_machine import Line, TinyBot


@pytest.fixture
def bot() -> Iterator[TinyBot]:
    running = TinyBot()
    yield running
    running.stop()


@pytest.fixture
def line(bot: TinyBot) -> Iterator[Line]:
    running = Line(bot)
    yield running
    running.stop()
