"""Flex messages: bubbles, carousels and the whole tree of components within."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from simulator import limits
from simulator.shape_actions import FLEX, FLEX_BUTTON
from simulator.shapes import (
    EMPTY,
    Bool,
    Both,
    Choice,
    Items,
    Later,
    Num,
    Obj,
    OneOf,
    Problem,
    Shape,
    Str,
    Url,
    below,
    invalid,
    problem,
)

_STEPS = ("none", "xs", "sm", "md", "lg", "xl", "xxl")
FONT_SIZES = ("xxs", "xs", "sm", "md", "lg", "xl", "xxl", "3xl", "4xl", "5xl")
BORDER_WIDTHS = ("none", "light", "normal", "medium", "semi-bold", "bold")


def _measure(
    words: tuple[str, ...] = (), *, px: bool = True, percent: bool = False, minus: bool = False
) -> Str:
    sign = "-?" if minus else ""
    units = "|".join(unit for unit, on in (("px", px), ("%", percent)) if on)
    forms = [*map(re.escape, words), rf"{sign}\d+(?:\.\d+)?(?:{units})"]
    return Str(1, form=re.compile("|".join(forms)), wrong_form="invalid value")


COLOUR = Str(1, form=re.compile(r"#[0-9A-Fa-f]{6}(?:[0-9A-Fa-f]{2})?"), wrong_form="invalid color code")
_MARGIN = _measure(_STEPS)
_PADDING = _measure(_STEPS, percent=True)
_OFFSET = _measure(_STEPS, percent=True, minus=True)
_LENGTH = _measure(percent=True)
_FONT = _measure(FONT_SIZES)
_IMAGE = Url(limits.URL, here=True)
_FLEX = Num(0)
_GRAVITY = Choice(("top", "bottom", "center"))
_ALIGN = Choice(("start", "end", "center"))
_WEIGHT = Choice(("regular", "bold"))
_STYLE = Choice(("normal", "italic"))
_DECORATION = Choice(("none", "underline", "line-through"))
_SHRINK = Choice(("shrink-to-fit",))
_PLACED: dict[str, Shape] = {
    "position": Choice(("relative", "absolute")),
    "offsetTop": _OFFSET,
    "offsetBottom": _OFFSET,
    "offsetStart": _OFFSET,
    "offsetEnd": _OFFSET,
}


def _ratio_fits(value: object, path: str) -> Iterator[Problem]:
    width, height = (float(side) for side in str(value).split(":"))
    sides_fit = all(1 <= side <= limits.ASPECT_RATIO_SIDE for side in (width, height))
    if not sides_fit or height > width * limits.ASPECT_RATIO_HEIGHT_FACTOR:
        yield problem("invalid value", path)


_RATIO = Both(
    Str(1, form=re.compile(r"\d{1,6}(?:\.\d+)?:\d{1,6}(?:\.\d+)?"), wrong_form="invalid value"), _ratio_fits
)


def _component(kind: str, fields: dict[str, Shape], *required: str) -> Obj:
    more = _says_something if kind == "text" else None
    return Obj({"type": Choice((kind,)), **fields}, frozenset({"type", *required}), more)


def _says_something(value: dict[str, object], path: str) -> Iterator[Problem]:
    if not value.get("text") and not value.get("contents"):
        yield problem(EMPTY, below(path, "text"))


SPAN = _component(
    "span",
    {
        "text": Str(),
        "size": _FONT,
        "color": COLOUR,
        "weight": _WEIGHT,
        "style": _STYLE,
        "decoration": _DECORATION,
    },
)
TEXT = _component(
    "text",
    {
        "flex": _FLEX,
        "text": Str(),
        "size": _FONT,
        "align": _ALIGN,
        "gravity": _GRAVITY,
        "color": COLOUR,
        "weight": _WEIGHT,
        "style": _STYLE,
        "decoration": _DECORATION,
        "wrap": Bool(),
        "lineSpacing": _measure(),
        "margin": _MARGIN,
        **_PLACED,
        "action": FLEX,
        "maxLines": Num(0),
        "contents": Items(OneOf({"span": SPAN})),
        "adjustMode": _SHRINK,
        "scaling": Bool(),
    },
)
BUTTON = _component(
    "button",
    {
        "flex": _FLEX,
        "color": COLOUR,
        "style": Choice(("primary", "secondary", "link")),
        "action": FLEX_BUTTON,
        "gravity": _GRAVITY,
        "margin": _MARGIN,
        **_PLACED,
        "height": Choice(("md", "sm")),
        "adjustMode": _SHRINK,
        "scaling": Bool(),
    },
    "action",
)
IMAGE = _component(
    "image",
    {
        "url": _IMAGE,
        "flex": _FLEX,
        "margin": _MARGIN,
        **_PLACED,
        "align": _ALIGN,
        "gravity": _GRAVITY,
        "size": _measure((*FONT_SIZES, "full"), percent=True),
        "aspectRatio": _RATIO,
        "aspectMode": Choice(("fit", "cover")),
        "backgroundColor": COLOUR,
        "action": FLEX,
        "animated": Bool(),
    },
    "url",
)
ICON = _component(
    "icon",
    {
        "url": _IMAGE,
        "size": _measure(FONT_SIZES, percent=True),
        "aspectRatio": _RATIO,
        "margin": _MARGIN,
        **_PLACED,
        "scaling": Bool(),
    },
    "url",
)
SEPARATOR = _component("separator", {"margin": _MARGIN, "color": COLOUR})
FILLER = _component("filler", {"flex": _FLEX})
VIDEO = _component(
    "video",
    {
        "url": _IMAGE,
        "previewUrl": _IMAGE,
        "altContent": Later(lambda: OneOf({"box": BOX, "image": IMAGE})),
        "aspectRatio": _RATIO,
        "action": OneOf({"uri": FLEX.cases["uri"]}),
    },
    "url",
    "previewUrl",
    "altContent",
)
GRADIENT = Obj(
    {
        "type": Choice(("linearGradient",)),
        "angle": Str(
            1,
            form=re.compile(r"(?:[0-9]|[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9])(?:\.\d+)?deg"),
            wrong_form="invalid value",
        ),
        "startColor": COLOUR,
        "endColor": COLOUR,
        "centerColor": COLOUR,
        "centerPosition": Str(
            1, form=re.compile(r"(?:100|[0-9]{1,2}(?:\.\d+)?)%"), wrong_form="invalid value"
        ),
    },
    frozenset({"type", "angle", "startColor", "endColor"}),
)


class _AnyObject:
    """An object whose properties somebody else looks at."""

    def check(self, value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield invalid(path)


ANY_OBJECT = _AnyObject()


def _children_fit(value: dict[str, object], path: str) -> Iterator[Problem]:
    contents = value["contents"]
    assert isinstance(contents, list)
    kinds = _ON_THE_LINE if value["layout"] == "baseline" else _IN_A_BOX
    yield from Items(kinds).check(contents, below(path, "contents"))


BOX_FIELDS: dict[str, Shape] = {
    "type": Choice(("box",)),
    "layout": Choice(("horizontal", "vertical", "baseline")),
    "flex": _FLEX,
    # Which children may stand in the box depends on its layout: see _children_fit.
    "contents": Items(ANY_OBJECT),
    "spacing": _MARGIN,
    "margin": _MARGIN,
    **_PLACED,
    "backgroundColor": COLOUR,
    "borderColor": COLOUR,
    "borderWidth": _measure(BORDER_WIDTHS),
    "cornerRadius": _measure(_STEPS),
    "width": _LENGTH,
    "maxWidth": _LENGTH,
    "height": _LENGTH,
    "maxHeight": _LENGTH,
    "paddingAll": _PADDING,
    "paddingTop": _PADDING,
    "paddingBottom": _PADDING,
    "paddingStart": _PADDING,
    "paddingEnd": _PADDING,
    "action": FLEX,
    "justifyContent": Choice(
        ("center", "flex-start", "flex-end", "space-between", "space-around", "space-evenly")
    ),
    "alignItems": Choice(("center", "flex-start", "flex-end")),
    "background": OneOf({"linearGradient": GRADIENT}),
}


BOX: Obj = Obj(BOX_FIELDS, frozenset({"type", "layout", "contents"}), _children_fit)
_IN_A_BOX = OneOf(
    {"box": BOX, "button": BUTTON, "image": IMAGE, "text": TEXT, "separator": SEPARATOR, "filler": FILLER}
)
_ON_THE_LINE = OneOf({"icon": ICON, "text": TEXT, "filler": FILLER})
COMPONENTS = OneOf({**_IN_A_BOX.cases, "icon": ICON, "span": SPAN, "video": VIDEO})

BLOCK_STYLE = Obj({"backgroundColor": COLOUR, "separator": Bool(), "separatorColor": COLOUR})
BUBBLE_STYLES = Obj(dict.fromkeys(("header", "hero", "body", "footer"), BLOCK_STYLE))


def json_bytes(value: object) -> int:
    """The size of a value as JSON, in bytes of UTF-8, without spaces."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def _bubble_fits(value: dict[str, object], path: str) -> Iterator[Problem]:
    if not any(block in value for block in ("header", "hero", "body", "footer")):
        yield problem("At least one block must be specified", path)
    hero = value.get("hero")
    has_video = isinstance(hero, dict) and hero.get("type") == "video"
    if has_video and value.get("size", "mega") not in ("kilo", "mega", "giga"):
        yield problem("a bubble with a video must be kilo, mega or giga", below(path, "size"))
    if json_bytes(value) > limits.FLEX_BUBBLE_BYTES:
        yield problem(f"a bubble may not be larger than {limits.FLEX_BUBBLE_BYTES} bytes", path)


