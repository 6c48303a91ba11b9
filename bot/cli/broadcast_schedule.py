"""`tsunagari broadcast schedule|send`: at a time, again and again, or now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated

import typer

from bot.cli import broadcast_series, output, repeats
from bot.cli.broadcast_house import Channel, Json, Urgent, Yes, checked_urgent, enter, lateness, me
from bot.cli.broadcast_plan import NotTo, Plan, Texts, To
from bot.cli.house import House, open_house
from bot.cli.moments import read_moment
from bot.cli.output import Refused
from bot.recurrence import Rule
from jobs import broadcast as job
from jobs import series, timetable
from storage import audit, broadcasts
from storage.work import Work


def schedule(
    text: Texts,
    at: Annotated[
        str,
        typer.Option("--at", help="日時（日本時間）。例: 2026-12-01 10:00。くり返すときは時刻だけ: 10:00"),
    ],
    to: To = None,
    not_to: NotTo = None,
    channel: Channel = None,
    repeat: Annotated[
        str | None,
        typer.Option("--repeat", help="くり返し。書き方: " + " ／ ".join(repeats.EXAMPLES)),
    ] = None,
    begin: Annotated[str | None, typer.Option("--from", help="くり返しの始まりの日。ふつうは今日。")] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="くり返しの終わりの日（この日も送る）。")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--except", help="のぞく日や曜日。例: 12/24、12/29〜1/3、土日")
    ] = None,
    holiday: Annotated[
        str | None,
        typer.Option(
            "--holiday",
            help="祝日に当たったら: 送る / 送らない / 前の平日 / 次の平日（send skip before after）",
        ),
    ] = None,
    title: Annotated[str, typer.Option("--title", help="くり返しの名前（一覧に出ます）。")] = "",
    late: Annotated[
        int,
        typer.Option(
            "--late", min=0, max=1440, help="何分までならおくれても送るか。0ならおくれたら送らない。"
        ),
    ] = 60,
    urgent: Urgent = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """日時を決めて配信を予約します。--repeat でくり返します。

    例: tsunagari broadcast schedule --text "講座です" --at "2026-12-01 10:00" --to town=鳥取市 --to role=supporter --yes

    例: tsunagari broadcast schedule --text "地域食堂です" --repeat "毎月 第2火曜" --at 10:00 --holiday 次の平日 --to everyone
    """
    late_limit = dt.timedelta(minutes=late)
    if repeat is not None:
        with open_house() as house:
            rule = repeats.read_rule(
                repeat,
                at,
                house.now,
                begin=begin,
                until=until,
                without=without or (),
                holiday=holiday or "send",
            )
            reason = checked_urgent(urgent, rule.moment(rule.first), house)
            plan = Plan(house, text, to, not_to, channel)
            _schedule_series(house, plan, rule, title, late_limit, reason, yes=yes, json=json)
        return
    _only_with_repeat(
        {"--from": begin, "--until": until, "--except": without, "--holiday": holiday, "--title": title}
    )
    due_at = read_moment(at)
    with open_house() as house:
        if due_at <= house.now:
            raise Refused(
                f"{output.moment(due_at)} はもう過ぎています（いまは {output.moment(house.now)}）。",
                "これからの日時を指定するか、すぐ送るなら broadcast send を使ってください。",
            )
        reason = checked_urgent(urgent, due_at, house)
        plan = Plan(house, text, to, not_to, channel)
        if plan.count == 0:
            output.warn(f"いまの時点で、送る相手（{plan.whom}）は 0 人です。")
        if not yes:
            plan.show(
                output.moment(due_at), "同じ命令に --yes を付けてください。", json, _terms(late_limit, reason)
            )
            return
        with house.db.work() as work:
            made = broadcasts.schedule(
                work,
                plan.channel,
                plan.messages,
                plan.segment,
                due_at,
                created_by=me(),
                late_limit=late_limit,
                urgent_reason=reason,
            )
            _note(work, "schedule", "broadcast", made.id, made.channel, reason)
        timetable.plan_broadcast(house.db, made.id, due_at)
        _done(f"{output.moment(due_at)} に予約しました（いまの時点で {plan.count} 人）。", made.id, json)


def _schedule_series(
    house: House,
    plan: Plan,
    rule: Rule,
    title: str,
    late_limit: dt.timedelta,
    reason: str | None,
    *,
    yes: bool,
    json: bool,
) -> None:
    if plan.count == 0:
        output.warn(f"いまの時点で、送る相手（{plan.whom}）は 0 人です。")
    when = repeats.in_words(rule)
    if not yes:
        turns = broadcast_series.first_days(rule, house.now)
        days = "、".join(output.day(turn.date()) for turn in turns)
        lines = [f"はじめの{len(turns)}回: {days}", *_terms(late_limit, reason)]
        plan.show(when, "同じ命令に --yes を付けてください。", json, lines, {"when": when, "coming": turns})
        return
    with house.db.work() as work:
        made, first = series.begin(
            work,
            plan.channel,
            title.strip(),
            plan.messages,
            plan.segment,
            rule,
            created_by=me(),
            late_limit=late_limit,
            urgent_reason=reason,
        )
        _note(work, "schedule", broadcast_series.KIND, made.id, made.channel, reason)
    enter(house)
    _done(
        f"{repeats.briefly(rule)} で予約しました。1回目は {output.moment(first.due_at)} です"
        f"（いまの時点で {plan.count} 人）。",
        made.id,
        json,
    )


def send(
    text: Texts,
    to: To = None,
    not_to: NotTo = None,
    channel: Channel = None,
    urgent: Urgent = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """いますぐ配信します。

    例: tsunagari broadcast send --text "大雪のため、本日の講座は中止します" --to role=supporter --yes
    """
    with open_house() as house:
        reason = checked_urgent(urgent, house.now, house)
        plan = Plan(house, text, to, not_to, channel)
        if plan.count == 0:
            raise Refused(f"送る相手（{plan.whom}）が 0 人です。", "--to の条件を確かめてください。")
        if not yes:
            plan.show("いますぐ", "同じ命令に --yes を付けてください。", json, _terms(None, reason))
            return
        with house.db.work() as work:
            made = broadcasts.schedule(
                work,
                plan.channel,
                plan.messages,
                plan.segment,
                work.now,
                created_by=me(),
                urgent_reason=reason,
            )
            _note(work, "send", "broadcast", made.id, made.channel, reason)
        job.fire(house, made.id, made.due_at)
        _done(
            f"{plan.count} 人への送信を始めました。進みぐあい: tsunagari broadcast show {made.id}",
            made.id,
            json,
        )


def _note(work: Work, deed: str, kind: str, subject_id: str, channel: str, reason: str | None) -> None:
    audit.note(work, me(), deed, kind, subject_id, channel)
    if reason is not None:
        audit.note(
            work, me(), "urgent", kind, subject_id, channel
        )  # the reason itself stands, sealed, in the row


def _terms(late_limit: dt.timedelta | None, reason: str | None) -> list[str]:
    """Lines of the dry run: how late it may be, and why it may go out at night."""
    late = [] if late_limit is None else [f"おくれ: {lateness(late_limit)}"]
    return late + ([] if reason is None else [f"夜に送る理由: {reason}"])


def _only_with_repeat(given: Mapping[str, object]) -> None:
    for option, value in given.items():
        if value:
            raise Refused(
                f"{option} は --repeat といっしょに使います。", '例: --repeat "毎週 火・木" --at 10:00'
            )


def _done(words: str, broadcast_id: str, json: bool) -> None:
    """The id alone on the last line, so that a script can take it."""
    if json:
        output.as_json({"id": broadcast_id})
        return
    output.say(words, output.GOOD)
    typer.echo(broadcast_id)
