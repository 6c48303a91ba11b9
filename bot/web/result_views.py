"""A result of the handbook as its pages show it: in groups, what people begin with in full, the rest in short. Pure.

A page stays below 50 KB, whatever was answered: what does not fit any more stands on further pages.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.content.library import Content
from bot.content.questions import WORRIES
from bot.flows.effects import ShowSchemes
from bot.handbook.recommend import Recommendation, Result, documents_of
from bot.web.views import PlaceView, SchemeView, safety_net, scheme_view

ROOM: Final = 48_000  # bytes of a page
_FRAME, _FULL, _BRIEF, _PLACE, _READING = 2_400, 780, 480, 700, 44
"""Bytes of markup: around the cards, of one in full, of a brief one, of a desk, of a reading above its word."""
_AROUND: Final = ("web.result", "handbook_web.result")
_LABELS: Final = (
    *(
        f"handbook_web.card.{name}"
        for name in ("what", "cost", "deadline", "bring", "confirm", "take", "take")
    ),
    *(f"web.scheme.{name}" for name in ("who", "where", "say")),
    *("web.window.open", "web.window.call", "web.window.hours"),
)
"""What stands on every card beside its own words."""


@dataclass(frozen=True)
class Themed:
    """Cards below one small heading; `others` are those of troubles that were not chosen."""

    heading: str
    cards: tuple[SchemeView, ...]
    others: bool = False


@dataclass(frozen=True)
class ToBring:
    """Something to bring, and the ids of the schemes that ask for it."""

    label: str
    hint: str
    asked_by: tuple[str, ...]


@dataclass(frozen=True)
class ResultView:
    """The groups of a result in their order; `net` is what everybody may use, `bring` what the first groups ask for."""

    safety: tuple[SchemeView, ...]
    hubs: tuple[SchemeView, ...]
    net: tuple[PlaceView, ...]
    chosen: tuple[Themed, ...]
    more: tuple[Themed, ...]
    others: tuple[SchemeView, ...]
    pages: tuple[tuple[Themed, ...], ...]
    """What does not fit here, page by page."""
    full: frozenset[str]
    """The ids of the cards with everything on them; the others are brief."""
    bring: tuple[ToBring, ...]
    few_answers: bool

    @property
    def more_count(self) -> int:
        return _count(self.more)

    @property
    def left_count(self) -> int:
        """How many stand on the further pages."""
        return sum(_count(page) for page in self.pages)

    @property
    def ids(self) -> tuple[str, ...]:
        """Of the cards on this page."""
        themed = (card for part in (*self.chosen, *self.more) for card in part.cards)
        return tuple(card.id for card in (*self.safety, *self.hubs, *themed, *self.others))


def result_view(content: Content, shown: ShowSchemes, now: dt.datetime) -> ResultView:
    """All groups. Nobody leaves without a number: if the first groups have none, the lines for all are there."""
    result, at_once = shown.result, content.handbook.first_shown

    def cards(found: Iterable[Recommendation]) -> tuple[SchemeView, ...]:
        return tuple(scheme_view(content, one, shown.town, now) for one in found)

    safety, hubs = cards(result.safety), cards(result.hubs)
    needs_net = result.fallback or not any(one.tel for one in (*safety, *hubs))
    net = safety_net(content, shown.town, now) if needs_net else ()
    chosen = by_theme(content, result.chosen[:at_once], shown.town, now)
    bring = to_bring(content, first_of(result, at_once))
    rest = (
        *by_theme(content, result.chosen[at_once:], shown.town, now),
        Themed("", cards(result.others), others=True),
    )
    scale = _Scale(content)
    room = ROOM - scale.frame - _PLACE * len(net)
    room -= sum(_bytes(thing.label, thing.hint) + 60 for thing in bring)
    full, room = scale.in_full((*safety, *hubs, *(card for part in chosen for card in part.cards)), room)
    here, left = scale.fitting(rest, room)
    return ResultView(
        safety=safety,
        hubs=hubs,
        net=net,
        chosen=chosen,
        more=tuple(part for part in here if not part.others),
        others=tuple(card for part in here if part.others for card in part.cards),
        pages=tuple(scale.pages(left)),
        full=full,
        bring=bring,
        few_answers=result.fallback,
    )


def first_of(result: Result, at_once: int) -> tuple[Recommendation, ...]:
    """What a result shows before 「もっと見る」."""
    return (*result.safety, *result.hubs, *result.chosen[:at_once])


def by_theme(
    content: Content, found: Iterable[Recommendation], town: str | None, now: dt.datetime
) -> tuple[Themed, ...]:
    """Cards below the names of the troubles, in the order in which these come first; loans below everything else."""
    groups: dict[str, list[SchemeView]] = {}
    loans = content.texts.get("handbook_web.card.loans")
    for one in found:
        heading = loans if one.scheme.is_loan else _trouble(content, one.scheme.theme)
        groups.setdefault(heading, []).append(scheme_view(content, one, town, now))
    ordered = sorted(groups.items(), key=lambda group: group[0] == loans)
    return tuple(Themed(heading, tuple(cards)) for heading, cards in ordered)


def _trouble(content: Content, theme: str) -> str:
    """A theme in the words of the question about troubles, which are gentler and in every language."""
    options = next((question.options for question in content.questions if question.code == WORRIES), ())
    return "・".join(option.label for option in options if option.theme == theme) or content.theme_name(theme)


def to_bring(content: Content, found: Iterable[Recommendation]) -> tuple[ToBring, ...]:
    """What to bring for all of these, each thing once; what most of them ask for first."""
    them = tuple(found)
    return tuple(
        ToBring(
            document.label,
            document.hint,
            tuple(one.scheme.id for one in them if document.key in one.scheme.bring),
        )
        for document, _ in documents_of(them, content.documents)
    )


# ---- what fits on a page -------------------------------------------------------------------------------------


class _Scale:
    """About how many bytes things take on a page, markup and all."""

    def __init__(self, content: Content) -> None:
        texts = content.texts
        self._confirm = max(texts.get("web.scheme.confirm"), texts.get("web.scheme.unsure"), key=len)
        self._labels = _bytes(*(texts.get(key) for key in _LABELS))
        self.frame = _FRAME + _bytes(*(text for part in _AROUND for text in texts.under(part).values()))

    def brief(self, card: SchemeView) -> int:
        said = [card.official or "", card.why or "", card.what, card.deadline, card.where or ""]
        if card.confirm or card.unsure:
            said.append(self._confirm)
        return _BRIEF + self._labels // 3 + _bytes(card.title, card.title, *said)

    def full(self, card: SchemeView) -> int:
        place = (words for fact in (card.place.facts[:1] if card.place else ()) for words in fact)
        said = (
            card.reading,
            *card.who_for,
            card.cost,
            *card.bring,
            card.say or "",
            card.url,
            *card.confirm,
            *place,
        )
        return self.brief(card) - _BRIEF + _FULL + self._labels * 2 // 3 + _bytes(*said, card.verified)

    def in_full(self, cards: Sequence[SchemeView], room: int) -> tuple[frozenset[str], int]:
        """Which of these can stand there with everything on them, the first ones first; and the room that is left."""
        room -= sum(map(self.brief, cards))
        full = set()
        for card in cards:
            more = self.full(card) - self.brief(card)
            if more <= room:
                full.add(card.id)
                room -= more
        return frozenset(full), room

    def pages(self, left: Sequence[Themed]) -> Iterator[tuple[Themed, ...]]:
        while left:
            here, left = self.fitting(left, ROOM - self.frame)
            yield here

    def fitting(self, parts: Sequence[Themed], room: int) -> tuple[tuple[Themed, ...], tuple[Themed, ...]]:
        """What of these fits, brief, and what is left."""
        here: list[Themed] = []
        for place, part in enumerate(parts):
            for at, card in enumerate(part.cards):
                room -= self.brief(card)
                if room < 0:
                    fits = (replace(part, cards=part.cards[:at]),) if at else ()
                    return (*here, *fits), (replace(part, cards=part.cards[at:]), *parts[place + 1 :])
            if part.cards:
                here.append(part)
        return tuple(here), ()


def _bytes(*words: str) -> int:
    return sum(len(each.encode()) + _READING * each.count("（") for each in words)


def _count(parts: Iterable[Themed]) -> int:
    return sum(len(part.cards) for part in parts)
