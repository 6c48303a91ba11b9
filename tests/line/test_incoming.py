"""What LINE sends, and what others might: read strictly, one event at a time."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linebot.v3.webhook import SignatureValidator

from bot.events import ButtonTapped, Followed, OtherSent, TextSent, Unfollowed, Unsent
from bot.line.incoming import (
    LONGEST_TEXT,
    MOST_EVENTS,
    Broken,
    Ignored,
    Malformed,
    read_body,
    signature_is_right,
)

SECRET = "8c570fa6dd201bb328f1c1eac23a96d8"
USER = "U" + "a" * 32
BOT = "U8e742f61d673b39c7fff3cecb7536ef0"
STAMP = 1_796_000_000_000


def event(**changed: Any) -> dict[str, Any]:
    """A text message as LINE sends it, with some properties changed (or removed, by `...`)."""
    whole = {
        "type": "message",
        "mode": "active",
        "timestamp": STAMP,
        "source": {"type": "user", "userId": USER},
        "webhookEventId": "01FZ74A0TDDPYRVKNK77XKC3ZR",
        "deliveryContext": {"isRedelivery": False},
        "replyToken": "nHuyWiB7yP5Zw52FIkcQobQuGDXCTA",
        "message": {"id": "444573844083572737", "type": "text", "quoteToken": "q", "text": "こんにちは"},
    } | changed
    return {key: value for key, value in whole.items() if value is not ...}


def read(*events: Any, **top: Any) -> tuple[Any, ...]:
    body = json.dumps({"destination": BOT, "events": list(events), **top}).encode()
    return read_body(body, "default").items


def one(**changed: Any) -> Any:
    (item,) = read(event(**changed))
    return item


# ---- the signature ---------------------------------------------------------------------------------------


def test_the_official_vector_is_right() -> None:
    body = b'{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}'
    assert signature_is_right(SECRET, body, "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=")
    assert read_body(body, "default").items == ()


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200).filter(lambda t: t.isprintable()))
def test_we_and_the_sdk_agree_on_signatures(text: str) -> None:
    mac = base64.b64encode(hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()).decode()
    assert SignatureValidator(SECRET).validate(text, mac)
    assert signature_is_right(SECRET, text.encode(), mac)
    assert not signature_is_right(SECRET, text.encode() + b" ", mac)


GOOD = base64.b64encode(hmac.new(SECRET.encode(), b"{}", hashlib.sha256).digest()).decode()


@pytest.mark.parametrize(
    "header",
    [
        None, "", " ", "=", "x", "シグネチャ", "é", "\udcff", "a" * 100_000, GOOD.lower(), GOOD.swapcase(),
        GOOD[:-1], GOOD + "=", f" {GOOD}", f"{GOOD}\n", GOOD.rstrip("="), f"sha256={GOOD}",
        hmac.new(SECRET.encode(), b"{}", hashlib.sha256).hexdigest(),
        base64.b64encode(hmac.new(b"other", b"{}", hashlib.sha256).digest()).decode(),
        base64.b64encode(hmac.new(SECRET.encode(), b"{} ", hashlib.sha256).digest()).decode(),
    ],
)  # fmt: skip
def test_anything_but_the_signature_is_refused_without_an_error(header: str | None) -> None:
    assert signature_is_right(SECRET, b"{}", GOOD)
    assert not signature_is_right(SECRET, b"{}", header)


def test_bytes_that_are_no_text_can_be_signed_too() -> None:
    body = b"\xff\xfe\x00"
    mac = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    assert signature_is_right(SECRET, body, mac)


# ---- bodies that are no webhook --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"null", b"[]", b'"events"', b"1", b"{", b"{}", b'{"events":null}', b'{"events":{}}',
        b'{"events":"[]"}', b"\xff\xfe", b'\xef\xbb\xbf{"events":[]}', '{"events":[]}'.encode("utf-16"),
        b'{"events":[],"events":[]}', b'{"events":[{"a":1,"a":2}]}', b'{"events":[NaN]}',
        b'{"events":[Infinity]}', b'{"events":[-Infinity]}', b'{"events":[1e999]}', b'{"events":[]}}',
        b'{"events":[' + b"9" * 5_000 + b"]}", b'{"events":[' + b"9" * 101 + b"]}",
        b"[" * 200_000, b'{"events":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 100_000, b'{"events":[' + b"1," * MOST_EVENTS + b"1]}",
    ],
    ids=lambda body: repr(body[:24]),
)  # fmt: skip
def test_a_body_that_is_no_webhook_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_body(body, "default")


@pytest.mark.parametrize("destination", [None, 5, "", "U123", ["x"], "\ud800"])
def test_an_odd_destination_is_tolerated(destination: Any) -> None:
    batch = read_body(json.dumps({"destination": destination, "events": [event()]}).encode(), "default")
    assert batch.destination is None
    assert isinstance(batch.items[0], TextSent)


def test_a_missing_destination_is_tolerated() -> None:
    batch = read_body(json.dumps({"events": [event()]}).encode(), "default")
    assert batch.destination is None
    assert isinstance(batch.items[0], TextSent)


# ---- events that we know ---------------------------------------------------------------------------------


def test_a_text_comes_with_all_we_need() -> None:
    assert one() == TextSent(
        id="01FZ74A0TDDPYRVKNK77XKC3ZR",
        channel="default",
        at=dt.datetime.fromtimestamp(STAMP / 1000, dt.UTC),
        line_id=USER,
        reply_token="nHuyWiB7yP5Zw52FIkcQobQuGDXCTA",
        text="こんにちは",
        message_id="444573844083572737",
    )


@pytest.mark.parametrize("kind", ["image", "video", "audio", "file", "location", "sticker", "hologram"])
def test_other_messages_are_known_by_their_kind(kind: str) -> None:
    item = one(message={"type": kind, "id": "1", "stickerResourceType": "BRAND_NEW"})
    assert isinstance(item, OtherSent)
    assert (item.kind, item.message_id) == (kind, "1")


def test_a_tap_comes_with_its_data() -> None:
    item = one(type="postback", message=..., postback={"data": "v1;a;b;c;d", "params": {"date": "x"}})
    assert isinstance(item, ButtonTapped)
    assert item.data == "v1;a;b;c;d"


@pytest.mark.parametrize(
    ("follow", "unblocked"),
    [({"isUnblocked": True}, True), ({"isUnblocked": False}, False), ({}, False), (..., False), (7, False)],
)
def test_a_follow_says_whether_it_is_an_unblocking(follow: Any, unblocked: bool) -> None:
    item = one(type="follow", message=..., follow=follow)
    assert isinstance(item, Followed)
    assert item.unblocked is unblocked


def test_an_unfollow_needs_no_reply_token() -> None:
    item = one(type="unfollow", message=..., replyToken=...)
    assert isinstance(item, Unfollowed)
    assert item.reply_token is None


def test_an_unsend_names_the_message() -> None:
    item = one(type="unsend", message=..., replyToken=..., unsend={"messageId": "325708"})
    assert isinstance(item, Unsent)
    assert item.message_id == "325708"


@pytest.mark.parametrize(
    ("mode", "active"), [("active", True), ("standby", False), ("new", True), (..., True)]
)
def test_only_standby_silences_us(mode: Any, active: bool) -> None:
    assert one(mode=mode).active is active


@pytest.mark.parametrize(
    ("context", "redelivered"), [({"isRedelivery": True}, True), ({}, False), (..., False), ("yes", False)]
)
def test_a_redelivery_says_so(context: Any, redelivered: bool) -> None:
    assert one(deliveryContext=context).redelivered is redelivered


@pytest.mark.parametrize("token", [..., None, 5, "", "あ", "a" * 300, "a b", {"x": 1}])
def test_an_unusable_reply_token_only_means_that_we_cannot_reply(token: Any) -> None:
    item = one(replyToken=token)
    assert isinstance(item, TextSent)
    assert item.reply_token is None


def test_unknown_and_missing_properties_do_no_harm() -> None:
    item = one(
        brand_new={"x": [1]}, deliveryContext=..., mode=..., source={"type": "hologram", "userId": USER}
    )
    assert isinstance(item, TextSent)


def test_broken_characters_in_texts_are_replaced() -> None:
    body = json.dumps({"events": [event()]}).replace("\\u3053", "\\ud83d\\u0000\\udc00").encode()
    (item,) = read_body(body, "default").items
    assert isinstance(item, TextSent)
    assert item.text == "\ufffd\ufffd\ufffdんにちは"


def test_whole_surrogate_pairs_stay_an_emoji() -> None:
    assert one(message={"type": "text", "id": "1", "text": "👋🏻𠀋"}).text == "👋🏻𠀋"


def test_a_text_without_end_is_cut() -> None:
    assert len(one(message={"type": "text", "id": "1", "text": "あ" * 90_000}).text) == LONGEST_TEXT


# ---- events that are none of ours ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    ["join", "leave", "memberJoined", "memberLeft", "accountLink", "beacon", "videoPlayComplete",
     "membership", "messageEdited", "module", "activated", "botSuspended", "delivery", "tomorrow"],
)  # fmt: skip
def test_other_kinds_are_ignored_even_when_bare(kind: str) -> None:
    assert read({"type": kind}) == (Ignored(kind, "unknown kind"),)


@pytest.mark.parametrize("kind", [..., None, 5, "", "a b", "x" * 100, "あ", "\ud800", ["message"]])
def test_a_kind_that_is_no_word_is_ignored_under_a_harmless_name(kind: Any) -> None:
    assert one(type=kind) == Ignored("unknown", "unknown kind")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ({"type": "group", "groupId": "C1", "userId": USER}, "group"),
        ({"type": "room", "roomId": "R1", "userId": USER}, "group"),
        ({"type": "group", "groupId": "C1"}, "no sender"),
        ({"type": "user"}, "no sender"),
        (..., "no sender"),
        (None, "no sender"),
        ("user", "no sender"),
        ({"type": "user", "userId": "U123"}, "no user id"),
        ({"type": "user", "userId": USER.upper()}, "no user id"),
        ({"type": "user", "userId": USER + "\n"}, "no user id"),
        ({"type": "user", "userId": 5}, "no user id"),
        ({"type": "user", "userId": ["U"]}, "no user id"),
    ],
)
def test_whoever_is_no_single_known_person_is_ignored(source: Any, reason: str) -> None:
    assert one(source=source) == Ignored("message", reason)


def test_the_dummy_events_of_old_consoles_are_ignored() -> None:
    person = {"type": "user", "userId": "Udeadbeefdeadbeefdeadbeefdeadbeef"}
    dummies = [
        {"replyToken": "0" * 32, "type": "message", "timestamp": 1, "source": person,
         "message": {"id": "100001", "type": "text", "text": "Hello, world"}},
        {"replyToken": "f" * 32, "type": "message", "timestamp": 1, "source": person,
         "message": {"id": "100002", "type": "sticker", "packageId": "1", "stickerId": "1"}},
    ]  # fmt: skip
    items = read_body(json.dumps({"events": dummies}).encode(), "default").items
    assert items == (Ignored("message", "verification"),) * 2


def test_what_is_older_than_we_remember_is_ignored() -> None:
    limit = dt.datetime.fromtimestamp(STAMP / 1000, dt.UTC)
    body = json.dumps({"events": [event(timestamp=STAMP - 1), event()]}).encode()
    items = read_body(body, "default", limit).items
    assert items[0] == Ignored("message", "too old")
    assert isinstance(items[1], TextSent)


# ---- broken ones -----------------------------------------------------------------------------------------

ODD = {
    "no event id": {"webhookEventId": ...},
    "event id is a number": {"webhookEventId": 5},
    "event id is empty": {"webhookEventId": ""},
    "event id is too long": {"webhookEventId": "x" * 65},
    "event id with a space": {"webhookEventId": "a b"},
    "event id with NUL": {"webhookEventId": "a\x00"},
    "event id with a newline": {"webhookEventId": "abc\n"},
    "event id in Japanese": {"webhookEventId": "あ"},
    "event id is a lone surrogate": {"webhookEventId": "\ud800"},
    "no timestamp": {"timestamp": ...},
    "timestamp is true": {"timestamp": True},
    "timestamp is text": {"timestamp": str(STAMP)},
    "timestamp is a fraction": {"timestamp": 1.5},
    "timestamp is negative": {"timestamp": -1},
    "timestamp is beyond 2^53": {"timestamp": 2**53},
    "timestamp is beyond all years": {"timestamp": 2**53 - 1},
    "timestamp has 90 digits": {"timestamp": 10**90},
    "no message": {"message": ...},
    "message is a list": {"message": []},
    "message without a type": {"message": {"id": "1"}},
    "message without an id": {"message": {"type": "text", "text": "x"}},
    "message id is a number": {"message": {"type": "text", "text": "x", "id": 1}},
    "text is a number": {"message": {"type": "text", "id": "1", "text": 5}},
    "text is missing": {"message": {"type": "text", "id": "1"}},
    "tap without postback": {"type": "postback"},
    "tap without data": {"type": "postback", "postback": {}},
    "tap with odd data": {"type": "postback", "postback": {"data": {"x": 1}}},
    "unsend of nothing": {"type": "unsend"},
    "unsend of an odd message": {"type": "unsend", "unsend": {"messageId": None}},
}


@pytest.mark.parametrize("changed", ODD.values(), ids=ODD.keys())
def test_one_broken_event_is_set_aside_and_its_neighbours_are_read(changed: dict[str, Any]) -> None:
    items = read(event(webhookEventId="before"), event(**changed), event(webhookEventId="after"))
    assert [type(item) for item in items] == [TextSent, Broken, TextSent]
    assert items[1].raw.isascii()
    assert items[1].error
    assert "こんにちは" not in items[1].error


def test_of_a_broken_event_only_its_form_is_kept() -> None:
    story, odd = "隣の山田さん 0857-00-0000", {"山田": [1.5, True, 857000000]}
    changed = {"message": {"type": "text", "id": None, "text": story, "more": odd}}
    (item,) = read(event(webhookEventId="01E", **changed))
    assert isinstance(item, Broken)
    kept = json.loads(item.raw)
    assert kept["message"]["text"] == f"<{len(story)} letters>"
    assert kept["message"]["more"] == {"unknown": ["<number>", True, "<number>"]}
    assert (kept["type"], kept["webhookEventId"]) == ("message", "01E")
    assert isinstance(kept["timestamp"], int)
    for word in ("山田", "857", "Uaaaa"):
        assert word not in json.dumps(kept, ensure_ascii=False)


def test_a_broken_event_keeps_its_id_when_that_is_sound() -> None:
    assert one(timestamp="x").event_id == "01FZ74A0TDDPYRVKNK77XKC3ZR"
    assert one(webhookEventId="a b").event_id is None


@pytest.mark.parametrize("thing", [None, 5, "event", [], True, [[]]])
def test_what_is_no_object_is_broken(thing: Any) -> None:
    items = read(thing, event())
    assert isinstance(items[0], Broken)
    assert isinstance(items[1], TextSent)


def test_an_event_nested_as_deep_as_json_permits_does_no_harm() -> None:
    deep = b'{"type":"message","x":' + b"[" * 300 + b"]" * 300 + b"}"
    good = json.dumps(event()).encode()
    items = read_body(b'{"events":[' + deep + b"," + good + b"]}", "default").items
    assert isinstance(items[-1], TextSent)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["type", "mode", "timestamp", "source", "webhookEventId", "deliveryContext", "replyToken", "message"]


@settings(max_examples=300, deadline=None)
@given(
    key=st.sampled_from(KEYS), value=JSON, kind=st.sampled_from(["message", "postback", "unsend", "follow"])
)
def test_no_value_anywhere_harms_the_neighbours(key: str, value: Any, kind: str) -> None:
    poison = event(type=kind) | {key: value}
    items = read(event(), poison, event())
    assert len(items) == 3
    assert isinstance(items[0], TextSent)
    assert isinstance(items[2], TextSent)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,events01\\u"', max_size=80).map(str.encode))
def test_any_bytes_are_read_or_malformed(body: bytes) -> None:
    with contextlib.suppress(Malformed):
        assert isinstance(read_body(body, "default").items, tuple)
