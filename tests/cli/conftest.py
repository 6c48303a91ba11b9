"""What the tests of commands share: the real command line on a real database, in this process."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from terminal import Run, Said
from town import the_content
from typer.testing import CliRunner

import bot.app
import bot.cli.house
from bot.cli import build
from bot.content.library import Content, peek_content
from bot.settings import REPOSITORY
from storage import people
from storage.crypto import cipher_from, new_key
from storage.database import open_database
from storage.work import Database

KEYS = new_key("t1")
TEN_IN_THE_MORNING = dt.datetime(2026, 12, 1, 1, 0, tzinfo=dt.UTC)


@pytest.fixture
def env(tmp_path: Path, migrated_sqlite: Path) -> dict[str, str]:
    """The environment of a command: its own migrated, empty database."""
    shutil.copy(migrated_sqlite, tmp_path / "tsunagari.db")
    return {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'tsunagari.db'}",
        "TSUNAGARI_KEYS": KEYS,
        "LINE_CHANNEL_SECRET": "the-secret",
        "LINE_CHANNEL_ACCESS_TOKEN": "the-token",
        "LINE_API_BASE": "http://127.0.0.1:9",
        "COLUMNS": "160",
    }


@pytest.fixture
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped content is read once for all commands; another folder is read each time, as it really is."""

    def read(folder: Path) -> Content:
        return the_content() if folder == REPOSITORY / "content" else peek_content(folder)

    for module in (bot.app, bot.cli.house):
        monkeypatch.setattr(module, "peek_content", read)


@pytest.fixture
def run(env: dict[str, str], read_once: None) -> Run:
    """`run("broadcast", "list")`, with `input=` for what is typed."""
    app = build()

    def invoke(*args: str, input: str | None = None, **more: str | None) -> Said:  # noqa: A002
        result = CliRunner().invoke(app, list(args), env={**env, **more}, input=input)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    return invoke


@pytest.fixture
def by_day() -> Iterator[time_machine.Traveller]:
    """It is 10:00 in Tottori, a Tuesday; `move_to` goes elsewhere. At night nothing is sent that can wait."""
    with time_machine.travel(TEN_IN_THE_MORNING) as traveller:
        yield traveller


@pytest.fixture
def opened(env: dict[str, str]) -> Iterator[Database]:
    """The same database that the commands open."""
    db = open_database(env["DATABASE_URL"], cipher_from(env["TSUNAGARI_KEYS"]))
    yield db
    db.close()


@pytest.fixture
def three_supporters(opened: Database) -> None:
    """Two supporters of 鳥取市 (one wants events) and one of 岩美町."""
    with opened.work() as work:
        for number, (town, topics) in enumerate((("tottori", ("events",)), ("tottori", ()), ("iwami", ()))):
            person = people.lock(work, "default", f"U{number:032x}")
            people.register(work, person, town=town, district=None, topics=topics, consent_version="1")
