"""What a flow may return: deeds as values. bot/handlers/effects.py is the one place that does them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.content.news import Rhythm
from bot.handbook.recommend import Result


@dataclass(frozen=True)
class Say:
    """Say the words under `text_key`."""

    text_key: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RegisterSupporter:
    """Make the person (or, with `family`, another one of their family) a supporter of a town (keys), after a course
    whose code they gave or whose `card` (its id) they hold, with the texts that they agreed to."""

    course_id: str
    town: str
    district: str | None
    topics: tuple[str, ...]
    consent_version: str
    pledge_version: str
    card: str | None = None
    family: bool = False


@dataclass(frozen=True)
class AttendAgain:
    """Somebody of the register (`enrolled` is their entry) was at one more course."""

    course_id: str
    enrolled: str
    card: str | None = None


@dataclass(frozen=True)
class OpenConcern:
    """Write a concern down and send it to its window. `level` is 0 (a life is at risk) to 4 (information).

    `doubted`: the person thinks that the routed desk may be the wrong one; with the reason "chosen" they named
    `window` themselves. `source` is "line", or "partner" for the staff of a watch partner.
    """

    town: str
    district: str | None
    kind: str
    level: int
    since: str
    subject_knows: str
    window: str
    route_reason: str
    doubted: bool = False
    source: Literal["line", "partner"] = "line"


@dataclass(frozen=True)
class ShowSchemes:
    """Show what fits the answers, in groups, each with why. `about`: whose answers these are, as Q1 has it."""

    result: Result
    town: str | None
    about: Literal["self", "family", "other"] = "self"


@dataclass(frozen=True)
class ShowWindows:
    """Show windows and hotlines (keys), in this order, for a trouble (`about`, in words)."""

    windows: tuple[str, ...]
    hotlines: tuple[str, ...]
    about: str


@dataclass(frozen=True)
class TakeSeat:
    """Sign the person up for a course: a seat, or a place on its waiting list."""

    course_id: str


@dataclass(frozen=True)
class LeaveSeat:
    """Give up the seat, or the place on the waiting list."""

    course_id: str


@dataclass(frozen=True)
class KeepAnswers:
    """Keep what somebody answered about a course, apart from who they are: question -> number."""

    course_id: str
    ratings: Mapping[str, int]


@dataclass(frozen=True)
class ChangeTopics:
    """Which news come to this phone from now on, and how often; for a resident those of this town (keys)."""

    news: Mapping[str, Rhythm]
    town: str | None = None


@dataclass(frozen=True)
class ChangeLanguage:
    """In which language news come to this phone from now on (its key)."""

    language: str


@dataclass(frozen=True)
class ChangePlace:
    """One entry of the register on this phone (its id) lives in this town and district now (keys)."""

    enrolled: str
    town: str
    district: str | None


@dataclass(frozen=True)
class GoOn:
    """Go on with another flow."""

    flow: str


Effect = (
    Say
    | RegisterSupporter
    | AttendAgain
    | OpenConcern
    | ShowSchemes
    | ShowWindows
    | TakeSeat
    | LeaveSeat
    | KeepAnswers
    | ChangeTopics
    | ChangeLanguage
    | ChangePlace
    | GoOn
)
