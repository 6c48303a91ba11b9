"""When something comes again, as staff type it: read strictly, said back in the same words."""

from __future__ import annotations

import datetime as dt

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.output import TOKYO, Refused
from bot.cli.repeats import in_words, pattern_in_words, read_exclusions, read_repeat, read_rule
from bot.recurrence import LAST, Dates, EveryDays, EveryWeeks, MonthDays, MonthWeekdays, Pattern

D = dt.date
FIRST = D(2026, 12, 1)
NOW = dt.datetime(2026, 12, 1, 12, 0, tzinfo=TOKYO)  # a Tuesday, at noon
MON, TUE, WED, THU, FRI, SAT, SUN = range(7)


def weekly(*weekdays: int, every: int = 1) -> EveryWeeks:
    return EveryWeeks(frozenset(weekdays), every)


def monthly(*days: int) -> MonthDays:
    return MonthDays(frozenset(days))


def nth(weeks: set[int], *weekdays: int) -> MonthWeekdays:
    return MonthWeekdays(frozenset(weeks), frozenset(weekdays))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("毎日", EveryDays()),
        ("３日ごと", EveryDays(3)),
        ("隔日", EveryDays(2)),
        ("毎週 火・木", weekly(TUE, THU)),
        ("毎週 火,木", weekly(TUE, THU)),
        ("毎週火曜と木曜日", weekly(TUE, THU)),
        ("毎週　月曜日曜", weekly(MON, SUN)),
        ("毎週 土日", weekly(SAT, SUN)),
        ("毎週 金〜日", weekly(FRI, SAT, SUN)),
        ("毎週 平日", weekly(MON, TUE, WED, THU, FRI)),
        ("2週ごと 月", weekly(MON, every=2)),
        ("２週間ごと月・水", weekly(MON, WED, every=2)),
        ("隔週 水曜", weekly(WED, every=2)),
        ("毎月 1日,15日", monthly(1, 15)),
        ("毎月1・15", monthly(1, 15)),
        ("毎月 15日と月末", monthly(15, LAST)),
        ("月末", monthly(LAST)),
        ("毎月末", monthly(LAST)),
        ("毎月 第2火曜", nth({2}, TUE)),
        ("第二火曜日", nth({2}, TUE)),
        ("毎月 第2・第4火曜", nth({2, 4}, TUE)),
        ("第1・3土曜", nth({1, 3}, SAT)),
        ("毎月 最終金曜", nth({LAST}, FRI)),
        ("毎月最後の金曜日", nth({LAST}, FRI)),
        ("12/1,12/24,1/7", Dates(frozenset({FIRST, D(2026, 12, 24), D(2027, 1, 7)}))),
        ("2026-12-24(木)、2027年1月7日", Dates(frozenset({D(2026, 12, 24), D(2027, 1, 7)}))),
    ],
)
def test_staff_may_write_it_in_many_ways(typed: str, meant: Pattern) -> None:
    assert read_repeat(typed, FIRST) == meant


weekdays = st.frozensets(st.integers(0, 6), min_size=1)
patterns = st.one_of(
    st.builds(EveryDays, st.integers(1, 366)),
    st.builds(EveryWeeks, weekdays, st.integers(1, 366)),
    st.builds(MonthDays, st.frozensets(st.sampled_from([LAST, *range(1, 32)]), min_size=1)),
    st.builds(MonthWeekdays, st.frozensets(st.sampled_from([LAST, 1, 2, 3, 4, 5]), min_size=1), weekdays),
    st.builds(Dates, st.frozensets(st.dates(FIRST, D(2035, 1, 1)), min_size=1, max_size=6)),
)


