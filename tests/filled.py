"""One row in every table, made from the tables themselves: so that a table that is added later is in the tests, too."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, Table, insert

from storage import tables
from storage.schema import Moment, new_id
from storage.work import Work

ENDED: dict[str, dict[str, Any]] = {  # what has come to its end: from now on its retention counts
    "people": {"friend": True, "role": "resident", "partner_id": None},
    "concerns": {"state": "closed", "outcome": "connected", "held_at": None, "merged_into": None},
    "conversations": {"state": "open"},  # and nobody comes back to it
    "outbox": {"state": "accepted"},
    "broadcasts": {"status": "sent", "segment": '{"all": []}'},
    "broadcast_series": {"status": "ended", "segment": '{"all": []}'},
    "mails": {"state": "sent"},
    "course_mails": {"state": "sent"},
    "courses": {"towns": "[]", "sessions": "[]", "called_off_at": None},
    "supporters": {"state": "left", "paused_until": None},
    "staff": {"active": False},
    "notices": {"danger_id": None, "seen_at": None},
    "audit": {"actor": "staff:{staff}", "kind": "concern"},  # made last: it names the member of staff
}
LAST = ("broadcast_recipients", "audit")  # they name rows of other tables without a foreign key
WITHOUT_A_KEY = {"broadcast_id": "broadcasts", "person_id": "people"}  # of broadcast_recipients


def a_row_everywhere(work: Work, channel: str = "default") -> dict[str, dict[str, Any]]:
    """The rows that were made, by table."""
    made: dict[str, dict[str, Any]] = {}
    for table in (
        *(each for each in tables.metadata.sorted_tables if each.name not in LAST),
        *(tables.metadata.tables[name] for name in LAST),
    ):
        made[table.name] = a_row(work, table, made, channel)
    return made


def a_row(
    work: Work, table: Table, made: dict[str, dict[str, Any]], channel: str = "default", **values: Any
) -> dict[str, Any]:
    """One more row of this table; what it refers to are the rows that were made before."""
    given = {**ENDED.get(table.name, {}), **values}
    row = {column.name: given.get(column.name, _value(work, column, made, channel)) for column in table.c}
    row |= {name: given[name] for name in given if name in row}
    if table.name == "audit":
        row["actor"] = str(row["actor"]).format(staff=made["staff"]["id"])
    for column in table.c:
        if "sealed_row" in column.info:
            bound = row[column.info["sealed_row"]]
            row[column.name] = work.seal(
                f"{table.name}.{column.name}", row.get("channel", ""), table.name, column.name, bound
            )
    work.conn.execute(insert(table).values(row))
    return row


def _value(work: Work, column: Column[Any], made: dict[str, dict[str, Any]], channel: str) -> Any:
    for key in column.foreign_keys:
        target = key.column
        return made[target.table.name][target.name]
    if column.table.name == "broadcast_recipients" and column.name in WITHOUT_A_KEY:
        return made[WITHOUT_A_KEY[column.name]]["id"]
    match column.type:
        case Moment():
            return work.now
        case Date():
            return work.now.astimezone(dt.timezone(dt.timedelta(hours=9))).date()
        case Boolean():
            return False
        case BigInteger() | Integer():
            if column.name == "friend_changed_ms":
                return int(work.now.timestamp() * 1000)
            return int(new_id()[-6:], 16) if column.primary_key or column.name == "number" else 1
    if column.name == "channel":
        return channel
    if column.name in ("town", "routed_to", "window") and not column.primary_key:
        return "iwami"
    length = getattr(column.type, "length", None) or 32
    return json.dumps({}) if column.name in ("route", "ratings") else new_id()[-min(length, 32) :]
