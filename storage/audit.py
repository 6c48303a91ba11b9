"""Who did what to which row: staff, commands and jobs leave a line here, in the transaction of the deed.

The lines of a channel are a chain: each carries a keyed hash over itself and the one before, so that a line
that was changed, removed, added or moved shows. The newest hash (`head`) can be kept elsewhere, on paper or in
the log: then even a whole chain that was put back to an earlier state shows. Which chains there are is kept sealed
in the keyring, so that one that was taken away with its head shows, too.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    Row,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from storage.database import keyring
from storage.schema import Moment, metadata
from storage.work import Work

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("deed", String(32), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("subject_id", String(64), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("seq", BigInteger),  # its place in the chain; none on lines from before there was a chain
    Column("hash", String(64)),
    Index(None, "kind", "subject_id"),
    Index(None, "at"),
    Index("uq_audit_channel_seq", "channel", "seq", unique=True),
)

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("seq", BigInteger, nullable=False),  # of the newest line
    Column("hash", String(64), nullable=False),
    Column("base_seq", BigInteger, nullable=False),  # of the newest line that was purged
    Column("base_hash", String(64), nullable=False),
    Column("seal", String(64), nullable=False),  # over the four: who cannot compute it cannot set them
)

START = ""  # the hash before the first line
BOOK = "audit"  # in the keyring: the names of all chains, and how often each has begun


@dataclass(frozen=True)
class Entry:
    """One deed; `kind` and `subject_id` say to what (ids only, never words)."""

    id: int
    at: dt.datetime
    actor: str
    deed: str
    kind: str
    subject_id: str
    channel: str


@dataclass(frozen=True)
class Head:
    """How long a chain is, and its newest hash."""

    channel: str
    seq: int
    hash: str


@dataclass(frozen=True)
class Broken:
    """Where a chain does not hold: the first place that is wrong, and what is wrong there.

    `what` is "changed" (a line's own words), "missing" (a gap), "added" (a line outside the chain), "head"
    (the end does not fit, or was put back), "given" (not the head that was kept elsewhere).
    """

    channel: str
    seq: int
    what: str


_ENTRY = tuple(audit.c[name] for name in ("id", "at", "actor", "deed", "kind", "subject_id", "channel"))


def note(work: Work, actor: str, deed: str, kind: str, subject_id: str, channel: str) -> None:
    """Write a deed down. It is chained just before the commit: until then nobody waits for the chain's end."""
    work.before_commit(channel, lambda: _chain(work, actor, deed, kind, subject_id, channel))


def _chain(work: Work, actor: str, deed: str, kind: str, subject_id: str, channel: str) -> None:
    head = _locked_head(work, channel)
    seq = head.seq + 1
    line = _hash(work, channel, head.hash, seq, work.now, actor, deed, kind, subject_id)
    work.conn.execute(
        insert(audit).values(
            at=work.now,
            actor=actor,
            deed=deed,
            kind=kind,
            subject_id=subject_id,
            channel=channel,
            seq=seq,
            hash=line,
        )
    )
    _set_head(work, channel, seq, line, head.base_seq, head.base_hash)


def _locked_head(work: Work, channel: str) -> Row[*tuple[Any, ...]]:
    query = select(audit_heads).where(audit_heads.c.channel == channel).with_for_update()
    found = work.conn.execute(query).first()
    if found is None:
        _begin(work, channel)
        found = work.conn.execute(query).one()
    return found


def _begin(work: Work, channel: str) -> None:
    """A chain begins: first it is written into the book. Lines from before there were chains go into theirs when
    the book itself begins; after that a line outside a chain is one that somebody has added.

    Where somebody took a head away a second chain begins: work goes on, and the book tells for ever.
    """
    known = _book(work, lock=True)
    if known is None:
        empty = work.seal({}, "", "keyring", "secret", BOOK)
        work.conn.execute(work.insert(keyring).values(name=BOOK, secret=empty).on_conflict_do_nothing())
        known = _book(work, lock=True) or {}
    if work.conn.execute(select(audit_heads).where(audit_heads.c.channel == channel)).first():
        return  # somebody else was faster
    fresh = {channel, *(_unchained(work) if not known else ())}
    names = work.seal(
        {**known, **{name: known.get(name, 0) + 1 for name in fresh}}, "", "keyring", "secret", BOOK
    )
    work.conn.execute(update(keyring).where(keyring.c.name == BOOK).values(secret=names))
    for name in sorted(fresh):
        last = work.conn.execute(select(func.max(audit.c.seq)).where(audit.c.channel == name)).scalar() or 0
        start = {"seq": last, "hash": START, "base_seq": last, "base_hash": START}
        seal = _seal(work, name, last, START, last, START)
        work.conn.execute(work.insert(audit_heads).values(channel=name, seal=seal, **start))
        if name not in known and not last:
            _take_in(work, name)


def _book(work: Work, lock: bool = False) -> dict[str, int] | None:
    """Which chains there are, and how often each has begun; None where none ever has."""
    query = select(keyring.c.secret).where(keyring.c.name == BOOK)
    envelope = work.conn.execute(query.with_for_update() if lock else query).scalar()
    begun: dict[str, int] | None = work.unseal(envelope, "", "keyring", "secret", BOOK)
    return begun


def _unchained(work: Work) -> tuple[str, ...]:
    outside = select(audit.c.channel).where(audit.c.seq.is_(None)).distinct()
    return tuple(work.conn.execute(outside).scalars())


def _take_in(work: Work, channel: str) -> None:
    """Lines from before the chains, in the order in which they were written."""
    seq, before = 0, START
    old = select(audit).where(audit.c.channel == channel, audit.c.seq.is_(None)).order_by(audit.c.id)
    for line in work.conn.execute(old).all():
        seq += 1
        words = (line.actor, line.deed, line.kind, line.subject_id)
        before = _hash(work, channel, before, seq, line.at, *words)
        work.conn.execute(update(audit).where(audit.c.id == line.id).values(seq=seq, hash=before))
    if seq:
        _set_head(work, channel, seq, before, 0, START)


def _set_head(work: Work, channel: str, seq: int, line: str, base_seq: int, base: str) -> None:
    work.conn.execute(
        update(audit_heads)
        .where(audit_heads.c.channel == channel)
        .values(
            seq=seq,
            hash=line,
            base_seq=base_seq,
            base_hash=base,
            seal=_seal(work, channel, seq, line, base_seq, base),
        )
    )


def _hash(work: Work, channel: str, before: str, seq: int, at: dt.datetime, *words: str) -> str:
    return work.index("audit", channel, before, str(seq), at.astimezone(dt.UTC).isoformat(), *words)


def _seal(work: Work, channel: str, seq: int, line: str, base_seq: int, base: str) -> str:
    return work.index("audit head", channel, str(seq), line, str(base_seq), base)


def head(work: Work, channel: str) -> Head:
    """The newest hash of this channel's chain, to be kept elsewhere."""
    found = work.conn.execute(select(audit_heads).where(audit_heads.c.channel == channel)).first()
    return Head(channel, found.seq, found.hash) if found else Head(channel, 0, START)


def channels(work: Work) -> tuple[str, ...]:
    """Every channel that has a chain, or lines that should be in one."""
    known = select(audit_heads.c.channel).union(select(audit.c.channel))
    return tuple(sorted({*work.conn.execute(known).scalars(), *(_book(work) or ())}))


def verify(work: Work, channel: str, kept: Head | None = None) -> Broken | None:
    """None where the chain holds; `kept` is a head that was noted elsewhere, at any earlier time."""
    found = work.conn.execute(select(audit_heads).where(audit_heads.c.channel == channel)).first()
    lines = work.conn.execute(
        select(audit)
        .where(audit.c.channel == channel, audit.c.seq.is_not(None))
        .order_by(audit.c.seq)
        .execution_options(yield_per=1000)
    )
    book = _book(work)
    if found is None:
        return _gone_or_never_there(work, channel, book, kept)
    if book is not None and book.get(channel, 0) > 1:
        return Broken(channel, 1, "missing")
    if (
        book is None
        or channel not in book
        or found.seal != _seal(work, channel, found.seq, found.hash, found.base_seq, found.base_hash)
    ):
        return Broken(channel, found.seq, "head")
    seq, before, seen = found.base_seq, found.base_hash, kept is None or kept.seq <= found.base_seq
    for line in lines:
        seq += 1
        if line.seq != seq:
            return Broken(channel, seq, "missing" if line.seq > seq else "added")
        before_this, words = before, (line.actor, line.deed, line.kind, line.subject_id)
        before = _hash(work, channel, before_this, seq, line.at, *words)
        if before != line.hash:
            return Broken(channel, seq, "changed")
        if kept is not None and seq == kept.seq:
            if before != kept.hash:
                return Broken(channel, seq, "given")
            seen = True
    if (seq, before) != (found.seq, found.hash):
        return Broken(channel, seq + 1, "missing" if seq < found.seq else "added")
    unchained = _line_that_was_added(work, channel)
    if unchained is not None:
        return Broken(channel, unchained, "added")
    return None if seen else Broken(channel, found.seq, "given")


def _gone_or_never_there(
    work: Work, channel: str, book: dict[str, int] | None, kept: Head | None
) -> Broken | None:
    """A channel without a head: right only where it never had a line, or none since there are chains."""
    here = audit.c.channel == channel
    chained_first = (audit.c.seq.is_(None), audit.c.seq)
    first = work.conn.execute(select(audit.c.seq).where(here).order_by(*chained_first)).first()
    if kept is not None and kept.seq:
        return Broken(channel, kept.seq, "given")
    if book is not None and channel in book:
        return Broken(channel, 1, "missing")
    if first is not None and (book is not None or first.seq is not None):
        return Broken(channel, first.seq or 0, "head" if first.seq is not None else "added")
    return None


def _line_that_was_added(work: Work, channel: str) -> int | None:
    """A line without a place in the chain."""
    outside = select(audit.c.id).where(audit.c.channel == channel, audit.c.seq.is_(None))
    row = work.conn.execute(outside.order_by(audit.c.id)).first()
    return None if row is None else int(row.id)


def listed(
    work: Work,
    *,
    channel: str | None = None,
    kind: str | None = None,
    subject_id: str | None = None,
    limit: int = 200,
) -> tuple[Entry, ...]:
    """The newest first, of one channel, kind or row where these are named."""
    work.settle()
    query = select(*_ENTRY).order_by(audit.c.id.desc()).limit(limit)
    wanted = ((audit.c.channel, channel), (audit.c.kind, kind), (audit.c.subject_id, subject_id))
    for column, value in wanted:
        if value is not None:
            query = query.where(column == value)
    return tuple(Entry(*row) for row in work.conn.execute(query))


def between(
    work: Work, since: dt.datetime, until: dt.datetime, channel: str | None = None
) -> tuple[Entry, ...]:
    """Every line from `since` on and before `until`, the oldest first: for whoever has to account for them."""
    work.settle()
    query = select(*_ENTRY).where(audit.c.at >= since, audit.c.at < until).order_by(audit.c.id)
    if channel is not None:
        query = query.where(audit.c.channel == channel)
    return tuple(Entry(*row) for row in work.conn.execute(query))


def forget_old(work: Work, older_than: dt.timedelta) -> int:
    """Nightly: lines beyond their retention; each chain then begins where they ended."""
    work.settle()
    limit = work.now - older_than
    gone = 0
    for channel in channels(work):
        head_row = _locked_head(work, channel)
        last = work.conn.execute(
            select(audit.c.seq, audit.c.hash)
            .where(audit.c.channel == channel, audit.c.seq.is_not(None), audit.c.at < limit)
            .order_by(audit.c.seq.desc())
            .limit(1)
        ).first()
        if last is None:
            continue
        gone += work.conn.execute(
            delete(audit).where(audit.c.channel == channel, audit.c.seq <= last.seq)
        ).rowcount
        _set_head(work, channel, head_row.seq, head_row.hash, last.seq, last.hash)
    old = delete(audit).where(audit.c.seq.is_(None), audit.c.at < limit)
    return gone + work.conn.execute(old).rowcount
