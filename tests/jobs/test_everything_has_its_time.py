"""Every retention of the register is executed on its day, neither before nor after; and every one is executed by what
the register says."""

from __future__ import annotations

import datetime as dt
import inspect
from typing import Any

import pytest
from filled import a_row, a_row_everywhere
from rooms import Rooms
from sqlalchemy import select
from surroundings import Clock

from jobs import nightly, programme
from storage import tables
from storage.data_register import Column, Kept, the_register
from storage.tables import metadata
from storage.work import Database

TIMED = [column for column in the_register() if column.kept.days is not None]


def value_of(db: Database, row: dict[str, Any], column: Column) -> Any:
    """What stands there now; None also where the row is gone."""
    table = metadata.tables[column.table]
    with db.look() as work:
        same = [key == row[key.name] for key in table.primary_key.columns]
        return work.conn.execute(select(table.c[column.name]).where(*same)).scalar()


def test_on_its_day_everything_goes_and_nothing_goes_before(
    rooms: Rooms, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nightly, "_sweep", lambda _db: None)  # has its own tests, and takes its time
    with rooms.db.work() as work:
        made = a_row_everywhere(work)
        stranger = a_row(work, tables.people.people, made, friend=False)  # the other one reported something
    made["people"] = stranger
    begin = clock.now
    filled = [column for column in TIMED if made[column.table][column.name] is not None]
    assert {column.table for column in filled} == {column.table for column in TIMED}
    due = sorted({column.kept.days or 0 for column in TIMED})
    for after in sorted({day for days in due for day in (days - 1, days + 2) if day >= 0}):
        clock.now = begin + dt.timedelta(days=after)
        nightly.purge(rooms)  # type: ignore[arg-type]
        programme.night(rooms)
        for column in filled:
            assert column.kept.days is not None
            there = value_of(rooms.db, made[column.table], column) is not None
            if after < column.kept.days:
                assert there, f"{column.table}.{column.name} went before {column.kept.days} days: {after}"
            elif after > column.kept.days:
                assert not there, f"{column.table}.{column.name} is overdue after {after} days"
    for column in the_register():  # what has no time is still there, but for whose it was
        stays = column.kept.by == "stays" and column.table in metadata.tables
        if stays and made[column.table][column.name] is not None:
            assert value_of(rooms.db, made[column.table], column) is not None, f"{column.table}.{column.name}"


@pytest.mark.parametrize("kept", tuple(the_register().kept.values()), ids=lambda kept: str(kept.key))
def test_what_executes_a_retention_is_there(kept: Kept) -> None:
    where, _, name = kept.by.partition(" ")
    source = inspect.getsource(nightly.purge) + repr(list(nightly.FORGET))
    match where:
        case "night":
            assert f'"{name}"' in source.replace("'", '"')
        case "programme":
            assert f'("{name}"' in inspect.getsource(programme.night)
        case _:
            assert where in ("parent", "erased", "done", "overwritten", "stays")
            assert kept.days is None
