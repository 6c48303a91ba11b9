"""What people do on their phones, and the webhooks that the bot gets for it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
import time
from typing import Any

import pytest
from line_on_this_machine import Line, soon, text

from simulator.webhooks import sign, ulid

Json = dict[str, Any]


def test_the_signature_is_lines_own_example() -> None:
    raw = b'{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}'
    signature = "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs="
    assert sign("8c570fa6dd201bb328f1c1eac23a96d8", raw) == signature


def test_a_ulid_sorts_by_time() -> None:
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", ulid(1_700_000_000_000))
    assert ulid(1) < ulid(2) < ulid(1_700_000_000_000)


def test_a_text_reaches_the_bot_signed_and_complete(line: Line) -> None:
    got = line.act("はなこ", {"type": "text", "text": "こんにちは"})
    assert got["status"] == 200
    raw, headers = line.bot.received[0]
    expected = base64.b64encode(hmac.digest(b"secret-1", raw, hashlib.sha256)).decode()
    assert headers["x-line-signature"] == expected
    assert headers["content-type"] == "application/json; charset=utf-8"
    body = json.loads(raw)
    assert re.fullmatch(r"U[0-9a-f]{32}", body["destination"])
    [event] = body["events"]
    message = event.pop("message")
    assert abs(event.pop("timestamp") - time.time() * 1000) < 5000
    assert event.pop("webhookEventId") == got["eventId"]
    assert re.fullmatch(r"[0-9a-f]{32}", event.pop("replyToken"))
    assert event == {
        "type": "message",
        "mode": "active",
        "source": {"type": "user", "userId": line.people["はなこ"]},
        "deliveryContext": {"isRedelivery": False},
    }
    assert message.keys() == {"id", "type", "text", "quoteToken", "markAsReadToken"}
    assert (message["type"], message["text"]) == ("text", "こんにちは")
    assert message["id"].isdecimal()
    assert "こんにちは".encode() in raw


def test_each_bot_has_its_own_secret_destination_and_friends(line: Line) -> None:
    line.follow("はなこ", bot="iwami")
    raw, headers = line.bot.received[0]
    assert headers["x-line-signature"] == sign("secret-2", raw)
    default, iwami = line.sim_get("state")["bots"]
    assert json.loads(raw)["destination"] == iwami["destination"] != default["destination"]
    friends = {each["name"]: each["friend"] for each in line.sim_get("state?bot=iwami")["people"]}
    assert friends == {"はなこ": True, "たろう": False, "みちこ": False}
    assert not any(each["friend"] for each in line.sim_get("state?bot=default")["people"])


def test_people_have_the_same_ids_on_every_start(line: Line) -> None:
    assert (
        line.people["はなこ"]
        == "U" + hashlib.sha256(b"tsunagari simulator person " + "はなこ 0".encode()).hexdigest()[:32]
    )
    again = line.sim_post("people", {"name": "はなこ"}).json()
    assert again["name"] == "はなこ"
    assert again["userId"] != line.people["はなこ"]


def test_following_blocking_and_unblocking(line: Line) -> None:
    line.act("はなこ", {"type": "follow"})
    line.act("はなこ", {"type": "block"})
    refused = line.sim_post(
        "act", {"bot": "default", "user": line.people["はなこ"], "action": {"type": "text", "text": "a"}}
    )
    line.act("はなこ", {"type": "unblock"})
    follow, unfollow, back = line.bot.events()
    assert (follow["type"], follow["follow"]) == ("follow", {"isUnblocked": False})
    assert "replyToken" in follow
    assert unfollow["type"] == "unfollow"
    assert "replyToken" not in unfollow
    assert (back["type"], back["follow"]) == ("follow", {"isUnblocked": True})
    assert refused.status == 400
    kinds = [item["message"]["kind"] for item in line.items("はなこ")]
    assert kinds == ["follow", "block", "unblock"]


def test_a_sticker_a_place_and_a_postback(line: Line) -> None:
    line.act("はなこ", {"type": "sticker", "packageId": "446", "stickerId": "1988", "keywords": ["love"]})
    place = {"title": "家", "address": "鳥取市", "latitude": 35.5, "longitude": 134.2}
    line.act("はなこ", {"type": "location", **place})
    tap = {"type": "postback", "data": "v1;x", "displayText": "はい", "params": {"date": "2026-12-01"}}
    line.act("はなこ", tap)
    sticker, location, postback = line.bot.events()
    assert sticker["message"]["stickerResourceType"] == "STATIC"
    assert sticker["message"]["keywords"] == ["love"]
    assert {key: location["message"][key] for key in place} == place
    assert "quoteToken" not in location["message"]
    assert postback["postback"] == {"data": "v1;x", "params": {"date": "2026-12-01"}}
    assert [item["message"]["type"] for item in line.items("はなこ")] == ["sticker", "location", "text"]
    assert line.items("はなこ")[2]["message"]["text"] == "はい"


def test_a_postback_without_display_text_leaves_nothing_in_the_chat(line: Line) -> None:
    line.act("はなこ", {"type": "postback", "data": ""})
    assert line.items("はなこ") == []
    assert line.bot.events()[0]["postback"] == {"data": ""}


def test_a_picture_can_be_fetched_until_it_is_unsent(line: Line) -> None:
    line.act("はなこ", {"type": "image"})
    message = line.bot.events()[0]["message"]
    assert message["contentProvider"] == {"type": "line"}
    path = f"/v2/bot/message/{message['id']}/content"
    got = line.call("GET", path)
    assert got.headers["Content-Type"] == "image/jpeg"
    assert got.data.startswith(b"\xff\xd8")
    item = line.items("はなこ")[0]
    assert line.http.request("GET", line.sim.url + item["message"]["previewImageUrl"]).data == got.data
    assert line.call("GET", path, token="token-2").status == 404
    line.act("はなこ", {"type": "unsend", "messageId": message["id"]})
    assert line.call("GET", path).status == 404


def test_an_unsent_message_is_gone_and_the_bot_is_told(line: Line) -> None:
    line.act("はなこ", {"type": "text", "text": "ひみつ"})
    message_id = line.bot.events()[0]["message"]["id"]
    line.act("はなこ", {"type": "unsend", "messageId": message_id})
    event = line.bot.events()[1]
    assert (event["type"], event["unsend"]) == ("unsend", {"messageId": message_id})
    assert "replyToken" not in event
    assert line.items("はなこ")[0]["unsent"] is True
    assert "ひみつ" not in json.dumps(line.items("はなこ"), ensure_ascii=False)


def test_duplicates_and_a_redelivery_are_the_same_event(line: Line) -> None:
    got = line.act("はなこ", {"type": "text", "text": "a"}, duplicate=3, redeliver=True)
    events = line.bot.events()
    assert len(events) == 5
    assert len(got["copies"]) == 4
    assert {event["webhookEventId"] for event in events} == {got["eventId"]}
    assert {event["replyToken"] for event in events} == {events[0]["replyToken"]}
    assert sorted(event["deliveryContext"]["isRedelivery"] for event in events) == [False] * 4 + [True]
    assert len(line.items("はなこ")) == 1


def test_in_standby_there_is_no_reply_token(line: Line) -> None:
    line.act("はなこ", {"type": "text", "text": "a"}, standby=True)
    [event] = line.bot.events()
    assert event["mode"] == "standby"
    assert "replyToken" not in event


def test_a_source_can_be_a_group_or_lack_the_person(line: Line) -> None:
    line.act("はなこ", {"type": "text", "text": "a"}, group=True)
    line.act("はなこ", {"type": "text", "text": "a"}, omitUserId=True)
    group, nobody = (event["source"] for event in line.bot.events())
    assert group["type"] == "group"
    assert re.fullmatch(r"C[0-9a-f]{32}", group["groupId"])
    assert group["userId"] == line.people["はなこ"]
    assert nobody == {"type": "user"}


def test_raw_events_go_out_as_given_and_their_tokens_work(line: Line) -> None:
    source = {"type": "user", "userId": line.people["はなこ"]}
    events: list[Json] = [
        {"type": "poem", "source": source},
        {"type": "message", "replyToken": "t1", "source": source},
    ]
    line.act("はなこ", {"type": "raw", "events": events})
    assert line.bot.events() == events
    assert line.send("reply", {"replyToken": "t1", "messages": [text()]}).status == 200
    assert line.from_bot("はなこ") == ["やあ"]
    line.act("はなこ", {"type": "raw", "body": "[1"})
    raw, headers = line.bot.received[-1]
    assert (raw, headers["x-line-signature"]) == (b"[1", sign("secret-1", b"[1"))


def test_half_a_character_reaches_the_bot_as_json_can_write_it(line: Line) -> None:
    line.act("はなこ", {"type": "text", "text": "a\ud83d"})
    assert b"\\ud83d" in line.bot.received[0][0]


def test_a_bot_that_fails_is_shown_in_the_chat(line: Line) -> None:
    line.bot.status = 500
    got = line.act("はなこ", {"type": "text", "text": "a"})
    assert (got["status"], got["reason"]) == (500, "error_status_code")
    shown = line.items("はなこ")[-1]
    assert (shown["message"]["kind"], shown["raw"]["status"], shown["problems"]) == ("webhook", 500, ["500"])
    time.sleep(0.1)
    assert len(line.bot.received) == 1  # this bot's owner has not switched redelivery on


def test_a_bot_that_is_late_is_given_up(line: Line) -> None:
    line.sim_post("settings", {"webhook_timeout_seconds": 0.2})
    free = threading.Event()
    line.bot.before_answer = lambda: (free.wait(5), None)[1]
    got = line.act("はなこ", {"type": "text", "text": "a"})
    free.set()
    assert (got["status"], got["reason"]) == (0, "request_timeout")
    assert 200 <= got["ms"] < 1500


def test_a_bot_that_is_away_is_noticed(line: Line) -> None:
    line.call("PUT", "/v2/bot/channel/webhook/endpoint", {"endpoint": "http://127.0.0.1:9/callback"})
    assert line.act("はなこ", {"type": "text", "text": "a"})["reason"] == "could_not_connect"


def test_a_failed_webhook_is_delivered_again_where_that_is_on(line: Line) -> None:
    line.sim_post("settings", {"redelivery_seconds": 0.05})
    line.bot.status = 500
    line.act("はなこ", {"type": "text", "text": "a"}, "iwami")
    line.bot.status = 200
    soon(lambda: len(line.bot.received) >= 2)
    first, again = line.bot.events()
    assert again == {**first, "deliveryContext": {"isRedelivery": True}}
    time.sleep(0.15)
    assert len(line.bot.received) == 2
    body = {"replyToken": first["replyToken"], "messages": [text()]}
    assert line.send("reply", body, token="token-2").status == 200


def test_events_of_one_person_arrive_in_order_even_when_nobody_waits(line: Line) -> None:
    line.bot.before_answer = lambda: time.sleep(0.01)
    for number in range(20):
        line.act("はなこ", {"type": "text", "text": str(number)}, wait=False)
    soon(lambda: len(line.bot.received) == 20)
    assert [event["message"]["text"] for event in line.bot.events()] == [str(number) for number in range(20)]


def test_a_slow_chat_does_not_hold_up_another(line: Line) -> None:
    free = threading.Event()
    line.bot.before_answer = lambda: (free.wait(5), None)[1]
    line.act("はなこ", {"type": "text", "text": "a"}, wait=False)
    soon(lambda: len(line.bot.received) == 1)
    line.bot.before_answer = lambda: None
    assert line.act("たろう", {"type": "text", "text": "b"})["status"] == 200
    free.set()


def test_the_webhooks_address_is_read_set_and_tested(line: Line) -> None:
    path = "/v2/bot/channel/webhook/endpoint"
    assert line.call("GET", path).json() == {"endpoint": line.bot.url, "active": True}
    good = line.call("POST", "/v2/bot/channel/webhook/test", {}).json()
    assert (good["success"], good["statusCode"], good["reason"]) == (True, 200, "OK")
    assert json.loads(line.bot.received[0][0])["events"] == []
    assert line.call("PUT", path, {"endpoint": "http://127.0.0.1:9/"}).status == 200
    bad = line.call("POST", "/v2/bot/channel/webhook/test", {}).json()
    assert (bad["success"], bad["statusCode"], bad["reason"]) == (False, 0, "COULD_NOT_CONNECT")


def test_marking_as_read_marks_what_was_said_before(line: Line) -> None:
    for words in ("一", "二", "三"):
        line.act("はなこ", {"type": "text", "text": words})
    token = line.bot.events()[1]["message"]["markAsReadToken"]
    assert line.call("POST", "/v2/bot/chat/markAsRead", {"markAsReadToken": token}).status == 200
    assert [item.get("read", False) for item in line.items("はなこ")] == [True, True, False]
    assert line.call("POST", "/v2/bot/chat/markAsRead", {"markAsReadToken": "x"}).status == 400


def test_only_the_last_messages_quick_reply_is_offered(line: Line) -> None:
    line.follow("はなこ")
    action = {"type": "postback", "label": "はい", "data": "d"}
    asked = {**text("よいですか"), "quickReply": {"items": [{"type": "action", "action": action}]}}
    line.send("push", {"to": line.people["はなこ"], "messages": [asked]})
    assert line.chat("はなこ")["quickReply"] == asked["quickReply"]
    line.send("push", {"to": line.people["はなこ"], "messages": [asked, text("では")]})
    assert line.chat("はなこ")["quickReply"] is None
    assert line.items("はなこ")[-2]["problems"] == ["quickReply is only shown on the last message of a call"]


@pytest.mark.parametrize(
    "action",
    [{}, {"type": "dance"}, {"type": "text"}, {"type": "text", "text": ""}, {"type": "location"},
     {"type": "unsend", "messageId": "1"}, {"type": "unblock"}, {"type": "raw"}],
)  # fmt: skip
def test_what_no_phone_can_do_is_refused(line: Line, action: Json) -> None:
    body = {"bot": "default", "user": line.people["はなこ"], "action": action}
    assert line.sim_post("act", body).status == 400
    assert line.bot.received == []


def test_acts_of_strangers_bots_and_unknown_options_are_refused(line: Line) -> None:
    action = {"type": "text", "text": "a"}
    for body in (
        {"bot": "other", "user": line.people["はなこ"], "action": action},
        {"bot": "default", "user": "U" + "0" * 32, "action": action},
        {"bot": "default", "user": line.people["はなこ"], "action": action, "options": {"loud": True}},
    ):
        assert line.sim_post("act", body).status == 400


def test_a_reset_is_the_first_day_again(line: Line) -> None:
    line.sim_post("people", {"name": "さくら"})
    line.follow("はなこ")
    line.push("はなこ")
    line.sim_post("faults", {"endpoint": "push", "status": 500})
    line.sim_post("reset", {})
    state = line.sim_get("state")
    assert [each["name"] for each in state["people"]] == ["はなこ", "たろう", "みちこ"]
    assert not any(each["friend"] for each in state["people"])
    assert (state["faults"], state["quota"]) == ([], {"limit": None, "used": 0})
    assert line.items("はなこ") == []
    assert line.sim_get("log")["calls"] == []
