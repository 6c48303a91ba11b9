"""`tsunagari broadcast links`: how often each link of a broadcast was opened. By whom, nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bot.broadcasting.forms import Contents
from bot.broadcasting.rendering import links_of
from bot.cli import output
from bot.cli.broadcast_house import STATUS, Id, Json, one
from bot.cli.house import open_house
from storage import broadcast_links
from storage.broadcast_links import Link

TAPS = "開かれた回数。同じ人が2度開けば2回です。だれが開いたかは、数えていません。"


def links(broadcast_id: Id, json: Json = False) -> None:
    """配信の中のリンクが、それぞれ何回開かれたかを見ます。だれが開いたかは分かりません。

    例: tsunagari broadcast links 0199a0c3…
    """
    with open_house() as house:
        with house.db.look() as work:
            found = one(work, broadcast_id)
            counted = broadcast_links.of(work, found.id)
        if json:
            output.as_json(facts(counted))
            return
        if not counted and links_of(Contents(found.messages, found.translations)):
            output.say(f"リンクは、送り始めてから数えます（いまは「{STATUS[found.status]}」です）。")
            return
        table(counted)


def table(counted: Sequence[Link]) -> None:
    """Every link with its count."""
    output.table(
        "リンク",
        ("番号", "開くページ", "開かれた回数"),
        ((each.number, each.url, each.clicks) for each in counted),
        empty="数えているリンクはありません。",
    )
    if counted:
        output.say(TAPS, output.QUIET)


def facts(counted: Sequence[Link]) -> list[dict[str, Any]]:
    """For programs; without the token, by which everybody could add to the count."""
    return [{name: value for name, value in asdict(each).items() if name != "token"} for each in counted]
