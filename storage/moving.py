"""A town moves from SQLite to PostgreSQL: copied while it goes on, then in one short break made equal and handed over.

1. `first_round`, as often as you like: batch by batch, each read at its own moment, compared with what stands in the
   target already, written where it differs, read back and compared again. Killed anywhere it goes on where it was.
2. `hand_over`, with the service stopped: alone with the file, every row of every table is compared once more, and what
   changed since is written. Then the target becomes an ordinary database, and the source says that it has moved.

At no moment would both be opened by a service: an unfinished copy is refused (moved.Unfinished), and the source is
marked (moved.Moved) before the target is finished. Killed between the two, neither opens until `hand_over` is called
again; nothing is lost, since it only has to compare.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import Connection, Engine, Table

from storage import audit, moved, moving_source, moving_target, staff
from storage.crypto import Cipher, blind_index
from storage.database import check_durable, index_key_in
from storage.migrate import newest, pending, rebuilding, revision_of, upgrade
from storage.moving_rows import Batch, Key, Raw, batch_after, clear_between, put, rows_between
from storage.moving_target import Reached
from storage.restore import holds_data, only_we
from storage.work import Work

Trouble = Literal[
    "not_sqlite", "not_postgresql", "source_old", "source_new", "not_empty", "another_town", "another_version",
    "elsewhere", "not_utf8", "unfit", "differs", "handing_over", "stays_open",
]  # fmt: skip
State = Literal["new", "begun", "done"]
Told = Callable[[str, int], None]  # a table, and how many more of its rows are equal now


class CannotMove(Exception):
    """The move was refused, or stopped where it was; `trouble` says why, `what` where."""

    def __init__(self, trouble: Trouble, what: str = "") -> None:
        super().__init__(f"{trouble}: {what}" if what else trouble)
        self.trouble, self.what = trouble, what


@dataclass(frozen=True)
class Move:
    """From where to where; `to` is the target's address without a password, as the source will name it."""

    source: Engine
    target: Engine
    cipher: Cipher
    to: str


@dataclass(frozen=True)
class Done:
    """One table: its rows, each of which is the same on both sides, and how many had to be written in this round."""

    rows: int
    written: int


@dataclass(frozen=True)
class Outlook:
    """What a move would find: rows per table here and there, and the values that PostgreSQL does not take."""

    state: State
    rows: dict[str, int]
    copied: dict[str, int]
    unfit: list[moving_source.Unfit] = field(default_factory=list)


def outlook(move: Move) -> Outlook:
    """Look, and write nothing. Raises CannotMove, WrongKeys or NewerDatabase."""
    with move.source.connect().execution_options(reads_only=True) as source, move.target.connect() as target:
        state = _state(move, source, target)
        there = moving_target.reached(target) if state == "begun" else {}
        rows = moving_source.counted(source)
        copied = {name: there[name].rows if name in there else 0 for name in rows}
        return Outlook(state, rows, copied, moving_source.unfit(source))


def first_round(move: Move, now: dt.datetime, actor: str, told: Told = lambda *_: None) -> dict[str, Done]:
    """Copy while the town goes on; a round that had ended begins again, and writes what has changed since."""
    with move.source.connect().execution_options(reads_only=True) as source:
        with source.begin():
            _all_fits(source)
            if moved.moved_to(source) is not None:
                raise CannotMove("handing_over")
        with _target(move, source, now) as target:
            with move.source.begin() as conn:
                _noted(move, conn, now, actor, "copied")
            tables = _tables(source)
            with target.begin():
                so_far = moving_target.reached(target)
                if all(so_far[table.name].ended for table in tables):
                    moving_target.start_over(target)
                    so_far = moving_target.reached(target)
            return _round(source, target, tables, told, so_far)


def hand_over(move: Move, now: dt.datetime, actor: str, told: Told = lambda *_: None) -> dict[str, Done]:
    """Make both equal, prove it, and let the town go on over there. Raises InUse while a service is open here.

    Whatever goes wrong before the last step leaves the source as it was, and may be called again.
    """
    move.source.dispose()  # our own connections would keep us from being alone
    with moving_source.alone_with(move.source) as source:
        with source.begin():
            _all_fits(source)
        with _target(move, source, now) as target:
            with source.begin():
                if moved.moved_to(source) is None:  # else an earlier call has written it
                    _noted(move, source, now, actor, "moved")
            done = _round(source, target, _tables(source), told, None)
            with target.begin():
                moving_target.finish(target)
                with source.begin():
                    moved.mark(source, move.to, now)
    return done


def stay(move: Move, now: dt.datetime, actor: str, target_answers: bool) -> None:
    """The town stays where it is after all: the mark goes. Refused where the target is a database that works."""
    move.source.dispose()
    with moving_source.alone_with(move.source) as source, source.begin():
        if moved.moved_to(source) is None:
            return
        if target_answers:
            with move.target.connect() as target:
                if not moved.is_unfinished(target) and holds_data(target):
                    raise CannotMove("stays_open", move.to)
        moved.unmark(source)
        _noted(move, source, now, actor, "stayed")


