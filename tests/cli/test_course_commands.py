"""Courses at the terminal: a code, a link with the code typed already, a poster."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from urllib.parse import unquote

from PIL import Image
from terminal import Run

from storage import courses
from storage.work import Database

ON = (dt.datetime.now(dt.UTC) + dt.timedelta(days=20)).date()
CREATE = (
    *("course", "create", "--title", "つながりサポーター養成講座", "--town", "鳥取市"),
    *("--on", ON.isoformat(), "--place", "駅南庁舎", "--capacity", "40"),
)


def test_create_gives_id_code_and_link(run: Run, opened: Database) -> None:
    made = run(*CREATE, "--json").json
    with opened.look() as work:
        course = courses.get(work, made["id"])
    assert course is not None
    assert course.town == "tottori"
    assert courses.normal_code(made["code"]) == course.code
    assert made["registration_url"].startswith("https://line.me/R/oaMessage/%40")
    assert unquote(made["registration_url"]).endswith(f"/?コード {made['code']}")


def test_the_code_counts_from_the_morning_of_the_day_until_a_week_after_it(run: Run) -> None:
    made = run(*CREATE, "--json").json
    assert made["valid_from"] == f"{ON}T00:00:00+09:00"
    assert made["valid_until"] == f"{ON + dt.timedelta(days=8)}T00:00:00+09:00"


def test_another_account_s_id_can_be_given(run: Run) -> None:
    assert "%40iwami" in run(*CREATE, "--basic-id", "@iwami", "--json").json["registration_url"]


def test_a_course_whose_code_would_be_over_already_is_refused(run: Run) -> None:
    said = run(*CREATE[:7], "2020-01-01", *CREATE[8:])
    assert said.code == 1
    assert "もう使えません" in said.err


def test_a_capacity_of_zero_is_wrong_usage(run: Run) -> None:
    assert run(*CREATE[:-1], "0").code == 2


def test_the_list_counts_who_registered(run: Run) -> None:
    made = run(*CREATE, "--json").json
    (listed,) = run("course", "list", "--json").json
    assert (listed["id"], listed["registered"]) == (made["id"], 0)
    assert made["code"] in run("course", "list").out
    assert made["code"] in run("course", "show", made["id"]).out


def test_the_poster_is_a_sheet_of_a4(run: Run, tmp_path: Path) -> None:
    made = run(*CREATE, "--json").json
    for name in ("poster.png", "poster.pdf"):
        assert run("course", "poster", made["id"], "--out", str(tmp_path / name)).code == 0
    with Image.open(tmp_path / "poster.png") as sheet:
        assert sheet.size == (2480, 3508)
    assert (tmp_path / "poster.pdf").read_bytes().startswith(b"%PDF")


def test_a_poster_of_another_kind_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    assert run("course", "poster", "x", "--out", str(tmp_path / "poster.doc")).code == 2


def test_an_unknown_course_is_said_to_be_unknown(run: Run, tmp_path: Path) -> None:
    said = run("course", "poster", "nope", "--out", str(tmp_path / "poster.pdf"))
    assert said.code == 1
    assert "nope" in said.err
