"""`tsunagari handbook …`: codes that can be read again, tags that stand for one thing, figures without anybody."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from terminal import Run

from storage import handbook_tags, handbook_usage
from storage.handbook_tags import Tag
from storage.handbook_usage import Seen, hour_of
from storage.work import Database

URL = "https://tsunagari.example"
MORNING = hour_of(dt.datetime(2026, 12, 1, 0, 30, tzinfo=dt.UTC))


@pytest.fixture
def used(opened: Database) -> None:
    """In December: 40 by the spray in 鳥取市, 3 by the paper in 岩美町; 2 of them dialled."""
    with opened.work() as work:
        handbook_tags.keep(work, Tag("spray", "スプレー", "=駅前", "tottori"))
        handbook_tags.keep(work, Tag("koho", "広報", "", "iwami"))
        spray = {"opened": 40, "began": 31, "finished": 20, "called": 2}
        seen = {Seen(MORNING, "tottori", "web", "spray", event): count for event, count in spray.items()}
        seen |= {Seen(MORNING, "iwami", "web", "koho", event): 3 for event in ("opened", "began")}
        for event, count in (("shown", 34), ("answered", 20), ("skipped", 12)):
            seen[Seen(MORNING, "tottori", "web", "", event, "town")] = count
        handbook_usage.add(work, seen)


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_a_code_is_made_and_its_tag_is_known_from_then_on(
    run: Run, opened: Database, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"spray{suffix}"
    said = run(
        *("handbook", "qr", "--tag", "spray", "--medium", "スプレー", "--place", "駅前", "--town", "鳥取市"),
        *("--out", str(out)),
        PUBLIC_URL=URL,
    )
    assert said.code == 0, said.err
    assert f"{URL}/h/spray" in said.out
    if suffix == ".png":
        (found,) = zxingcpp.read_barcodes(Image.open(out))
        assert found.text == f"{URL}/h/spray"
    with opened.look() as work:
        assert handbook_tags.listed(work) == [Tag("spray", "スプレー", "駅前", "tottori")]
    assert run("handbook", "tags", "--json").json == [
        {"tag": "spray", "medium": "スプレー", "place": "駅前", "town": "tottori"}
    ]


def test_a_code_in_another_language_opens_the_page_in_it(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "en.png"
    assert (
        run("handbook", "qr", "--tag", "spray", "--lang", "英語", "--out", str(out), PUBLIC_URL=URL).code == 0
    )
    (found,) = zxingcpp.read_barcodes(Image.open(out))
    assert found.text == f"{URL}/h/spray?lang=en"


def test_a_code_for_line_opens_the_chat_of_the_towns_account(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "line.png"
    assert run("handbook", "qr", "--tag", "spray", "--for", "line", "--out", str(out)).code == 0
    (found,) = zxingcpp.read_barcodes(Image.open(out))
    assert found.text.startswith("https://line.me/R/oaMessage/%40tsunagari/?")
    assert found.text.endswith("%20spray")


def test_one_tag_stands_for_one_thing(run: Run, tmp_path: Path) -> None:
    out = str(tmp_path / "a.svg")
    assert run("handbook", "qr", "--tag", "spray", "--place", "駅前", "--out", out).code == 0
    assert run("handbook", "qr", "--tag", "spray", "--out", out).code == 0
    said = run("handbook", "qr", "--tag", "spray", "--place", "病院", "--out", out)
    assert said.code == 1
    assert "駅前" in said.err
    assert run("handbook", "tag", "spray", "--place", "病院").code == 0
    assert run("handbook", "tags", "--json").json[0]["place"] == "病院"


@pytest.mark.parametrize("word", ["Spray", "駅前", "other", "a b", "-"])
def test_what_is_no_tag_is_refused_and_nothing_is_written(run: Run, tmp_path: Path, word: str) -> None:
    out = tmp_path / "a.png"
    assert run("handbook", "qr", f"--tag={word}", "--out", str(out)).code == 2
    assert not out.exists()
    assert run("handbook", "tags", "--json").json == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (("--size", "stcker"), 1),
        (("--lang", "klingon"), 1),
        (("--town", "東京"), 1),
        (("--for", "mail"), 2),
        (("--medium", "長" * 41), 2),
    ],
)
def test_what_does_not_exist_is_refused(run: Run, tmp_path: Path, more: tuple[str, ...], code: int) -> None:
    said = run("handbook", "qr", "--tag", "spray", "--out", str(tmp_path / "a.png"), *more)
    assert (said.code, said.out) == (code, "")
    assert said.err


def test_a_code_that_would_not_be_read_is_refused(run: Run, tmp_path: Path) -> None:
    long = "https://" + "a" * 60 + "." + "b" * 60 + "." + "c" * 60 + "." + "d" * 60 + ".example"
    said = run("handbook", "qr", "--tag", "x" * 32, "--out", str(tmp_path / "a.png"), PUBLIC_URL=long)
    assert said.code == 1
    assert "--size" in said.err


def test_a_tag_is_given_up(run: Run, used: None) -> None:
    assert run("handbook", "tag", "spray", "--remove").code == 0
    assert [each["tag"] for each in run("handbook", "tags", "--json").json] == ["koho"]
    assert run("handbook", "tag", "sprya", "--remove").code == 1


# ---- figures -----------------------------------------------------------------------------------------------


def figures(run: Run, *more: str) -> dict[str, object]:
    said = run("handbook", "figures", "--from", "2026-12-01", "--to", "2026-12", "--json", *more)
    assert said.code == 0, said.err
    found: dict[str, object] = said.json
    return found


def test_figures_by_tag_hide_the_few_and_what_would_tell_them(run: Run, used: None) -> None:
    found = {each["name"]: each for each in figures(run)["tags"]}  # type: ignore[attr-defined]
    assert found["ウェブ　spray（スプレー・=駅前）"]["finished"] == 20
    assert found["ウェブ　koho（広報）"]["opened"] == {"hidden": "few"}
    assert found["ウェブ　spray（スプレー・=駅前）"]["opened"] == {"hidden": "kept_back"}
    assert found["合計"]["opened"] == 43
    assert found["合計"]["called"] == {"hidden": "few"}


def test_one_town_one_tag_and_one_day(run: Run, used: None) -> None:
    assert {each["name"] for each in figures(run, "--town", "岩美町")["tags"]} == {
        "ウェブ　koho（広報）",
        "合計",
    }  # type: ignore[attr-defined]
    of_tag = figures(run, "--tag", "spray")
    assert {each["name"] for each in of_tag["tags"]} == {"ウェブ　spray（スプレー・=駅前）", "合計"}  # type: ignore[attr-defined]
    assert of_tag["questions"] == []
    said = run("handbook", "figures", "--from", "2026-12-02", "--to", "2026-12-31", "--json")
    assert [each["name"] for each in said.json["tags"]] == ["合計"]
    assert [each["key"] for each in said.json["questions"]] == ["town"]  # those are of the whole month


def test_the_table_says_few_and_never_how_few(run: Run, used: None) -> None:
    said = run("handbook", "figures", "--from", "2026-12", "--to", "2026-12")
    assert said.code == 0, said.err
    assert "5未満" in said.out
    assert "非表示" in said.out
    assert "回数" in said.out


def test_the_csv_is_the_same_and_no_cell_is_a_formula(run: Run, used: None, tmp_path: Path) -> None:
    out = tmp_path / "figures.csv"
    run("handbook", "tag", "spray", "--medium", "=2+5")
    said = run("handbook", "figures", "--from", "2026-12", "--to", "2026-12", "--out", str(out))
    assert said.code == 0, said.err
    rows = list(csv.reader(io.StringIO(out.read_text("utf-8-sig"))))
    assert rows[0] == ["期間", "市町", "区分", "項目", "内訳", "数"]
    assert not [cell for row in rows for cell in row if cell[:1] in "=+-@" and cell[:1]]
    opened = {row[3]: row[5] for row in rows if row[4] == "開いた"}
    assert opened["ウェブ　koho（広報）"] == "5未満"
    assert "3" not in opened.values()
    assert ["2026-12 火", "9時", "43"] in [row[3:] for row in rows]


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_picture_is_drawn(run: Run, used: None, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"figures{suffix}"
    assert run("handbook", "figures", "--from", "2026-12", "--to", "2026-12", "--out", str(out)).code == 0
    assert out.stat().st_size > 20_000


def test_of_what_is_kept_by_the_month_only_whole_months_are_counted(
    run: Run, opened: Database, used: None
) -> None:
    with opened.work() as work:
        old = Seen(MORNING.replace(year=2024), "tottori", "web", "spray", "opened")
        handbook_usage.add(work, {old: 50})
        handbook_usage.forget_old(work)
    said = run("handbook", "figures", "--from", "2024-12-20", "--to", "2024-12-31")
    assert "50" in said.out
    assert "月の全部" in said.err


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (("--from", "2026-12", "--to", "2026-11"), 1),
        (("--from", "きのう"), 2),
        (("--tag", "sprya"), 1),
        (("--town", "東京"), 1),
        (("--out", "figures.xlsx"), 2),
    ],
)
def test_a_wrong_wish_is_refused(run: Run, used: None, more: tuple[str, ...], code: int) -> None:
    assert run("handbook", "figures", *more).code == code
