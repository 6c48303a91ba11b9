"""`tsunagari report usage`: the month's usage report for the town, as a table, a picture or CSV."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli import output
from bot.cli.broadcast_truth import FATES
from bot.cli.house import House, open_house
from bot.cli.moments import read_month
from bot.cli.output import TOKYO, Refused
from bot.cli.segment import town_names
from bot.cli.supporter_house import Json, Town, save, suffix_of, town_of
from bot.csv_file import csv_file
from bot.programme.usage_lines import Amount, Line, exactly, in_all, with_few_hidden
from jobs.nightly import SETTLED
from storage.usage import Usage, usage

PICTURES = (".png", ".svg")
VIA = {"reply": "返信（無料）", "push": "こちらから（通数に入る）"}


def report_usage(
    month: Annotated[
        str | None, typer.Option("--month", metavar="年月", help="例: 2026-11。ふつうは先月。")
    ] = None,
    town: Town = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="ファイル", help="書き出す先（表は .csv、図は .png .svg）。"),
    ] = None,
    json: Json = False,
) -> None:
    """1か月の利用状況の報告。名前や文章は含みません。連絡と危険なことばは、4件までを「1〜4」とします。

    「LINEが受け付けた」は、本人が受け取った・読んだという意味ではありません。
    --town では、その市町を登録した人だけを数えます。

    例: tsunagari report usage --month 2026-11 --town 鳥取市 --out usage.png
    """
    suffix = suffix_of(out, (".csv", *PICTURES)) if out else ""
    with open_house() as house:
        begin, end = read_month(month or _last_month(house.now))
        if begin > house.now:
            raise Refused(f"{begin.year}年{begin.month}月は、まだ始まっていません。")
        key = town_of(house, town)
        with house.db.look() as work:
            found = usage(work, key, begin, end, SETTLED)
        lines = _lines(house, found)
        if end > house.now:
            output.warn("月の途中の数です。")
        if out is not None:
            save(out, _written(house, suffix, lines, begin, key))
        if json:
            output.as_json(_facts(lines, begin, key))
            return
        rows = ((line.section, line.name, str(line.amount)) for line in lines)
        output.table(_title(house, begin, key), ("区分", "項目", "数"), rows)
        if out is not None:
            output.say(f"{out} に書き出しました。", output.GOOD)


def _last_month(now: dt.datetime) -> str:
    return f"{now.astimezone(TOKYO).replace(day=1) - dt.timedelta(days=1):%Y-%m}"


def _title(house: House, begin: dt.datetime, town: str | None) -> str:
    of = f"{town_names(house.content)[town]}　" if town else ""
    return f"{of}{begin.year}年{begin.month}月の利用状況"


def _lines(house: House, found: Usage) -> list[Line]:
    """Every figure in the order of the report; who counts few people of a kind might know them."""
    kinds = house.content.concern_kinds
    concerns = {
        kinds[kind].label if kind in kinds else kind: with_few_hidden(count)
        for kind, count in sorted(found.concerns.items(), key=lambda each: list(kinds).index(each[0])
                                  if each[0] in kinds else len(kinds))
    }  # fmt: skip
    names = {**FATES, "remaining": "まだ送っていない・送らなかった"}
    recipients = [
        Line("配信の宛先", name, exactly(found.recipients.get(key, 0)))
        for key, name in names.items()
        if key in found.recipients or key in ("accepted", "blocked", "failed", "unknown")
    ]
    messages = [
        Line("1対1の送信", name, exactly(None if found.messages is None else found.messages.get(key, 0)))
        for key, name in VIA.items()
    ]
    return [
        Line("友だち", "新しい", exactly(found.friends_new)),
        Line("友だち", "ブロックなど", exactly(found.friends_left)),
        Line("友だち", "いま", exactly(found.friends_now)),
        Line("サポーター", "新しい", exactly(found.supporters_new)),
        Line("サポーター", "いま", exactly(found.supporters_now)),
        Line("配信", "回数", exactly(found.broadcasts)),
        Line("配信の宛先", "合計", exactly(sum(found.recipients.values()))),
        *recipients,
        *messages,
        Line("お悩みハンドブック", "LINEでの利用", exactly(found.handbook)),
        Line("気になる人の連絡", "合計", in_all(concerns.values())),
        *(Line("気になる人の連絡", name, amount) for name, amount in concerns.items()),
        Line("危険なことばへの応答", "件数", with_few_hidden(found.dangers)),
    ]


def _written(house: House, suffix: str, lines: Iterable[Line], begin: dt.datetime, town: str | None) -> bytes:
    if suffix in PICTURES:
        from bot.programme import charts  # matplotlib takes its time to start

        return charts.usage_picture(
            suffix, house.content, _title(house, begin, town), list(lines), house.now.date(), town
        )
    of = town_names(house.content)[town] if town else "全体"
    rows = ((f"{begin:%Y-%m}", of, line.section, line.name, str(line.amount)) for line in lines)
    return csv_file([("年月", "市町", "区分", "項目", "数"), *rows])


def _facts(lines: Iterable[Line], begin: dt.datetime, town: str | None) -> dict[str, Any]:
    def plain(amount: Amount) -> Any:
        if amount.least == amount.most:
            return amount.least
        return {"at_least": amount.least, "at_most": amount.most}

    figures = [{"group": line.section, "name": line.name, "count": plain(line.amount)} for line in lines]
    return {"month": f"{begin:%Y-%m}", "town": town, "figures": figures}
