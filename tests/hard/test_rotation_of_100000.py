"""S8: the keys of 100,000 values are exchanged while the service writes, killed 20 times at moments drawn by lot."""

from __future__ import annotations

import pytest
from rotation_under_fire import rotate_under_fire

pytestmark = pytest.mark.hard


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_of_100000_values_gets_unreadable(database_url: str, seed: int) -> None:
    total, hits = rotate_under_fire(database_url, values=100_000, kills=20, batch=500, seed=seed)
    print(f"{total} values, {hits} kills hit")
    assert total > 100_000
    assert hits >= 10, "most kills came when all was done"
