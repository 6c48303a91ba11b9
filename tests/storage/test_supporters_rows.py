"""The register as rows: what is equal, what is sealed, which states may follow, and what two at once may do."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any, get_args

import pytest
from sqlalchemy import event, select
from surroundings import Clock

from storage import courses, people, register_figures, supporters
from storage.supporters import PERMITTED, SUPPORTING, Profile, State, Supporter
from storage.transitions import NotPermitted
from storage.work import Database

YAMADA = Profile("山田 花子", "やまだ はなこ", "090-1234-5678", "hanako@example.jp", "own_experience")


def add(db: Database, profile: Profile = YAMADA, **more: Any) -> Supporter:
    values = {"source": "import", "state": "registered", "town": "tottori"} | more
    with db.work() as work:
        return supporters.add(work, values.pop("channel", "default"), profile=profile, **values)


def test_nothing_personal_lies_there_in_the_open(db: Database) -> None:
    entry = add(db)
    with db.look() as work:
        row = work.conn.execute(select(supporters.supporters)).one()
        lying = " ".join(
            value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in row
        )
        for word in ("山田", "やまだ", "1234", "hanako", "own_experience"):
            assert word not in lying
        assert supporters.profile(work, entry) == YAMADA
        assert supporters.profiles(work, (entry,)) == {entry.id: YAMADA}


@pytest.mark.parametrize(
    "said",
    [
        Profile(name="山田花子"),
        Profile(name="山田　花子"),
        Profile(kana="ヤマダ　ハナコ"),
        Profile(kana="ﾔﾏﾀﾞﾊﾅｺ"),
        Profile(phone="０９０１２３４５６７８"),
        Profile(phone="+81 90-1234-5678"),
        Profile(mail="Hanako@Example.jp"),
    ],
)
def test_the_same_written_otherwise_is_found(db: Database, said: Profile) -> None:
    entry = add(db)
    add(db, Profile("鈴木 一郎", "すずき いちろう", "0857228111"))
    add(db, YAMADA, channel="iwami", town="iwami")
    with db.look() as work:
        assert [found.id for found in supporters.alike(work, "default", said)] == [entry.id]
        assert [found.id for found in supporters.alike_any(work, "default", [said])] == [entry.id]


def test_whole_lists_are_compared_at_once_and_numbers_count_on_every_channel(db: Database) -> None:
    many = [Profile(name=f"人{number}") for number in range(1200)]
    one = add(db, many[0])
    last = add(db, many[-1])
    numbered = add(db, Profile(name="だれか"), number="T-1", channel="iwami")
    with db.look() as work:
        found = supporters.alike_any(work, "default", many, ["T-1", "T-2"])
        assert {entry.id for entry in found} == {one.id, last.id, numbered.id}
        assert supporters.alike_any(work, "default", []) == ()


def test_who_is_alike_is_looked_up_and_not_looked_for_in_the_whole_register(db: Database) -> None:
    """SQLite reads a whole channel where it is asked for channel and index: with 10,000 people that is felt."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL knows how many rows there are, and chooses by that")
    add(db)
    asked: list[tuple[str, Any]] = []

    def listen(_conn: Any, _cursor: Any, statement: str, given: Any, *_: Any) -> None:
        asked.append((statement, given))

    with db.look() as work:
        event.listen(work.conn, "before_cursor_execute", listen)
        supporters.alike(work, "default", YAMADA)
        supporters.alike_any(work, "default", [YAMADA], ["T-1"])
        event.remove(work.conn, "before_cursor_execute", listen)
        for statement, given in asked:
            (step, *_) = work.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).all()
            assert re.search(r"USING INDEX (ix_supporters_\w+_index|uq_supporters_number) ", step.detail)
    assert len(asked) == 9


@pytest.mark.parametrize("now", get_args(State))
@pytest.mark.parametrize("then", get_args(State))
def test_only_permitted_states_follow(db: Database, now: State, then: State) -> None:
    entry = add(db, state=now)
    with db.work() as work:
        if then in PERMITTED[now]:
            after = supporters.step(work, entry, then)
            assert after.state == then
            if then in supporters.MOVED:
                assert getattr(after, supporters.MOVED[then]) == work.now
        else:
            with pytest.raises(NotPermitted):
                supporters.step(work, entry, then)
            assert supporters.locked(work, entry.id).state == now


def test_a_step_looks_at_what_stands_there_now(db: Database) -> None:
    entry = add(db)
    with db.work() as work:
        supporters.step(work, entry, "left")
    with db.work() as work, pytest.raises(NotPermitted):
        supporters.step(work, entry, "active")  # `entry` still says registered


