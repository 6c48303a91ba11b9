"""Concerns: what a supporter noticed about somebody, on its way to the desk that can help."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    insert,
    select,
    update,
)

from storage.schema import Moment, metadata, new_id, sealed
from storage.transitions import NotPermitted, check
from storage.work import Work

State = Literal["sent", "accepted", "closed"]
PERMITTED: Mapping[State, frozenset[State]] = {
    "sent": frozenset({"accepted", "closed"}),
    "accepted": frozenset({"closed"}),
    "closed": frozenset(),
}

# Crockford's base 32: what looks like a 0, 1 or V is read as one, so every sign can be told from the others.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})
_RANDOM_SIGNS = 8  # 40 bits

concerns = Table(
    "concerns",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("number", String(16), nullable=False, unique=True),
    Column("person_id", ForeignKey("people.id", ondelete="SET NULL")),
    Column("town", String(32), nullable=False),
    Column("district", String(32)),
    Column("kind", String(32), nullable=False),
    Column("level", Integer, nullable=False),
    Column("since", String(32), nullable=False),
    Column("subject_knows", String(32), nullable=False),
    Column("window", String(64), nullable=False),
    Column("route_reason", String(300), nullable=False),
    Column("state", String(8), nullable=False),
    sealed("details"),
    Column("details_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("accepted_at", Moment),
    Column("closed_at", Moment),
    Column("outcome", String(32)),
    CheckConstraint("level BETWEEN 0 AND 4", name="level"),
    Index(None, "channel", "state", "created_at"),
    Index(None, "person_id", "created_at"),
    Index(None, "window", "state"),
)


@dataclass(frozen=True)
class Concern:
    """One report. Its words are not in here: `details()` opens them, and that reading is to be audited."""

    id: str
    channel: str
    number: str
    person_id: str | None
    town: str
    district: str | None
    kind: str
    level: int
    since: str
    subject_knows: str
    window: str
    route_reason: str
    state: State
    details_at: dt.datetime | None
    created_at: dt.datetime
    accepted_at: dt.datetime | None
    closed_at: dt.datetime | None
    outcome: str | None


_COLUMNS = tuple(column for column in concerns.c if column.name != "details")


def _of(row: Row[*tuple[Any, ...]]) -> Concern:
    return Concern(*row)


def _check_sign(signs: str) -> str:
    """A sum over GF(32) with weights 2, 4, 8 …: one wrong sign or any two swapped are always noticed."""
    total = 0
    for sign in signs:
        total = _doubled(total) ^ ALPHABET.index(sign)
    return ALPHABET[_doubled(total)]


def _doubled(value: int) -> int:
    value <<= 1
    return value ^ 0b100101 if value & 0b100000 else value  # modulo x^5 + x^2 + 1


def _written(signs: str) -> str:
    return f"K-{signs[:4]}-{signs[4:8]}-{_check_sign(signs)}"


def new_number() -> str:
    """A number such as K-7Q2M-X4TB-9: readable aloud, not to be guessed, typing errors show."""
    return _written("".join(secrets.choice(ALPHABET) for _ in range(_RANDOM_SIGNS)))


def checked_number(text: str) -> str | None:
    """A typed number in its written form; None where it is no number of ours or holds a typing error."""
    plain = re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKC", text).upper())
    if len(plain) == _RANDOM_SIGNS + 2 and plain.startswith("K"):
        plain = plain[1:]
    plain = plain.translate(_MISREAD)
    if len(plain) != _RANDOM_SIGNS + 1 or _check_sign(plain[:-1]) != plain[-1]:
        return None
    return _written(plain[:-1])


def open_concern(
    work: Work,
    channel: str,
    *,
    person_id: str,
    town: str,
    district: str | None,
    kind: str,
    level: int,
    since: str,
    subject_knows: str,
    window: str,
    route_reason: str,
) -> Concern:
    """Write down a concern for a desk. `level` is 0 (at once) to 4; the other words are keys of content/."""
    row = work.conn.execute(
        insert(concerns)
        .values(
            id=new_id(),
            channel=channel,
            number=new_number(),
            person_id=person_id,
            town=town,
            district=district,
            kind=kind,
            level=level,
            since=since,
            subject_knows=subject_knows,
            window=window,
            route_reason=route_reason,
            state="sent",
            created_at=work.now,
        )
        .returning(*_COLUMNS)
    ).one()
    return _of(row)


def get(work: Work, concern_id: str) -> Concern | None:
    """The concern with this id."""
    row = work.conn.execute(select(*_COLUMNS).where(concerns.c.id == concern_id)).first()
    return None if row is None else _of(row)


def by_number(work: Work, text: str, channel: str | None = None) -> Concern | None:
    """The concern with this number, however it was typed; with `channel`, only that channel's."""
    number = checked_number(text)
    if number is None:
        return None
    query = select(*_COLUMNS).where(concerns.c.number == number)
    if channel is not None:
        query = query.where(concerns.c.channel == channel)
    row = work.conn.execute(query).first()
    return None if row is None else _of(row)


