"""`tsunagari news`: what is told to residents and supporters in digests, entered over the month."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import news_digest, output
from bot.cli.broadcast_house import As, Channel, Json, Yes, me
from bot.cli.house import open_house
from bot.cli.news_entry import FIELDS, changed, facts, read_told, same_as, translated, when_told
from bot.cli.news_files import read_file
from bot.cli.output import Refused
from bot.cli.segment import language_names, topic_names, town_names
from storage import audit, news_items
from storage.news_items import Item
from storage.work import Work

app = typer.Typer(
    no_args_is_help=True, help="お知らせ（まとめて届けるもの）を入れる・見る・直す・消す・送る。"
)

Id = Annotated[str, typer.Argument(metavar="ID", help="お知らせのID（list で分かります）。")]
Topic = Annotated[str | None, typer.Option("--topic", help="種類。例: 地域食堂")]
Towns = Annotated[
    list[str] | None, typer.Option("--town", help="市町（いくつでも。なければ、すべての市町）。例: 岩美町")
]
Title = Annotated[str | None, typer.Option("--title", help="題（40文字まで）。")]
Words = Annotated[str | None, typer.Option("--text", help="文（200文字まで）。")]
On = Annotated[str | None, typer.Option("--on", help="行事の日（過ぎたら届けません）。例: 2026-12-06、12/6")]
Link = Annotated[str | None, typer.Option("--link", help="くわしいページ。https:// で始まる住所")]
Until = Annotated[
    str | None, typer.Option("--until", help="いつまでお知らせとして届けるか（ふつうは行事の日か、40日後）。")
]


@app.command()
def add(
    topic: Topic = None,
    town: Towns = None,
    title: Title = None,
    text: Words = None,
    on: On = None,
    link: Link = None,
    until: Until = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="表（CSV）からまとめて入れる。--yes を付けるまでは下見だけ。"),
    ] = None,
    channel: Channel = None,
    who: As = None,
    yes: Annotated[bool, typer.Option("--yes", help="--file の中身を入れる（付けないと下見だけ）。")] = False,
    json: Json = False,
) -> None:
    """お知らせを1つ（または表でいくつも）入れます。つぎの便で、その種類をえらんだ人に届きます。

    例: tsunagari news add --topic 地域食堂 --town 岩美町 --title みんなで昼ごはん --text "浦富公民館で11時から。" --on 12/6

    例: tsunagari news add --file 12月のお知らせ.csv --yes

    表の1行目: 種類,市町,題,文,日,リンク,期限（ほかの言語は「題（英語）」「文（英語）」のような列で）
    """
    given = {"topic": topic, "town": "、".join(town or ()), "title": title, "text": text}
    given |= {"on": on, "link": link, "until": until}
    with open_house() as house:
        if file is not None:
            if any(given.values()):
                raise Refused("--file のときは、--topic や --text を書きません。", "表の中に書いてください。")
            read_file(house, file, channel, me(who), yes, json)
            return
        told = read_told(house, given)
        where = house.channel_of(told.towns, channel)
        with house.db.work() as work:
            if there := same_as(work, where, told, house.now.date()):
                raise Refused(
                    f"同じお知らせが、もう入っています（ID {there.id}）。",
                    f"直すには: tsunagari news edit {there.id} …",
                )
            made = news_items.add(work, where, told, me(who))
            audit.note(work, me(who), "added", "news", made.id, where)
        if json:
            output.as_json(facts(made))
            return
        output.say(f"入れました。ID {made.id}", output.GOOD)
        for line in when_told(house, made):
            output.say(line)


@app.command("list")
def list_(
    over: Annotated[bool, typer.Option("--all", help="終わったお知らせも出す。")] = False,
    channel: Channel = None,
    json: Json = False,
) -> None:
    """入っているお知らせと、つぎの便の日時を見ます。

    例: tsunagari news list
    """
    with open_house() as house:
        today = house.now.date()
        with house.db.look() as work:
            items = [item for item in news_items.listed(work, channel) if over or _is_news(item, today)]
        if json:
            output.as_json([facts(item) for item in items])
            return
        news_digest.say_turns(house)
        topics, towns = topic_names(house.content), town_names(house.content)
        output.table(
            "お知らせ",
            ("ID", "種類", "市町", "行事の日", "題", "期限", "ほかの言語"),
            (
                (
                    item.id,
                    topics.get(item.told.topic, item.told.topic),
                    "、".join(towns.get(key, key) for key in item.told.towns) or "すべて",
                    output.day(item.told.on) if item.told.on else "－",
                    item.told.words.title,
                    output.day(item.told.until) if _is_news(item, today) else "終わり",
                    "、".join(house.content.language(key).called for key in item.told.translations) or "－",
                )
                for item in items
            ),
            empty="ありません。例: tsunagari news add --topic 地域食堂 --title … --text …",
        )


@app.command()
def edit(
    item_id: Id,
    topic: Topic = None,
    town: Towns = None,
    title: Title = None,
    text: Words = None,
    on: On = None,
    link: Link = None,
    until: Until = None,
    language: Annotated[
        str | None, typer.Option("--in", help="この言語での題と文を書く。例: --in 英語 --title … --text …")
    ] = None,
    who: As = None,
) -> None:
    """お知らせを直します。書いたところだけが変わります。もう届いた人には、もう一度は届きません。

    例: tsunagari news edit 0199a0c3… --text "12時からに変わりました。"

    例: tsunagari news edit 0199a0c3… --in 英語 --title "Lunch together" --text "From 11:00, everybody is welcome."
    """
    given = {"topic": topic, "town": "、".join(town) if town else None, "title": title, "text": text}
    given |= {"on": on, "link": link, "until": until}
    with open_house() as house:
        if not any(value is not None for value in given.values()):
            raise Refused(
                "直すところが書かれていません。", f"使えるもの: {'、'.join(f'--{name}' for name in FIELDS)}"
            )
        with house.db.work() as work:
            news_items.hold(work)
            item = _find(work, item_id)
            if language is not None:
                key = output.one_of("言語", language, language_names(house.content))
                told = translated(item.told, key, given)
            else:
                told = changed(house, item.told, given)
            news_items.change(work, item, told)
            audit.note(work, me(who), "changed", "news", item.id, item.channel)
        output.say(f"直しました。ID {item.id}", output.GOOD)


@app.command()
def remove(item_id: Id, yes: Yes = False, who: As = None) -> None:
    """お知らせを消します。まだ届いていない人には、届かなくなります。

    例: tsunagari news remove 0199a0c3… --yes
    """
    with open_house() as house:
        with house.db.look() as work:
            item = _find(work, item_id)
        if not yes:
            output.not_yet(
                [f"「{item.told.words.title}」を消します。もう届いた人の電話からは、消えません。"],
                f"tsunagari news remove {item.id} --yes",
            )
            return
        with house.db.work() as work:
            news_items.remove(work, item.id)
            audit.note(work, me(who), "removed", "news", item.id, item.channel)
        output.say(f"「{item.told.words.title}」を消しました。", output.GOOD)


def _find(work: Work, item_id: str) -> Item:
    found = news_items.get(work, item_id)
    if found is None:
        meant = output.meant_id(item_id, (item.id for item in news_items.listed(work)))
        raise Refused(
            f"「{item_id}」というお知らせはありません。", meant or "tsunagari news list で確かめられます。"
        )
    return found


def _is_news(item: Item, today: dt.date) -> bool:
    return min(item.told.until, item.told.on or item.told.until) >= today


news_digest.add_to(app)  # after those of this file, in the help too
