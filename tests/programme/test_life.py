"""The life of a supporter: every step that is permitted, every one that is not, and a clock that runs for years."""

from __future__ import annotations

import datetime as dt
from itertools import product
from typing import Any

import pytest
from surroundings import Clock
from town import the_content

from bot.programme import life
from storage import audit, people, segments, supporters
from storage.outbox import outbox
from storage.people import Person
from storage.recipients import count_recipients
from storage.supporters import PERMITTED, Supporter
from storage.transitions import NotPermitted
from storage.work import Database, Work

CONTENT = the_content()
TODAY = dt.date(2026, 12, 1)
STATES = tuple(PERMITTED)


def entry(work: Work, state: Any = "registered", **more: Any) -> Supporter:
    more = {"town": "tottori", "attended_on": TODAY, **more}
    made = supporters.add(work, "default", source="line", state=state, **more)
    return life.counted(work, CONTENT, made) if state != "left" else made


def phone(work: Work, number: int = 1) -> Person:
    return people.lock(work, "default", f"U{number:032x}")


def joined(work: Work, number: int = 1, **more: Any) -> tuple[Person, Supporter]:
    person = phone(work, number)
    made = entry(work, person_id=person.id, **more)
    life.mirror(work, person.id)
    now = people.get(work, person.id)
    assert now is not None
    return now, made


# ---- steps -------------------------------------------------------------------------------------------------


def test_a_step_is_taken_only_where_the_register_permits_it(db: Database) -> None:
    with db.work() as work:
        for now, then in product(STATES, STATES):
            made = supporters.add(work, "default", source="staff", state=now, town="iwami")
            if then in PERMITTED[now]:
                assert supporters.step(work, made, then).state == then
            else:
                with pytest.raises(NotPermitted):
                    supporters.step(work, made, then)
                assert supporters.locked(work, made.id).state == now


