"""Sending over real HTTP: tokens, retry keys, quota, blocked people, refusals."""

from __future__ import annotations

import json
import threading
import time
import uuid

import pytest
from line_on_this_machine import Line, text

KEY = "123e4567-e89b-12d3-a456-426614174000"
STRANGER = "U" + "0" * 32


def test_a_call_without_a_known_token_is_401(line: Line) -> None:
    assert line.push("はなこ", token=None).status == 401
    assert line.push("はなこ", token="token-3").status == 401
    assert (
        line.call("GET", "/v2/bot/info", headers={"Authorization": "Basic token-1"}, token=None).status == 401
    )


def test_every_answer_has_a_request_id_of_its_own(line: Line) -> None:
    answers = [line.push("はなこ"), line.push("はなこ", token=None), line.call("GET", "/v2/bot/info")]
    ids = [uuid.UUID(answer.headers["x-line-request-id"]) for answer in answers]
    assert len(set(ids)) == 3


def test_a_connection_is_used_again(line: Line) -> None:
    for _ in range(20):
        assert line.call("GET", "/v2/bot/info").status == 200
    pool = line.http.connection_from_url(line.sim.url)
    assert pool.num_connections == 1


def test_a_reply_arrives_once_and_its_token_is_used_up(line: Line) -> None:
    line.act("はなこ", {"type": "text", "text": "こんにちは"})
    token = line.bot.events()[0]["replyToken"]
    body = {"replyToken": token, "messages": [text("ようこそ"), text("つながりです")]}
    first = line.send("reply", body)
    assert first.status == 200
    assert len(first.json()["sentMessages"]) == 2
    again = line.send("reply", body)
    assert (again.status, again.json()) == (400, {"message": "Invalid reply token"})
    assert line.from_bot("はなこ") == ["ようこそ", "つながりです"]
    assert line.violations() == ["reply_token_reused"]


def test_an_unknown_reply_token_is_refused(line: Line) -> None:
    got = line.send("reply", {"replyToken": "0" * 32, "messages": [text()]})
    assert (got.status, got.json()) == (400, {"message": "Invalid reply token"})


def test_a_reply_token_of_another_bot_is_unknown(line: Line) -> None:
    line.act("はなこ", {"type": "text", "text": "こんにちは"})
    body = {"replyToken": line.bot.events()[0]["replyToken"], "messages": [text()]}
    assert line.send("reply", body, token="token-2").status == 400
    assert line.send("reply", body).status == 200


def test_a_reply_token_expires(line: Line) -> None:
    line.sim_post("settings", {"reply_token_seconds": 0.05})
    line.act("はなこ", {"type": "text", "text": "こんにちは"})
    time.sleep(0.1)
    got = line.send("reply", {"replyToken": line.bot.events()[0]["replyToken"], "messages": [text()]})
    assert (got.status, got.json()) == (400, {"message": "Invalid reply token"})
    assert line.violations() == []


def test_a_refused_reply_does_not_use_up_the_token(line: Line) -> None:
    line.act("はなこ", {"type": "text", "text": "こんにちは"})
    token = line.bot.events()[0]["replyToken"]
    assert line.send("reply", {"replyToken": token, "messages": [text("")]}).status == 400
    assert line.send("reply", {"replyToken": token, "messages": [text()]}).status == 200


def test_a_retry_key_on_a_reply_is_refused(line: Line) -> None:
    line.act("はなこ", {"type": "text", "text": "こんにちは"})
    body = {"replyToken": line.bot.events()[0]["replyToken"], "messages": [text()]}
    assert line.send("reply", body, key=KEY).status == 400
    assert line.from_bot("はなこ") == []
    assert line.violations() == ["retry_key_not_allowed"]


def test_a_malformed_retry_key_is_refused(line: Line) -> None:
    line.follow("はなこ")
    for key in ("abc", KEY.replace("-", ""), KEY + "0"):
        assert line.push("はなこ", key=key).status == 400
    assert line.from_bot("はなこ") == []


