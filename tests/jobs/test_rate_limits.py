"""We stay below what LINE permits, whatever the threads do."""

from __future__ import annotations

import pytest

from jobs.ratelimit import MULTICAST_A_SECOND, OTHERS_A_SECOND, Bucket, Limits


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def passed_in_a_second(rate: float, quiet_before: float) -> int:
    time = Time()
    bucket = Bucket(rate, time.clock, time.sleep)
    bucket.take()
    time.now += quiet_before
    start, count = time.now, 0
    while time.now < start + 1:
        bucket.take()
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
