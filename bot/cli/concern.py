"""`tsunagari concern …`: what supporters noticed. Opening the words of one leaves a line in the audit list."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, get_args

import typer

from bot.cli import output
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from bot.cli.segment import town_names
from storage import audit, concerns
from storage.concerns import Concern, State
from storage.transitions import NotPermitted

app = typer.Typer(no_args_is_help=True, help="気になる人の連絡（一覧・受付・終了）")

STATES = {"sent": "未受付", "accepted": "対応中", "closed": "終了"}
LEVELS = ("0 命の危険", "1 今日中", "2 3日以内", "3 通常", "4 情報")
OUTCOMES = {
    "connected": "支援につながった",
    "watching": "見守りを続ける",
    "other_desk": "ほかの窓口へ",
    "none": "対応の必要なし",
}

Json = Annotated[bool, typer.Option("--json", help="JSONで出す。")]
Number = Annotated[str, typer.Argument(metavar="番号", help="受付番号。例: K-7Q2M-X4TB-9")]
As = Annotated[str, typer.Option("--as", metavar="名前", help="だれが行うか（記録に残ります）。")]


@app.command("list")
def list_(
    state: Annotated[
        str | None, typer.Option("--state", help="sent（未受付）accepted（対応中）closed（終了）")
    ] = None,
    window: Annotated[str | None, typer.Option("--window", help="窓口のキー。")] = None,
    json: Json = False,
) -> None:
    """連絡の一覧（急ぐものから）。書かれた内容は出ません。

    例: tsunagari concern list --state sent
    """
    with open_house() as house:
        wanted = output.one_of("状態", state, STATES) if state else None
        windows = {each.key: each.name for each in house.content.windows}
        at = output.one_of("窓口", window, windows) if window else None
        with house.db.look() as work:
            found = concerns.listed(work, state=_state(wanted), window=at)
        if json:
            output.as_json([_facts(each) for each in found])
            return
        names = town_names(house.content)
        output.table(
            "気になる人の連絡",
            ("番号", "日時", "急ぎ", "市町", "種類", "窓口", "状態", "内容"),
            (
                (
                    each.number,
                    output.moment(each.created_at),
                    LEVELS[each.level],
                    names.get(each.town, each.town),
                    _kind(house, each.kind),
                    windows.get(each.window, each.window),
                    STATES[each.state],
                    "あり" if each.details_at else "なし",
                )
                for each in found
            ),
        )


@app.command()
def show(
    number: Number,
    details: Annotated[
        bool, typer.Option("--details", help="書かれた内容も開く（--as が必要、記録に残ります）。")
    ] = False,
    who: Annotated[str | None, typer.Option("--as", metavar="名前", help="だれが読むか。")] = None,
    json: Json = False,
) -> None:
    """1件の連絡を見ます。内容を開くときは --details --as 名前。

    例: tsunagari concern show K-7Q2M-X4TB-9 --details --as 山田
    """
    if details and not (who and who.strip()):
        raise typer.BadParameter("内容を開くには、だれが読むかを --as で書いてください。例: --as 山田")
    with open_house() as house:
        found = _find(house, number)
        words: dict[str, str] = {}
        if details and who:
            with house.db.work() as work:  # the reading and its line in the audit list stand or fall together
                audit.note(work, who.strip()[:64], "read_details", "concern", found.id, found.channel)
                words = dict(concerns.details(work, found))
        if json:
            output.as_json(_facts(found) | ({"details": words} if details else {}))
            return
        output.fields(
            {
                "番号": found.number,
                "日時": output.moment(found.created_at),
                "急ぎ": LEVELS[found.level],
                "市町": town_names(house.content).get(found.town, found.town),
                "種類": _kind(house, found.kind),
                "窓口": next((w.name for w in house.content.windows if w.key == found.window), found.window),
                "窓口の決まり方": found.route_reason,
                "状態": STATES[found.state],
                "内容": "あり" if found.details_at else "なし",
            }
        )
        for name, text in words.items():
            output.say(f"{name}: {text}")


@app.command()
def accept(number: Number, who: As) -> None:
    """受け付けたことにします。

    例: tsunagari concern accept K-7Q2M-X4TB-9 --as 山田
    """
    with open_house() as house:
        found = _find(house, number)
        try:
            with house.db.work() as work:
                concerns.accept(work, found)
                audit.note(work, _name(who), "accept", "concern", found.id, found.channel)
        except NotPermitted:
            raise Refused(f"もう「{STATES[found.state]}」です。") from None
        output.say(f"{found.number} を受け付けました。", output.GOOD)


@app.command()
def close(
    number: Number,
    who: As,
    outcome: Annotated[
        str, typer.Option("--outcome", help="結果: " + " ".join(f"{k}（{v}）" for k, v in OUTCOMES.items()))
    ] = "connected",
    yes: Annotated[bool, typer.Option("--yes", help="実行する（付けないと下見だけ）。")] = False,
) -> None:
    """対応を終えます。終えたものは戻せません。

    例: tsunagari concern close K-7Q2M-X4TB-9 --outcome connected --as 山田 --yes
    """
    with open_house() as house:
        found = _find(house, number)
        result = output.one_of("結果", outcome, OUTCOMES)
        if found.state == "closed":
            raise Refused("もう「終了」です。")
        if not yes:
            what = [f"{found.number}（{STATES[found.state]}）を「{OUTCOMES[result]}」で終了します。"]
            output.not_yet(what, "同じ命令に --yes を付けてください。")
            return
        try:
            with house.db.work() as work:
                concerns.close(work, found, result)
                audit.note(work, _name(who), "close", "concern", found.id, found.channel)
        except NotPermitted:
            raise Refused("ほかの人が先に終了しました。") from None
        output.say(f"{found.number} を終了しました。", output.GOOD)


def _name(who: str) -> str:
    """Who does it, for the audit list: an empty name is wrong usage."""
    if not who.strip():
        raise typer.BadParameter("--as に名前を書いてください。例: --as 山田")
    return who.strip()[:64]


def _find(house: House, number: str) -> Concern:
    if concerns.checked_number(number) is None:
        raise Refused(
            f"「{number}」は受付番号として正しくありません。",
            "番号をもう一度ご確認ください。",
        )
    with house.db.look() as work:
        found = concerns.by_number(work, number)
    if found is None:
        raise Refused(
            f"「{number}」という受付番号の連絡はありません。", "tsunagari concern list で確かめられます。"
        )
    return found


def _state(word: str | None) -> State | None:
    return next((state for state in get_args(State) if state == word), None)


def _kind(house: House, key: str) -> str:
    kind = house.content.concern_kinds.get(key)
    return kind.label if kind else key


def _facts(found: Concern) -> dict[str, Any]:
    facts = asdict(found)
    del facts["person_id"]  # who reported is nobody's business at a terminal
    facts["has_details"] = facts.pop("details_at") is not None
    return facts
