"""Concerns at the terminal: reading the words of one always leaves a line in the audit list."""

from __future__ import annotations

import pytest
from terminal import Run

from storage import audit, concerns, people
from storage.concerns import Concern
from storage.work import Database

WORDS = "となりの家の 雨戸が 三日 閉まったまま"


@pytest.fixture
def reported(opened: Database) -> Concern:
    with opened.work() as work:
        person = people.lock(work, "default", "U" + "1" * 32)
        made = concerns.open_concern(
            work,
            "default",
            person_id=person.id,
            town="tottori",
            district=None,
            kind="safety",
            level=2,
            since="days",
            subject_knows="unaware",
            window="some_desk",
            route_reason="own",
        )
        concerns.add_details(work, made, {"what": WORDS})
    return made


def test_the_list_shows_number_and_kind_but_no_words(run: Run, reported: Concern) -> None:
    said = run("concern", "list")
    assert reported.number in said.out
    assert "鳥取市" in said.out
    assert WORDS not in said.out
    (listed,) = run("concern", "list", "--state", "sent", "--json").json
    assert listed["number"] == reported.number
    assert "person_id" not in listed


def test_a_state_that_is_none_is_refused(run: Run, reported: Concern) -> None:
    assert run("concern", "list", "--state", "gone").code == 1


def test_details_need_a_name_and_leave_a_line(run: Run, reported: Concern, opened: Database) -> None:
    assert run("concern", "show", reported.number, "--details").code == 2
    assert WORDS not in run("concern", "show", reported.number).out
    assert WORDS in run("concern", "show", reported.number, "--details", "--as", "山田").out
    with opened.look() as work:
        entries = audit.listed(work, kind="concern")
    assert [(entry.actor, entry.deed, entry.subject_id) for entry in entries] == [
        ("山田", "read_details", reported.id)
    ]


def test_a_number_is_found_however_it_is_typed(run: Run, reported: Concern) -> None:
    typed = reported.number.lower().replace("-", " ")
    assert reported.number in run("concern", "show", typed).out


def test_a_typing_error_in_a_number_is_named(run: Run) -> None:
    said = run("concern", "show", "K-1111-1111-2")
    assert said.code == 1
    assert "受付番号" in said.err


def test_accept_then_close_with_a_dry_run_between(run: Run, reported: Concern) -> None:
    assert run("concern", "accept", reported.number, "--as", "山田").code == 0
    assert run("concern", "accept", reported.number, "--as", "山田").code == 1
    close = ("concern", "close", reported.number, "--outcome", "支援につながった", "--as", "山田")
    assert "下見" in run(*close).out
    assert run("concern", "show", reported.number, "--json").json["state"] == "accepted"
    assert run(*close, "--yes").code == 0
    shown = run("concern", "show", reported.number, "--json").json
    assert (shown["state"], shown["outcome"]) == ("closed", "connected")


def test_the_monthly_report_counts_it(run: Run, reported: Concern) -> None:
    report = run("report", "month", f"{reported.created_at.astimezone():%Y-%m}", "--json").json
    assert report["concerns"] == [{"town": "tottori", "kind": "safety", "count": 1}]
    assert run("report", "month").code == 0
    assert run("report", "month", "2026-13").code == 2
