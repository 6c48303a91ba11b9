"""What the answers of this session came to, and what of it somebody wants to take along: for paper and for sharing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from flask import session

from bot.flows import FLOWS
from bot.flows.effects import ShowSchemes
from bot.flows.engine import Finished, play
from bot.handbook.recommend import Recommendation
from bot.web.result_views import first_of
from bot.web.walk import Walk

if TYPE_CHECKING:
    from bot.app import Services
    from bot.content.library import Content

FLOW: Final = "handbook"
MOST_TAKEN: Final = 20  # schemes: they lie in the sealed cookie, beside the answers
LINK: Final = "handbook_link"  # in the session: the token of the one link that was made here
_TAKEN: Final = "handbook_taken"
_MYSELF, _NEIGHBOUR = "self", "other"  # answers to "whom is this about"


@dataclass(frozen=True)
class Outcome:
    """A result with the ids of what was ticked on it, and whom it is about."""

    shown: ShowSchemes
    taken: tuple[str, ...]
    at_once: int
    """How many of the chosen troubles' schemes the page shows first."""
    for_other: bool
    for_neighbour: bool

    @property
    def seen(self) -> tuple[Recommendation, ...]:
        """All of it, in its order."""
        result = self.shown.result
        return (*result.safety, *result.hubs, *result.chosen, *result.others)

    def those(self, ids: Iterable[str]) -> tuple[Recommendation, ...]:
        """The ones with these ids, in the order of the page."""
        wanted = set(ids)
        return tuple(one for one in self.seen if one.scheme.id in wanted)[:MOST_TAKEN]

    @property
    def to_take(self) -> tuple[Recommendation, ...]:
        """What was ticked; where nothing was, what the page shows first."""
        return self.those(self.taken) or self.first

    @property
    def first(self) -> tuple[Recommendation, ...]:
        """What the page shows before 「もっと見る」."""
        return first_of(self.shown.result, self.at_once)[:MOST_TAKEN]


def outcome_here(services: Services, content: Content | None = None) -> Outcome | None:
    """None where this session has no result (yet, or any more). In the reader's language, or as `content` says it."""
    walk = Walk(services, FLOWS[FLOW], lambda _: "")
    answers = walk.answers
    if answers is None:
        return None
    ctx = walk.context()
    now = play(walk.flow.function, replace(ctx, content=content) if content else ctx, answers)
    if not isinstance(now, Finished) or not isinstance(now.effects[0], ShowSchemes):
        return None
    return outcome_of(now.effects[0], walk.content)


def outcome_of(shown: ShowSchemes, content: Content) -> Outcome:
    """The same for a result that is at hand."""
    about = session.get(FLOW, {}).get("who", _MYSELF)
    taken, at_once = tuple(session.get(_TAKEN, ())), content.handbook.first_shown
    return Outcome(shown, taken, at_once, about != _MYSELF, about == _NEIGHBOUR)


def take(outcome: Outcome, ticked: Iterable[str], on_page: Iterable[str]) -> None:
    """Remember the ticks of a page; those of other pages stay."""
    elsewhere = set(outcome.taken).difference(on_page)
    session[_TAKEN] = [one.scheme.id for one in outcome.those({*elsewhere, *ticked})]


def forget() -> None:
    """Another walk begins, or this one was given up: it may be somebody else who sits here now."""
    for kept in (_TAKEN, LINK):
        session.pop(kept, None)
