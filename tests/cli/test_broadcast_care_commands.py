"""Care at the terminal: approved by somebody else, tried on one's own phone, not said twice, and who did what."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from terminal import Run, Said

from bot.cli.broadcast_care import MARK
from storage import audit, broadcasts, outbox, people, staff
from storage.work import Database

SEND = ("broadcast", "send", "--text", "大雪のため中止です", "--to", "everyone", "--yes")
SCHEDULE = (
    "broadcast",
    "schedule",
    "--text",
    "集まりです",
    "--to",
    "everyone",
    "--at",
    "2026-12-03 10:00",
    "--yes",
)
WEEKLY = (
    "broadcast",
    "schedule",
    "--text",
    "食堂",
    "--to",
    "everyone",
    "--repeat",
    "毎週 木",
    "--at",
    "10:00",
    "--yes",
)
LIMIT = {"BROADCAST_APPROVAL_ABOVE": "2"}  # there are three supporters

pytestmark = pytest.mark.usefixtures("by_day", "three_supporters")


def shown(run: Run, one: str) -> dict[str, object]:
    return dict(run("broadcast", "show", one, "--json").json)


def approve(run: Run, one: str, who: str = "佐藤", *more: str) -> Said:
    said: Said = run("broadcast", "approve", one, "--as", who, *more)
    return said


# ---- a second person ----------------------------------------------------------------------------------------


def test_above_the_limit_sending_waits_until_somebody_else_approves(run: Run, opened: Database) -> None:
    said = run(*SEND, "--as", "山田", **LIMIT)
    assert (said.code, "承認を待っています" in said.out) == (0, True)
    one = said.last_line
    assert shown(run, one)["status"] == "awaiting"
    assert "承認待ち" in run("broadcast", "list").out
    refused = approve(run, one, "山田", "--yes")
    assert (refused.code, "作った人（山田）は承認できません" in refused.err) == (1, True)
    dry = approve(run, one)
    assert ("大雪のため中止です" in dry.out, "3 人" in dry.out, shown(run, one)["status"]) == (
        True,
        True,
        "awaiting",
    )
    with opened.work() as work:
        assert outbox.claim(work, 10) == []
    assert approve(run, one, "佐藤", "--yes").code == 0
    found = shown(run, one)
    assert (found["status"], found["created_by"], found["approved_by"]) == ("sending", "山田", "佐藤")
    with opened.look() as work:
        steps = [(each.actor, each.deed) for each in audit.listed(work, kind="broadcast")]
    assert steps == [("佐藤", "approve"), ("山田", "send")]
    refused = approve(run, one, "佐藤", "--yes")
    assert (refused.code, "送信中" in refused.err) == (1, True)


def test_without_a_name_nobody_could_be_told_apart_so_it_is_asked_for(run: Run, opened: Database) -> None:
    said = run(*SEND, **LIMIT)
    assert (said.code, "--as" in said.err) == (2, True)
    with opened.look() as work:
        assert broadcasts.listed(work) == ()


def test_the_dry_run_says_that_somebody_else_has_to_approve(run: Run) -> None:
    assert "ほかの人の承認" in run(*SEND[:-1], **LIMIT).out
    assert "承認" not in run(*SEND[:-1]).out


def test_with_few_people_nothing_is_asked(run: Run) -> None:
    one = run(*SEND, BROADCAST_APPROVAL_ABOVE="3").last_line
    assert shown(run, one)["status"] == "sending"


def test_what_awaits_approval_stands_on_the_calendar_as_such(run: Run) -> None:
    one = run(*SCHEDULE, "--as", "山田", **LIMIT).last_line
    (turn,) = run("broadcast", "calendar", "--json").json["broadcasts"]
    assert (turn["broadcast_id"], turn["awaits_approval"]) == (one, True)
    assert "承認待ち" in run("broadcast", "calendar").out
    assert "approve" in run("broadcast", "show", one).err
    assert "2026-12-03(木) 10:00" in approve(run, one, "佐藤", "--yes").out
    (turn,) = run("broadcast", "calendar", "--json").json["broadcasts"]
    assert turn["awaits_approval"] is False


def test_approved_too_late_it_is_missed_and_show_says_why(run: Run, by_day: time_machine.Traveller) -> None:
    one = run(*SCHEDULE, "--as", "山田", **LIMIT).last_line
    by_day.move_to(dt.datetime(2026, 12, 3, 2, 1, tzinfo=dt.UTC))
    said = approve(run, one, "佐藤", "--yes")
    assert (said.code, "もう過ぎている" in said.err) == (1, True)
    assert shown(run, one)["status"] == "missed"


def test_a_series_waits_before_its_first_turn(run: Run) -> None:
    made = run(*WEEKLY, "--as", "山田", **LIMIT).last_line
    (listed,) = run("broadcast", "series", "list", "--json").json
    assert (listed["status"], listed["next_due_at"]) == ("awaiting", None)
    assert "承認待ち" in run("broadcast", "series", "show", made).out
    assert {
        each["awaits_approval"] for each in run("broadcast", "calendar", "--json").json["broadcasts"]
    } == {True}
    assert approve(run, made, "山田", "--yes").code == 1
    said = approve(run, made, "佐藤", "--yes")
    assert (said.code, "2026-12-03(木) 10:00" in said.out) == (0, True)
    found = run("broadcast", "series", "show", made, "--json").json
    assert (found["status"], found["approved_by"]) == ("active", "佐藤")
    assert [each["status"] for each in found["broadcasts"]] == ["scheduled"]
    refused = approve(run, made, "鈴木", "--yes")
    assert (refused.code, "くり返し中" in refused.err) == (1, True)


def test_approving_what_is_not_there_is_refused(run: Run) -> None:
    said = approve(run, "nope", "佐藤", "--yes")
    assert (said.code, "nope" in said.err) == (1, True)


# ---- one's own phone ----------------------------------------------------------------------------------------


@pytest.fixture
def yamada(opened: Database) -> str:
    """A member of staff with her own LINE; the id of her account."""
    with opened.work() as work:
        made = staff.add(work, login="yamada", name="山田花子", windows=("tottori_chuo_jinken",))
        staff.add(work, login="sato", name="佐藤", windows=("tottori_chuo_jinken",))
        staff.join_person(work, made.id, people.lock(work, "default", f"U{9:032x}").id)
    return made.id


def test_a_test_reaches_one_phone_only_and_says_so_in_its_first_message(
    run: Run, opened: Database, yamada: str
) -> None:
    one = run(*SCHEDULE).last_line
    said = run("broadcast", "test", one, "--as", "Yamada")
    assert (said.code, "山田花子" in said.out) == (0, True)
    assert run("broadcast", "test", "--text", "一", "--text", "二", "--as", "yamada").code == 0
    with opened.work() as work:
        (first,) = outbox.claim(work, 10)
        outbox.settle(work, first.id, "accepted")
        (second,) = outbox.claim(work, 10)
        noted = [(each.kind, each.subject_id) for each in audit.listed(work) if each.deed == "test"]
    assert (first.kind, first.to) == ("message", f"U{9:032x}")
    assert [each["text"].split("\n")[0] for each in first.body["messages"]] == [MARK, "集まりです"]
    assert [each["text"].split("\n")[0] for each in second.body["messages"]] == [MARK, "一", "二"]
    assert noted == [("staff", yamada), ("broadcast", one)]
    assert shown(run, one)["status"] == "scheduled"


def test_without_a_linked_line_it_says_where_to_link_it(run: Run, opened: Database, yamada: str) -> None:
    said = run("broadcast", "test", "--text", "a", "--as", "sato")
    assert (said.code, "まだLINEがつながっていません" in said.err, "/desk" in said.err) == (1, True, True)
    with opened.work() as work:
        assert outbox.claim(work, 10) == []


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("--text", "a", "--as", "yamaba"), 1, "yamada"),
        (("--as", "yamada"), 2, "--text"),
        (("x", "--text", "a", "--as", "yamada"), 2, "--text"),
        (("nope", "--as", "yamada"), 1, "nope"),
        (("--text", "あ" * 5_001, "--as", "yamada"), 1, "長すぎます"),
    ],
)
def test_what_cannot_be_tried_is_refused(
    run: Run, yamada: str, args: tuple[str, ...], code: int, said: str
) -> None:
    refused = run("broadcast", "test", *args)
    assert (refused.code, said in refused.err) == (code, True)


def test_who_has_blocked_the_account_is_told(run: Run, opened: Database, yamada: str) -> None:
    with opened.work() as work:
        people.set_friend(work, people.lock(work, "default", f"U{9:032x}").id, False, 1)
    said = run("broadcast", "test", "--text", "a", "--as", "yamada")
    assert (said.code, "ブロック" in said.err) == (1, True)


# ---- the same twice -----------------------------------------------------------------------------------------


def test_the_same_to_the_same_people_within_a_day_wants_again(run: Run) -> None:
    one = run(*SEND).last_line
    said = run(*SEND)
    assert said.code == 1
    for words in (one, "2026-12-01(火) 10:00", "3 人", "送信中", "--again"):
        assert words in said.err
    assert run(*SEND[:-1]).code == 1  # the dry run says it, too
    assert run(*SEND[:-2], "town=鳥取市", "--yes").code == 0
    assert run(*SEND, "--again").code == 0


def test_a_series_that_begins_with_what_is_planned_is_refused_too(run: Run) -> None:
    assert run(*WEEKLY).code == 0
    assert run(*WEEKLY).code == 1
    once = ("broadcast", "schedule", "--text", "食堂", "--to", "everyone", "--yes", "--at")
    assert run(*once, "2026-12-04 09:59").code == 1
    assert run(*once, "2026-12-05 10:00").code == 0


# ---- in the middle, and afterwards --------------------------------------------------------------------------


def test_pause_and_cancel_say_exactly_who_has_got_it_and_who_has_not(run: Run, opened: Database) -> None:
    one = run(*SEND).last_line
    said = run("broadcast", "pause", one).out
    assert "LINEが受け付けた 0 人、結果が不明 0 人、送っていない 3 人" in said
    run("broadcast", "resume", one)
    with opened.work() as work:
        outbox.claim(work, 10)
    assert "送信の途中 3 人、送っていない 0 人" in run("broadcast", "pause", one).out
    found = shown(run, one)
    assert (found["trying"], found["not_tried"], found["remaining"]) == (3, 0, 3)
    other = run(*SCHEDULE).last_line
    assert "送っていない 0 人" in run("broadcast", "cancel", other).out


def test_the_log_of_one_broadcast_says_who_when_what_and_to_how_many(run: Run) -> None:
    one = run(*SEND, "--as", "山田").last_line
    run("broadcast", "send", "--text", "別の配信", "--to", "everyone", "--yes")
    run("broadcast", "pause", one)
    run("broadcast", "cancel", one)
    steps = run("broadcast", "log", one, "--json").json
    assert [(each["deed"], each["people"]) for each in steps] == [
        ("send", None),
        ("began", 3),
        ("pause", None),
        ("cancel", None),
        ("cancelled", 0),
    ]
    assert (steps[0]["actor"], steps[0]["at"][:16]) == ("山田", "2026-12-01T10:00")
    said = run("broadcast", "log", one).out
    for words in ("すぐ送る命令をした", "送り始めた", "中止した", "山田", "自動", "大雪のため"):
        assert words in said
    assert run("broadcast", "log", "nope").code == 1


def test_the_log_of_a_series_is_there_too(run: Run) -> None:
    made = run(*WEEKLY).last_line
    assert [each["deed"] for each in run("broadcast", "log", made, "--json").json] == ["schedule"]
