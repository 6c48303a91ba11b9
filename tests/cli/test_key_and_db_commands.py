"""Keys and the database at the terminal."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from terminal import Run

from storage import outbox, people, switches
from storage.crypto import cipher_from, new_key
from storage.work import Database


def test_a_new_key_is_one_line_that_the_settings_take(run: Run) -> None:
    said = run("key", "new", "--id", "k2027")
    assert re.fullmatch(r"k2027:[A-Za-z0-9+/]{43}=\n", said.out)
    assert cipher_from(said.out.strip()).first == "k2027"


def test_a_key_s_name_with_a_comma_is_wrong_usage(run: Run) -> None:
    assert run("key", "new", "--id", "a,b").code == 2


def test_rotation_seals_everything_with_the_first_key(
    run: Run, env: dict[str, str], opened: Database
) -> None:
    with opened.work() as work:
        people.lock(work, "default", "U" + "1" * 32)
    both = f"{new_key('t2')},{env['TSUNAGARI_KEYS']}"
    before = run("key", "list", "--json", TSUNAGARI_KEYS=both).json
    assert before["in_use"].keys() == {"t1"}
    assert "下見" in run("key", "rotate", TSUNAGARI_KEYS=both).out
    assert run("key", "list", "--json", TSUNAGARI_KEYS=both).json == before
    assert run("key", "rotate", "--yes", TSUNAGARI_KEYS=both).code == 0
    assert run("key", "list", "--json", TSUNAGARI_KEYS=both).json["in_use"].keys() == {"t2"}


def test_the_wrong_key_is_refused_in_one_line(run: Run, opened: Database) -> None:
    said = run("supporter", "list", TSUNAGARI_KEYS=new_key("other"))
    assert said.code == 1
    assert "TSUNAGARI_KEYS does not open this database" in said.err
    assert "Traceback" not in said.err


def test_no_key_at_all_names_the_command_that_makes_one(run: Run) -> None:
    said = run("supporter", "list", TSUNAGARI_KEYS=None)
    assert said.code == 1
    assert "tsunagari key new" in said.err


def test_migrate_says_whether_there_was_something_to_do(run: Run, tmp_path: object) -> None:
    fresh = f"sqlite:///{tmp_path}/fresh.db"
    assert "最新の形にしました" in run("db", "migrate", DATABASE_URL=fresh).out
    assert "すでに最新" in run("db", "migrate", DATABASE_URL=fresh).out


@pytest.fixture
def one_waits(opened: Database) -> None:
    with opened.work() as work:
        person = people.lock(work, "default", "U" + "1" * 32)
        outbox.put(work, "default", "message", {"messages": []}, person_id=person.id)


@pytest.mark.usefixtures("one_waits")
def test_sending_is_paused_and_resumed_and_what_waits_can_be_dropped(run: Run, opened: Database) -> None:
    assert run("db", "sending", "--json").json == {"paused": None, "paused_channels": {}, "waiting": 1}
    assert run("db", "sending", "--pause").code == 0
    assert "止めています" in run("db", "sending").out
    assert "下見" in run("db", "sending", "--resume", "--drop-waiting").out
    with opened.look() as work:
        assert switches.sending_paused(work) is not None
    assert run("db", "sending", "--resume", "--drop-waiting", "--yes").code == 0
    assert run("db", "sending", "--json").json == {"paused": None, "paused_channels": {}, "waiting": 0}


@pytest.mark.usefixtures("one_waits")
def test_what_waited_for_its_next_try_is_due_at_once_after_a_resume(run: Run, opened: Database) -> None:
    with opened.work() as work:
        (row,) = outbox.claim(work, 10)
        outbox.postpone(work, row, work.now + dt.timedelta(hours=1), "a long wait", reply="keep")
        assert outbox.claim(work, 10) == []
    assert run("db", "sending", "--resume", "--yes").code == 0
    with opened.work() as work:
        assert [each.id for each in outbox.claim(work, 10)] == [row.id]


def test_pause_and_resume_together_are_wrong_usage(run: Run) -> None:
    assert run("db", "sending", "--pause", "--resume").code == 2


def test_a_database_that_is_not_there_is_told_without_its_password(run: Run) -> None:
    said = run("supporter", "list", DATABASE_URL="postgresql://me:geheim@127.0.0.1:9/none")
    assert said.code == 1
    assert "データベースを使えません" in said.err
    assert "geheim" not in said.err + said.out