def _all_fits(source: Connection) -> None:
    if bad := moving_source.unfit(source):
        raise CannotMove("unfit", f"{bad[0].table}.{bad[0].column}")


def _noted(move: Move, conn: Connection, now: dt.datetime, actor: str, deed: str) -> None:
    """The audit list knows of it; copied along, it says so over there, too."""
    work = Work(conn, move.cipher, _index_key(conn, move.cipher), now)
    audit.note(work, actor, deed, "database", _source_id(conn, move.cipher)[:32], staff.HOUSE)
    work.settle()


def _index_key(conn: Connection, cipher: Cipher) -> bytes:
    key = index_key_in(conn, cipher)
    if key is None:
        raise CannotMove("source_new")
    return key


def _source_id(conn: Connection, cipher: Cipher) -> str:
    """The same for as long as this town has its database, and for no other; says nothing about its keys."""
    return blind_index(_index_key(conn, cipher), "moving")


def _state(move: Move, source: Connection, target: Connection) -> State:
    """What a move begins with. Raises CannotMove where these two do not belong together."""
    if move.source.dialect.name != "sqlite":
        raise CannotMove("not_sqlite")
    if move.target.dialect.name != "postgresql":
        raise CannotMove("not_postgresql")
    if not newest(source):
        raise CannotMove("source_old", revision_of(source) or "")
    if target.exec_driver_sql("SHOW server_encoding").scalar() != "UTF8":
        raise CannotMove("not_utf8")
    mine, gone, begun = _source_id(source, move.cipher), moved.moved_to(source), moving_target.whose(target)
    if gone not in (None, move.to):
        raise CannotMove("elsewhere", str(gone))
    if begun is not None:
        if begun[0] != mine:
            raise CannotMove("another_town")
        if begun[1] != revision_of(source):
            raise CannotMove("another_version", begun[1])
        return "begun"
    if not holds_data(target):
        return "new"
    if gone is None:
        raise CannotMove("not_empty")
    return "done"


@contextmanager
def _target(move: Move, source: Connection, now: dt.datetime) -> Iterator[Connection]:
    """A connection to the unfinished copy, which is made where there is none yet. Raises InUse where a service, or
    another copying, is there."""
    move.target.dispose()  # from here on it has one connection: more of them would look like somebody else's
    only_we(move.target)
    check_durable(move.target)
    with source.begin(), move.target.connect() as target:
        state = _state(move, source, target)
        mine, revision = _source_id(source, move.cipher), revision_of(source) or ""
    if state == "done":
        raise CannotMove("elsewhere", move.to)
    if state == "new":
        pending(move.target)  # raises NewerDatabase
        with rebuilding(move.target) as conn:
            upgrade(conn)
            moving_target.begin(conn, mine, revision, now)
    with move.target.connect() as target:
        moving_target.prepare_session(target)
        yield target


def _tables(source: Connection) -> list[Table]:
    with source.begin():
        return moving_source.there(source)


def _round(
    source: Connection,
    target: Connection,
    tables: list[Table],
    told: Told,
    so_far: Mapping[str, Reached] | None,
) -> dict[str, Done]:
    """Every table, as far as it was not reached before; without `so_far` every row, and nothing is noted."""
    done = {}
    for table in tables:
        begin = Reached(None, 0, False) if so_far is None else so_far[table.name]
        told(table.name, begin.rows)
        if begin.ended:
            done[table.name] = Done(begin.rows, 0)
        else:
            done[table.name] = _one_table(source, target, table, told, begin, so_far is not None)
    return done


def _one_table(
    source: Connection, target: Connection, table: Table, told: Told, begin: Reached, noting: bool
) -> Done:
    after, rows, written = begin.upto, begin.rows, 0
    while True:
        with source.begin():
            batch = batch_after(source, table, after)
        with target.begin():
            written += _made_equal(target, table, after, batch)
            rows += len(batch.rows)
            if noting:
                moving_target.note(target, table, batch.upto, rows)
        told(table.name, len(batch.rows))
        if batch.upto is None:
            return Done(rows, written)
        after = batch.upto


def _made_equal(target: Connection, table: Table, after: Key | None, batch: Batch) -> int:
    """How many rows had to be written or went; what stands there in the end was read back, and is the same."""
    found = rows_between(target, table, after, batch.upto)
    if found == batch.rows:
        return 0
    clear_between(target, table, after, batch.upto)
    put(target, table, batch.rows)
    if (kept := rows_between(target, table, after, batch.upto)) != batch.rows:
        raise CannotMove("differs", f"{table.name} {_first_difference(table, batch, kept)}")
    here, over_there = set(batch.rows), set(found)
    return max(len(here - over_there), len(over_there - here))


def _first_difference(table: Table, batch: Batch, kept: list[Raw]) -> str:
    """The key of the first row that PostgreSQL gives back in another way than it was given."""
    row = next((row for row, other in zip(batch.rows, kept, strict=False) if row != other), None)
    if row is None:
        return ""
    names = table.c.keys()
    return "/".join(str(row[names.index(key.name)]) for key in table.primary_key)
