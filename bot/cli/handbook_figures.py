"""`tsunagari handbook figures`: how the handbook is used, as tables, CSV or a picture, without anybody in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from bot.cli import output
from bot.cli.house import House, open_house
from bot.cli.moments import read_begin, read_end, read_month
from bot.cli.output import TOKYO, Refused
from bot.cli.segment import town_names
from bot.cli.supporter_house import Json, Town, save, suffix_of, town_of
from bot.content.texts import Texts
from bot.csv_file import csv_file
from bot.handbook import figures as handbook_figures
from bot.handbook import use as handbook_use
from bot.handbook.figures import Number, Report
from bot.programme import handbook_charts
from bot.programme.handbook_charts import said, written_period
from storage import handbook_tags, handbook_usage
from storage.handbook_usage import HOURS_KEPT, OfHour, OfMonth

PICTURES = (".png", ".svg")
MONTHS = 12  # of which there are figures where no beginning is said
Counter = TypeVar("Counter", OfHour, OfMonth)


def figures(
    since: Annotated[
        str | None, typer.Option("--from", metavar="日", help="はじめの日か月。例: 2026-12-01、2026-12")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="日", help="終わりの日か月（その日まで）。")
    ] = None,
    town: Town = None,
    tag: Annotated[
        str | None, typer.Option("--tag", metavar="印", help="この印のQRコードやリンクから来た分だけ。")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="ファイル", help="書き出す先（表は .csv、図は .png .svg）。"),
    ] = None,
    json: Json = False,
) -> None:
    """お悩みハンドブックが、どこから開かれ、どこまで進み、どの質問でやめられたか。だれかは分かりません。

    1〜4の数は「5未満」とし、引き算で分かってしまう数も出しません。数は人数ではなく、回数です。

    例: tsunagari handbook figures --from 2026-10 --to 2026-12 --town 鳥取市 --out figures.csv
    """
    suffix = suffix_of(out, (".csv", *PICTURES)) if out else ""
    with open_house() as house:
        begin, end = _period(house, since, until)
        key = town_of(house, town)
        found, whole = _report(house, begin, end, key, tag)
        texts = house.content.texts
        if out is not None:
            save(out, _written(house, suffix, found, (begin, end), key))
        if json:
            output.as_json(_facts(found, begin, end, key, tag))
            return
        _print(texts, found, begin, end)
    output.say(texts.get("handbook_figures.note"), output.QUIET)
    if tag is None:
        counted = _months(begin, end)
        months = "〜".join(dict.fromkeys((counted[0], counted[-1])))
        output.say(texts.get("handbook_figures.of_months", months=months), output.QUIET)
    if whole:
        output.warn("400日より前は、日ごとの数がありません。月の全部を数えました。")
    if out is not None:
        output.say(f"{out} に書き出しました。", output.GOOD)


def _period(house: House, since: str | None, until: str | None) -> tuple[dt.datetime, dt.datetime]:
    """From the first of these moments to the second, which is not included any more."""
    here = house.now
    first = divmod(here.year * 12 + here.month - MONTHS, 12)
    begin = dt.datetime(first[0], first[1] + 1, 1, tzinfo=TOKYO)
    end = here + dt.timedelta(seconds=1)
    if since is not None:
        begin = month[0] if (month := _month(since)) else read_begin(since)
    if until is not None:
        end = month[1] if (month := _month(until)) else read_end(until)
    if begin >= end:
        raise Refused("--from は、--to より前にしてください。")
    return begin, end


def _month(text: str) -> tuple[dt.datetime, dt.datetime] | None:
    """Its beginning and end, where it is a month."""
    try:
        return read_month(text)
    except typer.BadParameter:
        return None


def _months(begin: dt.datetime, end: dt.datetime) -> list[str]:
    """Every month of which a day is in it."""
    last = end - dt.timedelta(microseconds=1)
    first, behind = (at.astimezone(TOKYO).year * 12 + at.astimezone(TOKYO).month - 1 for at in (begin, last))
    return [f"{number // 12}-{number % 12 + 1:02}" for number in range(first, behind + 1)]


def _report(
    house: House, begin: dt.datetime, end: dt.datetime, town: str | None, tag: str | None
) -> tuple[Report, bool]:
    """The tables, and whether whole months had to stand for the days that were asked for."""

    def wanted(rows: Iterable[Counter]) -> list[Counter]:
        return [row for row in rows if town in (None, row.town) and tag in (None, row.tag)]

    with house.db.look() as work:
        tags = handbook_tags.listed(work)
        every_hour = handbook_usage.hours(work, begin, end)
        every_month = handbook_usage.months(work, _months(begin, end))
    known = {each.tag for each in tags} | {row.tag for row in every_month if row.tag}
    if tag is not None and tag not in (handbook_tags.UNKNOWN, *known):
        output.unknown("印", tag, sorted(known))
    hours, months = wanted(every_hour), wanted(every_month)
    whole = begin < house.now - HOURS_KEPT
    visits: list[Any] = [row for row in months if not row.about] if whole else list(hours)
    made = handbook_figures.report(
        house.content,
        tags,
        visits,
        [row for row in months if row.about],
        [row for row in hours if row.event == handbook_use.OPENED],
    )
    return made, whole


# ---- showing -----------------------------------------------------------------------------------------------


def _print(texts: Texts, found: Report, begin: dt.datetime, end: dt.datetime) -> None:
    output.say(f"{texts.get('handbook_figures.title')}（{written_period(begin, end)}）", "bold")
    for table in found.tables:
        columns = ("", *(texts.get(f"handbook_figures.column.{column}") for column in table.columns))
        rows = [(row.name, *(said(texts, number) for number in row.numbers)) for row in table.rows]
        output.table(texts.get(f"handbook_figures.section.{table.section}"), columns, rows)


def _written(
    house: House, suffix: str, found: Report, period: tuple[dt.datetime, dt.datetime], town: str | None
) -> bytes:
    texts = house.content.texts
    if suffix in PICTURES:
        title = texts.get("handbook_figures.title")
        return handbook_charts.picture(suffix, house.content, title, found, period, house.now.date(), town)
    of = town_names(house.content)[town] if town else "全体"
    when = written_period(*period).replace(" ", "")
    rows = [
        (
            when,
            of,
            texts.get(f"handbook_figures.section.{table.section}"),
            row.name,
            texts.get(f"handbook_figures.column.{column}"),
            said(texts, number),
        )
        for table in found.tables
        for row in table.rows
        for column, number in zip(table.columns, row.numbers, strict=True)
    ]
    section = texts.get("handbook_figures.section.hours")
    rows += [
        (
            when,
            of,
            section,
            f"{month.month} {handbook_figures.WEEKDAYS[day]}",
            f"{hour}時",
            said(texts, number),
        )
        for month in found.hours
        for day, numbers in enumerate(month.days)
        for hour, number in enumerate(numbers)
    ]
    return csv_file([("期間", "市町", "区分", "項目", "内訳", "数"), *rows])


def _facts(
    found: Report, begin: dt.datetime, end: dt.datetime, town: str | None, tag: str | None
) -> dict[str, Any]:
    def plain(number: Number) -> Any:
        if number.count is None:
            return {"hidden": number.why or "unknown"}
        return number.count if number.most is None else {"at_least": number.count, "at_most": number.most}

    return {
        "from": begin,
        "to": end,
        "town": town,
        "tag": tag,
        **{
            table.section: [
                {
                    "key": row.key[-1] if len(row.key) == 2 else {"tag": row.key[1], "way": row.key[2]},
                    "name": row.name,
                    **{
                        column: plain(number)
                        for column, number in zip(table.columns, row.numbers, strict=True)
                    },
                }
                for row in table.rows
            ]
            for table in found.tables
        },
        "hours": [
            {"month": month.month, "days": [[plain(number) for number in day] for day in month.days]}
            for month in found.hours
        ],
    }


def add_to(app: typer.Typer) -> None:
    """`handbook figures`."""
    app.command("figures")(figures)
