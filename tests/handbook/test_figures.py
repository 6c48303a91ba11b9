"""The tables of the handbook's use: what each says, and that no table tells what another hides."""

from __future__ import annotations

import datetime as dt

from town import the_content

from bot.handbook.figures import Number, Report, Table, report
from bot.programme import handbook_charts
from storage.handbook_tags import Tag
from storage.handbook_usage import OfHour, OfMonth

CONTENT = the_content()
MONDAY_NINE = dt.datetime(2026, 12, 7, 0, tzinfo=dt.UTC)  # in Japan
TAGS = [Tag("spray", "スプレー", "駅前", "tottori"), Tag("koho", "広報")]


def visit(
    event: str, times: int, tag: str = "spray", way: str = "web", at: dt.datetime = MONDAY_NINE
) -> OfHour:
    return OfHour(at, "tottori", way, tag, event, times)


def detail(event: str, about: str, times: int) -> OfMonth:
    return OfMonth("2026-12", "tottori", "web", "", event, about, times)


def made(visits: list[OfHour], details: list[OfMonth] | None = None) -> Report:
    opened = [each for each in visits if each.event == "opened"]
    return report(CONTENT, TAGS, visits, details or [], opened)


def table(found: Report, section: str) -> Table:
    return next(each for each in found.tables if each.section == section)


def numbers(found: Report, section: str) -> dict[str, tuple[Number, ...]]:
    return {row.name: row.numbers for row in table(found, section).rows}


def test_each_tag_has_a_row_from_opened_to_printed() -> None:
    steps = {"opened": 40, "began": 30, "finished": 20, "called": 10, "printed": 5}
    found = made([visit(event, times) for event, times in steps.items()])
    shown = numbers(found, "tags")
    assert [each.count for each in shown["ウェブ　spray（スプレー・駅前）"]] == [40, 30, 20, 10, 5]
    assert [each.count for each in shown["合計"]] == [40, 30, 20, 10, 5]


def test_a_small_number_takes_a_second_one_with_it_where_the_sum_would_tell_it() -> None:
    found = made([visit("opened", 40), visit("opened", 3, "koho"), visit("opened", 9, "")])
    shown = {name: row[0] for name, row in numbers(found, "tags").items()}
    assert shown["ウェブ　koho（広報）"] == Number(None, "few")
    assert shown["ウェブ　印なし"] == Number(None, "kept_back")
    assert shown["合計"] == Number(52)


def test_on_line_nobody_knows_what_was_dialled() -> None:
    found = made([visit("opened", 40, way="line")])
    row = numbers(found, "tags")["LINE　spray（スプレー・駅前）"]
    assert row[3] == row[4] == Number(None)


def test_how_many_left_at_a_question_is_what_is_missing_to_those_who_saw_it() -> None:
    found = made(
        [],
        [
            detail("shown", "age", 120),
            detail("answered", "age", 80),
            detail("skipped", "age", 21),
            detail("enough", "age", 9),
        ],
    )
    ((_, row),) = numbers(found, "questions").items()
    assert row == (Number(120, None, 129), Number(80, None, 89), Number(21), Number(9), Number(10))


def test_the_few_who_left_cannot_be_reckoned_from_the_next_question() -> None:
    """36 began, 3 left at the first question, so 33 saw the second: exact numbers would tell the 3."""
    first, second = "town", CONTENT.questions[0].key
    found = made(
        [visit("began", 36)],
        [
            *(detail("shown", key, times) for key, times in ((first, 36), (second, 33))),
            *(detail("answered", key, times) for key, times in ((first, 33), (second, 33))),
        ],
    )
    rows = {row.key[1]: row.numbers for row in table(found, "questions").rows}
    assert rows[first][4] == Number(None, "few")
    assert rows[second][0] == Number(30, None, 39)


def test_where_even_a_range_would_tell_it_it_is_kept_back() -> None:
    """41 began, and 40 to 49 saw the second question: of 41 only one can have left."""
    first, second = "town", CONTENT.questions[0].key
    details = [detail("shown", first, 41), detail("answered", first, 40)]
    details += [detail("shown", second, 40), detail("answered", second, 40)]
    rows = {row.key[1]: row.numbers for row in table(made([visit("began", 41)], details), "questions").rows}
    assert rows[first][4] == Number(None, "few")
    hidden = [rows[first][1], rows[second][0]]
    assert Number(None, "kept_back") in hidden


def test_questions_stand_in_the_order_in_which_they_are_asked() -> None:
    keys = ["town", *(question.key for question in CONTENT.questions[:4])]
    found = made([], [detail("shown", key, 50) for key in reversed(keys)])
    assert [row.key[1] for row in table(found, "questions").rows] == keys


def test_the_most_frequent_schemes_come_first_and_small_ones_in_no_order() -> None:
    ids = [scheme.id for scheme in CONTENT.catalogue.schemes[:4]]
    found = made([], [detail("scheme", key, times) for key, times in zip(ids, (4, 9, 3, 30), strict=True)])
    rows = table(found, "scheme").rows
    assert [row.key[1] for row in rows] == [ids[3], ids[1], *sorted((ids[0], ids[2]))]
    assert [row.numbers[0].count for row in rows] == [30, 9, None, None]


def test_a_number_that_was_dialled_has_its_name() -> None:
    line = next(each for each in CONTENT.hotlines.values() if each.phone)
    assert line.phone is not None
    found = made([], [detail("number", line.phone.replace("-", "").replace("#", ""), 7)])
    assert list(numbers(found, "number")) == [f"{line.name} {line.phone}"]


def test_hours_are_those_of_japan_and_add_up_to_nothing_that_is_hidden() -> None:
    later = MONDAY_NINE + dt.timedelta(days=1, hours=3)
    (month,) = made([visit("opened", 12), visit("opened", 2, at=later)]).hours
    assert month.month == "2026-12"
    assert month.days[1][12] == Number(None, "few")
    assert month.days[0][9] == Number(None, "kept_back")  # 14 in all is in the first table
    assert month.days[6][23] == Number(0)


def test_an_empty_period_is_a_report_too() -> None:
    found = made([])
    assert [row.name for row in table(found, "tags").rows] == ["合計"]
    assert found.hours == ()
    end = MONDAY_NINE + dt.timedelta(days=1)
    day = MONDAY_NINE.date()
    picture = handbook_charts.picture(".svg", CONTENT, "題", found, (MONDAY_NINE, end), day, None)
    assert picture.startswith(b"<?xml")
