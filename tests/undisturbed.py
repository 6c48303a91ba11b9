"""Why somebody must not be disturbed now with what they did not ask for at this moment."""

from __future__ import annotations

import datetime as dt

from storage import concerns, people
from storage.work import Work

REASONS = ("blocked", "paused", "danger", "waits")


def leave_in_peace(work: Work, person_id: str, why: str) -> None:
    """From now on there is this one of the `REASONS`: a block, a rest, words of danger today, a concern that waits."""
    match why:
        case "blocked":
            people.set_friend(work, person_id, False, int(work.now.timestamp() * 1000) + 1)
        case "paused":
            people.set_paused(work, person_id, True)
        case "danger":
            people.hold_broadcasts(work, person_id, work.now + dt.timedelta(days=1))
        case "waits":
            concerns.open_concern(
                work, "default", person_id=person_id, town="tottori", district=None, kind="safety",
                level=2, since="days", subject_knows="unaware", window="desk", route_reason="general",
            )  # fmt: skip
        case other:
            raise ValueError(other)
