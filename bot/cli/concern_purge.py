"""`tsunagari concern purge|hold|release`: what the words of closed concerns become, and what keeps them."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli import output
from bot.cli.concern_house import doer, terminal, written
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from jobs import nightly
from storage import audit, concerns, entries, retention
from storage.concerns import Concern
from storage.work import Work

Number = Annotated[str, typer.Argument(metavar="番号", help="受付番号。例: K-7Q2M-X4TB-9")]
As = Annotated[str, typer.Option("--as", metavar="名前", help="だれが行うか（記録に残ります）。")]
Reason = Annotated[
    str, typer.Option("--reason", metavar="理由", help="なぜ消さないか（連絡の記録に残ります）。")
]
Yes = Annotated[bool, typer.Option("--yes", help="実行する（付けないと下見だけ）。")]
Json = Annotated[bool, typer.Option("--json", help="JSONで出す。")]


def add_to(app: typer.Typer) -> None:
    """Register the commands beside the others of `tsunagari concern`."""
    for command in (purge, hold, release):
        app.command()(command)


def purge(
    yes: Yes = False,
    who: Annotated[
        str | None, typer.Option("--as", metavar="名前", help="だれが行うか（--yes のとき必要）。")
    ] = None,
    json: Json = False,
) -> None:
    """保存期間がすぎた連絡の、書かれた内容と、だれが連絡したかを消します（毎晩ひとりでに行われます）。

    結果ごとの保存日数は content/outcomes.yaml にあります。番号・種類・日時などの数字は残ります。
    取り消せません。保存の指定（concern hold）があるもの、対応中のものは消しません。

    例: tsunagari concern purge
    """
    actor = doer(who or "").name if yes else ""
    with open_house() as house:
        if yes:
            gone = nightly.purge_concerns(house, actor)
            house.db.truncate_log()
            if json:
                output.as_json({"purged": gone})
            else:
                output.say(f"{gone} 件の連絡の内容を消しました。", output.GOOD)
            return
        with house.db.work() as work:
            due, held = retention.due(work, nightly.policy(house.content)), retention.held(work)
            for each in due:
                audit.note(work, terminal().name, "listed", "concern", each.id, each.channel)
        if json:
            output.as_json({"due": [_facts(each) for each in due], "held": held})
            return
        output.table(
            f"内容を消す連絡（{len(due)} 件）",
            ("番号", "終了した日時", "結果"),
            ((each.number, output.moment(each.closed_at), _label(house, each.outcome)) for each in due),
            empty="ありません。",
        )
        if held:
            output.say(f"保存の指定があり、消さないもの: {held} 件")
        if due:
            output.not_yet(
                [f"{len(due)} 件の内容と、だれが連絡したかを消します。取り消せません。"],
                "tsunagari concern purge --yes --as 名前",
            )


def hold(number: Number, reason: Reason, who: As) -> None:
    """裁判・開示請求などのため、この連絡の内容を消さないようにします。

    例: tsunagari concern hold K-7Q2M-X4TB-9 --reason "開示請求のため" --as 山田
    """
    actor, why = doer(who).name, written(reason, "--reason")[:500]
    with open_house() as house, house.db.work() as work:
        found = _find(work, number)
        if found.held_at is not None:
            raise Refused("もう保存の指定があります。", f"{output.moment(found.held_at)} から")
        concerns.hold(work, found, True)
        entries.add(work, found, "note", actor, {"text": f"保存の指定をしました。理由: {why}"})
        audit.note(work, actor, "held", "concern", found.id, found.channel)
    output.say(f"{found.number} の内容は、指定を外すまで消えません。", output.GOOD)


def release(number: Number, who: As) -> None:
    """保存の指定を外します。保存期間がすぎていれば、次の夜に内容が消えます。

    例: tsunagari concern release K-7Q2M-X4TB-9 --as 山田
    """
    actor = doer(who).name
    with open_house() as house, house.db.work() as work:
        found = _find(work, number)
        if found.held_at is None:
            raise Refused("保存の指定はありません。")
        concerns.hold(work, found, False)
        entries.add(work, found, "note", actor, {"text": "保存の指定を外しました。"})
        audit.note(work, actor, "released", "concern", found.id, found.channel)
    output.say(f"{found.number} の保存の指定を外しました。", output.GOOD)


def _find(work: Work, number: str) -> Concern:
    if concerns.checked_number(number) is None:
        raise Refused(f"「{number}」は受付番号として正しくありません。", "番号をもう一度ご確認ください。")
    found = concerns.by_number(work, number)
    if found is None:
        raise Refused(
            f"「{number}」という受付番号の連絡はありません。", "tsunagari concern list で確かめられます。"
        )
    return found


def _label(house: House, outcome: str | None) -> str:
    known = house.content.outcomes.get(outcome or "")
    return known.label if known else outcome or "－"


def _facts(each: retention.Due) -> dict[str, object]:
    return {"number": each.number, "closed_at": each.closed_at, "outcome": each.outcome}
