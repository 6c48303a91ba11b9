"""How far the programme has come, in figures and as a picture, and the file in which each town sets its targets."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image
from surroundings import Clock
from town import ROOT, the_content

from bot.content.errors import ContentError
from bot.content.place_files import load_towns
from bot.content.programme import load_programme
from bot.programme import charts
from bot.programme.coverage import cohorts, coverage
from storage import courses, supporters
from storage.work import Database

DAY = dt.date(2026, 12, 1)


def add(db: Database, town: str = "tottori", **more: Any) -> supporters.Supporter:
    values = {"source": "import", "state": "registered"} | more
    with db.work() as work:
        return supporters.add(work, "default", town=town, **values)


def test_districts_stand_against_their_targets_and_unknown_ones_apart(db: Database) -> None:
    for _ in range(21):
        add(db, district="higashi")
    add(db, district="nishi", state="paused")
    add(db, district="nishi", state="left")
    add(db, state="attended")
    add(db, district="gone_with_the_merger")
    add(db, "iwami", district="whole")
    with db.look() as work:
        found = {town.key: town for town in coverage(work, the_content())}
        (only,) = coverage(work, the_content(), town="iwami")
    tottori = found["tottori"]
    by_name = {cover.name: (cover.people, cover.goal, cover.missing) for cover in tottori.districts}
    assert by_name["東中学校区"] == (21, 20, 0)
    assert by_name["西中学校区"] == (1, 20, 19)
    assert by_name["地区が分からない"] == (1, None, None)
    assert (tottori.people, tottori.goal, tottori.attended, tottori.left) == (23, 340, 1, 1)
    assert len(tottori.districts) == 18
    assert (found["iwami"].people, found["iwami"].goal, found["iwami"].districts) == (1, None, ())
    assert only == found["iwami"]


def test_a_cohort_says_what_became_of_its_people(db: Database, clock: Clock) -> None:
    with db.work() as work:
        course = courses.create(
            work, "default", title="養成講座", town="tottori", on=DAY - dt.timedelta(days=30), place="駅南庁舎",
            capacity=40, valid_from=clock(), valid_until=clock() + dt.timedelta(days=7),
        )  # fmt: skip
    early = clock() - dt.timedelta(days=23)  # the seventh day
    late = clock() - dt.timedelta(days=22)
    for more in (
        {"registered_at": early, "active_at": clock(), "state": "active"},
        {"registered_at": late, "refreshed_on": DAY},
        {"registered_at": early, "state": "left", "active_at": clock()},
        {"registered_at": None},
        {"state": "attended"},
    ):
        entry = add(db, **more)
        with db.work() as work:
            courses.attend(work, course.id, supporter_id=entry.id, how="roster")
    add(db, attended_on=dt.date(2023, 12, 1))
    with db.look() as work:
        first, second = cohorts(work, the_content())
        assert cohorts(work, the_content(), town="iwami") == ()
    assert (first.course_id, first.attended, first.registered, first.not_registered) == (course.id, 5, 4, 1)
    assert (first.within_a_week, first.undated, first.active, first.refreshed, first.left) == (2, 1, 1, 1, 1)
    assert (second.course_id, second.on, second.attended) == (None, dt.date(2023, 12, 1), 1)


def test_pictures_fit_an_a4_page_and_can_be_printed_in_grey(db: Database) -> None:
    for district in ("higashi", "nishi"):
        add(db, district=district, attended_on=dt.date(2026, 11, 1))
    with db.look() as work:
        towns, people = coverage(work, the_content()), cohorts(work, the_content())
    picture = Image.open(io.BytesIO(charts.coverage_picture(".png", the_content(), towns, DAY)))
    assert picture.width / picture.height > 0.7  # A4 between its margins
    assert picture.info["dpi"][0] == pytest.approx(charts.DPI, abs=1)
    bar, frame, paper = (
        Image.new("RGB", (1, 1), colour).convert("L").getpixel((0, 0))
        for colour in (charts.BAR, charts.PALE, "white")
    )
    assert bar < 100 < frame < paper
    svg = charts.cohorts_picture(".svg", the_content(), people, DAY).decode()
    assert svg == charts.cohorts_picture(".svg", the_content(), people, DAY).decode(), (
        "the same figures, the same file"
    )
    assert "<text" not in svg, "letters are drawn, so that no machine lacks the typeface"
    assert charts.cohorts_picture(".png", the_content(), (), DAY).startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="gif"):
        charts.coverage_picture(".gif", the_content(), towns, DAY)


# ---- content/programme.yaml


def load(tmp_path: Path, change: Callable[[Any], object]) -> Any:
    raw = yaml.safe_load((ROOT / "content" / "programme.yaml").read_text("utf-8"))
    change(raw)
    path = tmp_path / "programme.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), "utf-8")
    return load_programme(path, load_towns(ROOT / "content" / "towns.yaml"))


def test_the_shipped_programme_has_twenty_in_each_of_seventeen_districts() -> None:
    programme = the_content().programme
    assert len(programme.towns["tottori"].district_targets) == 17
    assert programme.target("tottori") == 340
    assert programme.target("tottori", "higashi") == 20
    assert programme.target("iwami") is programme.target("iwami", "whole") is None
    assert programme.issuer("iwami") == "岩美町"
    assert [programme.band_of_age(age) for age in (0, 19, 20, 79, 80, 119)] == [
        *("teens", "teens", "twenties", "seventies", "eighties", "eighties"),
    ]


def test_a_town_decides_otherwise(tmp_path: Path) -> None:
    def change(raw: Any) -> None:
        raw["towns"]["tottori"]["districts"] = {"higashi": 30, "nishi": None}
        raw["towns"]["iwami"] = {"target": 15, "refresher_months": None, "issuer": "岩美町 健康福祉課"}

    programme = load(tmp_path, change)
    assert programme.target("tottori") == 340 + 10 - 20
    assert programme.target("tottori", "nishi") is None
    assert (programme.target("iwami"), programme.refresher_months("iwami")) == (15, None)
    assert programme.issuer("iwami") == "岩美町 健康福祉課"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda raw: raw.pop("towns"), "towns: is missing"),
        (lambda raw: raw.update(extra=1), "extra: is no section"),
        (lambda raw: raw["towns"]["tottori"].update(targt=1), "unknown field targt"),
        (lambda raw: raw["towns"]["tottori"].update(target=300), "sum of the districts"),
        (
            lambda raw: raw["towns"]["tottori"].update(districts={"kitty": 1}),
            "kitty: there is no such district",
        ),
        (lambda raw: raw["towns"]["default"].update(refresher_months="a year"), "refresher_months: a number"),
        (lambda raw: raw["age_bands"].pop(2), "does not begin where"),
        (lambda raw: raw["age_bands"].pop(), "the last band is open"),
        (lambda raw: raw["age_bands"][0].update(key="10s"), "small letters"),
        (lambda raw: raw["motives"].append(raw["motives"][0]), "is there twice"),
        (lambda raw: raw.update(groups_hint=""), "groups_hint: a text"),
    ],
)
def test_a_slip_of_the_pen_is_named_by_section_and_field(
    tmp_path: Path, change: Callable[[Any], object], words: str
) -> None:
    with pytest.raises(ContentError, match=words):
        load(tmp_path, change)


def test_what_stands_there_for_a_town_that_left_does_no_harm(tmp_path: Path) -> None:
    """Also in a folder whose towns are others: a copied programme.yaml must not keep the service from starting."""
    read = load(tmp_path, lambda raw: raw["towns"].update(yonago={"district_target": 5}))
    assert "yonago" not in read.towns
    assert read.target("tottori", "higashi") == 20
