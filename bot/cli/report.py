"""`tsunagari report …`: figures for the town and for the usage report that the national guideline asks for."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import typer

from bot.cli import output
from bot.cli.broadcast_truth import FATES
from bot.cli.house import House, open_house
from bot.cli.moments import read_month
from bot.cli.output import TOKYO
from bot.cli.report_usage import report_usage
from bot.cli.segment import town_names
from storage import figures
from storage.figures import Month

app = typer.Typer(no_args_is_help=True, help="報告（月ごとの件数）")

app.command("usage")(report_usage)


@app.callback()
def report() -> None:
    """報告（月ごとの件数）"""


@app.command()
def month(
    which: Annotated[str | None, typer.Argument(metavar="[年月]", help="例: 2026-12。ふつうは今月。")] = None,
    channel: Annotated[
        str | None, typer.Option("--channel", help="LINE公式アカウント。ふつうは全部。")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="JSONで出す。")] = False,
) -> None:
    """1か月の件数（登録・連絡・配信・応答）。個人に関することは含みません。

    例: tsunagari report month 2026-12 --json
    """
    begin, end = read_month(which or f"{dt.datetime.now(TOKYO):%Y-%m}")
    with open_house() as house:
        if channel is not None:
            house.channel_of((), channel)
        with house.db.look() as work:
            found = figures.month(work, channel, begin, end)
        if json:
            output.as_json(_facts(found, begin))
            return
        _print(house, found, begin)


def _facts(found: Month, begin: dt.datetime) -> dict[str, Any]:
    return {
        "month": f"{begin:%Y-%m}",
        "friends_now": found.friends,
        "supporters_now": found.supporters,
        "registered": found.registered,
        "concerns": [
            {"town": town, "kind": kind, "count": count} for (town, kind), count in found.concerns.items()
        ],
        "concerns_accepted": found.concerns_accepted,
        "concerns_closed": found.concerns_closed,
        "dangers": found.dangers,
        "broadcasts": found.broadcasts,
        "recipients": found.recipients,
        "messages": found.messages,
    }


def _print(house: House, found: Month, begin: dt.datetime) -> None:
    towns = town_names(house.content)
    kinds = {kind.key: kind.label for kind in house.content.concern_kinds.values()}
    output.say(f"{begin.year}年{begin.month}月の報告", "bold")
    output.fields(
        {
            "友だち（いま）": found.friends,
            "サポーター（いま）": found.supporters,
            "新しいサポーター": sum(found.registered.values()),
            "気になる人の連絡": sum(found.concerns.values()),
            "　受け付けた": found.concerns_accepted,
            "　終了した": found.concerns_closed,
            "危険なことばへの応答": sum(found.dangers.values()),
            "配信": found.broadcasts,
            "1対1の送信": sum(found.messages.values()),
        }
    )
    rows = [
        ("新しいサポーター", towns.get(town, town), "", n) for town, n in sorted(found.registered.items())
    ]
    rows += [
        ("連絡", towns.get(town, town), kinds.get(kind, kind), n)
        for (town, kind), n in sorted(found.concerns.items())
    ]
    rows += [("配信の宛先", "", FATES.get(name, "まだ"), n) for name, n in sorted(found.recipients.items())]
    output.table("内訳", ("何", "市町", "種類", "件数"), rows)
