"""`tsunagari broadcast preview`: who would get it, who not and why, what it costs, and how it looks. Nothing changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import phone_picture
from bot.cli import output
from bot.cli.broadcast_house import STATUS, Channel, Json
from bot.cli.broadcast_plan import NotTo, To, checked_texts
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from bot.cli.segment import ROLES, Audience, district_names, read_audience, town_names
from bot.cli.segment_words import in_words
from bot.line.client import WHILE_SOMEBODY_WAITS, LineClient, Quota
from bot.messages import Text
from storage import broadcasts
from storage.recipients import Glimpse, Reach, Reason, reach, sample
from storage.segments import as_plain

WHY: dict[Reason, str] = {
    "blocked": "ブロックしている、または友だちをやめた",
    "paused": "本人がお知らせを休んでいる",
    "danger": "危険を知らせる言葉から24時間たっていない",
    "concern": "本人の心配ごとを見守っている、または送った連絡に窓口がまだ答えていない",
    "topic": "この話題を選んでいない",
}
NOT_KNOWN = "分かりません"
_FIRST_EMOJI = 0x1F000  # our typeface has none

Id = Annotated[
    str | None, typer.Argument(metavar="[ID]", help="予約した配信のID。なければ --text と --to で。")
]
Texts = Annotated[list[str] | None, typer.Option("--text", help="送る文章。くり返すと最大5通まで。")]


def preview(
    broadcast_id: Id = None,
    text: Texts = None,
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

    例: tsunagari broadcast preview 0199a0c3…
    """
    with open_house() as house:
        at = house.now
        if broadcast_id is None:
            texts = checked_texts(text) if text else []
            audience = read_audience(house, to or (), not_to or (), channel)
        elif text or to or not_to or channel:
            raise Refused("ID か、--text と --to か、どちらか一方を書いてください。")
        else:
            texts, audience, at = _planned(house, broadcast_id)
        with house.db.look() as work:
            reached = reach(work, audience.channel, audience.segment)
            some = sample(work, audience.channel, audience.segment)
        quota = _quota(house, audience.channel)
        if out is not None:
            _draw(house, audience.channel, texts, at, out)
        if json:
            output.as_json(_facts(audience, reached, some, quota, texts, out))
            return
        _show(house, audience, reached, some, quota)
        for number, each in enumerate(texts, 1):
            output.say(f"{number}通目: {each}", output.QUIET)
        if out is not None:
            output.say(f"電話での見え方: {out}", output.GOOD)
            if any(ord(sign) > _FIRST_EMOJI for each in texts for sign in each):
                output.say("絵文字は、この絵には出ません（電話では出ます）。", output.QUIET)


def _planned(house: House, broadcast_id: str) -> tuple[list[str], Audience, dt.datetime]:
    """Texts, recipients and time of what waits for its time."""
    with house.db.look() as work:
        found = broadcasts.get(work, broadcast_id)
    if found is None:
        raise Refused(
            f"「{broadcast_id}」という配信はありません。", "tsunagari broadcast list で確かめられます。"
        )
    if found.status not in ("scheduled", "awaiting"):
        raise Refused(
            f"この配信は「{STATUS[found.status]}」です。だれに送るかは、もう決まっています。",
            f"進みぐあい: tsunagari broadcast show {found.id}",
        )
    texts = [str(message["text"]) for message in found.messages]
    return texts, Audience(found.channel, found.segment), found.due_at


def _quota(house: House, channel: str) -> Quota | None:
    """What LINE says of this month; None where it says nothing within seconds."""
    client = LineClient(house.settings.channels, house.settings.line_api_base, WHILE_SOMEBODY_WAITS)
    try:
        return client.quota(channel)
    finally:
        client.close()


def _draw(house: House, channel: str, texts: Sequence[str], at: dt.datetime, out: Path) -> None:
    if not texts:
        raise Refused("絵にする文章がありません。", "--text を書いてください。")
    if out.suffix.lower() != ".png":
        raise Refused(f"「{out}」: 絵は PNG です。", "例: --out preview.png")
    name = house.content.channels[channel].name
    png = phone_picture.draw(name, [Text(text) for text in texts], f"{at.astimezone(output.TOKYO):%H:%M}")
    try:
        out.write_bytes(png)
    except OSError as trouble:
        raise Refused(f"{out} に書けません（{trouble.strerror}）。") from None


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
        "届かない人", ("わけ", "人数"), ((WHY[reason], count) for reason, count in reached.left_out.items())
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
    texts: Sequence[str],
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
        "messages": len(texts),
        "picture": None if out is None else str(out),
    }
