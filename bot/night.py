"""Nobody is woken: from 21:00 to 8:00 in Tokyo nothing goes out that can wait. Pure."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

TOKYO = ZoneInfo("Asia/Tokyo")
MORNING, EVENING = dt.time(8), dt.time(21)


def at_night(moment: dt.datetime) -> bool:
    """Whether it is between 21:00 and 8:00."""
    return not MORNING <= moment.astimezone(TOKYO).time() < EVENING


def not_at_night(moment: dt.datetime) -> dt.datetime:
    """This moment, or the next 8 o'clock in the morning where it is night."""
    if not at_night(moment):
        return moment
    here = moment.astimezone(TOKYO)
    day = here.date() + dt.timedelta(days=1 if here.time() >= EVENING else 0)
    return dt.datetime.combine(day, MORNING, TOKYO)
