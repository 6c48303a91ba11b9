"""Exactly once: a process dies at each boundary between two steps, of sending as of freezing, and another goes on."""

from __future__ import annotations

import datetime as dt

import pytest
from killing import PATIENCE, ROUGH, Deathbed, begun_in_parts
from sqlalchemy import func, select
from waiting import wait_until

from bot.recurrence import EveryDays, Rule
from jobs import series, timetable
from storage import broadcasts, freezing, jobs_queue, outbox
from storage.broadcasts import Broadcast
from storage.segments import EVERYONE

on_sqlite = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.hard)], indirect=True
)

SENDING = [  # in the order in which one life comes by them
    "jobs.deliver:claim:before:1",
    "storage.outbox:claim:gave:1",  # claimed, not committed
    "jobs.deliver:Deliverer._write_and_claim:gave:1",  # committed, nothing called
    "jobs.sender:Sender.send:before:3",
    "bot.line.client:LineClient.multicast:before:2",
    "bot.line.client:to_bytes:after:1",
    "http.client:HTTPConnection.request:after:1",  # asked, no answer yet
    "bot.line.connections:_read:before:1",  # the status is there, the rest of the answer is not
    "bot.line.client:LineClient.multicast:after:2",
    "jobs.sender:Sender.send:after:3",
    "jobs.deliver:_postpone:before:1",
    "storage.outbox:postpone:after:1",
    "jobs.deliver:_settle:before:1",
    "storage.outbox:settle_all:after:1",
    "storage.broadcasts:settle_chunk:before:1",
    "storage.broadcasts:settle_chunk:after:2",
    "storage.broadcasts:finish_if_done:before:1",
    "storage.broadcasts:finish_if_done:after:1",
    "jobs.deliver:note:after:4",  # written, not committed
    "jobs.deliver:Deliverer._write_and_claim:after:4",  # committed
]
FREEZING = [
    "jobs.timetable:DueTimes.get_due_jobs:gave:1",
    "jobs.broadcast:fire:before:1",
    "storage.broadcasts:start:before:1",
    "storage.broadcasts:start:after:1",
    "storage.freezing:freeze:before:1",
    "storage.outbox:put:before:1",
    "storage.broadcasts:finish_if_done:before:1",
    "storage.freezing:freeze:after:1",
    "storage.freezing:go_on:before:2",  # committed, but for the parts that are still to come
    "storage.outbox:put:after:2",
    "storage.freezing:go_on:gave:2",
    "jobs.series:follow:before:1",
    "storage.broadcasts:schedule:after:1",  # the next turn of its series is made
    "jobs.series:follow:after:1",
    "jobs.timetable:DueTimes.remove_job:before:1",
    "jobs.timetable:DueTimes.remove_job:after:1",
    "jobs.broadcast:fire:after:1",  # committed
    "jobs.timetable:sync:before:1",
    "jobs.timetable:_plan:after:1",
    "jobs.timetable:sync:after:1",
]

ASKING = [  # on PostgreSQL before all of these, and around them; there is no DueTimes there
    "jobs.timetable:HandedOver.get_due_jobs:before:1",
    "storage.jobs_queue:defer:before:1",  # the entry has left the table, not committed
    "storage.jobs_queue:defer:after:1",  # and the job is there, not committed
    "jobs.timetable:HandedOver.get_due_jobs:after:1",  # committed
    "jobs.duties:begin:before:1",
    "jobs.duties:begin:after:1",  # done, and Procrastinate does not know yet
]


@on_sqlite
def test_a_sender_that_dies_between_any_two_steps_loses_and_doubles_nothing(bed: Deathbed) -> None:
    count, size, text = 200, 4, "講座のお知らせ"
    bed.hands = 8
    bed.has_people(count)
    bed.judge.behaves(**ROUGH, slowest=0.05, seed=3)
    broadcast_id = begun_in_parts(bed.db, text, size)
    for point in SENDING:
        bed.dies(point)
        bed.a_minute_passes()
        bed.says(text, broadcast_id)
    assert bed.status(broadcast_id) == "sending"
    bed.dies("storage.broadcasts:finish_if_done:gave:1")  # the last part is written, not committed
    bed.a_minute_passes()
    ender = bed.begins("work")
    bed.all_is_settled()
    assert ender.stop() == 0
    found = bed.says(text, broadcast_id)
    bed.report("a death at every boundary of sending", **found)
    assert found == {"lost": 0, "twice": 0}
    assert bed.status(broadcast_id) == "sent"
    assert bed.tally(broadcast_id).accepted == count


