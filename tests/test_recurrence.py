"""Which days a rule falls on: against dateutil, against lists made month by month, and against dates that people know."""

from __future__ import annotations

import calendar
import datetime as dt
import json
from collections.abc import Iterator

import jpholiday
import pytest
from dateutil import rrule
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.recurrence import (
    LAST,
    BadRule,
    Dates,
    EveryDays,
    EveryWeeks,
    MonthDays,
    MonthWeekdays,
    OnHoliday,
    Pattern,
    Rule,
    due_days,
    from_json,
    next_due,
    to_json,
)

D = dt.date
TEN = dt.time(10)
NEW_YEAR = D(2026, 1, 1)
TUE, THU, FRI, SAT, SUN = 1, 3, 4, 5, 6


def days(rule: Rule, begin: D, end: D) -> list[D]:
    return list(due_days(rule, begin, end))


def short(found: list[D]) -> str:
    return " ".join(f"{day.month}/{day.day}" for day in found)


def of_2026(pattern: Pattern, on_holiday: OnHoliday = "send", first: D = NEW_YEAR, **more: object) -> Rule:
    return Rule(TEN, pattern, first, on_holiday=on_holiday, **more)  # type: ignore[arg-type]


# ---- an oracle of another make: lists month by month, then holidays, one turn after the other -----------------------


def meant(pattern: Pattern, first: D, last: D) -> Iterator[D]:
    """The turns before anything is excluded or moved."""
    match pattern:
        case EveryDays(every):
            yield from (first + dt.timedelta(days=n) for n in range(0, (last - first).days + 1, every))
        case EveryWeeks(weekdays, every):
            day = first
            while day.weekday() not in weekdays:
                day += dt.timedelta(days=1)
            sunday = day + dt.timedelta(days=6 - day.weekday())
            while day <= last:  # the rest of the first week, then whole weeks
                if day.weekday() in weekdays:
                    yield day
                day += dt.timedelta(days=1)
                if day > sunday:
                    day += dt.timedelta(weeks=every - 1)
                    sunday += dt.timedelta(weeks=every)
        case MonthDays(numbers):
            for year, month in months(first, last):
                length = calendar.monthrange(year, month)[1]
                wanted = {length if number == LAST else number for number in numbers}
                yield from (D(year, month, number) for number in sorted(wanted) if number <= length)
        case MonthWeekdays(weeks, weekdays):
            for year, month in months(first, last):
                for weekday in weekdays:
                    column = [week[weekday] for week in calendar.monthcalendar(year, month) if week[weekday]]
                    for week in weeks:
                        if week == LAST or week <= len(column):
                            yield D(year, month, column[week if week == LAST else week - 1])
        case Dates(dates):
            yield from dates


def months(first: D, last: D) -> Iterator[tuple[int, int]]:
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        yield number // 12, number % 12 + 1


def by_hand(rule: Rule, last: D) -> list[D]:
    """All days of the rule up to `last`; so that a turn beyond it may still move back, it looks 40 days further."""
    end = rule.last or last + dt.timedelta(days=40)
    found = set()
    for day in meant(rule.pattern, rule.first, end):
        if not rule.first <= day <= end or excluded(rule, day):
            continue
        if jpholiday.is_holiday(day):
            if rule.on_holiday == "skip":
                continue
            if rule.on_holiday in ("before", "after"):
                step = dt.timedelta(days=-1 if rule.on_holiday == "before" else 1)
                while rule.first <= day <= end and (
                    day.weekday() >= SAT or jpholiday.is_holiday(day) or excluded(rule, day)
                ):
                    day += step
                if not rule.first <= day <= end:
                    continue
        found.add(day)
    return sorted(day for day in found if day <= last)


def excluded(rule: Rule, day: D) -> bool:
    return day in rule.except_days or day.weekday() in rule.except_weekdays


