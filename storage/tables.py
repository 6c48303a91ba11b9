"""Every table of the house: importing this makes `metadata` complete."""

from __future__ import annotations

from storage import (
    attempts,
    audit,
    broadcasts,
    concerns,
    conversations,
    courses,
    dangers,
    database,
    events,
    guard,
    instance,
    links,
    menus,
    outbox,
    people,
    switches,
)
from storage.schema import metadata

__all__ = [
    "attempts",
    "audit",
    "broadcasts",
    "concerns",
    "conversations",
    "courses",
    "dangers",
    "database",
    "events",
    "guard",
    "instance",
    "links",
    "menus",
    "metadata",
    "outbox",
    "people",
    "switches",
]
