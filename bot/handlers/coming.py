"""The courses that are coming, and those one is asked about, as a flow may look at them: read when somebody looks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from bot.content.library import Content
from bot.flows.context import AskedCourse, CourseOffer
from bot.programme import courses as seats
from bot.programme import questionnaire
from storage.people import Person
from storage.work import Work


@dataclass(frozen=True)
class _ForOne:
    work: Work
    content: Content
    person: Person
    now: dt.datetime


class Offers(_ForOne, Sequence[CourseOffer]):
    """The coming courses of this channel as this person sees them; their own town's first."""

    @cached_property
    def _found(self) -> tuple[CourseOffer, ...]:
        towns = (self.person.town,) if self.person.town else ()
        found = seats.coming(self.work, self.person.channel, towns, self.person)
        labels = seats.labels(self.content, [offer.course for offer in found])
        return tuple(self._offer(offer, label) for offer, label in zip(found, labels, strict=True))

    def _offer(self, offer: seats.Offer, label: str) -> CourseOffer:
        facts = seats.facts(self.content, offer.course, self.now.year)
        lines = (f"{name}：{value}" if "\n" not in value else f"{name}：\n{value}" for name, value in facts)
        return CourseOffer(
            offer.course.id,
            label,
            offer.course.title,
            "\n".join(lines),
            seats.room_said(self.content, offer),
            cast(Any, offer.standing),  # past ones and those that were called off are no offers
            cast(Any, offer.mine.state if offer.mine else None),
        )

    def __getitem__(self, index: Any) -> Any:
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)


class Asked(_ForOne, Sequence[AskedCourse]):
    """The courses about which this person may answer."""

    @cached_property
    def _found(self) -> tuple[AskedCourse, ...]:
        found = questionnaire.open_for(self.work, self.person.id)
        labels = seats.labels(self.content, found)
        return tuple(
            AskedCourse(each.id, label, each.title) for each, label in zip(found, labels, strict=True)
        )

    def __getitem__(self, index: Any) -> Any:
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)
