"""What a flow may look at. It is all frozen, and it is all there is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from bot.content.library import Content
from bot.content.news import Rhythm
from bot.content.places import Town


@dataclass(frozen=True)
class Watch:
    """The watch partner (見守り協定) for whom the visitor reports; `last_town` is where they did so last."""

    name: str
    towns: tuple[str, ...]
    active: bool = True
    last_town: str | None = None


@dataclass(frozen=True)
class Enrolled:
    """Somebody of this phone who is in the register: since when, and through which courses (by id)."""

    id: str
    since: dt.date
    courses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Visitor:
    """Whom the flow talks to, as far as it needs to know."""

    supporter: bool = False
    town: str | None = None
    district: str | None = None
    watch: Watch | None = None
    enrolled: Sequence[Enrolled] = ()
    news: Mapping[str, Rhythm] = field(default_factory=dict)


@dataclass(frozen=True)
class OpenCourse:
    """A course of which somebody has the code; not `making`: a meeting, after which nobody becomes a supporter."""

    id: str
    code: str
    title: str
    town: str
    making: bool = True


@dataclass(frozen=True)
class CourseOffer:
    """A coming course as the visitor sees it: `label` stands on its button, `words` tell of it, `room` of its seats."""

    id: str
    label: str
    title: str
    words: str
    room: str
    standing: Literal["open", "waiting_list", "full", "not_yet", "closed"]
    mine: Literal["seat", "waiting"] | None = None


@dataclass(frozen=True)
class AskedCourse:
    """A course about which the visitor may answer some questions."""

    id: str
    label: str
    title: str


CodeState = Literal["open", "early", "late", "closed", "used", "mine", "busy"]


@dataclass(frozen=True)
class ReadCode:
    """A code that exists, on the wall or on a `card` (its id), as it stands at this moment; early: `opens` then."""

    state: CodeState
    course: OpenCourse
    card: str | None = None
    opens: dt.date | None = None


class Codes(Protocol):
    """What codes there are; `suspicious` while too many wrong ones are tried by everybody together."""

    @property
    def suspicious(self) -> bool: ...

    def read(self, said: str) -> ReadCode | None:
        """The code in these words, however it is spaced or cased."""


@dataclass(frozen=True)
class NoCodes:
    """Where nobody comes with a code, such as on the web."""

    suspicious: bool = False

    def read(self, said: str) -> ReadCode | None:
        return None


@dataclass(frozen=True)
class Context:
    """The moment (Asia/Tokyo), the content, this channel's towns (`central_town` takes what belongs to none),
    the visitor, the codes of courses, the courses that are coming and those that they are asked about."""

    now: dt.datetime
    content: Content
    towns: tuple[Town, ...]
    central_town: str
    visitor: Visitor = Visitor()
    codes: Codes = NoCodes()
    offers: Sequence[CourseOffer] = ()
    asked: Sequence[AskedCourse] = ()

    @property
    def today(self) -> dt.date:
        return self.now.date()
