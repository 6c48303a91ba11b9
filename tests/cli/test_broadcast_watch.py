"""`broadcast watch`: it shows how far it is, ends by itself, and its exit code says how it ended."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable

import pytest
from rich.cells import cell_len
from rich.console import Console
from terminal import Run

from bot.cli import broadcast_watch
from bot.cli.broadcast_watch import NOT_EVERYBODY, Pace, Seen, picture
from storage import broadcasts, freezing, outbox, quota, switches
from storage.broadcasts import Outcome, Tally
from storage.progress import Progress
from storage.segments import EVERYONE
from storage.work import Database

HELLO = [{"type": "text", "text": "a"}]
Step = Callable[[], object]

pytestmark = pytest.mark.usefixtures("by_day", "three_supporters")


@pytest.fixture
def begun(opened: Database, by_day: object, three_supporters: None) -> str:
    """Three people in three parts, none of them sent."""
    with opened.work() as work:
        made = broadcasts.schedule(work, "default", [{"text": "a"}], EVERYONE, work.now, created_by="test")
        broadcasts.start(work, made.id)
        freezing.freeze(work, made.id, lambda _: HELLO, chunk_size=1)
    return made.id


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`between(step, step, …)`: what happens between two looks, instead of waiting."""

    def steps(*deeds: Step) -> None:
        left = iter(deeds)
        monkeypatch.setattr(broadcast_watch, "pause_between", lambda _: next(left)())

    return steps


def ends(opened: Database, outcome: Outcome = "accepted") -> Step:
    """The next part ends so."""

    def step() -> None:
        states: dict[Outcome, outbox.State] = {"accepted": "accepted", "failed": "refused"}
        with opened.work() as work:
            (row,) = outbox.claim(work, 1)
            assert row.broadcast_id is not None
            assert row.chunk is not None
            outbox.settle(work, row.id, states.get(outcome, "unknown"), error="status 400")
            broadcasts.settle_chunk(work, row.broadcast_id, row.chunk, outcome)
            broadcasts.finish_if_done(work, row.broadcast_id)

    return step


def interrupted() -> None:
    raise KeyboardInterrupt


def test_it_ends_by_itself_with_0_where_line_took_everything(
    run: Run, opened: Database, begun: str, between: Callable[..., None]
) -> None:
    between(*[ends(opened)] * 3)
    said = run("broadcast", "watch", begun)
    assert said.code == 0
    first, *_, last, done = said.out.splitlines()
    assert "送信中 LINEが受け付けた 0" in first
    assert "残り 3" in first
    assert "送信を終えた LINEが受け付けた 3、" in last
    assert done == "送り終えました。"


def test_for_a_program_each_change_is_a_line_and_nothing_else(
    run: Run, opened: Database, begun: str, between: Callable[..., None]
) -> None:
    between(ends(opened), lambda: None, ends(opened, "failed"), ends(opened, "unknown"))
    said = run("broadcast", "watch", begun, "--json")
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [(one["status"], one["accepted"], one["failed"], one["unknown"]) for one in lines] == [
        ("sending", 0, 0, 0),
        ("sending", 1, 0, 0),
        ("sending", 1, 1, 0),
        ("sent", 1, 1, 1),
    ]
    assert {"id", "at", "recipients", "blocked", "remaining", "waits"} <= lines[0].keys()
    assert said.code == NOT_EVERYBODY


@pytest.mark.parametrize("outcome", ["failed", "unknown"])
def test_where_somebody_has_perhaps_not_got_it_the_code_is_another_and_the_way_to_the_reason_is_told(
    run: Run, opened: Database, begun: str, between: Callable[..., None], outcome: Outcome
) -> None:
    between(ends(opened), ends(opened, outcome), ends(opened))
    said = run("broadcast", "watch", begun)
    assert said.code == NOT_EVERYBODY
    assert f"tsunagari broadcast show {begun}" in said.err


