"""The table of concerns, the steps that one may take, and what a row of it is. storage/concerns.py has the verbs."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    false,
)

from storage.schema import Moment, metadata, sealed

Source = Literal["line", "partner", "telephone"]
State = Literal["sent", "accepted", "in_touch", "closed"]
# sent: nobody took it yet · accepted: the desk has it in hand · in_touch: with the person it is about
PERMITTED: Mapping[State, frozenset[State]] = {
    "sent": frozenset({"sent", "accepted", "closed"}),  # to itself: another desk, nothing else changes
    "accepted": frozenset({"accepted", "sent", "in_touch", "closed"}),  # back to sent: its desk was given up
    "in_touch": frozenset({"sent", "accepted", "closed"}),  # back to accepted: another desk took it over
    "closed": frozenset({"accepted"}),  # opened again
}
OPEN: tuple[State, ...] = ("sent", "accepted", "in_touch")
MERGED = "merged"  # the outcome of a concern that goes on under another number

concerns = Table(
    "concerns",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("number", String(16), nullable=False, unique=True),
    Column("once", String(64)),
    Column("person_id", ForeignKey("people.id", ondelete="SET NULL")),
    Column("source", String(16), nullable=False, server_default="line"),
    Column("partner_id", String(32)),
    Column("town", String(32), nullable=False),
    Column("district", String(32)),
    Column("kind", String(32), nullable=False),
    Column("level", Integer, nullable=False),
    Column("since", String(32), nullable=False),
    Column("subject_knows", String(32), nullable=False),
    Column("window", String(64), nullable=False),  # in charge now
    Column("routed_to", String(64)),  # where it went first; never changed
    Column("route_reason", String(300), nullable=False),
    Column("route", Text),  # how that was decided, frozen, as JSON without any word of the case
    Column("doubted", Boolean, nullable=False, server_default=false()),
    Column("many", Boolean, nullable=False, server_default=false()),
    Column("danger", Boolean, nullable=False, server_default=false()),
    Column("state", String(8), nullable=False),
    Column("assignee_id", String(32)),
    Column("merged_into", String(32)),
    sealed("details"),
    Column("details_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("read_at", Moment),
    Column("accepted_at", Moment),
    Column("contacted_at", Moment),
    Column("closed_at", Moment),
    Column("outcome", String(32)),
    Column("accept_due", Moment),
    Column("contact_due", Moment),
    Column("close_due", Moment),
    Column("follow_up_at", Moment),
    Column("follow_up", String(16)),
    Column("held_at", Moment),
    Column("news_at", Moment),
    CheckConstraint("level BETWEEN 0 AND 4", name="level"),
    Index(None, "channel", "state", "created_at"),
    Index(None, "person_id", "created_at"),
    Index(None, "window", "state"),
    Index(None, "state", "created_at"),
    Index(None, "created_at"),
    Index("uq_concerns_once", "once", unique=True),
)


@dataclass(frozen=True)
class Concern:
    """One report. Its words are not in here: `details()` opens them, and that reading is to be audited."""

    id: str
    channel: str
    number: str
    person_id: str | None
    source: Source
    partner_id: str | None
    town: str
    district: str | None
    kind: str
    level: int
    since: str
    subject_knows: str
    window: str
    routed_to: str
    route_reason: str
    route: Mapping[str, Any]
    doubted: bool  # the reporter thinks that another desk may be the right one
    many: bool  # one of very many from one account
    danger: bool  # words of danger were found in the details
    state: State
    assignee_id: str | None
    merged_into: str | None
    details_at: dt.datetime | None
    created_at: dt.datetime
    read_at: dt.datetime | None
    accepted_at: dt.datetime | None
    contacted_at: dt.datetime | None
    closed_at: dt.datetime | None
    outcome: str | None
    accept_due: dt.datetime | None
    contact_due: dt.datetime | None
    close_due: dt.datetime | None
    follow_up_at: dt.datetime | None  # when the reporter was asked how it went
    follow_up: str | None
    held_at: dt.datetime | None  # legal hold: nothing of it is purged
    news_at: dt.datetime | None  # something from the reporter that nobody at the desk has seen


COLUMNS = tuple(column for column in concerns.c if column.name not in ("details", "once"))


def read_row(row: Row[*tuple[Any, ...]]) -> Concern:
    """A row of COLUMNS as a value."""
    values = row._asdict()
    values["route"] = json.loads(values["route"]) if values["route"] else {}
    return Concern(**values)
