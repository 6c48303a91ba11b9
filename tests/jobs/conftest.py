"""What the tests of jobs share: services without a web side, and people who can be written to."""

from __future__ import annotations

import pytest
from rooms import Rooms

from storage import people
from storage.work import Database


@pytest.fixture
def rooms(db: Database) -> Rooms:
    return Rooms(db)


@pytest.fixture
def five_friends(db: Database) -> list[str]:
    """The LINE user ids of five people; the last has blocked us."""
    ids = [f"U{number:032x}" for number in range(5)]
    with db.work() as work:
        for line_id in ids:
            person = people.lock(work, "default", line_id)
            if line_id == ids[-1]:
                people.set_friend(work, person.id, False, 1)
    return ids
