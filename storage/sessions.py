"""Who of the staff is signed in where. A session is a row: when it goes, the browser is outside at once."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    and_,
    delete,
    insert,
    or_,
    select,
    update,
)

from storage import staff as accounts
from storage.crypto import token_hash
from storage.schema import Moment, metadata, new_id
from storage.staff import Staff
from storage.work import Work

IDLE = dt.timedelta(minutes=30)
LONGEST = dt.timedelta(hours=10)  # a working day
HALF_LIFE = dt.timedelta(minutes=10)  # between the password and the six digits
CODES_A_HALF = 5
DEVICE_LIFE = dt.timedelta(days=180)
_SEEN_EVERY = dt.timedelta(minutes=1)  # how often `seen_at` is written

staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("half", Boolean, nullable=False),  # the password was right, the second factor is still to come
    Column("codes_tried", Integer, nullable=False),
    Column("browser", String(32), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index(None, "staff_id"),
    Index(None, "expires_at"),
)

staff_devices = Table(
    "staff_devices",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("address_index", String(64), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index(None, "staff_id", "address_index"),
    Index(None, "expires_at"),
)


@dataclass(frozen=True)
class Session:
    """One browser of one member of staff; `browser` is a rough kind such as "windows edge"."""

    id: str
    staff_id: str
    half: bool
    browser: str
    created_at: dt.datetime
    seen_at: dt.datetime
    expires_at: dt.datetime


_COLUMNS = tuple(
    staff_sessions.c[name]
    for name in ("id", "staff_id", "half", "browser", "created_at", "seen_at", "expires_at")
)


def _begin(work: Work, staff_id: str, browser: str, half: bool) -> str:
    token = secrets.token_urlsafe(32)
    work.conn.execute(
        insert(staff_sessions).values(
            id=new_id(),
            staff_id=staff_id,
            token_hash=token_hash(token),
            half=half,
            codes_tried=0,
            browser=browser,
            created_at=work.now,
            seen_at=work.now,
            expires_at=work.now + (HALF_LIFE if half else LONGEST),
        )
    )
    return token


def begin(work: Work, staff_id: str, browser: str) -> str:
    """A fresh session; only its token's hash is stored."""
    return _begin(work, staff_id, browser, half=False)


def begin_half(work: Work, staff_id: str, browser: str) -> str:
    """The password was right; this waits for the second factor, and opens nothing."""
    return _begin(work, staff_id, browser, half=True)


def find(work: Work, token: str, *, half: bool = False, lock: bool = False) -> tuple[Session, Staff] | None:
    """Whose session this is; None where it ended, or its account may not sign in any more.

    With `lock` nobody can close the account or end its sessions until the unit of work is done: a deed and
    the question whether it was allowed are one.
    """
    query = select(*_COLUMNS).where(
        staff_sessions.c.token_hash == token_hash(token), staff_sessions.c.half == half, _alive(work)
    )
    row = work.conn.execute(query).first()
    if row is not None and lock:  # first the account, then the session: as all who end something do it
        accounts.lock(work, row.staff_id)
        row = work.conn.execute(query.with_for_update(read=True)).first()
    found = accounts.get(work, row.staff_id) if row is not None else None
    return (_session(row), found) if row is not None and found is not None and found.works else None


def whose(work: Work, token: str | None, device: str | None) -> str | None:
    """Who was signed in with this session, also where its time is over; else whose known browser this is."""
    query = select(staff_sessions.c.staff_id).where(staff_sessions.c.token_hash == token_hash(token or ""))
    browser = select(staff_devices.c.staff_id).where(
        staff_devices.c.token_hash == token_hash(device or ""), staff_devices.c.expires_at > work.now
    )
    return work.conn.execute(query).scalar() or work.conn.execute(browser).scalar()


def _alive(work: Work) -> ColumnElement[bool]:
    return and_(staff_sessions.c.expires_at > work.now, staff_sessions.c.seen_at > work.now - IDLE)


def _session(row: Row[*tuple[Any, ...]]) -> Session:
    return Session(*row)


def is_stale(session: Session, now: dt.datetime) -> bool:
    """Whether `seen` is due: not with every page, since each writes a row."""
    return session.seen_at <= now - _SEEN_EVERY


