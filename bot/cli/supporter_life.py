"""`tsunagari supporter pause|resume|leave|return|refreshed|erase|drips`: what staff do for somebody who telephones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated

import typer

from bot.cli import output
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from bot.cli.supporter_house import Channel, Json, actor, facts, states
from bot.programme import life
from storage import drips, erasing, supporters
from storage.supporters import Supporter
from storage.transitions import NotPermitted
from storage.work import Work

Id = Annotated[str, typer.Argument(metavar="ID", help="名簿のID、または修了証の番号。")]
As = Annotated[str, typer.Option("--as", metavar="名前", help="だれが行うか（記録に残ります）。")]
Yes = Annotated[bool, typer.Option("--yes", help="実行する（付けないと下見だけ）。")]


def add_to(app: typer.Typer) -> None:
    """Register the commands beside the others of `tsunagari supporter`."""
    for command in (pause, resume, leave, refreshed, erase):
        app.command()(command)
    app.command("return")(return_)
    app.command("drips")(drips_)


def pause(
    id_: Id,
    who: As,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="日付", help="この日まで。例: 2027-03-31（なければ無期限）"),
    ] = None,
    json: Json = False,
) -> None:
    """お休みにします。お休みの間は、お知らせが届きません。

    例: tsunagari supporter pause 0199… --until 2027-03-31 --as 山田
    """
    end = _day(until, "--until") if until else None
    by = actor(who)

    def deed(house: House, work: Work, entry: Supporter) -> Supporter:
        try:
            return life.pause(work, entry, end, by)
        except ValueError:
            raise Refused(
                f"{until} までのお休みにはできません。", "きょうから1年以内の日付にしてください。"
            ) from None

    _step(id_, deed, "お休みにしました。", json)


def resume(id_: Id, who: As, json: Json = False) -> None:
    """お休みを終わりにします。

    例: tsunagari supporter resume 0199… --as 山田
    """
    by = actor(who)
    _step(
        id_,
        lambda house, work, one: life.resume(work, house.content, one, by),
        "お休みを終わりました。",
        json,
    )


def leave(id_: Id, who: As, json: Json = False) -> None:
    """サポーターをやめたことにします。名簿には「退会」として残り、return で戻せます。

    例: tsunagari supporter leave 0199… --as 山田
    """
    by = actor(who)
    _step(id_, lambda house, work, one: life.leave(work, one, by), "退会にしました。", json)


def return_(id_: Id, who: As, json: Json = False) -> None:
    """やめた人を、もう一度サポーターにします。

    例: tsunagari supporter return 0199… --as 山田
    """
    by = actor(who)
    _step(
        id_, lambda house, work, one: life.come_back(work, house.content, one, by), "登録に戻しました。", json
    )


def refreshed(
    id_: Id,
    who: As,
    on: Annotated[
        str | None, typer.Option("--on", metavar="日付", help="更新の講座を受けた日（なければきょう）。")
    ] = None,
    json: Json = False,
) -> None:
    """更新の講座を受けたことを記録します。つぎの更新の期限が、そこから数え直されます。

    例: tsunagari supporter refreshed 0199… --on 2027-02-14 --as 山田
    """
    by, day = actor(who), _day(on, "--on") if on else None

    def deed(house: House, work: Work, entry: Supporter) -> Supporter:
        held = day or life.today(work)
        if held > life.today(work):
            raise Refused(f"{held} は、まだ来ていません。", "講座が終わってから記録してください。")
        known = [each for each in (entry.attended_on, entry.refreshed_on) if each is not None]
        if known and held <= max(known):
            raise Refused(
                f"{output.day(max(known))} に受けた講座が、もう記録されています。",
                "それより後の日付にしてください。",
            )
        return life.refreshed(work, house.content, entry, held, by)

    _step(id_, deed, "更新の講座を記録しました。", json)


def erase(id_: Id, who: As, yes: Yes = False, json: Json = False) -> None:
    """この人の記録をすべて消します。取り消せません。人数だけが残ります。

    LINEの人は、LINEの側の記録（会話、申込み、お知らせの種類）も消えます。知らせたことは窓口に残り、だれが知らせたかは
    消えます。家族で1台の電話を使っているときは、この人の名簿だけを消します。

    例: tsunagari supporter erase 0199… --as 山田 --yes
    """
    by = actor(who)
    with open_house() as house:
        with house.db.look() as work:
            entry = _find(work, id_)
            others = _others(work, entry)
        if not yes:
            output.not_yet(_what_goes(entry, others), f"tsunagari supporter erase {id_} --as {who} --yes")
            return
        with house.db.work() as work:
            life.erase_entry(work, _find(work, id_), by)
        house.bell.set()
        erasing.fold(house.db)
        if json:
            output.as_json({"erased": entry.id})
        else:
            output.say("すべて消しました。", output.GOOD)


def _others(work: Work, entry: Supporter) -> int:
    """How many more entries share this one's phone."""
    return len(supporters.of_person(work, entry.person_id)) - 1 if entry.person_id else 0