def test_of_two_who_step_at_once_one_is_refused(
    db: Database, together: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    entry = add(db, state="attended")

    def register(_: int) -> bool:
        try:
            with db.work() as work:
                supporters.step(work, entry, "registered")
        except NotPermitted:
            return False
        return True

    assert sorted(together(4, register)) == [False, False, False, True]


def test_of_two_lists_at_once_the_second_sees_the_first(
    db: Database, together: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    def bring_in(_: int) -> int:
        with db.work() as work:
            supporters.alone(work)
            if supporters.alike_any(work, "default", [YAMADA]):
                return 0
            supporters.add(
                work, "default", source="import", state="registered", town="tottori", profile=YAMADA
            )
            return 1

    assert sum(together(4, bring_in)) == 1


def test_words_are_written_as_a_whole_and_columns_alone(db: Database) -> None:
    entry = add(db)
    with db.work() as work:
        after = supporters.write(work, entry, district="higashi")
        assert (after.district, supporters.profile(work, after)) == ("higashi", YAMADA)
        supporters.write(work, entry, Profile(name="山田 花子"))
        assert supporters.profile(work, entry) == Profile(name="山田 花子")
        assert supporters.alike(work, "default", Profile(phone=YAMADA.phone)) == ()


def test_entries_are_listed_by_place_and_state_and_erased(db: Database) -> None:
    first = add(db, district="higashi")
    second = add(db, state="left")
    with db.work() as work:
        assert {each.id for each in supporters.listed(work, town="tottori")} == {first.id, second.id}
        assert [each.id for each in supporters.listed(work, district="higashi")] == [first.id]
        assert [each.id for each in supporters.listed(work, states=SUPPORTING)] == [first.id]
        assert supporters.listed(work, "iwami") == ()
        supporters.erase(work, first)
        assert supporters.get(work, first.id) is None


# ---- figures


def test_figures_are_counted_by_place_and_state_with_those_who_have_no_entry_yet(db: Database) -> None:
    with db.work() as work:
        known = [people.lock(work, "default", f"U{number:032x}") for number in range(3)]
        for person in known[:2]:
            people.register(work, person, town="tottori", district=None, topics=(), consent_version="1")
        people.set_friend(work, known[0].id, False, 1)
    add(db, person_id=known[0].id)
    add(db, district="higashi", group_name="A社")
    add(db, district="higashi", state="attended", group_name="A社")
    add(db, channel="iwami", town="iwami")
    with db.look() as work:
        found = {
            (each.town, each.district, each.state): (each.people, each.reached)
            for each in register_figures.counts(work)
        }
        assert found == {
            ("iwami", None, "registered"): (1, 0),
            ("tottori", None, "registered"): (
                2,
                1,
            ),  # an entry of somebody who blocked us, and one without entry
            ("tottori", "higashi", "attended"): (1, 0),
            ("tottori", "higashi", "registered"): (1, 0),
        }
        assert [each.town for each in register_figures.counts(work, "iwami")] == ["iwami"]
        groups = [(each.group, each.state, each.people) for each in register_figures.groups(work)]
        assert groups == [("A社", "attended", 1), ("A社", "registered", 1)]
        assert [each.state for each in register_figures.groups(work, states=SUPPORTING)] == ["registered"]


def test_who_was_at_a_course_without_registering_is_counted_apart(db: Database, clock: Clock) -> None:
    with db.work() as work:
        made = [
            courses.create(
                work, "default", title="講座", town="tottori", on=dt.date(2026, 12, 1), place="駅南庁舎",
                capacity=40, valid_from=clock(), valid_until=clock() + dt.timedelta(days=7), kind=kind,
            )
            for kind in ("training", "symposium")
        ]  # fmt: skip
        entry = supporters.add(work, "default", source="line", state="registered", town="tottori")
        alone = supporters.add(
            work, "default", source="import", state="left", town="iwami", attended_on=dt.date(2023, 12, 1)
        )
        resident, early = (people.lock(work, "default", f"U{number:032x}") for number in range(2))
        people.register(work, early, town="tottori", district=None, topics=(), consent_version="1")
        courses.attend(work, made[0].id, supporter_id=entry.id, how="staff")
        for person in (resident, early):
            courses.attend(work, made[0].id, person.id)
        courses.attend(work, made[1].id, resident.id)
    with db.look() as work:
        assert register_figures.only_attended(work) == {"tottori": 1}, "a symposium makes no supporter"
        found = register_figures.of_courses(work)
        there = [each.state for each in found if each.course_id == made[0].id]
        assert sorted(map(str, there)) == ["None", "None", "registered"]
        assert {each.course_id for each in found} == {made[0].id, None}
        assert [(each.town, each.on, each.state) for each in found if each.course_id is None] == [
            ("iwami", alone.attended_on, "left")
        ]
        assert register_figures.courses_of(work, entry.id) == (made[0].id,)