def test_a_repeat_with_the_same_key_is_409_and_not_delivered_again(line: Line) -> None:
    line.follow("はなこ")
    first = line.push("はなこ", key=KEY)
    again = line.push("はなこ", key=KEY.upper())
    assert (first.status, again.status) == (200, 409)
    assert again.json() == {"message": "The retry key is already accepted", **first.json()}
    assert again.headers["x-line-accepted-request-id"] == first.headers["x-line-request-id"]
    assert again.headers["x-line-request-id"] != first.headers["x-line-request-id"]
    assert line.from_bot("はなこ") == ["やあ"]
    assert line.violations() == []


@pytest.mark.parametrize("kind", ["multicast", "broadcast", "narrowcast"])
def test_the_other_kinds_know_retry_keys_too(line: Line, kind: str) -> None:
    line.follow("はなこ")
    body = {"messages": [text()], **({"to": [line.people["はなこ"]]} if kind == "multicast" else {})}
    first, again = line.send(kind, body, key=KEY), line.send(kind, body, key=KEY)
    assert (first.status, again.status) == (202 if kind == "narrowcast" else 200, 409)
    assert again.json() == {"message": "The retry key is already accepted"}
    assert line.from_bot("はなこ") == ["やあ"]


def test_a_repeat_with_another_body_is_a_violation(line: Line) -> None:
    line.follow("はなこ")
    line.push("はなこ", key=KEY)
    assert line.push("はなこ", "ほかの言葉", key=KEY).status == 409
    assert line.from_bot("はなこ") == ["やあ"]
    assert line.violations() == ["retry_key_other_body"]


def test_after_24_hours_a_key_is_new_and_delivers_again(line: Line) -> None:
    line.sim_post("settings", {"retry_key_seconds": 0.05})
    line.follow("はなこ")
    line.push("はなこ", key=KEY)
    time.sleep(0.1)
    assert line.push("はなこ", key=KEY).status == 200
    assert line.from_bot("はなこ") == ["やあ", "やあ"]


def test_a_key_of_a_refused_call_stays_free(line: Line) -> None:
    line.follow("はなこ")
    assert line.push("はなこ", "", key=KEY).status == 400
    assert line.push("はなこ", key=KEY).status == 200


