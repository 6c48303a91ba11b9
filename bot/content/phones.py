"""Phone numbers as they are shown, and as they are dialled.

Their length is checked, because a digit lost or gained is the commonest error there is.
"""

from __future__ import annotations

import re
from typing import Final

_SHOWN: Final = re.compile(r"#?[0-9]+(?:-[0-9]+)*")
_ELEVEN_DIGITS: Final = ("0800", "050", "070", "080", "090")


def check_phone(shown: str) -> str:
    """The number unchanged; ValueError when it holds anything else than digits or has too few or too many."""
    if not _SHOWN.fullmatch(shown):
        raise ValueError(f"{shown!r} may hold only digits, - between them and # before them")
    number = digits(shown)
    if len(number) != _digits_expected(shown, number):
        raise ValueError(f"{shown!r} has {len(number)} digits")
    return shown


def tel(shown: str | None) -> str | None:
    """The `tel:` address that a button dials."""
    return None if shown is None else "tel:" + shown.replace("-", "").replace("#", "%23")


def digits(shown: str) -> str:
    """By which numbers are compared and counted, however they are written."""
    return "".join(sign for sign in shown if sign.isdecimal())


def _digits_expected(shown: str, number: str) -> int:
    if shown.startswith("#"):
        return 4
    if not number.startswith("0"):
        return 3
    return 11 if number.startswith(_ELEVEN_DIGITS) else 10
