"""Staff: who works at which desk, and may sign in there. What is personal or secret in an account is sealed."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Row,
    Select,
    String,
    Table,
    delete,
    insert,
    literal,
    select,
    update,
)

from storage.audit import audit
from storage.schema import Moment, metadata, new_id, sealed
from storage.work import Work

Role = Literal["member", "leader", "department", "duty"]  # 担当, 係長, 課長, 宿直
HOUSE = "default"  # accounts belong to the house: their links and audit lines stand in the default channel's

staff = Table(
    "staff",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("login_index", String(64), nullable=False, unique=True),
    sealed("login", nullable=False),
    sealed("name", nullable=False),
    sealed("mail"),
    sealed("password"),  # an argon2 hash
    sealed("totp"),  # the secret of the authenticator, base32
    sealed("recovery"),  # keyed hashes of the recovery codes that are left
    Column(
        "totp_step", BigInteger, nullable=False
    ),  # the last 30 seconds whose code was used: none counts twice
    Column("role", String(16), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("person_id", ForeignKey("people.id", ondelete="SET NULL")),
    Column("created_at", Moment, nullable=False),
    Column("ready_at", Moment),
    Column("signed_in_at", Moment),
    Index(None, "person_id"),
)

staff_windows = Table(
    "staff_windows",
    metadata,
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True),
    Column("window", String(64), primary_key=True),
    Index(None, "window"),
)


class LoginTaken(Exception):
    """There is an account with this login already."""


@dataclass(frozen=True)
class Staff:
    """An account. `ready_at` is None until its owner has chosen a password and an authenticator;
    `person_id` is who they are on LINE, where they want to be told there too."""

    id: str
    login: str
    name: str
    mail: str | None
    role: Role
    windows: tuple[str, ...]
    active: bool
    person_id: str | None
    created_at: dt.datetime
    ready_at: dt.datetime | None
    signed_in_at: dt.datetime | None

    @property
    def works(self) -> bool:
        """Whether somebody can sign in with it now."""
        return self.active and self.ready_at is not None


@dataclass(frozen=True, repr=False)
class Secrets:
    """What an account is proved with; its `repr` shows nothing."""

    password: str | None
    totp: str | None
    recovery: tuple[str, ...]


def plain_login(text: str) -> str:
    """The login as it is stored and compared: Yamada, yamada and ｙａｍａｄａ are one."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def add(
    work: Work,
    *,
    login: str,
    name: str,
    windows: Collection[str],
    role: Role = "member",
    mail: str | None = None,
) -> Staff:
    """A new account, in which nobody can sign in yet; LoginTaken where the login is in use."""
    login, staff_id = plain_login(login), new_id()
    made = work.conn.execute(
        work.insert(staff)
        .values(
            id=staff_id,
            login_index=login_index(work, login),
            login=_seal(work, "login", staff_id, login),
            name=_seal(work, "name", staff_id, name),
            mail=_seal(work, "mail", staff_id, mail),
            totp_step=0,
            role=role,
            active=True,
            created_at=work.now,
        )
        .on_conflict_do_nothing()
        .returning(staff.c.id)
    ).first()
    if made is None:
        raise LoginTaken
    set_windows(work, staff_id, windows)
    found = get(work, staff_id)
    assert found is not None
    return found


def login_index(work: Work, login: str) -> str:
    return work.index("staff-login", plain_login(login))


def get(work: Work, staff_id: str) -> Staff | None:
    """The account with this id, also where it is disabled."""
    return _first(work, _ALL.where(staff.c.id == staff_id))


def by_login(work: Work, login: str) -> Staff | None:
    """The account of this login, also where it is disabled."""
    return _first(work, _ALL.where(staff.c.login_index == login_index(work, login)))


def listed(work: Work) -> tuple[Staff, ...]:
    """Every account, the oldest first."""
    return _many(work, _ALL)


def of_window(work: Work, window: str, roles: Collection[Role] | None = None) -> tuple[Staff, ...]:
    """Who works at this desk now (with one of these roles): active accounts whose owner has set them up."""
    query = _ALL.where(
        staff.c.id.in_(select(staff_windows.c.staff_id).where(staff_windows.c.window == window)),
        staff.c.active,
        staff.c.ready_at.is_not(None),
    )
    return _many(work, query if roles is None else query.where(staff.c.role.in_(tuple(roles))))


def staffed_windows(work: Work) -> frozenset[str]:
    """The windows at which at least one account works."""
    query = (
        select(staff_windows.c.window)
        .distinct()
        .join(staff, staff.c.id == staff_windows.c.staff_id)
        .where(staff.c.active, staff.c.ready_at.is_not(None))
    )
    return frozenset(work.conn.execute(query).scalars())


def names(work: Work) -> Mapping[str, str]:
    """Every account's name by its id, also of those who have left: the story of a concern names its authors."""
    rows = work.conn.execute(select(staff.c.id, staff.c.name))
    return {row.id: _unseal(work, "name", row.id, row.name) for row in rows}


def of_person(work: Work, person_id: str) -> Staff | None:
    """Whose account this person on LINE has joined to it."""
    return _first(work, _ALL.where(staff.c.person_id == person_id))


def set_windows(work: Work, staff_id: str, windows: Collection[str]) -> None:
    """From now on this account works at these desks and no other."""
    work.conn.execute(delete(staff_windows).where(staff_windows.c.staff_id == staff_id))
    if windows:
        work.conn.execute(
            insert(staff_windows),
            [{"staff_id": staff_id, "window": window} for window in sorted(set(windows))],
        )


def set_active(work: Work, staff_id: str, active: bool) -> None:
    """Open or close an account; a closed one keeps its name for the stories in which it stands."""
    work.conn.execute(update(staff).where(staff.c.id == staff_id).values(active=active))


