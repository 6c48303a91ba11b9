"""`tsunagari broadcast schedule|send`: at a time, again and again, or now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated

import typer

from bot.cli import broadcast_series, output, repeats
from bot.cli.broadcast_house import (
    Again,
    As,
    Channel,
    Json,
    Urgent,
    Yes,
    above,
    awaits,
    checked_urgent,
    enter,
    lateness,
    maker,
    refuse_twice,
)
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
    again: Again = False,
    who: As = None,
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
            refuse_twice(house, plan, broadcast_series.first_days(rule, house.now)[0], again)
            _schedule_series(house, plan, rule, title, late_limit, reason, who, yes=yes, json=json)
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
        refuse_twice(house, plan, due_at, again)
        if plan.count == 0:
            output.warn(f"いまの時点で、送る相手（{plan.whom}）は 0 人です。")
        if not yes:
            terms = [*_terms(late_limit, reason), *_approval(house, plan)]
            plan.show(output.moment(due_at), "同じ命令に --yes を付けてください。", json, terms)
            return
        by, waits = maker(house, plan.count, who), awaits(house, plan.count)
        with house.db.work() as work:
            made = broadcasts.schedule(
                work,
                plan.channel,
                plan.messages,
                plan.segment,
                due_at,
                created_by=by,
                late_limit=late_limit,
                urgent_reason=reason,
                awaits=waits,
            )
            _note(work, by, "schedule", "broadcast", made.id, made.channel, reason)
        timetable.plan_broadcast(house.db, made.id, due_at)
        if waits:
            _waits(plan, made.id, due_at + late_limit, json)
            return
        _done(f"{output.moment(due_at)} に予約しました（いまの時点で {plan.count} 人）。", made.id, json)


def _schedule_series(
    house: House,
    plan: Plan,
    rule: Rule,
    title: str,
    late_limit: dt.timedelta,
    reason: str | None,
    who: str | None,
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
        lines = [f"はじめの{len(turns)}回: {days}", *_terms(late_limit, reason), *_approval(house, plan)]
        plan.show(when, "同じ命令に --yes を付けてください。", json, lines, {"when": when, "coming": turns})
        return
    by, waits = maker(house, plan.count, who), awaits(house, plan.count)
    with house.db.work() as work:
        made, first = series.begin(
            work,
            plan.channel,
            title.strip(),
            plan.messages,
            plan.segment,
            rule,
            created_by=by,
            late_limit=late_limit,
            urgent_reason=reason,
            awaits=waits,
        )
        _note(work, by, "schedule", broadcast_series.KIND, made.id, made.channel, reason)
    if first is None:
        _waits(plan, made.id, None, json)
        return
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
    again: Again = False,
    who: As = None,
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
        refuse_twice(house, plan, house.now, again)
        if not yes:
            terms = [*_terms(None, reason), *_approval(house, plan)]
            plan.show("いますぐ", "同じ命令に --yes を付けてください。", json, terms)
            return
        by, waits = maker(house, plan.count, who), awaits(house, plan.count)
        with house.db.work() as work:
            made = broadcasts.schedule(
                work,
                plan.channel,
                plan.messages,
                plan.segment,
                work.now,
                created_by=by,
                urgent_reason=reason,
                awaits=waits,
            )
            _note(work, by, "send", "broadcast", made.id, made.channel, reason)
        if waits:
            _waits(plan, made.id, made.due_at + made.late_limit, json)
            return
        job.fire(house, made.id, made.due_at)
        _done(
            f"{plan.count} 人への送信を始めました。進みぐあい: tsunagari broadcast show {made.id}",
            made.id,
            json,
        )


def _note(
    work: Work, by: str, deed: str, kind: str, subject_id: str, channel: str, reason: str | None
) -> None:
    audit.note(work, by, deed, kind, subject_id, channel)
    if reason is not None:  # the reason itself stands, sealed, in the row
        audit.note(work, by, "urgent", kind, subject_id, channel)


def _approval(house: House, plan: Plan) -> list[str]:
    """A line of the dry run, where a second person is needed."""
    if not awaits(house, plan.count):
        return []
    return [f"承認: {above(house)} 人を超えるので、ほかの人の承認を待ちます（作る人を --as で書きます）"]


def _waits(plan: Plan, subject_id: str, until: dt.datetime | None, json: bool) -> None:
    """It stands there, but somebody else has to approve it, a broadcast until this moment."""
    by_then = f"{output.moment(until)} までに承認がなければ送りません。" if until else ""
    _done(
        f"{plan.count} 人への配信なので、ほかの人の承認を待っています。{by_then}"
        f"承認: tsunagari broadcast approve {subject_id} --as 名前 --yes",
        subject_id,
        json,
    )


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
