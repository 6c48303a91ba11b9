"""Sealed values open where they belong, with the right key, unchanged; and nowhere else."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from storage.crypto import (
    BadKeys,
    Cipher,
    Place,
    SealBroken,
    blind_index,
    cipher_from,
    key_id,
    new_key,
    token_hash,
)

HOME = Place("default", "people", "line_id", "row1")


def test_what_was_sealed_opens_again(cipher: Cipher) -> None:
    assert cipher.open(cipher.seal("鳥取花子".encode(), HOME), HOME).decode() == "鳥取花子"


def test_the_words_are_not_in_the_envelope(cipher: Cipher) -> None:
    assert b"hanako" not in cipher.seal(b"hanako", HOME)


def test_the_same_words_never_give_the_same_envelope(cipher: Cipher) -> None:
    assert len({cipher.seal(b"hanako", HOME) for _ in range(1000)}) == 1000


@pytest.mark.parametrize("moved", ["tenant", "table", "column", "row"])
def test_a_value_moved_elsewhere_refuses_to_open(cipher: Cipher, moved: str) -> None:
    envelope = cipher.seal(b"secret", HOME)
    with pytest.raises(SealBroken):
        cipher.open(envelope, replace(HOME, **{moved: "other"}))


def test_every_flipped_bit_is_noticed(cipher: Cipher) -> None:
    envelope = cipher.seal(b"secret", HOME)
    for bit in range(len(envelope) * 8):
        changed = bytearray(envelope)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            cipher.open(bytes(changed), HOME)


def test_every_cut_envelope_is_noticed(cipher: Cipher) -> None:
    envelope = cipher.seal(b"secret", HOME)
    for length in range(len(envelope)):
        with pytest.raises(SealBroken):
            cipher.open(envelope[:length], HOME)


def test_another_key_of_the_same_name_does_not_open_it(cipher: Cipher) -> None:
    envelope = cipher.seal(b"secret", HOME)
    with pytest.raises(SealBroken):
        cipher_from(new_key("t1")).open(envelope, HOME)


def test_the_first_key_seals_and_all_open() -> None:
    old, new = new_key("old"), new_key("new")
    envelope = cipher_from(old).seal(b"secret", HOME)
    both = cipher_from(f"{new}, {old}")
    assert both.open(envelope, HOME) == b"secret"
    assert key_id(both.seal(b"secret", HOME)) == "new"


@pytest.mark.parametrize(
    "text",
    ["", " , ", "nokey", "a:%%%", "a:c2hvcnQ=", ":" + new_key("x")[2:], "ä" + new_key("x")[1:]],
    ids=["empty", "commas", "no colon", "no base64", "too short", "no name", "no ASCII name"],
)
def test_bad_keys_are_refused_without_showing_them(text: str) -> None:
    with pytest.raises(BadKeys) as refused:
        cipher_from(text)
    assert "c2hvcnQ=" not in str(refused.value)


def test_one_id_for_two_keys_is_refused() -> None:
    with pytest.raises(BadKeys, match="twice"):
        cipher_from(f"{new_key('a')},{new_key('a')}")


def test_a_cipher_shows_no_key() -> None:
    pair = new_key("a")
    assert pair.split(":")[1] not in repr(cipher_from(pair))


def test_a_blind_index_depends_on_the_key_and_on_where_its_parts_end() -> None:
    assert blind_index(b"k1", "a", "b") == blind_index(b"k1", "a", "b")
    assert (
        len({blind_index(b"k1", "a", "b"), blind_index(b"k2", "a", "b"), blind_index(b"k1", "ab", "")}) == 3
    )


def test_a_token_is_kept_as_a_hash_only() -> None:
    assert len(token_hash("token")) == 64
    assert "token" not in token_hash("token")


def test_a_key_is_read_in_both_alphabets_of_base64_and_without_padding() -> None:
    raw = bytes([0xFB, 0xEF, 0xFF] * 10 + [1, 2])
    place = Place("default", "people", "line_id", "1")
    sealed = cipher_from("a:" + base64.b64encode(raw).decode()).seal(b"x", place)
    url_safe = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    assert cipher_from("a:" + url_safe).open(sealed, place) == b"x"
