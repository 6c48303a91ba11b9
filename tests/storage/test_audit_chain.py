"""The audit list is a chain: whatever somebody changes in it afterwards shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, insert, update
from surroundings import Clock

from storage import audit
from storage.audit import Broken, Head, audit_heads
from storage.database import keyring
from storage.work import Database, Work

LINES = 12


@pytest.fixture
def written(db: Database, clock: Clock) -> Database:
    for number in range(LINES):
        with db.work() as work:
            audit.note(work, f"staff:{number}", "read", "concern", f"c{number}", "default")
            audit.note(work, "cli", "paused", "broadcast", "b1", "iwami")
        clock.move(days=1)
    return db


def _verified(db: Database, kept: Head | None = None, channel: str = "default") -> Broken | None:
    with db.look() as work:
        return audit.verify(work, channel, kept)


def _tamper(db: Database, deed: Callable[[Work], Any]) -> None:
    with db.work() as work:
        deed(work)


def test_an_untouched_list_holds_in_every_channel(written: Database) -> None:
    with written.look() as work:
        assert audit.channels(work) == ("default", "iwami")
    assert _verified(written) is None
    assert _verified(written, channel="iwami") is None


def test_a_channel_without_lines_holds(db: Database) -> None:
    assert _verified(db, channel="nothing") is None


@pytest.mark.parametrize("seq", [1, 6, LINES])
@pytest.mark.parametrize(
    "change",
    [
        {"actor": "staff:99"},
        {"deed": "listed"},
        {"kind": "danger"},
        {"subject_id": "other"},
        {"at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)},
        {"hash": "0" * 64},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_line_shows(written: Database, seq: int, change: dict[str, Any]) -> None:
    here = (audit.audit.c.channel == "default", audit.audit.c.seq == seq)
    _tamper(written, lambda work: work.conn.execute(update(audit.audit).where(*here).values(**change)))
    assert _verified(written) == Broken("default", seq, "changed")


@pytest.mark.parametrize("seq", range(1, LINES + 1))
def test_a_line_that_was_taken_out_shows(written: Database, seq: int) -> None:
    here = (audit.audit.c.channel == "default", audit.audit.c.seq == seq)
    _tamper(written, lambda work: work.conn.execute(delete(audit.audit).where(*here)))
    assert _verified(written) == Broken("default", seq, "missing")


def test_two_lines_that_changed_places_show(written: Database) -> None:
    def swap(work: Work) -> None:
        default = audit.audit.c.channel == "default"
        for now, then in ((3, 900), (4, 3), (900, 4)):
            work.conn.execute(update(audit.audit).where(default, audit.audit.c.seq == now).values(seq=then))

    _tamper(written, swap)
    assert _verified(written) == Broken("default", 3, "changed")


@pytest.mark.parametrize("seq", [None, LINES + 1])
def test_a_line_that_was_slipped_in_shows(written: Database, seq: int | None) -> None:
    def slip_in(work: Work) -> None:
        line = {"at": work.now, "actor": "me", "deed": "x", "kind": "y", "subject_id": "z"}
        work.conn.execute(insert(audit.audit).values(channel="default", seq=seq, hash="0" * 64, **line))

    _tamper(written, slip_in)
    broken = _verified(written)
    assert broken is not None
    assert broken.what in ("added", "changed")


def test_an_end_that_was_cut_off_shows_even_with_its_head_moved(written: Database) -> None:
    def cut(work: Work) -> None:
        default = audit.audit.c.channel == "default"
        last = audit.audit.c.seq > LINES - 2
        kept = work.conn.execute(audit.audit.select().where(default, audit.audit.c.seq == LINES - 2)).one()
        work.conn.execute(delete(audit.audit).where(default, last))
        work.conn.execute(
            update(audit_heads).where(audit_heads.c.channel == "default").values(seq=kept.seq, hash=kept.hash)
        )

    _tamper(written, cut)
    assert _verified(written) == Broken("default", LINES - 2, "head")


def test_a_head_that_was_kept_elsewhere_shows_that_all_was_put_back(db: Database, clock: Clock) -> None:
    def deed(name: str) -> None:
        with db.work() as work:
            audit.note(work, name, "read", "concern", "c1", "default")

    deed("first")
    with db.look() as work:
        before = work.conn.execute(audit_heads.select()).one()._asdict()
    deed("second")
    with db.look() as work:
        kept = audit.head(work, "default")
    assert _verified(db, kept) is None

    def put_back(work: Work) -> None:
        work.conn.execute(delete(audit.audit).where(audit.audit.c.seq == 2))
        work.conn.execute(update(audit_heads).values(**before))

    _tamper(db, put_back)
    assert _verified(db) is None  # from inside it cannot be seen
    assert _verified(db, kept) == Broken("default", 1, "given")
    deed("another second")
    assert _verified(db, kept) == Broken("default", 2, "given")


def test_a_chain_goes_on_where_its_old_lines_were_forgotten(written: Database, clock: Clock) -> None:
    with written.work() as work:
        assert audit.forget_old(work, dt.timedelta(days=5)) == 14  # seven days in two channels
    assert _verified(written) is None
    with written.work() as work:
        audit.note(work, "staff:1", "read", "concern", "c1", "default")
    assert _verified(written) is None
    first_left = (audit.audit.c.channel == "default", audit.audit.c.seq == 8)
    _tamper(written, lambda work: work.conn.execute(delete(audit.audit).where(*first_left)))
    assert _verified(written) == Broken("default", 8, "missing")


def test_a_chain_whose_lines_were_all_forgotten_goes_on(written: Database, clock: Clock) -> None:
    with written.work() as work:
        assert audit.forget_old(work, dt.timedelta(0)) == 2 * LINES
        audit.note(work, "staff:1", "read", "concern", "c1", "default")
    assert _verified(written) is None


def _old_line(work: Work, channel: str = "default", **given: Any) -> None:
    line = {"at": work.now, "actor": "me", "deed": "x", "kind": "y", "subject_id": "z"}
    work.conn.execute(insert(audit.audit).values(channel=channel, **line | given))


def test_lines_from_before_the_chain_are_taken_into_it(db: Database) -> None:
    _tamper(db, _old_line)
    _tamper(db, lambda work: _old_line(work, "iwami"))
    assert _verified(db) is None
    with db.work() as work:
        audit.note(work, "staff:1", "read", "concern", "c1", "default")
        assert len(audit.listed(work)) == 3
    assert [_verified(db), _verified(db, channel="iwami")] == [None, None]
    _tamper(db, lambda work: work.conn.execute(update(audit.audit).values(actor="you")))
    assert _verified(db) == Broken("default", 1, "changed")
    assert _verified(db, channel="iwami") == Broken("iwami", 1, "changed")


def test_a_line_that_pretends_to_be_older_than_the_chain_shows(written: Database) -> None:
    _tamper(written, lambda work: _old_line(work, id=-5, at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)))
    assert _verified(written) == Broken("default", -5, "added")


def test_a_line_in_a_channel_of_its_own_shows(written: Database) -> None:
    _tamper(written, lambda work: _old_line(work, "elsewhere"))
    with written.look() as work:
        assert "elsewhere" in audit.channels(work)
    assert _verified(written, channel="elsewhere") == Broken("elsewhere", 0, "added")


def _take_away(work: Work, *, book: bool = False, channel: str | None = None) -> None:
    for table in (audit.audit, audit_heads):
        gone = delete(table)
        work.conn.execute(gone if channel is None else gone.where(table.c.channel == channel))
    if book:
        work.conn.execute(delete(keyring).where(keyring.c.name == audit.BOOK))


def test_a_channel_that_was_taken_away_with_its_head_shows(written: Database) -> None:
    _tamper(written, lambda work: _take_away(work, channel="iwami"))
    with written.look() as work:
        assert audit.channels(work) == ("default", "iwami")
    assert _verified(written, channel="iwami") == Broken("iwami", 1, "missing")
    assert _verified(written) is None


def test_a_list_that_was_emptied_shows_also_after_new_lines(written: Database) -> None:
    _tamper(written, _take_away)
    assert _verified(written) == Broken("default", 1, "missing")
    with written.work() as work:  # the desks work on, and it is told for ever
        audit.note(work, "staff:1", "read", "concern", "c1", "default")
    assert _verified(written) == Broken("default", 1, "missing")


def test_a_head_that_was_taken_away_shows_and_the_desks_work_on(written: Database) -> None:
    _tamper(written, lambda work: work.conn.execute(delete(audit_heads)))
    with written.work() as work:
        audit.note(work, "staff:1", "read", "concern", "c1", "default")
    assert _verified(written) == Broken("default", 1, "missing")


def test_a_book_that_was_taken_away_shows(written: Database) -> None:
    _tamper(written, lambda work: work.conn.execute(delete(keyring).where(keyring.c.name == audit.BOOK)))
    assert _verified(written) == Broken("default", LINES, "head")


def test_a_head_that_was_kept_shows_that_everything_was_taken_away(written: Database) -> None:
    with written.look() as work:
        kept = audit.head(work, "default")
    _tamper(written, lambda work: _take_away(work, book=True))
    assert _verified(written, kept) == Broken("default", LINES, "given")


def test_lines_do_not_change_their_channel(written: Database) -> None:
    def swap(work: Work) -> None:
        for now, then in (("default", "x"), ("iwami", "default"), ("x", "iwami")):
            for table in (audit.audit, audit_heads):
                work.conn.execute(update(table).where(table.c.channel == now).values(channel=then))

    _tamper(written, swap)
    assert _verified(written) == Broken("default", LINES, "head")


def test_deeds_that_touch_two_channels_do_not_wait_crosswise(
    db: Database, together: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    _tamper(db, lambda work: [audit.note(work, "me", "x", "y", "z", each) for each in ("default", "iwami")])

    def deed(number: int) -> None:
        for _ in range(5):
            with db.work() as work:
                for channel in ("default", "iwami") if number % 2 else ("iwami", "default"):
                    audit.note(work, f"staff:{number}", "listed", "window", "w", channel)

    together(8, deed)
    with db.look() as work:
        assert audit.head(work, "iwami").seq == 41
    assert _verified(db) is None


def test_deeds_at_one_moment_make_one_chain(
    db: Database, together: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    def deed(number: int) -> None:
        with db.work() as work:
            audit.note(work, f"staff:{number}", "read", "concern", "c1", "default")
            audit.note(work, f"staff:{number}", "accept", "concern", "c1", "default")

    together(12, deed)
    assert _verified(db) is None
    with db.look() as work:
        assert audit.head(work, "default").seq == 24
