"""Joining a staff account to its owner's own LINE: a code from their page, said once in the chat."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import unicodedata

from sqlalchemy import Column, ForeignKey, String, Table, delete

from storage.numbers import ALPHABET
from storage.schema import Moment, metadata
from storage.work import Work

LIFE = dt.timedelta(minutes=15)
PREFIX = "窓口"  # what makes these words a code, and not something that somebody wants to say
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})
_SIGNS = 8  # 40 bits; guesses are counted, and there are 15 minutes

staff_codes = Table(
    "staff_codes",
    metadata,
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True),
    Column("code_index", String(64), nullable=False, unique=True),
    Column("valid_until", Moment, nullable=False),
)


def make(work: Work, staff_id: str) -> str:
    """A fresh code, as it is to be typed; an earlier one of this account counts no longer."""
    signs = "".join(secrets.choice(ALPHABET) for _ in range(_SIGNS))
    values = {"code_index": _index(work, signs), "valid_until": work.now + LIFE}
    work.conn.execute(
        work.insert(staff_codes)
        .values(staff_id=staff_id, **values)
        .on_conflict_do_update(index_elements=["staff_id"], set_=values)
    )
    return f"{PREFIX}{signs[:4]}-{signs[4:]}"


def signs_in(text: str) -> str | None:
    """The signs of a code, however it was typed; None where this is no code at all."""
    plain = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    if not plain.startswith(PREFIX):
        return None
    signs = re.sub(r"[-‐‑–ー]", "", plain.removeprefix(PREFIX)).translate(_MISREAD)
    return signs if len(signs) == _SIGNS and all(sign in ALPHABET for sign in signs) else None


def use(work: Work, signs: str) -> str | None:
    """Whose code this is; it is used up by that, and of any number of callers exactly one gets it."""
    found: str | None = work.conn.execute(
        delete(staff_codes)
        .where(staff_codes.c.code_index == _index(work, signs), staff_codes.c.valid_until > work.now)
        .returning(staff_codes.c.staff_id)
    ).scalar()
    return found


def forget_old(work: Work) -> int:
    """Nightly: codes that nobody used in time."""
    return work.conn.execute(delete(staff_codes).where(staff_codes.c.valid_until < work.now)).rowcount


def _index(work: Work, signs: str) -> str:
    return work.index("staff-line", signs)
