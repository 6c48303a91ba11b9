"""The night erases the words of concerns by the policy of content/outcomes.yaml, and audit rows long after that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rooms import Rooms
from surroundings import Clock

from jobs import nightly
from storage import audit, concerns
from storage.concerns import Concern
from storage.work import Database


def closed(db: Database, outcome: str) -> Concern:
    values: dict[str, Any] = {"town": "iwami", "district": None, "kind": "poverty", "level": 2}
    values |= {"since": "today", "subject_knows": "unknown", "window": "desk", "route_reason": "own"}
    with db.work() as work:
        made = concerns.open_concern(work, "default", person_id=None, **values)
        concerns.add_details(work, made, {"who": "角の家の山本さん"})
        return concerns.close(work, made, outcome)


def words(db: Database, concern: Concern) -> dict[str, str]:
    with db.look() as work:
        return dict(concerns.details(work, concern))


def test_the_night_erases_what_has_been_closed_for_long_enough(rooms: Rooms, clock: Clock) -> None:
    mistaken, helped = closed(rooms.db, "mistaken"), closed(rooms.db, "connected")
    clock.move(days=31)
    assert nightly.purge(rooms)["concerns"] == 1  # type: ignore[arg-type]
    assert words(rooms.db, mistaken) == {}
    assert words(rooms.db, helped) != {}
    assert nightly.purge(rooms)["concerns"] == 0  # type: ignore[arg-type]


def test_a_town_that_decides_otherwise_is_followed_from_the_next_night_on(rooms: Rooms, clock: Clock) -> None:
    helped = closed(rooms.db, "connected")
    clock.move(days=100)
    assert nightly.purge(rooms)["concerns"] == 0  # type: ignore[arg-type]
    sooner = replace(rooms.content.outcomes["connected"], retention_days=90)
    rooms.content = replace(rooms.content, outcomes={**rooms.content.outcomes, "connected": sooner})
    assert nightly.purge(rooms)["concerns"] == 1  # type: ignore[arg-type]
    assert words(rooms.db, helped) == {}


def test_a_hundred_and_more_go_in_one_night(rooms: Rooms, clock: Clock) -> None:
    for _ in range(nightly.AT_ONCE * 2 + 1):
        closed(rooms.db, "mistaken")
    clock.move(days=31)
    assert nightly.purge(rooms)["concerns"] == nightly.AT_ONCE * 2 + 1  # type: ignore[arg-type]
    with rooms.db.look() as work:
        assert len(audit.listed(work, kind="concern")) == nightly.AT_ONCE * 2 + 1
        assert audit.verify(work, "default") is None


def test_the_trace_is_kept_for_years_and_goes_then_without_breaking_the_chain(
    rooms: Rooms, clock: Clock
) -> None:
    with rooms.db.work() as work:
        audit.note(work, "staff:1", "read", "concern", "c1", "default")
    clock.move(days=rooms.content.audit_retention_days)
    assert nightly.purge(rooms)["audit"] == 0  # type: ignore[arg-type]
    with rooms.db.work() as work:
        audit.note(work, "staff:2", "read", "concern", "c1", "default")
    clock.move(days=1)
    assert nightly.purge(rooms)["audit"] == 1  # type: ignore[arg-type]
    with rooms.db.look() as work:
        assert [each.actor for each in audit.listed(work)] == ["staff:2"]
        assert audit.verify(work, "default") is None
