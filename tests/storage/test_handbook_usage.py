"""Counters of the handbook's use: nothing is lost when many count at once, and hours go after 400 days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import inspect
from surroundings import Clock

from storage import handbook_tags, handbook_usage
from storage.handbook_tags import Tag
from storage.handbook_usage import OfMonth, Seen, hour_of, month_of
from storage.work import Database

AT = hour_of(dt.datetime(2026, 12, 1, 1, 20, tzinfo=dt.UTC))
VISIT = Seen(AT, "iwami", "web", "spray", "opened")
SKIPPED = Seen(AT, "iwami", "web", "spray", "skipped", "age")


def counted(db: Database, *seen: Seen) -> None:
    with db.work() as work:
        handbook_usage.add(work, dict.fromkeys(seen, 1))


def month(db: Database, name: str = "2026-12") -> list[OfMonth]:
    with db.look() as work:
        return handbook_usage.months(work, [name])


def test_the_same_is_one_row_that_grows(db: Database) -> None:
    counted(db, VISIT)
    counted(db, VISIT)
    with db.look() as work:
        (hour,) = handbook_usage.hours(work, AT, AT + dt.timedelta(hours=1))
    assert hour == (AT, "iwami", "web", "spray", "opened", 2)
    assert month(db) == [("2026-12", "iwami", "web", "spray", "opened", "", 2)]


def test_what_shows_troubles_is_counted_by_the_month_and_without_the_tag(db: Database) -> None:
    counted(db, VISIT, SKIPPED)
    with db.look() as work:
        assert [row.event for row in handbook_usage.hours(work, AT, AT + dt.timedelta(hours=1))] == ["opened"]
    assert ("2026-12", "iwami", "web", "", "skipped", "age", 1) in month(db)


def test_an_hour_and_a_month_are_those_of_japan() -> None:
    new_year = dt.datetime(2026, 12, 31, 15, 59, tzinfo=dt.UTC)
    assert month_of(new_year) == "2027-01"
    assert hour_of(new_year) == dt.datetime(2026, 12, 31, 15, tzinfo=dt.UTC)


def test_nothing_is_lost_where_many_count_the_same_at_once(
    db: Database, together: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    both = [VISIT, SKIPPED, Seen(AT, "", "line", "", "opened")]
    together(8, lambda number: [counted(db, *(both if number % 2 else both[::-1])) for _ in range(5)])
    assert {row.times for row in month(db)} == {40}


def test_no_column_could_name_anybody(db: Database) -> None:
    for table in ("handbook_hours", "handbook_months"):
        columns = {column["name"] for column in inspect(db.engine).get_columns(table)}
        assert columns <= {"at", "month", "town", "way", "tag", "event", "about", "count"}


def test_hours_go_after_400_days_and_months_stay(db: Database, clock: Clock) -> None:
    counted(db, VISIT)
    clock.now = AT + dt.timedelta(days=400)
    with db.work() as work:
        assert handbook_usage.forget_old(work) == 0
    clock.move(seconds=1)
    with db.work() as work:
        assert handbook_usage.forget_old(work) == 1
    assert [row.times for row in month(db)] == [1]


# ---- tags --------------------------------------------------------------------------------------------------


def test_a_tag_is_kept_changed_and_dropped(db: Database) -> None:
    with db.work() as work:
        handbook_tags.keep(work, Tag("spray", "スプレー", "駅前", "tottori"))
        handbook_tags.keep(work, Tag("spray", "虫よけスプレー", "駅前", "tottori"))
        handbook_tags.keep(work, Tag("koho-12"))
        assert handbook_tags.listed(work) == [
            Tag("koho-12"),
            Tag("spray", "虫よけスプレー", "駅前", "tottori"),
        ]
        assert handbook_tags.drop(work, "spray")
        assert not handbook_tags.drop(work, "spray")
        assert handbook_tags.get(work, "spray") is None


@pytest.mark.parametrize(
    "word", ["", "Spray", "駅前", "a b", "-a", "a-", "a_b", "x" * 33, "other", "ａ", "a\n"]
)
def test_only_small_letters_digits_and_hyphens_make_a_tag(db: Database, word: str) -> None:
    assert not handbook_tags.is_one(word)
    with db.work() as work:
        assert handbook_tags.get(work, word) is None
        with pytest.raises(ValueError, match="no tag"):
            handbook_tags.keep(work, Tag(word))


@pytest.mark.parametrize("word", ["a", "7", "spray-ekimae", "x" * 32])
def test_these_are_tags(word: str) -> None:
    assert handbook_tags.is_one(word)
