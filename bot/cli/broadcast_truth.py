"""`tsunagari broadcast recipients`, and the words for what became of a broadcast. That LINE took it says not that
anybody has it: no word here says so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli import output
from bot.cli.broadcast_house import Json
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from bot.cli.segment import town_names
from bot.cli.supporter_house import As, actor, save, suffix_of
from bot.csv_file import csv_file
from storage import audit, broadcasts, outcomes, quota
from storage.broadcasts import Broadcast
from storage.outcomes import Line, Why
from storage.work import Work

FATES = {
    "accepted": "LINEが受け付けた",
    "blocked": "ブロック中など",
    "failed": "送れなかった",
    "unknown": "結果が不明",
    "trying": "送信の途中",
    "not_tried": "送っていない",
}
REASONS = {
    "LINE 400": "LINE 400: 文章か宛先をLINEが受け付けなかった",
    "LINE 413": "LINE 413: 大きすぎる",
    "too old": "時間がたちすぎたので送らなかった",
    "first tried more than 23 hours ago": "初めの送信から23時間たち、二重になるおそれがあるので止めた",
    quota.USED_UP: "今月の通数を使い切った",
    quota.SHORT: "今月の残りの通数では足りない",
    "rate limit": "LINE 429: 一度に多すぎた",
}
MOST_SHOWN = 50
WAITS = "今月の通数の上限のため待っています"


def in_words(reason: str | None) -> str:
    """A reason as staff read it; LINE's other answers by their number."""
    if reason is None:
        return ""
    return REASONS.get(reason) or (
        f"{reason}: LINEの答え" if reason.startswith("LINE ") else "送信の記録を確認"
    )


def with_reasons(count: int, whys: Sequence[Why], outcome: str) -> str:
    """「500（LINE 400: …）」; several reasons with the number of people for each."""
    mine = [why for why in whys if why.outcome == outcome and why.reason]
    if not mine:
        return str(count)
    if len(mine) == 1 and mine[0].people == count:
        return f"{count}（{in_words(mine[0].reason)}）"
    return f"{count}（{'、'.join(f'{in_words(why.reason)} {why.people} 人' for why in mine)}）"


def waits(work: Work, found: Broadcast) -> dict[str, Any] | None:
    """Until when at the latest it waits for LINE's quota; None where it does not."""
    resting = quota.resting(work).get(found.channel)
    if resting is None or found.status != "sending":
        return None
    return {"for": "quota", "until": resting[1]}


def waits_in_words(waiting: dict[str, Any] | None) -> str | None:
    """The same for people."""
    if waiting is None:
        return None
    return f"{WAITS}（おそくとも {output.moment(waiting['until'])} に再開。上限が上がれば1時間ほどで再開）"


def recipients(
    broadcast_id: Annotated[str, typer.Argument(metavar="ID", help="配信のID（list で分かります）。")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="ファイル", help="CSVに書き出す（.csv）。")
    ] = None,
    who: As = None,
    json: Json = False,
) -> None:
    """1人ずつの結果の一覧（IDと市町、結果とわけ）。名前や文章は出ません。見たことは記録に残ります。

    画面には、受け付けられなかった人から順に 50 人まで出ます。全員分は --out か --json で。

    「LINEが受け付けた」は、本人が受け取った・読んだという意味ではありません。

    例: tsunagari broadcast recipients 0199a0c3… --out result.csv --as 山田
    """
    if out is not None:
        suffix_of(out, (".csv",))
    by = actor(who, "1人ずつの一覧を見る")
    with open_house() as house:
        with house.db.work() as work:
            found = broadcasts.get(work, broadcast_id)
            if found is None:
                raise Refused(
                    f"「{broadcast_id}」という配信はありません。",
                    "tsunagari broadcast list で確かめられます。",
                )
            audit.note(work, by, "list_recipients", "broadcast", found.id, found.channel)
            lines = list(outcomes.lines(work, found.id))
        if out is not None:
            save(out, csv_file([("ID", "市町", "結果", "わけ"), *(_cells(house, line) for line in lines)]))
        if json:
            output.as_json(
                [
                    {
                        "person": each.person_id,
                        "town": each.town,
                        "outcome": each.outcome,
                        "reason": each.reason,
                    }
                    for each in lines
                ]
            )
        elif out is not None:
            output.say(f"{len(lines)} 人分を {out} に書き出しました。", output.GOOD)
        else:
            _show(house, lines)


def _show(house: House, lines: Sequence[Line]) -> None:
    """So many as fit on a screen, those first about whom something may have to be done."""
    ranks = ("failed", "unknown", "trying", "not_tried", "blocked", "accepted")
    shown = sorted(lines, key=lambda line: ranks.index(line.outcome))[:MOST_SHOWN]
    output.table("1人ずつの結果", ("ID", "市町", "結果", "わけ"), (_cells(house, line) for line in shown))
    if len(lines) > len(shown):
        output.say(
            f"{len(lines)} 人のうち {len(shown)} 人です。全員分は --out 結果.csv で書き出せます。",
            output.QUIET,
        )


def _cells(house: House, line: Line) -> tuple[str, str, str, str]:
    town = town_names(house.content).get(line.town or "", line.town or "")
    return line.person_id, town, FATES[line.outcome], in_words(line.reason)
