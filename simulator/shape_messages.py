"""The messages that a bot may send: text, stickers, pictures, templates, imagemaps, quick replies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from simulator import limits, shape_actions
from simulator.shape_flex import CONTAINER
from simulator.shapes import (
    Both,
    Choice,
    Items,
    Named,
    Num,
    Obj,
    OneOf,
    Problem,
    Shape,
    Str,
    Url,
    below,
    grapheme_length,
    problem,
)

_HTTPS = Url(limits.URL)
_PICTURE = Url(limits.URL, here=True)
_DIGITS = Str(1, form=re.compile(r"\d+"))
ALT_TEXT = Str(1, limits.ALT_TEXT)
USER_ID = Str(1, form=re.compile(r"U[0-9a-f]{32}"))


def _name_is_free(value: object, path: str) -> Iterator[Problem]:
    if "LINE" in str(value):
        yield problem("must not contain reserved words", path)


SENDER = Obj({"name": Both(Str(1, limits.SENDER_NAME), _name_is_free), "iconUrl": _HTTPS})
QUICK_REPLY_ITEM = Obj(
    {"type": Choice(("action",)), "imageUrl": _HTTPS, "action": shape_actions.QUICK_REPLY},
    frozenset({"type", "action"}),
)
QUICK_REPLY = Obj({"items": Items(QUICK_REPLY_ITEM, 1, limits.QUICK_REPLY_ITEMS)}, frozenset({"items"}))


def _message(kind: str, fields: dict[str, Shape], *optional: str) -> Obj:
    common: dict[str, Shape] = {"type": Choice((kind,)), "quickReply": QUICK_REPLY, "sender": SENDER}
    more = {"text": _emojis_stand_on_dollars, "textV2": _placeholders_are_filled}.get(kind)
    return Obj({**common, **fields}, frozenset({"type", *fields} - set(optional)), more)


# --- text -------------------------------------------------------------------------------------------

EMOJI = Obj(
    {"index": Num(0), "productId": Str(1), "emojiId": Str(1)}, frozenset({"index", "productId", "emojiId"})
)
MENTION_TARGET = OneOf(
    {
        "user": Obj({"type": Choice(("user",)), "userId": USER_ID}, frozenset({"type", "userId"})),
        "all": Obj({"type": Choice(("all",))}, frozenset({"type"})),
    }
)
SUBSTITUTION = OneOf(
    {
        "mention": Obj(
            {"type": Choice(("mention",)), "mentionee": MENTION_TARGET}, frozenset({"type", "mentionee"})
        ),
        "emoji": Obj(
            {"type": Choice(("emoji",)), "productId": Str(1), "emojiId": Str(1)},
            frozenset({"type", "productId", "emojiId"}),
        ),
    }
)
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")


def _emojis_stand_on_dollars(value: dict[str, Any], path: str) -> Iterator[Problem]:
    units = value["text"].encode("utf-16-le")
    dollar = "$".encode("utf-16-le")
    for i, emoji in enumerate(value.get("emojis", [])):
        at = 2 * emoji["index"]
        if units[at : at + 2] != dollar:
            yield problem("index must point at a $ of the text", below(path, f"emojis[{i}].index"))


def _placeholders_are_filled(value: dict[str, Any], path: str) -> Iterator[Problem]:
    for found in _PLACEHOLDER.finditer(value["text"]):
        name = found.group(1)
        if name is not None and name not in value.get("substitution", {}):
            yield problem(f"no substitution for {{{name}}}", below(path, "text"))


TEXT = _message(
    "text",
    {"text": Str(1, limits.TEXT), "emojis": Items(EMOJI, 0, limits.EMOJIS), "quoteToken": Str(1)},
    "emojis",
    "quoteToken",
)
TEXT_V2 = _message(
    "textV2",
    {
        "text": Str(1, limits.TEXT),
        "substitution": Named(SUBSTITUTION, Str(1), limits.SUBSTITUTIONS),
        "quoteToken": Str(1),
    },
    "substitution",
    "quoteToken",
)

# --- media ------------------------------------------------------------------------------------------

STICKER = _message(
    "sticker", {"packageId": _DIGITS, "stickerId": _DIGITS, "quoteToken": Str(1)}, "quoteToken"
)
IMAGE = _message("image", {"originalContentUrl": _PICTURE, "previewImageUrl": _PICTURE})
VIDEO = _message(
    "video",
    {
        "originalContentUrl": _HTTPS,
        "previewImageUrl": _HTTPS,
        "trackingId": Str(1, limits.TRACKING_ID),
    },
    "trackingId",
)
AUDIO = _message("audio", {"originalContentUrl": _HTTPS, "duration": Num(1)})
LOCATION = _message(
    "location",
    {
        "title": Str(1, limits.LOCATION_TEXT),
        "address": Str(1, limits.LOCATION_TEXT),
        "latitude": Num(-90, 90, whole=False),
        "longitude": Num(-180, 180, whole=False),
    },
)
COUPON = _message("coupon", {"couponId": Str(1), "deliveryTag": Str(1, limits.DELIVERY_TAG)}, "deliveryTag")

# --- imagemap ---------------------------------------------------------------------------------------

AREA = Obj(
    {"x": Num(0), "y": Num(0), "width": Num(1), "height": Num(1)},
    frozenset({"x", "y", "width", "height"}),
)


def _imagemap_action(kind: str, key: str, shape: Shape) -> Obj:
    label = Str(0, limits.LABEL_IMAGEMAP, "grapheme")
    fields: dict[str, Shape] = {"type": Choice((kind,)), "area": AREA, "label": label, key: shape}
    return Obj(fields, frozenset({"type", "area", key}))


IMAGEMAP_ACTION = OneOf(
    {
        "message": _imagemap_action("message", "text", Str(1, limits.IMAGEMAP_TEXT)),
        "uri": _imagemap_action("uri", "linkUri", shape_actions.TAPPED_URI),
        "clipboard": _imagemap_action("clipboard", "clipboardText", Str(1, limits.CLIPBOARD_TEXT)),
    }
)
IMAGEMAP_LINK = Obj(
    {"linkUri": shape_actions.TAPPED_URI, "label": Str(1, limits.IMAGEMAP_LINK_LABEL)},
    frozenset({"linkUri", "label"}),
)
IMAGEMAP_VIDEO = Obj(
    {"originalContentUrl": _HTTPS, "previewImageUrl": _HTTPS, "area": AREA, "externalLink": IMAGEMAP_LINK},
    frozenset({"originalContentUrl", "previewImageUrl", "area"}),
)
BASE_SIZE = Obj(
    {"width": Num(limits.IMAGEMAP_WIDTH, limits.IMAGEMAP_WIDTH), "height": Num(1)},
    frozenset({"width", "height"}),
)
IMAGEMAP = _message(
    "imagemap",
    {
        "baseUrl": _HTTPS,
        "altText": ALT_TEXT,
        "baseSize": BASE_SIZE,
        "actions": Items(IMAGEMAP_ACTION, 0, limits.IMAGEMAP_ACTIONS),
        "video": IMAGEMAP_VIDEO,
    },
    "video",
)

# --- templates --------------------------------------------------------------------------------------

_RGB = Str(1, form=re.compile(r"#[0-9A-Fa-f]{6}"), wrong_form="invalid color code")
_TITLE = Str(1, limits.TEMPLATE_TITLE, "grapheme")
_RATIO = Choice(("rectangle", "square"))
_FIT = Choice(("cover", "contain"))


def _shorter_beside(high: int) -> Any:
    """With a title or an image the text has less room."""

    def rule(value: dict[str, Any], path: str) -> Iterator[Problem]:
        crowded = "title" in value or "thumbnailImageUrl" in value
        if crowded and grapheme_length(value["text"]) > high:
            yield problem(f"Length must be between 0 and {high}", below(path, "text"))

    return rule


def _columns_alike(value: dict[str, Any], path: str) -> Iterator[Problem]:
    columns = value["columns"]
    for i, column in enumerate(columns[1:], start=1):
        if len(column["actions"]) != len(columns[0]["actions"]):
            where = below(path, f"columns[{i}].actions")
            yield problem("the number of actions must be the same in all columns", where)
        for key in ("title", "thumbnailImageUrl"):
            if (key in column) != (key in columns[0]):
                where = below(path, f"columns[{i}].{key}")
                yield problem(f"{key} must be in all columns or in none", where)


BUTTONS = Obj(
    {
        "type": Choice(("buttons",)),
        "thumbnailImageUrl": _HTTPS,
        "imageAspectRatio": _RATIO,
        "imageSize": _FIT,
        "imageBackgroundColor": _RGB,
        "title": _TITLE,
        "text": Str(1, limits.BUTTONS_TEXT, "grapheme"),
        "defaultAction": shape_actions.TEMPLATE_DEFAULT,
        "actions": Items(shape_actions.TEMPLATE, 1, limits.BUTTONS_ACTIONS),
    },
    frozenset({"type", "text", "actions"}),
    _shorter_beside(limits.BUTTONS_TEXT_WITH_IMAGE_OR_TITLE),
)
CONFIRM = Obj(
    {
        "type": Choice(("confirm",)),
        "text": Str(1, limits.CONFIRM_TEXT, "grapheme"),
        "actions": Items(shape_actions.TEMPLATE, limits.CONFIRM_ACTIONS, limits.CONFIRM_ACTIONS),
    },
    frozenset({"type", "text", "actions"}),
)
COLUMN = Obj(
    {
        "thumbnailImageUrl": _HTTPS,
        "imageBackgroundColor": _RGB,
        "title": _TITLE,
        "text": Str(1, limits.CAROUSEL_TEXT, "grapheme"),
        "defaultAction": shape_actions.TEMPLATE_DEFAULT,
        "actions": Items(shape_actions.TEMPLATE, 1, limits.CAROUSEL_ACTIONS),
    },
    frozenset({"text", "actions"}),
    _shorter_beside(limits.CAROUSEL_TEXT_WITH_IMAGE_OR_TITLE),
)
CAROUSEL = Obj(
    {
        "type": Choice(("carousel",)),
        "columns": Items(COLUMN, 1, limits.CAROUSEL_COLUMNS),
        "imageAspectRatio": _RATIO,
        "imageSize": _FIT,
    },
    frozenset({"type", "columns"}),
    _columns_alike,
)
IMAGE_COLUMN = Obj(
    {"imageUrl": _HTTPS, "action": shape_actions.IMAGE_CAROUSEL}, frozenset({"imageUrl", "action"})
)
IMAGE_CAROUSEL = Obj(
    {
        "type": Choice(("image_carousel",)),
        "columns": Items(IMAGE_COLUMN, 1, limits.CAROUSEL_COLUMNS),
    },
    frozenset({"type", "columns"}),
)
TEMPLATES = OneOf(
    {"buttons": BUTTONS, "confirm": CONFIRM, "carousel": CAROUSEL, "image_carousel": IMAGE_CAROUSEL}
)
TEMPLATE = _message("template", {"altText": ALT_TEXT, "template": TEMPLATES})
FLEX = _message("flex", {"altText": ALT_TEXT, "contents": CONTAINER})

MESSAGE = OneOf(
    {
        "text": TEXT,
        "textV2": TEXT_V2,
        "sticker": STICKER,
        "image": IMAGE,
        "video": VIDEO,
        "audio": AUDIO,
        "location": LOCATION,
        "imagemap": IMAGEMAP,
        "template": TEMPLATE,
        "flex": FLEX,
        "coupon": COUPON,
    }
)
MESSAGES = Items(MESSAGE, 1, limits.MESSAGES_PER_CALL)
