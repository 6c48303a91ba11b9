"""LINE's ID token of a web login: a short letter from LINE that says who stands before us, and its seal.

Checked here, without asking anybody: HS256 with our Login channel's secret, the only way in which LINE signs for a web
login (https://developers.line.biz/en/docs/line-login/verify-id-token/). What the header names is never chosen from. No
library for it: they read more kinds of token than one (several algorithms, lists of audiences, times as fractions,
base64 with strange signs in between), and each kind would have to be switched off again.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hmac
import json
import re
from typing import Any

ISSUER = "https://access.line.me"
LONGEST = 4_096  # characters; LINE's own have about 500
LEEWAY = 30  # seconds that LINE's clock and ours may differ
_SHAPE = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_USER_ID = re.compile(r"U[0-9a-f]{32}")


class NotBelieved(Exception):
    """This ID token proves nothing; `reason` says why, for the log, and quotes nothing of it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def user_of(token: object, *, channel_id: str, secret: str, nonce: str, now: dt.datetime) -> str:
    """The LINE user id that this token proves; NotBelieved where anything about it is not as it must be.

    1. the shape, 2. the seal over the very bytes that came, 3. only then what stands in it.
    """
    if not (isinstance(token, str) and len(token) <= LONGEST and (parts := _SHAPE.fullmatch(token))):
        raise NotBelieved("shape")
    if not (channel_id and secret and nonce):
        raise NotBelieved("nothing to compare with")
    header, payload, seal = (_bytes(part) for part in parts.groups())
    signed = token.rpartition(".")[0].encode("ascii")
    if not hmac.compare_digest(hmac.digest(secret.encode(), signed, "sha256"), seal):
        raise NotBelieved("seal")
    _check_header(_object(header))
    return _checked(_object(payload), channel_id, nonce, now.timestamp())


def _check_header(header: dict[str, Any]) -> None:
    if header.get("alg") != "HS256":
        raise NotBelieved("alg")
    if "crit" in header or header.get("typ", "JWT") != "JWT":
        raise NotBelieved("header")


def _checked(said: dict[str, Any], channel_id: str, nonce: str, now: float) -> str:
    """Whom it is about. Every claim has to be there, of its own kind, and for us, now and this login."""
    if said.get("iss") != ISSUER:
        raise NotBelieved("iss")
    if said.get("aud") != channel_id:
        raise NotBelieved("aud")
    made, ends = _moment(said, "iat"), _moment(said, "exp")
    if made > now + LEEWAY or made >= ends or _moment(said, "nbf", made) > now + LEEWAY:
        raise NotBelieved("not yet")
    if ends <= now - LEEWAY:
        raise NotBelieved("expired")
    given = said.get("nonce")
    if not (isinstance(given, str) and given.isascii() and hmac.compare_digest(given, nonce)):
        raise NotBelieved("nonce")
    user = said.get("sub")
    if not (isinstance(user, str) and _USER_ID.fullmatch(user)):
        raise NotBelieved("sub")
    return user


def _moment(said: dict[str, Any], name: str, missing: int | None = None) -> int:
    """Seconds since 1970, whole ones: no fraction, no text, no true."""
    value = said.get(name, missing)
    if type(value) is not int or not 0 < value < 1 << 40:
        raise NotBelieved(name)
    return value


def _bytes(part: str) -> bytes:
    """base64url in its one spelling: without padding, and without bits that say nothing."""
    try:
        found = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError) as error:
        raise NotBelieved("base64") from error
    if base64.urlsafe_b64encode(found).rstrip(b"=").decode() != part:
        raise NotBelieved("base64")
    return found


def _object(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise NotBelieved("json") from error
    if not isinstance(found, dict):
        raise NotBelieved("json")
    return found


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(name)
