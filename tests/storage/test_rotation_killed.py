"""A small fire for every day; the full one is tests/hard/test_rotation_of_100000.py."""

from __future__ import annotations

from rotation_under_fire import rotate_under_fire


def test_nothing_gets_unreadable_however_often_the_exchange_of_keys_is_killed(database_url: str) -> None:
    total, _ = rotate_under_fire(database_url, values=1000, kills=3, batch=100, seed=1)
    assert total > 1000
