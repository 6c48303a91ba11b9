"""What the commands about broadcasts share: options, words, and who is at the terminal."""

from __future__ import annotations

import datetime as dt
import getpass
from typing import Annotated

import typer

from bot.cli import output
from bot.cli.broadcast_plan import Plan
from bot.cli.concern_house import doer
from bot.cli.house import House
from bot.cli.output import Refused
from bot.night import at_night
from jobs import timetable
from storage import broadcast_care, broadcast_series, broadcasts
from storage.broadcasts import Broadcast
from storage.work import Work

STATUS = {
    "awaiting": "承認待ち",
    "scheduled": "予約中",
    "sending": "送信中",
    "paused": "一時停止中",
    "sent": "送信を終えた",
    "cancelled": "中止",
    "missed": "時刻を過ぎたため送らず",
}

Id = Annotated[str, typer.Argument(metavar="ID", help="配信のID（list で分かります）。")]
Channel = Annotated[
    str | None, typer.Option("--channel", help="LINE公式アカウント。ふつうは市町から決まります。")
]
Yes = Annotated[bool, typer.Option("--yes", help="実行する（付けないと下見だけ）。")]
Json = Annotated[bool, typer.Option("--json", help="JSONで出す。")]
Urgent = Annotated[
    str | None,
    typer.Option("--urgent", metavar="理由", help="夜（21時〜8時）でも送る理由。記録に残ります。"),
]
As = Annotated[str | None, typer.Option("--as", metavar="名前", help="だれが行うか（記録に残ります）。")]
Again = Annotated[
    bool, typer.Option("--again", help="1日のうちに同じ文章を同じ相手に、もう一度送ることを確かめた。")
]
LONGEST_REASON = 200
SOON = dt.timedelta(hours=1)


def checked_urgent(urgent: str | None, at: dt.datetime, house: House) -> str | None:
    """The reason why it may go out at night; refused where there is none and `at` is at night.

    With a stand-in for LINE nobody is woken: whoever tries the service in the evening wants to see it go.
    """
    if urgent is not None:
        if not urgent.strip() or len(urgent) > LONGEST_REASON:
            raise Refused(
                f"--urgent には、夜でも送る理由を {LONGEST_REASON} 文字までで書いてください。",
                '例: --urgent "大雪で明日の講座が中止のため"',
            )
        return urgent.strip()
    if at_night(at):
        if house.settings.line_api_base is not None and at <= house.now + SOON:
            output.warn(
                "夜（21:00〜8:00）です。練習用なので送りますが、本番のLINEでは --urgent 理由 が要ります。"
            )
            return None
        raise Refused(
            f"夜（21:00〜8:00）は、人を起こさないよう送りません（{'いまは' if at <= house.now else '予定は'}"
            f" {output.moment(at)}）。",
            "朝まで待てないときは、わけを書いてください。例: --urgent 大雪で明日の講座が中止のため",
        )
    return None


def one(work: Work, broadcast_id: str) -> Broadcast:
    """The broadcast with this id; refused with the id that was probably meant, or with where a series is found."""
    found = broadcasts.get(work, broadcast_id)
    if found is not None:
        return found
    if broadcast_series.get(work, broadcast_id) is not None:
        raise Refused(
            "これは1回の配信ではなく、くり返しのIDです。",
            f"tsunagari broadcast series show {broadcast_id}（止める: series pause、やめる: series cancel）",
        )
    meant = output.meant_id(broadcast_id, (each.id for each in broadcasts.listed(work)))
    raise Refused(
        f"「{broadcast_id}」という配信はありません。", meant or "tsunagari broadcast list で確かめられます。"
    )


def minutes(limit: dt.timedelta) -> int:
    return int(limit.total_seconds() // 60)


def lateness(limit: dt.timedelta) -> str:
    """How late it may go out, in words."""
    return f"{minutes(limit)} 分まで" if limit else "おくれたら送らない"


def enter(house: House) -> None:
    """The timetable knows at once what was planned or cancelled."""
    timetable.prepare(house.db)
    timetable.sync(house.db)


def me(who: str | None = None) -> str:
    """Who does it, for the audit list: the name that was given, else the account at this terminal."""
    return doer(who).name if who is not None else f"cli:{getpass.getuser()}"[:64]


def maker(house: House, people: int, who: str | None) -> str:
    """Who makes a broadcast to so many; where somebody else has to approve it, a name is needed to tell them apart."""
    if who is None and awaits(house, people):
        raise typer.BadParameter(
            f"{above(house)} 人を超える配信は、ほかの人の承認が要ります。作る人を --as で書いてください。例: --as 山田"
        )
    return me(who)


def awaits(house: House, people: int) -> bool:
    """Whether a broadcast to so many needs a second person."""
    return 0 < above(house) < people


def above(house: House) -> int:
    return house.settings.broadcast_approval_above


def refuse_twice(house: House, plan: Plan, due_at: dt.datetime, again: bool) -> None:
    """Refused where the same words go, or went, to the same people within a day; the refusal names that one."""
    if again:
        return
    with house.db.look() as work:
        earlier = broadcast_care.said_already(
            work, plan.channel, plan.messages, plan.segment, due_at, plan.translations
        )
    if earlier is not None:
        people = earlier.recipients if earlier.prepared_at else plan.count
        raise Refused(
            f"同じ文章を同じ相手に送る配信が、1日のうちにもうあります: {output.moment(earlier.due_at)}、{people} 人、"
            f"{STATUS[earlier.status]}、ID {earlier.id}",
            f"確かめるには: tsunagari broadcast show {earlier.id}。それでも送るときは --again を付けてください。",
        )
