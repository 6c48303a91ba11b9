"""Services without a web side, for the tests of jobs."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from storage.work import Database


@dataclass
class Rooms:
    """What a job needs of the services."""

    db: Database
    bell: threading.Event = field(default_factory=threading.Event)
