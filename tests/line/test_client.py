"""Calls over real sockets to a LINE that misbehaves."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from loopback_line import LoopbackLine, Said, loopback_line, nobody_listens

from bot import log, metrics
from bot.line.client import ACCESS, API, LineClient, Quota, to_bytes
from bot.settings import Channel

CHANNELS = {"default": Channel("default", "s", "token-of-default"), "iwami": Channel("iwami", "s", "other")}
KEY = "123e4567-e89b-12d3-a456-426614174000"
USER = "U" + "a" * 32
HELLO = [{"type": "text", "text": "秘密のことば"}]
REPLY, PUSH, MULTICAST = (f"/v2/bot/message/{name}" for name in ("reply", "push", "multicast"))


@pytest.fixture
def line() -> Iterator[LoopbackLine]:
    with loopback_line() as found:
        yield found


@pytest.fixture
def client(line: LoopbackLine) -> Iterator[LineClient]:
    made = LineClient(CHANNELS, line.base, (0.5, 0.5))
    yield made
    made.close()


def test_without_a_base_both_of_lines_hosts_are_used() -> None:
    client = LineClient(CHANNELS)
    assert (client._api, client._access) == (API, ACCESS)


def test_a_reply_carries_the_token_and_never_a_retry_key(line: LoopbackLine, client: LineClient) -> None:
    answer = client.reply("default", "tok", HELLO)
    (asked,) = line.asked
    assert (answer.status, answer.sent, answer.ok, answer.request_id) == (200, "yes", True, "req-1")
    assert (asked.method, asked.path) == ("POST", REPLY)
    assert asked.json == {"replyToken": "tok", "messages": HELLO}
    assert asked.headers["authorization"] == "Bearer token-of-default"
    assert asked.headers["content-type"] == "application/json"
    assert "x-line-retry-key" not in asked.headers


def test_a_push_carries_its_key_and_the_same_bytes_each_time(line: LoopbackLine, client: LineClient) -> None:
    for _ in range(3):
        client.push("iwami", USER, HELLO, KEY)
    assert {asked.headers["x-line-retry-key"] for asked in line.asked} == {KEY}
    assert {asked.headers["authorization"] for asked in line.asked} == {"Bearer other"}
    assert len({asked.raw for asked in line.asked}) == 1
    assert line.asked[0].json == {"to": USER, "messages": HELLO}


def test_a_multicast_names_all_its_people(line: LoopbackLine, client: LineClient) -> None:
    people = [f"U{n:032x}" for n in range(500)]
    assert client.multicast("default", people, HELLO, KEY).ok
    assert line.asked[0].json["to"] == people
    assert line.asked[0].headers["x-line-retry-key"] == KEY


def test_a_409_names_the_request_that_was_accepted(line: LoopbackLine, client: LineClient) -> None:
    line.on(PUSH, Said(409, {"message": "x"}, {"x-line-accepted-request-id": "first"}))
    answer = client.push("default", USER, HELLO, KEY)
    assert (answer.status, answer.accepted_request_id, answer.body) == (409, "first", {"message": "x"})


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 413, 429, 500, 502, 503])
def test_each_call_is_made_once_whatever_line_says(
    line: LoopbackLine, client: LineClient, status: int
) -> None:
    line.on(PUSH, Said(status, headers={"Retry-After": "9", "Location": line.base + REPLY}))
    line.on("/v2/bot/info", Said(status, headers={"Retry-After": "9", "Location": line.base + REPLY}))
    started = time.monotonic()
    assert client.push("default", USER, HELLO, KEY).status == status
    assert client.bot_info("default").status == status
    assert len(line.asked) == 2
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000, b"{}", b'"x"'])
def test_an_odd_body_does_not_hide_that_it_was_accepted(
    line: LoopbackLine, client: LineClient, body: bytes
) -> None:
    line.on(PUSH, Said(200, body))
    assert client.push("default", USER, HELLO, KEY).ok


def test_a_silent_line_leaves_it_unknown_after_the_timeout(line: LoopbackLine, client: LineClient) -> None:
    line.on(PUSH, Said(after=3))
    line.on("/v2/bot/info", Said(after=3))
    started = time.monotonic()
    assert client.push("default", USER, HELLO, KEY).sent == "unknown"
    assert client.bot_info("default").sent == "unknown"
    assert time.monotonic() - started < 2
    assert len(line.asked) == 2


def test_a_dropped_connection_leaves_it_unknown(line: LoopbackLine, client: LineClient) -> None:
    line.on(PUSH, Said(None))
    answer = client.push("default", USER, HELLO, KEY)
    assert (answer.status, answer.sent) == (None, "unknown")
    assert len(line.asked) == 1


@pytest.mark.parametrize(
    "base",
    [nobody_listens(), "http://no-such-host.invalid", "http://127.0.0.1:1", "http://[bad"],
    ids=["nobody listens", "no such host", "a port for nobody", "no address"],
)
def test_what_never_left_is_known_not_to_be_sent(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "invalid" in base:
        import socket

        def no_dns(*_: object) -> None:
            raise socket.gaierror(-2, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", no_dns)
    client = LineClient(CHANNELS, base, (0.3, 0.3))
    answer = client.push("default", USER, HELLO, KEY)
    assert (answer.status, answer.sent) == (None, "no")


def test_an_unknown_channel_sends_nothing(line: LoopbackLine, client: LineClient) -> None:
    assert client.push("nowhere", USER, HELLO, KEY).sent == "no"
    assert line.asked == []


def test_an_answer_without_end_is_left_but_its_status_counts(line: LoopbackLine, client: LineClient) -> None:
    line.on(PUSH, Said(200, b"x" * 3_000_000))
    answer = client.push("default", USER, HELLO, KEY)
    assert (answer.status, answer.body) == (200, None)
    line.on(PUSH, Said(200, {"sentMessages": []}))
    assert client.push("default", USER, HELLO, KEY).body == {"sentMessages": []}


def test_connections_are_kept_and_shared_between_threads(line: LoopbackLine, client: LineClient) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = [f"key-{n}" for n in range(160)]
        answers = list(pool.map(lambda key: client.push("default", USER, HELLO, key), keys))
    assert all(answer.ok for answer in answers)
    assert sorted(asked.headers["x-line-retry-key"] for asked in line.asked) == sorted(keys)


def test_lone_surrogates_cannot_stop_a_body() -> None:
    assert json.loads(to_bytes({"a": "x\ud800y"})) == {"a": "x\ufffdy"}


@pytest.mark.parametrize(
    ("limit", "used", "quota"),
    [
        (Said(200, {"type": "limited", "value": 200}), Said(200, {"totalUsage": 200}), Quota(200, 200)),
        (Said(200, {"type": "limited", "value": 200}), Said(200, {"totalUsage": 3}), Quota(200, 3)),
        (Said(200, {"type": "none"}), Said(200, {"totalUsage": 9}), Quota(None, 9)),
        (Said(500), Said(200, {"totalUsage": 9}), None),
        (Said(200, b"[]"), Said(200, {"totalUsage": 9}), None),
        (Said(200, {"type": "limited"}), Said(200, {"totalUsage": 9}), None),
        (Said(200, {"type": "none"}), Said(200, {"totalUsage": None}), None),
    ],
)
def test_the_quota_is_read_or_unknown(
    line: LoopbackLine, client: LineClient, limit: Said, used: Said, quota: Quota | None
) -> None:
    line.on("/v2/bot/message/quota", limit)
    line.on("/v2/bot/message/quota/consumption", used)
    assert client.quota("default") == quota


def test_a_quota_is_exhausted_only_when_there_is_one() -> None:
    assert Quota(200, 200).exhausted
    assert not Quota(200, 199).exhausted
    assert not Quota(None, 10**9).exhausted


def test_menus_are_linked_and_unlinked_by_quoted_paths(line: LoopbackLine, client: LineClient) -> None:
    client.link_menu("default", USER, "richmenu-1")
    client.unlink_menu("default", USER)
    client.profile("default", "../x?y")
    assert [(asked.method, asked.path) for asked in line.asked] == [
        ("POST", f"/v2/bot/user/{USER}/richmenu/richmenu-1"),
        ("DELETE", f"/v2/bot/user/{USER}/richmenu"),
        ("GET", "/v2/bot/profile/..%2Fx%3Fy"),
    ]


# ---- the log ---------------------------------------------------------------------------------------------


def test_each_call_is_logged_without_token_text_or_person(
    line: LoopbackLine, client: LineClient, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure("INFO", "json")
    line.on(PUSH, Said(400, {"message": "秘密のことば is wrong"}))
    client.push("default", USER, HELLO, KEY)
    client.profile("default", USER)
    client.reply("default", "secret-reply-token", HELLO)
    logged = capsys.readouterr().err
    lines = [json.loads(each) for each in logged.splitlines()]
    assert [(each["method"], each["endpoint"], each["status"]) for each in lines] == [
        ("POST", PUSH, 400),
        ("GET", "/v2/bot/profile/{userId}", 200),
        ("POST", REPLY, 200),
    ]
    assert all(each["line_request_id"] == "req-1" and each["ms"] >= 0 for each in lines)
    for secret in ("秘密", USER, "token-of-default", "secret-reply-token"):
        assert secret not in logged
    assert "秘密" not in repr(client.push("default", USER, HELLO, KEY))


def test_trouble_is_counted_by_channel_and_what_went_well_is_not(
    line: LoopbackLine, client: LineClient
) -> None:
    metrics.CHANNEL_TROUBLE.clear()
    line.on(PUSH, Said(200), Said(409), Said(500), Said(429))
    for _ in range(4):
        client.push("iwami", USER, HELLO, KEY)
    client.push("nobody", USER, HELLO, KEY)
    counted = {
        tuple(sample.labels.values()): sample.value
        for family in metrics.CHANNEL_TROUBLE.collect()
        for sample in family.samples
        if sample.name.endswith("_total")
    }
    assert counted == {("iwami", "500"): 1, ("iwami", "429"): 1, ("nobody", "not_sent_no"): 1}


def test_what_is_left_of_the_quota_is_shown_by_channel(line: LoopbackLine, client: LineClient) -> None:
    line.on("/v2/bot/message/quota", Said(200, {"type": "limited", "value": 5_000}))
    line.on("/v2/bot/message/quota/consumption", Said(200, {"totalUsage": 4_900}))
    assert client.quota("iwami") == Quota(5_000, 4_900)
    assert metrics.REGISTRY.get_sample_value("tsunagari_quota_left", {"channel": "iwami"}) == 100
