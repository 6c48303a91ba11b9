"""What happens when a person taps: LINE's actions, and which of them may stand where."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from simulator import limits
from simulator.shapes import Choice, Obj, OneOf, Problem, Shape, Str, Url, below, problem

TAPPED_URI = Url(limits.URI, ("http", "https", "line", "tel"))
ALIAS_ID = Str(1, limits.ALIAS_ID, form=re.compile(r"[a-z0-9_-]{1,32}"))
_DATA = Str(0, limits.POSTBACK_DATA)
_SPOKEN = Str(1, limits.DISPLAY_TEXT, "grapheme")

_MOMENTS = MappingProxyType({"date": "%Y-%m-%d", "time": "%H:%M", "datetime": "%Y-%m-%dT%H:%M"})
_MOMENT_FORMS = MappingProxyType(
    {
        "date": re.compile(r"\d{4}-\d\d-\d\d"),
        "time": re.compile(r"\d\d:\d\d"),
        "datetime": re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d"),
    }
)


def _one_voice(value: dict[str, object], path: str) -> Iterator[Problem]:
    if "displayText" in value and "text" in value:
        yield problem("displayText and text cannot be specified at the same time", path)


def _moment(mode: str, text: str) -> datetime | None:
    if not _MOMENT_FORMS[mode].fullmatch(text):
        return None
    try:
        return datetime.strptime(text.upper(), _MOMENTS[mode])
    except ValueError:
        return None


def _moments_fit(value: dict[str, object], path: str) -> Iterator[Problem]:
    mode = str(value["mode"])
    read: dict[str, datetime] = {}
    for name in ("min", "initial", "max"):
        if name in value:
            moment = _moment(mode, str(value[name]))
            if moment is None:
                yield problem("invalid format", below(path, name))
            else:
                read[name] = moment
    if "min" in read and "max" in read and read["min"] >= read["max"]:
        yield problem("max must be later than min", below(path, "max"))
    if "initial" in read:
        early = "min" in read and read["initial"] < read["min"]
        late = "max" in read and read["initial"] > read["max"]
        if early or late:
            yield problem("initial must be between min and max", below(path, "initial"))


def _action(
    kind: str,
    label: Str,
    label_required: bool,
    fields: Mapping[str, Shape],
    required: tuple[str, ...] = (),
) -> Obj:
    more = {"postback": _one_voice, "datetimepicker": _moments_fit}.get(kind)
    must = {"type", *required} | ({"label"} if label_required else set())
    return Obj({"type": Choice((kind,)), "label": label, **fields}, frozenset(must), more)


def actions(label_high: int, *, label_required: bool, kinds: tuple[str, ...]) -> OneOf:
    """The actions of one place, with that place's limit of the label."""
    label = Str(1 if label_required else 0, label_high, "grapheme")
    fields: dict[str, tuple[dict[str, Shape], tuple[str, ...]]] = {
        "postback": (
            {
                "data": _DATA,
                "displayText": _SPOKEN,
                "text": _SPOKEN,
                "inputOption": Choice(("closeRichMenu", "openRichMenu", "openKeyboard", "openVoice")),
                "fillInText": _SPOKEN,
            },
            ("data",),
        ),
        "message": ({"text": Str(1, limits.ACTION_TEXT, "grapheme")}, ("text",)),
        "uri": (
            {"uri": TAPPED_URI, "altUri": Obj({"desktop": TAPPED_URI})},
            ("uri",),
        ),
        "datetimepicker": (
            {
                "data": _DATA,
                "mode": Choice(("date", "time", "datetime")),
                "initial": Str(1),
                "max": Str(1),
                "min": Str(1),
            },
            ("data", "mode"),
        ),
        "clipboard": ({"clipboardText": Str(1, limits.CLIPBOARD_TEXT)}, ("clipboardText",)),
        "richmenuswitch": ({"richMenuAliasId": ALIAS_ID, "data": _DATA}, ("richMenuAliasId", "data")),
        "camera": ({}, ()),
        "cameraRoll": ({}, ()),
        "location": ({}, ()),
    }
    return OneOf({kind: _action(kind, label, label_required, *fields[kind]) for kind in kinds})


_ANYWHERE = ("postback", "message", "uri", "datetimepicker", "clipboard")
_QUICK_ONLY = ("camera", "cameraRoll", "location")

TEMPLATE = actions(limits.LABEL, label_required=True, kinds=_ANYWHERE)
TEMPLATE_DEFAULT = actions(limits.LABEL, label_required=False, kinds=_ANYWHERE)
IMAGE_CAROUSEL = actions(limits.LABEL_IMAGE_CAROUSEL, label_required=False, kinds=_ANYWHERE)
QUICK_REPLY = actions(limits.LABEL, label_required=True, kinds=_ANYWHERE + _QUICK_ONLY)
RICH_MENU = actions(limits.LABEL, label_required=False, kinds=(*_ANYWHERE, "richmenuswitch"))
FLEX = actions(limits.LABEL_FLEX, label_required=False, kinds=_ANYWHERE)
FLEX_BUTTON = actions(limits.LABEL_FLEX, label_required=True, kinds=_ANYWHERE)