some_days = st.dates(D(2026, 1, 1), D(2028, 12, 31))
weekdays = st.frozensets(st.integers(0, 6), min_size=1)
patterns = st.one_of(
    st.builds(EveryDays, st.integers(1, 40)),
    st.builds(EveryWeeks, weekdays, st.integers(1, 6)),
    st.builds(MonthDays, st.frozensets(st.sampled_from([LAST, *range(1, 32)]), min_size=1, max_size=4)),
    st.builds(MonthWeekdays, st.frozensets(st.sampled_from([LAST, 1, 2, 3, 4, 5]), min_size=1), weekdays),
    st.builds(Dates, st.frozensets(some_days, min_size=1, max_size=20)),
)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    first = draw(some_days)
    return Rule(
        at=draw(st.times().map(lambda each: each.replace(second=0, microsecond=0))),
        pattern=draw(patterns),
        first=first,
        last=draw(st.none() | st.dates(first, D(2030, 1, 1))),
        except_days=draw(st.frozensets(some_days, max_size=20)),
        except_weekdays=draw(st.frozensets(st.integers(0, 6), max_size=3)),
        on_holiday=draw(st.sampled_from(["send", "skip", "before", "after"])),
    )


@settings(max_examples=400, deadline=None)
@given(rule=rules(), begin=some_days, length=st.integers(0, 500))
def test_the_days_are_those_of_a_list_made_by_hand(rule: Rule, begin: D, length: int) -> None:
    end = begin + dt.timedelta(days=length)
    assert days(rule, begin, end) == [day for day in by_hand(rule, end) if day >= begin]


@settings(max_examples=200, deadline=None)
@given(rule=rules(), after=st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2029, 1, 1)))
def test_the_next_turn_is_the_first_later_than_the_moment_wherever_that_was_read(
    rule: Rule, after: dt.datetime
) -> None:
    moment = after.replace(tzinfo=dt.UTC)
    tokyo = dt.timezone(dt.timedelta(hours=9))
    coming = (dt.datetime.combine(day, rule.at, tokyo) for day in by_hand(rule, D(2031, 1, 1)))
    expected = next((each for each in coming if each > moment), None)
    found = next_due(rule, moment)
    if expected is not None or rule.last is not None or isinstance(rule.pattern, Dates):
        assert found == expected
    for hours in (-10, 0, 13):
        assert next_due(rule, moment.astimezone(dt.timezone(dt.timedelta(hours=hours)))) == found


@settings(max_examples=200, deadline=None)
@given(rule=rules())
def test_a_rule_that_was_written_is_read_as_it_was(rule: Rule) -> None:
    assert from_json(to_json(rule)) == rule


@pytest.mark.parametrize(
    ("pattern", "known"),
    [
        (EveryDays(3), {"freq": rrule.DAILY, "interval": 3}),
        (EveryWeeks(frozenset({TUE, THU})), {"freq": rrule.WEEKLY, "byweekday": (TUE, THU)}),
        (
            EveryWeeks(frozenset({TUE, SUN}), 2),
            {"freq": rrule.WEEKLY, "interval": 2, "byweekday": (TUE, SUN)},
        ),
        (MonthDays(frozenset({29, 30, 31})), {"freq": rrule.MONTHLY, "bymonthday": (29, 30, 31)}),
        (MonthDays(frozenset({LAST, 15})), {"freq": rrule.MONTHLY, "bymonthday": (-1, 15)}),
        (
            MonthWeekdays(frozenset({2, 5}), frozenset({TUE})),
            {"freq": rrule.MONTHLY, "byweekday": [rrule.TU(2), rrule.TU(5)]},
        ),
        (
            MonthWeekdays(frozenset({LAST}), frozenset({FRI})),
            {"freq": rrule.MONTHLY, "byweekday": rrule.FR(-1)},
        ),
    ],
)
def test_a_hundred_years_are_those_of_dateutil(pattern: Pattern, known: dict[str, object]) -> None:
    first, last = D(2026, 12, 1), D(2126, 12, 1)  # a Tuesday, so that the first week is beyond doubt
    theirs = rrule.rrule(
        dtstart=dt.datetime(2026, 12, 1),
        until=dt.datetime(2126, 12, 1),
        wkst=rrule.MO,
        **known,  # type: ignore[arg-type]
    )
    assert days(Rule(TEN, pattern, first), first, last) == [each.date() for each in theirs]


@pytest.mark.parametrize("on_holiday", ["skip", "before", "after"])
def test_a_hundred_years_with_holidays_bring_no_error_and_no_day_twice(on_holiday: OnHoliday) -> None:
    rule = of_2026(MonthDays(frozenset({1, 3, 23, LAST})), on_holiday)
    found = days(rule, D(2026, 1, 1), D(2126, 1, 1))
    assert len(found) > 3_000
    assert found == sorted(set(found))
    assert not any(jpholiday.is_holiday(day) for day in found)


