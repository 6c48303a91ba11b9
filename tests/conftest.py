"""What the whole suite shares: both databases, a clock set by hand, keys, and no way to the outside."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect, sync_playwright
from sqlalchemy import Engine, create_engine, make_url
from surroundings import PATIENCE, Clock

from storage import jobs_queue
from storage.crypto import Cipher, cipher_from, new_key
from storage.database import new_engine, open_database
from storage.migrate import migrate
from storage.tables import metadata
from storage.work import Database

CHROMIUM = Path("/usr/bin/chromium")
TESTS_BETWEEN = 100
gc.disable()  # the texts, rules and six languages are a million objects: to look through them was a third of the time
_ended = itertools.count(1)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Look for garbage now and then, and never again through what is still there."""
    if next(_ended) % TESTS_BETWEEN == 0:
        gc.collect()
        gc.freeze()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cipher() -> Cipher:
    return cipher_from(new_key("t1"))


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated SQLite file that each test copies."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    engine = new_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()  # the last connection that closes writes the -wal back into the file
    return path


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A fresh PostgreSQL database for this run; without a server the tests skip, in CI they fail."""
    server = make_url(os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres"))
    server = server.set(drivername="postgresql+psycopg")
    admin = create_engine(server, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    name = f"tsunagari_test_{os.getpid()}"
    try:
        with admin.connect() as conn:
            conn.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            conn.exec_driver_sql(f"CREATE DATABASE {name}")
    except Exception as error:
        loud = f"NO POSTGRESQL at {server.host}:{server.port}: half of the storage tests do not run ({error})"
        if os.environ.get("CI") == "true":
            pytest.fail(loud)
        pytest.skip(loud)
    yield server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as conn:
        conn.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_url: str) -> Iterator[tuple[str, Engine]]:
    engine = new_engine(postgresql_url)
    migrate(engine)
    yield postgresql_url, engine
    engine.dispose()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """One real browser for all tests; each opens a context of its own in it."""
    if not CHROMIUM.exists():
        loud = f"NO CHROMIUM at {CHROMIUM}: nobody looks at the pages in a browser"
        if os.environ.get("CI") == "true":
            pytest.fail(loud)
        pytest.skip(loud)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated, empty database."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "tsunagari.db")
        return f"sqlite:///{tmp_path / 'tsunagari.db'}"
    url, engine = request.getfixturevalue("migrated_postgresql")
    _empty(engine)
    return str(url)


def _empty(engine: Engine) -> None:
    """What the last test left goes, and ids begin at 1 again.

    DELETE where something is, children first: TRUNCATE of every table would write a new file for each of them, a
    quarter of a second for every test.
    """
    tables = [*sorted(jobs_queue.TABLES), *(table.name for table in reversed(metadata.sorted_tables))]
    filled = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables)
    with engine.begin() as conn:
        for (name,) in conn.exec_driver_sql(filled).all():
            conn.exec_driver_sql(f"DELETE FROM {name}")
        for (sequence,) in conn.exec_driver_sql("SELECT sequencename FROM pg_sequences").all():
            conn.exec_driver_sql(f"ALTER SEQUENCE {sequence} RESTART")


@pytest.fixture
def db(database_url: str, cipher: Cipher, clock: Clock) -> Iterator[Database]:
    """An opened, empty database: the test runs once on SQLite and once on PostgreSQL."""
    opened = open_database(database_url, cipher, clock)
    yield opened
    opened.close()


@pytest.fixture
def together() -> Callable[[int, Callable[[int], Any]], list[Any]]:
    """`together(20, deed)`: deed(0) … deed(19) in threads that start at the same moment; what they gave."""

    def run(count: int, deed: Callable[[int], Any]) -> list[Any]:
        ready = threading.Barrier(count)

        def one(number: int) -> Any:
            ready.wait(timeout=20)
            return deed(number)

        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(one, range(count)))

    return run
