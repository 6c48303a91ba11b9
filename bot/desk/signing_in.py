"""Signing in to a desk: the password, then the second factor. Strangers who guess are slowed and stopped; they
cannot keep the owner of an account out.

Who is asked to wait: a browser in which this account has signed in before (its cookie says so) counts its own
tries only. Everybody else counts by login *and* address, and by address. Many tries at one login from many
addresses leave each stranger fewer tries, but block nobody who has not tried. Only who has the right password and
guesses digits can use up the tries of all strangers together; known browsers still come in.

An argon2 run takes its turn outside any transaction, and an unknown login takes the same way as a wrong password.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from storage import audit, passwords, second_factor, sessions, staff, tries
from storage.tries import Limit
from storage.work import Database, Work

_SECONDS, _MINUTES, _HOURS = (dt.timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours"))
KNOWN = Limit(free=10, first=30 * _SECONDS, longest=15 * _MINUTES, within=24 * _HOURS)
STRANGER = Limit(free=8, first=30 * _SECONDS, longest=1 * _HOURS, within=24 * _HOURS)
HUNTED = Limit(free=3, first=2 * _MINUTES, longest=4 * _HOURS, within=24 * _HOURS)  # a login that many try
ADDRESS = Limit(free=100, first=30 * _SECONDS, longest=15 * _MINUTES, within=1 * _HOURS)  # over all logins
LOGIN = Limit(
    free=1_000_000, first=_SECONDS, longest=_SECONDS, within=24 * _HOURS
)  # counted, never made to wait
HUNTED_FROM = 30  # tries of strangers at one login
CODES = Limit(free=10, first=30 * _MINUTES, longest=12 * _HOURS, within=24 * _HOURS)  # digits, all strangers
OWN_PASSWORD = Limit(free=5, first=1 * _MINUTES, longest=1 * _HOURS, within=24 * _HOURS)  # asked again inside


@dataclass(frozen=True)
class Caller:
    """Who asks, as far as can be seen: an address, the cookie of a known browser, a rough kind of browser."""

    address: str
    device: str | None
    browser: str


@dataclass(frozen=True)
class Wrong:
    """Not these words. It does not say which of them."""


@dataclass(frozen=True)
class Wait:
    """Too many tries; after so many seconds again. Nothing was looked at."""

    seconds: int


@dataclass(frozen=True)
class Gone:
    """The time between password and digits is over, or the tries are: from the beginning, please."""


@dataclass(frozen=True)
class Half:
    """The password was right; the token waits for the second factor."""

    token: str


@dataclass(frozen=True)
class Inside:
    """Signed in: the session's token, the known browser's, and how many recovery codes are left if one was
    used."""

    token: str
    device: str
    recovery_left: int | None


def try_password(db: Database, login: str, password: str, caller: Caller) -> Half | Wrong | Wait:
    """The first step. Raises passwords.Busy when too many sign in at this moment."""
    login = staff.plain_login(login)
    with db.work() as work:
        counted = _limits(work, login, caller)
        if seconds := tries.admit(work, counted):
            return Wait(seconds)
        account = staff.by_login(work, login)
        works = account is not None and account.works
        stored = staff.secrets_of(work, account.id).password if account and works else None
    if not _fits(db, counted, password, stored) or account is None or stored is None:
        return Wrong()
    fresh = passwords.hashed(password) if passwords.is_dated(stored) else None
    with db.work() as work:  # what was read may have changed while argon2 ran
        staff.lock(work, account.id)
        now = staff.get(work, account.id)
        if now is None or not now.works or staff.secrets_of(work, account.id).password != stored:
            return Wrong()
        if fresh:
            staff.set_password(work, account.id, fresh)
        return Half(sessions.begin_half(work, account.id, caller.browser))


def try_second(
    db: Database, half: str, code: str, recovery: str, caller: Caller
) -> Inside | Wrong | Wait | Gone:
    """The second step: the six digits, or a recovery code."""
    with db.work() as work:
        found = sessions.find(work, half, half=True, lock=True)
        if found is None:
            return Gone()
        waiting, account = found
        known = _known_browser(work, account.login, caller)
        counted = _second_limits(work, account.id, known)
        if seconds := tries.admit(work, counted):
            return Wait(seconds)
        if not sessions.count_code(work, waiting):
            sessions.end(work, waiting.id, account.id)
            return Gone()
        with_paper = bool(recovery.strip())
        right = (
            second_factor.use_recovery(work, account.id, recovery)
            if with_paper
            else second_factor.use_code(work, account.id, code)
        )
        if not right:
            note(work, account.id, "second_refused")
            return Wrong()
        sessions.end(work, waiting.id, account.id)
        _forgive(work, account.login, caller, counted)
        if with_paper:
            note(work, account.id, "recovery_used")
        return let_in(
            work,
            account.id,
            caller,
            recovery_left=second_factor.recovery_left(work, account.id) if with_paper else None,
        )


def let_in(work: Work, staff_id: str, caller: Caller, recovery_left: int | None = None) -> Inside:
    """A fresh session for somebody who has proved who they are; the browser is known from now on."""
    if caller.device:
        sessions.forget_device(work, caller.device)
    device = sessions.know_device(work, staff_id, caller.address)
    staff.note_sign_in(work, staff_id)
    note(work, staff_id, "signed_in")
    return Inside(sessions.begin(work, staff_id, caller.browser), device, recovery_left)


def proves_password(db: Database, staff_id: str, password: str) -> bool | Wait:
    """Inside, before something important changes: the own password once more. Raises passwords.Busy."""
    with db.work() as work:
        own = tries.bucket(work, "own", staff_id)
        if seconds := tries.admit(work, {own: OWN_PASSWORD}):
            return Wait(seconds)
        stored = staff.secrets_of(work, staff_id).password
    if not _fits(db, {own}, password, stored):
        return False
    with db.work() as work:
        tries.forgive(work, {own})
    return True


def guesses(work: Work, staff_id: str) -> int:
    """How often strangers had the right password lately and then wrong digits: its owner should know."""
    return tries.so_far(work, _codes(work, staff_id), CODES.within)


def _fits(db: Database, counted: Collection[str], password: str, stored: str | None) -> bool:
    """Whether it is the password; who was sent away because too many came at once has tried nothing."""
    try:
        return passwords.fits(password, stored)
    except passwords.Busy:
        with db.work() as work:
            tries.forgive(work, (), counted)
        raise


def _limits(work: Work, login: str, caller: Caller) -> dict[str, Limit]:
    """In which buckets a try of the password counts."""
    if device := _known_browser(work, login, caller):
        return {tries.bucket(work, "browser", device): KNOWN}
    pair, address, heat = _pair(work, login, caller), _address(work, caller), _heat(work, login)
    hunted = tries.so_far(work, heat, LOGIN.within) >= HUNTED_FROM
    known = sessions.knows_address(work, login, caller.address)
    return {pair: HUNTED if hunted and not known else STRANGER, address: ADDRESS, heat: LOGIN}


def _second_limits(work: Work, staff_id: str, known: str | None) -> dict[str, Limit]:
    if known is not None:
        return {tries.bucket(work, "browser digits", known): KNOWN}
    return {_codes(work, staff_id): CODES}


def _forgive(work: Work, login: str, caller: Caller, counted: Collection[str]) -> None:
    """Their own wrong tries are forgotten; what strangers did at this login stays counted."""
    if known := _known_browser(work, login, caller):
        tries.forgive(work, {tries.bucket(work, "browser", known), *counted})
    else:
        shared = {_address(work, caller), _heat(work, login), *counted}
        tries.forgive(work, {_pair(work, login, caller)}, shared)


def _known_browser(work: Work, login: str, caller: Caller) -> str | None:
    return sessions.device_of(work, caller.device, login) if caller.device else None


def _pair(work: Work, login: str, caller: Caller) -> str:
    return tries.bucket(work, "pair", login, caller.address)


def _address(work: Work, caller: Caller) -> str:
    return tries.bucket(work, "address", caller.address)


def _heat(work: Work, login: str) -> str:
    return tries.bucket(work, "login", login)


def _codes(work: Work, staff_id: str) -> str:
    return tries.bucket(work, "digits", staff_id)


def note(work: Work, staff_id: str, deed: str) -> None:
    """A line of the audit list: what somebody did with their own account."""
    audit.note(work, f"staff:{staff_id}", deed, "staff", staff_id, staff.HOUSE)
