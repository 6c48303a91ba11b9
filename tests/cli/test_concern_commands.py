"""Concerns at the terminal: reading the words of one always leaves a line in the audit list."""

from __future__ import annotations

import getpass

import pytest
from terminal import Run

from storage import audit, concerns, entries, handons, people
from storage.concerns import Concern
from storage.work import Database

WORDS = "となりの家の 雨戸が 三日 閉まったまま"
CONTACT = "090-0000-1234"


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
            window="iwami_kenko_fukushi",
            route_reason="own",
        )
        concerns.add_details(work, made, {"what": WORDS, "contact": CONTACT})
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
    assert {entry.subject_id for entry in entries} == {reported.id}
    assert [(entry.actor, entry.deed) for entry in entries] == [
        ("山田", "read_details"),
        (f"cli:{getpass.getuser()}", "looked"),
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


def kinds(opened: Database, concern: Concern) -> list[str]:
    with opened.look() as work:
        return [one.kind for one in entries.of(work, concern)]


def test_who_reported_is_not_among_the_details_and_needs_a_reason(
    run: Run, reported: Concern, opened: Database
) -> None:
    assert CONTACT not in run("concern", "show", reported.number, "--details", "--as", "山田").out
    ask = ("concern", "who-reported", reported.number, "--as", "山田", "--reason")
    assert run(*ask, " ").code == 2
    assert CONTACT in run(*ask, "折り返し電話のため").out
    assert kinds(opened, reported) == ["identity"]


@pytest.mark.parametrize("name", ["", " ", "person", "system", "staff:123"])
def test_nobody_signs_with_a_name_that_is_not_theirs(run: Run, reported: Concern, name: str) -> None:
    assert run("concern", "accept", reported.number, "--as", name).code == 2
    assert run("concern", "show", reported.number, "--json").json["state"] == "sent"


def test_a_town_without_a_browser_does_the_whole_work(run: Run, reported: Concern, opened: Database) -> None:
    number, by = reported.number, ("--as", "山田")
    assert run("concern", "note", number, "--text", "来週また訪ねる", *by).code == 0
    assert run("concern", "level", number, "--to", "1", "--text", "応答がない", *by).code == 0
    assert run("concern", "level", number, "--to", "3", "--text", "落ちついた", *by).code == 1
    assert run("concern", "call", number, "--with", "家族", "--text", "元気だった", *by).code == 0
    shown = run("concern", "show", number, "--details", *by).out
    assert "対応中" in shown
    assert "来週また訪ねる" in shown
    assert run("concern", "close", number, "--outcome", "見守りを続ける", *by, "--yes").code == 0
    assert run("concern", "note", number, "--text", " ", *by).code == 2
    assert run("concern", "reopen", number, "--text", "また心配", *by).code == 0
    assert run("concern", "show", number, "--json", "--as", "山田").json["state"] == "accepted"
    assert kinds(opened, reported) == ["note", "level", "call", "closed", "reopened"]
    with opened.look() as work:
        assert {one.actor for one in audit.listed(work, kind="concern")} == {"山田"}


def test_a_hand_on_is_refused_withdrawn_and_accepted(run: Run, reported: Concern, opened: Database) -> None:
    number, by = reported.number, ("--as", "山田")
    ask = ("concern", "hand-on", number, "--text", "訪問を", *by, "--to")
    assert run(*ask, "どこにもない窓口").code == 1
    assert run("concern", "accept-handon", number, *by).code == 1
    assert run(*ask, "chizu_fukushi").code == 0
    assert run(*ask, "yazu_fukushi").code == 1  # one at a time
    refuse = ("concern", "refuse-handon", number, "--text", "別の町です", *by)
    assert run(*refuse, "--reason", "not_our_area", "--propose", "chizu_fukushi").code == 1
    assert run(*refuse, "--reason", "うちの受け持ちの地域ではない", "--propose", "yazu_fukushi").code == 0
    assert run(*ask, "yazu_fukushi").code == 0
    assert run("concern", "withdraw-handon", number, *by).code == 0
    assert run(*ask, "yazu_fukushi").code == 0
    assert run("concern", "accept-handon", number, *by).code == 0
    assert run("concern", "show", number, "--json").json["window"] == "yazu_fukushi"
    with opened.look() as work:
        assert [one.state for one in handons.of(work, reported)] == ["refused", "withdrawn", "accepted"]


def test_reports_are_merged_after_a_dry_run(run: Run, reported: Concern, opened: Database) -> None:
    with opened.work() as work:
        kept = concerns.open_concern(
            work,
            "default",
            person_id=None,
            town="iwami",
            district=None,
            kind="safety",
            level=3,
            since="days",
            subject_knows="unaware",
            window="iwami_kenko_fukushi",
            route_reason="own",
        )
    merge = ("concern", "merge", reported.number, "--into", kept.number, "--as", "山田")
    assert "下見" in run(*merge).out
    assert run("concern", "show", reported.number, "--json").json["merged_into"] is None
    assert run(*merge, "--yes").code == 0
    assert run("concern", "show", reported.number, "--json").json["merged_into"] == kept.id
    assert run(*merge, "--yes").code == 1


def test_an_error_that_nobody_thought_of_shows_its_kind_and_place_but_none_of_its_words(
    run: Run, reported: Concern, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> None:
        raise KeyError(WORDS)

    monkeypatch.setattr(concerns, "details", broken)
    said = run("concern", "show", reported.number, "--details", "--as", "山田")
    assert said.code == 1
    assert "思いがけない誤りが起きました（KeyError）" in said.err
    assert "test_concern_commands.py" in said.err
    assert WORDS not in said.err + said.out
