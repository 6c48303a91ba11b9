"""How many people would read which words: the preview asks before what `freezing.freeze` writes down at the start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, select

from storage import recipients
from storage.freezing import JAPANESE, Axis, Variant
from storage.people import people
from storage.segments import Segment
from storage.work import Work


def counted(
    work: Work, channel: str, segment: Segment, axes: frozenset[Axis]
) -> tuple[tuple[Variant, int], ...]:
    """Each variant with the number of people who would get it now, the largest first; of topics nothing is said."""
    known: Mapping[Axis, ColumnElement[Any]] = {
        "language": func.coalesce(people.c.language, JAPANESE),
        "town": people.c.town,
        "district": people.c.district,
    }
    asked = [axis for axis in known if axis in axes]
    columns = [known[axis].label(f"variant_{axis}") for axis in asked]
    who = recipients.recipients(channel, segment, work.now)
    query = select(*columns, func.count().label("people")).select_from(people).where(who)
    found = [
        (Variant(**dict(zip(asked, row[:-1], strict=True))), int(row.people))
        for row in work.conn.execute(query.group_by(*columns))
    ]
    return tuple(sorted(found, key=lambda each: (-each[1], str(each[0]))))
