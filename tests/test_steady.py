"""What a process has done before it says that it is ready, so that nobody's first word has to wait for it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app import Services, build
from bot.settings import Settings
from bot.steady import GARBAGE, settle
from storage.crypto import new_key


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    built = build(
        Settings.from_env(
            {
                "DATABASE_URL": f"sqlite:///{tmp_path / 'tsunagari.db'}",
                "TSUNAGARI_KEYS": new_key("a"),
                "LINE_CHANNEL_SECRET": "secret",
                "LINE_CHANNEL_ACCESS_TOKEN": "token",
            }
        )
    )
    yield built
    built.line.close()
    built.db.close()


@pytest.fixture
def undone() -> Iterator[None]:
    """Python is as it was when the test is over."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_words_of_danger_and_all_languages_are_read_when_the_service_is_built(services: Services) -> None:
    read = vars(services.content)
    assert "lexicon" in read
    assert set(read["_said"]) == set(services.content.languages) - {"ja"}


@pytest.mark.usefixtures("undone")
def test_what_stays_is_not_looked_through_for_garbage(services: Services) -> None:
    frozen = gc.get_freeze_count()
    settle(services)
    assert gc.get_freeze_count() > frozen
    assert gc.get_threshold()[0] == GARBAGE
