"""Who tries one link after the other has to wait; a wrong one now and then costs nobody anything."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from surroundings import Clock
from town import Town, make_town

from bot.web.in_vain import MANY
from storage.work import Database


@pytest.fixture
def town(db: Database) -> Town:
    return make_town(db)


def tries(visitor: FlaskClient, address: str = "192.0.2.1", path: str = "/v/nothing") -> int:
    return visitor.get(path, environ_base={"REMOTE_ADDR": address}).status_code


def test_a_machine_that_tries_links_has_to_wait_and_others_do_not(town: Town, clock: Clock) -> None:
    visitor = town.app.test_client()
    assert {tries(visitor) for _ in range(MANY.free)} == {404}
    assert tries(visitor) == 429
    assert tries(visitor, path="/m/0199a0c3") == 429
    assert tries(visitor, "192.0.2.2") == 404
    clock.move(seconds=61)
    assert tries(visitor) == 404


def test_pages_without_a_link_know_nothing_of_it(town: Town) -> None:
    visitor = town.app.test_client()
    for _ in range(MANY.free + 1):
        tries(visitor)
    assert tries(visitor, path="/handbook") == 200


def test_what_is_right_is_not_counted(town: Town) -> None:
    visitor = town.app.test_client()
    assert {tries(visitor, path="/m/0199a0c3") for _ in range(MANY.free + 1)} == {200}
