"""Broadcasts at the terminal: a dry run first, clear refusals, an id that a script can take."""

from __future__ import annotations

import pytest
from terminal import Run

from jobs import timetable
from storage import audit, broadcasts, outbox
from storage.segments import All, Fits
from storage.work import Database

LATER = "2026-12-31 10:00"
SCHEDULE = ("broadcast", "schedule", "--text", "講座のお知らせです", "--at", LATER)
TO_TOTTORI = ("--to", "town=鳥取市", "--to", "role=supporter")

pytestmark = pytest.mark.usefixtures("by_day", "three_supporters")


def test_without_yes_nothing_is_scheduled_but_the_number_of_people_is_shown(
    run: Run, opened: Database
) -> None:
    said = run(*SCHEDULE, *TO_TOTTORI)
    assert said.code == 0
    assert "2 人" in said.out
    assert "--yes" in said.out
    with opened.look() as work:
        assert broadcasts.listed(work) == ()


def test_with_yes_it_is_scheduled_due_and_its_id_stands_alone_on_the_last_line(
    run: Run, opened: Database
) -> None:
    said = run(*SCHEDULE, *TO_TOTTORI, "--yes")
    assert said.code == 0
    with opened.look() as work:
        (made,) = broadcasts.listed(work)
        entries = audit.listed(work, kind="broadcast")
    assert said.last_line == made.id
    assert made.segment == All((Fits("town", ("tottori",)), Fits("role", ("supporter",))))
    assert timetable.planned(opened) == {made.id: made.due_at}
    assert [entry.deed for entry in entries] == ["schedule"]


def test_json_gives_the_id_to_a_program(run: Run) -> None:
    made = run(*SCHEDULE, *TO_TOTTORI, "--yes", "--json").json
    shown = run("broadcast", "show", made["id"], "--json").json
    assert shown["status"] == "scheduled"
    assert {"recipients", "accepted", "blocked", "failed", "remaining"} <= shown.keys()
    assert shown["due_at"] == LATER.replace(" ", "T") + ":00+09:00"


def test_the_past_is_refused(run: Run) -> None:
    said = run("broadcast", "schedule", "--text", "a", "--at", "2020-01-01 10:00", *TO_TOTTORI, "--yes")
    assert said.code == 1
    assert "もう過ぎています" in said.err


def test_a_wrong_date_is_wrong_usage(run: Run) -> None:
    assert run("broadcast", "schedule", "--text", "a", "--at", "2026-02-30 10:00", *TO_TOTTORI).code == 2


def test_a_misspelt_town_is_answered_with_the_nearest(run: Run) -> None:
    said = run(*SCHEDULE, "--to", "town=鳥取巿")
    assert said.code == 1
    assert "鳥取市" in said.err


def test_a_misspelt_field_is_answered_with_the_nearest(run: Run) -> None:
    said = run(*SCHEDULE, "--to", "twon=鳥取市")
    assert said.code == 1
    assert "town" in said.err


def test_forgetting_whom_it_is_for_is_refused(run: Run) -> None:
    said = run(*SCHEDULE, "--yes")
    assert said.code == 1
    assert "だれに" in said.err


def test_sending_to_nobody_is_refused(run: Run) -> None:
    said = run("broadcast", "send", "--text", "a", "--to", "town=若桜町", "--yes")
    assert said.code == 1
    assert "0 人" in said.err


def test_a_text_longer_than_line_takes_is_refused_with_its_length(run: Run) -> None:
    said = run("broadcast", "send", "--text", "あ" * 5_001, *TO_TOTTORI, "--yes")
    assert said.code == 1
    assert "5001" in said.err


def test_a_sixth_text_is_refused(run: Run) -> None:
    texts = [part for _ in range(6) for part in ("--text", "a")]
    assert run("broadcast", "send", *texts, *TO_TOTTORI, "--yes").code == 1


def test_send_hands_it_to_the_outbox_at_once(run: Run, opened: Database) -> None:
    said = run("broadcast", "send", "--text", "大雪です", "--to", "role=サポーター", "--yes")
    shown = run("broadcast", "show", said.last_line, "--json").json
    assert (shown["status"], shown["recipients"], shown["remaining"]) == ("sending", 3, 3)
    with opened.work() as work:
        (row,) = outbox.claim(work, 10)
    assert len(row.body["to"]) == 3


def test_a_topic_reaches_those_who_chose_it(run: Run) -> None:
    assert run("broadcast", "send", "--text", "a", "--to", "topic=events", "--json").json["recipients"] == 1


def test_everyone_has_to_be_said(run: Run) -> None:
    assert run("broadcast", "send", "--text", "a", "--to", "everyone", "--json").json["recipients"] == 3


def test_cancelling_takes_it_off_the_timetable(run: Run, opened: Database) -> None:
    made = run(*SCHEDULE, *TO_TOTTORI, "--yes").last_line
    assert run("broadcast", "cancel", made).code == 0
    assert run("broadcast", "show", made, "--json").json["status"] == "cancelled"
    assert timetable.planned(opened) == {}


def test_pause_and_resume_follow_each_other(run: Run, opened: Database) -> None:
    made = run("broadcast", "send", "--text", "a", *TO_TOTTORI, "--yes").last_line
    assert run("broadcast", "pause", made).code == 0
    with opened.work() as work:
        assert outbox.claim(work, 10) == []
    assert run("broadcast", "resume", made).code == 0
    with opened.work() as work:
        assert len(outbox.claim(work, 10)) == 1


def test_what_is_only_scheduled_cannot_be_paused(run: Run) -> None:
    made = run(*SCHEDULE, *TO_TOTTORI, "--yes").last_line
    said = run("broadcast", "pause", made)
    assert said.code == 1
    assert "予約中" in said.err


def test_an_unknown_id_is_said_to_be_unknown(run: Run) -> None:
    said = run("broadcast", "show", "nope")
    assert said.code == 1
    assert "nope" in said.err


def test_the_list_names_town_and_status(run: Run) -> None:
    made = run(*SCHEDULE, *TO_TOTTORI, "--yes").last_line
    said = run("broadcast", "list")
    assert made in said.out
    assert "鳥取市" in said.out
    assert [each["id"] for each in run("broadcast", "list", "--json").json] == [made]
