"""One open row per person in danger: when it alarms anew, when it is over, and when it goes."""

from __future__ import annotations

import datetime as dt

from surroundings import Clock

from storage import dangers, notices, people
from storage.dangers import Danger
from storage.people import Person
from storage.work import Database, Work


def somebody(work: Work, sign: str = "a") -> Person:
    return people.lock(work, "default", "U" + sign * 32)


def wrote(db: Database, code: str = "S1", category: str = "suicide", sign: str = "a") -> Danger:
    with db.work() as work:
        return dangers.note(work, somebody(work, sign), code, category)


def see(db: Database, danger: Danger) -> None:
    with db.work() as work:
        assert dangers.seen(work, danger.id, "staff:1")


def test_the_same_words_again_only_count(db: Database, clock: Clock) -> None:
    first = wrote(db)
    clock.move(minutes=2)
    again = wrote(db)
    assert (again.id, again.times, again.alarm_at, again.last_at) == (first.id, 2, first.alarm_at, clock.now)


def test_worse_words_alarm_anew_also_where_somebody_had_seen_it(db: Database, clock: Clock) -> None:
    see(db, wrote(db))
    clock.move(minutes=2)
    worse = wrote(db, "S0", "medical")
    assert (worse.code, worse.category, worse.alarm_at, worse.seen_at) == ("S0", "medical", clock.now, None)
    assert worse.alarms


def test_milder_words_change_neither_level_nor_alarm(db: Database, clock: Clock) -> None:
    first = wrote(db, "S0", "medical")
    clock.move(minutes=2)
    milder = wrote(db, "S2", "sos")
    assert (milder.code, milder.category, milder.alarm_at) == ("S0", "medical", first.alarm_at)


def test_whoever_has_seen_it_is_not_called_again_within_the_hour_but_after_it(
    db: Database, clock: Clock
) -> None:
    see(db, wrote(db))
    clock.move(minutes=59)
    assert not wrote(db).alarms
    clock.move(minutes=2)
    assert wrote(db).alarms


def test_a_wish_for_somebody_to_come_alarms_once_and_raises_the_level(db: Database, clock: Clock) -> None:
    see(db, wrote(db))
    with db.work() as work:
        come = dangers.wished(work, somebody(work), "come")
    assert (come.alarms, come.level, come.code) == (True, dangers.NOW, "S1")
    see(db, come)
    with db.work() as work:
        assert not dangers.wished(work, somebody(work), "come").alarms


def test_vague_words_never_alarm_and_a_wish_to_be_read_does(db: Database) -> None:
    assert wrote(db, "S2", "sos").alarm_at is None
    assert wrote(db, "L1", "livelihood").alarm_at is None
    with db.work() as work:
        read = dangers.wished(work, somebody(work), "read")
    assert (read.alarms, read.level) == (True, dangers.STRONG)


def test_after_it_is_closed_words_begin_a_new_one(db: Database) -> None:
    first = wrote(db)
    with db.work() as work:
        assert dangers.close(work, first.id, "reached")
        assert not dangers.close(work, first.id, "reached")
    assert wrote(db).id != first.id


def test_alarms_are_listed_the_nearest_danger_first(db: Database, clock: Clock) -> None:
    strong = wrote(db, "S1", sign="a")
    clock.move(minutes=1)
    now = wrote(db, "O0", "medical", sign="b")
    wrote(db, "S2", "sos", sign="c")
    with db.look() as work:
        assert [one.id for one in dangers.alarming(work)] == [now.id, strong.id]


def test_a_number_is_found_however_it_was_typed(db: Database) -> None:
    made = wrote(db)
    with db.look() as work:
        found = dangers.by_number(work, f" {made.number.lower()} ")
        assert found == made
        for wrong in ("D-0000-0000-0", "", "D-", "\x00", "D" * 5000, "'; DROP TABLE dangers;--", "１"):
            assert dangers.by_number(work, wrong) is None
    assert made.number.startswith("D-")


def test_what_was_looked_after_goes_after_its_time_and_what_nobody_saw_stays(
    db: Database, clock: Clock
) -> None:
    looked_after, waiting, vague = wrote(db), wrote(db, sign="b"), wrote(db, "S2", "sos", sign="c")
    see(db, looked_after)
    with db.work() as work:
        told = notices.put(
            work,
            "default",
            danger_id=looked_after.id,
            number="D",
            window="w",
            what="person",
            step="desk",
            serial="",
        )
        assert told is not None
    clock.move(days=179)
    with db.work() as work:
        assert dangers.forget_old(work, dt.timedelta(days=180)) == 0
    clock.move(days=2)
    with db.work() as work:
        assert dangers.forget_old(work, dt.timedelta(days=180)) == 2
        assert [one.id for one in dangers.listed(work)] == [waiting.id]
        assert notices.get(work, told.id) is None
        assert vague.id != waiting.id


def test_notices_of_people_in_danger_stand_apart_from_those_of_concerns(db: Database) -> None:
    made = wrote(db)
    given = {"number": made.number, "window": "w", "what": "person", "step": "desk", "serial": "x"}
    with db.work() as work:
        assert notices.put(work, "default", danger_id=made.id, **given) is not None  # type: ignore[arg-type]
        assert notices.put(work, "default", danger_id=made.id, **given) is None  # type: ignore[arg-type]
        assert notices.unseen(work, ["w"]) == ()
        assert notices.seen(work, ["w"]) == 0
        notices.seen_danger(work, made.id)
        assert [one.seen_at for one in notices.of_danger(work, made.id)] == [work.now]