def of_reporter(work: Work, person_id: str) -> tuple[Concern, ...]:
    """What this person reported, the newest first."""
    query = (
        select(*_COLUMNS)
        .where(concerns.c.person_id == person_id)
        .order_by(concerns.c.created_at.desc(), concerns.c.id.desc())
    )
    return tuple(_of(row) for row in work.conn.execute(query))


def listed(
    work: Work, channel: str | None = None, state: State | None = None, window: str | None = None
) -> tuple[Concern, ...]:
    """Concerns by channel, state and desk (None: all of them): the most urgent first, then the oldest."""
    query = select(*_COLUMNS).order_by(concerns.c.level, concerns.c.created_at, concerns.c.id)
    for column, value in (
        (concerns.c.channel, channel),
        (concerns.c.state, state),
        (concerns.c.window, window),
    ):
        if value is not None:
            query = query.where(column == value)
    return tuple(_of(row) for row in work.conn.execute(query))


def add_details(work: Work, concern: Concern, details: Mapping[str, str]) -> None:
    """Keep, sealed, what was typed in our own form; it replaces what was there. Not for a closed concern."""
    envelope = work.seal(dict(details), concern.channel, "concerns", "details", concern.id)
    changed = work.conn.execute(
        update(concerns)
        .where(concerns.c.id == concern.id, concerns.c.state != "closed")
        .values(details=envelope, details_at=work.now)
        .returning(concerns.c.id)
    ).first()
    if changed is None:
        raise NotPermitted("details of a closed concern")


def details(work: Work, concern: Concern) -> Mapping[str, str]:
    """The words of the form; empty where there are none (any more)."""
    envelope = work.conn.execute(select(concerns.c.details).where(concerns.c.id == concern.id)).scalar()
    opened: dict[str, str] | None = work.unseal(envelope, concern.channel, "concerns", "details", concern.id)
    return opened or {}


def accept(work: Work, concern: Concern) -> Concern:
    """The desk has it in hand. Raises NotPermitted unless it was sent and nobody took it yet."""
    return _step(work, concern, "accepted", accepted_at=work.now)


def close(work: Work, concern: Concern, outcome: str) -> Concern:
    """The desk is done; `outcome` is a key of content/, never free words."""
    return _step(work, concern, "closed", closed_at=work.now, outcome=outcome)


def _step(work: Work, concern: Concern, then: State, **values: Any) -> Concern:
    now: State = work.conn.execute(
        select(concerns.c.state).where(concerns.c.id == concern.id).with_for_update()
    ).scalar_one()
    check(PERMITTED, now, then)
    row = work.conn.execute(
        update(concerns).where(concerns.c.id == concern.id).values(state=then, **values).returning(*_COLUMNS)
    ).one()
    return _of(row)


def forget_details(work: Work, older_than: dt.timedelta) -> int:
    """Nightly: wipe the words of concerns that were closed so long ago; the figures stay."""
    return work.conn.execute(
        update(concerns)
        .where(
            concerns.c.state == "closed",
            concerns.c.closed_at < work.now - older_than,
            concerns.c.details.is_not(None),
        )
        .values(details=None)
    ).rowcount
