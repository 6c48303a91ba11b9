"""`tsunagari broadcast …`: messages to many supporters and residents."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from typing import Annotated, Any

import typer

from bot.cli import output
from bot.cli.house import House, open_house
from bot.cli.moments import read_moment
from bot.cli.output import Refused
from bot.cli.segment import in_words, read_segment
from bot.messages import MESSAGES, TEXT_UNITS, Saying, Text, TooLong, utf16_units
from jobs import broadcast as job
from jobs import timetable
from storage import audit, broadcasts
from storage.broadcasts import Broadcast, Segment, Tally
from storage.transitions import NotPermitted

app = typer.Typer(no_args_is_help=True, help="お知らせの配信（予約・送信・確認・中止）")

STATUS = {
    "scheduled": "予約中",
    "sending": "送信中",
    "paused": "一時停止中",
    "sent": "送信済み",
    "cancelled": "中止",
    "missed": "時刻を過ぎたため送らず",
}

Texts = Annotated[list[str], typer.Option("--text", help="送る文章。くり返すと最大5通まで。")]
To = Annotated[
    list[str] | None,
    typer.Option(
        "--to", help="送る相手。role= town= district= topic=（日本語の名前でも可）、全員は everyone。"
    ),
]
Channel = Annotated[
    str | None, typer.Option("--channel", help="LINE公式アカウント。ふつうは市町から決まります。")
]
Yes = Annotated[bool, typer.Option("--yes", help="実行する（付けないと下見だけ）。")]
Json = Annotated[bool, typer.Option("--json", help="JSONで出す。")]
Id = Annotated[str, typer.Argument(metavar="ID", help="配信のID（list で分かります）。")]


@app.command()
def schedule(
    text: Texts,
    at: Annotated[str, typer.Option("--at", help="日時（日本時間）。例: 2026-12-01 10:00")],
    to: To = None,
    channel: Channel = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """日時を決めて配信を予約します。

    例: tsunagari broadcast schedule --text "講座です" --at "2026-12-01 10:00" --to town=鳥取市 --to role=supporter --yes
    """
    due_at = read_moment(at)
    with open_house() as house:
        if due_at <= house.now:
            raise Refused(
                f"{output.moment(due_at)} はもう過ぎています（いまは {output.moment(house.now)}）。",
                "これからの日時を指定するか、すぐ送るなら broadcast send を使ってください。",
            )
        plan = _Plan(house, text, to, channel)
        if plan.count == 0:
            output.warn(f"いまの時点で、送る相手（{plan.whom}）は 0 人です。")
        if not yes:
            plan.show(output.moment(due_at), "同じ命令に --yes を付けてください。", json)
            return
        with house.db.work() as work:
            made = broadcasts.schedule(
                work, plan.channel, plan.messages, plan.segment, due_at, created_by=_me()
            )
            audit.note(work, _me(), "schedule", "broadcast", made.id, made.channel)
        timetable.plan_broadcast(house.db, made.id, due_at)
        _done(f"{output.moment(due_at)} に予約しました（いまの時点で {plan.count} 人）。", made.id, json)


@app.command()
def send(text: Texts, to: To = None, channel: Channel = None, yes: Yes = False, json: Json = False) -> None:
    """いますぐ配信します。

    例: tsunagari broadcast send --text "大雪のため、本日の講座は中止します" --to role=supporter --yes
    """
    with open_house() as house:
        plan = _Plan(house, text, to, channel)
        if plan.count == 0:
            raise Refused(f"送る相手（{plan.whom}）が 0 人です。", "--to の条件を確かめてください。")
        if not yes:
            plan.show("いますぐ", "同じ命令に --yes を付けてください。", json)
            return
        with house.db.work() as work:
            made = broadcasts.schedule(
                work, plan.channel, plan.messages, plan.segment, work.now, created_by=_me()
            )
            audit.note(work, _me(), "send", "broadcast", made.id, made.channel)
        job.fire(house, made.id, made.due_at)
        _done(
            f"{plan.count} 人への送信を始めました。進みぐあい: tsunagari broadcast show {made.id}",
            made.id,
            json,
        )


@app.command()
def show(broadcast_id: Id, json: Json = False) -> None:
    """1件の配信の進みぐあいを見ます。

    例: tsunagari broadcast show 0199a0c3… --json
    """
    with open_house() as house:
        found, tally = _find(house, broadcast_id)
        if json:
            output.as_json(_facts(found, tally))
            return
        output.fields(
            {
                "ID": found.id,
                "状態": STATUS[found.status],
                "日時": output.moment(found.due_at),
                "相手": in_words(found.segment, house.content),
                "文章": f"{len(found.messages)} 通",
                "対象の人数": tally.recipients,
                "LINEが受け付けた": tally.accepted,
                "ブロック中など": tally.blocked,
                "送れなかった": tally.failed,
                "結果が不明": tally.unknown,
                "残り": tally.remaining,
            }
        )
        for number, message in enumerate(found.messages, 1):
            output.say(f"{number}通目: {message['text']}", output.QUIET)
        if found.status == "missed":
            output.warn(
                f"予定から {int(found.late_limit.total_seconds() // 60)} 分以上おくれたため、送りませんでした。"
            )


@app.command("list")
def list_(channel: Channel = None, json: Json = False) -> None:
    """配信の一覧（新しい順）。

    例: tsunagari broadcast list
    """
    with open_house() as house:
        with house.db.look() as work:
            found = [(each, broadcasts.tally(work, each.id)) for each in broadcasts.listed(work, channel)]
        if json:
            output.as_json([_facts(each, tally) for each, tally in found])
            return
        output.table(
            "配信",
            ("ID", "日時", "状態", "相手", "対象", "受付", "残り"),
            (
                (
                    each.id,
                    output.moment(each.due_at),
                    STATUS[each.status],
                    in_words(each.segment, house.content),
                    tally.recipients,
                    tally.accepted,
                    tally.remaining,
                )
                for each, tally in found
            ),
        )


@app.command()
def cancel(broadcast_id: Id, yes: Yes = False) -> None:
    """配信を中止します。まだ送っていない分は送られません（--yes は要りません）。

    例: tsunagari broadcast cancel 0199a0c3…
    """
    with open_house() as house:
        _step(house, broadcast_id, "cancel", "中止できません")
        timetable.forget_broadcast(house.db, broadcast_id)
        _, tally = _find(house, broadcast_id)
        output.say(
            f"中止しました。送信済み {tally.accepted} 人、送らない {tally.remaining} 人。", output.GOOD
        )


@app.command()
def pause(broadcast_id: Id, yes: Yes = False) -> None:
    """送信中の配信を一時止めます（--yes は要りません）。

    例: tsunagari broadcast pause 0199a0c3…
    """
    with open_house() as house:
        _step(house, broadcast_id, "pause", "一時停止できません")
        output.say("一時停止しました。続けるときは broadcast resume を使います。", output.GOOD)


@app.command()
def resume(broadcast_id: Id, yes: Yes = False) -> None:
    """一時停止した配信を続けます（--yes は要りません）。

    例: tsunagari broadcast resume 0199a0c3…
    """
    with open_house() as house:
        _step(house, broadcast_id, "resume", "再開できません")
        output.say("再開しました。", output.GOOD)


class _Plan:
    """What is about to be sent: checked against LINE's limits before anything is written."""

    def __init__(self, house: House, texts: list[str], to: list[str] | None, channel: str | None) -> None:
        self.messages: list[dict[str, Any]] = [{"text": text} for text in _checked(texts)]
        self.segment: Segment = read_segment(to or [], house.content)
        self.channel = house.channel_of(self.segment.towns, channel)
        self.whom = in_words(self.segment, house.content)
        with house.db.look() as work:
            self.count = broadcasts.count_recipients(work, self.channel, self.segment)

    def show(self, when: str, how: str, json: bool) -> None:
        """The dry run."""
        if json:
            output.as_json(
                {
                    "dry_run": True,
                    "channel": self.channel,
                    "segment": asdict(self.segment),
                    "recipients": self.count,
                    "messages": len(self.messages),
                }
            )
            return
        said = [f"{n}通目: {message['text']}" for n, message in enumerate(self.messages, 1)]
        output.not_yet([f"いつ: {when}", f"だれに: {self.whom}（いま {self.count} 人）", *said], how)


