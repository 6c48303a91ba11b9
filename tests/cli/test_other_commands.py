"""Routes, content, supporters, help: commands that look and tell."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from office import hire
from terminal import Run

from bot.cli import build
from bot.settings import REPOSITORY
from storage.work import Database


def commands() -> Iterator[tuple[str, ...]]:
    def walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        inner = getattr(command, "commands", None)
        if inner is None:
            yield path
            return
        for name, each in inner.items():
            yield from walk(each, (*path, name))

    return walk(typer.main.get_command(build()), ())


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_every_command_has_help_with_an_example(run: Run, path: tuple[str, ...]) -> None:
    said = run(*path, "--help")
    assert said.code == 0
    assert "例:" in said.out
    assert f"tsunagari {' '.join(path)}" in " ".join(said.out.split())


def test_route_explain_names_the_desk_and_why(run: Run) -> None:
    said = run("route", "explain", "--town", "鳥取市", "--kind", "safety", "--json").json
    assert said["town"] == "tottori"
    assert said["window"]["name"]
    assert said["reason"] in ("own", "shared", "general")


def test_a_desk_is_closed_at_the_turn_of_the_year(run: Run) -> None:
    asked = ("route", "explain", "--town", "鳥取市", "--kind", "safety", "--json", "--at")
    assert run(*asked, "2026-12-31 10:00").json["window"]["open"] is False
    assert run(*asked, "2026-12-01 10:00").json["window"]["open"] is True


def test_an_unknown_kind_is_answered_with_the_nearest(run: Run) -> None:
    said = run("route", "explain", "--town", "鳥取市", "--kind", "safty")
    assert said.code == 1
    assert "safety" in said.err


def test_the_shipped_content_lacks_nothing_but_the_addresses_that_the_towns_fill_in(run: Run) -> None:
    said = run("route", "lint", "--json")
    assert said.code == 1
    assert {each["problem"] for each in said.json["unreachable"]} == {"no_recipient"}


def test_broken_content_is_named_by_file_and_place(run: Run, tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "content", tmp_path / "content")
    assert run("content", "check", str(tmp_path / "content")).code == 0
    towns = tmp_path / "content" / "towns.yaml"
    towns.write_text(towns.read_text("utf-8").replace("name:", "nmae:", 1), "utf-8")
    said = run("content", "check", str(tmp_path / "content"))
    assert said.code == 1
    assert "towns.yaml" in said.out


@pytest.mark.usefixtures("three_supporters")
def test_supporters_are_counted_by_town(run: Run) -> None:
    found = {row["town"]: row["supporters"] for row in run("supporter", "counts", "--json").json}
    assert found == {"iwami": 1, "tottori": 2}
    assert "鳥取市" in run("supporter", "counts").out


def test_empty_lists_say_so_in_words(run: Run) -> None:
    for noun in ("broadcast", "course", "concern", "danger", "event"):
        assert "ありません" in run(noun, "list").out
        assert run(noun, "list", "--json").json == []


def test_check_lists_what_is_not_usable_and_ends_with_one(run: Run) -> None:
    said = run("check")
    assert said.code == 1
    assert "✓ 内容" in said.out
    assert "✓ データベース" in said.out
    assert "✗ LINE: default: 応答がありません" in said.out


def test_check_names_desks_that_nobody_can_open_and_staff_of_desks_that_are_gone(
    run: Run, opened: Database, tmp_path: Path
) -> None:
    assert "窓口: " not in run("check").out
    hire(opened, "残った人", "iwami_of_old")
    content = Path(shutil.copytree(REPOSITORY / "content", tmp_path / "content"))
    table = content / "windows.yaml"
    table.write_text(table.read_text().replace("recipients: []", "recipients: [kakari@x.example]", 1))
    said = run("check", CONTENT_DIR=str(content)).out
    assert "いまはないもの: iwami_of_old" in said
    assert "受信箱をひらける職員がいない窓口: 鳥取市 中央人権福祉センター" in said
    hire(opened, "来た人", "tottori_chuo_jinken")
    assert "受信箱をひらける職員がいない" not in run("check", CONTENT_DIR=str(content)).out


def test_check_says_whether_a_forwarded_link_opens(run: Run) -> None:
    assert "! LINEログイン: default: 設定がありません" in run("check").out
    said = run("check", LINE_LOGIN_CHANNEL_ID="2001", LINE_LOGIN_CHANNEL_SECRET="geheim")
    assert "✓ LINEログイン: default: 1回だけ使えるリンクは、受けとった本人だけがひらけます" in said.out
    assert "/line-login/back" in said.out.replace("\n", "")
    assert "geheim" not in said.out + said.err


def test_check_without_settings_names_each(run: Run) -> None:
    said = run("check", LINE_CHANNEL_SECRET=None, TSUNAGARI_KEYS=None)
    assert said.code == 1
    assert "LINE_CHANNEL_SECRET" in said.out
    assert "TSUNAGARI_KEYS" in said.out


def test_serve_refuses_with_a_list_of_what_is_missing(run: Run) -> None:
    said = run("serve", LINE_CHANNEL_SECRET=None, TSUNAGARI_KEYS=None)
    assert said.code == 1
    assert "LINE_CHANNEL_SECRET" in said.err
    assert "TSUNAGARI_KEYS" in said.err
