"""What was erased is gone from the files, too."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from surroundings import Clock

from storage import conversations, people
from storage.work import Database


def test_after_the_night_the_log_of_sqlite_holds_nothing_that_was_erased(db: Database) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL keeps no such file beside the database")
    with db.work() as work:
        person = people.lock(work, "default", "U" + "1" * 32)
        conversation = conversations.start(work, "default", person.id, "handbook")
        conversations.keep(work, conversation, {"worry": "money"})
    with db.work() as work:
        conversations.finish(work, conversation)
    log = Path(f"{db.engine.url.database}-wal")
    assert log.stat().st_size > 0
    db.truncate_log()
    assert log.stat().st_size == 0


def test_results_are_kept_for_a_day_and_then_wiped(db: Database, clock: Clock) -> None:
    with db.work() as work:
        person = people.lock(work, "default", "U" + "2" * 32)
        conversation = conversations.start(work, "default", person.id, "handbook")
        conversations.finish(work, conversation, answers={"worry": "money"})
    clock.move(hours=23)
    with db.work() as work:
        conversations.forget_old(work, dt.timedelta(days=30))
        assert conversations.get(work, conversation.id, person.id).answers == {"worry": "money"}
    clock.move(hours=2)
    with db.work() as work:
        conversations.forget_old(work, dt.timedelta(days=30))
        assert conversations.get(work, conversation.id, person.id).answers == {}