def set_name(work: Work, staff_id: str, name: str) -> None:
    work.conn.execute(
        update(staff).where(staff.c.id == staff_id).values(name=_seal(work, "name", staff_id, name))
    )


def set_role(work: Work, staff_id: str, role: Role) -> None:
    work.conn.execute(update(staff).where(staff.c.id == staff_id).values(role=role))


def set_mail(work: Work, staff_id: str, mail: str | None) -> None:
    work.conn.execute(
        update(staff).where(staff.c.id == staff_id).values(mail=_seal(work, "mail", staff_id, mail))
    )


def join_person(work: Work, staff_id: str, person_id: str | None) -> None:
    """This person on LINE is told too; None: no longer."""
    work.conn.execute(update(staff).where(staff.c.id == staff_id).values(person_id=person_id))


def forget_old(work: Work) -> int:
    """Nightly: closed accounts of which the audit list says nothing any more. Until then it must be able to tell who
    somebody was; closing an account is its last line."""
    did = select(audit.c.actor)
    happened = select(audit.c.subject_id).where(audit.c.kind == "staff")
    unnamed = (literal("staff:").concat(staff.c.id).not_in(did), staff.c.id.not_in(happened))
    return work.conn.execute(delete(staff).where(staff.c.active.is_(False), *unnamed)).rowcount


# ---- what an account is proved with (storage/second_factor.py, bot/desk/signing_in.py) ----------------------


def lock(work: Work, staff_id: str) -> None:
    """Until the unit of work ends nobody else changes this account (a row may refer to it all the same)."""
    work.conn.execute(select(staff.c.id).where(staff.c.id == staff_id).with_for_update(key_share=True))


def secrets_of(work: Work, staff_id: str) -> Secrets:
    """The secrets of an account."""
    query = select(staff.c.password, staff.c.totp, staff.c.recovery).where(staff.c.id == staff_id)
    row = work.conn.execute(query).one()
    return Secrets(
        _unseal(work, "password", staff_id, row.password),
        _unseal(work, "totp", staff_id, row.totp),
        tuple(_unseal(work, "recovery", staff_id, row.recovery) or ()),
    )


def make_ready(work: Work, staff_id: str, *, password: str, totp: str, recovery: Collection[str]) -> None:
    """The owner has chosen a password (its hash) and an authenticator: now they can sign in."""
    set_password(work, staff_id, password)
    set_recovery(work, staff_id, recovery)
    work.conn.execute(
        update(staff)
        .where(staff.c.id == staff_id)
        .values(totp=_seal(work, "totp", staff_id, totp), totp_step=0, ready_at=work.now)
    )


def set_password(work: Work, staff_id: str, password: str) -> None:
    work.conn.execute(
        update(staff)
        .where(staff.c.id == staff_id)
        .values(password=_seal(work, "password", staff_id, password))
    )


def set_recovery(work: Work, staff_id: str, hashes: Collection[str]) -> None:
    work.conn.execute(
        update(staff)
        .where(staff.c.id == staff_id)
        .values(recovery=_seal(work, "recovery", staff_id, sorted(hashes)))
    )


def forget_secrets(work: Work, staff_id: str) -> None:
    """Nobody signs in with the old password, authenticator or codes any more; the owner sets up anew."""
    work.conn.execute(
        update(staff)
        .where(staff.c.id == staff_id)
        .values(password=None, totp=None, recovery=None, totp_step=0, ready_at=None)
    )


def use_step(work: Work, staff_id: str, step: int) -> bool:
    """True for exactly one use of these 30 seconds, or of any before them."""
    used = work.conn.execute(
        update(staff)
        .where(staff.c.id == staff_id, staff.c.totp_step < step)
        .values(totp_step=step)
        .returning(staff.c.id)
    ).first()
    return used is not None


def note_sign_in(work: Work, staff_id: str) -> None:
    work.conn.execute(update(staff).where(staff.c.id == staff_id).values(signed_in_at=work.now))


# ---- rows ------------------------------------------------------------------------------------------------

_FIELDS = (
    "id",
    "login",
    "name",
    "mail",
    "role",
    "active",
    "person_id",
    "created_at",
    "ready_at",
    "signed_in_at",
)
_ALL = select(*(staff.c[name] for name in _FIELDS)).order_by(staff.c.created_at, staff.c.id)


def _seal(work: Work, column: str, staff_id: str, value: Any) -> bytes | None:
    return None if value is None else work.seal(value, "", "staff", column, staff_id)


def _unseal(work: Work, column: str, staff_id: str, envelope: bytes | None) -> Any:
    return work.unseal(envelope, "", "staff", column, staff_id)


def _first(work: Work, query: Select[*tuple[Any, ...]]) -> Staff | None:
    return next(iter(_many(work, query)), None)


def _many(work: Work, query: Select[*tuple[Any, ...]]) -> tuple[Staff, ...]:
    rows = work.conn.execute(query).all()
    ids = [row.id for row in rows]
    windows: dict[str, list[str]] = {each: [] for each in ids}
    pairs = select(staff_windows).where(staff_windows.c.staff_id.in_(ids)).order_by(staff_windows.c.window)
    for pair in work.conn.execute(pairs) if ids else ():
        windows[pair.staff_id].append(pair.window)
    return tuple(_staff(work, row, tuple(windows[row.id])) for row in rows)


def _staff(work: Work, row: Row[*tuple[Any, ...]], windows: tuple[str, ...]) -> Staff:
    return Staff(
        row.id,
        _unseal(work, "login", row.id, row.login),
        _unseal(work, "name", row.id, row.name),
        _unseal(work, "mail", row.id, row.mail),
        row.role,
        windows,
        row.active,
        row.person_id,
        row.created_at,
        row.ready_at,
        row.signed_in_at,
    )
