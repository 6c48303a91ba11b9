"""What each template of a picture takes, and which signs can be drawn at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from bot import fonts

Shape = Literal["text", "lines", "items", "photo"]
_NO_SIGN = "\U0010ffff"  # of no typeface: its picture is that of every sign that is missing
_LOOKED_AT = 24  # pixels


@dataclass(frozen=True)
class Field:
    """One field of a template: `longest` letters each, `most` of them; `parts` are those of an item."""

    name: str
    shape: Shape = "text"
    longest: int = 40
    most: int = 1
    needed: bool = False
    parts: tuple[Field, ...] = ()


MORE = Field("more", longest=20)
"""What stands at the foot of the small picture where the whole one is higher: that it opens when it is touched."""

TEMPLATES: Mapping[str, tuple[Field, ...]] = {
    "event": (
        Field("title", longest=40, needed=True),
        Field("when", longest=60, needed=True),
        Field("place", longest=60),
        Field("lines", "lines", longest=60, most=6),
        Field("note", longest=80),
        Field("from", longest=30),
        Field("photo", "photo"),
        Field("head", longest=16),
        Field("when_label", longest=6),
        Field("place_label", longest=6),
        MORE,
    ),
    "letter": (
        Field("title", longest=30, needed=True),
        Field("month", longest=20),
        Field("lead", longest=160),
        Field(
            "items",
            "items",
            most=6,
            needed=True,
            parts=(Field("title", longest=40), Field("text", longest=160)),
        ),
        Field("note", longest=80),
        Field("from", longest=30),
        Field("photo", "photo"),
        MORE,
    ),
    "disaster": (
        Field("title", longest=30, needed=True),
        Field("lines", "lines", longest=60, most=6, needed=True),
        Field("call", longest=40),
        Field("note", longest=100),
        Field("from", longest=40),
        Field("head", longest=16),
        Field("call_label", longest=20),
        MORE,
    ),
    "photo": (Field("photo", "photo", needed=True), MORE),
}


def fits(text: str) -> tuple[str, ...]:
    """The signs of the text that our typeface does not have, each once."""
    return tuple(dict.fromkeys(sign for sign in text if not _there(sign)))


@cache
def _there(sign: str) -> bool:
    if sign.isspace():
        return True
    face = fonts.font(_LOOKED_AT)
    missing = face.getmask(_NO_SIGN)
    drawn = face.getmask(sign)
    return sign.isprintable() and (drawn.size, bytes(drawn)) != (missing.size, bytes(missing))
