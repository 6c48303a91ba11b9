"""`tsunagari broadcast watch`: a broadcast while it goes out, in the terminal, in a pipe, or for a program."""

from __future__ import annotations

import datetime as dt
import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bot.cli import output
from bot.cli.broadcast_house import STATUS, Id, Json, one
from bot.cli.broadcast_truth import FATES, waits_in_words
from bot.cli.house import House, open_house
from storage import health, progress, quota, switches
from storage.broadcasts import Broadcast
from storage.progress import ENDED, Progress

LOOK_EVERY = 0.5  # seconds
SAY_EVERY = 5.0  # seconds between two lines in a pipe, where nothing but the numbers changed
PACE_OVER = 15.0  # seconds
ALIVE_WITHIN = dt.timedelta(minutes=3)  # the timetable writes its sign of life each minute
NOT_EVERYBODY = 3  # exit code: it has ended, and somebody surely or perhaps has not got it

Watch = Annotated[bool, typer.Option("--watch", help="送り終わるまで、進みぐあいをこの画面で見る。")]
_COLOURS = {
    "accepted": output.GOOD,
    "blocked": output.QUIET,
    "failed": output.BAD,
    "unknown": output.WARN,
}
_NAMES = {**{name: FATES[name] for name in _COLOURS}, "remaining": "残り"}

pause_between: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Seen:
    """One look. `hint`: why it stands still, or what staff should know."""

    progress: Progress
    due_at: dt.datetime
    waits: dict[str, Any] | None
    hint: str | None

    @property
    def counts(self) -> dict[str, int]:
        tally = self.progress.tally
        return {name: getattr(tally, name) for name in _NAMES}

    @property
    def state(self) -> str:
        """The broadcast's state, as staff read it."""
        if self.progress.status is None:
            return "記録がなくなりました"
        if self.progress.status == "scheduled":
            return f"予約中（{output.moment(self.due_at)} に始まります）"
        return STATUS[self.progress.status] + ("（今月の通数を待っています）" if self.waits else "")

    @property
    def over(self) -> bool:
        return self.progress.status in (None, *ENDED)

    @property
    def exit_code(self) -> int:
        """0 only where LINE took it for everybody who has not blocked us."""
        tally = self.progress.tally
        reached = self.progress.status == "sent" and not tally.failed and not tally.unknown
        return 0 if reached else NOT_EVERYBODY


@dataclass
class Pace:
    """How many people a second, over the last seconds."""

    points: deque[tuple[float, int]] = field(default_factory=deque)

    def note(self, at: float, done: int) -> None:
        self.points.append((at, done))
        while at - self.points[0][0] > PACE_OVER:
            self.points.popleft()

    @property
    def per_second(self) -> float:
        (begin, before), (end, after) = self.points[0], self.points[-1]
        return (after - before) / (end - begin) if end > begin else 0.0

    def left(self, remaining: int) -> float | None:
        """Seconds until the end; None where it stands still."""
        return remaining / self.per_second if self.per_second > 0 else None


def watch(broadcast_id: Id, json: Json = False) -> None:
    """送信の進みぐあいを、送り終わるまで見ます。Ctrl-C で見るのをやめても、配信は止まりません。

    終わると、終了コードで結果が分かります: 0 全員分をLINEが受け付けた（ブロック中などは除く）、
    3 送れなかった人や結果が不明の人がいる、または中止された。

    例: tsunagari broadcast watch 0199a0c3…

    例: tsunagari broadcast watch 0199a0c3… --json
    """
    with open_house() as house:
        with house.db.look() as work:
            found = one(work, broadcast_id)
        follow(house, found, json)


def follow(house: House, found: Broadcast, json: bool = False) -> None:
    """Show it until it ends; always raises typer.Exit with the code that tells how."""
    show = _as_json if json else _drawn if output.console().is_terminal else _in_lines
    try:
        last = show(house, found)
    except KeyboardInterrupt:
        output.warn("見るのをやめました。配信は止めていません。")
        output.explain_more(f"→ もう一度見る: tsunagari broadcast watch {found.id}")
        output.explain_more(f"→ 配信を止める: tsunagari broadcast pause {found.id}")
        raise typer.Exit(130) from None
    if not json:
        _closing(found, last)
    raise typer.Exit(last.exit_code)


def looks(house: House, found: Broadcast) -> Iterator[Seen]:
    """One after the other, until it has ended; the last one is counted anew."""
    before: Progress | None = None
    while True:
        with house.db.look() as work:
            now = progress.next_look(work, before) if before else progress.first_look(work, found.id)
            resting = quota.resting(work).get(found.channel) if now.status == "sending" else None
            waits = {"for": "quota", "until": resting[1]} if resting else None
            pulse = health.pulse(work).jobs_seen_at
            stopped = switches.sending_paused(work) is not None
        seen = Seen(now, found.due_at, waits, _hint(found, now, waits, stopped, pulse, house.now))
        yield seen
        if seen.over:
            return
        before = now
        pause_between(LOOK_EVERY)


