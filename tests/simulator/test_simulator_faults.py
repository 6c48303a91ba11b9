"""Faults on demand, over real HTTP."""

from __future__ import annotations

import threading
import time

import pytest
import urllib3
from line_on_this_machine import Line

KEY = "123e4567-e89b-12d3-a456-426614174000"


def test_the_next_calls_fail_and_then_all_is_well(line: Line) -> None:
    line.follow("はなこ")
    line.sim_post("faults", {"endpoint": "push", "status": 500, "times": 2})
    assert [line.push("はなこ").status for _ in range(3)] == [500, 500, 200]
    assert line.from_bot("はなこ") == ["やあ"]


def test_a_fault_after_accepting_leaves_the_message_delivered(line: Line) -> None:
    line.follow("はなこ")
    line.sim_post("faults", {"endpoint": "push", "status": 500, "when": "after"})
    assert [line.push("はなこ", key=KEY).status for _ in range(2)] == [500, 409]
    assert line.from_bot("はなこ") == ["やあ"]


def test_a_fault_meets_only_its_endpoint_and_bot(line: Line) -> None:
    line.follow("はなこ")
    line.sim_post("faults", {"endpoint": "reply", "status": 500})
    line.sim_post("faults", {"endpoint": "push", "status": 500, "bot": "iwami"})
    assert line.push("はなこ").status == 200
    assert line.push("はなこ", token="token-2").status == 500


def test_a_fault_can_bring_its_own_body(line: Line) -> None:
    body = {"message": "You have reached your monthly limit."}
    line.sim_post("faults", {"endpoint": "*", "status": 429, "body": body})
    got = line.push("はなこ")
    assert (got.status, got.json()) == (429, body)


def test_a_delay_delays(line: Line) -> None:
    line.sim_post("faults", {"endpoint": "push", "delay": 0.3})
    started = time.monotonic()
    assert line.push("はなこ").status == 200
    assert time.monotonic() - started >= 0.3


def test_a_late_answer_is_a_timeout_for_the_caller_but_accepted(line: Line) -> None:
    line.follow("はなこ")
    line.sim_post("faults", {"endpoint": "push", "delay": 5, "when": "after"})
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        line.push("はなこ", key=KEY, timeout=0.3)
    assert line.from_bot("はなこ") == ["やあ"]
    assert line.push("はなこ", key=KEY).status == 409


def test_a_dropped_connection_is_dropped(line: Line) -> None:
    line.follow("はなこ")
    line.sim_post("faults", {"endpoint": "push", "drop": True, "when": "after"})
    with pytest.raises(urllib3.exceptions.ProtocolError):
        line.push("はなこ", key=KEY)
    assert line.push("はなこ", key=KEY).status == 409


def test_a_hanging_call_hangs_until_the_faults_are_cleared(line: Line) -> None:
    line.follow("はなこ")
    line.sim_post("faults", {"endpoint": "push", "hang": True})
    ended: list[str] = []

    def push() -> None:
        try:
            line.push("はなこ", timeout=20.0)
        except urllib3.exceptions.ProtocolError:
            ended.append("cut")

    thread = threading.Thread(target=push)
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    line.http.request("DELETE", f"{line.sim.url}/_sim/faults")
    thread.join(5)
    assert ended == ["cut"]
    assert line.from_bot("はなこ") == []


def test_what_is_to_come_can_be_seen_and_cleared(line: Line) -> None:
    line.sim_post("faults", {"endpoint": "push", "status": 500, "times": None})
    assert line.sim_get("state")["faults"][0]["endpoint"] == "push"
    line.http.request("DELETE", f"{line.sim.url}/_sim/faults")
    assert line.sim_get("state")["faults"] == []


@pytest.mark.parametrize(
    "wrong", [{}, {"endpoint": "push"}, {"endpoint": "push", "status": 500, "howOften": 2}]
)
def test_a_fault_that_says_nothing_is_refused(line: Line, wrong: dict[str, object]) -> None:
    assert line.sim_post("faults", wrong).status == 400