def test_the_same_key_at_the_same_moment_delivers_once(line: Line) -> None:
    line.follow("はなこ")
    start, statuses = threading.Barrier(20), []

    def push() -> None:
        start.wait()
        statuses.append(line.push("はなこ", key=KEY).status)

    threads = [threading.Thread(target=push) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [409] * 19
    assert line.from_bot("はなこ") == ["やあ"]


def test_a_blocked_or_strange_person_is_200_and_sees_nothing(line: Line) -> None:
    line.follow("はなこ")
    line.act("はなこ", {"type": "block"})
    for name in ("はなこ", "たろう"):
        got = line.push(name)
        assert got.status == 200
        assert len(got.json()["sentMessages"]) == 1
        assert line.from_bot(name) == []


def test_one_who_wrote_lately_is_reached_without_being_a_friend(line: Line) -> None:
    line.act("たろう", {"type": "text", "text": "すみません"})
    assert line.push("たろう").status == 200
    assert line.from_bot("たろう") == ["やあ"]


def test_a_push_to_an_unknown_person_is_400(line: Line) -> None:
    got = line.send("push", {"to": STRANGER, "messages": [text()]})
    assert (got.status, got.json()) == (400, {"message": "Failed to send messages"})


def test_a_push_to_what_is_no_id_is_400(line: Line) -> None:
    got = line.send("push", {"to": "hanako", "messages": [text()]})
    assert got.status == 400
    assert got.json() == {"message": "The property, to, in the request body is invalid (line: -, column: -)"}


def test_a_multicast_names_the_wrong_recipient_and_sends_to_nobody(line: Line) -> None:
    line.follow("はなこ")
    hanako = line.people["はなこ"]
    for users in ([hanako, "taro"], [hanako, hanako]):
        got = line.send("multicast", {"to": users, "messages": [text()]})
        message = "The property, to[1], in the request body is invalid (line: -, column: -)"
        assert (got.status, got.json()) == (400, {"message": message})
    assert line.from_bot("はなこ") == []


def test_a_multicast_reaches_friends_and_passes_over_the_others(line: Line) -> None:
    line.follow("はなこ", "みちこ")
    line.act("みちこ", {"type": "block"})
    users = [*line.people.values(), STRANGER]
    got = line.send("multicast", {"to": users, "messages": [text()]})
    assert (got.status, got.json()) == (200, {})
    assert [len(line.from_bot(name)) for name in ("はなこ", "たろう", "みちこ")] == [1, 0, 0]
    assert line.call("GET", "/v2/bot/message/quota/consumption").json() == {"totalUsage": 1}


def test_line_can_be_told_to_refuse_a_multicast_with_unknown_ids(line: Line) -> None:
    line.follow("はなこ")
    line.sim_post("settings", {"multicast_unknown_refused": True})
    users = [line.people["はなこ"], STRANGER]
    assert line.send("multicast", {"to": users, "messages": [text()]}).status == 400
    assert line.from_bot("はなこ") == []


def test_a_broadcast_reaches_all_friends_of_this_bot_only(line: Line) -> None:
    line.follow("はなこ", "たろう")
    line.follow("みちこ", bot="iwami")
    assert line.send("broadcast", {"messages": [text()]}).status == 200
    assert [len(line.from_bot(name)) for name in ("はなこ", "たろう", "みちこ")] == [1, 1, 0]


def test_a_narrowcast_by_attributes_needs_many_people(line: Line) -> None:
    line.follow("はなこ", "たろう")
    asked = {"demographic": {"type": "gender", "oneOf": ["female"]}}
    assert line.send("narrowcast", {"messages": [text()], "filter": asked}).status == 403
    assert line.send("narrowcast", {"messages": [text()], "limit": {"max": 1}}).status == 202
    assert len(line.from_bot("はなこ") + line.from_bot("たろう")) == 1


def test_quota_counts_people_not_messages_and_not_replies(line: Line) -> None:
    line.follow("はなこ", "たろう")
    token = line.bot.events()[0]["replyToken"]
    line.send("reply", {"replyToken": token, "messages": [text()]})
    line.send("push", {"to": line.people["はなこ"], "messages": [text()] * 5})
    line.send("broadcast", {"messages": [text()] * 2})
    assert line.call("GET", "/v2/bot/message/quota/consumption").json() == {"totalUsage": 3}


def test_an_exhausted_quota_is_429_and_a_repeat_is_still_409(line: Line) -> None:
    line.follow("はなこ")
    assert line.call("GET", "/v2/bot/message/quota").json() == {"type": "none"}
    line.sim_post("quota", {"bot": "default", "limit": 1})
    assert line.call("GET", "/v2/bot/message/quota").json() == {"type": "limited", "value": 1}
    assert line.push("はなこ", key=KEY).status == 200
    over = line.push("はなこ")
    assert (over.status, over.json()) == (429, {"message": "You have reached your monthly limit."})
    assert line.push("はなこ", key=KEY).status == 409
    assert line.from_bot("はなこ") == ["やあ"]


def test_a_multicast_beyond_the_quota_reaches_nobody(line: Line) -> None:
    line.follow("はなこ", "たろう")
    line.sim_post("quota", {"bot": "default", "limit": 1})
    assert line.send("multicast", {"to": list(line.people.values()), "messages": [text()]}).status == 429
    assert line.from_bot("はなこ") + line.from_bot("たろう") == []


def test_too_many_calls_are_429_for_this_bot_and_endpoint_alone(line: Line) -> None:
    line.follow("はなこ")
    line.sim_post("settings", {"rate_limits": {"push": [3, 60]}})
    statuses = [line.push("はなこ").status for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert line.push("はなこ").json() == {"message": "The API rate limit has been exceeded. Try again later."}
    assert line.push("はなこ", token="token-2").status == 200
    assert line.call("GET", "/v2/bot/message/quota").status == 200


def test_a_wrong_body_is_refused_with_details_and_shown_in_the_chat(line: Line) -> None:
    line.follow("はなこ")
    got = line.send("push", {"to": line.people["はなこ"], "messages": [text(), text("あ" * 5001)]})
    assert got.status == 400
    assert got.json() == {
        "message": "The request body has 1 error(s)",
        "details": [{"message": "Length must be between 0 and 5000", "property": "messages[1].text"}],
    }
    shown = line.items("はなこ")[-1]
    assert (shown["from"], shown["message"]["kind"], shown["raw"]["status"]) == ("system", "refused", 400)
    assert shown["problems"] == ["messages[1].text: Length must be between 0 and 5000"]
    assert line.from_bot("はなこ") == []


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"to": NaN}', 400),
        (b"[" * 100_000, 400),
        (b'{"to":"%b","messages":[{"type":"text","text":"\\ud83d"}]}' % STRANGER.encode(), 400),
        (b'{"messages":"' + b"a" * (2 * 1024 * 1024) + b'"}', 413),
        (b"a" * (13 * 1024 * 1024), 413),
    ],
)
def test_an_unreadable_body_is_refused_and_the_server_lives(line: Line, raw: bytes, status: int) -> None:
    assert line.call("POST", "/v2/bot/message/push", raw=raw).status == status
    assert line.call("GET", "/v2/bot/info").status == 200


