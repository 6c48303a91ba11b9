"""Freezing: who gets a broadcast is written down at its start, in chunks, each with the words for its people.

All people and all words stand at once (`freeze`). The calls with their addresses follow in steps (`go_on`): with a
million people nobody else could write into SQLite for half a minute. `next_chunk` of a broadcast says how far that is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, Literal, get_args

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Row,
    String,
    Table,
    UniqueConstraint,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)

from storage import broadcasts, outbox, recipients
from storage.broadcasts import Broadcast, broadcast_recipients
from storage.broadcasts import broadcasts as table
from storage.crypto import SealBroken
from storage.people import people, person_topics
from storage.schema import metadata, new_id, sealed
from storage.work import Work

CHUNK = 500  # LINE takes at most 500 addresses in one multicast
AT_ONCE = 5_000  # people in one step, less than a tenth of a second; more than any chunk has
JAPANESE = "ja"
MOST_TOPICS = 62  # as many bits as both databases can add up

Axis = Literal["language", "town", "district", "topics"]


@dataclass(frozen=True)
class Variant:
    """What the words may differ by; None or empty: it was not asked for, or is not known of these people. `district`
    is a key within its town."""

    language: str | None = None
    town: str | None = None
    district: str | None = None
    topics: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Taken:
    """What each person takes, as one number (`of_person`, in a query over `people`), and what such a number says."""

    of_person: ColumnElement[int]
    read: Callable[[int], frozenset[str]]


Messages = Sequence[Mapping[str, Any]]
Render = Callable[[Variant], Messages]
"""LINE's messages for these people; none at all: they get nothing and are no recipients."""


def _axes() -> Iterator[Column[Any]]:
    """What people may differ by; empty, and not NULL, where it is not asked for or not known: that joins quickly."""
    yield Column("language", String(8), nullable=False)
    yield Column("town", String(32), nullable=False)
    yield Column("district", String(32), nullable=False)
    yield Column("topics", BigInteger, nullable=False)


AXES = tuple(get_args(Axis))

# SQLite keeps it in memory, and would a second time to sort it: there it lies in order. PostgreSQL sorts in files.
_who = Table(
    "freezing",
    MetaData(),
    Column("person_id", String(32), nullable=False),
    Column("friend", Boolean, nullable=False),
    *_axes(),
    PrimaryKeyConstraint(*AXES, "friend", "person_id").ddl_if(dialect="sqlite"),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)

broadcast_variants = Table(
    "broadcast_variants",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("broadcast_id", ForeignKey("broadcasts.id", ondelete="CASCADE"), nullable=False),
    Column("channel", String(32), nullable=False),
    *_axes(),
    Column("first_chunk", Integer, nullable=False),
    sealed("messages", nullable=False),  # LINE's
    UniqueConstraint("broadcast_id", "language", "town", "district", "topics"),
)