def _what_goes(entry: Supporter, others: int) -> list[str]:
    lines = ["名簿の1人分（氏名・連絡先・講座の記録）を消します。取り消せません。"]
    if entry.person_id is None:
        lines.append("LINEとはつながっていません。")
    elif others:
        lines.append(f"同じ電話に、ほかに {others} 人の登録があります。電話とその人たちの記録は残ります。")
    else:
        lines.append("LINEの側の記録（会話、申込み、お知らせの種類、リンク）も消します。")
        lines.append("この人が知らせたことは窓口に残り、だれが知らせたかは消えます。")
    return lines


def drips_(channel: Channel = None, json: Json = False) -> None:
    """講座のあとに送った言葉の数と、「その後、いかがですか」の答えの数。だれの答えかは出ません。

    例: tsunagari supporter drips
    """
    with open_house() as house:
        with house.db.look() as work:
            found = drips.numbers(work, channel)
        if json:
            names = ("step", "answer", "count")
            output.as_json([dict(zip(names, row, strict=True)) for row in found])
            return
        texts = house.content.texts
        output.table(
            "送った言葉",
            ("何を", "答え", "数"),
            (
                (
                    step,
                    texts.get(f"drips.answer.{answer}")
                    if answer and texts.has(f"drips.answer.{answer}")
                    else "－",
                    count,
                )
                for step, answer, count in found
            ),
            empty="まだありません。",
        )


# ---- one step ----------------------------------------------------------------------------------------------


def _step(id_: str, deed: Callable[[House, Work, Supporter], Supporter], said: str, json: bool) -> None:
    """One deed for one entry; what may not follow is refused in words."""
    with open_house() as house:
        with house.db.work() as work:
            entry = _find(work, id_)
            try:
                then = deed(house, work, entry)
            except NotPermitted:
                name = states(house.content)[entry.state]
                raise Refused(
                    f"いまの状態は「{name}」なので、それはできません。",
                    "tsunagari supporter show で確かめられます。",
                ) from None
        house.bell.set()
        if json:
            output.as_json(facts(then))
            return
        due = f"更新の期限: {output.day(then.refresher_due_on)}" if then.refresher_due_on else ""
        output.say(f"{said}状態: {states(house.content)[then.state]}　{due}".strip(), output.GOOD)


def _find(work: Work, id_: str) -> Supporter:
    """By the id, or by the number on the certificate."""
    wanted = id_.strip()
    found = supporters.get(work, wanted) or supporters.by_number(work, wanted)
    if found is None:
        raise Refused(f"「{id_}」という人は、名簿にいません。", "tsunagari supporter list で確かめられます。")
    return found


def _day(text: str, option: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text.strip().replace("/", "-"))
    except ValueError:
        raise typer.BadParameter(f"{option}: 「{text}」は日付ではありません。例: 2027-03-31") from None