DEEDS = {
    "pause": (lambda work, one: life.pause(work, one), {"registered", "active", "refresher_due", "paused"}),
    "resume": (lambda work, one: life.resume(work, CONTENT, one), {"paused"}),
    "leave": (
        lambda work, one: life.leave(work, one),
        {"attended", "registered", "active", "refresher_due", "paused"},
    ),
    "come_back": (lambda work, one: life.come_back(work, CONTENT, one), {"left"}),
    "registered": (lambda work, one: life.registered(work, CONTENT, one), {"attended", "left", "paused"}),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_each_deed_is_possible_in_some_states_and_refused_in_all_others(db: Database, deed: str) -> None:
    do, possible = DEEDS[deed]
    with db.work() as work:
        for state in STATES:
            made = supporters.add(work, "default", source="staff", state=state, town="iwami")
            if state in possible:
                do(work, made)
            else:
                with pytest.raises(NotPermitted):
                    do(work, made)
                assert supporters.locked(work, made.id) == made


def test_every_step_leaves_a_line_in_the_audit(db: Database) -> None:
    with db.work() as work:
        made = entry(work)
        life.pause(work, made, actor="山田")
        life.resume(work, CONTENT, made, "山田")
        life.leave(work, made, "山田")
        life.come_back(work, CONTENT, made, "山田")
        deeds = [(line.actor, line.deed) for line in reversed(audit.listed(work, kind="supporter"))]
    assert deeds == [("山田", deed) for deed in ("paused", "resumed", "left", "registered")]


# ---- active ------------------------------------------------------------------------------------------------


def test_whoever_does_something_is_active(db: Database) -> None:
    with db.work() as work:
        person, made = joined(work)
        life.touched(work, person)
        assert supporters.locked(work, made.id).state == "active"


def test_a_day_costs_one_write_at_most(db: Database, clock: Clock) -> None:
    with db.work() as work:
        person, made = joined(work)
        life.touched(work, person)
    first = clock.now
    clock.move(hours=3)
    with db.work() as work:
        life.touched(work, person)
        assert supporters.locked(work, made.id).active_at == first
    clock.move(hours=20)
    with db.work() as work:
        life.touched(work, person)
        assert supporters.locked(work, made.id).active_at == clock.now


@pytest.mark.parametrize("state", ["attended", "paused", "left", "refresher_due"])
def test_what_somebody_does_ends_neither_a_pause_nor_a_refresher(db: Database, state: Any) -> None:
    with db.work() as work:
        person = phone(work)
        made = supporters.add(work, "default", source="line", state=state, town="iwami", person_id=person.id)
        life.mirror(work, person.id)
        now = people.get(work, person.id)
        assert now is not None
        life.touched(work, now)
        assert supporters.locked(work, made.id).state == state


# ---- the refresher -----------------------------------------------------------------------------------------


def test_the_period_of_the_town_says_when_the_refresher_is_due(db: Database) -> None:
    with db.work() as work:
        assert entry(work).refresher_due_on == dt.date(2027, 12, 1)


@pytest.mark.parametrize(
    ("day", "months", "due"),
    [
        (dt.date(2028, 2, 29), 12, dt.date(2029, 2, 28)),
        (dt.date(2026, 12, 31), 2, dt.date(2027, 2, 28)),
        (dt.date(2026, 12, 1), 12, dt.date(2027, 12, 1)),
        (dt.date(2026, 1, 15), -12, dt.date(2025, 1, 15)),
        (dt.date(2026, 1, 31), -2, dt.date(2025, 11, 30)),
    ],
)
def test_months_are_counted_as_people_count_them(day: dt.date, months: int, due: dt.date) -> None:
    assert life.months_later(day, months) == due


@pytest.mark.parametrize("state", ["registered", "active"])
def test_when_its_day_has_come_the_refresher_is_due_and_not_a_day_before(
    db: Database, clock: Clock, state: Any
) -> None:
    with db.work() as work:
        made = entry(work, state)
    clock.now = dt.datetime(2027, 11, 30, 14, 59, tzinfo=dt.UTC)  # 23:59 in Tottori
    with db.work() as work:
        assert life.refresher_falls_due(work, CONTENT, made.id) is False
    clock.move(minutes=1)
    with db.work() as work:
        assert life.refresher_falls_due(work, CONTENT, made.id) is True
        assert supporters.locked(work, made.id).state == "refresher_due"
        assert life.refresher_falls_due(work, CONTENT, made.id) is False


def test_a_refresher_course_begins_the_period_anew(db: Database, clock: Clock) -> None:
    with db.work() as work:
        made = entry(work, "active")
    clock.move(days=400)
    with db.work() as work:
        life.refresher_falls_due(work, CONTENT, made.id)
        now = life.refreshed(work, CONTENT, made, dt.date(2028, 1, 4))
        assert (now.state, now.refresher_due_on) == ("active", dt.date(2029, 1, 4))
        assert (now.attended_on, now.refreshed_on) == (TODAY, dt.date(2028, 1, 4))


def test_an_earlier_course_that_is_noted_later_changes_nothing(db: Database) -> None:
    with db.work() as work:
        made = entry(work)
        assert life.refreshed(work, CONTENT, made, dt.date(2026, 11, 30)) == made
        assert life.refreshed(work, CONTENT, made, TODAY) == made


def test_a_refresher_of_somebody_without_a_known_course_is_their_first(db: Database) -> None:
    with db.work() as work:
        made = entry(work, attended_on=None)
        assert made.refresher_due_on is None
        now = life.refreshed(work, CONTENT, made, TODAY)
        assert (now.attended_on, now.refreshed_on) == (TODAY, None)
        assert now.refresher_due_on == dt.date(2027, 12, 1)


def test_a_paused_one_stays_paused_when_the_refresher_falls_due_and_hears_of_it_on_coming_back(
    db: Database, clock: Clock
) -> None:
    with db.work() as work:
        made = life.pause(work, entry(work, "active"))
    clock.move(days=800)
    with db.work() as work:
        life.refresher_falls_due(work, CONTENT, made.id)
        assert supporters.locked(work, made.id).state == "paused"
        assert life.resume(work, CONTENT, made).state == "refresher_due"


def test_a_life_of_many_years(db: Database, clock: Clock) -> None:
    """Each year due, refreshed after a month; every second year a pause in between."""
    with db.work() as work:
        _, made = joined(work, state="active")
    for year in range(1, 9):
        with db.work() as work:
            now = supporters.locked(work, made.id)
            assert now.refresher_due_on is not None
            clock.now = dt.datetime.combine(now.refresher_due_on, dt.time(3), life.TOKYO)
        with db.work() as work:
            assert life.refresher_falls_due(work, CONTENT, made.id)
            if year % 2:
                life.pause(work, made)
                assert life.resume(work, CONTENT, made).state == "refresher_due"
        clock.move(days=30)
        with db.work() as work:
            now = life.refreshed(work, CONTENT, made, life.today(work))
            assert now.state == "active"
            assert now.refresher_due_on == life.months_later(life.today(work), 12)


# ---- the phone follows the register ------------------------------------------------------------------------


def test_leaving_makes_the_phone_a_residents_one_and_takes_the_menu_back(db: Database) -> None:
    with db.work() as work:
        person, made = joined(work, district="kita")
        life.change_news(work, person, {"events": "week"})
        life.leave(work, made)
        now = people.get(work, person.id)
        rows = [row for row in work.conn.execute(outbox.select()) if row.kind == "link_menu"]
        bodies = [work.unseal(row.body, row.channel, "outbox", "body", row.retry_key) for row in rows]
    assert now is not None
    assert (now.role, now.town, now.district, now.topics) == ("resident", None, None, ())
    assert bodies == [{"menu": "supporter"}, {"menu": None}]


def test_of_a_family_one_may_leave_and_the_phone_stays_a_supporters_one(db: Database) -> None:
    with db.work() as work:
        person, first = joined(work, town="tottori", district="kita")
        second = entry(work, person_id=person.id, town="iwami")
        life.mirror(work, person.id)
        life.leave(work, first)
        now = people.get(work, person.id)
        assert now is not None
        assert (now.role, now.town) == ("supporter", "iwami")
        life.leave(work, second)
        gone = people.get(work, person.id)
        assert gone is not None
        assert gone.role == "resident"


def reached(work: Work) -> int:
    segment = segments.Fits("role", ("supporter",))
    return count_recipients(work, "default", segment)


def test_who_paused_gets_no_broadcast_and_afterwards_gets_them_again(db: Database) -> None:
    with db.work() as work:
        _, made = joined(work)
        assert reached(work) == 1
        life.pause(work, made)
        assert reached(work) == 0
        life.resume(work, CONTENT, made)
        assert reached(work) == 1


def test_a_phone_is_paused_only_when_everybody_on_it_is(db: Database) -> None:
    with db.work() as work:
        person, first = joined(work)
        second = entry(work, person_id=person.id)
        life.pause(work, first)
        assert reached(work) == 1
        life.pause(work, second)
        assert reached(work) == 0


@pytest.mark.parametrize("days", [-1, 367])
def test_a_pause_ends_neither_in_the_past_nor_years_ahead(db: Database, days: int) -> None:
    with db.work() as work:
        made = entry(work)
        with pytest.raises(ValueError, match="the end of a pause"):
            life.pause(work, made, TODAY + dt.timedelta(days=days))


def test_who_paused_already_may_change_until_when(db: Database) -> None:
    with db.work() as work:
        made = life.pause(work, entry(work), TODAY)
        assert life.pause(work, made, None).paused_until is None
        later = TODAY + dt.timedelta(days=90)
        assert life.pause(work, made, later).paused_until == later


def test_a_pause_keeps_when_somebody_registered_and_was_last_there(db: Database, clock: Clock) -> None:
    with db.work() as work:
        one, other = entry(work), entry(work, "active")
    clock.move(days=5)
    with db.work() as work:
        for made in (one, other):
            life.pause(work, made)
            back = life.resume(work, CONTENT, made)
            assert (back.state, back.registered_at, back.active_at) == (
                made.state,
                made.registered_at,
                made.active_at,
            )


def test_moving_changes_register_and_phone(db: Database) -> None:
    with db.work() as work:
        person, made = joined(work, district="kita")
        life.change_place(work, CONTENT, made, "kami", "ojiro")
        now, there = people.get(work, person.id), supporters.locked(work, made.id)
    assert now is not None
    assert (now.town, now.district) == (there.town, there.district) == ("kami", "ojiro")


def test_who_registered_before_there_was_a_register_gets_an_entry(db: Database) -> None:
    with db.work() as work:
        person = phone(work)
        people.register(work, person, town="iwami", district=None, topics=(), consent_version="1")
        now = people.get(work, person.id)
        assert now is not None
        (made,) = life.entries_of(work, CONTENT, now)
        assert (made.state, made.town, made.attended_on) == ("registered", "iwami", TODAY)
        assert life.entries_of(work, CONTENT, now) == (made,)
