"""No sealed value opens in another place, and none that was changed by a single bit: every column of every table."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import pytest
from filled import a_row_everywhere
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import rotation
from storage.crypto import Place, SealBroken, cipher_from, new_key
from storage.tables import metadata
from storage.work import Database, Work

SEALED = [
    (table, column) for table in metadata.sorted_tables for column in table.c if "sealed_row" in column.info
]
CIPHER = cipher_from(new_key("k"))


@dataclass(frozen=True)
class Cell:
    """One sealed value and its only place."""

    tenant: str
    table: str
    column: str
    row: str
    envelope: bytes

    def opens(self, work: Work, envelope: bytes) -> Any:
        return work.unseal(envelope, self.tenant, self.table, self.column, self.row)


def cells(rows: dict[str, dict[str, Any]]) -> list[Cell]:
    found = []
    for table, column in SEALED:
        row = rows[table.name]
        bound = row[column.info["sealed_row"]]
        found.append(Cell(row.get("channel", ""), table.name, column.name, bound, row[column.name]))
    return found


@pytest.fixture
def everywhere(db: Database) -> list[Cell]:
    """Every sealed column, in a row of one account and in one of another."""
    with db.work() as work:
        made = [a_row_everywhere(work, channel) for channel in ("default", "iwami")]
    return [each for rows in made for each in cells(rows)]


def test_a_value_opens_in_its_own_place_and_in_no_other(db: Database, everywhere: list[Cell]) -> None:
    with db.look() as work:
        for cell in everywhere:
            assert cell.opens(work, cell.envelope) == f"{cell.table}.{cell.column}"
        for cell, other in itertools.permutations(everywhere, 2):
            with pytest.raises(SealBroken):
                cell.opens(work, other.envelope)


def test_a_value_of_another_town_or_row_does_not_open_though_all_else_is_the_same(
    db: Database, everywhere: list[Cell]
) -> None:
    with db.look() as work:
        for cell in everywhere:
            for tenant, row in (
                (f"{cell.tenant}x", cell.row),
                (cell.tenant, f"{cell.row}x"),
                (cell.tenant, ""),
            ):
                with pytest.raises(SealBroken):
                    work.unseal(cell.envelope, tenant, cell.table, cell.column, row)


def test_a_value_of_which_one_bit_was_turned_does_not_open(db: Database, everywhere: list[Cell]) -> None:
    """Version, name of the key, nonce, words and tag: every bit of every sealed column."""
    with db.look() as work:
        for cell in everywhere[: len(SEALED)]:
            for bit in range(len(cell.envelope) * 8):
                turned = bytearray(cell.envelope)
                turned[bit // 8] ^= 1 << bit % 8
                with pytest.raises(SealBroken):
                    cell.opens(work, bytes(turned))


def test_what_was_swapped_in_the_database_is_told_and_left_alone(db: Database, cipher: Any) -> None:
    """Seen by what opens everything: the change of keys names the values that do not belong where they stand."""
    with db.work() as work:
        rows = a_row_everywhere(work)
        people = metadata.tables["people"]
        stolen = rows["supporters"]["name"]
        work.conn.execute(people.update().where(people.c.id == rows["people"]["id"]).values(line_id=stolen))
    newer = cipher_from(new_key("n"))
    both = type(cipher)({**newer.keys, **cipher.keys}, newer.first)
    with pytest.raises(SealBroken, match=r"1 sealed values cannot be opened, the first is people\.line_id"):
        rotation.reseal(Database(db.engine, both, db.index_key, db.clock))


signs = st.characters(codec="utf-8", exclude_characters="\x1f")  # that sign stands between the four
name = st.text(signs, max_size=60)
place = st.builds(Place, name, name, name, name)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(words=st.binary(max_size=200), here=place, there=place, bit=st.integers(min_value=0))
def test_whatever_the_words_and_the_places(words: bytes, here: Place, there: Place, bit: int) -> None:
    envelope = CIPHER.seal(words, here)
    assert CIPHER.open(envelope, here) == words
    turned = bytearray(envelope)
    turned[bit // 8 % len(envelope)] ^= 1 << bit % 8
    with pytest.raises(SealBroken):
        CIPHER.open(bytes(turned), here)
    if here != there:
        with pytest.raises(SealBroken):
            CIPHER.open(envelope, there)
