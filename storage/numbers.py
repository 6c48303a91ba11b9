"""Numbers such as K-7Q2M-X4TB-9: readable aloud, not to be guessed, and typing errors show."""

from __future__ import annotations

import re
import secrets
import unicodedata

# Crockford's base 32: what looks like a 0, 1 or V is read as one, so every sign can be told from the others.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})
_RANDOM_SIGNS = 8  # 40 bits


def new_number(letter: str = "K") -> str:
    """A fresh number; K for what was reported, D for words of danger."""
    return letter + _written("".join(secrets.choice(ALPHABET) for _ in range(_RANDOM_SIGNS)))[1:]


def checked_number(text: str) -> str | None:
    """A typed number in its written form; None where it is no number of ours or holds a typing error."""
    plain = re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKC", text).upper())
    if len(plain) == _RANDOM_SIGNS + 2 and plain.startswith("K"):
        plain = plain[1:]
    plain = plain.translate(_MISREAD)
    if len(plain) != _RANDOM_SIGNS + 1 or _check_sign(plain[:-1]) != plain[-1]:
        return None
    return _written(plain[:-1])


def _written(signs: str) -> str:
    return f"K-{signs[:4]}-{signs[4:8]}-{_check_sign(signs)}"


def _check_sign(signs: str) -> str:
    """A sum over GF(32) with weights 2, 4, 8 …: one wrong sign or any two swapped are always noticed."""
    total = 0
    for sign in signs:
        total = _doubled(total) ^ ALPHABET.index(sign)
    return ALPHABET[_doubled(total)]


def _doubled(value: int) -> int:
    value <<= 1
    return value ^ 0b100101 if value & 0b100000 else value  # modulo x^5 + x^2 + 1
