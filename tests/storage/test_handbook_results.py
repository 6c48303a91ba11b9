"""Kept results: behind a link for whoever has it, or watched by one person; sealed, and gone in time."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from storage import erasing, handbook_results, people
from storage.handbook_results import MOST_SHARED, MOST_WATCHED, KeptResult, ShownScheme, kept_results
from storage.people import Person
from storage.work import Database, Work
from tests.conftest import Clock
from tests.undisturbed import REASONS, leave_in_peace

RENT = ShownScheme("national-001", "chosen", "家賃の補助", "aaaa", ("働いている人",))
FOOD = ShownScheme("tottori-food", "safety", "食べもの", "bbbb")
BOTH = (FOOD, RENT)


def somebody(work: Work, number: int = 1) -> Person:
    person = people.lock(work, "default", f"U{number:032x}")
    people.set_friend(work, person.id, True, int(work.now.timestamp() * 1000))
    return person


def left(db: Database) -> int:
    with db.look() as work:
        return work.conn.execute(select(func.count()).select_from(kept_results)).scalar_one()


def as_shown(kept: KeptResult) -> dict[str, str]:
    return {each.id: each.mark for each in kept.schemes}


def rent_is_other(kept: KeptResult) -> dict[str, str]:
    return {**as_shown(kept), RENT.id: "cccc"}


# ---- behind a link -----------------------------------------------------------------------------------------


def test_who_has_the_token_sees_the_result_as_often_as_they_like(db: Database, clock: Clock) -> None:
    with db.work() as work:
        token = handbook_results.keep(work, "default", "tottori", BOTH)
    for _ in range(2):
        clock.move(days=14)
        with db.look() as work:
            kept = handbook_results.read(work, token)
        assert kept is not None
        assert (kept.schemes, kept.town, kept.person_id) == (BOTH, "tottori", None)


def test_after_thirty_days_the_link_opens_nothing_and_the_night_forgets_it(
    db: Database, clock: Clock
) -> None:
    with db.work() as work:
        token = handbook_results.keep(work, "default", None, BOTH)
    clock.move(days=30)
    with db.work() as work:
        assert handbook_results.read(work, token) is None
        assert handbook_results.forget_old(work) == 1
    assert left(db) == 0


def test_a_result_that_is_taken_back_is_no_more(db: Database) -> None:
    with db.work() as work:
        token = handbook_results.keep(work, "default", None, BOTH)
        assert handbook_results.withdraw(work, token)
        assert handbook_results.read(work, token) is None
        assert not handbook_results.withdraw(work, token)
    assert left(db) == 0


def test_a_made_up_token_opens_nothing(db: Database) -> None:
    with db.work() as work:
        handbook_results.keep(work, "default", None, BOTH)
        assert handbook_results.read(work, "") is None
        assert handbook_results.read(work, "A" * 43) is None


def test_neither_schemes_nor_token_lie_there_in_clear(db: Database) -> None:
    with db.work() as work:
        token = handbook_results.keep(work, "default", "tottori", BOTH)
        (row,) = work.conn.execute(select(kept_results)).all()
    assert token not in str(row)
    assert b"tottori-food" not in row.shown
    assert "家賃".encode() not in row.shown


def test_a_person_takes_back_the_links_of_their_own_and_no_others(db: Database) -> None:
    with db.work() as work:
        mine, other = somebody(work), somebody(work, 2)
        own = handbook_results.keep(work, "default", None, BOTH, person_id=mine.id)
        foreign = handbook_results.keep(work, "default", None, BOTH, person_id=other.id)
        handbook_results.watch(work, "default", mine.id, None, BOTH)
        assert handbook_results.withdraw_shared(work, mine.id) == 1
        assert handbook_results.read(work, own) is None
        assert handbook_results.read(work, foreign) is not None
        assert handbook_results.watched(work, mine.id)


def test_whoever_makes_links_again_and_again_has_only_the_newest(db: Database) -> None:
    with db.work() as work:
        person = somebody(work)
        made = [
            handbook_results.keep(work, "default", None, [RENT], person_id=person.id)
            for _ in range(MOST_SHARED + 2)
        ]
        handbook_results.keep(work, "default", None, [RENT])
        open_ones = [token for token in made if handbook_results.read(work, token)]
    assert open_ones == made[2:]
    assert left(db) == MOST_SHARED + 1


def test_when_somebody_is_erased_their_links_and_watches_go_with_them(db: Database) -> None:
    with db.work() as work:
        person = somebody(work)
        token = handbook_results.keep(work, "default", None, BOTH, person_id=person.id)
        handbook_results.watch(work, "default", person.id, None, BOTH)
        erasing.erase_person(work, person, ())
        assert handbook_results.read(work, token) is None
    assert left(db) == 0


# ---- watched -----------------------------------------------------------------------------------------------


def test_a_double_tap_watches_once(db: Database) -> None:
    with db.work() as work:
        person = somebody(work)
        assert handbook_results.watch(work, "default", person.id, "tottori", BOTH)
        assert not handbook_results.watch(work, "default", person.id, "tottori", BOTH)
        assert len(handbook_results.watched(work, person.id)) == 1


def test_nobody_watches_more_than_a_few_and_the_oldest_makes_room(db: Database) -> None:
    with db.work() as work:
        person = somebody(work)
        for number in range(MOST_WATCHED + 2):
            one = ShownScheme(f"national-{number:03}", "chosen", "題", "aaaa")
            assert handbook_results.watch(work, "default", person.id, None, [one])
        found = handbook_results.watched(work, person.id)
    ids = [each.id for kept in found for each in kept.schemes]
    assert ids == [f"national-{number:03}" for number in range(2, MOST_WATCHED + 2)]


def test_stopping_ends_all_of_them(db: Database) -> None:
    with db.work() as work:
        person = somebody(work)
        handbook_results.watch(work, "default", person.id, None, BOTH)
        handbook_results.watch(work, "default", person.id, None, [RENT])
        assert handbook_results.stop(work, person.id) == 2
        assert handbook_results.stop(work, person.id) == 0
        assert handbook_results.tell(work, person.id, rent_is_other) == ()


def test_a_change_is_told_once_and_another_one_again(db: Database) -> None:
    with db.work() as work:
        person = somebody(work)
        handbook_results.watch(work, "default", person.id, None, BOTH)
        assert handbook_results.tell(work, person.id, as_shown) == ()
        assert len(handbook_results.tell(work, person.id, rent_is_other)) == 1
        assert handbook_results.tell(work, person.id, rent_is_other) == ()
        ended = handbook_results.tell(work, person.id, lambda kept: {**as_shown(kept), FOOD.id: ""})
        assert len(ended) == 1


def test_what_is_again_as_it_was_shown_is_no_news(db: Database) -> None:
    with db.work() as work:
        person = somebody(work)
        handbook_results.watch(work, "default", person.id, None, BOTH)
        handbook_results.tell(work, person.id, rent_is_other)
        assert handbook_results.tell(work, person.id, as_shown) == ()
        assert len(handbook_results.tell(work, person.id, rent_is_other)) == 1


def test_a_watch_ends_after_a_year(db: Database, clock: Clock) -> None:
    with db.work() as work:
        person = somebody(work)
        handbook_results.watch(work, "default", person.id, None, BOTH)
    clock.move(days=365)
    with db.work() as work:
        assert handbook_results.watchers(work) == ()
        assert handbook_results.watched(work, person.id) == ()
        assert handbook_results.forget_old(work) == 1


def test_who_watches_is_reached_once_however_much_they_watch(db: Database) -> None:
    with db.work() as work:
        first, second = somebody(work), somebody(work, 2)
        somebody(work, 3)
        handbook_results.watch(work, "default", first.id, None, BOTH)
        handbook_results.watch(work, "default", first.id, None, [RENT])
        handbook_results.watch(work, "default", second.id, None, BOTH)
        handbook_results.keep(work, "default", None, BOTH, person_id=second.id)
        assert handbook_results.watchers(work) == tuple(sorted((first.id, second.id)))


@pytest.mark.parametrize("why", REASONS)
def test_who_hears_no_news_hears_nothing_of_changes(db: Database, why: str) -> None:
    with db.work() as work:
        person = somebody(work)
        handbook_results.watch(work, "default", person.id, None, BOTH)
        leave_in_peace(work, person.id, why)
        assert handbook_results.watchers(work) == ()
