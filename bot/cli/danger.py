"""`tsunagari danger …`: people who wrote words of danger, and who looks after them; the words are never kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import typer

from bot.cli import output
from bot.cli.concern_house import As, desk_of, doer, terminal
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from bot.desk import dangers as deeds
from bot.desk import notices, wording
from bot.desk.deeds import CannotBeDone, Desk, Doer
from storage import audit, dangers, staff
from storage.dangers import Danger
from storage.work import Work

Deed = Callable[[Work, Desk, Doer, Danger], None]

app = typer.Typer(no_args_is_help=True, help="気にかける人（危険なことばを送った人）")

LEVELS = ("いま危ない", "強い気持ち", "あいまい")
Number = Annotated[str, typer.Argument(metavar="番号", help="番号。例: D-7Q2M-X4TB-9")]
Json = Annotated[bool, typer.Option("--json", help="JSONで出す。")]


@app.callback()
def danger() -> None:
    """気にかける人（危険なことばを送った人）"""


@app.command("list")
def list_(
    unseen: Annotated[bool, typer.Option("--unseen", help="まだだれも見ていないものだけ。")] = False,
    json: Json = False,
) -> None:
    """いつ、どの種類のことばに応答し、だれが見ているか（ことば自体は残りません）。

    例: tsunagari danger list --unseen
    """
    with open_house() as house:
        with house.db.work() as work:
            found, names = dangers.listed(work, unseen_only=unseen), staff.names(work)
            for one in found:
                deeds.line(work, terminal(), one, "read")
        if json:
            output.as_json([_facts(house, each) for each in found])
            return
        texts = house.content.texts
        output.table(
            "気にかける人",
            ("番号", "さいごのことば", "回数", "急ぎ", "種類", "市町", "見た人", "記録"),
            (
                (
                    one.number,
                    output.moment(one.last_at),
                    one.times,
                    LEVELS[one.level],
                    texts.get(f"desk_danger.kind.{one.category}"),
                    house.content.town(deeds.town_of(house.content, one)).name,
                    wording.author(texts, names, one.seen_by) if one.seen_by else "－",
                    texts.get(f"desk_danger.outcome.{one.outcome}") if one.outcome else "－",
                )
                for one in found
            ),
        )


@app.command()
def show(number: Number, json: Json = False) -> None:
    """ひとりを見ます（名前は出ません。名前は who で）。

    例: tsunagari danger show D-7Q2M-X4TB-9
    """
    with open_house() as house:
        with house.db.work() as work:
            found, names = _found(work, number), staff.names(work)
            told = audit.listed(work, channel=found.channel, kind="danger", subject_id=found.id)
            deeds.line(work, terminal(), found, "read")
        texts = house.content.texts
        if json:
            output.as_json(_facts(house, found))
            return
        output.fields(
            {
                "番号": found.number,
                "急ぎ": LEVELS[found.level],
                "種類": texts.get(f"desk_danger.kind.{found.category}"),
                "だれのことか": texts.get(f"desk_danger.about.{found.code[0]}"),
                "市町": house.content.town(deeds.town_of(house.content, found)).name,
                "窓口": deeds.desk_of(house.content, found).name,
                "回数": found.times,
                "「来て」": output.moment(found.come_at),
                "見た": output.moment(found.seen_at),
            }
        )
        for one in reversed(told):
            if one.deed != "read":
                words = texts.get(f"desk_danger.deed.{one.deed.replace('danger.', 'said_')}")
                output.say(f"{output.moment(one.at)} {wording.author(texts, names, one.actor)} {words}")


@app.command()
def seen(number: Number, who: As) -> None:
    """「見ました」: 自分が見ていることを記録し、ほかの人への知らせを止めます。

    例: tsunagari danger seen D-7Q2M-X4TB-9 --as 山田
    """
    _do(number, who, lambda work, _, by, it: deeds.see(work, by, it), "を見ていることを記録しました。")


@app.command()
def words(
    number: Number,
    who: As,
    key: Annotated[str, typer.Option("--words", metavar="文", help="call_us we_call no_answer_needed")],
    yes: Annotated[bool, typer.Option("--yes", help="送る（付けないと下見だけ）。")] = False,
) -> None:
    """「声をかける」: 決まった文を、窓口の電話番号をつけてLINEで送ります。

    例: tsunagari danger words D-7Q2M-X4TB-9 --words call_us --as 山田 --yes
    """
    with open_house() as house:
        fixed = house.content.crisis_replies.desk
        chosen = output.one_of("文", key, {name: each.label for name, each in fixed.items()})
        with house.db.look() as work:
            found = _found(work, number)
        if not yes:
            desk, town = deeds.desk_of(house.content, found), deeds.town_of(house.content, found)
            said = deeds.words_to_send(desk_of(house), fixed[chosen], desk, town)
            text = getattr(said.messages[0], "text", "")
            output.not_yet(text.splitlines(), f"tsunagari danger words {found.number} --words {chosen} --yes")
            return
    _do(
        number,
        who,
        lambda work, desk, by, it: deeds.reach_out(work, desk, by, it, chosen),
        "に送りました。",
    )


@app.command("who")
def who_(
    number: Number,
    who: As,
    reason: Annotated[str, typer.Option("--reason", metavar="理由", help="call visit emergency hand_over")],
) -> None:
    """登録したサポーターの名前と電話を見ます（だれが、なぜ見たかが記録に残ります）。

    例: tsunagari danger who D-7Q2M-X4TB-9 --reason call --as 山田
    """
    by = doer(who)
    with open_house() as house:
        labels = {key: house.content.texts.get(f"desk_danger.reason.{key}") for key in deeds.REASONS}
        why = output.one_of("理由", reason, labels)
        with house.db.work() as work:
            found = deeds.open_identity(work, by, _found(work, number), why)
        for one in found:
            output.fields({"名前": one.name, "電話": one.phone})
        if not found:
            output.say("登録がないので、名前も電話も分かりません。")


@app.command()
def close(
    number: Number,
    who: As,
    outcome: Annotated[
        str,
        typer.Option("--outcome", metavar="結果", help="reached handed_over concern not_reached mistaken"),
    ],
) -> None:
    """どうなったかを記録して終えます。

    例: tsunagari danger close D-7Q2M-X4TB-9 --outcome reached --as 山田
    """
    with open_house() as house:
        texts = house.content.texts
    labels = {key: texts.get(f"desk_danger.outcome.{key}") for key in deeds.OUTCOMES}
    chosen = output.one_of("結果", outcome, labels)
    _do(number, who, lambda work, _, by, it: deeds.close(work, by, it, chosen), "を終えました。")


@app.command()
def watch(json: Json = False) -> None:
    """市町ごとに、はじめに何人に知らせが届くか。2人に足りない市町があれば終了コードは1です。

    例: tsunagari danger watch
    """
    with open_house() as house:
        rows = []
        with house.db.look() as work:
            for channel, plan in house.content.channels.items():
                for town in plan.towns:
                    desk = deeds.desk_of_town(house.content, town)
                    also = house.content.danger_watch.of(town).also
                    count = notices.reachable(work, house.content, desk.key) + len(also)
                    rows.append((channel, town, desk, count))
        least = house.content.danger_watch.at_least
        if json:
            output.as_json(
                [
                    {"channel": c, "town": t, "window": w.key, "people": n, "enough": n >= least}
                    for c, t, w, n in rows
                ]
            )
        else:
            output.table(
                "危険なことばを知らせる相手",
                ("市町", "窓口", "届く人", ""),
                (
                    (house.content.town(t).name, w.name, n, "" if n >= least else f"{least}人に足りません")
                    for _, t, w, n in rows
                ),
            )
        if any(count < least for *_, count in rows):
            raise typer.Exit(1)


def _found(work: Work, number: str, lock: bool = False) -> Danger:
    found = dangers.by_number(work, number, lock=lock)
    if found is None:
        raise Refused(f"「{number}」という番号はありません。", "tsunagari danger list で確かめられます。")
    return found


def _do(number: str, who: str, deed: Deed, said: str) -> None:
    by = doer(who)
    with open_house() as house:
        try:
            with house.db.work() as work:
                found = _found(work, number, lock=True)
                deed(work, desk_of(house), by, found)
        except CannotBeDone as no:
            raise Refused(house.content.texts.get(f"desk_danger.why.{no.why}")) from no
    output.say(f"{found.number} {said}", output.GOOD)


def _facts(house: House, danger: Danger) -> dict[str, Any]:
    """For programs: not who it is."""
    facts = {name: value for name, value in asdict(danger).items() if name != "person_id"}
    return facts | {"level": danger.level, "window": deeds.desk_of(house.content, danger).key}
