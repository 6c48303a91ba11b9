"""A message that is not to wake anybody: it waits for its hour, and holds up nothing else."""

from __future__ import annotations

import datetime as dt

from surroundings import Clock

from storage import outbox, people, waiting
from storage.work import Database, Work


def _put(work: Work, text: str, not_before: dt.datetime | None = None) -> None:
    person = people.lock(work, "default", "U" + "a" * 32)
    body = {"messages": [{"type": "text", "text": text}]}
    outbox.put(work, "default", "message", body, person_id=person.id, not_before=not_before)


def _claimed(db: Database) -> list[str]:
    with db.work() as work:
        rows = outbox.claim(work, 10)
        for row in rows:
            outbox.settle(work, row.id, "accepted")
        return [row.body["messages"][0]["text"] for row in rows]


def test_it_waits_for_its_hour_while_answers_go_on(db: Database, clock: Clock) -> None:
    with db.work() as work:
        _put(work, "朝に", not_before=work.now + dt.timedelta(hours=10))
        _put(work, "いま")
    assert _claimed(db) == ["いま"]
    assert _claimed(db) == []
    clock.move(hours=10)
    assert _claimed(db) == ["朝に"]


def test_it_lives_as_long_as_others_counted_from_its_hour(db: Database, clock: Clock) -> None:
    with db.work() as work:
        _put(work, "朝に", not_before=work.now + dt.timedelta(hours=10))
    clock.move(hours=10)
    with db.work() as work:
        (row,) = outbox.claim(work, 10)
        assert row.expires == work.now + outbox.MESSAGE_LIFE


def test_mending_what_was_wrong_wakes_nobody(db: Database) -> None:
    with db.work() as work:
        _put(work, "朝に", not_before=work.now + dt.timedelta(hours=10))
        waiting.due_now(work)
    assert _claimed(db) == []


def test_what_was_tried_already_still_holds_up_what_comes_after_it(db: Database) -> None:
    """The order of a person's messages is kept, but for what waits on purpose."""
    with db.work() as work:
        _put(work, "1通目")
    with db.work() as work:
        (row,) = outbox.claim(work, 10)
        outbox.postpone(work, row, work.now + dt.timedelta(minutes=5), "busy", reply="keep")
        _put(work, "2通目")
    assert _claimed(db) == []
