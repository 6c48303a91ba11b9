"""A restored or copied database starts with sending paused; one that was only restarted does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from surroundings import Clock

from storage import instance, switches
from storage.crypto import Cipher
from storage.database import open_database
from storage.instance import Sidecar, beat, note_start
from storage.work import Database

Start = Callable[[Path], tuple[Database, str | None]]


@pytest.fixture
def start(cipher: Cipher, clock: Clock) -> Iterator[Start]:
    """Start the service on this file: the open database, and why sending is paused."""
    opened: list[Database] = []

    def run(path: Path) -> tuple[Database, str | None]:
        db = open_database(f"sqlite:///{path}", cipher, clock)
        opened.append(db)
        reason = note_start(db, str(path))
        with db.look() as work:
            assert (switches.sending_paused(work) is not None) >= (reason is not None)
        return db, reason

    yield run
    for db in opened:
        db.close()


@pytest.fixture
def home(migrated_sqlite: Path, tmp_path: Path) -> Path:
    """A migrated database file that was never started."""
    return Path(shutil.copy(migrated_sqlite, tmp_path / "tsunagari.db"))


def _beside(path: Path) -> Path:
    return Path(f"{path}.instance")


def _paused(db: Database) -> bool:
    with db.look() as work:
        return switches.sending_paused(work) is not None


def test_a_brand_new_database_is_not_paused(home: Path, start: Start) -> None:
    db, reason = start(home)
    assert reason is None
    assert not _paused(db)


def test_a_file_that_an_earlier_database_left_beside_a_new_one_does_not_matter(
    home: Path, start: Start
) -> None:
    Sidecar(_beside(home)).write("somebody-else", 7)
    assert start(home)[1] is None


def test_restarts_and_beats_never_pause(home: Path, start: Start) -> None:
    for _ in range(3):
        db, reason = start(home)
        assert reason is None
        assert [beat(db) for _ in range(3)] == [None] * 3
        db.close()


def test_several_processes_on_one_file_never_pause(
    home: Path, start: Start, together: Callable[..., list[Any]]
) -> None:
    def serve(_number: int) -> list[str | None]:
        db, reason = start(home)
        return [reason, *(beat(db) for _ in range(5))]

    assert together(4, serve) == [[None] * 6] * 4


@pytest.mark.parametrize("with_sidecar", [False, True])
def test_a_copy_starts_paused_and_the_original_does_not(home: Path, start: Start, with_sidecar: bool) -> None:
    start(home)[0].close()
    copy = home.with_name("copy.db")
    shutil.copy2(home, copy)
    if with_sidecar:
        shutil.copy2(_beside(home), _beside(copy))
    db, reason = start(copy)
    assert reason == instance.RESTORED
    assert _paused(db)
    assert start(home)[1] is None


def test_an_older_state_put_back_over_the_file_starts_paused(home: Path, start: Start) -> None:
    db, _ = start(home)
    db.close()
    backup = shutil.copy(home, home.with_name("backup.db"))
    db, _ = start(home)
    db.close()
    before = home.stat().st_ino
    shutil.copyfile(backup, home)  # the same inode with older content
    assert home.stat().st_ino == before
    db, reason = start(home)
    assert reason == instance.RESTORED
    assert _paused(db)


def test_a_whole_folder_put_back_after_a_wipe_starts_paused(home: Path, start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir()
    shutil.move(home, folder)
    start(folder / home.name)[0].close()
    shutil.copytree(folder, tmp_path / "backup")
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "backup", folder)
    assert start(folder / home.name)[1] == instance.RESTORED


def test_an_older_state_is_noticed_while_the_service_runs(home: Path, start: Start) -> None:
    db, _ = start(home)
    with db.work() as work:  # what a restore through SQLite's own backup interface does to the rows
        work.conn.exec_driver_sql("UPDATE instance SET counter = counter - 1")
    assert beat(db) == instance.RESTORED
    assert _paused(db)


def test_a_backup_that_we_made_starts_paused_even_when_put_back_at_once(home: Path, start: Start) -> None:
    db, _ = start(home)
    backup = home.with_name("backup.db")
    with db.engine.connect() as conn:
        conn.connection.dbapi_connection.execute("VACUUM INTO ?", (str(backup),))  # type: ignore[union-attr]
    db.close()
    copied = create_engine(f"sqlite:///{backup}")
    with copied.begin() as changing:
        instance.mark_as_copy(changing)
    copied.dispose()
    shutil.copyfile(backup, home)
    assert start(home)[1] == instance.RESTORED


def test_a_paused_copy_stays_paused_until_resumed_and_then_is_at_home(home: Path, start: Start) -> None:
    start(home)[0].close()
    copy = Path(shutil.copy(home, home.with_name("copy.db")))
    start(copy)[0].close()
    db, reason = start(copy)
    assert reason is None
    assert _paused(db)
    with db.work() as work:
        switches.resume_sending(work)
    db.close()
    db, reason = start(copy)
    assert reason is None
    assert not _paused(db)


def test_a_missing_or_damaged_file_beside_it_pauses(home: Path, start: Start) -> None:
    for content in (None, "", "{", "[]"):
        start(home)[0].close()
        _beside(home).unlink()
        if content is not None:
            _beside(home).write_text(content)
        assert start(home)[1] == instance.RESTORED


class Killed(BaseException):
    """Stands for SIGKILL."""


@pytest.mark.parametrize("brand_new", [True, False])
@pytest.mark.parametrize("moment", ["before 1", "after 1", "before 3", "after 3"])
def test_a_kill_at_any_moment_does_not_pause(
    home: Path, start: Start, monkeypatch: pytest.MonkeyPatch, moment: str, brand_new: bool
) -> None:
    if not brand_new:
        start(home)[0].close()
    when, step = moment.split()
    real, calls = Sidecar.write, []

    def write(self: Sidecar, instance_id: str, *counters: int) -> None:
        calls.append(counters)
        mine = len(calls) == (1 if step == "1" else 2)
        if mine and when == "before":
            raise Killed
        real(self, instance_id, *counters)
        if mine:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Sidecar, "write", write)
        with pytest.raises(Killed):
            start(home)
    db, reason = start(home)
    assert reason is None
    assert not _paused(db)


def test_a_postgresql_database_at_home_is_not_paused_and_its_copy_is(
    postgresql_url: str, migrated_postgresql: Any, cipher: Cipher, clock: Clock
) -> None:
    url, engine = migrated_postgresql
    with engine.begin() as conn:
        conn.exec_driver_sql("TRUNCATE instance, switches, keyring")
    db = open_database(url, cipher, clock)
    assert [note_start(db, None), note_start(db, None), beat(db)] == [None] * 3
    name = db.engine.url.database
    db.close()
    engine.dispose()
    server = create_engine(db.engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as conn:
        conn.exec_driver_sql(f"CREATE DATABASE {name}_copy TEMPLATE {name}")
    try:
        copy = open_database(url.replace(str(name), f"{name}_copy"), cipher, clock)
        assert note_start(copy, None) == instance.RESTORED
        assert _paused(copy)
        assert beat(copy) is None
        copy.close()
    finally:
        with server.connect() as conn:
            conn.exec_driver_sql(f"DROP DATABASE {name}_copy WITH (FORCE)")
        server.dispose()
