"""`tsunagari content find …`: which schemes people find who type these words, and why."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import typer

from bot.cli import output
from bot.cli.house import open_content
from bot.cli.output import TOKYO
from bot.cli.segment import town_names
from bot.finding import Finding, Found

_SOUNDS_ALIKE = "（音が似ている）"


def find(
    words: Annotated[str, typer.Argument(help="さがすことば。例: 家賃が払えない")],
    town: Annotated[
        str | None, typer.Option("--town", help="市町。例: 鳥取市。ふつうは全国の制度だけ。")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="JSONで出す。")] = False,
) -> None:
    """ことばから見つかる制度を、近い順に5件まで、どのことばで見つかったかといっしょに出します。

    LINEやウェブで、町の人が同じことばを送ったときに見つかるものと同じです。出ないときは、制度の words か
    content/synonyms.yaml に、その言い方を足してください。

    例: tsunagari content find "家賃が払えない" --town 鳥取市
    """
    content = open_content()
    key = output.one_of("市町", town, town_names(content)) if town else None
    finding = content.finder.find(words, key, dt.datetime.now(TOKYO))
    if json:
        output.as_json(_as_data(finding))
        return
    output.table(
        f"「{words}」で見つかる制度",
        ("ID", "制度", "近さ", "見つけたことば"),
        [(one.scheme.id, one.scheme.plain_title, f"{one.score:.1f}", _why(one)) for one in finding.found],
    )
    if finding.hotlines:
        output.say(f"電話など: {'、'.join(line.name for line in finding.hotlines)}")
    if content.finder.speaks_of_neighbour(words):
        output.say("! 近所の人のことと読めるので、LINEでは制度を出しません。", output.WARN)
    elif finding.found and not finding.sure:
        output.say("! 近さが足りないので、LINEでは「さがす …」と送られたときだけ出します。", output.WARN)


def _why(one: Found) -> str:
    return "・".join(one.because) or _SOUNDS_ALIKE


def _as_data(finding: Finding) -> dict[str, Any]:
    return {
        "offered_on_line": finding.sure,
        "schemes": [
            {
                "id": one.scheme.id,
                "title": one.scheme.plain_title,
                "town": one.scheme.town,
                "score": round(one.score, 2),
                "because": list(one.because),
                "sounds_alike": round(one.match.alike, 2),
            }
            for one in finding.found
        ],
        "hotlines": [line.key for line in finding.hotlines],
    }
