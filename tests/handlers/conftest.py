"""A town on both databases; whatever it wanted to say to LINE is checked when the test is over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from town import Town, make_town, wrong_with

from storage.outbox import outbox
from storage.work import Database


@pytest.fixture
def town(db: Database) -> Iterator[Town]:
    there = make_town(db)
    yield there
    with db.look() as work:
        for row in there.rows(outbox):
            if row.kind == "message" and row.body is not None:
                body = work.unseal(row.body, row.channel, "outbox", "body", row.retry_key)
                assert wrong_with(body["messages"]) == []
