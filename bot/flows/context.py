"""What a flow may look at. It is all frozen, and it is all there is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from bot.content.library import Content
from bot.content.places import Town


@dataclass(frozen=True)
class Watch:
    """The watch partner (見守り協定) for whom the visitor reports; `last_town` is where they did so last."""

    name: str
    towns: tuple[str, ...]
    active: bool = True
    last_town: str | None = None


@dataclass(frozen=True)
class Visitor:
    """Whom the flow talks to, as far as it needs to know."""

    supporter: bool = False
    town: str | None = None
    district: str | None = None
    topics: tuple[str, ...] = ()
    watch: Watch | None = None


@dataclass(frozen=True)
class OpenCourse:
    """A course whose registration code is valid now."""

    id: str
    code: str
    title: str
    town: str


@dataclass(frozen=True)
class Context:
    """The moment (Asia/Tokyo), the content, this channel's towns (`central_town` takes what belongs to none),
    the visitor, the open courses."""

    now: dt.datetime
    content: Content
    towns: tuple[Town, ...]
    central_town: str
    visitor: Visitor = Visitor()
    courses: Sequence[OpenCourse] = ()

    @property
    def today(self) -> dt.date:
        return self.now.date()
