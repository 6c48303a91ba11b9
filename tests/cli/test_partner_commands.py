"""Watch partners at the terminal: a code, a sheet with a QR code, a rest, a new code."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image
from terminal import Run

from bot.poster import draw_sheet, registration_url, words_of_partner
from storage import partners
from storage.work import Database

ADD = ("partner", "add", "--name", "因幡新聞 岩美販売店", "--town", "岩美町", "--town", "鳥取市")


def test_add_gives_id_code_and_link(run: Run, opened: Database) -> None:
    made = run(*ADD, "--json").json
    with opened.look() as work:
        found = partners.get(work, made["id"])
    assert found is not None
    assert partners.codes_in(made["code"]) == (found.code,)
    assert made["towns"] == ["iwami", "tottori"]
    assert unquote(made["registration_url"]).endswith(f"/?コード {made['code']}")


def test_add_says_what_comes_next(run: Run) -> None:
    said = run(*ADD)
    assert "コード" in said.out
    assert "partner poster" in said.out


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--name", "   ", "--town", "岩美町"), "名前"),
        (("--name", "あ" * 61, "--town", "岩美町"), "60"),
        (("--name", "店", "--town", "岩美長"), "岩美町"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(run: Run, args: tuple[str, ...], words: str) -> None:
    said = run("partner", "add", *args)
    assert said.code == 1
    assert words in said.err


def test_the_same_partner_is_not_added_twice(run: Run) -> None:
    made = run(*ADD, "--json").json
    said = run(*ADD)
    assert said.code == 1
    assert made["id"] in said.err


def test_the_list_counts_who_gave_the_code(run: Run) -> None:
    made = run(*ADD, "--json").json
    (listed,) = run("partner", "list", "--json").json
    assert (listed["id"], listed["people"], listed["active"]) == (made["id"], 0, True)
    assert made["code"] in run("partner", "list").out


def test_a_new_code_is_made_only_with_yes(run: Run) -> None:
    made = run(*ADD, "--json").json
    assert run("partner", "code", made["id"]).code == 0
    assert run("partner", "list", "--json").json[0]["code"] == made["code"]
    changed = run("partner", "code", made["id"], "--yes", "--json").json
    assert changed["code"] != made["code"]


def test_a_partner_rests_and_goes_on(run: Run, tmp_path: Path) -> None:
    made = run(*ADD, "--json").json
    run("partner", "disable", made["id"])
    assert run("partner", "list", "--json").json[0]["active"]
    assert run("partner", "disable", made["id"], "--yes").code == 0
    assert not run("partner", "list", "--json").json[0]["active"]
    assert run("partner", "disable", made["id"], "--yes").code == 1
    assert run("partner", "poster", made["id"], "--out", str(tmp_path / "p.pdf")).code == 1
    assert run("partner", "enable", made["id"], "--yes").code == 0


def test_the_poster_is_a_sheet_of_a4(run: Run, tmp_path: Path) -> None:
    made = run(*ADD, "--json").json
    for name in ("poster.png", "poster.pdf"):
        assert run("partner", "poster", made["id"], "--out", str(tmp_path / name)).code == 0
    with Image.open(tmp_path / "poster.png") as sheet:
        assert sheet.size == (2480, 3508)
    assert (tmp_path / "poster.pdf").read_bytes().startswith(b"%PDF")


def test_a_poster_of_another_kind_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    assert run("partner", "poster", "x", "--out", str(tmp_path / "poster.doc")).code == 2


def test_an_unknown_partner_is_said_to_be_unknown(run: Run) -> None:
    for command in (("code", "nope"), ("disable", "nope"), ("enable", "nope")):
        said = run("partner", *command)
        assert said.code == 1
        assert "nope" in said.err


@pytest.mark.parametrize("name", ["店", "とても長い名前の新聞販売店" * 4])
@pytest.mark.parametrize("towns", ["岩美町", "鳥取市・岩美町・若桜町・智頭町・八頭町・香美町・新温泉町"])
def test_short_and_long_words_stay_within_the_sheet(name: str, towns: str) -> None:
    code = "7KQ4-M2XW-9HAC"
    sheet = draw_sheet(words_of_partner(name, towns), code, registration_url("@tsunagari", code))
    right = sheet.crop((sheet.width - 100, 1300, sheet.width, sheet.height - 170))
    assert len(right.getcolors(1000) or []) == 1
