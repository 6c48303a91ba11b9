"""When a broadcast comes again, as staff type it: --repeat "毎月 第2火曜" --at 10:00 --holiday 次の平日."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Sequence

import typer

from bot.cli import output
from bot.cli.moments import read_coming_day, read_hour
from bot.cli.output import Refused
from bot.recurrence import (
    LAST,
    BadRule,
    Dates,
    EveryDays,
    EveryWeeks,
    MonthDays,
    MonthWeekdays,
    OnHoliday,
    Pattern,
    Rule,
    next_due,
)

WEEKDAYS = "月火水木金土日"
HOLIDAY: dict[OnHoliday, str] = {
    "send": "送る",
    "skip": "送らない",
    "before": "前の平日",
    "after": "次の平日",
}
EXAMPLES = (
    *(
        "毎日",
        "3日ごと",
        "毎週 火・木",
        "2週ごと 月",
        "毎月 1日・15日",
        "毎月 第2火曜",
        "毎月 最終金曜",
        "月末",
    ),
    "12/1,12/24,1/7",
)
_LIMITS = {
    "every": "間隔は1から366までです。",
    "days": "日は1日から31日までです。",
    "weeks": "第1から第5までです（最後は「最終」）。",
}
_LONGEST = 400  # days between the two ends of an exclusion

_W = rf"[{WEEKDAYS}](?:曜日(?!曜)|曜)?"
_WS = rf"(?P<weekdays>平日|{_W}[〜~]{_W}|{_W}(?:・?{_W})*)"
_NTH = r"(?:第?[0-9]+週?|最終|最後の?)"
_DAY_OR_END = r"(?:[0-9]+日?|月末|末日|末)"
_WEEKLY = re.compile(rf"(?:毎週|(?P<every>[0-9]+)週間?(?:ごと|毎)|(?P<second>隔週))・?の?{_WS}")
_DAILY = re.compile(r"(?:(?P<every>[0-9]+)日(?:ごと|毎)|毎日|(?P<second>隔日))")
_MONTHLY = re.compile(rf"(?:毎月)・?の?(?P<days>{_DAY_OR_END}(?:・{_DAY_OR_END})*)")
_NTHS = re.compile(rf"(?:毎月)?・?の?(?P<weeks>{_NTH}(?:・{_NTH})*)・?の?{_WS}")
_BARE = re.compile(rf"{_WS}")
_BARE_DAYS = re.compile(rf"{_DAY_OR_END}(?:・{_DAY_OR_END})*")
_SKIPPING = re.compile(r"(?P<number>[0-9]+)(?P<unit>日|週間?)おき(?P<rest>.*)")
_DATE = re.compile(r"(?:[0-9]{4}[-/.年])?[0-9]{1,2}[-/.月][0-9]{1,2}日?")
_KANJI = {"一": "1", "二": "2", "三": "3", "四": "4", "五": "5"}


def read_rule(
    repeat: str,
    at: str,
    now: dt.datetime,
    *,
    begin: str | None = None,
    until: str | None = None,
    without: Sequence[str] = (),
    holiday: str = "send",
) -> Rule:
    """The whole rule; `now` is Tokyo time. Without a first day it begins as soon as the time of day comes again."""
    clock = dt.time.fromisoformat(_only_a_time(at))
    tomorrow = now.date() + dt.timedelta(days=1)
    first = read_coming_day(begin, now.date()) if begin else tomorrow if clock <= now.time() else now.date()
    last = read_coming_day(until, first) if until else None
    days, weekdays = read_exclusions(without, first)
    try:
        rule = Rule(clock, read_repeat(repeat, first), first, last, days, weekdays, _read_holiday(holiday))
    except BadRule as wrong:
        raise typer.BadParameter(_LIMITS.get(wrong.field) or _period(wrong, first, last)) from None
    if next_due(rule, now) is None:
        raise Refused(
            f"この決まり（{in_words(rule)}）では、送る日が1日もありません。",
            "--from --until --except を確かめてください。",
        )
    return rule


def read_repeat(text: str, first: dt.date) -> Pattern:
    """「毎週 火・木」「2週ごと 月」「毎月 第2火曜」「月末」「12/1,12/24」…; days without a year come after `first`."""
    plain = _plain(text)
    try:
        found = _read(plain, first)
    except BadRule as wrong:
        raise typer.BadParameter(f"「{text}」は使えません。{_LIMITS.get(wrong.field, str(wrong))}") from None
    if found is None:
        raise typer.BadParameter(
            f"「{text}」はくり返しとして読めません。「{_nearest(plain)}」のことですか？"
            f" 書き方の例: {'、'.join(f'「{each}」' for each in EXAMPLES)}"
        )
    return found


def _read(plain: str, first: dt.date) -> Pattern | None:
    if found := _DAILY.fullmatch(plain):
        return EveryDays(_every(found))
    if found := _WEEKLY.fullmatch(plain):
        return EveryWeeks(_weekdays(found["weekdays"]), _every(found))
    if plain in ("月末", "毎月末", "末日"):
        return MonthDays(frozenset({LAST}))
    if found := _MONTHLY.fullmatch(plain):
        return MonthDays(
            frozenset(LAST if "末" in day else _number(day) for day in found["days"].split("・"))
        )
    if (found := _NTHS.fullmatch(plain)) and ("第" in plain or "最" in plain):
        weeks = frozenset(LAST if "最" in week else _number(week) for week in found["weeks"].split("・"))
        return MonthWeekdays(weeks, _weekdays(found["weekdays"]))
    parts = plain.split("・")
    if all(_DATE.fullmatch(part) for part in parts):
        dates = frozenset(read_coming_day(part, first) for part in parts)
        if min(dates) < first:
            raise Refused(f"{output.day(min(dates))} は、{output.day(first)}（始まり）より前です。")
        return Dates(dates)
    return None


def _nearest(plain: str) -> str:
    """What was probably meant, as it is written right."""
    if found := _SKIPPING.fullmatch(plain):
        number = int(found["number"]) + (found["unit"] == "日")  # 1日おき comes every second day
        return f"{number}{found['unit'][0]}ごと {found['rest'].strip('・')}".strip()
    if plain == "毎月":
        return "毎月 1日・15日"
    if found := re.fullmatch(rf"毎月・?の?(?P<weekday>{_W}).*", plain):
        return f"毎月 第2{found['weekday']}"
    if "年" in plain:
        return EXAMPLES[-1]
    if _BARE.fullmatch(plain.removeprefix("毎")):
        return f"毎週 {plain.removeprefix('毎')}"
    if _BARE_DAYS.fullmatch(plain):
        return f"毎月 {plain}"
    return output.nearest(plain, EXAMPLES) or ("毎月 第2火曜" if "月" in plain else "毎週 火・木")


def read_exclusions(given: Iterable[str], first: dt.date) -> tuple[frozenset[dt.date], frozenset[int]]:
    """「12/24」「12/29〜1/3」「日曜」「土日」, several in one or in several options: days and weekdays."""
    days: set[dt.date] = set()
    weekdays: set[int] = set()
    for part in (part for text in given for part in _plain(text).split("・") if part):
        begin, there, end = re.sub("から|~", "〜", part).partition("〜")
        if part.startswith("祝"):
            raise typer.BadParameter("祝日は --except ではなく --holiday で決めます。例: --holiday 送らない")
        if _BARE.fullmatch(part):
            weekdays |= _weekdays(part)
        elif _DATE.fullmatch(begin) and (not there or _DATE.fullmatch(end.removesuffix("まで"))):
            from_ = read_coming_day(begin, first)
            to = read_coming_day(end.removesuffix("まで"), from_) if there else from_
            if not from_ <= to <= from_ + dt.timedelta(days=_LONGEST):
                raise typer.BadParameter(f"「{part}」: 終わりが始まりより前か、{_LONGEST}日より長いです。")
            days |= {from_ + dt.timedelta(days=n) for n in range((to - from_).days + 1)}
        else:
            raise typer.BadParameter(
                f"「{part}」はのぞく日として読めません。例: --except 12/24 --except 12/29〜1/3 --except 土日"
            )
    return frozenset(days), frozenset(weekdays)


def briefly(rule: Rule) -> str:
    """As a member of staff says it: 毎月 第2火曜 10:00、祝日は次の平日."""
    on_holiday = "" if rule.on_holiday == "send" else "、祝日は" + HOLIDAY[rule.on_holiday]
    return f"{pattern_in_words(rule.pattern)} {rule.at:%H:%M}{on_holiday}"


def in_words(rule: Rule) -> str:
    """The same with its beginning, its end and what it leaves out."""
    parts = [briefly(rule)]
    if not isinstance(rule.pattern, Dates):
        parts.append(f"{output.day(rule.first)}から" + (f"{output.day(rule.last)}まで" if rule.last else ""))
    left_out = [f"{WEEKDAYS[each]}曜" for each in sorted(rule.except_weekdays)]
    left_out += _some(_stretches(rule.except_days))
    if left_out:
        parts.append("・".join(left_out) + "をのぞく")
    return "、".join(parts)


def pattern_in_words(pattern: Pattern) -> str:
    """The same without the time; `read_repeat` reads it again, but for a long list of days."""
    match pattern:
        case EveryDays(every):
            return "毎日" if every == 1 else f"{every}日ごと"
        case EveryWeeks(weekdays, every):
            return f"{'毎週' if every == 1 else f'{every}週ごと'} {_said(weekdays)}"
        case MonthDays(days):
            named = [f"{day}日" for day in sorted(days - {LAST})] + ["月末"] * (LAST in days)
            return "月末" if named == ["月末"] else f"毎月 {'・'.join(named)}"
        case MonthWeekdays(weeks, weekdays):
            named = [f"第{week}" for week in sorted(weeks - {LAST})] + ["最終"] * (LAST in weeks)
            return f"毎月 {'・'.join(named)}{_said(weekdays)}曜"
        case Dates(dates):
            return "・".join(_some([output.day(day) for day in sorted(dates)]))


def _some(named: list[str]) -> list[str]:
    most = 6
    return named if len(named) <= most else [*named[:most], f"ほか{len(named) - most}件"]


def _stretches(days: Iterable[dt.date]) -> list[str]:
    """Day by day, but from three days in a row on as 12/29〜1/3."""
    rows: list[list[dt.date]] = []
    for day in sorted(days):
        if rows and day == rows[-1][-1] + dt.timedelta(days=1):
            rows[-1].append(day)
        else:
            rows.append([day])
    return [
        name
        for row in rows
        for name in (
            [f"{output.day(row[0])}〜{output.day(row[-1])}"] if len(row) > 2 else map(output.day, row)
        )
    ]


def _said(weekdays: frozenset[int]) -> str:
    return "・".join(WEEKDAYS[weekday] for weekday in sorted(weekdays))


def _plain(text: str) -> str:
    """Full-width digits and every sort of separator as one."""
    plain = re.sub(
        rf"\([{WEEKDAYS}]\)", "", unicodedata.normalize("NFKC", text)
    )  # as our own lists write a day
    plain = re.sub(r"(?:[\s,、・]|(?<!ご)と)+", "・", plain).strip("・")
    return re.sub("第([一二三四五])", lambda found: "第" + _KANJI[found[1]], plain)


def _every(found: re.Match[str]) -> int:
    return 2 if found["second"] else int(found["every"] or 1)


def _number(words: str) -> int:
    return int(re.sub(r"\D", "", words))


def _weekdays(words: str) -> frozenset[int]:
    if words == "平日":
        return frozenset(range(5))
    found = [WEEKDAYS.index(token[0]) for token in re.findall(_W, words)]
    if "〜" in words or "~" in words:
        begin, end = found
        return frozenset((begin + n) % 7 for n in range((end - begin) % 7 + 1))
    return frozenset(found)


def _only_a_time(at: str) -> str:
    try:
        return read_hour(at)
    except typer.BadParameter:
        raise typer.BadParameter(
            f"くり返すときの --at は時刻だけです（いま「{at}」）。例: --at 10:00（始まりの日は --from）"
        ) from None


def _read_holiday(word: str) -> OnHoliday:
    key = output.one_of("祝日の決まり", word, {str(each): name for each, name in HOLIDAY.items()})
    return next(each for each in HOLIDAY if each == key)


def _period(wrong: BadRule, first: dt.date, last: dt.date | None) -> str:
    if wrong.field == "until" and last and last < first:
        return f"終わり（{output.day(last)}）が、始まり（{output.day(first)}）より前です。"
    return "10年より先の日は使えません。"
