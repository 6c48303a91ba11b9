"""One-time links: seen many times, spent once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from surroundings import Clock

from storage import links
from storage.links import Link
from storage.work import Database, Work


def _link(work: Work) -> tuple[str, str]:
    return links.make(
        work, "default", purpose="details", about="c1", person_id=None, valid_for=dt.timedelta(hours=1)
    )


def test_looking_spends_nothing(db: Database) -> None:
    with db.work() as work:
        link_id, token = _link(work)
        seen = [links.peek(work, link_id, token) for _ in range(3)]
        spent = links.spend(work, link_id, token)
    assert spent == Link(link_id, "default", "details", "c1", None, work.now + dt.timedelta(hours=1))
    assert seen == [spent] * 3


def test_a_spent_link_opens_nothing(db: Database) -> None:
    with db.work() as work:
        link_id, token = _link(work)
        links.spend(work, link_id, token)
        assert links.spend(work, link_id, token) is None
        assert links.peek(work, link_id, token) is None


def test_a_link_ends_at_its_very_moment(db: Database, clock: Clock) -> None:
    with db.work() as work:
        link_id, token = _link(work)
    clock.move(hours=1, microseconds=-1)
    with db.work() as work:
        assert links.peek(work, link_id, token) is not None
    clock.move(microseconds=1)
    with db.work() as work:
        assert links.peek(work, link_id, token) is None
        assert links.spend(work, link_id, token) is None


def test_the_token_of_one_link_does_not_open_another(db: Database) -> None:
    with db.work() as work:
        (first, _), (_, token) = _link(work), _link(work)
        assert links.spend(work, first, token) is None


def test_the_token_is_stored_nowhere(db: Database) -> None:
    with db.work() as work:
        _, token = _link(work)
        assert token not in str(work.conn.execute(select(links.links)).all())


def test_of_twenty_people_who_send_the_form_at_once_one_succeeds(
    db: Database, together: Callable[..., list[Any]]
) -> None:
    with db.work() as work:
        link_id, token = _link(work)

    def send(_number: int) -> bool:
        with db.work() as work:
            return links.spend(work, link_id, token) is not None

    assert sum(together(20, send)) == 1


def test_links_that_ended_long_ago_are_forgotten(db: Database, clock: Clock) -> None:
    with db.work() as work:
        _link(work)
    clock.move(days=31)
    with db.work() as work:
        assert links.forget_old(work) == 1
