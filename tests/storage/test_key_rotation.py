"""Keys rotate while the service runs; whatever is killed half-way is still readable and can go on."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from sealed_rows import fill
from sqlalchemy import select, update
from surroundings import Clock

from storage import (
    broadcasts,
    certificates,
    concerns,
    conversations,
    entries,
    events,
    handons,
    mails,
    outbox,
    people,
    photos,
    rotation,
    staff,
    supporters,
    tables,
)
from storage.crypto import Cipher, SealBroken, cipher_from, new_key
from storage.database import open_database
from storage.work import Database

OLD, NEW = new_key("old"), new_key("new")


@pytest.fixture
def cipher() -> Cipher:
    return cipher_from(OLD)


@pytest.fixture(autouse=True)
def _nobody_else_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "BREATH", 0)


def _rotated(db: Database) -> Database:
    return replace(db, cipher=cipher_from(f"{NEW},{OLD}"))


def _everything_opens(db: Database, count: int) -> None:
    with db.work() as work:
        for number in range(count):
            person = people.lock(work, "iwami", f"U{number:032x}")
            found = people.get(work, person.id)
            assert found is not None
            assert found.line_id == f"U{number:032x}"
            assert conversations.open_one(work, person.id) is not None
            assert concerns.details(work, concerns.of_reporter(work, person.id)[0]) == {"n": str(number)}
            concern = concerns.of_reporter(work, person.id)[0]
            assert [each.words for each in entries.of(work, concern)] == [{"n": number}]
            assert [handons.words(work, each) for each in handons.of(work, concern)] == [{"n": number}]
            assert photos.picture(work, concern, photos.of(work, concern)[0].id) == b"jpeg"
            account = staff.by_login(work, f"s{number}")
            assert account is not None
            assert (account.name, account.mail) == ("山田", f"s{number}@iwami.example")
            assert staff.secrets_of(work, account.id) == staff.Secrets("argon2", "secret", ("hash",))
        register = supporters.listed(work)
        assert {p.mail for p in supporters.profiles(work, register).values()} == {
            f"r{number}@iwami.example" for number in range(count)
        }
        for entry in register:
            made = certificates.of(work, entry.id)
            assert made is not None
            assert certificates.by_token(work, made.token) == made
        assert mails.bounced(work) == {f"a{number}@iwami.example" for number in range(count)}
        assert {mail.address for mail in mails.claim(work, count)} == mails.bounced(work)
        sent = outbox.claim(work, count)
        assert sorted((row.body["n"], row.reply_token) for row in sent) == sorted(
            (number, f"r{number}") for number in range(count)
        )
        assert sorted(each.messages[0]["n"] for each in broadcasts.listed(work)) == list(range(count))
        for row in work.conn.execute(select(events.troubled_events)):
            assert work.unseal(row.raw, "iwami", "troubled_events", "raw", row.event_id) == "words"


def test_the_test_fills_every_sealed_column(db: Database) -> None:
    fill(db, 1)
    with db.look() as work:
        for table in tables.metadata.sorted_tables:
            for column in table.c:
                if "sealed_row" in column.info:
                    found = work.conn.execute(select(column).where(column.is_not(None))).all()
                    assert found, f"{column} is sealed, but this file does not know it"


def test_after_rotating_everything_opens_with_the_new_key_alone(db: Database, database_url: str) -> None:
    values = fill(db, 23)
    assert rotation.keys_in_use(db) == {"old": values}
    assert rotation.reseal(_rotated(db), batch=5) == values
    assert rotation.keys_in_use(db) == {"new": values}
    alone = open_database(database_url, cipher_from(NEW), db.clock)
    assert alone.index_key == db.index_key
    _everything_opens(alone, 23)
    alone.close()


def test_a_second_run_finds_nothing_to_do(db: Database) -> None:
    fill(db, 3)
    rotation.reseal(_rotated(db))
    assert rotation.reseal(_rotated(db)) == 0


@pytest.mark.parametrize("killed_at", [1, 7, 33, 60])
def test_killed_half_way_everything_still_opens_and_a_new_run_does_the_rest(
    db: Database, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    values = fill(db, 11)
    real, calls = rotation._reseal_one, [0]

    def killed(*arguments: Any) -> int:
        calls[0] += 1
        if calls[0] == killed_at:
            raise KeyboardInterrupt
        return real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(rotation, "_reseal_one", killed)
        with pytest.raises(KeyboardInterrupt):
            rotation.reseal(_rotated(db), batch=4)
    in_use = rotation.keys_in_use(db)
    assert sum(in_use.values()) == values
    assert in_use["old"] >= values - killed_at
    _everything_opens(_rotated(db), 11)
    rotation.reseal(_rotated(db), batch=4)
    assert rotation.keys_in_use(db) == {"new": values}


def test_a_value_that_the_service_changes_meanwhile_is_not_overwritten(db: Database) -> None:
    fill(db, 1)
    rotating = _rotated(db)
    table = conversations.conversations
    with rotating.look() as work:
        (stale,) = rotation._next(work, table, table.c.answers, None, 10)
    with rotating.work() as work:
        person = people.lock(work, "iwami", f"U{0:032x}")
        conversation = conversations.open_one(work, person.id)
        assert conversation is not None
        conversations.keep(work, conversation, {"newer": True})
    with rotating.work() as work:
        assert rotation._reseal_one(work, table, table.c.answers, stale, []) == 0
        found = conversations.open_one(work, person.id)
    assert found is not None
    assert found.answers == {"newer": True}


def test_what_cannot_be_opened_is_said_at_the_end_and_stops_nothing(db: Database) -> None:
    values = fill(db, 5)
    with db.work() as work:  # a value that was moved: the seal of one person in the row of another
        table = people.people
        first, second = work.conn.execute(select(table).order_by(table.c.id).limit(2)).all()
        work.conn.execute(update(table).where(table.c.id == first.id).values(line_id=second.line_id))
    with pytest.raises(SealBroken, match=rf"1 sealed values .* people.line_id of {first.id}"):
        rotation.reseal(_rotated(db), batch=1)
    assert rotation.keys_in_use(db) == {"old": 1, "new": values - 1}


def test_keys_that_are_missing_are_named(db: Database) -> None:
    values = fill(db, 1)
    assert rotation.keys_in_use(replace(db, cipher=cipher_from(NEW))) == {"old": values}


def test_an_empty_database_has_only_the_index_key_to_seal(db: Database, clock: Clock) -> None:
    clock.move(seconds=dt.timedelta(days=1).total_seconds())
    assert rotation.reseal(_rotated(db)) == 1
