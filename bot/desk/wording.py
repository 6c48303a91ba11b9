"""How a concern is told to the people of a desk: its place, its times, who wrote what. Words only, nothing is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from bot.content.library import Content
from bot.content.texts import Texts
from storage.concerns import Concern

TOKYO = ZoneInfo("Asia/Tokyo")
WEEKDAYS = "月火水木金土日"
SOON = dt.timedelta(hours=3)
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
LEVELS = (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class Due:
    """What is to be done next and by when: 「受付 あと2時間」, 「はじめの連絡 3時間すぎています」."""

    what: str
    by: str
    left: str
    late: bool
    soon: bool

    @property
    def words(self) -> str:
        return f"{self.what} {self.left}"


def moment(at: dt.datetime, now: dt.datetime) -> str:
    """12/1(火) 10:00; the year where it is not this one."""
    here = at.astimezone(TOKYO)
    year = "" if here.year == now.astimezone(TOKYO).year else f"{here.year}/"
    return f"{year}{here.month}/{here.day}({WEEKDAYS[here.weekday()]}) {here:%H:%M}"


def next_due(concern: Concern) -> tuple[str, dt.datetime] | None:
    """Which clock runs, and when it ends; None where none does."""
    found = {
        "sent": ("accept", concern.accept_due),
        "accepted": ("contact", concern.contact_due),
        "in_touch": ("close", concern.close_due),
    }.get(concern.state)
    return (found[0], found[1]) if found and found[1] else None


def due(texts: Texts, concern: Concern, now: dt.datetime) -> Due | None:
    """The clock that runs, in words."""
    found = next_due(concern)
    if found is None:
        return None
    what, at = found
    late = at <= now
    span = texts.get("desk.due.late" if late else "desk.due.left", span=_span(texts, abs(at - now)))
    return Due(texts.get(f"desk.due.{what}"), moment(at, now), span, late, not late and at - now <= SOON)


def _span(texts: Texts, length: dt.timedelta) -> str:
    """Rounded down: nobody is told of more time than there is."""
    if length >= 2 * DAY:
        return texts.get("desk.due.days", count=str(length // DAY))
    if length >= HOUR:
        return texts.get("desk.due.hours", count=str(length // HOUR))
    return texts.get("desk.due.minutes", count=str(max(1, length // dt.timedelta(minutes=1))))


def place(content: Content, concern: Concern) -> str:
    """鳥取市 北中学校区; the keys themselves where content/ no longer knows them."""
    town = content.towns.get(concern.town)
    if town is None:
        return concern.town
    districts = {each.key: each.name for each in town.districts}
    district = districts.get(concern.district or "", "")
    return f"{town.name} {district}".strip()


def route_step(
    content: Content, key: str, params: Mapping[str, str], when: Callable[[dt.datetime], str]
) -> str | None:
    """One step of the rule that led to a desk, as a sentence; None for a step that has no words any more."""
    texts = content.texts
    detail = {"own": "named", "shared": "named", "before": "why"}.get(key)
    said = f"route.{key}.{params.get(detail)}" if detail else f"route.{key}"
    if not texts.has(said):
        return None
    words = {
        each: f"「{known.name}」" if (known := content.windows_by_key.get(value)) else value
        for each, value in params.items()
    }
    if "opens" in params:
        at = params["opens"]
        words["opens"] = when(dt.datetime.fromisoformat(at)) if at else texts.get("route.never_opens")
    return texts.get(said, **words)


def why(content: Content, reason: str, reader: str, frozen: Mapping[str, Any]) -> str:
    """Why this desk reads it, in one line. It may stand in for another one that knows more, or for the night."""
    texts, key = content.texts, f"desk.route.{reason}"
    if reason in ("own", "shared", "general") and frozen.get("by_day", reader) != reader:
        return texts.get("desk.route.night")
    if reason in ("own", "shared") and (knows_more := str(frozen.get("window", reader))) != reader:
        return texts.get("desk.route.stands_in", window=window(content, knows_more))
    return texts.get(key) if texts.has(key) else texts.get("desk.route.other")


def rule(content: Content, concern: Concern, now: dt.datetime) -> tuple[str, ...]:
    """How it came to the desk that it was sent to, as it was frozen when it was opened."""
    steps = (concern.route or {}).get("rule", ())
    told = (
        route_step(
            content,
            str(step.get("step")),
            {name: str(value) for name, value in step.items() if name != "step"},
            lambda at: moment(at, now),
        )
        for step in steps
    )
    return tuple(one for one in told if one)


def kind(content: Content, concern: Concern) -> str:
    known = content.concern_kinds.get(concern.kind)
    return known.label if known else concern.kind


def window(content: Content, key: str) -> str:
    known = content.windows_by_key.get(key)
    return known.name if known else key


def level(texts: Texts, number: int) -> str:
    return texts.get(f"desk.level.{number}")


def state(content: Content, concern: Concern) -> str:
    """未受付 / 受付済み / 対応中 / 終了 (with its outcome)."""
    words = content.texts.get(f"desk.state.{concern.state}")
    ended = content.outcomes.get(concern.outcome or "")
    return f"{words}（{ended.label}）" if concern.state == "closed" and ended else words


def since(texts: Texts, concern: Concern) -> str:
    key = f"concern.since.{concern.since}"
    return texts.get(key) if texts.has(key) else texts.get("desk.since_unknown")


def consent(content: Content, concern: Concern) -> tuple[str, str]:
    """What the person it is about knows and agreed to, and what the desk may therefore do."""
    texts, known = content.texts, content.concern_kinds.get(concern.kind)
    key = "fixed" if known and known.never_told else concern.subject_knows
    if not texts.has(f"desk.consent.{key}.is"):
        key = "unaware"
    return texts.get(f"desk.consent.{key}.is"), texts.get(f"desk.consent.{key}.may")


def author(texts: Texts, names: Mapping[str, str], name: str) -> str:
    """Who wrote something: a colleague's name, 「通報した人」, or whoever gave a name at the terminal."""
    if name.startswith("staff:"):
        return names.get(name.removeprefix("staff:"), texts.get("desk.author.gone"))
    key = f"desk.author.{name}"
    return texts.get(key) if texts.has(key) else name
