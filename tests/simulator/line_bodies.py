"""Messages that LINE takes, and the pieces of which wrong ones are made."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
PICTURE = "https://example.com/a.png"
USER = "U" + "0" * 32


def postback(label: str = "はい", **more: Any) -> Json:
    return {"type": "postback", "label": label, "data": "v1;x", **more}


def quick(*actions: Json) -> Json:
    return {"items": [{"type": "action", "action": action} for action in actions]}


def text(words: str = "こんにちは", **more: Any) -> Json:
    return {"type": "text", "text": words, **more}


def buttons(**more: Any) -> Json:
    template = {"type": "buttons", "text": "えらんでください", "actions": [postback()], **more}
    return {"type": "template", "altText": "えらんでください", "template": template}


def confirm(**more: Any) -> Json:
    template = {"type": "confirm", "text": "よいですか", "actions": [postback(), postback("いいえ")], **more}
    return {"type": "template", "altText": "よいですか", "template": template}


def carousel(*columns: Json) -> Json:
    template = {"type": "carousel", "columns": list(columns)}
    return {"type": "template", "altText": "一覧", "template": template}


def column(words: str = "説明", **more: Any) -> Json:
    return {"text": words, "actions": [postback()], **more}


def image_carousel(**action: Any) -> Json:
    chosen = {**postback("見る"), **action}
    template = {"type": "image_carousel", "columns": [{"imageUrl": PICTURE, "action": chosen}]}
    return {"type": "template", "altText": "写真", "template": template}


def flex(contents: Json) -> Json:
    return {"type": "flex", "altText": "カード", "contents": contents}


def box(*contents: Json, **more: Any) -> Json:
    return {"type": "box", "layout": "vertical", "contents": list(contents), **more}


def bubble(*body: Json, **more: Any) -> Json:
    return {"type": "bubble", "body": box(*body), **more}


def words(value: str = "こんにちは", **more: Any) -> Json:
    return {"type": "text", "text": value, **more}


def button(**more: Any) -> Json:
    return {"type": "button", "action": postback(), **more}


def imagemap(**more: Any) -> Json:
    area = {"x": 0, "y": 0, "width": 520, "height": 1040}
    action = {"type": "uri", "linkUri": "https://example.com/", "area": area}
    size = {"width": 1040, "height": 1040}
    base = {"baseUrl": "https://example.com/map", "altText": "地図", "baseSize": size, "actions": [action]}
    return {"type": "imagemap", **base, **more}


RICH_BUBBLE = {
    "type": "bubble",
    "size": "mega",
    "direction": "ltr",
    "styles": {"header": {"backgroundColor": "#06C755", "separator": True, "separatorColor": "#00000080"}},
    "header": box(words("見出し", weight="bold", size="xl", color="#111111"), paddingAll="12px"),
    "hero": {
        "type": "image",
        "url": PICTURE,
        "size": "full",
        "aspectRatio": "20:13",
        "aspectMode": "cover",
        "action": {"type": "uri", "uri": "https://example.com/"},
    },
    "body": box(
        words(
            "本文", wrap=True, maxLines=3, lineSpacing="6px", margin="md", flex=1, adjustMode="shrink-to-fit"
        ),
        {"type": "text", "contents": [{"type": "span", "text": "太字", "weight": "bold", "size": "18px"}]},
        {
            "type": "box",
            "layout": "baseline",
            "spacing": "sm",
            "contents": [{"type": "icon", "url": PICTURE, "size": "40%"}, words("点"), {"type": "filler"}],
        },
        {"type": "separator", "margin": "xl", "color": "#CCCCCC"},
        box(
            position="absolute",
            offsetTop="-10px",
            offsetStart="5%",
            width="50%",
            height="40px",
            borderWidth="semi-bold",
            cornerRadius="8px",
            background={
                "type": "linearGradient",
                "angle": "45deg",
                "startColor": "#FFFFFF",
                "endColor": "#000000",
                "centerColor": "#888888",
                "centerPosition": "50%",
            },
        ),
        spacing="md",
        justifyContent="space-between",
        alignItems="center",
    ),
    "footer": box(button(style="primary", height="sm", color="#06C755")),
}

RIGHT: dict[str, Json] = {
    "text": text(quickReply=quick(postback(), {"type": "location", "label": "場所"})),
    "text of a desk": text(sender={"name": "窓口", "iconUrl": PICTURE}),
    "text of 5000": text("あ" * 5000),
    "text of 2500 apples": text("🍎" * 2500),
    "text with emoji": text("$ です", emojis=[{"index": 0, "productId": "5ac1", "emojiId": "001"}]),
    "textV2": {
        "type": "textV2",
        "text": "{who}さん、{{かっこ}}",
        "substitution": {"who": {"type": "mention", "mentionee": {"type": "user", "userId": USER}}},
    },
    "sticker": {"type": "sticker", "packageId": "446", "stickerId": "1988"},
    "image": {"type": "image", "originalContentUrl": PICTURE, "previewImageUrl": PICTURE},
    "video": {"type": "video", "originalContentUrl": PICTURE, "previewImageUrl": PICTURE, "trackingId": "t"},
    "audio": {"type": "audio", "originalContentUrl": PICTURE, "duration": 60000},
    "location": {"type": "location", "title": "市役所", "address": "鳥取市", "latitude": 35,
        "longitude": 134.2},
    "coupon": {"type": "coupon", "couponId": "01JYNW8JMQVFBNWF1APF8Z3FS7", "deliveryTag": "tag"},
    "imagemap": imagemap(video={"originalContentUrl": PICTURE, "previewImageUrl": PICTURE,
                                "area": {"x": 0, "y": 0, "width": 10, "height": 10},
                                "externalLink": {"linkUri": "https://example.com", "label": "続き"}}),
    "buttons": buttons(title="題", thumbnailImageUrl=PICTURE, imageSize="cover", imageAspectRatio="square",
                       imageBackgroundColor="#FFFFFF", defaultAction={"type": "uri", "uri": "https://a.jp/"}),
    "buttons of 160": buttons(text="👨‍👩‍👧" * 160),
    "buttons, all actions": buttons(actions=[
        postback(displayText="はい", inputOption="openKeyboard", fillInText="例"),
        {"type": "message", "label": "言う", "text": "はい"},
        {"type": "uri", "label": "電話", "uri": "tel:0857-22-1234", "altUri": {"desktop": "https://a.jp/"}},
        {"type": "datetimepicker", "label": "日付", "data": "d", "mode": "datetime",
         "initial": "2026-12-01T10:00", "min": "2026-11-01T00:00", "max": "2027-01-01T00:00"}]),
    "clipboard": buttons(actions=[{"type": "clipboard", "label": "写す", "clipboardText": "1234"}]),
    "confirm": confirm(),
    "carousel": carousel(column(title="一", thumbnailImageUrl=PICTURE), column(title="二",
        thumbnailImageUrl=PICTURE)),
    "image carousel": image_carousel(),
    "label of 20 family emoji": text(quickReply=quick(postback("👨‍👩‍👧" * 20))),
    "flex bubble": flex(RICH_BUBBLE),
    "flex carousel": flex({"type": "carousel", "contents": [bubble(words())] * 12}),
    "flex video": flex(bubble(words(), hero={"type": "video", "url": PICTURE, "previewUrl": PICTURE,
                                             "altContent": {"type": "image", "url": PICTURE},
                                             "aspectRatio": "16:9"})),
    "altText of 1500": {**buttons(), "altText": "あ" * 1500},
}  # fmt: skip

GRADIENT = {"type": "linearGradient", "startColor": "#FFFFFF", "endColor": "#000000"}
