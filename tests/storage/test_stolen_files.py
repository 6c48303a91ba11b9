"""Somebody steals the database's files without the keys, before and after a person was erased."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import pytest
from leaks import PHONE, leaks_in, planted
from sqlalchemy import select, text

from bot.programme import life
from storage import (
    concerns,
    conversations,
    course_places,
    courses,
    drafts,
    erasing,
    events,
    links,
    outbox,
    people,
    staff,
    supporters,
    sweeping,
)
from storage.data_register import the_register
from storage.people import Person
from storage.supporters import Profile
from storage.tables import metadata
from storage.work import Database, Work

LINE_ID = "U" + "0123456789abcdef" * 2
MAIL, LOGIN = "hanako@leakcanary.example", "leakcanary.login"
WHO = Profile(name=planted("name"), kana=planted("kana"), phone=PHONE, mail=MAIL, motive=planted("motive"))
DAY = dt.timedelta(days=1)


def everything_about_somebody(work: Work) -> Person:
    """A person, everywhere where somebody's words can lie."""
    person = people.lock(work, "default", LINE_ID)
    talk = conversations.start(work, "default", person.id, "handbook")
    conversations.keep(work, talk, {"worry": planted("answer")})
    outbox.put(work, "default", "message", {"messages": [{"text": planted("sent")}]}, person_id=person.id)
    words = {"person_id": person.id, "town": "iwami", "district": None, "kind": "poverty", "level": 2}
    words |= {"since": "today", "subject_knows": "unknown", "window": "desk", "route_reason": "own"}
    concern = concerns.open_concern(work, "default", **words)
    concerns.add_details(work, concern, {"who": planted("neighbour"), "contact": planted("contact")})
    link_id, _ = links.make(
        work, "default", purpose="details", about=concern.id, person_id=person.id, valid_for=DAY
    )
    drafts.keep(work, link_id, "default", "browser", {"what": planted("draft")})
    events.troubled(work, "default", "e1", "message", "no", f'{{"userId": "{LINE_ID}"}}')
    entry = {"source": "line", "state": "registered", "town": "iwami", "person_id": person.id}
    supporters.add(work, "default", **entry, profile=WHO, group_name=planted("group"))  # type: ignore[arg-type]
    course = courses.create(
        work, "default", title="講座", town="iwami", on=work.now.date(), place="市役所", capacity=5,
        valid_from=work.now, valid_until=work.now + DAY,
    )  # fmt: skip
    course_places.add(work, "default", course.id, source="web", state="seat", profile=WHO, token="t" * 43)
    return person


def kept(db: Database) -> set[bytes]:
    """Every guarded value that stands in the database now: sealed words, keyed indexes, hashes of tokens."""
    found = set()
    with db.look() as work:
        for column in the_register():
            if column.must_be_guarded:
                query = select(metadata.tables[column.table].c[column.name])
                values = [each for each in work.conn.execute(query).scalars() if each is not None]
                found |= {each.encode() if isinstance(each, str) else bytes(each) for each in values}
    return found


def stolen(db: Database) -> bytes:
    """Every byte of the database's files."""
    if db.engine.dialect.name == "sqlite":
        path = str(db.engine.url.database)
        return b"\n".join(Path(each).read_bytes() for each in (path, f"{path}-wal", f"{path}-shm"))
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("CHECKPOINT"))
        ours = "relkind IN ('r', 'i', 't') AND relname !~ '^(pg_[^t]|sql_)' AND pg_relation_filepath(oid) LIKE 'base/%'"
        query = f"SELECT pg_read_binary_file(pg_relation_filepath(oid)) FROM pg_class WHERE {ours}"
        return b"\n".join(bytes(each) for each in conn.execute(text(query)).scalars())


def test_without_the_keys_nobody_reads_a_name_or_guesses_a_number(db: Database) -> None:
    with db.work() as work:
        everything_about_somebody(work)
        staff.add(work, login=LOGIN, name=planted("staff"), mail=MAIL, role="member", windows=("desk",))
    raw = stolen(db)
    assert leaks_in(raw) == []
    guesses = (
        LINE_ID,
        PHONE,
        PHONE.replace("-", ""),
        "+81" + PHONE.replace("-", "")[1:],
        MAIL,
        LOGIN,
        WHO.name or "",
    )
    for guess in guesses:
        assert guess.encode() not in raw
        for maker in (
            hashlib.md5,
            hashlib.sha1,
            hashlib.sha256,
            hashlib.sha512,
            hashlib.blake2b,
            hashlib.sha3_256,
        ):
            digest = maker(guess.encode())
            for form in (digest.digest(), digest.hexdigest().encode(), digest.hexdigest().upper().encode()):
                assert form not in raw, f"{maker.__name__} of {guess}"


def test_who_was_erased_is_in_no_file_any_more_not_even_sealed(db: Database) -> None:
    with db.work() as work:
        person = everything_about_somebody(work)
    before, first = kept(db), stolen(db)
    assert [each for each in before if each not in first] == [], "the search would prove nothing"
    with db.work() as work:
        life.erase_person(work, person)
    gone = before - kept(db)
    assert len(gone) >= 20
    if db.engine.dialect.name == "sqlite":
        assert any(each in stolen(db) for each in gone), (
            "the log of SQLite still holds it: that is what folding is for"
        )
        assert erasing.fold(db)  # jobs/programme.py, within a minute
    else:
        assert any(
            sweeping.sweep(db) == () for _ in range(20)
        )  # jobs/nightly.py; other suites use this server, too
    raw = stolen(db)
    assert [each for each in gone if each in raw] == []
    assert leaks_in(raw) == []


def test_every_table_about_people_is_swept() -> None:
    assert {"people", "supporters", "concerns", "course_members", "sign_in_tries"} <= set(
        sweeping.about_people()
    )
    assert "courses" not in sweeping.about_people()


def test_a_table_that_somebody_holds_waits_for_the_next_night(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite overwrites at once")
    monkeypatch.setattr(sweeping, "WAIT", 0.05)
    with db.work() as work:
        work.conn.execute(text("LOCK TABLE supporters IN ROW EXCLUSIVE MODE"))
        assert "supporters" in sweeping.sweep(db)


def test_a_log_that_somebody_still_reads_is_folded_a_minute_later(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.work() as work:
        person = everything_about_somebody(work)
    with db.work() as work:
        life.erase_person(work, person)
    monkeypatch.setattr(Database, "truncate_log", lambda _db: False)
    assert not erasing.fold(db)
    monkeypatch.undo()
    assert erasing.fold(db)
    assert not erasing.fold(db)  # once is enough
