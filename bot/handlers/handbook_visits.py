"""Counting the handbook's use on LINE, in the unit of work of the turn that it belongs to.

That a number was dialled is not told to us by LINE, and so it is not counted.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from bot.flows.engine import Answers, Asking, Finished
from bot.handbook import use as handbook_use
from bot.handbook.use import Visit
from bot.handlers.turn import Turn
from storage import handbook_tags, handbook_usage
from storage.handbook_usage import Seen, hour_of

FLOW: Final = "handbook"
VISIT: Final = "_visit"  # beside the answers, as what a typed answer came from


def walked(
    turn: Turn, flow: str, now: Asking | Finished, answers: Answers, *, enough: bool = False
) -> dict[str, Any]:
    """The answers, with what of this visit is counted now."""
    if flow != FLOW:
        return dict(answers)
    visit, noted = handbook_use.opened(Visit.read(answers.get(VISIT)))
    content = turn.content
    visit, more = handbook_use.walked(
        visit, now, answers, content.spoken, content.handbook.first_shown, enough=enough
    )
    here = {handbook_use.TOWN: turn.person.town, **answers}
    at, seen = hour_of(turn.work.now), dict[Seen, int]()
    for one in (*noted, *more):
        town = handbook_use.town_of(visit, here, content.towns, one.about)
        seen[Seen(at, town, "line", visit.tag, one.event, one.about)] = 1
    # Everybody counts on the same rows: last of all, so that nobody waits for what else this turn does.
    turn.work.before_commit("handbook_usage", lambda: handbook_usage.add(turn.work, seen))
    return {**answers, VISIT: visit.kept()}


def carried(answers: Answers) -> dict[str, Any]:
    """What stays when the questions begin anew."""
    return {VISIT: answers[VISIT]} if VISIT in answers else {}


def tag_in(word: str) -> str | None:
    """The word as a tag, where it looks like one."""
    tag = unicodedata.normalize("NFKC", word).lower()
    return tag if handbook_tags.is_one(tag) else None


def by_tag(turn: Turn, tag: str) -> Mapping[str, Any]:
    """What a walk begins with, for who came by a QR code with this tag."""
    found = handbook_tags.get(turn.work, tag) or handbook_tags.Tag(handbook_tags.UNKNOWN)
    return {VISIT: Visit(found.tag, found.town).kept()}
