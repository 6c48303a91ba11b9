"""Services without a web side, for the tests of jobs."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from town import settings, the_content

from bot.content.library import Content
from bot.settings import Settings
from storage.work import Database


@dataclass
class Rooms:
    """What a job needs of the services."""

    db: Database
    content: Content = field(default_factory=the_content)
    settings: Settings = field(default_factory=settings)
    bell: threading.Event = field(default_factory=threading.Event)
