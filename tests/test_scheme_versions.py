"""Time and place: versions of a scheme, what a town changes or takes away, and what nobody has renewed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

from bot.content.errors import ContentError
from bot.content.questions import load_questions
from bot.content.rules import load_rules
from bot.content.scheme_files import load_schemes
from bot.content.schemes import Scheme, without_row
from bot.handbook.recommend import Catalogue

CONTENT = Path(__file__).parent.parent / "content"
QUESTIONS = load_questions(CONTENT / "questions.yaml")
RULES = load_rules(CONTENT / "rules.yaml", QUESTIONS)
ANSWERS = {"Q2": frozenset({"money"}), "Q7": frozenset({"bill"})}

NATION = "id,theme,plain_title,official_name,confidence,show_if_any,verified_at,source,cost,valid_from,valid_to,ended"
TOWN = "id,overrides,cost,valid_from,valid_to,ended"
LAST_YEAR = (
    "national-001,お金,お金の給付,給付金,found-in-source,Q7.bill,2026-11-01,広報,去年,2026-04-01,2027-03-31,"
)
THIS_YEAR = "national-001,お金,お金の給付,給付金,found-in-source,Q7.bill,2026-11-01,広報,今年,2027-04-01,,"
MARCH, APRIL = date(2027, 3, 31), date(2027, 4, 1)


def read(folder: Path, *national: str, iwami: Iterable[str] = ()) -> tuple[Scheme, ...]:
    (folder / "national.csv").write_text("\n".join((NATION, *national)) + "\n", "utf-8")
    if iwami:
        (folder / "iwami.csv").write_text("\n".join((TOWN, *iwami)) + "\n", "utf-8")
    return load_schemes(folder, QUESTIONS, RULES)


def shown(schemes: tuple[Scheme, ...], day: date, town: str | None = "iwami") -> list[str]:
    """The cost that each card says on this day, which tells the versions apart."""
    result = Catalogue(schemes, QUESTIONS, RULES).recommend(ANSWERS, town, day)
    return [one.scheme.cost for one in result.chosen]


def missing(schemes: tuple[Scheme, ...], day: date) -> list[str]:
    return [scheme.id for scheme in without_row(schemes, day)]


def test_on_each_day_the_version_of_that_day_is_shown(tmp_path: Path) -> None:
    schemes = read(tmp_path, THIS_YEAR, LAST_YEAR)
    assert (shown(schemes, MARCH), shown(schemes, APRIL)) == (["去年"], ["今年"])
    assert shown(schemes, date(2026, 3, 31)) == []


def test_two_versions_for_the_same_day_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"row 3 \(national-001\): id: .*same days"):
        read(tmp_path, LAST_YEAR, THIS_YEAR.replace("2027-04-01", "2027-03-31"))


def test_what_ran_out_is_not_shown_and_is_asked_for(tmp_path: Path) -> None:
    schemes = read(tmp_path, LAST_YEAR)
    assert missing(schemes, MARCH) == []
    assert (shown(schemes, APRIL), missing(schemes, APRIL)) == ([], ["national-001"])


def test_a_hole_between_two_versions_is_asked_for_and_a_beginning_in_the_future_is_not(
    tmp_path: Path,
) -> None:
    schemes = read(tmp_path, LAST_YEAR, THIS_YEAR.replace("2027-04-01", "2027-06-01"))
    assert missing(schemes, APRIL) == ["national-001"]
    assert (missing(schemes, date(2026, 3, 31)), missing(schemes, date(2027, 6, 1))) == ([], [])


def test_the_last_of_several_versions_that_ran_out_decides(tmp_path: Path) -> None:
    ends = THIS_YEAR.replace("2027-04-01,,", "2027-04-01,2027-12-31,1")
    assert missing(read(tmp_path, ends, LAST_YEAR), date(2028, 1, 1)) == []


def test_what_ended_on_purpose_is_not_asked_for(tmp_path: Path) -> None:
    schemes = read(tmp_path, f"{LAST_YEAR}1")
    assert (shown(schemes, APRIL), missing(schemes, APRIL)) == ([], [])


def test_an_end_needs_its_last_day_in_the_national_table(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="ended: needs the last day"):
        read(tmp_path, f"{THIS_YEAR}1")


def test_a_towns_words_follow_every_version(tmp_path: Path) -> None:
    schemes = read(tmp_path, LAST_YEAR, THIS_YEAR, iwami=["iwami-001,national-001,町が払う,,,"])
    assert (shown(schemes, MARCH), shown(schemes, APRIL)) == (["町が払う"], ["町が払う"])
    assert shown(schemes, APRIL, "chizu") == ["今年"]
    assert shown(schemes, date(2026, 3, 31)) == []


def test_a_town_stands_instead_of_the_nation_from_its_own_first_day(tmp_path: Path) -> None:
    schemes = read(tmp_path, LAST_YEAR, THIS_YEAR, iwami=["iwami-001,national-001,町が払う,2027-10-01,,"])
    assert shown(schemes, date(2027, 9, 30)) == ["今年"]
    assert shown(schemes, date(2027, 10, 1)) == ["町が払う"]


def test_a_towns_row_with_dates_keeps_the_national_words_of_its_first_day(tmp_path: Path) -> None:
    schemes = read(tmp_path, LAST_YEAR, THIS_YEAR, iwami=["iwami-001,national-001,,2027-01-01,2027-03-31,"])
    assert shown(schemes, MARCH) == ["去年"]


def test_when_a_towns_row_runs_out_the_nation_does_not_come_back_and_it_is_asked_for(tmp_path: Path) -> None:
    schemes = read(tmp_path, LAST_YEAR, THIS_YEAR, iwami=["iwami-001,national-001,町が払う,,2027-06-30,"])
    assert (shown(schemes, date(2027, 7, 1)), missing(schemes, date(2027, 7, 1))) == ([], ["iwami-001"])


def test_a_town_has_versions_too(tmp_path: Path) -> None:
    rows = [
        "iwami-001,national-001,町が払う,,2027-06-30,",
        "iwami-001,national-001,町が半分払う,2027-07-01,,",
    ]
    schemes = read(tmp_path, LAST_YEAR, THIS_YEAR, iwami=rows)
    assert shown(schemes, date(2027, 6, 30)) == ["町が払う"]
    assert shown(schemes, date(2027, 7, 1)) == ["町が半分払う"]
    assert missing(schemes, date(2027, 7, 1)) == []


@pytest.mark.parametrize("row", ["iwami-001,national-001,,,,1", "iwami-001,national-001,-,,-,1"])
def test_a_town_that_does_not_have_it_takes_it_away_and_nobody_asks_again(tmp_path: Path, row: str) -> None:
    schemes = read(tmp_path, LAST_YEAR, THIS_YEAR, iwami=[row])
    for day in (MARCH, APRIL):
        assert (shown(schemes, day), missing(schemes, day)) == ([], [])
    assert shown(schemes, APRIL, "chizu") == ["今年"]


def test_a_town_takes_it_away_from_a_day_on(tmp_path: Path) -> None:
    schemes = read(tmp_path, LAST_YEAR, THIS_YEAR, iwami=["iwami-001,national-001,,2027-04-01,,1"])
    assert (shown(schemes, MARCH), shown(schemes, APRIL)) == (["去年"], [])


def test_a_town_ends_its_own_words_on_a_day(tmp_path: Path) -> None:
    schemes = read(tmp_path, LAST_YEAR, THIS_YEAR, iwami=["iwami-001,national-001,町が払う,,2027-06-30,1"])
    assert shown(schemes, date(2027, 6, 30)) == ["町が払う"]
    assert (shown(schemes, date(2027, 7, 1)), missing(schemes, date(2027, 7, 1))) == ([], [])


def test_one_id_cannot_belong_to_two_towns(tmp_path: Path) -> None:
    read(tmp_path, LAST_YEAR, iwami=["shared-001,national-001,,,,"])
    (tmp_path / "chizu.csv").write_text(f"{TOWN}\nshared-001,national-001,,,,\n", "utf-8")
    with pytest.raises(ContentError, match=r"iwami\.csv: row 2 \(shared-001\): id: .*different towns"):
        load_schemes(tmp_path, QUESTIONS)


def test_nothing_that_is_shipped_has_run_out_today_unnoticed() -> None:
    schemes = load_schemes(CONTENT / "schemes", QUESTIONS, RULES)
    assert missing(schemes, date(2026, 11, 22)) == []
    assert missing(schemes, date(2027, 4, 1)) == ["national-312"]
