"""What the hard tests share. Each has a small amount for every day; the whole amount carries the marker `hard`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from killing import Cradle, Deathbed, JudgeLine, deathbed
from serving import TOKEN, Served, served
from sqlalchemy import create_engine, make_url

from simulator.app import Simulator
from simulator.platform import Bot
from storage.crypto import new_key
from storage.database import new_engine
from storage.migrate import migrate

KEYS = new_key("hard")


@pytest.fixture(scope="session")
def line() -> Iterator[Simulator]:
    """A LINE that takes whatever the service says meanwhile."""
    with Simulator([Bot("default", "つながり", "unused", TOKEN)]) as running:
        yield running


@pytest.fixture(scope="session")
def own_postgresql(request: pytest.FixtureRequest) -> Iterator[str]:
    """A second database on the server of the tests, for a service that runs while others use theirs."""
    server = make_url(request.getfixturevalue("postgresql_url"))
    name = f"{server.database}_served"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.exec_driver_sql(f"CREATE DATABASE {name}")
    url = server.set(database=name).render_as_string(hide_password=False)
    engine = new_engine(url)
    migrate(engine)
    engine.dispose()
    yield url
    with admin.connect() as conn:
        conn.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.hard)])
def service(
    request: pytest.FixtureRequest, line: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One running service for all that only shout at it."""
    folder: Path = tmp_path_factory.mktemp("served")
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), folder / "served.db")
        url = f"sqlite:///{folder / 'served.db'}"
    else:
        url = request.getfixturevalue("own_postgresql")
    with served(url, KEYS, line.url, folder) as running:
        yield running


@pytest.fixture(scope="session")
def cradle() -> Iterator[Cradle]:
    """Where the processes are born that are to die."""
    made = Cradle()
    yield made
    made.close()


@pytest.fixture(scope="session")
def judge() -> Iterator[JudgeLine]:
    """The LINE that judges; each test begins with an empty ledger."""
    made = JudgeLine()
    yield made
    made.close()


@pytest.fixture
def bed(database_url: str, tmp_path: Path, cradle: Cradle, judge: JudgeLine) -> Iterator[Deathbed]:
    """A house with an empty database, in which processes of ours die."""
    with deathbed(database_url, tmp_path, cradle, judge) as made:
        yield made
