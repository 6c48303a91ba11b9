"""Invented towns and desks, for tests of who gets what."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from bot.content.hours import WeeklyHours, parse_hours
from bot.content.places import District, Town, Window

TOKYO = ZoneInfo("Asia/Tokyo")
TODAY = dt.date(2026, 12, 1)  # a Tuesday
BY_DAY = dt.datetime(2026, 12, 1, 10, 0, tzinfo=TOKYO)
AT_NIGHT = dt.datetime(2026, 12, 5, 21, 0, tzinfo=TOKYO)  # a Saturday
MONDAY = dt.datetime(2026, 12, 7, 8, 30, tzinfo=TOKYO)

OFFICE: WeeklyHours = parse_hours(
    {
        "spans": [{"days": "weekdays", "from": "08:30", "to": "17:15"}],
        "closed_on_holidays": True,
        "closed_year_end": True,
    }
)
ALWAYS: WeeklyHours = parse_hours({"always": True})


def desk(key: str, serves: str = "mori", kinds: str = "", **more: Any) -> Window:
    """A desk of 森町 that is open as offices are; towns and kinds are separated by spaces."""
    given: dict[str, Any] = {
        "name": f"{key}係",
        "owner": "森町",
        "serves": tuple(serves.split()),
        "kinds": () if kinds == "all" else tuple(kinds.split()),
        "all_kinds": kinds == "all",
        "phone": None,
        "fax": None,
        "address": None,
        "hours": OFFICE,
        "hours_text": "",
        "after_hours": "119 か 110 に電話してください。",
        "note": "",
        "recipients": (f"{key}@mori.example.jp",),
        "verified_at": dt.date(2026, 11, 1),
        "source": "広報",
        "fallback": False,
    }
    return Window(key=key, **given | more)


def general(serves: str = "mori", **more: Any) -> Window:
    """The desk that takes what no other takes."""
    return desk("general", serves, **{"fallback": True} | more)


def town(key: str) -> Town:
    return Town(key, key, key, "森県", None, "0857-73-1411", (District("whole", "町全体"),), ())
