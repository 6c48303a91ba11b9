"""`tsunagari partner …`: watch partners (見守り協定), their codes and their posters."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import poster
from bot.cli import output
from bot.cli.house import House, open_house
from bot.cli.output import Refused, one_of
from bot.cli.segment import town_names
from storage import audit, partners
from storage.partners import Partner
from storage.work import Work

app = typer.Typer(no_args_is_help=True, help="見守り協定の事業者（コードとポスター）")

LONGEST_NAME = 60

Json = Annotated[bool, typer.Option("--json", help="JSONで出す。")]
Id = Annotated[str, typer.Argument(metavar="ID", help="事業者のID（list で分かります）。")]
Yes = Annotated[bool, typer.Option("--yes", help="実行する（付けないと下見だけ）。")]
BasicId = Annotated[str | None, typer.Option("--basic-id", help="LINE公式アカウントのID（@…）。")]


@app.command()
def add(
    name: Annotated[str, typer.Option("--name", help="店や会社の名前。例: 因幡新聞 岩美販売店")],
    town: Annotated[list[str], typer.Option("--town", help="見守る市町。くり返すといくつでも。")],
    channel: Annotated[str | None, typer.Option("--channel", help="LINE公式アカウント。")] = None,
    basic_id: BasicId = None,
    json: Json = False,
) -> None:
    """事業者を加え、コードを出します。

    例: tsunagari partner add --name 因幡新聞岩美販売店 --town 岩美町 --town 鳥取市
    """
    named = name.strip()
    if not 1 <= len(named) <= LONGEST_NAME:
        raise Refused(f"名前は 1〜{LONGEST_NAME} 文字で書いてください（いま {len(named)} 文字）。")
    with open_house() as house:
        towns = tuple(dict.fromkeys(one_of("市町", word, town_names(house.content)) for word in town))
        where = house.channel_of(towns, channel)
        if strange := [key for key in towns if key not in house.content.channels[where].towns]:
            raise Refused(f"{_names(house, strange)} は、LINE公式アカウント「{where}」の市町ではありません。")
        with house.db.work() as work:
            same = [each for each in partners.listed(work, where) if each.name == named]
            if same:
                raise Refused(
                    f"「{named}」は、もうあります（ID {same[0].id}）。",
                    "新しいコードが要るときは tsunagari partner code を使ってください。",
                )
            made = partners.add(work, where, name=named, towns=towns)
            _note(work, "add", made)
        if json:
            output.as_json(_facts(house, made, basic_id, 0))
            return
        output.say("事業者を加えました。", output.GOOD)
        _print(house, made, basic_id, 0)
        output.say(f"ポスター: tsunagari partner poster {made.id} --out poster.pdf", output.QUIET)


@app.command("list")
def list_(json: Json = False, basic_id: BasicId = None) -> None:
    """事業者の一覧。

    例: tsunagari partner list --json
    """
    with open_house() as house:
        with house.db.look() as work:
            found = [(each, partners.staff_count(work, each.id)) for each in partners.listed(work)]
        if json:
            output.as_json([_facts(house, each, basic_id, count) for each, count in found])
            return
        output.table(
            "見守り協定の事業者",
            ("ID", "名前", "市町", "コード", "人数", "状態"),
            (
                (each.id, each.name, _names(house, each.towns), each.readable_code, count, _state(each))
                for each, count in found
            ),
        )


@app.command("poster")
def poster_(
    partner_id: Id,
    out: Annotated[Path, typer.Option("--out", help="書き出す先（.pdf または .png）。")],
    basic_id: BasicId = None,
) -> None:
    """店の中に貼るA4のポスター（QRコードとコード）を作ります。

    例: tsunagari partner poster 0199a0c3… --out poster.pdf
    """
    if out.suffix.lower() not in (".pdf", ".png"):
        raise typer.BadParameter(f"「{out.name}」: .pdf か .png で終わる名前にしてください。")
    if not out.absolute().parent.is_dir():
        raise Refused(f"フォルダー {out.absolute().parent} がありません。")
    with open_house() as house:
        found = _find(house, partner_id)
        if not found.active:
            raise Refused("この事業者は休止中です。", "tsunagari partner enable で再開できます。")
        words = poster.words_of_partner(found.name, _names(house, found.towns))
        poster.save_sheet(words, found.readable_code, _url(house, found, basic_id), out)
    output.say(f"{out} に書き出しました。", output.GOOD)


@app.command()
def code(partner_id: Id, yes: Yes = False, basic_id: BasicId = None, json: Json = False) -> None:
    """新しいコードに変えます（いまのコードは使えなくなります。もう使っている人は、そのまま使えます）。

    例: tsunagari partner code 0199a0c3… --yes
    """
    with open_house() as house:
        found = _find(house, partner_id)
        if not yes:
            output.not_yet(
                [f"「{found.name}」のコード {found.readable_code} を、新しいコードに変えます。"],
                "同じ命令に --yes を付けてください。",
            )
            return
        with house.db.work() as work:
            changed = partners.renew_code(work, found)
            _note(work, "code", changed)
            count = partners.staff_count(work, changed.id)
        if json:
            output.as_json(_facts(house, changed, basic_id, count))
            return
        output.say("新しいコードに変えました。ポスターも作り直してください。", output.GOOD)
        _print(house, changed, basic_id, count)


@app.command()
def disable(partner_id: Id, yes: Yes = False) -> None:
    """事業者を休止します（コードもメニューも使えなくなります。届いた連絡は残ります）。

    例: tsunagari partner disable 0199a0c3… --yes
    """
    _switch(partner_id, yes, active=False)


@app.command()
def enable(partner_id: Id, yes: Yes = False) -> None:
    """休止した事業者を再開します。

    例: tsunagari partner enable 0199a0c3… --yes
    """
    _switch(partner_id, yes, active=True)


def _switch(partner_id: str, yes: bool, *, active: bool) -> None:
    deed = "再開" if active else "休止"
    with open_house() as house:
        found = _find(house, partner_id)
        if found.active == active:
            raise Refused(f"「{found.name}」は、もう{_state(found)}です。")
        if not yes:
            with house.db.look() as work:
                count = partners.staff_count(work, found.id)
            output.not_yet(
                [f"「{found.name}」を{deed}します（登録した人 {count} 人）。"],
                "同じ命令に --yes を付けてください。",
            )
            return
        with house.db.work() as work:
            partners.set_active(work, found.id, active)
            _note(work, "enable" if active else "disable", found)
        output.say(f"「{found.name}」を{deed}しました。", output.GOOD)


def _note(work: Work, deed: str, partner: Partner) -> None:
    audit.note(work, f"cli:{getpass.getuser()}"[:64], deed, "partner", partner.id, partner.channel)


def _find(house: House, partner_id: str) -> Partner:
    with house.db.look() as work:
        found = partners.get(work, partner_id)
    if found is None:
        raise Refused(
            f"「{partner_id}」という事業者はありません。", "tsunagari partner list で確かめられます。"
        )
    return found


def _url(house: House, partner: Partner, basic_id: str | None) -> str:
    channel = house.content.channels.get(partner.channel)
    account = basic_id or (channel.basic_id if channel else None)
    if not account:
        raise Refused(
            "LINE公式アカウントのID（@…）が分かりません。",
            "--basic-id か content/channels.yaml に書いてください。",
        )
    return poster.registration_url(account, partner.readable_code)


def _facts(house: House, partner: Partner, basic_id: str | None, count: int) -> dict[str, Any]:
    return {
        "id": partner.id,
        "channel": partner.channel,
        "name": partner.name,
        "towns": list(partner.towns),
        "code": partner.readable_code,
        "active": partner.active,
        "people": count,
        "registration_url": _url(house, partner, basic_id),
    }


def _print(house: House, partner: Partner, basic_id: str | None, count: int) -> None:
    output.fields(
        {
            "ID": partner.id,
            "名前": partner.name,
            "市町": _names(house, partner.towns),
            "コード": partner.readable_code,
            "状態": _state(partner),
            "登録した人": f"{count} 人",
            "登録のリンク": _url(house, partner, basic_id),
        }
    )


def _names(house: House, towns: list[str] | tuple[str, ...]) -> str:
    names = town_names(house.content)
    return "・".join(names.get(key, key) for key in towns)


def _state(partner: Partner) -> str:
    return "使えます" if partner.active else "休止中"
