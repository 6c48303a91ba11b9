"""With a wrong or a missing key nothing starts, and nothing is written: not a row, and no migration."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import update
from terminal import Run

from bot.app import build
from bot.settings import BadSettings, Settings
from storage import people
from storage.backup import Part, parts_of, snapshot, tables_of
from storage.crypto import BadKeys, cipher_from, new_key
from storage.database import _INDEX, WrongKeys, _index_key, keyring, new_engine, open_database
from storage.migrate import rebuilding, revision_of, upgrade

RIGHT = new_key("right")
WRONG = {
    "no key": "",
    "another key": new_key("other"),
    "the right name, other bytes": new_key("right"),
    "no key at all in it": "right:",
}


@pytest.fixture
def env(database_url: str) -> dict[str, str]:
    db = open_database(database_url, cipher_from(RIGHT))
    with db.work() as work:
        people.lock(work, "default", "U" + "1" * 32)
    db.close()
    return {
        "DATABASE_URL": database_url,
        "LINE_CHANNEL_SECRET": "the-secret",
        "LINE_CHANNEL_ACCESS_TOKEN": "the-token",
        "LINE_API_BASE": "http://127.0.0.1:9",
        "TSUNAGARI_BACKUP_KEY": new_key("b1"),
    }


def all_rows(url: str) -> tuple[str | None, dict[str, Part]]:
    engine = new_engine(url)
    with snapshot(engine) as conn:
        found = revision_of(conn), parts_of(conn, tables_of(conn, at_head=False))
    engine.dispose()
    return found


COMMANDS = [
    ("key", "rotate", "--yes"),
    ("db", "sending", "--pause"),
    ("db", "backup", "never.backup"),
    ("supporter", "list"),
]


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_no_command_that_opens_sealed_data_does_anything(
    run: Run, env: dict[str, str], wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = all_rows(env["DATABASE_URL"])
    monkeypatch.chdir(tmp_path)
    for command in COMMANDS:
        said = run(*command, TSUNAGARI_KEYS=wrong)
        assert said.code == 1, command
        assert "TSUNAGARI_KEYS" in said.err
        assert "Traceback" not in said.err
    assert all_rows(env["DATABASE_URL"]) == before
    assert not (tmp_path / "never.backup").exists()


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_the_service_is_not_built(env: dict[str, str], wrong: str) -> None:
    before = all_rows(env["DATABASE_URL"])
    with pytest.raises((BadSettings, BadKeys, WrongKeys), match="TSUNAGARI_KEYS"):
        build(Settings.from_env({**env, "TSUNAGARI_KEYS": wrong}))
    assert all_rows(env["DATABASE_URL"]) == before


@pytest.mark.parametrize("command", ["serve", "work"])
def test_the_process_ends_with_one_line(env: dict[str, str], command: str) -> None:
    before = all_rows(env["DATABASE_URL"])
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli", command],
        env={"PATH": os.environ["PATH"], **env, "TSUNAGARI_KEYS": WRONG["the right name, other bytes"]},
        text=True,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "TSUNAGARI_KEYS does not open this database" in done.stderr
    assert "Traceback" not in done.stderr
    assert all_rows(env["DATABASE_URL"]) == before


def test_an_older_database_is_not_migrated_with_a_wrong_key(
    env: dict[str, str], tmp_path: Path, run: Run
) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    engine = new_engine(url)
    with rebuilding(engine) as conn:
        upgrade(conn, "0002")
    open_with(url, RIGHT)
    engine.dispose()
    before = all_rows(url)
    assert before[0] == "0002"
    said = run("supporter", "list", DATABASE_URL=url, TSUNAGARI_KEYS=WRONG["another key"])
    assert (said.code, all_rows(url)) == (1, before)
    with pytest.raises(WrongKeys):
        build(Settings.from_env({**env, "DATABASE_URL": url, "TSUNAGARI_KEYS": WRONG["another key"]}))
    assert all_rows(url) == before


def open_with(url: str, keys: str) -> None:
    """What an older version did at its first start: a key for the blind indexes."""
    engine = new_engine(url)
    _index_key(engine, cipher_from(keys))
    engine.dispose()


def test_the_service_does_not_start_where_an_old_key_that_is_still_needed_is_missing(
    env: dict[str, str],
) -> None:
    new = new_key("new")
    db = open_database(env["DATABASE_URL"], cipher_from(f"{new},{RIGHT}"))
    with db.work() as work:  # the key of the indexes has moved already, somebody's id has not
        fresh = work.cipher.seal(db.index_key, _INDEX)
        work.conn.execute(update(keyring).where(keyring.c.name == "index").values(secret=fresh))
    db.close()
    before = all_rows(env["DATABASE_URL"])
    with pytest.raises(WrongKeys, match=r"right \(1 values\)"):
        build(Settings.from_env({**env, "TSUNAGARI_KEYS": new}))
    assert all_rows(env["DATABASE_URL"]) == before
    for enough in (f"{new},{RIGHT}", f"{new},{new_key('right')}"):  # the second: who has lost the old one
        services = build(Settings.from_env({**env, "TSUNAGARI_KEYS": enough}))
        services.db.close()