def freeze(
    work: Work,
    broadcast_id: str,
    render: Render,
    axes: frozenset[Axis] = frozenset(),
    chunk_size: int = CHUNK,
    taken: Taken | None = None,
) -> int:
    """Write down who gets it, and what; nobody joins later. How many people that are; call `go_on` until it says that
    all is done. `taken` is what stands in `Variant.topics`; the topics that they chose, if it is left out.

    1. In SQL, at one moment: everybody whom it fits, by what `render` may tell apart.
    2. Per variant: its words, and its own run of chunks, by the order of their ids. Who blocked us has that
       outcome at once.
    3. The first calls, and for most broadcasts all of them.
    """
    found = broadcasts.get(work, broadcast_id, lock=True)
    if found is None or found.status != "sending" or found.prepared_at is not None:
        raise ValueError(
            f"broadcast {broadcast_id} is {found and found.status}; only one just started is frozen"
        )
    if taken is None:
        taken = _topics(_topics_of(work, found.channel) if "topics" in axes else ())
    _copy_everybody(work, found, axes, taken)
    chunks, total, variants = 0, 0, []
    for row in _variants(work):
        variant = Variant(
            row.language or None, row.town or None, row.district or None, taken.read(row.topics)
        )
        if messages := [dict(message) for message in render(variant)]:
            variants.append(_variant(work, found, row, chunks, messages))
            chunks += -(-row.friends // chunk_size)
            total += row.people
    if variants:
        work.conn.execute(insert(broadcast_variants), variants)
    _list(work, found, chunk_size)
    _who.drop(work.conn)
    work.conn.execute(
        update(table)
        .where(table.c.id == broadcast_id)
        .values(recipients=total, prepared_at=work.now, next_chunk=0)
    )
    go_on(work, broadcast_id)
    return total


def _copy_everybody(work: Work, found: Broadcast, axes: frozenset[Axis], taken: Taken) -> None:
    """Whom it fits, and what their words may differ by: a copy, so that what is counted is what is written although
    others write meanwhile. On SQLite it lies in memory: 60 MB for a million people."""
    known: dict[Axis, tuple[ColumnElement[Any], Any]] = {
        "language": (func.coalesce(people.c.language, JAPANESE), ""),
        "town": (func.coalesce(people.c.town, ""), ""),
        "district": (func.coalesce(people.c.district, ""), ""),
        "topics": (taken.of_person, 0),
    }
    asked = ((each if axis in axes else literal(none)).label(axis) for axis, (each, none) in known.items())
    fit = recipients.recipients_and_gone(found.channel, found.segment, work.now)
    query = select(people.c.id.label("person_id"), people.c.friend, *asked).where(fit)
    _who.create(work.conn)
    work.conn.execute(insert(_who).from_select(list(_who.c.keys()), query))


def _topics_of(work: Work, channel: str) -> tuple[str, ...]:
    """Every topic that somebody takes, in one order: its place is its bit."""
    query = select(person_topics.c.topic).where(person_topics.c.channel == channel).distinct()
    names = tuple(sorted(work.conn.execute(query).scalars()))
    if len(names) > MOST_TOPICS:
        raise ValueError(f"{len(names)} topics, more than {MOST_TOPICS}")
    return names


def _topics(names: Sequence[str]) -> Taken:
    """The topics that a person takes, one bit for each."""
    if not names:
        return Taken(literal(0), lambda _: frozenset())
    bit = case({name: 1 << place for place, name in enumerate(names)}, value=person_topics.c.topic, else_=0)
    mine = select(func.coalesce(func.sum(bit), 0)).where(person_topics.c.person_id == people.c.id)
    return Taken(
        mine.scalar_subquery(),
        lambda bits: frozenset(name for place, name in enumerate(names) if bits >> place & 1),
    )


def _variants(work: Work) -> Sequence[Row[*tuple[Any, ...]]]:
    """What its people differ by, how many of them are `friends`, and how many `people` there are."""
    axes = [_who.c[axis] for axis in AXES]
    friends = func.sum(case((_who.c.friend, 1), else_=0))
    query = select(*axes, friends.label("friends"), func.count().label("people"))
    return work.conn.execute(query.group_by(*axes).order_by(*axes)).all()


def _variant(
    work: Work, found: Broadcast, row: Row[*tuple[Any, ...]], first_chunk: int, messages: Messages
) -> dict[str, Any]:
    fresh = new_id()
    return {
        "id": fresh,
        "broadcast_id": found.id,
        "channel": found.channel,
        **{axis: row._mapping[axis] for axis in AXES},
        "first_chunk": first_chunk,
        "messages": work.seal(messages, found.channel, "broadcast_variants", "messages", fresh),
    }


def _list(work: Work, found: Broadcast, chunk_size: int) -> None:
    """Everybody whose variant has words; its friends in its own run of chunks."""
    mine = broadcast_variants.c
    # In the order in which they lie on SQLite; PostgreSQL has to sort, by one number twice as fast as by the axes.
    alike = [mine.first_chunk] if work.on_postgresql else [mine[axis] for axis in AXES]
    place = func.row_number().over(partition_by=(*alike, _who.c.friend), order_by=_who.c.person_id)
    query = select(
        _who.c.person_id,
        literal(found.id),
        literal(found.channel),
        case((_who.c.friend, mine.first_chunk + (place - 1) // chunk_size)),
        case((not_(_who.c.friend), literal("blocked"))),
    ).where(mine.broadcast_id == found.id, *(mine[axis] == _who.c[axis] for axis in AXES))
    columns = ["person_id", "broadcast_id", "channel", "chunk", "outcome"]
    work.conn.execute(insert(broadcast_recipients).from_select(columns, query))


def go_on(work: Work, broadcast_id: str) -> bool:
    """Put the calls for its next few thousand people; whether there are more.

    Each step is a transaction of its own. Who is in danger since the freezing, or was erased, is taken from the list.
    While the broadcast is paused its calls are put, and held.
    """
    query = select(table.c.channel, table.c.status, table.c.next_chunk).where(table.c.id == broadcast_id)
    found = work.conn.execute(query.with_for_update()).first()
    if found is None or found.next_chunk is None or found.status not in ("sending", "paused"):
        return False
    rows = _next_people(work, broadcast_id, found.next_chunk)
    last = None if len(rows) <= AT_ONCE else rows[-1].chunk
    rows = [row for row in rows if row.chunk != last]  # which is perhaps not whole, and the next step's
    words, held = _words(work, broadcast_id), found.status == "paused"
    broken: list[str] = []
    for chunk, some in groupby(rows, key=lambda row: int(row.chunk)):
        to = _addresses(work, found.channel, (row for row in some if row.calm), broken)
        if to:
            body = {"to": to, "messages": words(chunk)}
            outbox.put(
                work, found.channel, "multicast", body, broadcast_id=broadcast_id, chunk=chunk, held=held
            )
    mine = broadcast_recipients.c.broadcast_id == broadcast_id
    one = broadcast_recipients.c.person_id
    for ids in _some(broken):
        work.conn.execute(update(broadcast_recipients).where(mine, one.in_(ids)).values(outcome="failed"))
    for ids in _some([row.person_id for row in rows if not row.calm]):
        work.conn.execute(delete(broadcast_recipients).where(mine, one.in_(ids)))
    work.conn.execute(update(table).where(table.c.id == broadcast_id).values(next_chunk=last))
    if last is None:
        broadcasts.finish_if_done(work, broadcast_id)
    return last is not None


def _next_people(work: Work, broadcast_id: str, chunk: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """In the order of the chunks. The list is cut first, so that only these few thousand people are looked up."""
    mine = broadcast_recipients.c
    some = (
        select(mine.chunk, mine.person_id)
        .where(mine.broadcast_id == broadcast_id, mine.chunk >= chunk)
        .order_by(mine.chunk, mine.person_id)
        .limit(AT_ONCE + 1)
        .subquery()
    )
    safe = or_(people.c.danger_until.is_(None), people.c.danger_until <= work.now)
    calm = and_(people.c.id.is_not(None), safe)
    query = select(some.c.chunk, some.c.person_id, people.c.line_id, calm.label("calm"))
    query = query.join_from(some, people, people.c.id == some.c.person_id, isouter=True)
    return work.conn.execute(query.order_by(some.c.chunk, some.c.person_id)).all()


def _addresses(
    work: Work, channel: str, rows: Iterable[Row[*tuple[Any, ...]]], broken: list[str]
) -> list[str]:
    """LINE's user ids. One that no key of ours opens is noted in `broken`: it must not keep all others waiting."""
    found = []
    for row in rows:
        try:
            found.append(work.unseal(row.line_id, channel, "people", "line_id", row.person_id))
        except SealBroken:
            broken.append(row.person_id)
    return found


def _some(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """So many at a time: a database takes only so many values."""
    return (ids[begin : begin + 500] for begin in range(0, len(ids), 500))


def _words(work: Work, broadcast_id: str) -> Callable[[int], Messages]:
    """LINE's messages for each chunk."""
    mine = broadcast_variants.c
    query = select(mine.id, mine.channel, mine.first_chunk, mine.messages).where(
        mine.broadcast_id == broadcast_id
    )
    rows = work.conn.execute(query.order_by(mine.first_chunk, mine.id)).all()
    begins = [row.first_chunk for row in rows]

    @cache
    def opened(place: int) -> Messages:
        row = rows[place]
        found: Messages = work.unseal(row.messages, row.channel, "broadcast_variants", "messages", row.id)
        return found

    return lambda chunk: opened(bisect_right(begins, chunk) - 1)


def unfinished(work: Work) -> list[str]:
    """The broadcasts of which not all calls stand in the outbox: whoever was at it has died, or is at it now."""
    under_way = (table.c.next_chunk.is_not(None), table.c.status.in_(("sending", "paused")))
    return list(work.conn.execute(select(table.c.id).where(*under_way).order_by(table.c.id)).scalars())
