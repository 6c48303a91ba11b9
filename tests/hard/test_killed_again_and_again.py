"""R10: the web process is killed while a redelivering LINE sends: acknowledged minus stored is empty, none twice."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from redelivering import talk

from storage.crypto import Cipher, cipher_from, new_key

LONGEST = 30.0  # seconds until it serves again
KEYS = new_key("killed")


@pytest.fixture
def cipher() -> Cipher:
    return cipher_from(KEYS)


@pytest.mark.parametrize(
    ("database_url", "many", "kills"),
    [
        ("sqlite", 150, 3),
        pytest.param("sqlite", 5_000, 100, marks=pytest.mark.hard),
        pytest.param("postgresql", 5_000, 100, marks=pytest.mark.hard),
    ],
    indirect=["database_url"],
)
def test_what_was_acknowledged_is_stored_and_stored_once(
    database_url: str, cipher: Cipher, tmp_path: Path, many: int, kills: int
) -> None:
    chance, portion, slowest = random.Random(many), many // kills, 0.0
    with talk(database_url, KEYS, tmp_path) as people:
        for kill in range(kills):
            people.say(portion)
            people.wait_for(
                len(people.said) - chance.randrange(portion)
            )  # the others are under way when it dies
            if kill % 4:
                people.service.kill_worker()
            else:
                people.service.kill()
                people.service.start()
            slowest = max(slowest, people.service.wait_until_ready())
        people.wait_for()
    failed = people.answers.failed
    print(f"{len(people.said)} events, {kills} kills, {failed} webhooks failed, at most {slowest:.1f} s away")
    people.nothing_is_lost_and_nothing_twice(cipher)
    assert slowest < LONGEST or kills < 10, "the small amount also runs on busy machines"
    assert "poisoned" not in {json.loads(line).get("outcome") for line in people.service.log()}
