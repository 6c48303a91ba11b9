"""`tsunagari broadcast calendar`: what goes out on which of the coming days, and which of them are holidays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from bot.broadcasting.words import gist
from bot.cli import output
from bot.cli.broadcast_house import Channel, Json
from bot.cli.broadcast_series import name
from bot.cli.house import open_house
from bot.cli.segment import RHYTHMS as CALLED
from bot.cli.segment_words import in_words
from bot.content.news import NewsPlan, Rhythm
from bot.recurrence import holiday
from jobs import series as job
from storage import broadcast_series, broadcasts
from storage.segments import Segment, as_plain

GATHERED: Final[tuple[Rhythm, ...]] = ("week", "month")  # the daily ones would hide everything else


@dataclass(frozen=True)
class Turn:
    """One broadcast to come; without an id where its series will make it later."""

    due_at: dt.datetime
    broadcast_id: str | None
    series_id: str | None
    title: str
    segment: Segment
    awaits_approval: bool


def calendar(
    days: Annotated[int, typer.Option("--days", min=1, max=1100, help="今日から何日分を見るか。")] = 90,
    channel: Channel = None,
    json: Json = False,
) -> None:
    """これから送る予定を、くり返しの分と、お知らせをまとめて届ける便もあわせて、日付の順に見ます（ふつうは90日分）。

    例: tsunagari broadcast calendar --days 30
    """
    with open_house() as house:
        today = house.now.date()
        last = today + dt.timedelta(days=days)
        until = dt.datetime.combine(last, dt.time.max, house.now.tzinfo)
        with house.db.look() as work:
            waiting = [each for each in broadcasts.scheduled(work) if channel in (None, each.channel)]
            active = (
                *broadcast_series.listed(work, channel, status="active"),
                *broadcast_series.listed(work, channel, status="awaiting"),
            )
            paused = broadcast_series.listed(work, channel, status="paused")
        begins = {
            each.series_id: each.due_at for each in waiting if each.series_id and each.status == "scheduled"
        }
        titles = {each.id: name(each) for each in active}
        turns = [
            Turn(
                each.due_at,
                each.id,
                each.series_id,
                titles.get(each.series_id or "") or gist(each.messages),
                each.segment,
                each.status == "awaiting",
            )
            for each in waiting
            if each.due_at <= until
        ]
        turns += [
            Turn(due_at, None, each.id, name(each), each.segment, each.status == "awaiting")
            for each in active
            for due_at in job.coming(each, begins.get(each.id, house.now), until)
        ]
        turns.sort(key=lambda turn: (turn.due_at, turn.title))
        nearby = (today + dt.timedelta(days=n) for n in range(days + 1))
        holidays = [(day, named) for day in nearby if (named := holiday(day))]
        digests = sorted(_digests(house.content.news, house.now, until))
        if json:
            output.as_json(
                {
                    "from": today,
                    "until": last,
                    "broadcasts": [{**vars(turn), "segment": as_plain(turn.segment)} for turn in turns],
                    "digests": [{"at": at, "rhythm": rhythm} for at, rhythm in digests],
                    "holidays": [{"day": day, "name": named} for day, named in holidays],
                }
            )
            return
        midnights = [
            (dt.datetime.combine(day, dt.time(), house.now.tzinfo), named) for day, named in holidays
        ]
        rows = [(begin, (output.day(begin.date()), f"（{named}）", "", "", "")) for begin, named in midnights]
        rows += [
            (
                turn.due_at,
                (
                    output.moment(turn.due_at),
                    turn.title,
                    ("くり返し" if turn.series_id else "1回")
                    + ("（承認待ち）" if turn.awaits_approval else ""),
                    in_words(turn.segment, house),
                    turn.broadcast_id or "",
                ),
            )
            for turn in turns
        ]
        rows += [
            (at, (output.moment(at), f"お知らせの便（{CALLED[rhythm]}）", "まとめて", "この届け方の人", ""))
            for at, rhythm in digests
        ]
        rows.sort(key=lambda row: row[0])
        output.table(
            f"これから{days}日の予定: {len(turns)} 件",
            ("日時", "お知らせ", "種類", "相手", "ID"),
            (cells for _, cells in rows),
        )
        if paused:
            output.warn(
                f"一時停止中のくり返しが {len(paused)} 件あります（tsunagari broadcast series list）。"
            )


def _digests(plan: NewsPlan, after: dt.datetime, until: dt.datetime) -> Iterator[tuple[dt.datetime, Rhythm]]:
    """When news go out that were gathered; whether there will be any, nobody knows yet."""
    for rhythm in GATHERED:
        at = plan.coming(rhythm, after)
        while at <= until:
            yield at, rhythm
            at = plan.coming(rhythm, at)
