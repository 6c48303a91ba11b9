"""A result of the handbook as it is kept, as it is shown again another day, and what has changed since. Pure.

Kept is which schemes were shown, never an answer: who gets a link from somebody learns what may help, and not why.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Final, Literal

from bot import postback
from bot.content.library import Content
from bot.content.schemes import Scheme
from bot.flows.talk import plain
from bot.handbook.recommend import Recommendation, Result
from bot.messages import Choices, Tap
from storage.handbook_results import KeptResult, ShownScheme

FLOW: Final = "results"  # bot/handlers/results.py answers its buttons
GROUPS: Final = ("safety", "hubs", "chosen", "others")
PARTS: Final = ("what", "cost", "deadline", "desk", "phone")
"""What a mark is made of; commas, blanks and widths in them count for nothing."""
GONE: Final = ""
"""The mark of a scheme that is not there (any more)."""
_DIGITS: Final = 8  # of each part's hash: enough to see that it is another one


@dataclass(frozen=True)
class Change:
    """What has changed since a scheme was shown: it ended, nobody knows (`missing`), or these `parts` are others."""

    shown: ShownScheme
    state: Literal["ended", "missing", "changed"]
    parts: tuple[str, ...] = ()
    now: Scheme | None = None


def schemes_of(content: Content, result: Result, town: str | None, today: dt.date) -> tuple[ShownScheme, ...]:
    """What is kept of a result of today, for storage/handbook_results.py."""
    japanese = content.said_in(None)
    there = japanese.catalogue.there(town, today)
    kept = []
    for group in GROUPS:
        for found in getattr(result, group):
            scheme = there[found.scheme.id]
            mark = mark_of(japanese, scheme, town)
            kept.append(ShownScheme(scheme.id, group, scheme.plain_title, mark, found.to_confirm))
    return tuple(kept)


def result_of(content: Content, kept: KeptResult, today: dt.date) -> Result:
    """The same result with what is true today; what has ended is not in it. No answers: nothing says why."""
    there = content.catalogue.there(kept.town, today)
    groups: dict[str, list[Recommendation]] = {group: [] for group in GROUPS}
    for shown in kept.schemes:
        if shown.id in there and shown.group in groups:
            groups[shown.group].append(Recommendation(there[shown.id], (), shown.to_confirm))
    return Result(**{group: tuple(found) for group, found in groups.items()})


def marks_now(content: Content, kept: KeptResult, today: dt.date) -> dict[str, str]:
    """The mark that each scheme of it has today."""
    japanese = content.said_in(None)
    there = japanese.catalogue.there(kept.town, today)
    return {
        shown.id: mark_of(japanese, there[shown.id], kept.town) if shown.id in there else GONE
        for shown in kept.schemes
    }


def changes(content: Content, kept: KeptResult, today: dt.date) -> tuple[Change, ...]:
    """What is not as it was shown, first what has ended."""
    there = content.catalogue.there(kept.town, today)
    marks = marks_now(content, kept, today)
    found = [
        _change(content, kept.town, shown, there.get(shown.id), marks[shown.id])
        for shown in kept.schemes
        if marks[shown.id] != shown.mark
    ]
    return tuple(sorted(found, key=lambda change: change.state == "changed"))


def _change(content: Content, town: str | None, shown: ShownScheme, now: Scheme | None, mark: str) -> Change:
    if now is None:
        versions = (
            scheme
            for scheme in content.catalogue.schemes
            if scheme.town in (None, town) and shown.id in (scheme.id, scheme.overrides)
        )
        return Change(shown, "ended" if any(scheme.ended for scheme in versions) else "missing")
    pairs = zip(PARTS, shown.mark.split("."), mark.split("."), strict=True)
    return Change(shown, "changed", tuple(part for part, then, today in pairs if then != today), now)


def mark_of(content: Content, scheme: Scheme, town: str | None) -> str:
    """What is said about a scheme in this town, as one word for each of PARTS."""
    desk = content.window_for(scheme, town)
    said = {
        "what": scheme.what,
        "cost": scheme.cost,
        "deadline": scheme.deadline,
        "desk": desk.name if desk else scheme.window_kind,
        "phone": scheme.phone or (desk.phone if desk else None) or "",
    }
    return ".".join(hashlib.sha256(plain(said[part]).encode()).hexdigest()[:_DIGITS] for part in PARTS)


# ---- what is said of it without being asked ----------------------------------------------------------------


def change_notice(content: Content) -> Choices:
    """That something has changed, and not a word of what: it may be read over somebody's shoulder."""
    texts = content.texts
    see = Tap(texts.get("results.changed.see"), postback.Tap(FLOW, "changes", "", "").data())
    return Choices(
        texts.get("results.changed"),
        (see,),
        hint=texts.get("results.changed.hint"),
        last=(stop_button(content),),
    )


def stop_button(content: Content) -> Tap:
    """No such news any more."""
    return Tap(content.texts.get("results.watch.stop"), postback.Tap(FLOW, "stop", "", "").data())