@given(pattern=patterns)
def test_what_is_said_back_is_read_as_the_same(pattern: Pattern) -> None:
    assert read_repeat(pattern_in_words(pattern), FIRST) == pattern


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("火・木", "「毎週 火・木」のことですか？"),
        ("毎日曜", "「毎週 日曜」のことですか？"),
        ("1日・15日", "「毎月 1日・15日」のことですか？"),
        ("1日おき", "「2日ごと」のことですか？"),
        ("毎月", "「毎月 1日・15日」のことですか？"),
        ("毎月 火曜", "「毎月 第2火曜」のことですか？"),
        ("毎年 12/1", "「12/1,12/24,1/7」のことですか？"),
        ("毎月 32日", "1日から31日まで"),
        ("第6火曜", "第1から第5まで"),
        ("0日ごと", "1から366まで"),
        ("400日ごと", "1から366まで"),
        ("2/30", "という日はありません"),
        ("weekly", "書き方の例"),
        ("", "書き方の例"),
    ],
)
def test_what_cannot_be_read_is_answered_with_the_nearest_right_form(typed: str, hint: str) -> None:
    with pytest.raises(typer.BadParameter, match=hint.replace("？", ".")):
        read_repeat(typed, FIRST)


def test_a_day_before_the_beginning_is_refused_by_name() -> None:
    with pytest.raises(Refused, match=r"2020-01-01\(水\) は、2026-12-01\(火\)"):
        read_repeat("2020-01-01,12/24", FIRST)


@pytest.mark.parametrize(
    ("typed", "days", "weekdays"),
    [
        (["12/24"], {D(2026, 12, 24)}, set()),
        (["12/30〜1/2"], {D(2026, 12, 30), D(2026, 12, 31), D(2027, 1, 1), D(2027, 1, 2)}, set()),
        (["12/24,土日", "水曜"], {D(2026, 12, 24)}, {SAT, SUN, WED}),
        (["12/30から12/31まで"], {D(2026, 12, 30), D(2026, 12, 31)}, set()),
        ([], set(), set()),
    ],
)
def test_days_stretches_and_weekdays_are_left_out(typed: list[str], days: set[D], weekdays: set[int]) -> None:
    assert read_exclusions(typed, FIRST) == (days, weekdays)


@pytest.mark.parametrize(
    ("typed", "hint"),
    [("祝日", "--holiday"), ("おやすみ", "--except 12/24"), ("2026-12-24〜2026-12-01", "終わり")],
)
def test_what_cannot_be_left_out_is_said(typed: str, hint: str) -> None:
    with pytest.raises(typer.BadParameter, match=hint):
        read_exclusions([typed], FIRST)


def test_the_whole_rule_is_said_as_staff_say_it() -> None:
    rule = read_rule(
        "毎月 第2火曜",
        "10:00",
        NOW,
        begin="12/7",
        until="2027-03-31",
        without=["12/29〜1/3", "日曜"],
        holiday="次の平日",
    )
    assert in_words(rule) == (
        "毎月 第2火曜 10:00、祝日は次の平日、2026-12-07(月)から2027-03-31(水)まで、"
        "日曜・2026-12-29(火)〜2027-01-03(日)をのぞく"
    )


@pytest.mark.parametrize(
    ("at", "first"), [("12:01", FIRST), ("12:00", D(2026, 12, 2)), ("9:00", D(2026, 12, 2))]
)
def test_without_a_first_day_it_begins_when_the_time_of_day_comes_again(at: str, first: D) -> None:
    assert read_rule("3日ごと", at, NOW).first == first


@pytest.mark.parametrize(
    ("more", "wrong", "said"),
    [
        ({"at": "2026-12-01 10:00"}, typer.BadParameter, "時刻だけ"),
        ({"begin": "12/24", "until": "2026-12-23"}, typer.BadParameter, "始まり"),
        ({"until": "3000-01-01"}, typer.BadParameter, "10年より先"),
        ({"repeat": "毎週 火", "without": ["火曜"]}, Refused, "1日もありません"),
        ({"holiday": "次の日"}, Refused, "祝日の決まり"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(
    more: dict[str, object], wrong: type[Exception], said: str
) -> None:
    given_: dict[str, object] = {"repeat": "毎日", "at": "10:00", "now": NOW} | more
    with pytest.raises(wrong, match=said):
        read_rule(**given_)  # type: ignore[arg-type]
