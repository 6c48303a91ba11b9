"""A member of staff's first hour: help and complaints in Japanese, with an example and the nearest right word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from terminal import Run

from bot.cli import OURS, build

ENGLISH = (  # what Typer says when nobody tells it otherwise
    *(
        "Usage",
        "Options",
        "Arguments",
        "Commands",
        "Error",
        "Missing",
        "Invalid",
        "No such",
        "Try ",
        "for help",
    ),
    *(
        "Show this message",
        "[required]",
        "[default",
        "OPTIONS",
        "COMMAND",
        "ARGS",
        "<str>",
        "<bool>",
        "<int>",
    ),
    *("completion for", "Did you mean", "Got unexpected", "requires an argument", "Input should", "Aborted"),
)


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, each in getattr(command, "commands", {}).items():
        if not each.hidden:
            yield from commands(each, (*path, name))


def english_in(said: str) -> list[str]:
    return [words for words in ENGLISH if words in said]


def test_every_command_says_in_japanese_what_it_does_with_an_example_and_what_can_be_given() -> None:
    for path, command in commands(typer.main.get_command(build())):
        assert re.search("[ぁ-ん]", command.help or ""), path
        assert [each.name for each in command.params if not (each.hidden or each.help)] == [], path
        if not hasattr(command, "commands"):
            assert re.search(f"例: .*tsunagari {' '.join(path)}", command.help), path


@pytest.mark.parametrize(
    "path", ["", "broadcast", "broadcast schedule", "broadcast watch", "course create", "report month"]
)
def test_no_english_is_left_in_the_help(run: Run, path: str) -> None:
    said = run(*path.split(), "--help")
    assert said.code == 0
    assert said.out.split()[0] == "使い方:"
    assert "この説明を出す。" in said.out
    assert english_in(said.out) == []


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (
            "course create --title a",
            ["--town", "例: tsunagari course create", "説明: ", "course create --help"],
        ),
        ("broadcast sent", ["「sent」という命令はありません", "「send」ですか？"]),
        ("braodcast list", ["「broadcast」ですか？"]),
        ("broadcast show", ["ID が書かれていません"]),
        ("broadcast list --jsn", ["「--jsn」という指定はありません", "「--json」ですか？"]),
        ("broadcast list --what", ["「--what」という指定はありません", "使えるもの: --channel"]),
        ("broadcast list --json=3", ["--json に値は付けません"]),
        ("broadcast send --text", ["--text のあとに値がありません"]),
        ("broadcast send --text 明日 10時から --to everyone", ["「10時から」は余分です", '" "']),
        ("broadcast calendar --days 三日", ["--days: 「三日」は数として読めません", "1〜1100"]),
        ("broadcast calendar --days ３０", ["「30」のことですか？"]),
        ("broadcast calendar --days 9999", ["「9999」は使えません", "1〜1100"]),
        (
            "broadcast schedule --text a --to everyone --at 2026-02-31T10:00",
            ["2026年2月31日という日はありません"],
        ),
    ],
)
def test_wrong_usage_is_told_in_japanese_with_what_is_right(run: Run, typed: str, told: list[str]) -> None:
    said = run(*typed.split(" "))
    assert said.code == 2
    assert [words for words in told if words not in said.err] == []
    assert english_in(said.err) == []
    assert said.err.startswith("✗ ")


@pytest.mark.parametrize("option", ["--to", "--not"])
def test_where_there_is_nothing_yet_it_does_not_list_nothing(run: Run, option: str) -> None:
    said = run("broadcast", "preview", "--to", "everyone", option, "@常連")
    assert "まだ1つもありません" in said.err


def test_a_channel_with_a_slip_is_answered_with_the_right_one(run: Run) -> None:
    said = run("broadcast", "preview", "--to", "everyone", "--channel", "defalt")
    assert said.code == 1
    assert "「default」ですか？" in said.err


def test_a_missing_setting_is_first_told_in_words_that_staff_can_pass_on(run: Run) -> None:
    said = run("broadcast", "list", TSUNAGARI_KEYS="")
    assert said.code == 1
    first, exactly, then = said.err.splitlines()
    assert first == "✗ 設定（環境変数）が足りないか、まちがっています。"
    assert "TSUNAGARI_KEYS" in exactly
    assert "tsunagari check" in then


def test_each_of_our_own_troubles_has_such_words() -> None:
    assert all(re.search("[ぁ-ん]", words) for words in OURS.values())
