"""`tsunagari broadcast schedule|send`: at a time, again and again, or now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import typer

from bot.cli import broadcast_series, output, repeats
from bot.cli.broadcast_content import File, Source, Texts, source_of
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
from bot.cli.broadcast_plan import NotTo, Plan, To
from bot.cli.broadcast_watch import Watch, follow
from bot.cli.house import House, open_house
from bot.cli.moments import read_moment
from bot.cli.output import Refused
from bot.recurrence import Rule
from jobs import broadcast as job
from jobs import series, timetable
from storage import audit, broadcasts
from storage.broadcasts import Broadcast
from storage.work import Work

HOW = "同じ命令に --yes を付けてください。"
LATE = dt.timedelta(hours=1)  # how late it may go out where nothing is said about it
LATEST = 1440  # minutes
At = Annotated[
    str | None,
    typer.Option("--at", help="日時（日本時間）。例: 2026-12-01 10:00。くり返すときは時刻だけ: 10:00"),
]


@dataclass(frozen=True)
class Wish:
    """All that was asked for on the command line; what is not there may stand in the file."""

    source: Source
    at: str | None = None
    to: list[str] | None = None
    not_to: list[str] | None = None
    channel: str | None = None
    repeat: str | None = None
    begin: str | None = None
    until: str | None = None
    without: list[str] | None = None
    holiday: str | None = None
    title: str | None = None
    late: int | None = None
    urgent: str | None = None
    again: bool = False
    who: str | None = None
    yes: bool = False
    json: bool = False

    def plan(self, house: House) -> Plan:
        return Plan(house, self.source, self.to, self.not_to, self.channel)

    def late_limit(self) -> dt.timedelta:
        if self.late is not None:
            return dt.timedelta(minutes=self.late)
        written = self.source.option("late", None)
        if written is None:
            return LATE
        if not (written.isascii() and written.isdigit() and int(written) <= LATEST):
            raise Refused(f"late: 「{written}」は 0 から {LATEST} までの分ではありません。", "例: late: 60")
        return dt.timedelta(minutes=int(written))


def schedule(
    text: Texts = None,
    file: File = None,
    at: At = None,
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
    title: Annotated[str | None, typer.Option("--title", help="くり返しの名前（一覧に出ます）。")] = None,
    late: Annotated[
        int | None,
        typer.Option(
            "--late",
            min=0,
            max=LATEST,
            help="何分までならおくれても送るか（ふつうは60）。0ならおくれたら送らない。",
        ),
    ] = None,
    urgent: Urgent = None,
    again: Again = False,
    who: As = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """日時を決めて配信を予約します。--repeat でくり返します。--file のものより、ここに書いたものが優先です。

    例: tsunagari broadcast schedule --text "講座です" --at "2026-12-01 10:00" --to town=鳥取市 --to role=supporter --yes

    例: tsunagari broadcast schedule --text "地域食堂です" --repeat "毎月 第2火曜" --at 10:00 --holiday 次の平日 --to everyone

    例: tsunagari broadcast schedule --file tsudoi.yaml --yes
    """
    source = source_of(text, file)
    schedule_wish(
        Wish(
            source,
            at=at,
            to=to,
            not_to=not_to,
            channel=channel,
            repeat=repeat,
            begin=begin,
            until=until,
            without=without,
            holiday=holiday,
            title=title,
            late=late,
            urgent=urgent,
            again=again,
            who=who,
            yes=yes,
            json=json,
        )
    )


def schedule_wish(wish: Wish) -> str | None:
    """Plan what is wished for; its id, None where it was a dry run."""
    at = wish.source.option("at", wish.at)
    if at is None:
        raise typer.BadParameter('いつ送るかを --at で書いてください。例: --at "2026-12-01 10:00"')
    repeat = wish.source.option("repeat", wish.repeat)
    only = {
        "--from": wish.source.option("from", wish.begin),
        "--until": wish.source.option("until", wish.until),
        "--except": wish.source.option("except", wish.without),
        "--holiday": wish.source.option("holiday", wish.holiday),
    }
    if repeat is None:
        _only_with_repeat({**only, "--title": wish.title})
        return _schedule_one(wish, read_moment(at))
    with open_house() as house:
        rule = repeats.read_rule(
            repeat,
            at,
            house.now,
            begin=only["--from"],
            until=only["--until"],
            without=only["--except"] or (),
            holiday=only["--holiday"] or "send",
        )
        return _schedule_series(house, wish, rule)


def _schedule_one(wish: Wish, due_at: dt.datetime) -> str | None:
    late_limit = wish.late_limit()
    with open_house() as house:
        if due_at <= house.now:
            raise Refused(
                f"{output.moment(due_at)} はもう過ぎています（いまは {output.moment(house.now)}）。",
                "これからの日時を指定するか、すぐ送るなら broadcast send を使ってください。",
            )
        reason = checked_urgent(wish.source.option("urgent", wish.urgent), due_at, house)
        plan = _looked_at(house, wish, due_at)
        if not wish.yes:
            plan.show(
                output.moment(due_at), HOW, wish.json, [*_terms(late_limit, reason), *_approval(house, plan)]
            )
            return None
        made, waits = _write(house, plan, wish.who, "schedule", due_at, reason, late_limit)
        timetable.plan_broadcast(house.db, made.id, due_at)
        if waits:
            _waits(plan, made.id, due_at + late_limit, wish.json)
        else:
            _done(
                f"{output.moment(due_at)} に予約しました（いまの時点で {plan.count} 人）。",
                made.id,
                wish.json,
            )
        return made.id


def _looked_at(house: House, wish: Wish, first: dt.datetime) -> Plan:
    """The plan; refused where the same was said already, with a warning where nobody would get it."""
    plan = wish.plan(house)
    refuse_twice(house, plan, first, wish.again)
    if plan.count == 0:
        output.warn(f"いまの時点で、送る相手（{plan.whom}）は 0 人です。")
    return plan


def _write(
    house: House,
    plan: Plan,
    who: str | None,
    deed: str,
    due_at: dt.datetime | None,
    reason: str | None,
    late_limit: dt.timedelta,
) -> tuple[Broadcast, bool]:
    """The broadcast as it stands there now (`due_at` None: now), and whether it waits for somebody's approval."""
    by, waits = maker(house, plan.count, who), awaits(house, plan.count)
    with house.db.work() as work:
        plan.prepared.keep_photos(work, plan.channel)
        made = broadcasts.schedule(
            work,
            plan.channel,
            plan.messages,
            plan.segment,
            due_at or work.now,
            created_by=by,
            late_limit=late_limit,
            urgent_reason=reason,
            awaits=waits,
            translations=plan.translations,
        )
        _note(work, by, deed, "broadcast", made.id, made.channel, reason)
    return made, waits


