"""`db copy` at the terminal: look, copy while the town goes on, hand over, and one clear line where not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, make_url
from terminal import Run, Said

from storage import audit, moving_source, outbox, people, staff
from storage.crypto import cipher_from, new_key
from storage.database import open_database
from storage.work import Database


@pytest.fixture
def to(postgresql_url: str) -> Iterator[str]:
    """An empty PostgreSQL database."""
    url = make_url(postgresql_url)
    server = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    name = f"{url.database}_copy"
    with server.connect() as conn:
        conn.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        conn.exec_driver_sql(f"CREATE DATABASE {name}")
    yield url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    with server.connect() as conn:
        conn.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    server.dispose()


@pytest.fixture
def some_people(opened: Database) -> Database:
    with opened.work() as work:
        for number in range(3):
            person = people.lock(work, "default", f"U{number:032x}")
            outbox.put(work, "default", "message", {"messages": []}, person_id=person.id)
    return opened


def refused(said: Said) -> str:
    assert said.code == 1
    assert "Traceback" not in said.err
    return said.err


def test_the_whole_way_from_one_machine_to_postgresql(
    run: Run, some_people: Database, to: str, env: dict[str, str]
) -> None:
    looked = run("db", "copy", "--to", to)
    assert looked.code == 0
    assert "下見" in looked.out
    assert "はじめから写します" in looked.out
    told = run("db", "copy", "--to", to, "--json").json
    assert (told["state"], told["rows"]["people"], told["copied"]["people"], told["unfit"]) == (
        "new",
        3,
        0,
        [],
    )

    copied = run("db", "copy", "--to", to, "--yes")
    assert copied.code == 0, copied.err
    assert "--final --yes" in copied.out
    assert run("db", "copy", "--to", to, "--json").json["copied"]["people"] == 3
    assert "写しの途中です" in refused(run("db", "sending", DATABASE_URL=to))

    some_people.close()
    assert "サービスが始まらなくなります" in run("db", "copy", "--to", to, "--final").out
    final = run("db", "copy", "--to", to, "--final", "--yes")
    assert final.code == 0, final.err
    assert "DATABASE_URL" in final.out
    for command in (("db", "sending"), ("db", "migrate"), ("key", "list"), ("serve",)):
        assert "引っ越しました" in refused(run(*command))
    assert "引っ越しは、もう終わっています" in run("db", "copy", "--to", to, "--final", "--yes").out
    assert run("db", "copy", "--to", to, "--json").json["state"] == "done"
    assert run("db", "sending", "--json", DATABASE_URL=to).json == {
        "paused": None,
        "paused_channels": {},
        "waiting": 3,
    }
    assert "変えられていません" in run("audit", "verify", DATABASE_URL=to).out
    moved = open_database(to, cipher_from(env["TSUNAGARI_KEYS"]))
    with moved.look() as work:
        assert [each.deed for each in audit.listed(work)] == ["moved", "copied"]
        assert all(each.channel == staff.HOUSE for each in audit.listed(work))
        ids = work.conn.execute(people.people.select()).scalars().all()
        there = [people.get(work, each) for each in ids]
        assert {each.line_id for each in there if each} == {f"U{n:032x}" for n in range(3)}
    moved.close()


def test_its_figures_for_programs(run: Run, some_people: Database, to: str) -> None:
    told = run("db", "copy", "--to", to, "--yes", "--json").json
    assert told["state"] == "copied"
    assert told["tables"]["people"] == {"rows": 3, "written": 3}
    some_people.close()
    told = run("db", "copy", "--to", to, "--final", "--yes", "--json").json
    assert told["state"] == "done"
    assert told["tables"]["people"] == {"rows": 3, "written": 0}
    assert told["tables"]["audit"] == {"rows": 2, "written": 1}


def test_a_service_that_runs_is_not_handed_over(
    run: Run, some_people: Database, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving_source, "PATIENCE", 0)
    with some_people.look() as work:
        staff.listed(work)
        assert "止めてから" in refused(run("db", "copy", "--to", to, "--final", "--yes"))
    some_people.close()
    assert run("db", "sending").code == 0


def test_what_does_not_fit_is_named_without_its_words(run: Run, some_people: Database, to: str) -> None:
    with some_people.work() as work:
        work.conn.exec_driver_sql("UPDATE people SET town = 'secret' || char(0)")
    looked = run("db", "copy", "--to", to)
    assert looked.err.count("people の ") == 3
    said = refused(run("db", "copy", "--to", to, "--yes"))
    assert "PostgreSQL に入らない値があります" in said
    assert said.count(": town") == 3
    assert "secret" not in said + looked.err + looked.out
    assert len(run("db", "copy", "--to", to, "--json").json["unfit"]) == 3


def test_wrong_places_are_told_apart(run: Run, some_people: Database, to: str, tmp_path: object) -> None:
    for place, why in (
        ("sqlite:///elsewhere.db", "写す先は PostgreSQL だけです"),
        ("db.example/town", "写す先は PostgreSQL だけです"),
        ("postgresql://db.example:x/town", "--to の書き方がちがいます"),
        ("postgresql://nobody@127.0.0.1:9/town", "につながりません"),
    ):
        assert why in refused(run("db", "copy", "--to", place, "--yes"))
    assert "写す元は SQLite だけです" in refused(run("db", "copy", "--to", to, DATABASE_URL=to))
    nowhere = f"sqlite:///{tmp_path}/none.db"
    assert "まだありません" in refused(run("db", "copy", "--to", to, DATABASE_URL=nowhere))
    assert "この鍵" in refused(run("db", "copy", "--to", to, TSUNAGARI_KEYS=new_key("t2")))
    assert run("db", "copy", "--to", to, "--final", "--stay").code == 2
    assert run("db", "copy").code == 2


def test_a_password_in_the_address_is_warned_of_and_never_shown(
    run: Run, some_people: Database, to: str
) -> None:
    with_password = make_url(to).set(password="hush-hush").render_as_string(hide_password=False)
    said = run("db", "copy", "--to", with_password, "--yes")
    assert ".pgpass" in said.err
    assert "hush-hush" not in said.out + said.err
    some_people.close()
    assert run("db", "copy", "--to", with_password, "--final", "--yes").code == 0
    assert "hush-hush" not in refused(run("db", "sending"))


def test_staying_is_a_deed_of_its_own(run: Run, some_people: Database, to: str) -> None:
    some_people.close()
    assert "下見" in run("db", "copy", "--to", to, "--stay").out
    assert "残りました" in run("db", "copy", "--to", to, "--stay", "--yes").out
    assert run("db", "copy", "--to", to, "--final", "--yes").code == 0
    assert "同じ町が2つ" in refused(run("db", "copy", "--to", to, "--stay", "--yes"))


def test_killed_at_the_terminal_it_goes_on_with_the_same_command(
    run: Run, opened: Database, to: str, env: dict[str, str]
) -> None:
    with opened.work() as work:
        for number in range(3_000):
            people.lock(work, "default", f"U{number:032x}")
    command = [sys.executable, "-m", "bot.cli", "db", "copy", "--to", to, "--yes"]
    kills = 0
    for wait in (1.0, 1.4, 1.8):
        child = subprocess.Popen(
            command, env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(wait)
        child.send_signal(signal.SIGKILL)
        kills += child.wait(timeout=60) == -signal.SIGKILL
    assert kills
    assert run("db", "copy", "--to", to, "--yes").code == 0
    opened.close()
    told = run("db", "copy", "--to", to, "--final", "--yes", "--json").json
    assert told["tables"]["people"] == {"rows": 3_000, "written": 0}
