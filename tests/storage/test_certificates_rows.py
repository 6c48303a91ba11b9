"""Certificates: one number each, the same however often they are printed, and a token that tells nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from storage import certificates, supporters
from storage.certificates import Certificate, fiscal_year
from storage.supporters import Profile, Supporter
from storage.work import Database

DAY = dt.date(2026, 12, 6)
Together = Callable[[int, Callable[[int], Any]], list[Any]]


def _supporter(db: Database, **more: Any) -> Supporter:
    with db.work() as work:
        return supporters.add(
            work,
            "default",
            source="line",
            state="registered",
            town="tottori",
            profile=Profile("鳥取 花子"),
            **more,
        )


def _issue(db: Database, supporter: Supporter, on: dt.date = DAY) -> Certificate:
    with db.work() as work:
        return certificates.issue(work, supporter, course_title="養成講座", course_on=on, issued_on=on)


def test_each_gets_the_next_number_of_the_fiscal_year_and_keeps_it(db: Database) -> None:
    first, second = _supporter(db), _supporter(db)
    assert _issue(db, first).number == "2026-0001"
    assert _issue(db, second).number == "2026-0002"
    again = _issue(db, first, dt.date(2027, 7, 1))
    assert (again.number, again.course_on) == ("2026-0001", DAY)


@pytest.mark.parametrize(
    ("day", "year"), [("2027-03-31", 2026), ("2027-04-01", 2027), ("2026-12-31", 2026), ("2027-01-01", 2026)]
)
def test_a_fiscal_year_begins_in_april(day: str, year: int) -> None:
    assert fiscal_year(dt.date.fromisoformat(day)) == year


def test_a_number_of_the_imported_register_stays_and_is_given_to_nobody_else(db: Database) -> None:
    old = _supporter(db, number="2026-0001")
    assert _issue(db, _supporter(db)).number == "2026-0002"
    assert _issue(db, old).number == "2026-0001"


def test_many_at_once_all_get_their_own_number(db: Database, together: Together) -> None:
    those = [_supporter(db) for _ in range(10)]
    made = together(20, lambda number: _issue(db, those[number % 10]))
    assert len({(each.supporter_id, each.number, each.token) for each in made}) == 10
    assert len({each.number for each in made}) == 10  # a race may leave a gap, never a number twice


def test_a_token_finds_its_certificate_and_lies_sealed(db: Database) -> None:
    made = _issue(db, _supporter(db))
    with db.look() as work:
        assert certificates.by_token(work, made.token) == made
        assert certificates.by_token(work, made.token + "x") is None
        row = work.conn.execute(select(certificates.certificates)).one()
    assert made.token.encode() not in row.token
    assert made.token not in row.token_index


def test_it_goes_with_its_supporter(db: Database) -> None:
    supporter = _supporter(db)
    made = _issue(db, supporter)
    with db.work() as work:
        supporters.erase(work, supporter)
        assert certificates.by_token(work, made.token) is None