def seen(work: Work, session: Session) -> None:
    """Somebody is working here: the idle time begins anew."""
    work.conn.execute(
        update(staff_sessions).where(staff_sessions.c.id == session.id).values(seen_at=work.now)
    )


def count_code(work: Work, session: Session) -> bool:
    """Count one try of the second factor; False when this half session has had its tries."""
    tried = work.conn.execute(
        update(staff_sessions)
        .where(staff_sessions.c.id == session.id, staff_sessions.c.codes_tried < CODES_A_HALF)
        .values(codes_tried=staff_sessions.c.codes_tried + 1)
        .returning(staff_sessions.c.id)
    ).first()
    return tried is not None


def of_staff(work: Work, staff_id: str) -> tuple[Session, ...]:
    """Where this account is signed in, the newest first."""
    query = (
        select(*_COLUMNS)
        .where(staff_sessions.c.staff_id == staff_id, ~staff_sessions.c.half, _alive(work))
        .order_by(staff_sessions.c.created_at.desc(), staff_sessions.c.id.desc())
    )
    return tuple(_session(row) for row in work.conn.execute(query))


def end(work: Work, session_id: str, staff_id: str) -> bool:
    """End one session of this account."""
    gone = delete(staff_sessions).where(
        staff_sessions.c.id == session_id, staff_sessions.c.staff_id == staff_id
    )
    return work.conn.execute(gone.returning(staff_sessions.c.id)).first() is not None


def end_all(work: Work, staff_id: str, but: str | None = None) -> int:
    """End every session of this account, also half ones, `but` this one; how many that were."""
    gone = delete(staff_sessions).where(staff_sessions.c.staff_id == staff_id)
    if but is not None:
        gone = gone.where(staff_sessions.c.id != but)
    return len(work.conn.execute(gone.returning(staff_sessions.c.id)).all())


# ---- browsers in which somebody has signed in: strangers cannot use up their tries ---------------------------


def know_device(work: Work, staff_id: str, address: str) -> str:
    """From now on this browser is known by a cookie; its token."""
    token = secrets.token_urlsafe(32)
    work.conn.execute(
        insert(staff_devices).values(
            id=new_id(),
            staff_id=staff_id,
            token_hash=token_hash(token),
            address_index=_address_index(work, address),
            expires_at=work.now + DEVICE_LIFE,
        )
    )
    return token


def device_of(work: Work, token: str, login: str) -> str | None:
    """The id of this known browser of this login; None for any other."""
    query = (
        select(staff_devices.c.id)
        .join(accounts.staff, accounts.staff.c.id == staff_devices.c.staff_id)
        .where(
            staff_devices.c.token_hash == token_hash(token),
            staff_devices.c.expires_at > work.now,
            accounts.staff.c.login_index == accounts.login_index(work, login),
        )
    )
    return work.conn.execute(query).scalar()


def knows_address(work: Work, login: str, address: str) -> bool:
    """Whether this login has signed in from there before."""
    query = (
        select(staff_devices.c.id)
        .join(accounts.staff, accounts.staff.c.id == staff_devices.c.staff_id)
        .where(
            staff_devices.c.address_index == _address_index(work, address),
            staff_devices.c.expires_at > work.now,
            accounts.staff.c.login_index == accounts.login_index(work, login),
        )
    )
    return work.conn.execute(query.limit(1)).first() is not None


def forget_device(work: Work, token: str) -> None:
    work.conn.execute(delete(staff_devices).where(staff_devices.c.token_hash == token_hash(token)))


def forget_devices(work: Work, staff_id: str) -> None:
    work.conn.execute(delete(staff_devices).where(staff_devices.c.staff_id == staff_id))


def _address_index(work: Work, address: str) -> str:
    return work.index("staff-address", address)


def forget_old(work: Work) -> int:
    """Nightly: sessions and known browsers that have ended."""
    ended = or_(staff_sessions.c.expires_at < work.now, staff_sessions.c.seen_at < work.now - IDLE)
    done = work.conn.execute(delete(staff_sessions).where(ended)).rowcount
    return (
        done + work.conn.execute(delete(staff_devices).where(staff_devices.c.expires_at < work.now)).rowcount
    )
