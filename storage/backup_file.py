"""A file that only the backup key opens, and that shows whatever was cut off, moved or changed in it.

It begins with a head: MAGIC · length of key id (1) · key id (ASCII) · salt (32) · proof (32). From key, salt and id
HKDF-SHA256 makes the key of this one file and the proof, which tells a wrong key from a damaged file. Then chunks
of 64 KiB, each sealed with AES-256-GCM (RFC 5116); the nonce is the chunk's place and whether it is the last, the
associated data is the head. No chunk opens at another place, in another file, or as an end that it is not.
"""

from __future__ import annotations

import hmac
import os
import struct
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"TSUNAGARI-BACKUP 1\n"
CHUNK = 64 * 1024
_TAG = 16
_SALT = 32
_PROOF = 32

Trouble = Literal["not_ours", "no_key", "wrong_key", "damaged", "cut_off", "newer", "strange"]


class BadBackup(Exception):
    """This file cannot be used; `trouble` says why, `what` names the key or place that it is about."""

    def __init__(self, trouble: Trouble, what: str = "") -> None:
        super().__init__(f"{trouble} {what}".strip())
        self.trouble, self.what = trouble, what


class Sealing:
    """Takes bytes and writes them sealed with the first key; `end` writes the last chunk."""

    def __init__(self, file: BinaryIO, keys: Mapping[str, bytes]) -> None:
        name, key = next(iter(keys.items()))
        salt = os.urandom(_SALT)
        aes, proof = _keys_of_the_file(key, name, salt)
        self._file, self._aes, self._place, self._held = file, aes, 0, bytearray()
        self._head = MAGIC + bytes([len(name)]) + name.encode() + salt + proof
        file.write(self._head)

    def write(self, plain: bytes) -> None:
        """A full chunk is held until more comes: it might be the last."""
        self._held += plain
        while len(self._held) > CHUNK:
            self._put(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]

    def end(self) -> None:
        self._put(bytes(self._held), last=True)

    def _put(self, plain: bytes, last: bool) -> None:
        self._file.write(self._aes.encrypt(_nonce(self._place, last), plain, self._head))
        self._place += 1


def opened(file: BinaryIO, keys: Mapping[str, bytes]) -> Iterator[bytes]:
    """The bytes that were sealed, chunk by chunk. Raises BadBackup where something is wrong, at the latest at the
    end: what came before is true, but whether it is all is known only then."""
    aes, head = _opened_head(file, keys)
    place, sealed = 0, file.read(CHUNK + _TAG)
    while True:
        following = file.read(CHUNK + _TAG)
        last = not following
        plain = _decrypted(aes, sealed, place, last, head)
        if plain is None:
            cut_off = last and (not sealed or _decrypted(aes, sealed, place, False, head) is not None)
            raise BadBackup("cut_off" if cut_off else "damaged", str(place + 1))
        yield plain
        if last:
            return
        place, sealed = place + 1, following


def _opened_head(file: BinaryIO, keys: Mapping[str, bytes]) -> tuple[AESGCM, bytes]:
    start = file.read(len(MAGIC) + 1)
    if start[:-1] != MAGIC:
        raise BadBackup("cut_off" if MAGIC.startswith(start) and start else "not_ours")
    rest = file.read(start[-1] + _SALT + _PROOF)
    if len(rest) < start[-1] + _SALT + _PROOF:
        raise BadBackup("cut_off", "0")
    raw, salt, proof = rest[: start[-1]], rest[start[-1] : -_PROOF], rest[-_PROOF:]
    if not raw.isascii() or not raw.decode("ascii").isprintable():
        raise BadBackup("damaged", "0")
    name = raw.decode("ascii")
    if name not in keys:
        raise BadBackup("no_key", name)
    aes, right = _keys_of_the_file(keys[name], name, salt)
    if not hmac.compare_digest(proof, right):
        raise BadBackup("wrong_key", name)
    return aes, start + rest


def _decrypted(aes: AESGCM, sealed: bytes, place: int, last: bool, head: bytes) -> bytes | None:
    try:
        return aes.decrypt(_nonce(place, last), sealed, head)
    except (InvalidTag, ValueError):
        return None


def _keys_of_the_file(key: bytes, name: str, salt: bytes) -> tuple[AESGCM, bytes]:
    made = HKDF(SHA256(), 64, salt, MAGIC + name.encode()).derive(key)
    return AESGCM(made[:32]), made[32:]


def _nonce(place: int, last: bool) -> bytes:
    return struct.pack(">Q3xB", place, last)
