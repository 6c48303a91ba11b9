"""Dates and times as staff type them."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
import typer

from bot.cli.moments import (
    read_begin,
    read_coming_day,
    read_day,
    read_end,
    read_hour,
    read_moment,
    read_month,
)

TEN_IN_TOKYO = dt.datetime(2026, 12, 1, 1, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-01 10:00",
        "2026-12-01T10:00",
        "2026/12/1 10:00",
        "２０２６－１２－０１　１０：００",
        "2026年12月1日 10時00分",
        "2026-12-01T10:00:00+09:00",
        "2026-12-01T01:00:00Z",
        "2026-12-01(火) 10:00",
        "2026年12月1日10時",
        "2026-12-01 午前10時",
        "令和8年12月1日 10時",
        "Ｒ８．１２．１　１０：００",
    ],
)
def test_a_time_without_a_zone_is_in_japan(text: str) -> None:
    assert read_moment(text) == TEN_IN_TOKYO


@pytest.mark.parametrize("text", ["2026-12-01", "2026-02-30 10:00", "明日", "", "2026-12-01 25:00", "10:00"])
def test_what_is_no_time_is_a_usage_error(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        read_moment(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("12/1 10時", "「2026-12-01 10:00」のことですか？"),
        ("12月1日の10時半", "「2026-12-01 10:30」のことですか？"),
        ("1/5 午後3時", "「2027-01-05 15:00」のことですか？"),
        ("明日10時", "「2026-11-23 10:00」のことですか？"),
        ("明日", "例: 2026-11-23 10:00"),
        ("来週の火曜 10時", "例: 2026-11-23 10:00"),
        ("2026/12/1", "時刻がありません。例: 2026-12-01 10:00"),
        ("令和8年12月1日", "時刻がありません。例: 2026-12-01 10:00"),
        ("10:00", "日付がありません。例: 2026-11-23 10:00"),
        ("2026-02-31 10:00", "2026年2月31日という日はありません"),
        ("2月31日 10:00", "という日はありません"),
        ("2026-12-01 25:00", "25:00 という時刻はありません"),
        ("2026-12-01 午後13時", "午後0:00〜午後11:59"),
        ("2026-12-01(水) 10:00", "2026-12-01 は火曜日です"),
    ],
)
def test_a_wrong_form_is_answered_with_what_was_probably_meant(text: str, told: str) -> None:
    with time_machine.travel("2026-11-22T02:00:00Z"), pytest.raises(typer.BadParameter) as refused:
        read_moment(text)
    assert told in str(refused.value)


def test_a_day_of_an_era_counts_and_a_day_without_its_year_is_asked_about() -> None:
    assert read_day("令和元年5月1日") == dt.date(2019, 5, 1)
    assert read_day("平成31年4月30日(火)") == dt.date(2019, 4, 30)
    with time_machine.travel("2026-11-22T02:00:00Z"), pytest.raises(typer.BadParameter) as refused:
        read_day("12/6")
    assert "「2026-12-06」のことですか？" in str(refused.value)


def test_the_host_s_own_zone_plays_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert read_moment("2026-12-01 10:00") == TEN_IN_TOKYO
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_day_is_read_in_three_spellings() -> None:
    assert {read_day(text) for text in ("2026-12-06", "2026/12/6", "2026年12月6日")} == {dt.date(2026, 12, 6)}


def test_a_day_that_does_not_exist_is_a_usage_error() -> None:
    with pytest.raises(typer.BadParameter, match="日はありません"):
        read_day("2026-02-29")


def test_hours_are_stored_with_two_digits() -> None:
    assert read_hour("9:30") == "09:30"
    assert read_hour("午後1時半") == "13:30"
    with pytest.raises(typer.BadParameter):
        read_hour("24:30")


def test_december_ends_with_january() -> None:
    begin, end = read_month("2026-12")
    assert (begin.isoformat(), end.isoformat()) == ("2026-12-01T00:00:00+09:00", "2027-01-01T00:00:00+09:00")
    with pytest.raises(typer.BadParameter):
        read_month("2026-13")


@pytest.mark.parametrize("text", ["2026/12/8", "2026-12-08", "２０２６年１２月８日"])
def test_a_bare_day_is_meant_from_its_beginning_or_to_its_end(text: str) -> None:
    assert read_begin(text).isoformat() == "2026-12-08T00:00:00+09:00"
    assert read_end(text).isoformat() == "2026-12-09T00:00:00+09:00"
    assert read_end("2026-12-01 10:00") == TEN_IN_TOKYO
    with pytest.raises(typer.BadParameter):
        read_end("2026-13-01")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *(
            ("12/20", "2026-12-20"),
            ("11月22日", "2026-11-22"),
            ("１/５", "2027-01-05"),
            ("2/29", "2028-02-29"),
        ),
        ("2026-12-06", "2026-12-06"),
    ],
)
def test_a_day_without_its_year_is_the_next_such_day(text: str, meant: str) -> None:
    assert read_coming_day(text, dt.date(2026, 11, 22)).isoformat() == meant


def test_a_day_that_never_comes_is_refused() -> None:
    with pytest.raises(typer.BadParameter):
        read_coming_day("2/30", dt.date(2026, 11, 22))
