"""Our own checks against LINE's OpenAPI description: names, required keys, words and limits are LINE's.

The description lies outside of this repository (`TSUNAGARI_FACTS` or ../shared/facts); without it nothing
here can run. Where we differ from it on purpose, the difference is listed here with its reason.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator import shape_actions, shape_bodies, shape_flex, shape_messages
from simulator.shapes import Bool, Both, Choice, Items, Later, Named, Num, Obj, OneOf, Shape, Str, Url

Json = dict[str, Any]
FACTS = Path(os.environ.get("TSUNAGARI_FACTS", Path(__file__).parents[2].parent / "shared" / "facts"))
FILE = FACTS / "messaging-api.yml"

pytestmark = pytest.mark.skipif(
    not FILE.is_file(),
    reason=f"LINE'S OPENAPI DESCRIPTION IS NOT AT {FILE}: our checks were NOT compared (set TSUNAGARI_FACTS)",
)


def case(shape: Shape, *kinds: str) -> Obj:
    """The object behind `type` words."""
    for kind in kinds:
        assert isinstance(shape, OneOf)
        shape = shape.cases[kind]
    assert isinstance(shape, Obj)
    return shape


ACTIONS = {
    "CameraAction": "camera",
    "CameraRollAction": "cameraRoll",
    "ClipboardAction": "clipboard",
    "DatetimePickerAction": "datetimepicker",
    "LocationAction": "location",
    "MessageAction": "message",
    "PostbackAction": "postback",
    "URIAction": "uri",
}
MESSAGE = shape_messages.MESSAGE
SHAPES: dict[str, Obj] = {
    **{name: case(shape_actions.QUICK_REPLY, kind) for name, kind in ACTIONS.items()},
    "RichMenuSwitchAction": case(shape_actions.RICH_MENU, "richmenuswitch"),
    "ReplyMessageRequest": shape_bodies.REPLY,
    "PushMessageRequest": shape_bodies.PUSH,
    "MulticastRequest": shape_bodies.MULTICAST,
    "NarrowcastRequest": shape_bodies.NARROWCAST,
    "BroadcastRequest": shape_bodies.BROADCAST,
    "ValidateMessageRequest": shape_bodies.VALIDATE,
    "AudienceRecipient": case(shape_bodies.RECIPIENT, "audience"),
    "RedeliveryRecipient": case(shape_bodies.RECIPIENT, "redelivery"),
    "OperatorRecipient": case(shape_bodies.RECIPIENT, "operator"),
    "GenderDemographicFilter": case(shape_bodies.DEMOGRAPHIC, "gender"),
    "AppTypeDemographicFilter": case(shape_bodies.DEMOGRAPHIC, "appType"),
    "AreaDemographicFilter": case(shape_bodies.DEMOGRAPHIC, "area"),
    "AgeDemographicFilter": case(shape_bodies.DEMOGRAPHIC, "age"),
    "SubscriptionPeriodDemographicFilter": case(shape_bodies.DEMOGRAPHIC, "subscriptionPeriod"),
    "OperatorDemographicFilter": case(shape_bodies.DEMOGRAPHIC, "operator"),
    "Limit": shape_bodies.LIMIT,
    "RichMenuRequest": shape_bodies.RICH_MENU_REQUEST,
    "RichMenuSize": shape_bodies.MENU_SIZE,
    "RichMenuArea": shape_bodies.MENU_AREA,
    "RichMenuBounds": shape_bodies.BOUNDS,
    "CreateRichMenuAliasRequest": shape_bodies.ALIAS_CREATE,
    "UpdateRichMenuAliasRequest": shape_bodies.ALIAS_UPDATE,
    "RichMenuBulkLinkRequest": shape_bodies.BULK_LINK,
    "RichMenuBulkUnlinkRequest": shape_bodies.BULK_UNLINK,
    "ShowLoadingAnimationRequest": shape_bodies.LOADING,
    "MarkMessagesAsReadByTokenRequest": shape_bodies.MARK_AS_READ,
    "SetWebhookEndpointRequest": shape_bodies.WEBHOOK_SET,
    "TestWebhookEndpointRequest": shape_bodies.WEBHOOK_TEST,
    "QuickReply": shape_messages.QUICK_REPLY,
    "QuickReplyItem": shape_messages.QUICK_REPLY_ITEM,
    "Sender": shape_messages.SENDER,
    "Emoji": shape_messages.EMOJI,
    "TextMessage": case(MESSAGE, "text"),
    "TextMessageV2": case(MESSAGE, "textV2"),
    "MentionSubstitutionObject": case(shape_messages.SUBSTITUTION, "mention"),
    "EmojiSubstitutionObject": case(shape_messages.SUBSTITUTION, "emoji"),
    "UserMentionTarget": case(shape_messages.MENTION_TARGET, "user"),
    "AllMentionTarget": case(shape_messages.MENTION_TARGET, "all"),
    "StickerMessage": case(MESSAGE, "sticker"),
    "ImageMessage": case(MESSAGE, "image"),
    "VideoMessage": case(MESSAGE, "video"),
    "AudioMessage": case(MESSAGE, "audio"),
    "LocationMessage": case(MESSAGE, "location"),
    "CouponMessage": case(MESSAGE, "coupon"),
    "ImagemapMessage": case(MESSAGE, "imagemap"),
    "ImagemapBaseSize": shape_messages.BASE_SIZE,
    "ImagemapArea": shape_messages.AREA,
    "ImagemapVideo": shape_messages.IMAGEMAP_VIDEO,
    "ImagemapExternalLink": shape_messages.IMAGEMAP_LINK,
    "MessageImagemapAction": case(shape_messages.IMAGEMAP_ACTION, "message"),
    "URIImagemapAction": case(shape_messages.IMAGEMAP_ACTION, "uri"),
    "ClipboardImagemapAction": case(shape_messages.IMAGEMAP_ACTION, "clipboard"),
    "TemplateMessage": case(MESSAGE, "template"),
    "ButtonsTemplate": shape_messages.BUTTONS,
    "ConfirmTemplate": shape_messages.CONFIRM,
    "CarouselTemplate": shape_messages.CAROUSEL,
    "CarouselColumn": shape_messages.COLUMN,
    "ImageCarouselTemplate": shape_messages.IMAGE_CAROUSEL,
    "ImageCarouselColumn": shape_messages.IMAGE_COLUMN,
    "FlexMessage": case(MESSAGE, "flex"),
    "FlexBubble": shape_flex.BUBBLE,
    "FlexCarousel": shape_flex.CAROUSEL,
    "FlexBubbleStyles": shape_flex.BUBBLE_STYLES,
    "FlexBlockStyle": shape_flex.BLOCK_STYLE,
    "FlexBox": shape_flex.BOX,
    "FlexButton": shape_flex.BUTTON,
    "FlexImage": shape_flex.IMAGE,
    "FlexVideo": shape_flex.VIDEO,
    "FlexIcon": shape_flex.ICON,
    "FlexText": shape_flex.TEXT,
    "FlexSpan": shape_flex.SPAN,
    "FlexSeparator": shape_flex.SEPARATOR,
    "FlexFiller": shape_flex.FILLER,
    "FlexBoxLinearGradient": shape_flex.GRADIENT,
}

# Required by LINE's documentation, where the description is silent.
ALSO_REQUIRED: dict[str, set[str]] = {
    # in quick replies and templates a label is required; type is the discriminator
    **{name: {"label", "type"} for name in ACTIONS},
    "ClipboardAction": {"label", "type"},
    "MessageAction": {"label", "type", "text"},
    "PostbackAction": {"label", "type", "data"},
    "URIAction": {"label", "type", "uri"},
    "DatetimePickerAction": {"label", "type", "data", "mode"},
    "RichMenuSwitchAction": {"type", "data", "richMenuAliasId"},
    "AudienceRecipient": {"type", "audienceGroupId"},
    "RedeliveryRecipient": {"type", "requestId"},
    "OperatorRecipient": {"type"},
    "GenderDemographicFilter": {"type", "oneOf"},
    "AppTypeDemographicFilter": {"type", "oneOf"},
    "AreaDemographicFilter": {"type", "oneOf"},
    "AgeDemographicFilter": {"type"},
    "SubscriptionPeriodDemographicFilter": {"type"},
    "OperatorDemographicFilter": {"type"},
    "RichMenuRequest": {"size", "selected", "name", "chatBarText", "areas"},
    "RichMenuSize": {"width", "height"},
    "RichMenuArea": {"bounds", "action"},
    "RichMenuBounds": {"x", "y", "width", "height"},
    "QuickReply": {"items"},
    "QuickReplyItem": {"type", "action"},
    "Emoji": {"index", "productId", "emojiId"},
    "ImagemapVideo": {"originalContentUrl", "previewImageUrl", "area"},
    "ImagemapExternalLink": {"linkUri", "label"},
    "FlexBoxLinearGradient": {"angle", "startColor", "endColor"},
}

# Narrower or wider than the description, because the documentation says so (facts, section 2).
OTHER_LIMITS: dict[tuple[str, str], str] = {
    ("RichMenuSize", "width"): "800 to 2500 pixels",
    ("RichMenuSize", "height"): "at least 250 pixels",
}

# Property of a component -> the schema that holds its keywords.
KEYWORDS = [
    ("FlexBox", "borderWidth", "FlexBoxBorderWidth"),
    ("FlexBox", "cornerRadius", "FlexBoxCornerRadius"),
    ("FlexBox", "spacing", "FlexBoxSpacing"),
    ("FlexBox", "margin", "FlexMargin"),
    ("FlexBox", "paddingAll", "FlexBoxPadding"),
    ("FlexBox", "offsetTop", "FlexOffset"),
    ("FlexImage", "size", "FlexImageSize"),
    ("FlexIcon", "size", "FlexIconSize"),
    ("FlexText", "size", "FlexTextFontSize"),
    ("FlexSpan", "size", "FlexSpanSize"),
    ("ButtonsTemplate", "imageAspectRatio", "TemplateImageAspectRatio"),
    ("ButtonsTemplate", "imageSize", "TemplateImageSize"),
]


@pytest.fixture(scope="module")
def schemas() -> Json:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = yaml.load(FILE.read_text(encoding="utf-8"), Loader=loader)["components"]["schemas"]
    assert isinstance(found, dict)
    return found


def target(schemas: Json, schema: Json) -> Json:
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
    return schema


def flattened(schemas: Json, name: str) -> tuple[Json, set[str]]:
    """All properties and required keys, with those of the bases (allOf)."""
    properties: Json = {}
    required: set[str] = set()

    def add(schema: Json) -> None:
        schema = target(schemas, schema)
        for each in schema.get("allOf", []):
            add(each)
        properties.update(schema.get("properties", {}))
        required.update(schema.get("required", []))

    add(schemas[name])
    return properties, required


def plain(shape: Shape) -> Shape:
    while isinstance(shape, Later | Both):
        shape = shape.shape() if isinstance(shape, Later) else shape.first
    return shape


@pytest.mark.parametrize("name", SHAPES)
def test_property_names_are_those_of_the_description(schemas: Json, name: str) -> None:
    properties, _ = flattened(schemas, name)
    assert SHAPES[name].fields.keys() == properties.keys()


@pytest.mark.parametrize("name", SHAPES)
def test_required_keys_are_those_of_the_description_and_the_listed_ones(schemas: Json, name: str) -> None:
    _, required = flattened(schemas, name)
    assert SHAPES[name].required == required | ALSO_REQUIRED.get(name, set())


@pytest.mark.parametrize("name", SHAPES)
def test_kinds_of_values_are_those_of_the_description(schemas: Json, name: str) -> None:
    properties, _ = flattened(schemas, name)
    kinds: dict[str, type | tuple[type, ...]] = {
        "string": (Str, Url, Choice),
        "integer": Num,
        "number": Num,
        "boolean": Bool,
        "array": Items,
        "object": (Obj, OneOf, Named),
    }
    for key, schema in properties.items():
        kind = target(schemas, schema).get("type", "object")
        assert isinstance(plain(SHAPES[name].fields[key]), kinds[kind]), key


@pytest.mark.parametrize("name", SHAPES)
def test_words_to_choose_from_are_those_of_the_description(schemas: Json, name: str) -> None:
    properties, _ = flattened(schemas, name)
    for key, schema in properties.items():
        schema = target(schemas, schema)
        shape = plain(SHAPES[name].fields[key])
        if schema.get("type") == "array":
            schema, shape = (
                target(schemas, schema["items"]),
                plain(shape.item) if isinstance(shape, Items) else shape,
            )
        if "enum" in schema:
            assert isinstance(shape, Choice), key
            assert set(shape.values) == set(schema["enum"]), key


@pytest.mark.parametrize("name", SHAPES)
def test_limits_are_those_of_the_description(schemas: Json, name: str) -> None:
    properties, _ = flattened(schemas, name)
    for key, schema in properties.items():
        if (name, key) in OTHER_LIMITS:
            continue
        schema = target(schemas, schema)
        shape = plain(SHAPES[name].fields[key])
        if "maxLength" in schema:
            assert isinstance(shape, Str | Url), key
            assert shape.high == schema["maxLength"], key
        if "maxItems" in schema:
            assert isinstance(shape, Items), key
            assert shape.high == schema["maxItems"], key
            assert shape.low >= schema.get("minItems", 0), key
        if "minimum" in schema:
            assert isinstance(shape, Num), key
            assert shape.low == schema["minimum"], key
        if schema.get("maximum", 2**31 - 1) != 2**31 - 1:
            assert isinstance(shape, Num), key
            assert shape.high == schema["maximum"], key


@pytest.mark.parametrize(("name", "key", "words"), KEYWORDS)
def test_keywords_of_sizes_are_those_of_the_description(
    schemas: Json, name: str, key: str, words: str
) -> None:
    shape = SHAPES[name].fields[key]
    known = schemas[words]["enum"]
    assert [word for word in known if list(shape.check(word, ""))] == []
    every = {word for each in schemas.values() for word in each.get("enum", [])}
    strangers = every - set(known)
    assert [word for word in strangers if not list(shape.check(word, ""))] == []


@pytest.mark.parametrize(
    ("base", "shape"),
    [
        ("Message", MESSAGE),
        ("Template", shape_messages.TEMPLATES),
        ("ImagemapAction", shape_messages.IMAGEMAP_ACTION),
        ("SubstitutionObject", shape_messages.SUBSTITUTION),
        ("MentionTarget", shape_messages.MENTION_TARGET),
        ("FlexComponent", shape_flex.COMPONENTS),
        ("FlexContainer", plain(shape_flex.CONTAINER)),
        ("Recipient", shape_bodies.RECIPIENT),
        ("DemographicFilter", shape_bodies.DEMOGRAPHIC),
    ],
)
def test_types_are_those_of_the_description(schemas: Json, base: str, shape: Shape) -> None:
    assert isinstance(shape, OneOf)
    assert shape.cases.keys() == schemas[base]["discriminator"]["mapping"].keys()


def test_every_action_of_the_description_may_stand_somewhere(schemas: Json) -> None:
    places = (shape_actions.TEMPLATE, shape_actions.QUICK_REPLY, shape_actions.RICH_MENU, shape_actions.FLEX)
    assert (
        set().union(*(place.cases for place in places))
        == schemas["Action"]["discriminator"]["mapping"].keys()
    )


def test_no_schema_that_a_message_is_made_of_was_forgotten(schemas: Json) -> None:
    """Walks from `Message` and the requests through the description: everything concrete has a shape here."""
    keyword_only = {name for name in schemas if name.startswith("Flex") and "enum" in schemas[name]}
    bases = {name for name in schemas if "discriminator" in schemas[name]}
    elsewhere = {
        "AltUri",  # within URIAction
        "Filter",  # within NarrowcastRequest
        "NotificationDisabled",
        *(name for name in schemas if "enum" in schemas[name]),
    }
    seen: set[str] = set()
    waiting = [name for name in SHAPES if name.endswith("Request")]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        waiting += [each.rsplit("/", 1)[1] for each in references(schemas[name])]
    assert seen - SHAPES.keys() - keyword_only - bases - elsewhere == set()


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        mapped = list(value.get("mapping", {}).values()) if isinstance(value.get("mapping"), dict) else []
        return own + mapped + [each for part in value.values() for each in references(part)]
    return [each for part in value for each in references(part)] if isinstance(value, list) else []
