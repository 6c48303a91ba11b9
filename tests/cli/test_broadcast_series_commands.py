"""Broadcasts that come again, at the terminal: made, listed, on the calendar, paused, cancelled; and never at night."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Iterator

import pytest
import time_machine
from terminal import Run

from jobs import timetable
from storage import audit, broadcast_series, broadcasts
from storage.work import Database

REPEAT = ("broadcast", "schedule", "--text", "地域食堂のお知らせです", "--to", "everyone", "--at", "10:00")
TUESDAYS = (*REPEAT, "--repeat", "毎月 第2火曜")

pytestmark = pytest.mark.usefixtures("by_day", "three_supporters")


def made(run: Run, *more: str) -> str:
    return str(run(*TUESDAYS, *more, "--yes", "--json").json["id"])


def due(run: Run, *more: str) -> list[str]:
    return [each["due_at"] for each in run("broadcast", "calendar", "--json", *more).json["broadcasts"]]


def test_without_yes_the_next_days_are_shown_and_nothing_is_written(run: Run, opened: Database) -> None:
    said = run(*TUESDAYS, "--holiday", "次の平日", "--late", "0")
    assert said.code == 0
    for words in (
        "毎月 第2火曜 10:00、祝日は次の平日",
        "2026-12-08(火)、2027-01-12(火)",
        "3 人",
        "おくれたら送らない",
    ):
        assert words in said.out
    shown = run(*TUESDAYS, "--json").json
    assert (shown["dry_run"], shown["coming"][0]) == (True, "2026-12-08T10:00:00+09:00")
    with opened.look() as work:
        assert broadcast_series.listed(work) == ()


def test_with_yes_its_first_turn_is_due_and_the_id_stands_alone_on_the_last_line(
    run: Run, opened: Database
) -> None:
    said = run(*TUESDAYS, "--late", "5", "--title", "地域食堂", "--yes")
    with opened.look() as work:
        (series,) = broadcast_series.listed(work)
        (first,) = broadcasts.listed(work)
        entries = audit.listed(work, kind="broadcast_series")
    assert said.last_line == series.id
    assert (series.title, series.late_limit, first.late_limit) == ("地域食堂", *[dt.timedelta(minutes=5)] * 2)
    assert timetable.planned(opened) == {first.id: first.due_at}
    assert [(entry.deed, entry.subject_id) for entry in entries] == [("schedule", series.id)]
    assert [each["title"] for each in run("broadcast", "series", "list", "--json").json] == ["地域食堂"]
    assert "地域食堂" in run("broadcast", "series", "list").out
    assert "予約中（くり返し）" in run("broadcast", "list").out


def test_the_calendar_shows_every_turn_of_ninety_days_one_off_ones_and_the_holidays(run: Run) -> None:
    once = run(
        "broadcast", "schedule", "--text", "雪の注意", "--at", "2026-12-20 10:00", "--to", "everyone", "--yes"
    )
    made(run)
    assert due(run) == [
        f"{day}T10:00:00+09:00" for day in ("2026-12-08", "2026-12-20", "2027-01-12", "2027-02-09")
    ]
    shown = run("broadcast", "calendar", "--json").json
    assert [each["broadcast_id"] is None for each in shown["broadcasts"]] == [False, False, True, True]
    assert shown["broadcasts"][1]["broadcast_id"] == once.last_line
    assert {"day": "2027-01-01", "name": "元日"} in shown["holidays"]
    assert (shown["from"], shown["until"]) == ("2026-12-01", "2027-03-01")
    said = run("broadcast", "calendar", "--days", "30").out
    assert "雪の注意" in said
    assert "2027-01-12" not in said
    assert due(run, "--days", "7") == ["2026-12-08T10:00:00+09:00"]
    assert due(run, "--days", "6") == []


def test_the_calendar_shows_when_gathered_news_go_out(run: Run) -> None:
    digests = run("broadcast", "calendar", "--json", "--days", "34").json["digests"]
    assert {each["at"] for each in digests if each["rhythm"] == "month"} == {"2027-01-04T10:00:00+09:00"}
    weekly = [each["at"] for each in digests if each["rhythm"] == "week"]
    assert weekly == [
        f"{day}T10:00:00+09:00"
        for day in ("2026-12-04", "2026-12-11", "2026-12-18", "2026-12-25", "2027-01-01")
    ]
    assert "お知らせの便（週に1回）" in run("broadcast", "calendar", "--days", "8").out


def test_holidays_exclusions_and_the_end_are_heeded(run: Run) -> None:
    options = ("--holiday", "after", "--except", "12/24", "--until", "2027-01-31")
    run(*REPEAT, "--repeat", "毎月 1日・24日", *options, "--yes")
    assert due(run) == ["2027-01-04T10:00:00+09:00", "2027-01-24T10:00:00+09:00"]


def test_a_series_is_paused_resumed_and_cancelled(run: Run, opened: Database) -> None:
    series = made(run)
    assert run("broadcast", "series", "pause", series).code == 0
    assert (due(run), timetable.planned(opened)) == ([], {})
    assert "1 件" in run("broadcast", "calendar").err
    assert "2026-12-08(火) 10:00" in run("broadcast", "series", "resume", series).out
    assert len(timetable.planned(opened)) == 1
    assert run("broadcast", "series", "cancel", series).code == 0
    assert (due(run), timetable.planned(opened)) == ([], {})
    said = run("broadcast", "series", "resume", series)
    assert (said.code, "中止" in said.err) == (1, True)
    with opened.look() as work:
        deeds = [entry.deed for entry in audit.listed(work, kind="broadcast_series")]
    assert sorted(deeds) == ["cancel", "pause", "resume", "schedule"]


def test_a_series_that_has_no_day_left_says_so_when_it_is_resumed(
    run: Run, by_day: time_machine.Traveller
) -> None:
    series = made(run, "--until", "2026-12-08")
    run("broadcast", "series", "pause", series)
    by_day.move_to(dt.datetime(2026, 12, 9, 3, tzinfo=dt.UTC))
    assert "終わりました" in run("broadcast", "series", "resume", series).err


def test_cancelling_one_turn_goes_on_with_the_next(run: Run, opened: Database) -> None:
    series = made(run)
    shown = run("broadcast", "series", "show", series, "--json").json
    (first,) = shown["broadcasts"]
    said = run("broadcast", "cancel", first["id"])
    assert "2027-01-12(火) 10:00" in said.out
    assert due(run)[0] == "2027-01-12T10:00:00+09:00"
    assert len(timetable.planned(opened)) == 1
    shown = run("broadcast", "series", "show", series, "--json").json
    assert [one["status"] for one in shown["broadcasts"]] == ["scheduled", "cancelled"]
    assert shown["coming"][0] == "2027-01-12T10:00:00+09:00"
    assert "2027-01-12(火)" in run("broadcast", "series", "show", series).out


def test_the_id_of_a_series_is_told_from_that_of_a_broadcast(run: Run) -> None:
    series = made(run)
    said = run("broadcast", "show", series)
    assert (said.code, f"series show {series}" in said.err) == (1, True)
    said = run("broadcast", "series", "show", "nope")
    assert (said.code, "nope" in said.err) == (1, True)


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (("--repeat", "火・木"), 2, "毎週 火・木"),
        (("--from", "12/1"), 1, "--repeat"),
        (("--title", "a"), 1, "--repeat"),
        (("--repeat", "毎日", "--late", "1441"), 2, "1440"),
        (("--repeat", "毎日", "--until", "2020-01-01"), 2, "始まり"),
    ],
)
def test_what_cannot_be_meant_is_refused(run: Run, more: tuple[str, ...], code: int, said: str) -> None:
    refused = run(*REPEAT, *more, "--yes")
    assert refused.code == code
    assert said in refused.err


# ---- at night -------------------------------------------------------------------------------------------------------

ONCE = ("broadcast", "schedule", "--text", "避難所を開きました", "--to", "everyone", "--at")


@pytest.mark.parametrize("at", ["2026-12-20 21:00", "2026-12-20 07:59", "2026-12-21 00:00"])
def test_a_time_at_night_is_refused_without_a_reason(run: Run, opened: Database, at: str) -> None:
    said = run(*ONCE, at, "--yes")
    assert said.code == 1
    assert "--urgent" in said.err
    with opened.look() as work:
        assert broadcasts.listed(work) == ()


@pytest.mark.parametrize("at", ["2026-12-20 20:59", "2026-12-20 08:00"])
def test_the_edges_of_the_day_are_no_night(run: Run, at: str) -> None:
    assert run(*ONCE, at, "--yes").code == 0


def test_a_reason_is_kept_shown_and_stands_in_the_audit_list(run: Run, opened: Database) -> None:
    one = run(*ONCE, "2026-12-20 22:00", "--urgent", "大雨のため", "--yes").last_line
    assert "大雨のため" in run("broadcast", "show", one).out
    assert run("broadcast", "show", one, "--json").json["urgent_reason"] == "大雨のため"
    with opened.look() as work:
        assert [entry.deed for entry in audit.listed(work, kind="broadcast")] == ["urgent", "schedule"]
        sealed = work.conn.exec_driver_sql("SELECT urgent_reason FROM broadcasts").scalar()
    assert "大雨".encode() not in bytes(sealed)


@pytest.mark.parametrize("reason", ["", "  ", "あ" * 201])
def test_a_reason_has_words_but_is_no_novel(run: Run, reason: str) -> None:
    assert run(*ONCE, "2026-12-20 22:00", "--urgent", reason, "--yes").code == 1


SEND = ("broadcast", "send", "--text", "避難所を開きました", "--to", "everyone", "--yes")
AT_TEN = dt.datetime(2026, 12, 1, 13, 0, tzinfo=dt.UTC)  # 22:00 in Tottori


def test_sending_now_at_night_wants_a_reason_too(
    run: Run, by_day: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_day.move_to(AT_TEN)
    refused = run(*SEND, LINE_API_BASE="")  # the real LINE
    assert (refused.code, "--urgent" in refused.err) == (1, True)
    one = run(*SEND, "--urgent", "大雨のため").last_line
    assert run("broadcast", "show", one, "--json").json["status"] == "sending"


def test_with_a_stand_in_for_line_nobody_is_woken_and_the_evening_is_told(
    run: Run, by_day: time_machine.Traveller
) -> None:
    by_day.move_to(AT_TEN)
    one = run(*SEND)
    assert (one.code, "--urgent" in one.err) == (0, True)
    assert run("broadcast", "show", one.last_line, "--json").json["status"] == "sending"
    assert run(*ONCE, "2026-12-01 22:30", "--again", "--yes").code == 0
    assert run(*ONCE, "2026-12-01 23:30", "--again", "--yes").code == 1


def test_an_urgent_one_at_night_is_on_its_way_at_once(run: Run, by_day: time_machine.Traveller) -> None:
    by_day.move_to(AT_TEN)
    one = run(*SEND, "--urgent", "大雨のため").last_line
    assert run("broadcast", "show", one, "--json").json["status"] == "sending"


def test_a_series_at_night_wants_a_reason_and_hands_it_to_its_turns(run: Run, opened: Database) -> None:
    at_six = (
        "broadcast",
        "schedule",
        "--text",
        "a",
        "--to",
        "everyone",
        "--repeat",
        "毎日",
        "--at",
        "6:00",
        "--yes",
    )
    assert run(*at_six).code == 1
    series = run(*at_six, "--urgent", "朝の見守り").last_line
    with opened.look() as work:
        assert [one.urgent_reason for one in broadcasts.listed(work)] == ["朝の見守り"]
    assert "朝の見守り" in run("broadcast", "series", "show", series).out


# ---- the host ---------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["UTC", "America/New_York", "Pacific/Apia"])
def elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The clock of the machine shows the time of another place."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_the_days_are_those_of_japan_wherever_the_machine_thinks_it_is(run: Run, elsewhere: str) -> None:
    assert os.environ["TZ"] == elsewhere
    run(*REPEAT, "--repeat", "12/31,1/1,2028-02-29", "--yes")
    assert due(run, "--days", "1000") == [
        f"{day}T10:00:00+09:00" for day in ("2026-12-31", "2027-01-01", "2028-02-29")
    ]
