"""What staff look after, what they did, and what stops sending."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from surroundings import Clock

from storage import audit, dangers, people, switches
from storage.work import Database


def test_a_danger_is_listed_until_somebody_saw_it(db: Database, clock: Clock) -> None:
    with db.work() as work:
        person = people.lock(work, "default", "U" + "a" * 32)
        first = dangers.note(work, person, "S0", "suicide").id
    clock.move(minutes=1)
    with db.work() as work:
        other = people.lock(work, "default", "U" + "b" * 32)
        second = dangers.note(work, other, "S1", "violence").id
        assert [each.id for each in dangers.listed(work)] == [second, first]
        assert dangers.seen(work, first, "staff:1")
        assert not dangers.seen(work, first, "staff:2")
        assert [each.id for each in dangers.listed(work, unseen_only=True)] == [second]
        assert dangers.listed(work, channel="iwami") == ()


def test_a_danger_that_nobody_saw_is_never_forgotten(db: Database, clock: Clock) -> None:
    with db.work() as work:
        seen, unseen = (
            dangers.note(work, people.lock(work, "default", "U" + sign * 32), "S0", "suicide").id
            for sign in "ab"
        )
        dangers.seen(work, seen, "staff:1")
    clock.move(days=400)
    with db.work() as work:
        assert dangers.forget_old(work, dt.timedelta(days=365)) == 1
        assert [each.id for each in dangers.listed(work)] == [unseen]


def test_no_column_of_a_danger_could_hold_the_words() -> None:
    """Keys, numbers and moments: every text column is too short for a sentence, and none is sealed."""
    assert {column.name for column in dangers.dangers.c} == {
        "id", "channel", "number", "person_id", "town", "code", "category", "times", "at", "last_at", "alarm_at",
        "come_at", "read_at", "seen_at", "seen_by", "closed_at", "outcome",
    }  # fmt: skip


def test_deeds_are_listed_newest_first_and_by_row(db: Database, clock: Clock) -> None:
    with db.work() as work:
        audit.note(work, "staff:1", "read", "concern", "c1", "default")
        audit.note(work, "staff:2", "closed", "concern", "c1", "default")
        audit.note(work, "cli", "paused", "broadcast", "b1", "iwami")
        assert [each.deed for each in audit.listed(work)] == ["paused", "closed", "read"]
        assert [each.actor for each in audit.listed(work, kind="concern", subject_id="c1")] == [
            "staff:2",
            "staff:1",
        ]
        assert [each.deed for each in audit.listed(work, channel="iwami")] == ["paused"]
        assert len(audit.listed(work, limit=1)) == 1
        assert audit.listed(work)[0].at == clock.now


def test_a_deed_that_failed_leaves_no_line(db: Database) -> None:
    try:
        with db.work() as work:
            audit.note(work, "staff:1", "read", "concern", "c1", "default")
            raise RuntimeError
    except RuntimeError:
        pass
    with db.look() as work:
        assert audit.listed(work) == ()


def test_old_deeds_are_forgotten(db: Database, clock: Clock) -> None:
    with db.work() as work:
        audit.note(work, "staff:1", "read", "concern", "c1", "default")
    clock.move(days=2)
    with db.work() as work:
        assert audit.forget_old(work, dt.timedelta(days=1)) == 1


def test_sending_goes_on_until_it_is_paused_and_again_when_resumed(db: Database) -> None:
    with db.work() as work:
        assert switches.sending_paused(work) is None
        switches.pause_sending(work, "first")
        switches.pause_sending(work, "second")
        assert switches.sending_paused(work) == "first"
        switches.resume_sending(work)
        assert switches.sending_paused(work) is None
        switches.pause_sending(work, "third")
        assert switches.sending_paused(work) == "third"


def test_a_channel_is_paused_until_its_moment(db: Database, clock: Clock) -> None:
    with db.work() as work:
        switches.pause_channel(work, "default", clock.now + dt.timedelta(hours=1), "quota")
        switches.pause_channel(work, "iwami", clock.now + dt.timedelta(hours=2), "outage")
        assert switches.paused_channels(work) == {"default": "quota", "iwami": "outage"}
    clock.move(hours=1)
    with db.work() as work:
        assert switches.paused_channels(work) == {"iwami": "outage"}
        switches.resume_channel(work, "iwami")
        assert switches.paused_channels(work) == {}


def test_a_later_pause_replaces_an_earlier_one(db: Database, clock: Clock) -> None:
    with db.work() as work:
        for minutes, reason in ((60, "quota"), (5, "outage")):
            switches.pause_channel(work, "default", clock.now + dt.timedelta(minutes=minutes), reason)
        rows = work.conn.execute(select(switches.channel_pauses)).all()
    assert [(row.until, row.reason) for row in rows] == [(clock.now + dt.timedelta(minutes=5), "outage")]
