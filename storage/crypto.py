"""Sealing what is personal: AES-256-GCM envelopes with rotating keys, and keyed blind indexes.

An envelope is: version (1 byte, 0x01) · length of key id (1) · key id (ASCII) · nonce (12) · ciphertext, tag.
Its associated data names tenant, table, column and row: a value moved to any other place does not open.
A nonce is 96 random bits; keep below 2^32 seals a key (NIST SP 800-38D, section 8.3) and rotate long before.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = b"\x01"
NONCE_BYTES = 12
UNKNOWN = "?"


class SealBroken(Exception):
    """This value cannot be opened: the key is missing, or it was changed or moved."""


class BadKeys(ValueError):
    """Keys must be `id:base64-32-bytes` pairs, separated by commas."""


@dataclass(frozen=True)
class Place:
    """Where a sealed value lives; it opens nowhere else."""

    tenant: str
    table: str
    column: str
    row: str

    def bytes(self) -> bytes:
        return "\x1f".join((self.tenant, self.table, self.column, self.row)).encode()


@dataclass(frozen=True, repr=False)
class Cipher:
    """Seals with the first key and opens with any; its `repr` shows no key."""

    keys: Mapping[str, AESGCM] = field(repr=False)
    first: str

    def __repr__(self) -> str:
        return f"Cipher({', '.join(self.keys)})"

    def seal(self, plain: bytes, place: Place) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        name = self.first.encode()
        head = VERSION + bytes([len(name)]) + name
        return head + nonce + self.keys[self.first].encrypt(nonce, plain, head + place.bytes())

    def open(self, envelope: bytes, place: Place) -> bytes:
        """The plain bytes; SealBroken where key, place or content do not fit."""
        name = key_id(envelope)
        if name not in self.keys:
            raise SealBroken(f"no key named {name!r} in TSUNAGARI_KEYS")
        cut = 2 + len(name)
        nonce = envelope[cut : cut + NONCE_BYTES]
        try:
            return self.keys[name].decrypt(
                nonce, envelope[cut + NONCE_BYTES :], envelope[:cut] + place.bytes()
            )
        except (InvalidTag, ValueError) as error:
            raise SealBroken(f"{place.table}.{place.column} of {place.row}") from error


def key_id(envelope: bytes) -> str:
    """Which key sealed this envelope."""
    if len(envelope) < 2 or envelope[:1] != VERSION:
        raise SealBroken("not an envelope of ours")
    try:
        return envelope[2 : 2 + envelope[1]].decode("ascii")
    except UnicodeDecodeError as error:
        raise SealBroken("not an envelope of ours") from error


def sealed_by(envelope: bytes) -> str:
    """Which key sealed this, or UNKNOWN where that cannot be seen."""
    try:
        return key_id(envelope)
    except SealBroken:
        return UNKNOWN


def cipher_from(text: str) -> Cipher:
    """Read TSUNAGARI_KEYS; the first key seals. Raises BadKeys, whose text never contains key material."""
    keys = {name: AESGCM(raw) for name, raw in keys_from(text).items()}
    return Cipher(keys, next(iter(keys)))


def keys_from(text: str, setting: str = "TSUNAGARI_KEYS") -> dict[str, bytes]:
    """The keys themselves by their ids, in the order in which they stand there."""
    keys: dict[str, bytes] = {}
    for number, pair in enumerate((part.strip() for part in text.split(",") if part.strip()), 1):
        name, colon, encoded = pair.partition(":")
        if not colon or not name.isascii() or not 0 < len(name) <= 32:
            raise BadKeys(f"{setting}: pair {number} is not `id:base64`")
        try:
            raw = base64.b64decode(_plain_base64(encoded), validate=True)
        except ValueError as error:
            raise BadKeys(f"{setting}: the key {name!r} is not base64") from error
        if len(raw) != 32:
            raise BadKeys(f"{setting}: the key {name!r} has {len(raw)} bytes, not 32")
        if name in keys:
            raise BadKeys(f"{setting}: the id {name!r} stands there twice")
        keys[name] = raw
    if not keys:
        raise BadKeys(f"{setting} is empty; `tsunagari key new` prints a key")
    return keys


def _plain_base64(text: str) -> str:
    """Both alphabets of base64 are read, with or without padding."""
    return text.translate(str.maketrans("-_", "+/")) + "=" * (-len(text) % 4)


def new_key(name: str) -> str:
    """A fresh `id:base64` pair for TSUNAGARI_KEYS."""
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


def blind_index(key: bytes, *parts: str) -> str:
    """64 hex digits by which an equal value is found without being stored (HMAC-SHA256, no bare hash)."""
    return hmac.digest(key, "\x1f".join(parts).encode(), "sha256").hex()


def token_hash(token: str) -> str:
    """How a one-time link is kept: the token itself (256 random bits) is never stored."""
    return hashlib.sha256(token.encode()).hexdigest()