BUBBLE = Obj(
    {
        "type": Choice(("bubble",)),
        "direction": Choice(("ltr", "rtl")),
        "styles": BUBBLE_STYLES,
        "header": OneOf({"box": BOX}),
        "hero": OneOf({"box": BOX, "image": IMAGE, "video": VIDEO}),
        "body": OneOf({"box": BOX}),
        "footer": OneOf({"box": BOX}),
        "size": Choice(("nano", "micro", "deca", "hecto", "kilo", "mega", "giga")),
        "action": FLEX,
    },
    frozenset({"type"}),
    _bubble_fits,
)


def _carousel_fits(value: dict[str, object], path: str) -> Iterator[Problem]:
    bubbles = value["contents"]
    assert isinstance(bubbles, list)
    if len({bubble.get("size", "mega") for bubble in bubbles}) > 1:
        yield problem("all bubbles of a carousel must have the same size", below(path, "contents"))
    for i, bubble in enumerate(bubbles):
        if isinstance(bubble.get("hero"), dict) and bubble["hero"].get("type") == "video":
            yield problem("a video cannot be used in a carousel", below(path, f"contents[{i}].hero"))
    if json_bytes(value) > limits.FLEX_CAROUSEL_BYTES:
        yield problem(f"a carousel may not be larger than {limits.FLEX_CAROUSEL_BYTES} bytes", path)


CAROUSEL = Obj(
    {
        "type": Choice(("carousel",)),
        "contents": Items(OneOf({"bubble": BUBBLE}), 1, limits.FLEX_BUBBLES),
    },
    frozenset({"type", "contents"}),
    _carousel_fits,
)


def _count_animated(value: object) -> int:
    if isinstance(value, dict):
        here = int(value.get("type") == "image" and value.get("animated") is True)
        return here + sum(_count_animated(each) for each in value.values())
    return sum(_count_animated(each) for each in value) if isinstance(value, list) else 0


def _few_animated(value: object, path: str) -> Iterator[Problem]:
    if _count_animated(value) > limits.FLEX_ANIMATED_IMAGES:
        yield problem(f"at most {limits.FLEX_ANIMATED_IMAGES} animated images in a message", path)


CONTAINER = Both(OneOf({"bubble": BUBBLE, "carousel": CAROUSEL}), _few_animated)
