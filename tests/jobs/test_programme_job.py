"""What supporters hear after their course: on its day, once, and not by whom it would hurt; and what a night changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rooms import Rooms
from surroundings import Clock
from town import wrong_with

from bot.content.drips import check_words, read_drips
from bot.content.errors import ContentError
from bot.content.texts import Texts
from bot.programme import life
from jobs import programme
from storage import concerns, drips, outbox, people, supporters
from storage import life as in_both
from storage.people import Person
from storage.supporters import Profile, Supporter

TOKYO = life.TOKYO
COURSE = dt.date(2026, 12, 1)
NAMED = Profile(name="鳥取花子")


def at(day: dt.date, hour: int = 10, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute), TOKYO)


def after(days: int, hour: int = 10, minute: int = 0) -> dt.datetime:
    return at(COURSE + dt.timedelta(days=days), hour, minute)


def joined(rooms: Rooms, number: int = 1, **more: Any) -> tuple[Person, Supporter]:
    """A supporter with LINE who was at the course of 1 December and wrote their name."""
    more = {"town": "tottori", "attended_on": COURSE, "state": "registered", "profile": NAMED, **more}
    with rooms.db.work() as work:
        person = people.lock(work, "default", f"U{number:032x}")
        made = supporters.add(work, "default", source="line", person_id=person.id, **more)
        made = life.counted(work, rooms.content, made)
        life.mirror(work, person.id)
        now = people.get(work, person.id)
    assert now is not None
    return now, made


def said(rooms: Rooms) -> list[str]:
    """The words of all messages that were written, and that LINE would take them."""
    words = []
    with rooms.db.look() as work:
        rows = work.conn.execute(outbox.outbox.select().order_by(outbox.outbox.c.id)).all()
        for row in rows:
            if row.kind == "message":
                messages = work.unseal(row.body, row.channel, "outbox", "body", row.retry_key)["messages"]
                assert wrong_with(messages) == []
                words.append(str(messages))
    return words


def steps(rooms: Rooms) -> list[tuple[str, dt.date]]:
    with rooms.db.look() as work:
        rows = work.conn.execute(drips.drips.select().order_by(drips.drips.c.at, drips.drips.c.step)).all()
    return [(row.step, row.base_on) for row in rows]


# ---- on its day --------------------------------------------------------------------------------------------


def test_each_step_comes_at_ten_on_its_day_and_only_once(rooms: Rooms, clock: Clock) -> None:
    joined(rooms)
    when: dict[str, dt.datetime] = {}
    for day in (*range(0, 40), *range(325, 375)):
        for hour, minute in ((9, 59), (10, 0), (17, 0)):
            clock.now = after(day, hour, minute)
            before = len(steps(rooms))
            programme.tell(rooms)
            for step, _ in steps(rooms)[before:]:
                assert step not in when
                when[step] = clock.now
        if day % 30 == 0:
            programme.night(rooms)
    assert when == {
        "thanks": after(1),
        "first_tip": after(7),
        "how_is_it": after(30),
        "refresher_soon": after(335),
        "refresher_due": after(365),
    }
    assert len(said(rooms)) == 5


def test_every_message_ends_with_how_to_stop(rooms: Rooms, clock: Clock) -> None:
    joined(rooms, profile=Profile())
    for day in (1, 3, 7, 30, 335, 365):
        clock.now = after(day)
        programme.tell(rooms)
    words = said(rooms)
    assert len(words) == 6
    for word in words:
        assert "お休みする" in word
        assert "サポーターをやめる" in word
    assert "2027年12月1日" in words[4]


def test_nobody_is_asked_for_a_name_that_is_there(rooms: Rooms, clock: Clock) -> None:
    joined(rooms, 1)
    joined(rooms, 2, profile=Profile())
    clock.now = after(3)
    programme.tell(rooms)
    assert [step for step, _ in steps(rooms) if step == "profile"] == ["profile"]


@pytest.mark.parametrize("hour", [0, 9, 18, 23])
def test_nobody_is_woken(rooms: Rooms, clock: Clock, hour: int) -> None:
    joined(rooms)
    clock.now = after(1, hour)
    assert programme.tell(rooms) == 0


def test_what_is_late_is_still_said_until_its_limit(rooms: Rooms, clock: Clock) -> None:
    joined(rooms, 1)
    clock.now = after(10)  # we were down for nine days
    programme.tell(rooms)
    assert [step for step, _ in steps(rooms)] == ["first_tip", "thanks"]
    joined(rooms, 2)
    clock.now = after(11)
    programme.tell(rooms)
    assert [step for step, _ in steps(rooms)] == ["first_tip", "thanks", "first_tip"]


def test_two_clocks_at_once_say_it_once(
    rooms: Rooms, clock: Clock, together: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    for number in range(4):
        joined(rooms, number)
    clock.now = after(1)
    assert sum(together(5, lambda _: programme.tell(rooms))) == 4
    assert len(said(rooms)) == 4


# ---- when dates change -------------------------------------------------------------------------------------


def test_a_course_that_moved_takes_what_followed_from_the_old_day_with_it(rooms: Rooms, clock: Clock) -> None:
    _, made = joined(rooms)
    with rooms.db.work() as work:
        supporters.write(work, made, attended_on=COURSE + dt.timedelta(days=14))
    for day in (1, 3, 7, 14):
        clock.now = after(day)
        assert programme.tell(rooms) == 0
    clock.now = after(15)
    programme.tell(rooms)
    assert steps(rooms) == [("thanks", COURSE + dt.timedelta(days=14))]


def test_a_date_that_is_mended_afterwards_says_nothing_twice(rooms: Rooms, clock: Clock) -> None:
    _, made = joined(rooms)
    clock.now = after(1)
    programme.tell(rooms)
    with rooms.db.work() as work:
        supporters.write(work, made, attended_on=COURSE + dt.timedelta(days=1))
    clock.now = after(2)
    programme.tell(rooms)
    assert len(said(rooms)) == 1


def test_who_was_refreshed_hears_nothing_of_the_old_day_any_more(rooms: Rooms, clock: Clock) -> None:
    _, made = joined(rooms)
    clock.now = after(20)
    with rooms.db.work() as work:
        life.refreshed(work, rooms.content, made, COURSE + dt.timedelta(days=19))
    programme.tell(rooms)
    clock.now = after(340)  # by the old day the next one would be due soon
    programme.tell(rooms)
    assert [step for step, _ in steps(rooms)] == ["thanks_again"]
    clock.now = after(19 + 335)
    programme.tell(rooms)
    assert [step for step, _ in steps(rooms)] == ["thanks_again", "refresher_soon"]


# ---- to whom it is not said --------------------------------------------------------------------------------


def _pause(rooms: Rooms, person: Person, made: Supporter) -> None:
    with rooms.db.work() as work:
        life.pause(work, made)


def _leave(rooms: Rooms, person: Person, made: Supporter) -> None:
    with rooms.db.work() as work:
        life.leave(work, made)


def _block(rooms: Rooms, person: Person, made: Supporter) -> None:
    with rooms.db.work() as work:
        people.set_friend(work, person.id, False, 1)


def _danger(rooms: Rooms, person: Person, made: Supporter) -> None:
    with rooms.db.work() as work:
        people.hold_broadcasts(work, person.id, after(1, 10, 30))


def _reports(rooms: Rooms, person: Person, made: Supporter, level: int = 1) -> None:
    with rooms.db.work() as work:
        concerns.open_concern(
            work,
            "default",
            person_id=person.id,
            town="tottori",
            district=None,
            kind="watch",
            level=level,
            since="days",
            subject_knows="knows",
            window="tottori_central",
            route_reason="kind",
        )


@pytest.mark.parametrize("deed", [_pause, _leave, _block, _danger, _reports])
def test_some_are_left_in_peace(rooms: Rooms, clock: Clock, deed: Callable[..., None]) -> None:
    deed(rooms, *joined(rooms))
    clock.now = after(1)
    assert programme.tell(rooms) == 0
    assert steps(rooms) == []


def test_an_ordinary_report_keeps_nothing_away(rooms: Rooms, clock: Clock) -> None:
    _reports(rooms, *joined(rooms), level=3)
    clock.now = after(1)
    assert programme.tell(rooms) == 1


def test_a_day_after_words_of_danger_it_may_come(rooms: Rooms, clock: Clock) -> None:
    _danger(rooms, *joined(rooms))
    clock.now = after(1, 11)
    assert programme.tell(rooms) == 1


def test_who_only_was_at_the_course_and_who_has_no_line_hear_nothing(rooms: Rooms, clock: Clock) -> None:
    joined(rooms, 1, state="attended")
    with rooms.db.work() as work:
        supporters.add(work, "default", source="staff", state="registered", town="iwami", attended_on=COURSE)
    clock.now = after(1)
    assert programme.tell(rooms) == 0


# ---- a family that shares a phone --------------------------------------------------------------------------


def test_a_family_gets_one_message_where_the_words_are_the_same(rooms: Rooms, clock: Clock) -> None:
    joined(rooms, 1)
    joined(rooms, 1)
    clock.now = after(1)
    assert programme.tell(rooms) == 1
    assert len(steps(rooms)) == 2  # both were told
    clock.now = after(2)
    assert programme.tell(rooms) == 0


def test_a_family_gets_two_where_the_days_differ(rooms: Rooms, clock: Clock) -> None:
    joined(rooms, 1)
    joined(rooms, 1, attended_on=COURSE + dt.timedelta(days=1))
    clock.now = after(336)
    assert programme.tell(rooms) == 2


def test_the_second_of_a_family_who_paused_keeps_nothing_from_the_first(rooms: Rooms, clock: Clock) -> None:
    joined(rooms, 1)
    _pause(rooms, *joined(rooms, 1))
    clock.now = after(1)
    assert programme.tell(rooms) == 1
    assert len(steps(rooms)) == 1


# ---- the night ---------------------------------------------------------------------------------------------


def test_a_pause_ends_by_itself_after_its_last_day(rooms: Rooms, clock: Clock) -> None:
    _, made = joined(rooms)
    with rooms.db.work() as work:
        life.pause(work, made, COURSE + dt.timedelta(days=10))
    clock.now = after(10, 23, 59)
    assert programme.end_pauses(rooms) == 0
    clock.now = after(11, 3, 40)
    assert programme.end_pauses(rooms) == 1
    with rooms.db.look() as work:
        now = supporters.get(work, made.id)
    assert now is not None
    assert (now.state, now.paused_until) == ("registered", None)


def test_a_pause_without_an_end_does_not_end_by_itself(rooms: Rooms, clock: Clock) -> None:
    _pause(rooms, *joined(rooms))
    clock.move(days=3_000)
    assert programme.end_pauses(rooms) == 0


def test_refreshers_fall_due_in_the_night(rooms: Rooms, clock: Clock) -> None:
    joined(rooms)
    clock.now = after(364, 3, 40)
    assert programme.refreshers(rooms) == 0
    clock.now = after(365, 3, 40)
    assert programme.refreshers(rooms) == 1
    assert programme.refreshers(rooms) == 0


def test_entries_of_those_who_left_long_ago_are_erased(rooms: Rooms, clock: Clock) -> None:
    _leave(rooms, *joined(rooms))
    clock.now = after(365, 3)
    assert programme.forget_left(rooms) == 0
    clock.now = after(367, 3)
    assert programme.forget_left(rooms) == 1
    with rooms.db.look() as work:
        assert supporters.listed(work) == ()


def test_who_blocked_us_and_is_nothing_here_is_forgotten(rooms: Rooms, clock: Clock) -> None:
    with rooms.db.work() as work:
        gone, reporter, friend = (people.lock(work, "default", f"U{n:032x}") for n in range(3))
        for person in (gone, reporter):
            people.set_friend(work, person.id, False, int(clock.now.timestamp() * 1000))
    _reports(rooms, reporter, None)  # type: ignore[arg-type]
    assert programme.forget_strangers(rooms) == 0
    clock.move(days=31)
    assert programme.forget_strangers(rooms) == 1
    with rooms.db.look() as work:
        assert people.get(work, gone.id) is None
        assert people.get(work, reporter.id) is not None
        assert people.get(work, friend.id) is not None
        assert in_both.strangers(work, work.now) == ()


def test_one_in_trouble_keeps_nobody_else_waiting(
    rooms: Rooms, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = joined(rooms, 1)
    joined(rooms, 2)
    real = drips.claim

    def broken(work: Any, each: drips.Due, *more: Any) -> bool:
        if each.person_id == first.id:
            raise RuntimeError("トラブル")
        return real(work, each, *more)

    monkeypatch.setattr(drips, "claim", broken)
    clock.now = after(1)
    assert programme.tell(rooms) == 1
    programme.minute(rooms)
    programme.night(rooms)


# ---- what is wrong in the file is said ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ({}, "a list"),
        ([{"step": "a"}], "step, after, days and not_after"),
        ([{"step": "A", "after": "course", "days": 1, "not_after": 2}], "small letters"),
        ([{"step": "a", "after": "birth", "days": 1, "not_after": 2}], "after"),
        ([{"step": "a", "after": "course", "days": "x", "not_after": 2}], "days"),
        ([{"step": "a", "after": "course", "days": 3, "not_after": 2}], "never be sent"),
        ([{"step": "a", "after": "course", "days": 1, "not_after": 2, "button": "dance"}], "button"),
        ([{"step": "a", "after": "course", "days": 1, "not_after": 2, "at": "10:00"}], "unknown field at"),
        ([{"step": "a", "after": "course", "days": 1, "not_after": 2}] * 2, "twice"),
    ],
)
def test_a_mistake_in_the_steps_is_named(raw: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_drips(raw)


def test_a_step_without_words_is_found_before_its_day(tmp_path: Path) -> None:
    given = read_drips([{"step": "new", "after": "course", "days": 1, "not_after": 2}])
    with pytest.raises(ContentError, match="new has no words"):
        check_words(given, Texts({}))
    with pytest.raises(ContentError, match="name"):
        check_words(given, Texts({"drips.new": "{name}さん"}))
