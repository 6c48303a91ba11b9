"""A new account's one-time link, with which its owner chooses a password and an authenticator."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import delete

from storage import links, passwords, second_factor, sessions, staff
from storage.staff import Role, Staff
from storage.work import Work

PURPOSE = "welcome"
VALID_FOR = dt.timedelta(days=7)


def invite(work: Work, staff_id: str) -> str:
    """A fresh link's secret part, for behind the #; earlier links of this account end."""
    end_invitations(work, staff_id)
    link_id, token = links.make(
        work, staff.HOUSE, purpose=PURPOSE, about=staff_id, person_id=None, valid_for=VALID_FOR
    )
    return f"{link_id}.{token}"


def end_invitations(work: Work, staff_id: str) -> None:
    work.conn.execute(
        delete(links.links).where(links.links.c.purpose == PURPOSE, links.links.c.about == staff_id)
    )


def reset(work: Work, staff_id: str) -> str:
    """Old password, authenticator, codes, sessions and known browsers end now; a fresh link's secret part."""
    staff.forget_secrets(work, staff_id)
    sessions.end_all(work, staff_id)
    sessions.forget_devices(work, staff_id)
    return invite(work, staff_id)


def close(work: Work, staff_id: str) -> None:
    """Nobody signs in with this account any more, and whoever is inside is outside."""
    staff.set_active(work, staff_id, False)
    sessions.end_all(work, staff_id)
    sessions.forget_devices(work, staff_id)
    end_invitations(work, staff_id)


def look(work: Work, code: str) -> Staff | None:
    """Whom this link would let in; nothing is spent."""
    link_id, _, token = code.partition(".")
    link = links.peek(work, link_id, token)
    if link is None or link.purpose != PURPOSE or link.about is None:
        return None
    found = staff.get(work, link.about)
    return found if found is not None and found.active else None


def accept(
    work: Work, code: str, *, password_hash: str, totp: str, step: int, recovery: tuple[str, ...]
) -> Staff | None:
    """Spend the link and make the account ready; of many at one moment exactly one does it. `step` is the
    one whose code proved the authenticator: it does not count a second time."""
    found = look(work, code)
    link_id, _, token = code.partition(".")
    if found is None or links.spend(work, link_id, token) is None:
        return None
    _equip(work, found.id, password_hash, totp, recovery)
    staff.use_step(work, found.id, step)
    sessions.end_all(work, found.id)
    return staff.get(work, found.id)


def prepare(
    work: Work,
    *,
    login: str,
    name: str,
    windows: Collection[str],
    password: str,
    totp_secret: str,
    role: Role = "member",
    mail: str | None = None,
    recovery: tuple[str, ...] = (),
) -> Staff:
    """An account that is ready to sign in, without a link: for the demo and for tests."""
    made = staff.add(work, login=login, name=name, windows=windows, role=role, mail=mail)
    _equip(work, made.id, passwords.hashed(password), totp_secret, recovery)
    found = staff.get(work, made.id)
    assert found is not None
    return found


def _equip(work: Work, staff_id: str, password_hash: str, totp: str, recovery: tuple[str, ...]) -> None:
    hashes = second_factor.recovery_hashes(work, staff_id, recovery)
    staff.make_ready(work, staff_id, password=password_hash, totp=totp, recovery=hashes)