def _checked(texts: list[str]) -> list[str]:
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


def _step(house: House, broadcast_id: str, deed: str, refusal: str) -> None:
    found, _ = _find(house, broadcast_id)
    steps = {"cancel": broadcasts.cancel, "pause": broadcasts.pause, "resume": broadcasts.resume}
    try:
        with house.db.work() as work:
            steps[deed](work, broadcast_id)
            audit.note(work, _me(), deed, "broadcast", broadcast_id, found.channel)
    except NotPermitted:
        raise Refused(f"この配信は{refusal}（いまは「{STATUS[found.status]}」です）。") from None


def _find(house: House, broadcast_id: str) -> tuple[Broadcast, Tally]:
    with house.db.look() as work:
        found = broadcasts.get(work, broadcast_id)
        if found is None:
            raise Refused(
                f"「{broadcast_id}」という配信はありません。", "tsunagari broadcast list で確かめられます。"
            )
        return found, broadcasts.tally(work, broadcast_id)


def _facts(found: Broadcast, tally: Tally) -> dict[str, Any]:
    return {
        "id": found.id,
        "channel": found.channel,
        "status": found.status,
        "due_at": found.due_at,
        "texts": len(found.messages),
        "segment": asdict(found.segment),
        **asdict(tally),
    }


def _done(words: str, broadcast_id: str, json: bool) -> None:
    """The id alone on the last line, so that a script can take it."""
    if json:
        output.as_json({"id": broadcast_id})
        return
    output.say(words, output.GOOD)
    typer.echo(broadcast_id)


def _me() -> str:
    """Who is at the terminal, for the audit list."""
    return f"cli:{getpass.getuser()}"[:64]