# ---- dates that people know -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on_holiday", "known"),
    [
        ("send", "5/1 5/2 5/3 5/4 5/5 5/6 5/7"),
        ("skip", "5/1 5/2 5/7"),
        ("before", "5/1 5/2 5/7"),  # Sunday 3 to Wednesday 6 May are holidays: all to Friday 1, once
        ("after", "5/1 5/2 5/7"),
    ],
)
def test_golden_week_of_2026_day_by_day(on_holiday: OnHoliday, known: str) -> None:
    assert short(days(of_2026(EveryDays(), on_holiday), D(2026, 5, 1), D(2026, 5, 7))) == known


@pytest.mark.parametrize(
    ("on_holiday", "known"), [("send", "5/5"), ("skip", ""), ("before", "5/1"), ("after", "5/7")]
)
def test_the_fifth_of_may_2026_lies_among_holidays(on_holiday: OnHoliday, known: str) -> None:
    rule = of_2026(MonthDays(frozenset({5})), on_holiday)
    assert short(days(rule, D(2026, 4, 25), D(2026, 5, 15))) == known


def test_two_turns_that_move_to_one_day_are_one() -> None:
    rule = of_2026(MonthDays(frozenset({4, 5, 7})), "after")
    assert short(days(rule, D(2026, 5, 1), D(2026, 5, 31))) == "5/7"


def test_a_saturday_keeps_its_own_turn_though_a_fridays_holiday_moves_past_it() -> None:
    rule = of_2026(EveryWeeks(frozenset({FRI, SAT})), "after")
    assert short(days(rule, D(2027, 4, 26), D(2027, 5, 9))) == "4/30 5/1 5/7 5/8"
    rule = of_2026(Dates(frozenset({D(2028, 2, 11), D(2028, 2, 12)})), "after")  # a Friday, 建国記念の日
    assert short(days(rule, D(2028, 2, 1), D(2028, 2, 29))) == "2/12 2/14"


def test_nothing_is_moved_to_an_excluded_day_or_out_of_the_period() -> None:
    the_fifth = MonthDays(frozenset({5}))
    before = of_2026(the_fifth, "before", except_days=frozenset({D(2026, 5, 1)}))
    assert short(days(before, D(2026, 4, 25), D(2026, 5, 15))) == "4/30"
    assert days(of_2026(the_fifth, "after", last=D(2026, 5, 6)), D(2026, 5, 1), D(2026, 5, 31)) == []
    assert days(of_2026(the_fifth, "before", first=D(2026, 5, 2)), D(2026, 4, 1), D(2026, 5, 31)) == []


def test_a_month_without_the_day_has_no_turn() -> None:
    year = (D(2027, 1, 1), D(2027, 12, 31))
    assert short(days(of_2026(MonthDays(frozenset({31}))), *year)) == "1/31 3/31 5/31 7/31 8/31 10/31 12/31"
    fifth = of_2026(MonthWeekdays(frozenset({5}), frozenset({TUE})))
    assert short(days(fifth, *year)) == "3/30 6/29 8/31 11/30"


def test_the_end_of_february_is_the_29th_in_a_leap_year_only() -> None:
    end, the_29th = of_2026(MonthDays(frozenset({LAST}))), of_2026(MonthDays(frozenset({29})))
    for year, last in ((2027, 28), (2028, 29), (2100, 28), (2400, 29)):
        february = (D(year, 2, 1), D(year, 3, 1) - dt.timedelta(days=1))
        assert days(end, *february) == [D(year, 2, last)]
        assert days(the_29th, *february) == [D(year, 2, last)] * (last == 29)


def test_days_go_on_across_the_end_of_the_year() -> None:
    rule = of_2026(EveryDays(10), first=D(2026, 12, 25))
    assert short(days(rule, D(2026, 12, 1), D(2027, 1, 31))) == "12/25 1/4 1/14 1/24"


def test_every_second_monday_from_a_tuesday_begins_on_the_next_monday() -> None:
    rule = of_2026(EveryWeeks(frozenset({0}), 2), first=D(2026, 12, 1))
    assert short(days(rule, D(2026, 12, 1), D(2027, 1, 10))) == "12/7 12/21 1/4"


