"""Passwords of staff: argon2id, a few at a time, and the ones that everybody guesses first are refused."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Literal, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# More than OWASP's smallest settings (46 MiB with one pass, 19 MiB with two). What is running at once is limited: each run
# takes this memory, in each process, so a flood of sign-ins must queue instead of filling the machine.
HASHER = PasswordHasher(time_cost=2, memory_cost=46 * 1024, parallelism=1)
AT_ONCE = 2
PATIENCE = 5.0  # seconds in the queue
QUEUE = 4  # who waits keeps one of the server's threads: a flood must leave some for everybody else

SHORTEST = 12
LONGEST = 200

Weakness = Literal["short", "long", "common", "like_login"]
_Given = TypeVar("_Given")
_turns = threading.BoundedSemaphore(AT_ONCE)
_places = threading.BoundedSemaphore(AT_ONCE + QUEUE)

# What people here reach for; the lists of zxcvbn (30,000 leaked passwords, names, English words) do not know it.
_LOCAL = (
    "sakura", "doraemon", "arigatou", "konnichiwa", "nihon", "japan", "tokyo", "tottori", "tsunagari", "tsunagaru",
    "supporter", "madoguchi", "shiyakusho", "yakuba", "chouson", "toshokan", "himitsu", "reiwa", "heisei", "showa",
)  # fmt: skip
_STRONG = 3  # of zxcvbn's 0 to 4: more than 10^8 guesses, far beyond what the limits on sign-ins let through


class Busy(Exception):
    """Too many passwords are being looked at; try again in a moment."""


def _plain(password: str) -> str:
    """One password is one password, typed on whatever keyboard (full width or half)."""
    return unicodedata.normalize("NFKC", password)


def weakness(password: str, login: str = "") -> Weakness | None:
    """Why this password may not be chosen. Length is what counts; no mixture of signs is asked for."""
    plain = _plain(password)
    if len(plain) < SHORTEST:
        return "short"
    if len(plain) > LONGEST:
        return "long"
    low = plain.casefold()
    if login and login.casefold() in low and len(low) - len(login) < 8:
        return "like_login"
    return "common" if _is_common(low, login.casefold()) else None


def _is_common(low: str, login: str) -> bool:
    """Whether it is among the first that are guessed: leaked ones, words and names with a number, runs of the keyboard."""
    from zxcvbn import zxcvbn  # its lists take a quarter of a second; passwords are chosen rarely

    return bool(zxcvbn(low, user_inputs=[login, *_LOCAL], max_length=LONGEST)["score"] < _STRONG)


def hashed(password: str) -> str:
    """The argon2 hash to store. Takes its turn: never call it inside a transaction that others wait for."""
    return _in_turn(lambda: HASHER.hash(_bytes(password)))


def fits(password: str, stored: str | None) -> bool:
    """Whether this password made the stored hash. Without one the same work is done for nothing, so that the
    time tells nobody whether there is such an account. Raises Busy."""

    def look() -> bool:
        nobodys = _nobodys()  # made at the first sign-in of all, whosever it is
        return _verified(stored or nobodys, password)

    return _in_turn(look) and stored is not None


def is_dated(stored: str) -> bool:
    """Whether the hash was made with other settings than today's."""
    return HASHER.check_needs_rehash(stored)


def _verified(stored: str, password: str) -> bool:
    try:
        return HASHER.verify(stored, _bytes(password))
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return HASHER.hash(secrets.token_urlsafe(32))


def _bytes(password: str) -> bytes:
    return _plain(password)[: LONGEST * 2].encode("utf-8", "replace")


def _in_turn(deed: Callable[[], _Given]) -> _Given:
    if not _places.acquire(blocking=False):
        raise Busy
    try:
        if not _turns.acquire(timeout=PATIENCE):
            raise Busy
        try:
            return deed()
        finally:
            _turns.release()
    finally:
        _places.release()
