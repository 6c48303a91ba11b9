"""Dates and times as staff type them; without a zone they are Asia/Tokyo. What is not clear is not guessed: the refusal
names what was probably meant."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

import typer

from bot.cli.output import TOKYO

_WEEKDAYS = "月火水木金土日"
_ERAS = {
    "令和": 2018,
    "R": 2018,
    "平成": 1988,
    "H": 1988,
    "昭和": 1925,
    "S": 1925,
}  # the year before its first
_YEAR = rf"(?:(?P<year>\d{{4}})|(?P<era>{'|'.join(_ERAS)})\s?(?P<of>元|\d{{1,2}}))"
_MONTH_DAY = r"(?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?"
_WEEKDAY = rf"(?:\s?\((?P<weekday>[{_WEEKDAYS}])\))?"  # as our own tables have it, so that it can be copied
_DATE = rf"{_YEAR}[-/.年]{_MONTH_DAY}{_WEEKDAY}"
_TIME = (
    r"(?P<half>午前|午後)?\s?(?P<hour>\d{1,2})"
    r"(?::(?P<minute>\d{1,2})(?::\d{2})?|時(?:(?P<minutes>\d{1,2})分?|(?P<at_half>半))?)"
)
_MOMENT = re.compile(rf"{_DATE}(?:[T\s]+|(?<=[日)])){_TIME}")
_DAY = re.compile(_DATE)
_DAY_OF_YEAR = re.compile(_MONTH_DAY + _WEEKDAY)
_HOUR = re.compile(_TIME)
_SOON = {"今日": 0, "本日": 0, "明日": 1, "あした": 1, "あす": 1, "明後日": 2, "あさって": 2}
_NEARLY = re.compile(rf"(?:(?P<soon>{'|'.join(_SOON)})|{_MONTH_DAY}{_WEEKDAY})(?:の|から)?\s*(?P<rest>.*)")


def read_moment(text: str) -> dt.datetime:
    """「2026-12-01 10:00」, also 2026/12/1, 令和8年12月1日 午前10時, full-width digits, or ISO 8601 with a zone; else a
    usage error."""
    plain = _plain(text)
    if found := _MOMENT.fullmatch(plain):
        return dt.datetime.combine(_day_of(found), _time_of(found), TOKYO)
    if found := _DAY.fullmatch(plain):
        raise typer.BadParameter(f"「{text}」には時刻がありません。例: {_day_of(found)} 10:00")
    if _HOUR.fullmatch(plain):
        raise typer.BadParameter(f"「{text}」には日付がありません。例: {_from_today(1)} {read_hour(plain)}")
    try:
        moment = dt.datetime.fromisoformat(plain)
    except ValueError:
        raise typer.BadParameter(f"「{text}」は日時として読めません。{_meant_moment(plain)}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=TOKYO)


def read_begin(text: str) -> dt.datetime:
    """As read_moment; a bare day is meant from its beginning."""
    return _midnight(text) or read_moment(text)


def read_end(text: str) -> dt.datetime:
    """As read_moment; a bare day is meant to its end."""
    begins = _midnight(text)
    return begins + dt.timedelta(days=1) if begins else read_moment(text)


def _midnight(text: str) -> dt.datetime | None:
    if _DAY.fullmatch(_plain(text)):
        return dt.datetime.combine(read_day(text), dt.time(), TOKYO)
    return None


def read_coming_day(text: str, today: dt.date) -> dt.date:
    """As read_day; 「12/20」 and 「12月20日」 are the next such day, today included."""
    found = _DAY_OF_YEAR.fullmatch(_plain(text))
    if found is None:
        return read_day(text)
    month, day = int(found["month"]), int(found["day"])
    for year in range(today.year, today.year + 9):  # 2/29 comes every four years, and once after eight
        try:
            meant = dt.date(year, month, day)
        except ValueError:
            continue
        if meant >= today:
            return _on_its_weekday(meant, found["weekday"])
    raise typer.BadParameter(f"「{text}」という日はありません。")


def read_day(text: str) -> dt.date:
    """「2026-12-06」, also 2026/12/6, 2026年12月6日 and 令和8年12月6日; else a usage error."""
    plain = _plain(text)
    if found := _DAY.fullmatch(plain):
        return _day_of(found)
    raise typer.BadParameter(f"「{text}」は日付として読めません。{_meant_day(plain)}")


def read_hour(text: str) -> str:
    """「13:30」 as it is stored, also 午後1時半; else a usage error."""
    found = _HOUR.fullmatch(_plain(text))
    if not found:
        raise typer.BadParameter(f"「{text}」は時刻として読めません。例: 13:30")
    return f"{_time_of(found):%H:%M}"


def read_month(text: str) -> tuple[dt.datetime, dt.datetime]:
    """「2026-12」, also 令和8年12月: its first moment and the next month's; else a usage error."""
    found = re.fullmatch(rf"{_YEAR}[-/.年](?P<month>\d{{1,2}})月?", _plain(text))
    if not found or not 1 <= int(found["month"]) <= 12:
        raise typer.BadParameter(f"「{text}」は年月として読めません。例: {_from_today(0):%Y-%m}")
    year, month = _year_of(found), int(found["month"])
    begin = dt.datetime(year, month, 1, tzinfo=TOKYO)
    return begin, dt.datetime(year + month // 12, month % 12 + 1, 1, tzinfo=TOKYO)


# ---- parts of it -------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def _year_of(found: re.Match[str]) -> int:
    if found["year"]:
        return int(found["year"])
    return _ERAS[found["era"]] + (1 if found["of"] == "元" else int(found["of"]))


def _day_of(found: re.Match[str]) -> dt.date:
    year, month, day = _year_of(found), int(found["month"]), int(found["day"])
    try:
        meant = dt.date(year, month, day)
    except ValueError:
        raise typer.BadParameter(f"{year}年{month}月{day}日という日はありません。") from None
    return _on_its_weekday(meant, found["weekday"])


def _on_its_weekday(meant: dt.date, weekday: str | None) -> dt.date:
    right = _WEEKDAYS[meant.weekday()]
    if weekday and weekday != right:
        raise typer.BadParameter(
            f"{meant} は{right}曜日です（{weekday}曜日ではありません）。日付を確かめてください。"
        )
    return meant


def _time_of(found: re.Match[str]) -> dt.time:
    hour, minute = int(found["hour"]), int(found["minute"] or found["minutes"] or 0)
    if found["at_half"]:
        minute = 30
    most = 11 if found["half"] else 23
    if hour > most or minute > 59:
        part = found["half"] or ""
        raise typer.BadParameter(
            f"{part}{hour}:{minute:02d} という時刻はありません（{part}0:00〜{part}{most}:59）。"
        )
    return dt.time(hour + (12 if found["half"] == "午後" else 0), minute)


# ---- what was probably meant -------------------------------------------------------------------------------


def _from_today(days: int) -> dt.date:
    return dt.datetime.now(TOKYO).date() + dt.timedelta(days=days)


def _nearly(plain: str) -> tuple[dt.date, str] | None:
    """The day of 「明日10時」 or 「12/1 10時」, and what stands behind it."""
    found = _NEARLY.fullmatch(plain)
    if found is None:
        return None
    if found["soon"]:
        return _from_today(_SOON[found["soon"]]), found["rest"]
    return read_coming_day(f"{found['month']}/{found['day']}", _from_today(0)), found["rest"]


def _meant_moment(plain: str) -> str:
    near = _nearly(plain)
    if near is None:
        return f"例: {_from_today(1)} 10:00"
    on, rest = near
    return f"「{on} {read_hour(rest)}」のことですか？" if _HOUR.fullmatch(rest) else f"例: {on} 10:00"


def _meant_day(plain: str) -> str:
    near = _nearly(plain)
    return f"「{near[0]}」のことですか？" if near and not near[1] else f"例: {_from_today(1)}"
