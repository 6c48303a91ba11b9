"""`tsunagari broadcast preview`: who would get it, who not and why, what it costs, and how it looks. Nothing changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.broadcasting.digest import digest_of
from bot.broadcasting.forms import Contents
from bot.broadcasting.making import course_of
from bot.broadcasting.words import in_lines
from bot.cli import output
from bot.cli.broadcast_content import File, Prepared, Source, Texts, prepare, source_of
from bot.cli.broadcast_house import STATUS, Channel, Json
from bot.cli.broadcast_plan import NotTo, To
from bot.cli.broadcast_variants import Shown, draw, has_emoji, table, variants_of
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from bot.cli.segment import ROLES, Audience, district_names, read_audience, town_names
from bot.cli.segment_words import LEFT_OUT, in_words
from bot.line.client import WHILE_SOMEBODY_WAITS, LineClient, Quota
from storage import broadcasts
from storage.recipients import Glimpse, Reach, count_recipients, reach, sample
from storage.segments import All, Fits, as_plain, values_of

NOT_KNOWN = "分かりません"

Id = Annotated[
    str | None, typer.Argument(metavar="[ID]", help="予約した配信のID。なければ --text か --file で。")
]


def preview(
    broadcast_id: Id = None,
    text: Texts = None,
    file: File = None,
    to: To = None,
    not_to: NotTo = None,
    channel: Channel = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="電話での見え方を絵にするファイル。例: preview.png")
    ] = None,
    json: Json = False,
) -> None:
    """送る前に、だれに届くか、届かない人とそのわけ、通数、見え方を確かめます。何も送らず、何も変えません。

    例: tsunagari broadcast preview --text "講座です" --to town=鳥取市 --to topic=講座・研修 --out preview.png

    例: tsunagari broadcast preview --text "大雪です" --to "(town=鳥取市 または town=岩美町) かつ role=サポーター"

    例: tsunagari broadcast preview --file tsudoi.yaml --out preview.png

    例: tsunagari broadcast preview 0199a0c3…
    """
    with open_house() as house:
        at = house.now
        if broadcast_id is None:
            prepared, audience = _given(house, text, file, to, not_to, channel)
        elif text or file or to or not_to or channel:
            raise Refused("ID か、--text・--file と --to か、どちらか一方を書いてください。")
        else:
            prepared, audience, at = _planned(house, broadcast_id)
        with house.db.look() as work:
            reached = reach(work, audience.channel, audience.segment)
            some = sample(work, audience.channel, audience.segment)
        shown = variants_of(house, audience, prepared) if prepared else ()
        quota = _quota(house, audience.channel)
        if out is not None:
            draw(house, audience.channel, shown, at, out)
        if json:
            output.as_json(_facts(audience, reached, some, quota, prepared, shown, out))
            return
        _show(house, audience, reached, some, quota)
        _rather_a_digest(house, audience)
        if prepared is None:
            return
        if len(shown) > 1:
            table(shown)
        for line in in_lines(prepared.contents, house.content):
            output.say(line, output.QUIET)
        if out is not None:
            output.say(f"電話での見え方: {out}", output.GOOD)
            if has_emoji(shown):
                output.say("絵文字は、この絵には出ません（電話では出ます）。", output.QUIET)


def _given(
    house: House,
    text: list[str] | None,
    file: Path | None,
    to: list[str] | None,
    not_to: list[str] | None,
    channel: str | None,
) -> tuple[Prepared | None, Audience]:
    """What was typed, or stands in the file; without either, only whom it would reach."""
    source: Source | None = source_of(text, file) if text or file else None
    if source is not None:
        to, not_to = source.option("to", to), source.option("not", not_to)
        channel = source.option("channel", channel)
    audience = read_audience(house, to or (), not_to or (), channel)
    return (None if source is None else prepare(house, source, audience.segment)), audience


def _planned(house: House, broadcast_id: str) -> tuple[Prepared, Audience, dt.datetime]:
    """What waits for its time: contents, recipients and time."""
    with house.db.look() as work:
        found = broadcasts.get(work, broadcast_id)
        course = course_of(work, found.segment) if found else None
    if found is None:
        raise Refused(
            f"「{broadcast_id}」という配信はありません。", "tsunagari broadcast list で確かめられます。"
        )
    if found.status not in ("scheduled", "awaiting"):
        raise Refused(
            f"この配信は「{STATUS[found.status]}」です。だれに送るかは、もう決まっています。",
            f"進みぐあい: tsunagari broadcast show {found.id}",
        )
    if digest_of(found.messages):
        raise Refused(
            "これは、まとめて届けるお便りです。", "tsunagari news preview で、届くものが見られます。"
        )
    contents = Contents(found.messages, found.translations)
    return Prepared(contents, course=course), Audience(found.channel, found.segment), found.due_at


def _quota(house: House, channel: str) -> Quota | None:
    """What LINE says of this month; None where it says nothing within seconds."""
    client = LineClient(house.settings.channels, house.settings.line_api_base, WHILE_SOMEBODY_WAITS)
    try:
        return client.quota(channel)
    finally:
        client.close()


# ---- for people --------------------------------------------------------------------------------------------


def _show(
    house: House, audience: Audience, reached: Reach, some: Sequence[Glimpse], quota: Quota | None
) -> None:
    output.fields(
        {
            "相手": in_words(audience.segment, house),
            "チャネル": audience.channel,
            "届く見こみ": f"{reached.recipients} 人（いまの時点）",
            "今月の通数": _quota_words(quota, reached.recipients),
        }
    )
    if reached.recipients == 0:
        output.warn("いまの時点で、届く人は 0 人です。")
    elif quota is not None and quota.limit is not None and quota.used + reached.recipients > quota.limit:
        output.warn("今月の通数が足りません。全員には送れません。")
    output.table(
        "届かない人",
        ("わけ", "人数"),
        ((LEFT_OUT[reason], count) for reason, count in reached.left_out.items()),
    )
    towns, districts = town_names(house.content), district_names(house.content)
    output.table(
        "届く人の例（名前は出ません）",
        ("市町", "地区", "役割", "登録の日"),
        (
            (
                towns.get(each.town or "", "－"),
                districts.get(each.district or "", "－"),
                ROLES[each.role],
                output.day(each.since.astimezone(output.TOKYO).date()) if each.since else "－",
            )
            for each in some
        ),
    )


def _rather_a_digest(house: House, audience: Audience) -> None:
    """Who takes these topics once a week or a month gets this at once all the same: staff know what cannot wait."""
    topics = [each for each in values_of(audience.segment, "topic") if each not in house.content.news.at_once]
    if not topics:
        return
    rarer = Fits("rhythm", tuple(f"{rhythm}.{topic}" for rhythm in ("week", "month") for topic in topics))
    with house.db.look() as work:
        count = count_recipients(work, audience.channel, All((audience.segment, rarer)))
    if count:
        output.say(
            f"このうち {count} 人は、まとめて受けとりたい人です（この配信は、すぐに届きます）。"
            "急がないものは tsunagari news add で入れてください。",
            output.WARN,
        )


def _quota_words(quota: Quota | None, recipients: int) -> str:
    """One person counts once, however many bubbles they get: so LINE counts."""
    if quota is None:
        return f"{NOT_KNOWN}（LINEに聞けませんでした）。この配信で {recipients} 通"
    after = quota.used + recipients
    if quota.limit is None:
        return f"上限なし。いままで {quota.used} 通、送ったあと {after} 通"
    return f"上限 {quota.limit} 通。いまの残り {quota.limit - quota.used} 通、送ったあと {quota.limit - after} 通"


# ---- for programs ------------------------------------------------------------------------------------------


def _facts(
    audience: Audience,
    reached: Reach,
    some: Sequence[Glimpse],
    quota: Quota | None,
    prepared: Prepared | None,
    shown: Sequence[Shown],
    out: Path | None,
) -> Mapping[str, Any]:
    return {
        "channel": audience.channel,
        "segment": as_plain(audience.segment),
        "recipients": reached.recipients,
        "left_out": dict(reached.left_out),
        "sample": [asdict(each) for each in some],
        "quota": None
        if quota is None
        else {
            "limit": quota.limit,
            "used": quota.used,
            "used_after": quota.used + reached.recipients,
            "enough": quota.limit is None or quota.used + reached.recipients <= quota.limit,
        },
        "messages": len(prepared.messages) if prepared else 0,
        "variants": [each.facts() for each in shown],
        "picture": None if out is None else str(out),
    }
