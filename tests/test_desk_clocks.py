"""Due times by desk and level, and what can honestly be said at 21:00 on a Saturday."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from town import TOKYO, the_content

from bot.content.hours import WeeklyHours, parse_hours
from bot.content.library import Content
from bot.desk import clocks
from storage import concerns
from storage.work import Database

DESK = "iwami_fukushi"
OFFICE = parse_hours(
    {
        "spans": [{"days": "weekdays", "from": "08:30", "to": "17:15"}],
        "closed_on_holidays": True,
        "closed_year_end": True,
    }
)
SATURDAY_EVENING = dt.datetime(2026, 12, 5, 21, 0, tzinfo=TOKYO)
TUESDAY_MORNING = dt.datetime(2026, 12, 1, 10, 0, tzinfo=TOKYO)


def content_with(hours: WeeklyHours | None = OFFICE) -> Content:
    content = the_content()
    windows = tuple(replace(w, hours=hours) if w.key == DESK else w for w in content.windows)
    return replace(content, windows=windows)


def shown(moment: dt.datetime | None) -> str:
    return moment.astimezone(TOKYO).strftime("%m-%d %H:%M") if moment else "never"


@pytest.mark.parametrize(
    ("level", "accept", "contact", "close"),
    [
        (0, "12-05 21:15", "12-05 22:00", "12-11 17:15"),
        (1, "12-05 22:00", "12-07 17:15", "12-18 17:15"),
        (2, "12-07 12:30", "12-09 17:15", "01-07 17:15"),
        (3, "12-07 17:15", "12-11 17:15", "03-09 17:15"),
        (4, "12-09 17:15", "12-18 17:15", "01-07 17:15"),
    ],
)
def test_the_due_times_of_what_comes_on_a_saturday_evening(
    level: int, accept: str, contact: str, close: str
) -> None:
    found = clocks.dues(content_with(), DESK, level, SATURDAY_EVENING)
    assert (shown(found.accept), shown(found.contact), shown(found.close)) == (accept, contact, close)
    assert not found.assumed


@pytest.mark.parametrize("level", range(5))
@pytest.mark.parametrize("hours", [OFFICE, None, parse_hours({"always": True})])
def test_nothing_is_due_after_what_follows_it(level: int, hours: WeeklyHours | None) -> None:
    content = content_with(hours)
    for days in range(40):
        start = SATURDAY_EVENING + dt.timedelta(days=days, hours=days)
        found = clocks.dues(content, content.windows_by_key[DESK], level, start)
        assert start < found.accept <= found.contact <= found.close


@pytest.mark.parametrize(
    ("hours", "start"),
    [
        (OFFICE, dt.datetime(2026, 12, 28, 17, 14, 59, tzinfo=TOKYO)),  # a second before six closed days
        (parse_hours({"always": True}), dt.datetime(2026, 12, 31, 23, 59, tzinfo=TOKYO)),
    ],
)
def test_an_hour_to_accept_is_an_hour_also_just_before_the_day_ends(
    hours: WeeklyHours, start: dt.datetime
) -> None:
    found = clocks.dues(content_with(hours), DESK, 1, start)
    assert found.accept == found.contact == start + dt.timedelta(hours=1)


@pytest.mark.parametrize("days", range(14))
@pytest.mark.parametrize("to", ["14:00", "16:00", "18:00"])
def test_a_desk_that_opens_once_a_week_takes_what_is_more_urgent_not_later(days: int, to: str) -> None:
    once = parse_hours({"spans": [{"days": ["wed"], "from": "13:00", "to": to}], "closed_year_end": True})
    start = dt.datetime(2026, 12, 23, 15, 0, tzinfo=TOKYO) + dt.timedelta(days=days)
    found = [clocks.dues(content_with(once), DESK, level, start) for level in range(5)]
    assert [each.accept for each in found] == sorted(each.accept for each in found)
    assert [each.contact for each in found] == sorted(each.contact for each in found)


def test_where_the_hours_are_not_known_the_usual_ones_are_taken_and_it_says_so() -> None:
    known = clocks.dues(content_with(), DESK, 2, SATURDAY_EVENING)
    assumed = clocks.dues(content_with(None), DESK, 2, SATURDAY_EVENING)
    no_such_desk = clocks.dues(content_with(), "nowhere", 2, SATURDAY_EVENING)
    assert assumed == no_such_desk == replace(known, assumed=True)


def test_a_saturday_evening_is_told_as_it_is() -> None:
    found = clocks.expectation(
        content_with(), DESK, 2, SATURDAY_EVENING, ("jidou_189", "kokoro_dial", "police", "police", "no_such")
    )
    assert not found.open_now
    assert shown(found.read_from) == "12-07 08:30"
    assert shown(found.accept_by) == "12-07 12:30"
    assert [line.key for line in found.answering] == ["jidou_189", "police"]  # open tonight, each once
    assert not found.assumed


def test_by_day_somebody_reads_it_now() -> None:
    found = clocks.expectation(content_with(), DESK, 2, TUESDAY_MORNING)
    assert found.open_now
    assert found.read_from == TUESDAY_MORNING
    assert found.answering == ()


def test_over_the_turn_of_the_year_the_next_opening_is_in_january() -> None:
    evening = dt.datetime(2026, 12, 28, 18, 0, tzinfo=TOKYO)
    assert shown(clocks.expectation(content_with(), DESK, 3, evening).read_from) == "01-04 08:30"


def test_a_desk_that_opens_no_more_promises_nothing() -> None:
    gone = parse_hours({"spans": [{"days": "mon", "from": "09:00", "to": "12:00"}], "valid_to": "2020-01-01"})
    found = clocks.expectation(content_with(gone), DESK, 2, TUESDAY_MORNING)
    assert (found.open_now, found.read_from) == (False, None)
    assert found.accept_by > TUESDAY_MORNING


def test_the_clocks_start_anew_by_the_desk_and_level_of_now(db: Database) -> None:
    content = content_with()
    with db.work() as work:
        values: dict[str, Any] = {"town": "iwami", "district": None, "kind": "poverty", "since": "today"}
        values |= {"subject_knows": "unknown", "window": DESK, "route_reason": "own", "person_id": None}
        concern = concerns.open_concern(work, "default", level=3, **values)
        usual = clocks.renew(work, content, concern)
        urgent = clocks.renew(work, content, concerns.raise_level(work, usual, 0))
        assert shown(usual.accept_due) == "12-02 17:15"
        assert shown(urgent.accept_due) == "12-01 10:15"
        assert clocks.overdue(urgent, TUESDAY_MORNING) == ()
        at_eleven = TUESDAY_MORNING + dt.timedelta(hours=1)
        assert clocks.overdue(urgent, at_eleven) == ("accept", "contact")
        accepted = concerns.accept(work, urgent)
        assert clocks.overdue(accepted, at_eleven) == ("contact",)
        in_touch = concerns.in_touch(work, accepted)
        assert clocks.overdue(in_touch, at_eleven) == ()
        assert clocks.overdue(in_touch, at_eleven + dt.timedelta(days=30)) == ("close",)
        closed = concerns.close(work, in_touch, "none")
        assert clocks.overdue(closed, at_eleven + dt.timedelta(days=30)) == ()


def test_what_becomes_urgent_is_due_earlier_and_never_later(db: Database) -> None:
    content = content_with()
    with db.work() as work:
        values: dict[str, Any] = {"town": "iwami", "district": None, "kind": "poverty", "since": "today"}
        values |= {"subject_knows": "unknown", "window": DESK, "route_reason": "own", "person_id": None}
        usual = clocks.renew(work, content, concerns.open_concern(work, "default", level=3, **values))
        flagged = clocks.hurry(work, content, concerns.flag_danger(work, usual))
        assert flagged.level == 1
        assert (shown(flagged.accept_due), shown(flagged.contact_due)) == ("12-01 11:00", "12-01 17:15")
        again = clocks.hurry(work, content, concerns.set_dues(work, flagged, work.now, work.now, work.now))
        assert (again.accept_due, again.contact_due, again.close_due) == (work.now,) * 3
