"""What is about to be sent, as it is shown before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from bot.broadcasting.rendering import links_of
from bot.broadcasting.words import in_lines
from bot.cli import output
from bot.cli.broadcast_content import Prepared, Source, prepare
from bot.cli.house import House
from bot.cli.segment import FIELDS, read_audience
from bot.cli.segment_words import in_words
from storage.recipients import count_recipients
from storage.segments import as_plain

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
    """What is about to be sent, and to whom: checked against LINE's limits before anything is written."""

    def __init__(
        self,
        house: House,
        source: Source,
        to: Sequence[str] | None,
        not_to: Sequence[str] | None,
        channel: str | None,
    ) -> None:
        audience = read_audience(
            house,
            source.option("to", to) or (),
            source.option("not", not_to) or (),
            source.option("channel", channel),
        )
        self.channel, self.segment = audience.channel, audience.segment
        self.prepared: Prepared = prepare(house, source, self.segment)
        self.messages, self.translations = self.prepared.messages, self.prepared.translations
        self.whom = in_words(self.segment, house)
        self._lines = list(in_lines(self.prepared.contents, house.content))
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
                    "languages": list(self.translations),
                    "links": links_of(self.prepared.contents),
                    **(more or {}),
                }
            )
            return
        lines = [f"いつ: {when}", *terms, f"だれに: {self.whom}（いま {self.count} 人）", *self._lines]
        output.not_yet(lines, how)
