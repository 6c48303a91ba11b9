"""What LINE takes and what it refuses: right bodies pass, wrong ones are refused at the right property."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from line_bodies import (
    GRADIENT,
    PICTURE,
    RIGHT,
    USER,
    Json,
    box,
    bubble,
    button,
    buttons,
    carousel,
    column,
    confirm,
    flex,
    image_carousel,
    imagemap,
    postback,
    quick,
    text,
    words,
)

from simulator.line_check import check_message, check_messages, check_request, error_body, unseen


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_message_passes(name: str) -> None:
    assert check_messages([RIGHT[name]]) == []


TEMPLATE = "messages[0].template"
BODY = "messages[0].contents.body.contents[0]"

WRONG: list[tuple[str, Any, str]] = [
    ("no type", {"text": "a"}, "messages[0].type"),
    ("unknown type", {"type": "poem"}, "messages[0].type"),
    ("not an object", "hello", "messages[0]"),
    ("null text", text(None), "messages[0].text"),  # type: ignore[arg-type]
    ("number as text", text(5), "messages[0].text"),  # type: ignore[arg-type]
    ("empty text", text(""), "messages[0].text"),
    ("no text", {"type": "text"}, "messages[0].text"),
    ("text of 5001", text("あ" * 5001), "messages[0].text"),
    ("text of 2501 apples", text("🍎" * 2501), "messages[0].text"),
    ("lone surrogate", text("a\ud83d"), "messages[0].text"),
    ("unknown property", text(colour="red"), "messages[0].colour"),
    ("emoji without dollar", text("あ", emojis=[{"index": 0, "productId": "p", "emojiId": "1"}]),
     "messages[0].emojis[0].index"),
    ("21 emojis", text("$" * 21, emojis=[{"index": i, "productId": "p", "emojiId": "1"} for i in range(21)]),
     "messages[0].emojis"),
    ("placeholder without substitution", {"type": "textV2", "text": "{who}"}, "messages[0].text"),
    ("14 quick replies", text(quickReply=quick(*[postback()] * 14)), "messages[0].quickReply.items"),
    ("no quick reply", text(quickReply={"items": []}), "messages[0].quickReply.items"),
    ("quick reply without label", text(quickReply=quick({"type": "postback", "data": "d"})),
     "messages[0].quickReply.items[0].action.label"),
    ("quick reply label of 21", text(quickReply=quick(postback("あ" * 21))),
     "messages[0].quickReply.items[0].action.label"),
    ("switch in a quick reply", text(quickReply=quick({"type": "richmenuswitch", "label": "b",
                                                      "richMenuAliasId": "a", "data": "d"})),
     "messages[0].quickReply.items[0].action.type"),
    ("quick reply type", text(quickReply={"items": [{"type": "tap", "action": postback()}]}),
     "messages[0].quickReply.items[0].type"),
    ("sender LINE", text(sender={"name": "LINE窓口"}), "messages[0].sender.name"),
    ("sender name of 21", text(sender={"name": "あ" * 21}), "messages[0].sender.name"),
    ("http icon", text(sender={"iconUrl": "http://example.com/a.png"}), "messages[0].sender.iconUrl"),
    ("sticker id as number", {"type": "sticker", "packageId": 446, "stickerId": "1"},
     "messages[0].packageId"),
    ("sticker without id", {"type": "sticker", "packageId": "446"}, "messages[0].stickerId"),
    ("http image", {"type": "image", "originalContentUrl": "http://a.jp/a.png", "previewImageUrl": PICTURE},
     "messages[0].originalContentUrl"),
    ("image address of 2001", {"type": "image", "originalContentUrl": "https://a.jp/" + "a" * 1988,
                               "previewImageUrl": PICTURE}, "messages[0].originalContentUrl"),
    ("image address with a space", {"type": "image", "originalContentUrl": "https://a.jp/a b",
                                    "previewImageUrl": PICTURE}, "messages[0].originalContentUrl"),
    ("audio without duration", {"type": "audio", "originalContentUrl": PICTURE}, "messages[0].duration"),
    ("audio with half a millisecond", {"type": "audio", "originalContentUrl": PICTURE, "duration": 1.5},
     "messages[0].duration"),
    ("latitude 91", {**RIGHT["location"], "latitude": 91}, "messages[0].latitude"),
    ("location title of 101", {**RIGHT["location"], "title": "あ" * 101}, "messages[0].title"),
    ("coupon without id", {"type": "coupon"}, "messages[0].couponId"),
    ("imagemap width", imagemap(baseSize={"width": 700, "height": 700}), "messages[0].baseSize.width"),
    ("51 imagemap actions", imagemap(actions=imagemap()["actions"] * 51), "messages[0].actions"),
    ("no altText", {"type": "template", "template": buttons()["template"]}, "messages[0].altText"),
    ("altText of 1501", {**buttons(), "altText": "あ" * 1501}, "messages[0].altText"),
    ("empty altText", {**buttons(), "altText": ""}, "messages[0].altText"),
    ("buttons text of 161", buttons(text="あ" * 161), f"{TEMPLATE}.text"),
    ("buttons text of 61 with title", buttons(title="題", text="あ" * 61), f"{TEMPLATE}.text"),
    ("buttons title of 41", buttons(title="あ" * 41), f"{TEMPLATE}.title"),
    ("5 buttons", buttons(actions=[postback()] * 5), f"{TEMPLATE}.actions"),
    ("no button", buttons(actions=[]), f"{TEMPLATE}.actions"),
    ("button without label", buttons(actions=[{"type": "postback", "data": "d"}]),
     f"{TEMPLATE}.actions[0].label"),
    ("camera in a template", buttons(actions=[{"type": "camera", "label": "c"}]),
     f"{TEMPLATE}.actions[0].type"),
    ("postback data of 301", buttons(actions=[postback(data="d" * 301)]), f"{TEMPLATE}.actions[0].data"),
    ("postback without data", buttons(actions=[{"type": "postback", "label": "a"}]),
     f"{TEMPLATE}.actions[0].data"),
    ("displayText of 301", buttons(actions=[postback(displayText="あ" * 301)]),
     f"{TEMPLATE}.actions[0].displayText"),
    ("displayText and text", buttons(actions=[postback(displayText="a", text="b")]),
     f"{TEMPLATE}.actions[0]"),
    ("inputOption", buttons(actions=[postback(inputOption="openDoor")]),
     f"{TEMPLATE}.actions[0].inputOption"),
    ("ftp link", buttons(actions=[{"type": "uri", "label": "a", "uri": "ftp://a.jp/"}]),
     f"{TEMPLATE}.actions[0].uri"),
    ("telephone with words", buttons(actions=[{"type": "uri", "label": "a", "uri": "tel:市役所"}]),
     f"{TEMPLATE}.actions[0].uri"),
    ("link of 1001", buttons(actions=[{"type": "uri", "label": "a", "uri": "https://a.jp/" + "a" * 988}]),
     f"{TEMPLATE}.actions[0].uri"),
    ("message of 301", buttons(actions=[{"type": "message", "label": "a", "text": "あ" * 301}]),
     f"{TEMPLATE}.actions[0].text"),
    ("empty clipboard", buttons(actions=[{"type": "clipboard", "label": "a", "clipboardText": ""}]),
     f"{TEMPLATE}.actions[0].clipboardText"),
    ("date mode", buttons(actions=[{"type": "datetimepicker", "label": "a", "data": "d", "mode": "year"}]),
     f"{TEMPLATE}.actions[0].mode"),
    ("max before min", buttons(actions=[{"type": "datetimepicker", "label": "a", "data": "d", "mode": "date",
                                         "min": "2026-12-02", "max": "2026-12-01"}]),
     f"{TEMPLATE}.actions[0].max"),
    ("confirm with 3", confirm(actions=[postback()] * 3), f"{TEMPLATE}.actions"),
    ("confirm text of 241", confirm(text="あ" * 241), f"{TEMPLATE}.text"),
    ("11 columns", carousel(*[column()] * 11), f"{TEMPLATE}.columns"),
    ("column text of 121", carousel(column("あ" * 121)), f"{TEMPLATE}.columns[0].text"),
    ("column text of 61 with image", carousel(column("あ" * 61, thumbnailImageUrl=PICTURE)),
     f"{TEMPLATE}.columns[0].text"),
    ("4 actions in a column", carousel(column(actions=[postback()] * 4)), f"{TEMPLATE}.columns[0].actions"),
    ("columns with other counts", carousel(column(), column(actions=[postback()] * 2)),
     f"{TEMPLATE}.columns[1].actions"),
    ("image carousel label of 13", image_carousel(label="あ" * 13), f"{TEMPLATE}.columns[0].action.label"),
    ("template colour with alpha", buttons(imageBackgroundColor="#FFFFFFFF"),
     f"{TEMPLATE}.imageBackgroundColor"),
    ("template type", {**buttons(), "template": {"type": "list"}}, f"{TEMPLATE}.type"),
    ("empty bubble", flex({"type": "bubble"}), "messages[0].contents"),
    ("bubble size", flex(bubble(words(), size="huge")), "messages[0].contents.size"),
    ("body is text", flex({"type": "bubble", "body": words()}), "messages[0].contents.body.type"),
    ("hero is button", flex({"type": "bubble", "hero": button()}), "messages[0].contents.hero.type"),
    ("box without layout", flex({"type": "bubble", "body": {"type": "box", "contents": []}}),
     "messages[0].contents.body.layout"),
    ("box layout", flex({"type": "bubble", "body": box(layout="grid")}), "messages[0].contents.body.layout"),
    ("box spacing", flex({"type": "bubble", "body": box(spacing="10em")}),
     "messages[0].contents.body.spacing"),
    ("span outside of a text", flex(bubble({"type": "span", "text": "a"})), f"{BODY}.type"),
    ("icon in a vertical box", flex(bubble({"type": "icon", "url": PICTURE})), f"{BODY}.type"),
    ("button in a baseline box", flex(bubble(box(button(), layout="baseline"))), f"{BODY}.contents[0].type"),
    ("text without words", flex(bubble({"type": "text"})), f"{BODY}.text"),
    ("colour by name", flex(bubble(words(color="red"))), f"{BODY}.color"),
    ("colour of 3", flex(bubble(words(color="#FFF"))), f"{BODY}.color"),
    ("text size", flex(bubble(words(size="huge"))), f"{BODY}.size"),
    ("weight", flex(bubble(words(weight="heavy"))), f"{BODY}.weight"),
    ("wrap as text", flex(bubble(words(wrap="true"))), f"{BODY}.wrap"),
    ("flex as text", flex(bubble(words(flex="1"))), f"{BODY}.flex"),
    ("button without label", flex(bubble(button(action={"type": "uri", "uri": "https://a.jp/"}))),
     f"{BODY}.action.label"),
    ("flex label of 41", flex(bubble(button(action=postback("あ" * 41)))), f"{BODY}.action.label"),
    ("button style", flex(bubble(button(style="loud"))), f"{BODY}.style"),
    ("http flex image", flex(bubble({"type": "image", "url": "http://a.jp/a.png"})), f"{BODY}.url"),
    ("ratio 1:4", flex(bubble({"type": "image", "url": PICTURE, "aspectRatio": "1:4"})),
     f"{BODY}.aspectRatio"),
    ("separator with text", flex(bubble({"type": "separator", "text": "a"})), f"{BODY}.text"),
    ("gradient without angle", flex(bubble(box(background=GRADIENT))), f"{BODY}.background.angle"),
    ("video in a small bubble", flex({**RIGHT["flex video"]["contents"], "size": "nano"}),
     "messages[0].contents.size"),
    ("video in a carousel", flex({"type": "carousel", "contents": [RIGHT["flex video"]["contents"]]}),
     "messages[0].contents.contents[0].hero"),
    ("13 bubbles", flex({"type": "carousel", "contents": [bubble(words())] * 13}),
     "messages[0].contents.contents"),
    ("no bubble", flex({"type": "carousel", "contents": []}), "messages[0].contents.contents"),
    ("bubbles of two sizes", flex({"type": "carousel", "contents": [bubble(words(), size="kilo"),
     bubble(words())]}),
     "messages[0].contents.contents"),
    ("bubble over 30 KB", flex(bubble(words("あ" * 10240))), "messages[0].contents"),
    ("carousel over 50 KB", flex({"type": "carousel", "contents": [bubble(words("あ" * 6000))] * 3}),
     "messages[0].contents"),
    ("flex container", flex({"type": "page"}), "messages[0].contents.type"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "message", "where"), WRONG, ids=[name for name, _, _ in WRONG])
def test_a_wrong_message_is_refused_at_its_property(name: str, message: Any, where: str) -> None:
    assert [each["property"] for each in check_messages([message])] == [where]


def test_the_wrong_messages_are_many_enough_to_mean_something() -> None:
    assert len(WRONG) >= 40


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("http://127.0.0.1:8000/a.jpg", True),
        ("http://localhost/a.jpg", True),
        ("http://127.0.0.1.evil.example/a.jpg", False),
        ("http://example.com/127.0.0.1/a.jpg", False),
        ("ftp://127.0.0.1/a.jpg", False),
    ],
)
def test_a_picture_by_http_is_taken_only_from_this_machine(address: str, taken: bool) -> None:
    """LINE asks for https; the bot beside the stand-in has no certificate."""
    message = {"type": "image", "originalContentUrl": address, "previewImageUrl": address}
    assert (check_messages([message]) == []) == taken


def test_a_call_takes_one_to_five_messages() -> None:
    assert check_messages([text()] * 5) == []
    for many in ([], [text()] * 6):
        assert check_messages(many) == [{"message": "Size must be between 1 and 5", "property": "messages"}]


def test_the_error_body_is_worded_as_line_does() -> None:
    problems = check_messages([text(""), text("あ" * 5001)])
    assert error_body(problems) == {
        "message": "The request body has 2 error(s)",
        "details": [
            {"message": "May not be empty", "property": "messages[0].text"},
            {"message": "Length must be between 0 and 5000", "property": "messages[1].text"},
        ],
    }


def test_a_body_nested_without_end_is_refused_and_does_not_break_the_check() -> None:
    deep: Json = box()
    for _ in range(900):
        deep = box(deep)
    assert check_messages([flex({"type": "bubble", "body": deep})])


def test_checking_does_not_change_the_message() -> None:
    before = copy.deepcopy(RIGHT["flex bubble"])
    check_message(RIGHT["flex bubble"])
    assert RIGHT["flex bubble"] == before


def test_quick_replies_before_the_last_message_are_noted_as_unseen() -> None:
    first = text(quickReply=quick(postback()))
    assert unseen([first, text()])[0]
    assert unseen([text(), first]) == [[], []]


MENU = {
    "size": {"width": 2500, "height": 843},
    "selected": True,
    "name": "住民",
    "chatBarText": "メニュー",
    "areas": [{"bounds": {"x": 0, "y": 0, "width": 1250, "height": 843}, "action": postback()}],
}

WRONG_REQUESTS: list[tuple[str, Any, str]] = [
    ("reply", {"messages": [text()]}, "replyToken"),
    ("reply", {"replyToken": "t", "to": USER, "messages": [text()]}, "to"),
    ("push", {"messages": [text()]}, "to"),
    ("push", {"to": USER}, "messages"),
    ("push", {"to": USER, "messages": [text()], "notificationDisabled": "no"}, "notificationDisabled"),
    ("push", {"to": USER, "messages": [text()], "customAggregationUnits": ["a", "b"]},
     "customAggregationUnits"),
    ("push", {"to": USER, "messages": [text()], "customAggregationUnits": ["a-b"]},
     "customAggregationUnits[0]"),
    ("push", [], ""),
    ("multicast", {"to": [], "messages": [text()]}, "to"),
    ("multicast", {"to": [USER] * 501, "messages": [text()]}, "to"),
    ("multicast", {"to": USER, "messages": [text()]}, "to"),
    ("narrowcast", {"messages": [text()], "limit": {"max": 0}}, "limit.max"),
    ("narrowcast", {"messages": [text()], "limit": {"forbidPartialDelivery": True}}, "limit"),
    ("narrowcast", {"messages": [text()], "filter": {"demographic": {"type": "gender", "oneOf": ["x"]}}},
     "filter.demographic.oneOf[0]"),
    ("loading", {"chatId": USER, "loadingSeconds": 7}, "loadingSeconds"),
    ("loading", {"chatId": USER, "loadingSeconds": 65}, "loadingSeconds"),
    ("richmenu", {**MENU, "chatBarText": "あ" * 15}, "chatBarText"),
    ("richmenu", {**MENU, "size": {"width": 700, "height": 300}}, "size.width"),
    ("richmenu", {**MENU, "size": {"width": 2500, "height": 2000}}, "size"),
    ("richmenu", {**MENU, "size": {"width": 800, "height": 249}}, "size.height"),
    ("richmenu", {**MENU, "areas": MENU["areas"] * 21}, "areas"),  # type: ignore[operator]
    ("richmenu", {key: value for key, value in MENU.items() if key != "selected"}, "selected"),
    ("richmenu.alias.create", {"richMenuAliasId": "Ä", "richMenuId": "r"}, "richMenuAliasId"),
    ("richmenu.bulk.link", {"richMenuId": "r", "userIds": []}, "userIds"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "where"), WRONG_REQUESTS)
def test_a_wrong_request_is_refused_at_its_property(kind: str, body: Any, where: str) -> None:
    assert [each["property"] for each in check_request(kind, body)] == [where]


def test_right_requests_pass() -> None:
    assert check_request("richmenu", MENU) == []
    assert check_request("push", {"to": USER, "messages": [text()], "customAggregationUnits": ["a_1"]}) == []
    assert (
        check_request("multicast", {"to": [USER], "messages": [text()], "notificationDisabled": True}) == []
    )
    assert check_request("loading", {"chatId": USER, "loadingSeconds": 60}) == []