def _schedule_series(house: House, wish: Wish, rule: Rule) -> str | None:
    turns, late_limit = broadcast_series.first_days(rule, house.now), wish.late_limit()
    reason = checked_urgent(wish.source.option("urgent", wish.urgent), rule.moment(rule.first), house)
    plan = _looked_at(house, wish, turns[0])
    when = repeats.in_words(rule)
    if not wish.yes:
        days = "、".join(output.day(turn.date()) for turn in turns)
        lines = [f"はじめの{len(turns)}回: {days}", *_terms(late_limit, reason), *_approval(house, plan)]
        plan.show(when, HOW, wish.json, lines, {"when": when, "coming": turns})
        return None
    by, waits = maker(house, plan.count, wish.who), awaits(house, plan.count)
    with house.db.work() as work:
        plan.prepared.keep_photos(work, plan.channel)
        made, first = series.begin(
            work,
            plan.channel,
            (wish.source.option("title", wish.title) or "").strip()[:100],
            plan.messages,
            plan.segment,
            rule,
            created_by=by,
            late_limit=late_limit,
            urgent_reason=reason,
            awaits=waits,
            translations=plan.translations,
        )
        _note(work, by, "schedule", broadcast_series.KIND, made.id, made.channel, reason)
    if first is None:
        _waits(plan, made.id, None, wish.json)
        return made.id
    enter(house)
    _done(
        f"{repeats.briefly(rule)} で予約しました。1回目は {output.moment(first.due_at)} です"
        f"（いまの時点で {plan.count} 人）。",
        made.id,
        wish.json,
    )
    return made.id


def send(
    text: Texts = None,
    file: File = None,
    to: To = None,
    not_to: NotTo = None,
    channel: Channel = None,
    urgent: Urgent = None,
    again: Again = False,
    who: As = None,
    watch: Watch = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """いますぐ配信します。--watch を付けると、送り終わるまで進みぐあいを見ます。

    例: tsunagari broadcast send --text "大雪のため、本日の講座は中止します" --to role=supporter --yes --watch

    例: tsunagari broadcast send --file oyuki.yaml --to role=supporter --yes
    """
    source = source_of(text, file)
    if ignored := [name for name in ("at", "repeat") if name in source.written.options]:
        output.warn(f"ファイルの {'・'.join(ignored)} は使わず、いますぐ送ります。")
    with open_house() as house:
        reason = checked_urgent(source.option("urgent", urgent), house.now, house)
        plan = Plan(house, source, to, not_to, channel)
        if plan.count == 0:
            raise Refused(f"送る相手（{plan.whom}）が 0 人です。", "--to の条件を確かめてください。")
        refuse_twice(house, plan, house.now, again)
        if not yes:
            plan.show("いますぐ", HOW, json, [*_terms(None, reason), *_approval(house, plan)])
            return
        made, waits = _write(house, plan, who, "send", None, reason, LATE)
        if waits:
            _waits(plan, made.id, made.due_at + made.late_limit, json)
            return
        job.fire(house, made.id, made.due_at)
        if not (watch and json):  # a program that watches has the id in each line
            _done(
                f"{plan.count} 人への送信を始めました。進みぐあい: tsunagari broadcast watch {made.id}",
                made.id,
                json,
            )
        if watch:
            follow(house, made, json)


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