def test_a_body_that_is_not_declared_as_json_is_415(line: Line) -> None:
    body = {"to": line.people["はなこ"], "messages": [text()]}
    got = line.call(
        "POST", "/v2/bot/message/push", raw=json.dumps(body).encode(), headers={"Content-Type": "text/plain"}
    )
    assert got.status == 415


def test_validating_checks_and_sends_nothing(line: Line) -> None:
    line.follow("はなこ")
    for kind in ("reply", "push", "multicast", "narrowcast", "broadcast"):
        assert line.send(f"validate/{kind}", {"messages": [text()]}).json() == {}
        assert line.send(f"validate/{kind}", {"messages": [text("")]}).status == 400
    assert line.from_bot("はなこ") == []


def test_the_log_keeps_every_call(line: Line) -> None:
    line.follow("はなこ")
    got = line.push("はなこ", key=KEY)
    calls = line.sim_get("log?bot=default")["calls"]
    assert len(calls) == 1
    call = calls[0]
    assert (call["endpoint"], call["status"], call["retryKey"], call["delivered"]) == ("push", 200, KEY, 1)
    assert call["requestId"] == got.headers["x-line-request-id"]
    assert call["body"]["messages"] == [text()]
    assert line.sim_get("log?bot=iwami")["calls"] == []


def test_an_unknown_path_is_404(line: Line) -> None:
    got = line.call("GET", "/v2/bot/nothing")
    assert (got.status, got.json()) == (404, {"message": "Not Found"})


def test_profile_is_404_unless_the_person_is_a_friend(line: Line) -> None:
    hanako = line.people["はなこ"]
    assert line.call("GET", f"/v2/bot/profile/{hanako}").status == 404
    line.follow("はなこ")
    got = line.call("GET", f"/v2/bot/profile/{hanako}").json()
    assert got == {"userId": hanako, "displayName": "はなこ", "language": "ja"}
    line.act("はなこ", {"type": "block"})
    assert line.call("GET", f"/v2/bot/profile/{hanako}").status == 404
    assert line.call("GET", f"/v2/bot/profile/{STRANGER}").status == 404


def test_followers_come_page_by_page(line: Line) -> None:
    line.follow("はなこ", "たろう", "みちこ")
    first = line.call("GET", "/v2/bot/followers/ids?limit=2").json()
    assert len(first["userIds"]) == 2
    rest = line.call("GET", f"/v2/bot/followers/ids?limit=2&start={first['next']}").json()
    assert "next" not in rest
    assert {*first["userIds"], *rest["userIds"]} == set(line.people.values())


def test_the_bot_knows_itself(line: Line) -> None:
    got = line.call("GET", "/v2/bot/info", token="token-2").json()
    assert (got["basicId"], got["displayName"]) == ("@iwami", "いわみ")
    line.act("はなこ", {"type": "follow"}, "iwami")
    assert json.loads(line.bot.received[0][0])["destination"] == got["userId"]
