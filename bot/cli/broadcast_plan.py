"""What is about to be sent, as it is shown before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from bot.cli import output
from bot.cli.house import House
from bot.cli.output import Refused
from bot.cli.segment import FIELDS, read_audience
from bot.cli.segment_words import in_words
from bot.messages import MESSAGES, TEXT_UNITS, Saying, Text, TooLong, utf16_units
from jobs import broadcast as job
from storage.recipients import count_recipients
from storage.segments import as_plain

Texts = Annotated[list[str], typer.Option("--text", help="送る文章。くり返すと最大5通まで。")]
To = Annotated[
    list[str] | None,
    typer.Option(
        "--to",
        help="送る相手。例: town=鳥取市,岩美町。ちがう項目をくり返すと「かつ」。全員は everyone。"
        "かっこと and or not（かつ・または・以外）も使えます。"
        f"項目: {'、'.join(f'{key}（{name}）' for key, name in FIELDS.items())}、@名前",
    ),
]
NotTo = Annotated[
    list[str] | None, typer.Option("--not", help="のぞく相手。書き方は --to と同じ。例: town=岩美町")
]


class Plan:
    """What is about to be sent: checked against LINE's limits before anything is written."""

    def __init__(
        self,
        house: House,
        texts: list[str],
        to: list[str] | None,
        not_to: list[str] | None,
        channel: str | None,
    ) -> None:
        self.messages: list[dict[str, Any]] = [{"text": text} for text in checked_texts(texts)]
        audience = read_audience(house, to or (), not_to or (), channel)
        self.channel, self.segment = audience.channel, audience.segment
        self.whom = in_words(self.segment, house)
        with house.db.look() as work:
            self.count = count_recipients(work, self.channel, self.segment)

    def show(
        self,
        when: str,
        how: str,
        json: bool,
        terms: Sequence[str] = (),
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """The dry run; `terms` are further lines for people, `more` further fields for programs."""
        if json:
            output.as_json(
                {
                    "dry_run": True,
                    "channel": self.channel,
                    "segment": as_plain(self.segment),
                    "recipients": self.count,
                    "messages": len(self.messages),
                    **(more or {}),
                }
            )
            return
        said = [f"{n}通目: {message['text']}" for n, message in enumerate(self.messages, 1)]
        lines = [f"いつ: {when}", *terms, f"だれに: {self.whom}（いま {self.count} 人）", *said]
        output.not_yet(lines, how)


def checked_texts(texts: list[str]) -> list[str]:
    """The same texts; refused where LINE would not take them."""
    if len(texts) > MESSAGES:
        raise Refused(f"一度に送れるのは {MESSAGES} 通までです（いま {len(texts)} 通）。")
    for number, text in enumerate(texts, 1):
        if not text.strip():
            raise Refused(f"{number}通目の文章が空です。")
        if utf16_units(text) > TEXT_UNITS:
            raise Refused(
                f"{number}通目が長すぎます（{utf16_units(text)} 文字、LINEの上限は {TEXT_UNITS}）。"
            )
    try:
        job.as_line([{"text": text} for text in texts])
        Saying(tuple(Text(text) for text in texts))
    except TooLong as too_long:
        raise Refused(f"LINEでは送れない文章です: {too_long}") from too_long
    return texts
