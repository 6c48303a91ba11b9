"""Time that counts only while a desk is open: golden weeks, midnight, and what must hold for any hours."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.content.business_time import OFFICE, NeverOpen, after, elapsed, end_of_day
from bot.content.hours import TOKYO, Span, WeeklyHours, parse_hours

HOUR = dt.timedelta(hours=1)


def at(text: str) -> dt.datetime:
    """2026-12-28 16:00, in Tokyo."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=TOKYO)


def shown(moment: dt.datetime) -> str:
    return moment.astimezone(TOKYO).strftime("%Y-%m-%d %H:%M")


ALWAYS = parse_hours({"always": True})
NIGHT = parse_hours({"spans": [{"days": "every_day", "from": "22:00", "to": "06:00"}]})
WITH_A_BREAK = parse_hours(
    {
        "spans": [
            {"days": "weekdays", "from": "08:30", "to": "12:00"},
            {"days": "weekdays", "from": "13:00", "to": "17:15"},
        ],
        "closed_on_holidays": True,
        "closed_year_end": True,
    }
)
HOLIDAYS_TOO = parse_hours({"spans": [{"days": ["mon", "holiday"], "from": "09:00", "to": "12:00"}]})
OWN_DAYS = parse_hours(
    {
        "spans": [{"days": "weekdays", "from": "08:30", "to": "17:15"}],
        "closed_dates": ["2026-08-13", "2026-08-14"],
    }
)
OVERLAPPING = parse_hours(
    {
        "spans": [
            {"days": "every_day", "from": "08:00", "to": "13:00"},
            {"days": "every_day", "from": "12:00", "to": "17:00"},
            {"days": ["mon"], "from": "20:00", "to": "09:00"},
        ]
    }
)
GONE = parse_hours(
    {"spans": [{"days": "weekdays", "from": "08:30", "to": "17:15"}], "valid_to": "2026-03-31"}
)


# ---- the turn of the year: 28 December 2026 is a Monday, 4 January 2027 a Monday, 11 January 成人の日 ----


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-12-28 08:30", 4, "2026-12-28 12:30"),
        ("2026-12-28 08:30", 8.75, "2026-12-28 17:15"),  # a closing time is an end, not the next morning
        ("2026-12-28 08:30", 9, "2027-01-04 08:45"),
        ("2026-12-28 16:00", 4, "2027-01-04 11:15"),
        ("2026-12-28 17:15", 1, "2027-01-04 09:30"),
        ("2026-12-26 21:00", 1, "2026-12-28 09:30"),  # a Saturday evening
        ("2026-12-29 10:00", 0, "2027-01-04 08:30"),
        ("2026-12-31 23:59", 4, "2027-01-04 12:30"),
        ("2027-01-01 00:00", 4, "2027-01-04 12:30"),
        ("2027-01-03 12:00", 16, "2027-01-05 15:45"),
        ("2027-01-05 08:00", 40, "2027-01-12 13:30"),  # 9, 10 January: weekend; 11: 成人の日
    ],
)
def test_hours_over_the_turn_of_the_year(start: str, hours: float, end: str) -> None:
    assert shown(after(OFFICE, at(start), hours * HOUR)) == end
    assert shown(after(None, at(start), hours * HOUR)) == end  # not known: as a usual office


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-12-28 10:00", 0, "2026-12-28 17:15"),
        ("2026-12-28 17:15", 0, "2027-01-04 17:15"),  # closed at this moment: the next closing time to come
        ("2026-12-28 10:00", 1, "2027-01-04 17:15"),
        ("2026-12-28 23:00", 1, "2027-01-04 17:15"),  # at whatever hour: the day itself does not count
        ("2026-12-26 21:00", 1, "2026-12-28 17:15"),
        ("2026-12-26 21:00", 2, "2027-01-04 17:15"),
        ("2026-12-29 09:00", 0, "2027-01-04 17:15"),
        ("2026-12-31 12:00", 1, "2027-01-04 17:15"),
        ("2026-12-28 10:00", 3, "2027-01-06 17:15"),
        ("2027-01-04 09:00", 0, "2027-01-04 17:15"),
        ("2027-01-05 09:00", 4, "2027-01-12 17:15"),
    ],
)
def test_opening_days_over_the_turn_of_the_year(start: str, days: int, end: str) -> None:
    assert shown(end_of_day(OFFICE, at(start), days)) == end


# ---- Golden Week 2027: 29 April (Thu) 昭和の日, 3 May (Mon) 憲法記念日, 4 みどりの日, 5 こどもの日 ----


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2027-04-28 10:00", 1, "2027-04-30 17:15"),
        ("2027-04-28 10:00", 2, "2027-05-06 17:15"),
        ("2027-04-28 10:00", 3, "2027-05-07 17:15"),
        ("2027-04-30 17:00", 0, "2027-04-30 17:15"),
        ("2027-04-30 18:00", 0, "2027-05-06 17:15"),
        ("2027-05-01 21:00", 1, "2027-05-06 17:15"),
    ],
)
def test_opening_days_over_golden_week(start: str, days: int, end: str) -> None:
    assert shown(end_of_day(OFFICE, at(start), days)) == end


