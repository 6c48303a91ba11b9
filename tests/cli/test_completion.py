"""Tab at the terminal: what the shells ask is answered quickly, and never with a complaint."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer
from terminal import Run

from bot.cli import NOUNS, build, completing
from storage import broadcast_drafts, broadcasts, named_segments
from storage.segments import EVERYONE
from storage.work import Database

Tab = Callable[..., list[str]]


@pytest.fixture
def tab(env: dict[str, str]) -> Tab:
    """`tab("broadcast", "sen")`: the real command, as bash asks it; the last word is the one that goes on."""

    def press(*words: str, shell: str = "bash", **more: str) -> list[str]:
        line = ("tsunagari", *words)
        asked = {
            **os.environ, **env, **more,
            "_TSUNAGARI_COMPLETE": f"complete_{shell}",
            "COMP_WORDS": "\n".join(line), "COMP_CWORD": str(len(words)),
            "_TYPER_COMPLETE_ARGS": " ".join(line), "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        }  # fmt: skip
        if shell != "bash":
            del asked["COMP_WORDS"]
        done = subprocess.run(
            [sys.executable, "-m", "bot.cli"], capture_output=True, text=True, env=asked, check=False
        )
        assert done.stderr == ""
        return [line for line in done.stdout.splitlines() if line]

    return press


def test_nouns_commands_and_options(tab: Tab) -> None:
    assert tab("broad") == ["broadcast"]
    assert "watch" in tab("broadcast", "")
    assert tab("broadcast", "send", "--wat") == ["--watch"]


def test_bash_breaks_a_word_at_the_equals_sign_and_gets_only_its_end(tab: Tab) -> None:
    assert tab("broadcast", "send", "--to", "tow") == [f"town={name}" for name in tab(
        "broadcast", "send", "--to", "town", "=")]  # fmt: skip
    assert tab("broadcast", "send", "--to", "town", "=", "鳥") == ["鳥取市"]
    assert tab("broadcast", "send", "--to", "town", "=", "鳥取市,岩") == ["鳥取市,岩美町"]
    assert tab("broadcast", "send", "--to", "=", "role", "=", "サ") == ["サポーター"]


def test_ids_come_with_what_they_are(tab: Tab, opened: Database) -> None:
    with opened.work() as work:
        made = broadcasts.schedule(
            work, "default", [{"text": "雪の日のお知らせ"}], EVERYONE, work.now, created_by="x"
        )
    assert tab("broadcast", "show", "") == [made.id]
    (line,) = tab("broadcast", "show", made.id[:5], shell="fish")
    assert line.startswith(f"{made.id}\t")
    assert "予約中 雪の日のお知らせ" in line
    (quoted,) = tab("broadcast", "show", made.id[:5], shell="zsh")
    assert made.id in quoted


@pytest.mark.parametrize(
    "broken",
    [{"DATABASE_URL": "sqlite:////nowhere/x.db"}, {"TSUNAGARI_KEYS": ""}, {"CONTENT_DIR": "/nowhere"}],
)
def test_without_database_keys_or_content_nothing_is_offered_and_nobody_complains(
    tab: Tab, broken: dict[str, str]
) -> None:
    assert tab("broadcast", "show", "", **broken) == []


def test_a_database_that_is_not_there_is_not_made(tab: Tab, tmp_path: Any) -> None:
    assert tab("broadcast", "show", "", DATABASE_URL=f"sqlite:///{tmp_path / 'new.db'}") == []
    assert not (tmp_path / "new.db").exists()


def test_the_first_word_needs_none_of_the_commands() -> None:
    made = completing.only_names(NOUNS)
    assert {each.name for each in made.registered_commands} == set(NOUNS)


# ---- what goes on how --------------------------------------------------------------------------------------


def parameters(command: Any) -> Iterator[Any]:
    yield from command.params
    for each in getattr(command, "commands", {}).values():
        yield from parameters(each)


@pytest.fixture(scope="module")
def known() -> list[Any]:
    """Every option and argument of every command, ready for a shell."""
    return list(parameters(completing.offers(typer.main.get_command(build()))))


@pytest.mark.parametrize(
    "name", ["--town", "--channel", "--to", "--not", "--repeat", "--holiday", "broadcast_id", "series_id"]
)
def test_wherever_it_stands_it_goes_on(known: list[Any], name: str) -> None:
    these = [each for each in known if name in (each.name, *each.opts)]
    assert these
    assert all(each._custom_shell_complete for each in these)


def test_every_word_that_is_offered_stands_in_some_command(known: list[Any]) -> None:
    names = {name for each in known for name in (each.name, *each.opts)}
    assert {word.rpartition(" ")[2] for word in completing.WORDS} <= names


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, env: dict[str, str], read_once: None) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("ro", ["role=サポーター", "role=住民"]),
        ("role=", ["role=サポーター", "role=住民"]),
        ("役割=住", ["役割=住民"]),
        ("(town=鳥取市 かつ role=住", ["(town=鳥取市 かつ role=住民"]),
        ("ever", ["everyone"]),
        ("@", ["@常連"]),
        ("町=", []),
    ],
)
def test_a_condition_goes_on_where_it_was_left(opened: Database, typed: str, offered: list[str]) -> None:
    with opened.work() as work:
        named_segments.add(work, "default", "常連", EVERYONE, created_by="x")
    found = [word for word, _ in completing.segments(typed)]
    assert [word for word in found if word.startswith(typed)] == offered


@pytest.mark.usefixtures("here")
def test_drafts_are_offered_by_their_names(opened: Database) -> None:
    with opened.work() as work:
        broadcast_drafts.save(work, "default", "冬の集い", "title: a", ".yaml", {}, created_by="x")
    assert [name for name, _ in completing.draft_names()] == ["冬の集い"]


@pytest.mark.usefixtures("here")
def test_every_topic_and_district_that_is_offered_is_understood(run: Run, opened: Database) -> None:
    for field in ("topic=", "entry=", "refresher-due=", "town="):
        offered = [word for word, _ in completing.segments(field)]
        assert offered
        for word in offered:
            assert run("broadcast", "preview", "--to", word, "--json").code == 0


def test_the_repeats_that_are_offered_are_understood(run: Run) -> None:
    for word, _ in completing.repeats(""):
        said = run(
            "broadcast", "schedule", "--text", "a", "--to", "everyone", "--repeat", word, "--at", "10:00"
        )
        assert said.code == 0, said.err


def test_a_question_that_takes_too_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr(completing, "LONGEST_WAIT", 0.01)
    never = threading.Event()
    assert completing._in_time(lambda: [("a", str(never.wait(30)))]) == []
    never.set()


# ---- switching it on ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_it_is_switched_on_by_one_command(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, shell: str
) -> None:
    monkeypatch.setattr("typer._completion_shared._get_shell_name", lambda: shell)
    home = tmp_path / "home"
    monkeypatch.setattr("pathlib.Path.home", lambda: home)
    shown = run("--show-completion")
    assert shown.code == 0
    assert "_TSUNAGARI_COMPLETE" in shown.out
    assert not home.exists()
    said = run("--install-completion")
    assert said.code == 0
    assert "新しい端末を開くと" in said.out
    assert [path for path in home.rglob("*") if path.is_file() and "tsunagari" in path.read_text()]


def test_in_an_unknown_shell_it_says_where_it_works(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typer._completion_shared._get_shell_name", lambda: None)
    said = run("--install-completion")
    assert said.code == 1
    assert "bash" in said.err
