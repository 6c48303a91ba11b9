"""What a flow may return: deeds as values. bot/handlers/effects.py is the one place that does them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.recommend import Result


@dataclass(frozen=True)
class Say:
    """Say the words under `text_key`."""

    text_key: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RegisterSupporter:
    """Make the person a supporter of a town (keys), after a course, with the consent they gave."""

    course_id: str
    town: str
    district: str | None
    topics: tuple[str, ...]
    consent_version: str


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
    """Show what fits the answers, in groups, each with why."""

    result: Result
    town: str | None


@dataclass(frozen=True)
class ShowWindows:
    """Show windows and hotlines (keys), in this order, for a trouble (`about`, in words)."""

    windows: tuple[str, ...]
    hotlines: tuple[str, ...]
    about: str


@dataclass(frozen=True)
class GoOn:
    """Go on with another flow."""

    flow: str


Effect = Say | RegisterSupporter | OpenConcern | ShowSchemes | ShowWindows | GoOn
