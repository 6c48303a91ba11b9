"""Where the month's quota ends, broadcasts wait for it and go on by themselves; and what became of each person."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from loopback_line import LoopbackLine, Said, loopback_line
from rooms import Rooms
from sqlalchemy import select
from surroundings import Clock

from bot import metrics
from bot.line.client import LineClient
from bot.settings import Channel
from jobs import nightly, quota, timetable
from jobs.deliver import deliver_some
from storage import broadcasts, freezing, outbox, outcomes, people, segments, switches
from storage import quota as quotas
from storage.broadcasts import Tally
from storage.outcomes import Why
from storage.work import Database

MULTICAST, PUSH = "/v2/bot/message/multicast", "/v2/bot/message/push"
QUOTA, USED = "/v2/bot/message/quota", "/v2/bot/message/quota/consumption"
HELLO = [{"type": "text", "text": "お知らせです"}]
NOON = dt.datetime(2026, 12, 10, 3, 0, tzinfo=dt.UTC)
FIRST_OF_JANUARY = dt.datetime(2026, 12, 31, 15, 0, tzinfo=dt.UTC)  # 0:00 in Tokyo
LONGER_THAN_A_KEY = 26  # hours


@dataclass
class House:
    """What the hourly job needs, with the one channel of the tests."""

    db: Database
    clock: Clock
    said: LoopbackLine
    line: LineClient
    bell: threading.Event = field(default_factory=threading.Event)

    def left(self, limit: int, used: int) -> None:
        self.said.on(QUOTA, Said(200, {"type": "limited", "value": limit}))
        self.said.on(USED, Said(200, {"totalUsage": used}))

    def broadcast(self, count: int = 5, chunk_size: int = 2) -> str:
        with self.db.work() as work:
            for number in range(count):
                people.lock(work, "default", f"U{number:032x}")
            made = broadcasts.schedule(work, "default", HELLO, segments.EVERYONE, work.now, created_by="test")
            assert broadcasts.start(work, made.id)
            freezing.freeze(work, made.id, lambda _: HELLO, chunk_size=chunk_size)
        return made.id

    def tally(self, broadcast_id: str) -> Tally:
        with self.db.look() as work:
            return broadcasts.tally(work, broadcast_id)

    def asked(self, endpoint: str) -> int:
        return sum(each.endpoint == endpoint for each in self.said.asked)

    def hours(self, count: int) -> None:
        """So many hours pass with everything running."""
        for _ in range(count):
            self.clock.move(hours=1)
            quota.hour(self)
            deliver_some(self.db, self.line)


@pytest.fixture
def house(db: Database, clock: Clock) -> Iterator[House]:
    clock.now = NOON
    with loopback_line() as said:
        client = LineClient({"default": Channel("default", "s", "t")}, said.base, (0.5, 0.5))
        yield House(db, clock, said, client)
        client.close()


def used_up(house: House) -> str:
    """A broadcast of which LINE takes the first part, and nothing of the rest."""
    house.said.on(MULTICAST, Said(200), Said(429, {"message": "You have reached your monthly limit."}))
    house.left(200, 200)
    broadcast_id = house.broadcast()
    deliver_some(house.db, house.line)
    return broadcast_id


def alarms() -> float:
    value: float = metrics.ALARMS.labels("line.channel_paused")._value.get()
    return value


def test_with_the_quota_used_up_nothing_of_the_broadcast_is_tried_again_and_one_alarm_is_given(
    house: House,
) -> None:
    before = alarms()
    broadcast_id = used_up(house)
    tried = house.asked("multicast")
    house.hours(LONGER_THAN_A_KEY)
    assert house.asked("multicast") == tried
    assert alarms() - before == 1
    assert house.tally(broadcast_id) == Tally(5, accepted=2, blocked=0, failed=0, unknown=0, remaining=3)


def test_line_is_asked_for_the_quota_once_an_hour_however_many_timetables_run(house: House) -> None:
    used_up(house)
    before = house.asked("quota")
    for _ in range(3):
        house.clock.move(hours=1)
        for _timetable in range(4):
            quota.hour(house)
    assert house.asked("quota") - before == 3


def test_a_raised_quota_lets_the_broadcast_go_on_by_itself_even_after_two_days(house: House) -> None:
    broadcast_id = used_up(house)
    house.hours(48)
    house.left(1_000, 200)
    house.said.on(MULTICAST, Said(200))
    house.hours(1)
    house.hours(1)
    assert house.tally(broadcast_id).accepted == 5
    with house.db.look() as work:
        assert switches.paused_channels(work) == {}
    keys = [each.headers["x-line-retry-key"] for each in house.said.asked if each.endpoint == "multicast"]
    assert len(set(keys)) == 3  # one key for each part, also after it was refused


def test_a_quota_raised_for_fewer_people_than_a_part_has_lets_only_single_messages_go(house: House) -> None:
    broadcast_id = used_up(house)
    house.left(201, 200)
    with house.db.work() as work:
        alone = people.lock(work, "default", f"U{0:032x}")
        outbox.put(work, "default", "message", {"messages": HELLO}, person_id=alone.id)
    with house.db.work() as work:
        last = select(outbox.outbox.c.id).where(outbox.outbox.c.chunk == 2).scalar_subquery()
        outbox.settle(work, work.conn.execute(select(last)).scalar_one(), "refused")
        broadcasts.settle_chunk(work, broadcast_id, 2, "failed")  # now every part that waits is of two people
    house.hours(1)
    assert house.asked("push") == 1
    with house.db.look() as work:
        assert quotas.resting(work)["default"][0] == quotas.SHORT


def test_a_part_that_line_may_have_taken_before_it_refused_it_for_the_quota_counts_as_tried(
    house: House,
) -> None:
    """Its first try got no clear answer: 23 hours later its key may be forgotten, so it is left to staff."""
    house.said.on(MULTICAST, Said(500), Said(429))
    house.left(200, 200)
    broadcast_id = house.broadcast(2, 2)
    deliver_some(house.db, house.line)
    house.clock.move(seconds=5)
    deliver_some(house.db, house.line)
    house.hours(24)
    house.left(1_000, 200)
    house.said.on(MULTICAST, Said(200))
    house.hours(2)
    assert house.tally(broadcast_id).unknown == 2
    assert house.asked("multicast") == 2


def test_line_that_refuses_though_its_figures_fit_alarms_once_a_day(house: House) -> None:
    before = alarms()
    used_up(house)
    house.left(1_000, 200)
    house.said.on(MULTICAST, Said(429, {"message": "You have reached your monthly limit."}))
    house.hours(8)
    assert alarms() - before == 1
    house.hours(24)
    assert alarms() - before == 2


def test_a_new_month_lets_it_go_on_in_the_morning_and_not_at_midnight(house: House) -> None:
    broadcast_id = used_up(house)
    house.clock.now = FIRST_OF_JANUARY - dt.timedelta(hours=20)
    house.hours(20)
    house.left(200, 0)
    house.said.on(MULTICAST, Said(200))
    house.hours(7)
    assert house.tally(broadcast_id).accepted == 2
    house.hours(2)
    assert house.tally(broadcast_id).accepted == 5


def test_a_broadcast_planned_while_the_quota_is_used_up_waits_too_and_is_not_too_old(house: House) -> None:
    used_up(house)
    house.hours(1)
    later = house.broadcast(5, 5)
    house.hours(LONGER_THAN_A_KEY)
    house.left(1_000, 200)
    house.said.on(MULTICAST, Said(200))
    house.hours(22)
    assert house.tally(later).accepted == 5


def test_people_are_answered_while_broadcasts_wait(house: House) -> None:
    used_up(house)
    with house.db.work() as work:
        person = people.lock(work, "default", f"U{0:032x}")
        until = work.now + dt.timedelta(seconds=50)
        outbox.put(
            work,
            "default",
            "message",
            {"messages": HELLO},
            person_id=person.id,
            reply_token="t",
            reply_until=until,
        )
    deliver_some(house.db, house.line)
    assert house.asked("reply") == 1


# ---- what became of each person --------------------------------------------------------------------------


def test_every_person_has_an_outcome_and_what_failed_has_the_status_that_line_gave(house: House) -> None:
    house.said.on(MULTICAST, Said(400, {"message": "words of LINE"}), Said(200), Said(500))
    broadcast_id = house.broadcast(6, 2)
    with house.db.work() as work:
        people.set_friend(work, people.lock(work, "default", f"U{0:032x}").id, False, 1)
    deliver_some(house.db, house.line)
    with house.db.look() as work:
        found = [(line.outcome, line.reason) for line in outcomes.lines(work, broadcast_id)]
        assert outcomes.whys(work, broadcast_id) == (Why("failed", "LINE 400", 2),)
    assert found == [
        *[("failed", "LINE 400")] * 2,
        *[("accepted", None)] * 2,
        *[("trying", "status 500".replace("status", "LINE"))] * 2,
    ]


def test_who_had_blocked_us_and_who_was_not_tried_at_a_cancelling_are_told_apart(house: House) -> None:
    with house.db.work() as work:
        gone = people.lock(work, "default", f"U{0:032x}")
        people.set_friend(work, gone.id, False, 1)
    broadcast_id = house.broadcast(3, 2)
    with house.db.work() as work:
        broadcasts.cancel(work, broadcast_id)
        found = {line.person_id: line.outcome for line in outcomes.lines(work, broadcast_id)}
    assert found.pop(gone.id) == "blocked"
    assert set(found.values()) == {"not_tried"}


def test_what_line_refused_for_the_quota_and_is_cancelled_was_not_tried_rather_than_unknown(
    house: House,
) -> None:
    broadcast_id = used_up(house)
    with house.db.work() as work:
        broadcasts.cancel(work, broadcast_id)
    assert house.tally(broadcast_id) == Tally(5, accepted=2, blocked=0, failed=0, unknown=0, remaining=3)


def test_the_reasons_stay_as_long_as_the_broadcast_and_no_longer(house: House) -> None:
    house.said.on(MULTICAST, Said(200), Said(400))
    broadcast_id = house.broadcast(4, 2)
    deliver_some(house.db, house.line)
    for days, reasons, rows in ((100, (Why("failed", "LINE 400", 2),), 1), (366, (), 0)):
        house.clock.now = NOON + dt.timedelta(days=days)
        with house.db.work() as work:
            nightly.FORGET["outbox"](work)
            assert len(work.conn.execute(select(outbox.outbox)).all()) == rows
            assert outcomes.whys(work, broadcast_id) == reasons or not reasons


def test_the_timetable_asks_at_ten_past_each_hour(rooms: Rooms) -> None:
    running = timetable.start(rooms)  # type: ignore[arg-type]
    try:
        job = running.scheduler.get_job("quota")
        (duty,) = job.args
        assert duty.do is quota.hour
        assert job.next_run_time.minute == 10
    finally:
        running.stop()
