"""A database is opened durably and with its own keys, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from storage import database, people
from storage.crypto import Cipher, cipher_from, new_key
from storage.database import BadAddress, Undurable, WrongKeys, check_durable, new_engine, open_database
from storage.work import Database


def test_the_right_keys_open_it_again_and_find_the_same_people(
    db: Database, database_url: str, cipher: Cipher
) -> None:
    with db.work() as work:
        first = people.lock(work, "default", "U" + "a" * 32)
    again = open_database(database_url, cipher)
    with again.work() as work:
        assert people.lock(work, "default", "U" + "a" * 32).id == first.id
    again.close()


@pytest.mark.parametrize("name", ["t1", "other"])
def test_the_wrong_keys_do_not_open_it(db: Database, database_url: str, name: str) -> None:
    with pytest.raises(WrongKeys):
        open_database(database_url, cipher_from(new_key(name)))


def test_two_processes_that_open_a_new_database_agree_on_its_index_key(
    database_url: str, cipher: Cipher, together: Callable[..., list[Any]]
) -> None:
    def open_it(_number: int) -> bytes:
        opened = open_database(database_url, cipher)
        opened.close()
        return opened.index_key

    assert len(set(together(6, open_it))) == 1


@pytest.mark.parametrize(
    "url", ["nonsense geheim", "mysql://me:geheim@127.0.0.1/x", "postgresql://me:geheim@h:port/x"]
)
def test_an_address_of_no_use_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(BadAddress) as refused:
        new_engine(url)
    assert "geheim" not in str(refused.value)


def test_a_file_that_is_no_sqlite_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("something of somebody's, longer than sixteen bytes")
    with pytest.raises(BadAddress):
        check_durable(new_engine(f"sqlite:///{other}"))
    assert other.read_text().startswith("something")
    assert list(tmp_path.iterdir()) == [other]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:////tmp/never-made.db?nolock=1"])
def test_an_sqlite_database_that_could_lose_rows_is_refused(url: str) -> None:
    with pytest.raises(Undurable):
        new_engine(url)


@pytest.mark.parametrize(
    "pragma",
    [
        "synchronous = NORMAL",
        "foreign_keys = OFF",
        "secure_delete = FAST",
        "journal_mode = DELETE",
        "busy_timeout = 0",
        "temp_store = FILE",
    ],
)
def test_a_weaker_setting_of_sqlite_is_refused(tmp_path: Path, pragma: str) -> None:
    engine = new_engine(f"sqlite:///{tmp_path / 'weak.db'}")

    @event.listens_for(engine, "connect")
    def weaken(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA {pragma}")

    with pytest.raises(Undurable, match=pragma.split(" ")[0]):
        check_durable(engine)
    engine.dispose()


def test_every_connection_is_asked_whether_it_overwrites_what_was_erased(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only the first one, at start: another build of SQLite may take the setting and not have it."""
    engine = new_engine(f"sqlite:///{tmp_path / 'deaf.db'}")
    monkeypatch.setitem(database.SQLITE_PRAGMAS, "secure_delete", ("OFF", 1))
    with pytest.raises(Undurable, match="secure_delete"), engine.connect():
        pass
    engine.dispose()


@pytest.mark.parametrize("value", ["off", "local"])
def test_a_weaker_setting_of_postgresql_is_refused(postgresql_url: str, value: str) -> None:
    engine = new_engine(postgresql_url)

    @event.listens_for(engine, "connect")
    def weaken(connection: Any, _record: object) -> None:
        connection.execute(f"SET synchronous_commit = {value}")
        connection.commit()

    with pytest.raises(Undurable, match="synchronous_commit"):
        check_durable(engine)
    engine.dispose()


def test_an_error_shows_no_personal_data(db: Database) -> None:
    with pytest.raises(Exception, match="nowhere") as failed, db.work() as work:
        work.conn.execute(text("INSERT INTO nowhere VALUES (:name)"), {"name": "花子さん"})
    assert "花子" not in str(failed.value)


def test_what_is_printed_of_a_database_shows_no_key(db: Database) -> None:
    with db.look() as work:
        assert repr(db.index_key) not in repr(db) + repr(work)


def test_a_unit_of_work_that_fails_leaves_nothing_behind(db: Database) -> None:
    def fail_after_writing() -> None:
        with db.work() as work:
            people.lock(work, "default", "U" + "a" * 32)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_writing()
    with db.look() as work:
        assert people.numbers(work) == []


def test_a_reader_does_not_wait_for_a_writer(db: Database) -> None:
    with db.work() as writer:
        people.lock(writer, "default", "U" + "a" * 32)
        answers: list[object] = []

        def look() -> None:
            with db.look() as reader:
                answers.append(people.numbers(reader))

        thread = threading.Thread(target=look)
        thread.start()
        thread.join(timeout=5)
        assert answers == [[]]


def test_many_writers_wait_for_each_other_instead_of_failing(
    db: Database, together: Callable[..., list[Any]]
) -> None:
    def write(number: int) -> None:
        for step in range(10):
            with db.work() as work:
                people.numbers(work)  # read, then write: the pattern that a plain BEGIN does not survive
                people.lock(work, "default", f"U{number:016x}{step:016x}")

    together(6, write)
    with db.look() as work:
        assert people.numbers(work) == [("default", "resident", True, 60)]