def _hint(
    found: Broadcast,
    now: Progress,
    waits: dict[str, Any] | None,
    stopped: bool,
    pulse: dt.datetime | None,
    at: dt.datetime,
) -> str | None:
    if now.status == "paused":
        return f"続けるには: tsunagari broadcast resume {found.id}"
    if now.status == "awaiting":
        return f"ほかの人の承認を待っています: tsunagari broadcast approve {found.id} --as 名前 --yes"
    if now.status not in ("sending", "scheduled"):
        return None
    if stopped:
        return "すべての送信を止めています。再開するには: tsunagari db sending --resume"
    if words := waits_in_words(waits):
        return words
    if pulse is None or at - pulse > ALIVE_WITHIN:
        return "送信するサービスが動いていないようです。動かすには: tsunagari serve"
    return None


# ---- for programs, for pipes, for people ---------------------------------------------------------------------


def _as_json(house: House, found: Broadcast) -> Seen:
    """One line for each change."""
    said: dict[str, Any] = {}
    for seen in looks(house, found):
        tally = seen.progress.tally
        facts = {
            "id": found.id,
            "status": seen.progress.status,
            "recipients": tally.recipients,
            **seen.counts,
            "waits": seen.waits,
        }
        if facts != said:
            output.as_json_line({"at": house.now, **facts})
            said = facts
    return seen


def _in_lines(house: House, found: Broadcast) -> Seen:
    """One line for each change, but not too many where only numbers change."""
    said: tuple[str, dict[str, int]] | None = None
    hinted, said_at = None, -math.inf
    for seen in looks(house, found):
        now, news = time.monotonic(), (seen.state, seen.counts)
        state_changed = said is None or said[0] != seen.state
        if news != said and (state_changed or seen.over or now - said_at >= SAY_EVERY):
            output.say(f"{house.now:%H:%M:%S} {seen.state} {_counted(seen)}")
            said, said_at = news, now
        if seen.hint and seen.hint != hinted:
            output.warn(seen.hint)
        hinted = seen.hint
    return seen


def _drawn(house: House, found: Broadcast) -> Seen:
    """A bar that grows; it stays on the screen as it was at the end."""
    pace = Pace()
    with Live(console=output.console(), auto_refresh=False, transient=False) as live:
        for seen in looks(house, found):
            tally = seen.progress.tally
            pace.note(time.monotonic(), tally.recipients - tally.remaining)
            live.update(picture(seen, pace, house.now, live.console.width), refresh=True)
    return seen


def picture(seen: Seen, pace: Pace, now: dt.datetime, width: int) -> RenderableType:
    """The bar with its numbers, and under it everybody by what became of their message."""
    tally = seen.progress.tally
    done = tally.recipients - tally.remaining
    share = done / tally.recipients if tally.recipients else 0.0
    style = output.BAD if tally.failed else output.WARN if seen.hint or tally.unknown else output.GOOD
    rows: list[RenderableType] = [Text(f"配信: {seen.state}", style="bold")]
    if tally.recipients:
        line = Table.grid(padding=(0, 1))
        line.add_row(
            ProgressBar(total=tally.recipients, completed=done, width=max(8, min(40, width - 46)),
                        complete_style=style, finished_style=style),
            Text(f"{share:4.0%}"),
            Text(f"{done:,} / {tally.recipients:,} 人（残り {tally.remaining:,}）"),
        )  # fmt: skip
        rows.append(line)
        rows.append(_everybody(seen))
    if not seen.over and (words := _pace_in_words(pace, tally.remaining, now)):
        rows.append(Text(words, style=output.QUIET))
    if seen.hint:
        rows.append(Text(f"! {seen.hint}", style=output.WARN, overflow="fold"))
    return Group(*rows)


def _everybody(seen: Seen) -> Text:
    """Coloured where it is not 0: a red 0 would frighten."""
    told = Text(overflow="fold")
    for name, style in _COLOURS.items():
        count = seen.counts[name]
        told.append(f"{FATES[name]} {count:,}  ", style=style if count else output.QUIET)
    return told


def _pace_in_words(pace: Pace, remaining: int, now: dt.datetime) -> str:
    left = pace.left(remaining)
    if left is None or not remaining:
        return ""
    ends = now + dt.timedelta(seconds=left)
    long = f"{math.ceil(left / 60)} 分" if left >= 90 else f"{math.ceil(left)} 秒"
    return f"1秒に {pace.per_second:,.0f} 人  あと {long}くらい（{ends:%H:%M} ごろ）"


def _counted(seen: Seen) -> str:
    return "、".join(f"{_NAMES[name]} {count}" for name, count in seen.counts.items())


def _closing(found: Broadcast, last: Seen) -> None:
    """The last word: what it came to, and what to do next."""
    match last.progress.status:
        case "sent" if last.exit_code == 0:
            output.say("送り終えました。", output.GOOD)
        case "sent":
            output.warn(f"送り終えましたが、送れなかった人か、結果の分からない人がいます: {_counted(last)}")
            output.warn(f"わけを見る: tsunagari broadcast show {found.id}")
        case "cancelled":
            output.warn(f"この配信は中止されました: {_counted(last)}")
        case "missed":
            output.warn(f"送りませんでした。わけを見る: tsunagari broadcast show {found.id}")
        case _:
            output.warn("この配信の記録は、もうありません。")
