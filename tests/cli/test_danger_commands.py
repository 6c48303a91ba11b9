"""People in danger at the command line: the same deeds as at the desk, each with its line."""

from __future__ import annotations

import pytest
import typer.main
from office import hire
from terminal import Run

from bot.cli import danger
from bot.desk import dangers as deeds
from storage import audit, dangers, outbox, people, staff
from storage.dangers import Danger
from storage.work import Database

DESK = "tottori_chuo_jinken"
AS = ("--as", "山田")
LEAVES: dict[str, tuple[tuple[str, ...], str]] = {  # command: what is typed after the number, and its line
    "list": ((), "read"),
    "show": ((), "read"),
    "seen": (AS, "seen"),
    "words": (("--words", "call_us", "--yes", *AS), "words_call_us"),
    "who": (("--reason", "visit", *AS), "reason_visit"),
    "close": (("--outcome", "reached", *AS), "closed_reached"),
}


@pytest.fixture
def somebody(opened: Database) -> Danger:
    with opened.work() as work:
        return deeds.happened(work, people.lock(work, "default", "U" + "a" * 32), "S0", "suicide")


def now(db: Database) -> Danger:
    with db.look() as work:
        return dangers.listed(work)[0]


def test_every_command_is_listed() -> None:
    group = typer.main.get_command(danger.app)
    assert set(group.commands) == {*LEAVES, "watch"}  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", LEAVES)
def test_it_leaves_its_line(run: Run, opened: Database, somebody: Danger, command: str) -> None:
    typed, deed = LEAVES[command]
    said = run("danger", command, *(() if command == "list" else (somebody.number,)), *typed)
    assert said.code == 0, said.err
    with opened.look() as work:
        assert audit.listed(work, kind="danger", subject_id=somebody.id)[0].deed == deed


def test_the_list_says_how_urgent_and_who_looks_after_it_and_not_who_it_is(
    run: Run, opened: Database, somebody: Danger
) -> None:
    run("danger", "seen", somebody.number, *AS)
    said = run("danger", "list")
    assert somebody.number in said.out
    assert "いま危ない" in said.out
    assert "山田" in said.out
    (found,) = run("danger", "list", "--json").json
    assert (found["code"], found["seen_by"], found["window"]) == ("S0", "山田", DESK)
    assert "person_id" not in found
    assert run("danger", "list", "--unseen", "--json").json == []


def test_seen_by_somebody_else_is_said(run: Run, somebody: Danger) -> None:
    run("danger", "seen", somebody.number, *AS)
    said = run("danger", "seen", somebody.number, "--as", "佐藤")
    assert said.code == 1
    assert "ほかの人が先に" in said.err


def test_a_sentence_is_only_shown_without_yes(run: Run, opened: Database, somebody: Danger) -> None:
    said = run("danger", "words", somebody.number, "--words", "call_us", *AS)
    assert "0857-22-8111" in said.out
    assert now(opened).seen_at is None
    run("danger", "words", somebody.number, "--words", "call_us", "--yes", *AS)
    with opened.look() as work:
        assert len(work.conn.execute(outbox.outbox.select()).all()) == 1


@pytest.mark.parametrize("command", ["show", "seen", "close", "who", "words"])
def test_a_number_that_is_none_is_said_to_be_none(run: Run, opened: Database, command: str) -> None:
    said = run("danger", command, "D-0000-0000-0", *LEAVES[command][0])
    assert said.code == 1
    assert "番号はありません" in said.err


def test_who_would_be_told_is_shown_and_too_few_is_an_error(run: Run, opened: Database) -> None:
    said = run("danger", "watch")
    assert said.code == 1
    assert "2人に足りません" in said.out
    for number in range(2):
        made = hire(opened, f"職員{number}", DESK)
        with opened.work() as work:
            staff.set_mail(work, made.id, f"w{number}@town.example")
    found = {one["town"]: one for one in run("danger", "watch", "--json").json}
    assert (found["tottori"]["people"], found["tottori"]["enough"]) == (2, True)
    assert not found["iwami"]["enough"]
