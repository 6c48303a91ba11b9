"""`tsunagari broadcast series …`: what comes again. It is made by `broadcast schedule --repeat`."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from bot.broadcasting.forms import Contents
from bot.broadcasting.words import gist, in_lines
from bot.cli import output, repeats
from bot.cli.broadcast_house import STATUS as STATUS_OF_ONE
from bot.cli.broadcast_house import Channel, Json, enter, lateness, me, minutes
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from bot.cli.segment_words import in_words
from bot.recurrence import Rule, from_json, next_due
from jobs import series as job
from storage import audit, broadcast_series, broadcasts
from storage.broadcast_series import Series
from storage.broadcasts import Broadcast
from storage.segments import as_plain
from storage.transitions import NotPermitted
from storage.work import Work

app = typer.Typer(no_args_is_help=True, help="くり返すお知らせ（一覧・一時停止・中止）")

KIND = "broadcast_series"  # in the audit list
STATUS = {
    "awaiting": "承認待ち",
    "active": "くり返し中",
    "paused": "一時停止中",
    "ended": "終わり",
    "cancelled": "中止",
}
NEXT = 5  # turns that are shown
Id = Annotated[str, typer.Argument(metavar="ID", help="くり返しのID（series list で分かります）。")]
Yes = Annotated[bool, typer.Option("--yes", hidden=True)]


@app.command("list")
def list_(channel: Channel = None, json: Json = False) -> None:
    """くり返しの一覧（新しい順）。

    例: tsunagari broadcast series list
    """
    with open_house() as house:
        with house.db.look() as work:
            found = broadcast_series.listed(work, channel)
            due = {each.series_id: each.waits_until for each in broadcast_series.standing(work)}
        if json:
            output.as_json([_facts(each) | {"next_due_at": due.get(each.id)} for each in found])
            return
        output.table(
            "くり返し",
            ("ID", "名前", "いつ", "状態", "相手", "つぎ"),
            (
                (
                    each.id,
                    name(each),
                    repeats.briefly(from_json(each.rule)),
                    STATUS[each.status],
                    in_words(each.segment, house),
                    output.moment(due.get(each.id)),
                )
                for each in found
            ),
            empty='ありません。作るには: tsunagari broadcast schedule --repeat "毎月 第2火曜" --at 10:00 …',
        )


@app.command()
def show(series_id: Id, json: Json = False) -> None:
    """1つのくり返しと、これからの予定・これまでの配信を見ます。

    例: tsunagari broadcast series show 0199a0c3…
    """
    with open_house() as house:
        with house.db.look() as work:
            found = find(work, series_id)
            ones = broadcasts.listed(work, series_id=series_id)
        rule = from_json(found.rule)
        turns = _turns(found, ones, house.now)
        if json:
            made = [{"id": one.id, "status": one.status, "due_at": one.due_at} for one in ones]
            output.as_json(_facts(found) | {"coming": turns, "broadcasts": made})
            return
        output.fields(
            {
                "ID": found.id,
                "名前": name(found),
                "いつ": repeats.in_words(rule),
                "状態": STATUS[found.status],
                "相手": in_words(found.segment, house),
                "おくれ": lateness(found.late_limit),
                "夜に送る理由": found.urgent_reason,
                "作った人": found.created_by,
                "承認した人": found.approved_by,
                "これから": "、".join(output.day(each.date()) for each in turns) or None,
            }
        )
        for line in in_lines(Contents(found.messages, found.translations), house.content):
            output.say(line, output.QUIET)
        output.table(
            "配信",
            ("ID", "日時", "状態", "対象"),
            ((one.id, output.moment(one.due_at), STATUS_OF_ONE[one.status], one.recipients) for one in ones),
        )


@app.command()
def pause(series_id: Id, yes: Yes = False) -> None:
    """くり返しを一時止めます。送信中のものは止まりません（--yes は要りません）。

    例: tsunagari broadcast series pause 0199a0c3…
    """
    with open_house() as house:
        _step(house, series_id, "pause")
        output.say("一時停止しました。続けるときは broadcast series resume を使います。", output.GOOD)


@app.command()
def resume(series_id: Id, yes: Yes = False) -> None:
    """一時停止したくり返しを続けます。止めていた間の分は送りません（--yes は要りません）。

    例: tsunagari broadcast series resume 0199a0c3…
    """
    with open_house() as house:
        coming = _step(house, series_id, "resume")
        if coming is None:
            output.warn("送る日がもう残っていないので、このくり返しは終わりました。")
        else:
            output.say(f"再開しました。つぎは {output.moment(coming.due_at)} です。", output.GOOD)


@app.command()
def cancel(series_id: Id, yes: Yes = False) -> None:
    """くり返しをやめます。1回だけやめるときは broadcast cancel を使います（--yes は要りません）。

    例: tsunagari broadcast series cancel 0199a0c3…
    """
    with open_house() as house:
        _step(house, series_id, "cancel")
        output.say("中止しました。これからの回は送りません。", output.GOOD)


def find(work: Work, series_id: str) -> Series:
    """The series with this id, else refused."""
    found = broadcast_series.get(work, series_id)
    if found is None:
        raise Refused(
            f"「{series_id}」というくり返しはありません。",
            "tsunagari broadcast series list で確かめられます。",
        )
    return found


def name(series: Series) -> str:
    """Its title, else how its text begins."""
    return series.title or gist(series.messages)


def first_days(rule: Rule, now: dt.datetime) -> list[dt.datetime]:
    """The next turns of a rule that is about to be kept."""
    found: list[dt.datetime] = []
    while len(found) < NEXT and (due := next_due(rule, found[-1] if found else now)):
        found.append(due)
    return found


def _turns(series: Series, ones: tuple[Broadcast, ...], now: dt.datetime) -> list[dt.datetime]:
    """The turn that waits, and those after it."""
    waiting = [one.due_at.astimezone(now.tzinfo) for one in ones if one.status == "scheduled"]
    if series.status == "awaiting":
        return first_days(from_json(series.rule), now)
    if series.status != "active" or not waiting:
        return []
    return [waiting[0], *first_days(from_json(series.rule), waiting[0])][:NEXT]


def _step(house: House, series_id: str, deed: str) -> Broadcast | None:
    steps: dict[str, Callable[[Work, Series], Broadcast | None]]
    steps = {"pause": job.pause, "resume": job.resume, "cancel": job.cancel}
    with house.db.work() as work:
        found = broadcast_series.lock(work, series_id) or find(work, series_id)
        try:
            coming = steps[deed](work, found)
        except NotPermitted:
            words = {"pause": "一時停止", "resume": "再開", "cancel": "中止"}[deed]
            raise Refused(
                f"このくり返しは{words}できません（いまは「{STATUS[found.status]}」です）。"
            ) from None
        audit.note(work, me(), deed, KIND, series_id, found.channel)
    enter(house)
    return coming


def _facts(found: Series) -> dict[str, Any]:
    return {
        "id": found.id,
        "channel": found.channel,
        "title": name(found),
        "status": found.status,
        "rule": json.loads(found.rule),
        "when": repeats.in_words(from_json(found.rule)),
        "texts": len(found.messages),
        "segment": as_plain(found.segment),
        "late_minutes": minutes(found.late_limit),
        "urgent_reason": found.urgent_reason,
        "created_by": found.created_by,
        "approved_by": found.approved_by,
    }
