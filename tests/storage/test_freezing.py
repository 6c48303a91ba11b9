"""Freezing: everybody in one chunk, everybody in a chunk that says what is meant for them."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, get_args

import pytest
from sqlalchemy import event, select, update

from storage import broadcasts, freezing, outbox, people
from storage.broadcasts import broadcast_recipients
from storage.freezing import Axis, Variant
from storage.people import people as people_table
from storage.segments import EVERYONE, Fits, Segment
from storage.work import Database, Work

AXES: tuple[Axis, ...] = get_args(Axis)
TOPICS = ("events", "food", "tips")
Messages = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Somebody:
    id: str
    line_id: str
    friend: bool
    paused: bool
    language: str | None
    town: str | None
    district: str | None
    topics: frozenset[str]

    def variant(self, axes: frozenset[Axis]) -> Variant:
        """By plain Python what the words may differ by for this person."""
        return Variant(
            (self.language or "ja") if "language" in axes else None,
            self.town if "town" in axes else None,
            self.district if "district" in axes else None,
            self.topics if "topics" in axes else frozenset(),
        )


def populate(work: Work, pick: random.Random, count: int) -> list[Somebody]:
    found = []
    for number in range(count):
        person = people.lock(work, "default", f"U{number:032x}")
        topics = frozenset(topic for topic in TOPICS if pick.random() < 0.4)
        one = Somebody(
            person.id,
            person.line_id,
            pick.random() < 0.85,
            pick.random() < 0.1,
            pick.choice((None, "ja", "en", "vi")),
            pick.choice((None, "tottori", "iwami")),
            pick.choice((None, "aoya", "uradome")),
            topics,
        )
        people.set_topics(work, person, topics)
        names = ("friend", "paused", "language", "town", "district")
        work.conn.execute(
            update(people_table)
            .where(people_table.c.id == person.id)
            .values({name: getattr(one, name) for name in names})
        )
        found.append(one)
    return found


def words(variant: Variant) -> Messages:
    return [
        {
            "type": "text",
            "text": repr((variant.language, variant.town, variant.district, sorted(variant.topics))),
        }
    ]


def started(work: Work, segment: Segment = EVERYONE) -> str:
    made = broadcasts.schedule(work, "default", [{"text": "a"}], segment, work.now, created_by="x")
    assert broadcasts.start(work, made.id)
    return made.id


def subsets() -> list[frozenset[Axis]]:
    return [frozenset(some) for size in range(len(AXES) + 1) for some in combinations(AXES, size)]


@pytest.mark.parametrize("seed", range(2))
def test_everybody_is_in_one_chunk_that_says_what_is_meant_for_them(db: Database, seed: int) -> None:
    pick = random.Random(seed)
    with db.work() as work:
        known = populate(work, pick, 90)
    for axes in subsets():
        size = pick.choice((1, 3, 7, 500))
        segment = pick.choice((EVERYONE, Fits("town", ("iwami",)), Fits("topic", ("food", "tips"))))
        fit = [one for one in known if _fits(segment, one)]
        silent = {one.variant(axes) for one in fit if pick.random() < 0.1}
        _compare(db, segment, axes, size, fit, silent)


def _fits(segment: Segment, one: Somebody) -> bool:
    if segment == EVERYONE:
        return True
    return one.town == "iwami" if segment == Fits("town", ("iwami",)) else bool(one.topics & {"food", "tips"})


def _compare(
    db: Database,
    segment: Segment,
    axes: frozenset[Axis],
    size: int,
    fit: list[Somebody],
    silent: set[Variant],
) -> None:
    """What the database wrote down against what plain Python says."""
    with db.work() as work:
        made = started(work, segment)
        count = freezing.freeze(
            work, made, lambda variant: [] if variant in silent else words(variant), axes, size
        )
        rows = work.conn.execute(
            select(broadcast_recipients).where(broadcast_recipients.c.broadcast_id == made)
        ).all()
        sent = [row for row in outbox.claim(work, 10_000) if row.broadcast_id == made]
    meant = [one for one in fit if one.variant(axes) not in silent]
    gets = {one.id: one for one in meant if one.friend and not one.paused}
    gone = {one.id for one in meant if not one.friend}
    assert count == len(rows) == len(gets) + len(gone)
    assert {row.person_id for row in rows if row.outcome == "blocked" and row.chunk is None} == gone
    chunks = defaultdict(list)
    for row in rows:
        if row.outcome is None:
            chunks[row.chunk].append(gets[row.person_id])
    assert sorted(chunks) == list(range(len(chunks)))
    assert sorted(one.id for some in chunks.values() for one in some) == sorted(gets)
    variants = {one.variant(axes): 0 for one in gets.values()}
    for number, some in chunks.items():
        (variant,) = {one.variant(axes) for one in some}
        assert len(some) <= size
        variants[variant] += 1
        (row,) = [row for row in sent if row.chunk == number]
        assert row.body["to"] == [one.line_id for one in sorted(some, key=lambda one: one.id)]
        assert row.body["messages"] == words(variant)
    assert len(sent) == len(chunks)
    for variant, number in variants.items():  # and in no more chunks than they need
        people_of_it = [one for one in gets.values() if one.variant(axes) == variant]
        assert number == -(-len(people_of_it) // size)


def test_where_nobody_has_anything_to_read_it_is_sent_at_once_to_nobody(db: Database) -> None:
    with db.work() as work:
        populate(work, random.Random(1), 10)
        made = started(work)
        assert freezing.freeze(work, made, lambda _: [], frozenset(AXES)) == 0
        assert broadcasts.status_of(work, made) == "sent"
        assert outbox.claim(work, 10) == []


@pytest.mark.parametrize("axes", [frozenset[Axis](), frozenset(AXES)], ids=["alike", "by every axis"])
def test_sqlite_sorts_nobody(db: Database, axes: frozenset[Axis]) -> None:
    """It sorts in memory: a million people would lie there once more."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL sorts in files")
    steps: list[str] = []

    def explain(_conn: Any, cursor: Any, statement: str, given: Any, _context: Any, _many: bool) -> None:
        if "FROM freezing" in statement:
            plan = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", given)
            steps.extend(row[3] for row in plan)

    with db.work() as work:
        populate(work, random.Random(1), 50)
        event.listen(work.conn, "before_cursor_execute", explain)
        freezing.freeze(work, started(work), words, axes)
    assert any("freezing" in step for step in steps)
    assert not [step for step in steps if "TEMP B-TREE" in step]
