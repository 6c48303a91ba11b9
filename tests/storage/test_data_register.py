"""Every column stands in the register, what is personal or secret is sealed, and the page for the town says the same."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import inspect, select

from jobs import timetable
from storage import erasing, jobs_queue, supporters
from storage.clear_words import seal_what_was_clear
from storage.crypto import Cipher
from storage.data_register import FILE, BadRegister, Column, Kept, read, the_register
from storage.database import new_engine, open_database
from storage.migrate import migrate, rebuilding, upgrade
from storage.supporters import Profile
from storage.tables import metadata
from storage.work import Database

REGISTER = the_register()


def named(column: Column) -> str:
    return f"{column.table}.{column.name}"


def test_every_column_of_the_database_stands_there_and_no_other(db: Database) -> None:
    """Asked of the database itself: the tables of the libraries (alembic, APScheduler, Procrastinate) are in it, too."""
    timetable.prepare(db)
    there = inspect(db.engine)
    found = {
        (table, column["name"]) for table in there.get_table_names() for column in there.get_columns(table)
    }
    on_postgresql_only = jobs_queue.TABLES if db.engine.dialect.name == "sqlite" else frozenset()
    listed = {(column.table, column.name) for column in REGISTER if column.table not in on_postgresql_only}
    assert listed == found
    with db.work() as work:
        work.conn.exec_driver_sql("DROP TABLE apscheduler_jobs")  # other tests share this database


def test_what_is_personal_or_secret_is_never_in_clear() -> None:
    """It is sealed, or only a keyed index of it is kept, or the hash of a random token (storage/crypto.py)."""
    guarded = [column for column in REGISTER if column.must_be_guarded]
    assert [named(column) for column in guarded if column.how is None] == []
    assert {column.name for column in guarded if column.how == "hash"} == {"token_hash"}


def test_what_is_sealed_is_personal_or_secret() -> None:
    """But for what a broadcast says, which everybody gets: until then it is nobody's business."""
    open_ones = {(c.table, c.name) for c in REGISTER if c.how == "sealed" and not c.must_be_guarded}
    assert open_ones == {
        *((table, "messages") for table in ("broadcasts", "broadcast_series", "broadcast_variants")),
        *((table, "translations") for table in ("broadcasts", "broadcast_series")),
        ("broadcast_links", "url"),
        ("broadcast_pictures", "words"),
        ("broadcast_photos", "picture"),
        ("broadcast_drafts", "file"),
        ("news_items", "words"),
    }


def test_an_index_and_a_hash_are_64_hexadecimal_digits() -> None:
    """tests/storage/test_stolen_files.py looks at real ones."""
    for column in REGISTER:
        if column.how in ("index", "hash"):
            assert getattr(metadata.tables[column.table].c[column.name].type, "length", None) == 64, column


def test_how_long_it_is_kept_fits_to_how_its_table_hangs_on_others() -> None:
    of_somebody = {found.name for found, *_ in erasing.hanging()}
    for column in REGISTER:
        if column.kept.by == "parent":
            rules = [key.ondelete for key in metadata.tables[column.table].foreign_keys]
            assert "CASCADE" in rules, f"{named(column)} goes with no other row"
        if column.kept.by == "erased":
            assert column.table in of_somebody, f"{named(column)} stays when somebody is erased"


def test_what_hangs_on_somebody_is_known_also_where_little_else_was_imported() -> None:
    asked = "from storage import erasing; print(*(table.name for table, *_ in erasing.hanging()))"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert set(said.stdout.split()) == {table.name for table, *_ in erasing.hanging()}


def test_nothing_personal_or_secret_is_kept_for_ever() -> None:
    for_ever = {named(each) for each in REGISTER if each.must_be_guarded and each.kept.by == "stays"}
    assert for_ever == {"cards.code", "cards.code_index"}  # after its course a code opens nothing any more


def test_whoever_hangs_on_a_person_is_no_figure_without_an_end() -> None:
    """A key to a person is emptied or goes: `SET NULL` or `CASCADE`, whatever the register says of the rest."""
    for table, to_people, to_entries in erasing.hanging():
        for column in (*to_people, *to_entries):
            (key,) = column.foreign_keys
            assert key.ondelete in ("SET NULL", "CASCADE"), f"{table.name}.{column.name}"


# ---- the file itself ---------------------------------------------------------------------------------------


def changed(**how: Any) -> dict[str, Any]:
    raw: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    raw["files"][0]["tables"]["people"].update(how)
    return raw


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"personal": {}}, "people: nothing is said about line_id"),
        ({"public": {"shoe_size": "足の大きさ"}}, "people has no column shoe_size"),
        ({"public": {"line_id": "公開"}}, "people.line_id stands there twice"),
        ({"kept": "for_ever"}, "no retention is called 'for_ever'"),
        ({"private": {}}, "people: unknown ['private']"),
        ({"kept of": {"shoe_size": "person"}}, "people has no column shoe_size"),
    ],
)
def test_what_cannot_be_is_refused_by_name(how: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRegister, match=re.escape(said)):
        read(changed(**how))


def test_a_table_without_a_place_in_the_list_is_noticed() -> None:
    raw: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    del raw["files"][0]["tables"]["people"]
    assert {column.table for column in read(raw)} == {column.table for column in REGISTER} - {"people"}


def test_every_retention_is_used() -> None:
    assert {column.kept for column in REGISTER} == set(REGISTER.kept.values())
    assert all(isinstance(kept, Kept) and kept.words for kept in REGISTER.kept.values())


# ---- what was clear once -----------------------------------------------------------------------------------


def test_a_group_that_was_written_in_clear_is_sealed_when_the_database_is_opened(db: Database) -> None:
    with db.work() as work:
        clear = supporters.add(
            work, "default", source="staff", state="attended", town="iwami", profile=Profile()
        )
        sealed = supporters.add(
            work, "default", source="staff", state="attended", town="iwami", group_name="青年団"
        )
        table = supporters.supporters
        old = table.update().where(table.c.id == clear.id).values(group_name="岩美町漁協婦人部".encode())
        work.conn.execute(old)
    assert seal_what_was_clear(db) == 1
    assert seal_what_was_clear(db) == 0
    with db.look() as work:
        assert supporters.get(work, clear.id).group_name == "岩美町漁協婦人部"  # type: ignore[union-attr]
        assert supporters.get(work, sealed.id).group_name == "青年団"  # type: ignore[union-attr]
        kept = work.conn.execute(select(table.c.group_name)).scalars().all()
        assert all(bytes(each).startswith(b"\x01") for each in kept)


def test_an_older_database_keeps_its_groups_and_no_file_keeps_them_in_clear(
    tmp_path: Path, cipher: Cipher
) -> None:
    url = f"sqlite:///{tmp_path / 'older.db'}"
    engine = new_engine(url)
    with rebuilding(engine) as conn:
        upgrade(conn, "0012")
        conn.exec_driver_sql(
            "INSERT INTO supporters (id, channel, source, state, town, group_name, created_at)"
            " VALUES ('s1', 'default', 'staff', 'registered', 'iwami', '岩美町漁協婦人部', '2026-11-01 00:00:00')"
        )
    migrate(engine)
    engine.dispose()
    db = open_database(url, cipher)
    with db.look() as work:
        assert supporters.get(work, "s1").group_name == "岩美町漁協婦人部"  # type: ignore[union-attr]
    raw = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    db.close()
    assert "岩美町漁協".encode() not in raw