def test_hours_over_golden_week() -> None:
    assert shown(after(OFFICE, at("2027-04-28 16:15"), 2 * HOUR)) == "2027-04-30 09:30"
    assert shown(after(OFFICE, at("2027-04-30 16:15"), 2 * HOUR)) == "2027-05-06 09:30"
    assert elapsed(OFFICE, at("2027-04-28 08:30"), at("2027-05-06 08:30")) == 17.5 * HOUR


def test_a_substitute_holiday_and_a_day_between_two_holidays_are_closed() -> None:
    assert shown(after(OFFICE, at("2026-05-05 12:00"), HOUR)) == "2026-05-07 09:30"  # 6 May: 振替休日
    # 21 September 敬老の日, 22 国民の休日 (between two holidays), 23 秋分の日
    assert shown(end_of_day(OFFICE, at("2026-09-18 10:00"), 1)) == "2026-09-24 17:15"


def test_obon_is_no_holiday_unless_the_desk_says_so() -> None:
    assert shown(end_of_day(OFFICE, at("2026-08-12 10:00"), 1)) == "2026-08-13 17:15"
    assert shown(end_of_day(OWN_DAYS, at("2026-08-12 10:00"), 1)) == "2026-08-17 17:15"
    assert shown(after(OWN_DAYS, at("2026-08-12 16:15"), 2 * HOUR)) == "2026-08-17 09:30"


# ---- other desks ----


def test_a_desk_that_never_closes_counts_as_the_clock_on_the_wall() -> None:
    assert shown(after(ALWAYS, at("2026-12-31 23:30"), 2 * HOUR)) == "2027-01-01 01:30"
    assert elapsed(ALWAYS, at("2026-12-28 00:00"), at("2027-01-05 00:00")) == 8 * 24 * HOUR
    assert shown(end_of_day(ALWAYS, at("2026-12-31 23:30"), 0)) == "2027-01-01 00:00"
    assert shown(end_of_day(ALWAYS, at("2026-12-31 23:30"), 1)) == "2027-01-02 00:00"


def test_a_night_desk_belongs_to_the_day_on_which_it_opened() -> None:
    assert shown(after(NIGHT, at("2026-12-01 05:00"), 3 * HOUR)) == "2026-12-02 00:00"
    assert shown(end_of_day(NIGHT, at("2026-12-02 03:00"), 0)) == "2026-12-02 06:00"
    assert (
        shown(end_of_day(NIGHT, at("2026-12-02 03:00"), 1)) == "2026-12-03 06:00"
    )  # 3:00 is still Tuesday's
    assert shown(end_of_day(NIGHT, at("2026-12-02 12:00"), 0)) == "2026-12-03 06:00"
    assert elapsed(NIGHT, at("2026-12-01 03:00"), at("2026-12-02 03:00")) == 8 * HOUR


def test_a_break_at_noon_does_not_count_and_does_not_end_the_day() -> None:
    assert shown(after(WITH_A_BREAK, at("2026-12-01 11:30"), HOUR)) == "2026-12-01 13:30"
    assert shown(end_of_day(WITH_A_BREAK, at("2026-12-01 12:30"), 0)) == "2026-12-01 17:15"
    assert elapsed(WITH_A_BREAK, at("2026-12-01 00:00"), at("2026-12-02 00:00")) == 7.75 * HOUR


def test_a_desk_that_is_open_on_holidays_counts_them() -> None:
    assert shown(end_of_day(HOLIDAYS_TOO, at("2026-12-28 10:00"), 1)) == "2027-01-01 12:00"


def test_time_in_two_overlapping_spans_counts_once() -> None:
    assert elapsed(OVERLAPPING, at("2026-12-02 00:00"), at("2026-12-03 00:00")) == 9 * HOUR
    monday = elapsed(OVERLAPPING, at("2026-12-07 00:00"), at("2026-12-09 00:00"))
    assert monday == 9 * HOUR + 12 * HOUR + 9 * HOUR  # 20:00 to Tuesday 8:00, then Tuesday's own


def test_a_desk_that_opens_no_more_says_so() -> None:
    with pytest.raises(NeverOpen):
        after(GONE, at("2026-04-01 09:00"), HOUR)
    with pytest.raises(NeverOpen):
        end_of_day(GONE, at("2026-04-01 09:00"), 1)
    assert elapsed(GONE, at("2026-03-31 16:15"), at("2027-03-31 09:00")) == HOUR


