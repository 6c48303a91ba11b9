"""We stay below what LINE permits, whatever the threads do."""

from __future__ import annotations

from typing import cast

import pytest
from surroundings import Clock

from bot.line.client import LineClient
from jobs.deliver import Deliverer
from jobs.ratelimit import MOST_PARTS, MULTICAST_A_SECOND, OTHERS_A_SECOND, Bucket, Limits
from storage import senders
from storage.work import Database


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def passed_in_a_second(rate: float, quiet_before: float, parts: int = 1) -> int:
    time = Time()
    bucket = Bucket(rate, time.clock, time.sleep)
    bucket.take(parts)
    time.now += quiet_before
    start, count = time.now, 0
    while time.now < start + 1:
        bucket.take(parts)
        count += 1
    return count


@pytest.mark.parametrize("quiet_before", [0, 60])
def test_no_second_holds_more_multicasts_than_line_permits(quiet_before: float) -> None:
    assert 170 <= passed_in_a_second(MULTICAST_A_SECOND, quiet_before) <= 200


def test_other_calls_have_ten_times_the_room() -> None:
    assert 1_700 <= passed_in_a_second(OTHERS_A_SECOND, 60) <= 2_000


def test_a_lonely_call_never_waits() -> None:
    assert Bucket(1.0).take() == 0


def test_channels_and_endpoints_do_not_share_a_bucket() -> None:
    limits = Limits()
    for channel in ("a", "b"):
        for endpoint in ("push", "multicast"):
            limits.take(channel, endpoint)
    assert len(limits._buckets) == 4


@pytest.mark.parametrize("processes", [2, 4, MOST_PARTS])
def test_several_processes_together_stay_below_what_line_permits(processes: int) -> None:
    each = passed_in_a_second(OTHERS_A_SECOND, 60, processes)
    assert 1_600 <= each * processes <= 2_000


def test_whoever_sends_is_counted_until_it_leaves_or_falls_silent(db: Database, clock: Clock) -> None:
    with db.work() as work:
        assert [senders.sign(work, name) for name in ("a", "b", "a", "c")] == [1, 2, 2, 3]
        senders.leave(work, "b")
        assert senders.sign(work, "a") == 2
    clock.move(seconds=senders.GONE_AFTER.total_seconds())
    with db.work() as work:
        assert senders.sign(work, "a") == 1
    clock.move(seconds=20 * senders.GONE_AFTER.total_seconds())
    with db.work() as work:
        senders.leave(work, "a")  # and what "c" left behind when it was killed
        assert senders.sign(work, "d") == 1
        assert work.conn.execute(senders.senders.select()).all()[0].id == "d"


def test_two_senders_share_the_limits_of_line(db: Database) -> None:
    pair = [Deliverer(db, cast(LineClient, None), every=0.02, threads=1) for _ in range(2)]
    for each in pair:
        each._round()
    pair[0]._signed_at = -60.0  # its next sign of life is due
    pair[0]._round()
    assert [each.sender.limits.parts for each in pair] == [2, 2]
    pair[1]._stopping.set()
    pair[1]._round()
    pair[0]._signed_at = -60.0
    pair[0]._round()
    assert pair[0].sender.limits.parts == 1


def test_no_part_is_so_small_that_a_lease_would_run_out() -> None:
    limits = Limits()
    limits.share(1_000)
    assert limits.parts == MOST_PARTS
    limits.share(0)
    assert limits.parts == 1