def test_a_turn_at_this_very_moment_is_not_the_next_one() -> None:
    rule = of_2026(EveryDays())
    ten = rule.moment(D(2026, 12, 1))
    assert next_due(rule, ten) == rule.moment(D(2026, 12, 2))
    assert next_due(rule, ten - dt.timedelta(microseconds=1)) == ten


def test_after_the_last_day_there_is_none_and_before_the_first_it_is_the_first() -> None:
    rule = of_2026(EveryDays(), first=D(2030, 4, 1), last=D(2030, 4, 2))
    assert next_due(rule, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)) == rule.moment(D(2030, 4, 1))
    assert next_due(rule, rule.moment(D(2030, 4, 2))) is None


def test_a_rule_that_excludes_itself_has_no_turn_rather_than_no_answer() -> None:
    rule = of_2026(EveryWeeks(frozenset({TUE})), except_weekdays=frozenset({TUE}))
    assert next_due(rule, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)) is None


# ---- what is no rule ------------------------------------------------------------------------------------------------

GOOD = json.loads(to_json(of_2026(EveryWeeks(frozenset({TUE})))))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"at": "9:00"}, "at"),
        ({"at": "25:00"}, "at"),
        ({"at": 10}, "at"),
        ({"from": "2026-02-30"}, "from"),
        ({"from": None}, "from"),
        ({"from": "3000-01-01"}, "from"),
        ({"until": "2025-12-31"}, "until"),
        ({"until": "20261231"}, "until"),
        ({"except_days": "2026-12-24"}, "except_days"),
        ({"except_days": [["2026-12-24"]]}, "except_days"),
        ({"except_weekdays": ["tuesday"]}, "except_weekdays"),
        ({"on_holiday": "never"}, "on_holiday"),
        ({"quiet": True}, "quiet"),
        ({"pattern": "weekly"}, "pattern.kind"),
        ({"pattern": {"kind": "yearly"}}, "pattern.kind"),
        ({"pattern": {"kind": "days"}}, "every"),
        ({"pattern": {"kind": "days", "every": 0}}, "every"),
        ({"pattern": {"kind": "days", "every": True}}, "every"),
        ({"pattern": {"kind": "days", "every": 367}}, "every"),
        ({"pattern": {"kind": "days", "every": 1, "weekdays": []}}, "weekdays"),
        ({"pattern": {"kind": "weeks", "every": 1, "weekdays": []}}, "weekdays"),
        ({"pattern": {"kind": "month_days", "days": [0]}}, "days"),
        ({"pattern": {"kind": "month_days", "days": [32]}}, "days"),
        ({"pattern": {"kind": "month_days", "days": []}}, "days"),
        ({"pattern": {"kind": "month_weekdays", "weeks": [6], "weekdays": ["tue"]}}, "weeks"),
        ({"pattern": {"kind": "month_weekdays", "weeks": [2], "weekdays": []}}, "weekdays"),
        ({"pattern": {"kind": "dates", "dates": []}}, "dates"),
        ({"pattern": {"kind": "dates", "dates": ["2037-01-01"]}}, "dates"),
    ],
)
def test_what_is_no_rule_is_refused_with_the_name_of_the_field(
    changed: dict[str, object], field: str
) -> None:
    with pytest.raises(BadRule) as refused:
        from_json(json.dumps(GOOD | changed))
    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: ")


@pytest.mark.parametrize("field", sorted(GOOD))
def test_a_field_that_is_missing_is_named(field: str) -> None:
    with pytest.raises(BadRule, match=f"^{field}: is missing$"):
        from_json(json.dumps({name: value for name, value in GOOD.items() if name != field}))


def test_what_is_no_json_object_is_no_rule() -> None:
    for text in ("", "[]", "null", "毎週"):
        with pytest.raises(BadRule, match=r"^rule: "):
            from_json(text)


def test_a_time_has_whole_minutes_and_no_zone_of_its_own() -> None:
    for at in (dt.time(10, 0, 1), dt.time(10, tzinfo=dt.UTC)):
        with pytest.raises(BadRule, match=r"^at: "):
            Rule(at, EveryDays(), D(2026, 1, 1))
