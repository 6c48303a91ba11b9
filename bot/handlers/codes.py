"""The codes of courses and cards, as a flow may look at them: read when somebody looks, once a turn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from bot.flows.context import Enrolled, OpenCourse, ReadCode
from bot.programme import joining
from storage import joinings, supporters
from storage.courses import MAKING
from storage.work import Work

TOKYO = ZoneInfo("Asia/Tokyo")


class TypedCodes:
    """What this person's words are worth as codes. A card that they typed is kept for them while they answer."""

    def __init__(self, work: Work, channel: str, person_id: str) -> None:
        self._work, self._channel, self._person_id = work, channel, person_id
        self._read: dict[str, ReadCode | None] = {}

    @cached_property
    def suspicious(self) -> bool:
        return joining.guessing(self._work, self._channel)

    def read(self, said: str) -> ReadCode | None:
        if said not in self._read:
            self._read[said] = self._look(said)
        return self._read[said]

    def _look(self, said: str) -> ReadCode | None:
        found = joining.read(self._work, self._channel, self._person_id, said)
        if found is None:
            return None
        course = found.course
        return ReadCode(
            found.state,
            OpenCourse(course.id, course.code, course.title, course.town, course.kind in MAKING),
            found.card.id if found.card else None,
            course.valid_from.astimezone(TOKYO).date(),
        )


class EnrolledHere(Sequence[Enrolled]):
    """Who of this phone is in the register, read when somebody looks: most turns never do."""

    def __init__(self, work: Work, person_id: str) -> None:
        self._work, self._person_id = work, person_id

    @cached_property
    def _found(self) -> tuple[Enrolled, ...]:
        through = joinings.of_person(self._work, self._person_id)
        entries = [
            entry for entry in supporters.of_person(self._work, self._person_id) if entry.state != "left"
        ]
        return tuple(
            Enrolled(
                entry.id,
                (entry.registered_at or entry.created_at).astimezone(TOKYO).date(),
                tuple(each.course_id for each in through if each.supporter_id == entry.id),
            )
            for entry in entries
        )

    def __getitem__(self, index: Any) -> Any:
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)
