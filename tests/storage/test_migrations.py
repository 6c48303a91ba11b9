"""The migrations build exactly what the tables say, once, whole, however many processes start."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect

import storage
from storage import jobs_queue, tables
from storage import migrate as migrate_module
from storage.database import new_engine
from storage.migrate import BrokenReferences, NewerDatabase, migrate, pending


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without any table."""
    if request.param == "sqlite":
        engine = new_engine(f"sqlite:///{tmp_path / '100%.db'}")
        yield engine
        engine.dispose()
        return
    url = request.getfixturevalue("postgresql_url")
    engine = new_engine(url)
    name = f"{engine.url.database}_empty"
    admin = create_engine(engine.url, isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.exec_driver_sql(f"CREATE DATABASE {name}")
    engine = new_engine(engine.url.set(database=name).render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    with admin.connect() as conn:
        conn.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


def _differences(engine: Engine) -> list[Any]:
    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return not (kind == "table" and name in {"apscheduler_jobs", *jobs_queue.TABLES})

    with engine.connect() as conn:
        options = {"include_name": ours, "compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(conn, opts=options), tables.metadata))


def test_the_migrated_schema_is_what_the_tables_say(empty: Engine) -> None:
    migrate(empty)
    assert _differences(empty) == []


def test_a_column_that_has_no_migration_would_be_noticed(empty: Engine) -> None:
    migrate(empty)
    with empty.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE audit DROP COLUMN deed")
    assert [each[0] for each in _differences(empty)] == ["add_column"]


def test_the_timetables_own_table_is_none_of_ours(empty: Engine) -> None:
    migrate(empty)
    with empty.begin() as conn:
        conn.exec_driver_sql("CREATE TABLE apscheduler_jobs (id VARCHAR(191) PRIMARY KEY)")
    assert _differences(empty) == []


def test_every_constraint_has_a_name_by_which_it_can_be_changed_later(empty: Engine) -> None:
    migrate(empty)
    found = inspect(empty)
    for table in tables.metadata.tables:
        assert found.get_pk_constraint(table)["name"] == f"pk_{table}"
        kept = (*found.get_foreign_keys(table), *found.get_unique_constraints(table))
        assert all(str(each["name"]).startswith(("fk_", "uq_")) for each in kept)


def test_migrating_is_pending_until_it_is_done_and_twice_does_no_harm(empty: Engine) -> None:
    assert pending(empty)
    migrate(empty)
    with empty.connect() as conn:
        assert migrate_module.newest(conn)  # told without Alembic, as Alembic would
    assert not pending(empty)
    migrate(empty)
    assert not pending(empty)


def test_a_database_of_a_newer_version_is_refused_and_left_alone(empty: Engine) -> None:
    migrate(empty)
    with empty.begin() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999_the_future'")
    with pytest.raises(NewerDatabase, match="newer version"):
        pending(empty)
    with pytest.raises(NewerDatabase):
        migrate(empty)


def test_processes_that_start_together_migrate_once(
    empty: Engine, together: Callable[..., list[Any]]
) -> None:
    url = empty.url.render_as_string(hide_password=False)

    def start(_number: int) -> None:
        engine = new_engine(url)
        migrate(engine)
        engine.dispose()

    together(4, start)
    assert _differences(empty) == []


def test_a_migration_that_fails_leaves_the_old_state(empty: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    real = migrate_module._upgrade

    def fail_at_the_end(conn: Any) -> None:
        real(conn)
        raise RuntimeError("killed")

    monkeypatch.setattr(migrate_module, "_upgrade", fail_at_the_end)
    with pytest.raises(RuntimeError, match="killed"):
        migrate(empty)
    assert pending(empty)
    assert inspect(empty).get_table_names() == []


def test_broken_references_refuse_the_migration_and_foreign_keys_are_on_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = new_engine(f"sqlite:///{tmp_path / 'x.db'}")
    migrate(engine)

    def orphan(conn: Any) -> None:
        conn.exec_driver_sql("INSERT INTO attempts VALUES (1, 'default', 'nobody', 'code', '2026-12-01')")

    monkeypatch.setattr(migrate_module, "pending", lambda _engine: True)
    monkeypatch.setattr(migrate_module, "_upgrade", orphan)
    with pytest.raises(BrokenReferences, match="attempts"):
        migrate(engine)
    with engine.connect() as conn:
        assert conn.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert conn.exec_driver_sql("SELECT count(*) FROM attempts").scalar() == 0
    engine.dispose()


def test_every_module_with_a_table_is_in_the_list_of_tables() -> None:
    """Not in it: tables that only a moving town has for a while, and APScheduler's."""
    folder = Path(storage.__file__).parent
    moving = {"moving_rows", "moving_target"}
    with_table = {
        path.stem
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Table"
    }
    assert with_table - moving <= set(tables.__all__)


def test_at_the_newest_nothing_of_alembic_is_read(empty: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take 11 MB of each process that serves."""
    migrate(empty)
    monkeypatch.setattr(migrate_module, "_pending", pytest.fail)
    migrate(empty)