def test_a_moment_needs_a_zone_and_time_runs_forward() -> None:
    naive = dt.datetime(2026, 12, 1, 10, 0)
    for refused in (lambda: after(OFFICE, naive, HOUR), lambda: end_of_day(OFFICE, naive, 1)):
        with pytest.raises(ValueError, match="zone"):
            refused()
    with pytest.raises(ValueError, match="forward"):
        after(OFFICE, at("2026-12-01 10:00"), -HOUR)
    with pytest.raises(ValueError, match="forward"):
        end_of_day(OFFICE, at("2026-12-01 10:00"), -1)
    assert elapsed(OFFICE, at("2026-12-02 10:00"), at("2026-12-01 10:00")) == dt.timedelta(0)


def test_the_same_moment_in_another_zone_gives_the_same_answer() -> None:
    in_london = at("2026-12-28 16:00").astimezone(dt.UTC)
    assert after(OFFICE, in_london, 4 * HOUR) == after(OFFICE, at("2026-12-28 16:00"), 4 * HOUR)


# ---- what must hold for any desk ----

quarters = st.integers(0, 95).map(lambda n: dt.time(n // 4, n % 4 * 15))
spans = st.builds(
    Span,
    start=quarters,
    end=quarters,
    days=st.frozensets(st.integers(0, 6), min_size=1),
    closed_on_holidays=st.booleans(),
)
desks = st.one_of(
    st.just(OFFICE),
    st.builds(WeeklyHours, always=st.just(True)),
    st.builds(
        WeeklyHours,
        spans=st.lists(spans, min_size=1, max_size=3).map(tuple),
        closed_year_end=st.booleans(),
        closed_dates=st.frozensets(st.dates(dt.date(2026, 12, 1), dt.date(2027, 6, 1)), max_size=5),
    ),
)
moments = st.integers(0, 365 * 24 * 60).map(lambda n: at("2026-12-01 00:00") + dt.timedelta(minutes=n))
stretches = st.integers(1, 60 * 60).map(lambda n: dt.timedelta(minutes=n))


@settings(max_examples=150, deadline=None)
@given(desks, moments, stretches, stretches)
def test_so_much_time_and_then_so_much_is_both_together(
    hours: WeeklyHours, start: dt.datetime, first: dt.timedelta, then: dt.timedelta
) -> None:
    halfway = after(hours, start, first)
    end = after(hours, start, first + then)
    assert after(hours, halfway, then) == end
    assert elapsed(hours, start, end) == first + then
    assert elapsed(hours, start, halfway) + elapsed(hours, halfway, end) == elapsed(hours, start, end)


@settings(max_examples=150, deadline=None)
@given(desks, moments, stretches)
def test_it_never_ends_while_the_desk_is_closed(
    hours: WeeklyHours, start: dt.datetime, stretch: dt.timedelta
) -> None:
    end = after(hours, start, stretch)
    assert end > start
    assert hours.open_at(end - dt.timedelta(microseconds=1))  # open until then: a closing time at the latest
    assert hours.open_at(after(hours, start, dt.timedelta(0)))


@settings(max_examples=150, deadline=None)
@given(desks, moments, moments, stretches, stretches)
def test_later_and_longer_never_end_earlier(
    hours: WeeklyHours, one: dt.datetime, other: dt.datetime, short: dt.timedelta, more: dt.timedelta
) -> None:
    first, second = sorted((one, other))
    assert after(hours, first, short) <= after(hours, second, short)
    assert after(hours, first, short) < after(hours, first, short + more)


@settings(max_examples=150, deadline=None)
@given(desks, moments, moments, st.integers(0, 6), st.integers(1, 6))
def test_opening_days_are_monotone_and_add_up(
    hours: WeeklyHours, one: dt.datetime, other: dt.datetime, n: int, more: int
) -> None:
    first, second = sorted((one, other))
    assert end_of_day(hours, first, n) <= end_of_day(hours, second, n)
    assert end_of_day(hours, first, 0) <= end_of_day(hours, first, 1)
    end = end_of_day(hours, first, n)
    assert hours.open_at(end - dt.timedelta(microseconds=1))
    if n:
        days = [each for each in hours.spans if each.end <= each.start]
        assume(not days)  # with night spans the closing of one day may lie behind the opening of the next
        assert end_of_day(hours, end, more) == end_of_day(hours, first, n + more)


quarter_hours = st.integers(0, 60 * 96).map(lambda n: at("2026-12-20 00:00") + n * dt.timedelta(minutes=15))


@settings(max_examples=100, deadline=None)
@given(desks, quarter_hours, st.integers(0, 4 * 96))
def test_it_is_what_one_counts_quarter_by_quarter(
    hours: WeeklyHours, start: dt.datetime, quarters_later: int
) -> None:
    each = [start + n * dt.timedelta(minutes=15) for n in range(quarters_later)]
    counted = sum(hours.open_at(moment) for moment in each) * dt.timedelta(minutes=15)
    assert elapsed(hours, start, start + quarters_later * dt.timedelta(minutes=15)) == counted
