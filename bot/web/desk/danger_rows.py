"""One line of the list of people in danger, and who sees which: only words and flags, ready for a template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.desk import dangers as deeds
from bot.desk import wording
from storage import dangers, people, staff
from storage.dangers import Danger
from storage.staff import Staff
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services


@dataclass(frozen=True)
class DangerRow:
    """Somebody in danger, in words. Not who it is."""

    number: str
    level: int
    level_words: str
    kind: str
    about: str
    """Whether they wrote of themselves or of somebody else."""
    place: str
    who: str
    """Resident, supporter, or nobody any more."""
    first: str
    last: str
    times: int
    come: str | None
    read: str | None
    seen: str | None
    """Who looks after it since when."""
    outcome: str | None
    alarms: bool


def of_desks(services: Services, work: Work, me: Staff, open_only: bool = False) -> tuple[Danger, ...]:
    """Those that are theirs to know of: alarms first, the nearest danger on top; then what is open, then closed."""
    found = [
        one
        for one in dangers.listed(work, open_only=open_only)
        if deeds.may_know(services.content, me.windows, one)
    ]
    return tuple(sorted(found, key=lambda one: (not one.alarms, one.closed_at is not None, one.level)))


def of_number(services: Services, work: Work, me: Staff, number: str, lock: bool = False) -> Danger | None:
    """The one with this number, where it is theirs to know of."""
    found = dangers.by_number(work, number, lock=lock)
    return found if found and deeds.may_know(services.content, me.windows, found) else None


def rows(services: Services, work: Work, those: Iterable[Danger]) -> tuple[DangerRow, ...]:
    """As they are shown."""
    names = staff.names(work)
    return tuple(_row(services, work, one, names) for one in those)


def _row(services: Services, work: Work, one: Danger, names: Mapping[str, str]) -> DangerRow:
    content, now, get = services.content, services.now(), services.content.texts.get
    person = people.get(work, one.person_id) if one.person_id else None
    seen = None
    if one.seen_at is not None:
        by = wording.author(content.texts, names, one.seen_by or "")
        seen = get("desk_danger.page.seen_by", name=by, at=wording.moment(one.seen_at, now))
    return DangerRow(
        number=one.number,
        level=one.level,
        level_words=get(f"desk_danger.level.{one.level}"),
        kind=get(f"desk_danger.kind.{one.category}"),
        about=get(f"desk_danger.about.{one.code[0]}"),
        place=content.town(deeds.town_of(content, one)).name if one.town else get("desk_danger.page.no_town"),
        who=get(f"desk_danger.who.{person.role if person else 'gone'}"),
        first=wording.moment(one.at, now),
        last=wording.moment(one.last_at, now),
        times=one.times,
        come=wording.moment(one.come_at, now) if one.come_at else None,
        read=wording.moment(one.read_at, now) if one.read_at else None,
        seen=seen,
        outcome=get(f"desk_danger.outcome.{one.outcome}") if one.outcome else None,
        alarms=one.alarms,
    )
