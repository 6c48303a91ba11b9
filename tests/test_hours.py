"""Opening hours in Japan: weeks, public holidays, the turn of the year, nights, lines that come and go."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from bot.content.hours import TOKYO, WeeklyHours, parse_hours

DESK = parse_hours(
    {
        "spans": [{"days": ["weekdays"], "from": "08:30", "to": "17:15"}],
        "closed_on_holidays": True,
        "closed_year_end": True,
    }
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-24 08:29:59", False),
        ("2026-11-24 08:30", True),
        ("2026-11-24 17:14:59", True),
        ("2026-11-24 17:15", False),
        ("2026-11-21 10:00", False),  # Saturday
        ("2026-11-23 10:00", False),  # Labour Thanksgiving Day, a Monday
        ("2026-09-22 10:00", False),  # between two holidays, so a holiday itself
        ("2027-03-22 10:00", False),  # Monday after a holiday on Sunday
        ("2026-12-28 10:00", True),
        ("2026-12-29 10:00", False),
        ("2027-01-04 10:00", True),
    ],
)
def test_a_desk_keeps_office_hours_and_public_holidays(moment: str, is_open: bool) -> None:
    assert DESK.open_at(at(moment)) is is_open


def test_a_moment_from_elsewhere_is_read_in_tokyo_time() -> None:
    assert DESK.open_at(datetime(2026, 11, 24, 0, 0, tzinfo=UTC))
    assert not DESK.open_at(datetime(2026, 11, 24, 8, 30, tzinfo=UTC))


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        DESK.open_at(datetime(2026, 11, 24, 9, 0))
    with pytest.raises(ValueError, match="time zone"):
        DESK.next_opening(datetime(2026, 11, 24, 9, 0))


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        ("2026-11-24 10:00", "2026-11-24 10:00"),
        ("2026-11-24 07:00", "2026-11-24 08:30"),
        ("2026-11-24 17:15", "2026-11-25 08:30"),
        ("2026-11-20 18:00", "2026-11-24 08:30"),  # over a weekend and a holiday
        ("2026-12-28 18:00", "2027-01-04 08:30"),
    ],
)
def test_the_next_opening_skips_closed_days(moment: str, opening: str) -> None:
    assert DESK.next_opening(at(moment)) == at(opening)


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    night = parse_hours({"spans": [{"days": ["fri"], "from": "22:00", "to": "05:00"}]})
    assert night.open_at(at("2026-11-20 23:00"))
    assert night.open_at(at("2026-11-21 04:59"))
    assert not night.open_at(at("2026-11-21 05:00"))
    assert not night.open_at(at("2026-11-20 04:00"))


def test_midnight_may_be_written_as_24_00() -> None:
    late = parse_hours({"spans": [{"days": ["every_day"], "from": "17:00", "to": "24:00"}]})
    assert late.open_at(at("2026-11-20 23:59"))
    assert not late.open_at(at("2026-11-21 00:00"))


def test_a_day_of_the_month_adds_to_the_week() -> None:
    line = parse_hours(
        {
            "spans": [
                {"days": ["every_day"], "from": "16:00", "to": "21:00"},
                {"month_days": [10], "from": "08:00", "to": "08:00"},
            ]
        }
    )
    assert line.open_at(at("2026-11-11 07:59"))
    assert line.open_at(at("2026-11-10 23:00"))
    assert not line.open_at(at("2026-11-11 08:00"))
    assert not line.open_at(at("2026-11-09 23:00"))


def test_a_span_may_be_open_on_public_holidays_in_place_of_the_week() -> None:
    line = parse_hours(
        {
            "spans": [
                {"days": ["weekdays"], "from": "17:00", "to": "22:00", "closed_on_holidays": True},
                {"days": ["sat", "sun", "holiday"], "from": "09:00", "to": "21:00"},
            ]
        }
    )
    assert line.open_at(at("2026-11-23 10:00"))
    assert not line.open_at(at("2026-11-23 21:30"))
    assert not line.open_at(at("2026-11-24 10:00"))
    assert line.open_at(at("2026-11-24 21:30"))


def test_a_break_at_noon_is_two_spans() -> None:
    desk = parse_hours(
        {
            "spans": [
                {"days": ["mon"], "from": "10:00", "to": "12:40"},
                {"days": ["mon"], "from": "14:00", "to": "16:40"},
            ]
        }
    )
    assert not desk.open_at(at("2026-11-16 13:00"))
    assert desk.next_opening(at("2026-11-16 13:00")) == at("2026-11-16 14:00")


def test_own_closed_days_close_the_day_only() -> None:
    desk = parse_hours(
        {
            "spans": [{"days": ["every_day"], "from": "09:00", "to": "17:00"}],
            "closed_dates": [date(2026, 11, 25), "2026-11-26"],
        }
    )
    assert not desk.open_at(at("2026-11-25 10:00"))
    assert desk.next_opening(at("2026-11-24 18:00")) == at("2026-11-27 09:00")


def test_an_always_open_line_is_open_on_new_years_night() -> None:
    always = parse_hours({"always": True})
    assert always.open_at(at("2027-01-01 03:00"))
    assert always.next_opening(at("2027-01-01 03:00")) == at("2027-01-01 03:00")


def test_a_line_of_one_season_is_closed_before_and_gone_after() -> None:
    line = parse_hours({"always": True, "valid_from": date(2026, 12, 25), "valid_to": date(2027, 1, 4)})
    assert not line.open_at(at("2026-12-24 23:59"))
    assert line.next_opening(at("2026-12-01 12:00")) == at("2026-12-25 00:00")
    assert line.open_at(at("2027-01-04 23:59"))
    assert not line.open_at(at("2027-01-05 00:00"))
    assert line.next_opening(at("2027-01-05 00:00")) is None


def test_spans_of_one_season_end_with_it() -> None:
    line = parse_hours(
        {
            "spans": [{"days": ["every_day"], "from": "10:00", "to": "12:00"}],
            "valid_from": "2028-01-05",
            "valid_to": "2028-01-06",
        }
    )
    assert line.next_opening(at("2026-11-01 00:00")) == at("2028-01-05 10:00")
    assert line.next_opening(at("2028-01-06 12:00")) is None


@pytest.mark.parametrize(
    ("hours", "complaint"),
    [
        ({}, "either"),
        ({"always": True, "spans": [{"days": ["mon"], "from": "09:00", "to": "10:00"}]}, "either"),
        ({"always": "yes"}, "true or false"),
        ({"always": True, "closed_on_holidays": True}, "contradict"),
        ({"open": True}, "unknown open"),
        ({"spans": "mon"}, "must be a list"),
        ({"spans": ["mon"]}, "must be a mapping"),
        ({"spans": [{"from": "09:00", "to": "10:00"}]}, "needs `days`"),
        ({"spans": [{"days": ["monday"], "from": "09:00", "to": "10:00"}]}, "unknown day"),
        ({"spans": [{"days": 1, "from": "09:00", "to": "10:00"}]}, "must be a list"),
        ({"spans": [{"days": ["mon"], "from": 960, "to": "21:00"}]}, "quoted time"),
        ({"spans": [{"days": ["mon"], "from": "9:00", "to": "21:00"}]}, "quoted time"),
        ({"spans": [{"days": ["mon"], "from": "25:00", "to": "26:00"}]}, "quoted time"),
        ({"spans": [{"month_days": [32], "from": "09:00", "to": "21:00"}]}, "1 to 31"),
        (
            {"spans": [{"days": ["holiday"], "from": "09:00", "to": "21:00", "closed_on_holidays": True}]},
            "holidays",
        ),
        ({"spans": [{"days": ["mon"], "from": "09:00", "till": "21:00"}]}, "unknown till"),
        ({"always": True, "closed_dates": ["soon"]}, "no date"),
        ({"always": True, "valid_from": "2026-12-02", "valid_to": "2026-12-01"}, "is after"),
    ],
)
def test_hours_that_make_no_sense_are_refused_in_words(hours: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_hours(hours)


def test_hours_that_are_no_mapping_are_refused() -> None:
    with pytest.raises(ValueError, match="must be a mapping"):
        parse_hours("09:00-17:00")  # type: ignore[arg-type]


def test_hours_without_any_span_never_open() -> None:
    assert WeeklyHours().next_opening(at("2026-11-24 10:00")) is None
