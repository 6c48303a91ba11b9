"""`tsunagari broadcast segment …`: recipients under a name of one's own, to write --to @名前."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bot.cli import output
from bot.cli.broadcast_house import Channel, Json, Yes, me
from bot.cli.broadcast_plan import NotTo, To
from bot.cli.house import House, open_house
from bot.cli.output import Refused, unknown
from bot.cli.segment import read_audience
from bot.cli.segment_grammar import typable
from bot.cli.segment_words import in_words
from storage import audit, named_segments
from storage.named_segments import LONGEST_NAME, NamedSegment, plain_name
from storage.recipients import count_recipients
from storage.segments import as_plain

app = typer.Typer(no_args_is_help=True, help="送る相手に名前をつけて、くり返し使う（--to @名前）")

Name = Annotated[str, typer.Argument(metavar="名前", help="例: 鳥取の講座")]


@app.command()
def save(
    name: Name,
    to: To = None,
    not_to: NotTo = None,
    channel: Channel = None,
    replace: Annotated[bool, typer.Option("--replace", help="同じ名前があれば、置きかえる。")] = False,
    json: Json = False,
) -> None:
    """送る相手に名前をつけます。予約した配信は、予約したときの相手のままです。

    例: tsunagari broadcast segment save 鳥取の講座 --to town=鳥取市 --to topic=講座・研修
    """
    called = _checked(name)
    with open_house() as house:
        audience = read_audience(house, to or (), not_to or (), channel)
        where = (audience.channel, called, audience.segment)
        with house.db.work() as work:
            made = named_segments.add(work, *where, created_by=me())
            if made is None and not replace:
                raise Refused(
                    f"「{called}」という名前はもうあります。", "置きかえるなら --replace を付けてください。"
                )
            made, deed = (made, "save") if made else (named_segments.change(work, *where), "change")
            assert made is not None
            audit.note(work, me(), deed, "segment", made.id, made.channel)
            count = count_recipients(work, made.channel, made.segment)
        if json:
            output.as_json(_facts(house, made, count))
            return
        output.say(
            f"@{made.name} に名前をつけました: {in_words(made.segment, house)}（いま {count} 人）",
            output.GOOD,
        )
        output.say(f"使い方: --to @{made.name}", output.QUIET)


@app.command("list")
def list_(channel: Channel = None, json: Json = False) -> None:
    """名前をつけた相手の一覧。

    例: tsunagari broadcast segment list
    """
    with open_house() as house:
        with house.db.look() as work:
            found = [
                (each, count_recipients(work, each.channel, each.segment))
                for each in named_segments.listed(work, channel)
            ]
        if json:
            output.as_json([_facts(house, *each) for each in found])
            return
        output.table(
            "名前をつけた相手",
            ("名前", "相手", "いまの人数", "チャネル"),
            ((f"@{each.name}", in_words(each.segment, house), count, each.channel) for each, count in found),
        )


@app.command()
def show(name: Name, channel: Channel = None, json: Json = False) -> None:
    """名前をつけた相手を1つ見ます。

    例: tsunagari broadcast segment show 鳥取の講座
    """
    with open_house() as house:
        found = _find(house, name, channel)
        with house.db.look() as work:
            count = count_recipients(work, found.channel, found.segment)
        if json:
            output.as_json(_facts(house, found, count))
            return
        output.fields(
            {
                "名前": f"@{found.name}",
                "相手": in_words(found.segment, house),
                "いまの人数": count,
                "チャネル": found.channel,
                "つけた人": found.created_by,
                "つけた日時": output.moment(found.created_at),
                "変えた日時": output.moment(found.changed_at),
            }
        )


@app.command()
def delete(name: Name, channel: Channel = None, yes: Yes = False) -> None:
    """名前を消します。この名前で予約した配信は、そのまま送られます。

    例: tsunagari broadcast segment delete 鳥取の講座 --yes
    """
    with open_house() as house:
        found = _find(house, name, channel)
        if not yes:
            output.not_yet(
                [f"@{found.name} を消します: {in_words(found.segment, house)}"],
                "同じ命令に --yes を付けてください。",
            )
            return
        with house.db.work() as work:
            if named_segments.remove(work, found.id):
                audit.note(work, me(), "delete", "segment", found.id, found.channel)
        output.say(f"@{found.name} を消しました。", output.GOOD)


def _checked(name: str) -> str:
    """The name as it is kept: one that can be typed after @ without quotes."""
    plain = plain_name(name).removeprefix("@")
    if not 1 <= len(plain) <= LONGEST_NAME:
        raise Refused(f"名前は 1〜{LONGEST_NAME} 文字です（いま {len(plain)} 文字）。")
    if not typable(plain):
        raise Refused(
            f"「{plain}」は --to @… のあとに書けません。",
            '空白 かっこ = , @ " と、かつ・または・以外を使わない名前にしてください。',
        )
    return plain


def _find(house: House, name: str, channel: str | None) -> NamedSegment:
    wanted = plain_name(name).removeprefix("@")
    with house.db.look() as work:
        known = named_segments.listed(work, channel)
    found = [each for each in known if each.name == wanted]
    if not found:
        unknown("名前の相手", wanted, [each.name for each in known])
    if len(found) > 1:
        told = "、".join(each.channel for each in found)
        raise Refused(f"@{wanted} はいくつかのチャネルにあります。", f"--channel で選んでください: {told}")
    return found[0]


def _facts(house: House, found: NamedSegment, count: int) -> dict[str, Any]:
    return {
        "name": found.name,
        "channel": found.channel,
        "segment": as_plain(found.segment),
        "words": in_words(found.segment, house),
        "recipients": count,
        "created_by": found.created_by,
        "created_at": found.created_at,
        "changed_at": found.changed_at,
    }
