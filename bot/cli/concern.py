"""`tsunagari concern …`: what supporters noticed. Opening the words of one leaves a line in the audit list."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, get_args

import typer

from bot.cli import concern_desks, concern_purge, output, sheet
from bot.cli.concern_house import As, Number, Yes, desk_of, do, doer, find, perform, terminal
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from bot.cli.segment import town_names
from bot.desk import deeds, knowing, wording
from bot.desk.story import Happening, story
from storage import audit, concerns, entries, staff
from storage.concerns import Concern, State
from storage.work import Work

app = typer.Typer(no_args_is_help=True, help="気になる人の連絡（一覧・受付・引き継ぎ・終了）")

STATES = {"sent": "未受付", "accepted": "受付済み", "in_touch": "対応中", "closed": "終了"}
LEVELS = ("0 命の危険", "1 今日中", "2 数日のうち", "3 通常", "4 情報")

Json = Annotated[bool, typer.Option("--json", help="JSONで出す。")]


@app.command("list")
def list_(
    state: Annotated[
        str | None,
        typer.Option("--state", help="sent（未受付）accepted（受付済み）in_touch（対応中）closed（終了）"),
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
        with house.db.work() as work:
            found = concerns.listed(work, state=_state(wanted), window=at)
            for key in sorted({each.window for each in found}):
                deeds.listed(work, desk_of(house), terminal(), key)
        if json:
            output.as_json([_facts(each) for each in found])
            return
        names = town_names(house.content)
        output.table(
            "気になる人の連絡",
            ("番号", "日時", "急ぎ", "期限", "市町", "種類", "窓口", "状態", "内容"),
            (
                (
                    each.number,
                    output.moment(each.created_at),
                    LEVELS[each.level],
                    _due(house, each),
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
    by = doer(who) if who else terminal()
    with open_house() as house:
        found = find(house, number)
        words: dict[str, str] = {}
        told: tuple[Happening, ...] = ()
        with house.db.work() as work:  # the reading and its line in the audit list stand or fall together
            if details:
                deeds.read(work, desk_of(house), by, found, "read_details")
                words, told = dict(knowing.words_of(work, found)), _story(house, work, found)
            else:
                deeds.line(work, by, found, "looked")
        if json:
            said = [{"at": one.at, "what": one.what, "who": one.who, "text": one.text} for one in told]
            output.as_json(_facts(found) | ({"details": words, "story": said} if details else {}))
            return
        output.fields(
            {
                "番号": found.number,
                "日時": output.moment(found.created_at),
                "急ぎ": LEVELS[found.level],
                "市町": town_names(house.content).get(found.town, found.town),
                "種類": _kind(house, found.kind),
                "窓口": next((w.name for w in house.content.windows if w.key == found.window), found.window),
                "最初の窓口": wording.window(house.content, found.routed_to),
                "窓口の決まり方": found.route_reason,
                "状態": wording.state(house.content, found),
                "期限": _due(house, found),
                "本人": " ".join(wording.consent(house.content, found)),
                "内容": "あり" if found.details_at else "なし",
            }
        )
        for name, text in words.items():
            output.say(f"{name}: {text}")
        for one in told:
            output.say(" ".join(filter(None, (one.when, one.who, one.what, *one.facts, one.text))))


@app.command()
def accept(number: Number, who: As) -> None:
    """受け付けたことにします。

    例: tsunagari concern accept K-7Q2M-X4TB-9 --as 山田
    """
    do(number, who, lambda work, _, by, it: deeds.accept(work, by, it), "を受け付けました。")


@app.command()
def close(
    number: Number,
    who: As,
    outcome: Annotated[
        str,
        typer.Option("--outcome", help="結果のキーか名前（content/outcomes.yaml）。例: 支援につながった"),
    ] = "connected",
    text: Annotated[str, typer.Option("--text", metavar="文", help="まとめのメモ。")] = "",
    yes: Yes = False,
) -> None:
    """対応を終えます。通報した人には、終わったことだけが伝わります。

    例: tsunagari concern close K-7Q2M-X4TB-9 --outcome connected --as 山田 --yes
    """
    doer(who)
    with open_house() as house:
        found = find(house, number)
        outcomes = {each.key: each.label for each in house.content.outcomes.values() if each.by_hand}
        result = output.one_of("結果", outcome, outcomes)
        if found.state == "closed":
            raise Refused("もう「終了」です。")
        if not yes:
            what = [f"{found.number}（{STATES[found.state]}）を「{outcomes[result]}」で終了します。"]
            output.not_yet(what, "同じ命令に --yes を付けてください。")
            return
        perform(
            house,
            number,
            who,
            lambda work, desk, by, it: deeds.close(work, desk, by, it, result, text.strip()),
        )
        output.say(f"{found.number} を終了しました。", output.GOOD)


def _story(house: House, work: Work, concern: Concern) -> tuple[Happening, ...]:
    """What happened to it, as its page tells it."""
    done = audit.listed(work, channel=concern.channel, kind="concern", subject_id=concern.id, limit=500)
    return story(house.content, staff.names(work), house.now, entries.of(work, concern), done)


def _due(house: House, concern: Concern) -> str | None:
    """What is to be done next, and how long there is for it."""
    found = wording.due(house.content.texts, concern, house.now)
    return found.words if found else None


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


concern_desks.add_to(app)
concern_purge.add_to(app)
sheet.add_to(app)
