"""Two units of work that touch the same people and concerns never wait for each other for ever (PostgreSQL)."""

from __future__ import annotations

import threading

import pytest
from office import again, report, reporter
from sqlalchemy import text
from town import PUBLIC_URL, the_content

from bot.desk import hearing_back, telling
from storage import concerns, inboxes, people
from storage.concerns import Concern
from storage.people import people as persons
from storage.work import Database, Work

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

PATIENCE = text("SET LOCAL lock_timeout = '3s'")


@pytest.fixture
def concern(db: Database) -> Concern:
    return report(db, person_id=reporter(db))


def line_id_of(work: Work, concern: Concern) -> str:
    row = work.conn.execute(persons.select().where(persons.c.id == concern.person_id)).one()
    return str(work.unseal(row.line_id, row.channel, "people", "line_id", row.id))


def chats(work: Work, concern: Concern) -> None:
    """An event of the reporter's chat begins."""
    people.lock(work, concern.channel, line_id_of(work, concern))
    work.conn.execute(PATIENCE)


def test_a_desk_writes_to_somebody_who_is_just_chatting(db: Database, concern: Concern) -> None:
    with db.work() as chat, db.work() as desk:
        chats(chat, concern)
        desk.conn.execute(PATIENCE)
        hearing_back.tell(desk, the_content(), concern, "read")


def test_an_entry_is_written_beside_a_concern_that_somebody_keeps_still(
    db: Database, concern: Concern
) -> None:
    from storage import entries

    with db.work() as desk, db.work() as other:
        inboxes.lock_all(desk, [concern])
        concerns.accept(desk, concern)
        other.conn.execute(PATIENCE)
        entries.add(other, concern, "note", "person", {"text": "x"})


def test_the_form_waits_for_the_chat_before_it_touches_the_concern(db: Database, concern: Concern) -> None:
    def form() -> None:
        with db.work() as work:
            telling.answered(work, the_content(), PUBLIC_URL, concern, "私も死にたい")

    sent = threading.Thread(target=form)
    with db.work() as chat:
        chats(chat, concern)
        sent.start()
        while sent.is_alive() and not _somebody_waits(db):
            pass
        concerns.doubt(chat, concern)  # was a deadlock: the form had the concern and wanted the person
    sent.join(10)
    assert not sent.is_alive()
    assert again(db, concern).doubted
    assert again(db, concern).danger


def _somebody_waits(db: Database) -> bool:
    waiting = text(
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE NOT l.granted AND a.datname = current_database()"
    )
    with db.look() as work:
        return bool(work.conn.execute(waiting).scalar())
