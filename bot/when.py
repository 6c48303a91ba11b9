"""Moments as people say them: 12月7日（月）8時30分. Always Tokyo time. Pure."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from bot.content.texts import Texts

TOKYO = ZoneInfo("Asia/Tokyo")
WEEKDAYS = "月火水木金土日"


def day_said(texts: Texts, moment: dt.datetime) -> str:
    """「12月7日（月）」."""
    here = moment.astimezone(TOKYO)
    return texts.get("card.day", month=str(here.month), day=str(here.day), weekday=weekday_said(texts, here))


def weekday_said(texts: Texts, day: dt.date) -> str:
    """「月」, or what the language of the texts calls it."""
    return texts.get("card.weekdays").split("、")[day.weekday()]


def moment_said(texts: Texts, moment: dt.datetime) -> str:
    """「12月7日（月）8時30分」, and 「12月7日（月）9時」 at the full hour."""
    here = moment.astimezone(TOKYO)
    minutes = f"{here.minute}分" if here.minute else ""
    return f"{day_said(texts, here)}{here.hour}時{minutes}"
