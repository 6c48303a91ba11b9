"""What the jobs need of whoever runs them: the service, and for some of them the command line."""

from __future__ import annotations

import threading
from typing import Protocol

from bot.content.library import Content
from bot.settings import Settings
from storage.work import Database


class Rooms(Protocol):
    """Database, content, settings, and the bell that wakes the sender."""

    @property
    def db(self) -> Database: ...

    @property
    def content(self) -> Content: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def bell(self) -> threading.Event: ...