def test_ctrl_c_ends_the_looking_and_not_the_broadcast(
    run: Run, opened: Database, begun: str, between: Callable[..., None]
) -> None:
    between(interrupted)
    said = run("broadcast", "watch", begun)
    assert said.code == 130
    assert f"tsunagari broadcast watch {begun}" in said.err
    with opened.look() as work:
        assert broadcasts.status_of(work, begun) == "sending"


def test_what_is_paused_cancelled_or_waits_for_the_quota_says_so(
    run: Run, opened: Database, begun: str, between: Callable[..., None]
) -> None:
    def pause() -> None:
        with opened.work() as work:
            broadcasts.pause(work, begun)

    def wait() -> None:
        with opened.work() as work:
            broadcasts.resume(work, begun)
            switches.pause_channel(work, "default", work.now + dt.timedelta(days=3), quota.SHORT)

    def cancel() -> None:
        with opened.work() as work:
            broadcasts.cancel(work, begun)

    between(pause, wait, cancel)
    said = run("broadcast", "watch", begun)
    states = [line.split()[1] for line in said.out.splitlines()]
    assert states == ["送信中", "一時停止中", "送信中（今月の通数を待っています）", "中止"]
    assert f"broadcast resume {begun}" in said.err
    assert "今月の通数の上限のため待っています" in said.err
    assert "中止されました" in said.err
    assert said.code == NOT_EVERYBODY


def test_where_no_service_sends_it_is_said_instead_of_waiting_without_a_word(
    run: Run, begun: str, between: Callable[..., None]
) -> None:
    between(interrupted)
    assert "tsunagari serve" in run("broadcast", "watch", begun).err


def test_send_and_resume_go_straight_into_it(
    run: Run, opened: Database, between: Callable[..., None]
) -> None:
    between(ends(opened))
    sent = run("broadcast", "send", "--text", "a", "--to", "everyone", "--yes", "--watch")
    assert sent.code == 0
    assert sent.last_line == "送り終えました。"
    between(interrupted)
    begun = run("broadcast", "send", "--text", "b", "--to", "everyone", "--yes", "--watch", "--json")
    assert begun.code == 130
    broadcast_id = json.loads(begun.last_line)["id"]
    assert run("broadcast", "pause", broadcast_id).code == 0
    between(ends(opened))
    assert run("broadcast", "resume", broadcast_id, "--watch").last_line == "送り終えました。"


def test_an_id_that_is_cut_off_is_answered_with_the_whole_one(run: Run, begun: str) -> None:
    said = run("broadcast", "watch", f"{begun[:20]}…")
    assert said.code == 1
    assert f"「{begun}」ですか？" in said.err


# ---- what is drawn -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_bar_fits_the_screen_and_tells_everybody_pace_and_end(width: int) -> None:
    tally = Tally(recipients=12_000, accepted=5_900, blocked=40, failed=50, unknown=10, remaining=6_000)
    seen = Seen(Progress("x", "sending", tally), dt.datetime.now(dt.UTC), None, None)
    pace = Pace()
    pace.note(0.0, 5_000)
    pace.note(10.0, 6_000)
    drawn = Console(file=io.StringIO(), width=width, record=True, color_system=None)
    drawn.print(picture(seen, pace, dt.datetime(2026, 12, 1, 10, 0), drawn.width))
    lines = drawn.export_text().splitlines()
    words = " ".join("\n".join(lines).split())
    assert max(cell_len(line) for line in lines) <= width
    for told in ("50% 6,000 / 12,000 人（残り 6,000）", "LINEが受け付けた 5,900", "ブロック中など 40",
                 "送れなかった 50", "結果が不明 10", "1秒に 100 人 あと 60 秒くらい（10:01 ごろ）"):  # fmt: skip
        assert told in words


def test_the_pace_is_that_of_the_last_seconds_and_nothing_is_foretold_while_it_stands_still() -> None:
    pace = Pace()
    pace.note(0.0, 0)
    assert pace.left(10) is None
    pace.note(1.0, 1_000)
    assert pace.left(500) == 0.5
    for second in range(2, 40):
        pace.note(float(second), 1_000)
    assert pace.left(500) is None
