"""The second thing that a member of staff holds: an authenticator's six digits, or a recovery code on paper."""

from __future__ import annotations

import datetime as dt
import hmac
import re
import secrets
import unicodedata

import pyotp

from storage import staff
from storage.work import Work

STEP = 30  # seconds; RFC 6238 recommends it, and every authenticator knows it
DRIFT = (0, -1, 1)  # steps: a telephone's clock may be half a minute wrong
RECOVERY_CODES = 8
_SIGNS = "23456789abcdefghjkmnpqrstuvwxyz"  # no 0 o 1 i l: a code is copied by hand
ISSUER = "Tsunagari"


def new_secret() -> str:
    """A fresh secret for an authenticator: 160 random bits in base32 (RFC 4226, section 4)."""
    return pyotp.random_base32()


def setup_address(secret: str, login: str) -> str:
    """What the QR code says to the authenticator."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def step_of(secret: str, code: str, now: dt.datetime) -> int | None:
    """The 30 seconds for which this is the right code, now or one step beside; None for a wrong code."""
    digits = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", code))
    totp, here = pyotp.TOTP(secret), int(now.timestamp()) // STEP
    found = None
    for drift in DRIFT:  # all are compared: the time must not tell which one it was
        if hmac.compare_digest(totp.generate_otp(here + drift).encode(), digits.encode("utf-8", "replace")):
            found = here + drift
    return found


def use_code(work: Work, staff_id: str, code: str) -> bool:
    """Whether the six digits are right and were never used."""
    secret = staff.secrets_of(work, staff_id).totp
    step = step_of(secret, code, work.now) if secret else None
    return step is not None and staff.use_step(work, staff_id, step)


def new_recovery_codes() -> tuple[str, ...]:
    """Eight codes of 59 random bits each, for paper."""
    return tuple(
        "-".join("".join(secrets.choice(_SIGNS) for _ in range(4)) for _ in range(3))
        for _ in range(RECOVERY_CODES)
    )


def recovery_hashes(work: Work, staff_id: str, codes: tuple[str, ...]) -> tuple[str, ...]:
    """How they are kept."""
    return tuple(_recovery_hash(work, staff_id, code) for code in codes)


def use_recovery(work: Work, staff_id: str, code: str) -> bool:
    """Whether this recovery code was unused; from now on it is used."""
    staff.lock(work, staff_id)
    left = staff.secrets_of(work, staff_id).recovery
    given = _recovery_hash(work, staff_id, code)
    if given not in left:
        return False
    staff.set_recovery(work, staff_id, [each for each in left if each != given])
    return True


def recovery_left(work: Work, staff_id: str) -> int:
    return len(staff.secrets_of(work, staff_id).recovery)


def _recovery_hash(work: Work, staff_id: str, code: str) -> str:
    signs = re.sub(r"[^0-9a-z]", "", unicodedata.normalize("NFKC", code).casefold())
    return work.index("staff-recovery", staff_id, signs)
