"""Dates and times as staff type them; without a zone they are Asia/Tokyo."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

import typer

from bot.cli.output import TOKYO

_DATE = r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
_MOMENT = re.compile(rf"^{_DATE}[T\s]+(\d{{1,2}})[:時](\d{{1,2}})分?(?::\d{{2}})?$")
_DAY = re.compile(rf"^{_DATE}$")
_DAY_OF_YEAR = re.compile(r"^(\d{1,2})[-/.月](\d{1,2})日?$")
_HOUR = re.compile(r"^(\d{1,2})[:時](\d{2})分?$")


def read_moment(text: str) -> dt.datetime:
    """「2026-12-01 10:00」, also 2026/12/1, full-width digits, or ISO 8601 with a zone; else a usage error."""
    plain = unicodedata.normalize("NFKC", text).strip()
    found = _MOMENT.match(plain)
    try:
        if found:
            return dt.datetime(*(int(part) for part in found.groups()), tzinfo=TOKYO)  # type: ignore[misc, arg-type]
        moment = dt.datetime.fromisoformat(plain)
    except ValueError:
        raise typer.BadParameter(f"「{text}」は日時として読めません。例: 2026-12-01 10:00") from None
    if _DAY.match(plain):
        raise typer.BadParameter(f"「{text}」には時刻がありません。例: {plain} 10:00")
    return moment if moment.tzinfo else moment.replace(tzinfo=TOKYO)


def read_begin(text: str) -> dt.datetime:
    """As read_moment; a bare day is meant from its beginning."""
    return _midnight(text) or read_moment(text)


def read_end(text: str) -> dt.datetime:
    """As read_moment; a bare day is meant to its end."""
    begins = _midnight(text)
    return begins + dt.timedelta(days=1) if begins else read_moment(text)


def _midnight(text: str) -> dt.datetime | None:
    if _DAY.match(unicodedata.normalize("NFKC", text).strip()):
        return dt.datetime.combine(read_day(text), dt.time(), TOKYO)
    return None


def read_coming_day(text: str, today: dt.date) -> dt.date:
    """As read_day; 「12/20」 and 「12月20日」 are the next such day, today included."""
    found = _DAY_OF_YEAR.match(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        return read_day(text)
    month, day = int(found[1]), int(found[2])
    for year in range(today.year, today.year + 9):  # 2/29 comes every four years, and once after eight
        try:
            meant = dt.date(year, month, day)
        except ValueError:
            continue
        if meant >= today:
            return meant
    raise typer.BadParameter(f"「{text}」という日はありません。")


def read_day(text: str) -> dt.date:
    """「2026-12-06」, also 2026/12/6 and 2026年12月6日; else a usage error."""
    found = _DAY.match(unicodedata.normalize("NFKC", text).strip())
    try:
        if found:
            return dt.date(*(int(part) for part in found.groups()))
    except ValueError:
        raise typer.BadParameter(f"「{text}」という日はありません。") from None
    raise typer.BadParameter(f"「{text}」は日付として読めません。例: 2026-12-06")


def read_hour(text: str) -> str:
    """「13:30」 as it is stored; else a usage error."""
    found = _HOUR.match(unicodedata.normalize("NFKC", text).strip())
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise typer.BadParameter(f"「{text}」は時刻として読めません。例: 13:30")
    return f"{int(found[1]):02d}:{found[2]}"


def read_month(text: str) -> tuple[dt.datetime, dt.datetime]:
    """「2026-12」: its first moment and the next month's; else a usage error."""
    found = re.match(r"^(\d{4})[-/.年](\d{1,2})月?$", unicodedata.normalize("NFKC", text).strip())
    if not found or not 1 <= int(found[2]) <= 12:
        raise typer.BadParameter(f"「{text}」は年月として読めません。例: 2026-12")
    year, month = int(found[1]), int(found[2])
    begin = dt.datetime(year, month, 1, tzinfo=TOKYO)
    return begin, dt.datetime(year + month // 12, month % 12 + 1, 1, tzinfo=TOKYO)
