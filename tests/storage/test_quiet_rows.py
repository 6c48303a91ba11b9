"""No news for somebody in danger: neither from what begins, nor from what is frozen and waits."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from surroundings import Clock

from storage import broadcasts, freezing, outbox, people, quiet, recipients, segments
from storage.people import Person
from storage.work import Database, Work

DAY = dt.timedelta(hours=24)
TEXT = [{"type": "text", "text": "お楽しみ会のお知らせ"}]


def friends(db: Database, count: int) -> list[Person]:
    with db.work() as work:
        return [people.lock(work, "default", f"U{number:032x}") for number in range(count)]


def frozen(db: Database, chunk_size: int = 2) -> str:
    with db.work() as work:
        made = broadcasts.schedule(work, "default", TEXT, segments.EVERYONE, work.now, created_by="staff")
        assert broadcasts.start(work, made.id)
        freezing.freeze(work, made.id, lambda _: TEXT, chunk_size=chunk_size)
    return made.id


def addresses(db: Database) -> list[list[str]]:
    with db.look() as work:
        rows = work.conn.execute(select(outbox.outbox).order_by(outbox.outbox.c.id)).all()
        return [_body(work, row)["to"] for row in rows if row.body is not None]


def everybody(db: Database) -> list[str]:
    return [address for chunk in addresses(db) for address in chunk]


def _body(work: Work, row: object) -> dict[str, list[str]]:
    found: dict[str, list[str]] = work.unseal(
        row.body,  # type: ignore[attr-defined]
        "default",
        "outbox",
        "body",
        row.retry_key,  # type: ignore[attr-defined]
    )
    return found


def be_quiet(db: Database, person: Person) -> None:
    with db.work() as work:
        quiet.until(work, person, work.now + DAY)


def test_for_a_day_nobody_counts_them_among_the_recipients(db: Database, clock: Clock) -> None:
    one, *_ = friends(db, 3)
    be_quiet(db, one)
    with db.look() as work:
        assert recipients.count_recipients(work, "default", segments.EVERYONE) == 2
    clock.move(hours=23, minutes=59)
    frozen(db)
    assert one.line_id not in everybody(db)
    clock.move(minutes=2)
    with db.look() as work:
        assert recipients.count_recipients(work, "default", segments.EVERYONE) == 3


def test_from_a_broadcast_that_waits_they_are_taken_out(db: Database) -> None:
    """It may be paused for days; resumed, it would reach them in the worst hour."""
    one, two, three = friends(db, 3)
    sent = frozen(db)
    with db.work() as work:
        broadcasts.pause(work, sent)
    be_quiet(db, two)
    with db.work() as work:
        broadcasts.resume(work, sent)
        tally = broadcasts.tally(work, sent)
    assert sorted(everybody(db)) == sorted([one.line_id, three.line_id])
    assert (tally.recipients, tally.remaining) == (2, 2)


def test_a_chunk_that_line_may_have_seen_keeps_its_bytes(db: Database) -> None:
    one, two = friends(db, 2)
    sent = frozen(db)
    with db.work() as work:
        work.conn.execute(outbox.outbox.update().values(first_tried=work.now))
    be_quiet(db, one)
    assert addresses(db) == [[one.line_id, two.line_id]]
    with db.look() as work:
        assert broadcasts.tally(work, sent).recipients == 2


def test_a_broadcast_to_nobody_else_comes_to_its_end(db: Database) -> None:
    (one,) = friends(db, 1)
    sent = frozen(db)
    be_quiet(db, one)
    with db.look() as work:
        found = broadcasts.get(work, sent)
        assert found is not None
        assert found.status == "sent"
    assert addresses(db) == []