@on_sqlite
def test_a_timetable_that_dies_between_any_two_steps_begins_each_turn_wholly_or_not_at_all(
    bed: Deathbed,
) -> None:
    count, size = 30, 10
    bed.has_people(count, gone=1)
    made = []
    points = FREEZING
    if jobs_queue.serves(bed.db):
        points = [*ASKING, *(point for point in FREEZING if "DueTimes" not in point)]
    with bed.sending_nothing():
        for number, point in enumerate(points):
            made.append(_due_now(bed, f"{number}回目のお知らせ"))
            bed.dies(point, *bed.timetable, parts=size)
            _frozen_wholly_or_not_at_all(bed, count, size)
    ender = bed.begins("work", parts=size)
    ids = [each.id for each in made]
    wait_until(lambda: all(bed.status(each) == "sent" for each in ids), PATIENCE, what="all are sent")
    assert ender.stop() == 0
    for each in made:
        assert bed.says(str(each.messages[0]["text"]), each.id) == {"lost": 0, "twice": 0}
        assert bed.tally(each.id).accepted == count - 1
        with bed.db.look() as work:
            turns = broadcasts.listed(work, series_id=each.series_id)
        assert sorted(turn.status for turn in turns) == ["scheduled", "sent"], "its next turn waits, once"
    with bed.db.look() as work:
        waiting = {each.id: each.due_at for each in broadcasts.scheduled(work)}
    timetable.sync(bed.db)
    assert timetable.planned(bed.db) == waiting
    bed.report("a death at every boundary of freezing", broadcasts=len(made))


def _due_now(bed: Deathbed, text: str) -> Broadcast:
    """The turn of a series whose time has come."""
    timetable.prepare(bed.db)
    now = bed.clock()
    rule = Rule(dt.time(10), EveryDays(), (now + dt.timedelta(days=1)).date())
    with bed.db.work() as work:
        _series, first = series.begin(
            work, "default", text, [{"text": text}], EVERYONE, rule,
            created_by="test", late_limit=dt.timedelta(hours=1), urgent_reason="テスト",
        )  # fmt: skip
        assert first is not None
        table = broadcasts.broadcasts
        work.conn.execute(table.update().where(table.c.id == first.id).values(due_at=now))
    timetable.plan_broadcast(bed.db, first.id, now)
    return first


def _frozen_wholly_or_not_at_all(bed: Deathbed, count: int, size: int) -> None:
    """Who gets it stands there for all or for nobody; of its parts, which come in steps, none is there twice."""
    rows, recipients = outbox.outbox.c, broadcasts.broadcast_recipients.c
    with bed.db.look() as work:
        parts = work.conn.execute(select(rows.broadcast_id, rows.chunk)).all()
        people: dict[str, int] = dict(
            work.conn.execute(
                select(recipients.broadcast_id, func.count()).group_by(recipients.broadcast_id)
            ).all()  # type: ignore[arg-type]
        )
        unfinished = freezing.unfinished(work)
        for each in broadcasts.listed(work, limit=1000):
            begun = each.status == "sending"
            assert each.status in ("scheduled", "sending")
            assert (people.get(each.id, 0), each.recipients) == ((count, count) if begun else (0, 0))
            mine, whole = (
                [part.chunk for part in parts if part.broadcast_id == each.id],
                -(-(count - 1) // size),
            )
            assert len(mine) == len(set(mine))
            assert len(mine) == (whole if begun else 0) or (
                begun and each.id in unfinished and len(mine) < whole
            )
