"""`tsunagari route …` as the person sees it who keeps the tables of a town."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import get_args

import pytest
from terminal import Run
from town import the_content

from bot import log
from bot.cli import route_words, serve
from bot.content.places import Step, StepKey
from bot.content.route_lint import Gap, Problem
from bot.settings import REPOSITORY

CLOSED = ("--at", "2026-12-05 21:00")
ASKED = ("route", "explain", "--town", "岩美町", "--kind", "dv")


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy of the content that a town may edit."""
    shutil.copytree(REPOSITORY / "content", tmp_path / "content")
    return tmp_path / "content"


def fill_in(content: Path, key: str, old: str, new: str) -> None:
    """What a town changes in the entry of one desk."""
    path = content / "windows.yaml"
    before, mark, after = path.read_text("utf-8").partition(f"- key: {key}\n")
    entry, gap, rest = after.partition("\n\n")
    assert old in entry
    path.write_text(before + mark + entry.replace(old, new) + gap + rest, "utf-8")


def test_explain_says_every_step_that_led_to_the_desk_and_who_is_there_at_night(run: Run) -> None:
    said = run(*ASKED, "--level", "1", *CLOSED).out
    assert "緊急度 L1" in said
    assert "1. 「鳥取県 福祉相談センター（配偶者暴力相談支援センター）」は、いくつかの市町のために" in said
    assert "2. 「鳥取県 福祉相談センター（配偶者暴力相談支援センター）」には連絡を受け取る宛先がまだ" in said
    assert "次に開くのは 2026-12-07(月) 08:30 です" in said
    assert "代わりに読む人は決まっていません。いま命の危険があるときは、119 か 110" in said
    assert "2026-07-28(火)（130 日前）" in said
    assert "公開データ fukushi-portal" in said


def test_explain_counts_recipients_and_never_shows_an_address(run: Run, content: Path) -> None:
    fill_in(content, "iwami_kenko_fukushi", "recipients: []", "recipients: [a@x.example.jp, b@x.example.jp]")
    for more in ((), ("--json",)):
        said = run(*ASKED, *more, CONTENT_DIR=str(content))
        assert "@" not in said.out
    assert said.json["window"]["recipients"] == 2
    assert "2 件" in run(*ASKED, CONTENT_DIR=str(content)).out


def test_explain_for_programs_holds_the_rule_and_what_is_frozen(run: Run) -> None:
    said = run(*ASKED, "--json", "--at", "2026-12-01 10:00").json
    assert (said["level"], said["reason"], said["window"]["key"]) == (1, "shared", "iwami_kenko_fukushi")
    assert [each["step"] for each in said["rule"]] == ["shared", "no_recipients", "open"]
    assert all(each["words"] for each in said["rule"])
    assert said["frozen"]["window"] == "tottori_pref_dv"
    assert said["frozen"]["reader"] == "iwami_kenko_fukushi"
    assert said["also"][0]["key"] == "tottori_pref_dv"
    assert said["meanwhile"] is None


def test_explain_names_the_desk_that_reads_in_the_night(run: Run, content: Path) -> None:
    fill_in(content, "iwami_kenko_fukushi", "kinds: [poverty]", "kinds: all\n  after_hours_desk: duty")
    with (content / "windows.yaml").open("a", encoding="utf-8") as file:
        file.write(
            "\n- {key: duty, name: 岩美町 宿直室, owner: 岩美町, serves: [iwami], kinds: [],"
            " hours: {always: true}, verified_at: 2026-11-01, source: 町}\n"
        )
    said = run(*ASKED, *CLOSED, CONTENT_DIR=str(content))
    assert "岩美町 宿直室 が読みます。2026-12-07(月) 08:30 からは 岩美町 健康福祉課 です。" in said.out
    assert run(*ASKED, *CLOSED, "--json", CONTENT_DIR=str(content)).json["night"]["key"] == "duty"
    assert run(*ASKED, *CLOSED, "--level", "L3", CONTENT_DIR=str(content)).out.count("宿直室") == 0


@pytest.mark.parametrize("level", ["5", "-1", "high", "L"])
def test_a_level_that_is_none_is_refused_with_what_there_is(run: Run, level: str) -> None:
    said = run(*ASKED, f"--level={level}")
    assert said.code != 0
    assert level in said.err
    assert "4" in said.err


def test_lint_on_the_shipped_content_says_what_the_towns_have_to_fill_in(run: Run) -> None:
    said = run("route", "lint", "--at", "2026-12-01")
    assert said.code == 1
    assert "✗ 岩美町 健康福祉課（iwami_kenko_fukushi）: 連絡を受けとるメールの宛先がありません。" in said.out
    assert 'recipients: ["係のメールアドレス"]' in said.out
    assert "content/windows.yaml を開き" in said.out
    assert said.out.count("（iwami_kenko_fukushi）") == 1


def test_lint_is_content_when_every_town_has_filled_in_its_addresses(run: Run, content: Path) -> None:
    windows = content / "windows.yaml"
    filled = windows.read_text("utf-8").replace("recipients: []", "recipients: [desk@town.example.jp]")
    windows.write_text(filled, "utf-8")
    said = run("route", "lint", "--json", "--at", "2026-12-01", CONTENT_DIR=str(content))
    assert said.code == 0
    assert (said.json["unread"], said.json["unreachable"]) == (0, [])
    assert said.json["combinations"] == 7 * 15 * 5 * 6
    assert ("not_verified", "tottori_pref_hikikomori") in [
        (each["problem"], each["window"]) for each in said.json["gaps"]
    ]
    assert "✓ 3,150 通りのすべてで" in run("route", "lint", CONTENT_DIR=str(content)).out


def test_lint_looks_from_the_day_that_is_given(run: Run, content: Path) -> None:
    later = run("route", "lint", "--json", "--at", "2027-03-01", CONTENT_DIR=str(content)).json
    assert "not_verified" in [each["problem"] for each in later["gaps"] if each["window"] == "kami_fukushi"]
    assert later["unreachable"][0]["example"]["at"] == "2027-03-01T10:00:00+09:00"


@pytest.mark.parametrize("problem", get_args(Problem))
def test_every_gap_has_words_that_say_what_helps(problem: Problem) -> None:
    wrong, helps = route_words.of_gap(
        Gap(problem, True, "kami_fukushi", None, 1, None, "duty 1"), the_content()
    )
    assert wrong.startswith("香美町 福祉課（kami_fukushi）: ")
    assert "{" not in wrong
    assert helps


@pytest.mark.parametrize("key", get_args(StepKey))
@pytest.mark.parametrize("why", ["own", "kind", "levels", "order"])
def test_every_step_of_a_rule_has_words(key: StepKey, why: str) -> None:
    named = "all" if why == "kind" else "kind"
    params = {
        "desk": "kami_fukushi",
        "by": "x",
        "reader": "x",
        "opens": "",
        "other": "x",
        "why": why,
        "named": named,
    }
    words = route_words.of_step(Step(key, params), the_content())
    assert words.endswith("。")
    assert ("「香美町 福祉課」" in words) == (key != "night_nobody")


def test_serve_says_at_its_start_that_the_map_has_holes(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("WARNING", "text")
    serve._warn_of_gaps(the_content())
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "routes.gaps" in said
    assert "combinations=3150 unread=3150" in said
    assert "dropped" not in said
