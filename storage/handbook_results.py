"""Kept results of the handbook: behind a link for whoever is given it, or watched for changes. Never the answers.

Which schemes were shown says what troubles somebody: it lies sealed, and goes with its person. A result that is taken
back is deleted, so that its link opens no more than one that never was.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Column, ForeignKey, Index, Row, Select, String, Table, delete, insert, select, update

from storage.crypto import token_hash
from storage.people import people
from storage.recipients import reached
from storage.schema import Moment, metadata, new_id, sealed
from storage.work import Work

Use = Literal["shared", "watched"]
SHARED_FOR: Final = dt.timedelta(days=30)
WATCHED_FOR: Final = dt.timedelta(days=365)
MOST_SHARED: Final = 20  # links of one person; the oldest make room
MOST_WATCHED: Final = 5  # of one person; the oldest makes room for the next

kept_results = Table(
    "kept_results",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("used_for", String(8), nullable=False),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE")),
    Column("town", String(32)),
    Column("token_hash", String(64), unique=True),
    sealed("shown", nullable=False),
    sealed("told"),  # the marks as they were when a change was told last
    Column("created_at", Moment, nullable=False),
    Column("valid_until", Moment, nullable=False),
    Index(None, "person_id"),
    Index(None, "valid_until"),
)


@dataclass(frozen=True)
class ShownScheme:
    """One scheme of a result: its `group` there, its title, and the `mark` of what was said about it."""

    id: str
    group: str
    title: str
    mark: str
    to_confirm: tuple[str, ...] = ()


@dataclass(frozen=True)
class KeptResult:
    """A result as it was shown. `person_id` is who kept it on LINE; nobody is known of those on the web."""

    id: str
    channel: str
    person_id: str | None
    town: str | None
    schemes: tuple[ShownScheme, ...]
    created_at: dt.datetime
    valid_until: dt.datetime


_COLUMNS = tuple(
    kept_results.c[name]
    for name in ("id", "channel", "person_id", "town", "shown", "created_at", "valid_until")
)


def _of(work: Work, row: Row[*tuple[Any, ...]]) -> KeptResult:
    shown = work.unseal(row.shown, row.channel, "kept_results", "shown", row.id)
    return KeptResult(
        row.id,
        row.channel,
        row.person_id,
        row.town,
        tuple(ShownScheme(key, group, title, mark, tuple(words)) for key, group, title, mark, words in shown),
        row.created_at,
        row.valid_until,
    )


# ---- behind a link -----------------------------------------------------------------------------------------


def keep(
    work: Work,
    channel: str,
    town: str | None,
    schemes: Iterable[ShownScheme],
    *,
    person_id: str | None = None,
    valid_for: dt.timedelta = SHARED_FOR,
) -> str:
    """Keep a result for whoever has the token that this gives (43 URL-safe characters; only its hash is stored)."""
    if person_id is not None:
        _make_room(work, person_id)
    token = secrets.token_urlsafe(32)
    _insert(work, "shared", channel, town, schemes, person_id, valid_for, token_hash(token))
    return token


def _make_room(work: Work, person_id: str) -> None:
    """Whoever taps again and again has the newest links."""
    mine = (kept_results.c.person_id == person_id, kept_results.c.used_for == "shared")
    newest_first = select(kept_results.c.id).where(*mine).order_by(kept_results.c.id.desc())
    old = work.conn.execute(newest_first.offset(MOST_SHARED - 1)).scalars().all()
    work.conn.execute(delete(kept_results).where(kept_results.c.id.in_(old)))


def read(work: Work, token: str) -> KeptResult | None:
    """The result behind this token, as often as it is asked for; None where there is none (any more)."""
    row = work.conn.execute(
        select(*_COLUMNS).where(
            kept_results.c.token_hash == token_hash(token), kept_results.c.valid_until > work.now
        )
    ).first()
    return None if row is None else _of(work, row)


def withdraw(work: Work, token: str) -> bool:
    """Nobody sees it any more; False where there was none."""
    gone = delete(kept_results).where(kept_results.c.token_hash == token_hash(token))
    return work.conn.execute(gone).rowcount > 0


def withdraw_shared(work: Work, person_id: str) -> int:
    """All links that this person made on LINE; how many those were."""
    return _drop(work, person_id, "shared")


# ---- watched for changes -----------------------------------------------------------------------------------


def watch(work: Work, channel: str, person_id: str, town: str | None, schemes: Sequence[ShownScheme]) -> bool:
    """From now on this person hears of changes in it; False where they do already (a double tap)."""
    before = watched(work, person_id)
    these = {each.id for each in schemes}
    if any(one.town == town and these == {each.id for each in one.schemes} for one in before):
        return False
    for oldest in before[: max(0, len(before) - MOST_WATCHED + 1)]:
        work.conn.execute(delete(kept_results).where(kept_results.c.id == oldest.id))
    _insert(work, "watched", channel, town, schemes, person_id, WATCHED_FOR, None)
    return True


def watched(work: Work, person_id: str) -> tuple[KeptResult, ...]:
    """What this person watches, the oldest first."""
    return tuple(_of(work, row) for row in work.conn.execute(_watched_by(work, person_id, *_COLUMNS)))


def stop(work: Work, person_id: str) -> int:
    """They watch nothing any more; how many results that were."""
    return _drop(work, person_id, "watched")


def watchers(work: Work, person_id: str | None = None) -> tuple[str, ...]:
    """Ids of those (or of this one) who watch something and may hear of it now, as with news: not who blocked us or
    rests from them, not after words of danger, not who waits for an answer to a concern."""
    watching = (kept_results.c.used_for == "watched", kept_results.c.valid_until > work.now)
    channels = work.conn.execute(select(kept_results.c.channel).where(*watching).distinct()).scalars().all()
    found: list[str] = []
    for channel in channels:
        query = (
            select(people.c.id)
            .join(kept_results, kept_results.c.person_id == people.c.id)
            .where(*watching, people.c.channel == channel, reached(channel, work.now))
        )
        if person_id is not None:
            query = query.where(people.c.id == person_id)
        found += work.conn.execute(query.distinct().order_by(people.c.id)).scalars().all()
    return tuple(found)


def tell(
    work: Work, person_id: str, marks_now: Callable[[KeptResult], Mapping[str, str]]
) -> tuple[KeptResult, ...]:
    """The watched results of which some mark is not what was shown, nor what was told of; from now on it is told.

    `marks_now` gives a mark for every scheme of a result as it stands today. Of any number of callers at one moment
    exactly one gets it; it counts once the unit of work is committed.
    """
    changed = []
    for row in work.conn.execute(
        _watched_by(work, person_id, *_COLUMNS, kept_results.c.told).with_for_update()
    ).all():
        kept = _of(work, row)
        told = work.unseal(row.told, row.channel, "kept_results", "told", row.id)
        as_shown = {each.id: each.mark for each in kept.schemes}
        now = dict(marks_now(kept))
        if now == (told or as_shown):
            continue
        words = work.seal(now, row.channel, "kept_results", "told", row.id)
        work.conn.execute(update(kept_results).where(kept_results.c.id == row.id).values(told=words))
        if now != as_shown:  # else it is again as it was shown
            changed.append(kept)
    return tuple(changed)


# ---- both --------------------------------------------------------------------------------------------------


def forget_old(work: Work) -> int:
    """Nightly: links and watches whose time is over."""
    return work.conn.execute(delete(kept_results).where(kept_results.c.valid_until <= work.now)).rowcount


def _watched_by(work: Work, person_id: str, *columns: Column[Any]) -> Select[*tuple[Any, ...]]:
    return (
        select(*columns)
        .where(
            kept_results.c.person_id == person_id,
            kept_results.c.used_for == "watched",
            kept_results.c.valid_until > work.now,
        )
        .order_by(kept_results.c.id)
    )


def _drop(work: Work, person_id: str, use: Use) -> int:
    mine = (kept_results.c.person_id == person_id, kept_results.c.used_for == use)
    return work.conn.execute(delete(kept_results).where(*mine)).rowcount


def _insert(
    work: Work,
    use: Use,
    channel: str,
    town: str | None,
    schemes: Iterable[ShownScheme],
    person_id: str | None,
    valid_for: dt.timedelta,
    hashed: str | None,
) -> None:
    fresh = new_id()
    shown = [(each.id, each.group, each.title, each.mark, each.to_confirm) for each in schemes]
    work.conn.execute(
        insert(kept_results).values(
            id=fresh,
            channel=channel,
            used_for=use,
            person_id=person_id,
            town=town,
            token_hash=hashed,
            shown=work.seal(shown, channel, "kept_results", "shown", fresh),
            created_at=work.now,
            valid_until=work.now + valid_for,
        )
    )
