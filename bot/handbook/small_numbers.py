"""Small numbers are hidden, so that no person shows; and so many others that none of them can be worked out. Pure.

A number from 1 to 4 is hidden. Where sums stand beside their parts, a hidden part could be the sum less the others; then
the smallest further number of that sum is kept back, and again, until no hidden number has only one value left. What an
onlooker knows of a hidden number is reckoned as bounds, which every sum draws closer. That finds everything where sums
hang together like a tree (a sum of sums); where two sums share two numbers their difference is to be given as a sum of
its own, and a table with sums of both its rows and its columns is beyond it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Final, Generic, Literal, NamedTuple, TypeVar

FEW: Final = 5
TEN: Final = 10
ENDLESS: Final = 10**12
ROUNDS: Final = 100
Key = TypeVar("Key", bound=Hashable)
Why = Literal["few", "kept_back"]


class Sum(NamedTuple, Generic[Key]):
    """`whole` is the sum of its `parts`; an onlooker knows that."""

    whole: Key
    parts: tuple[Key, ...]

    @property
    def all(self) -> tuple[Key, ...]:
        return (self.whole, *self.parts)


def hidden(
    values: Mapping[Key, int], sums: Sequence[Sum[Key]], coarse: Collection[Key] = ()
) -> dict[Key, Why]:
    """Which of these numbers are not shown, and why; every sum must be right and name only what is in `values`. Those in
    `coarse` are shown as a range (`range_of`)."""
    gone: dict[Key, Why] = {key: "few" for key, value in values.items() if 0 < value < FEW}
    of: dict[Key, list[Sum[Key]]] = {}
    for one in sums:
        for key in one.all:
            of.setdefault(key, []).append(one)
    while exposed := _exposed(values, gone, sums, coarse):
        further = _further(values, gone, of, exposed)
        if (
            not further
        ):  # everything is hidden or nought: nothing is left to work it out from, or to hide behind
            return gone
        for key in further:
            gone[key] = "kept_back"
    return gone


def _further(
    values: Mapping[Key, int],
    gone: Mapping[Key, Why],
    of: Mapping[Key, Sequence[Sum[Key]]],
    exposed: Sequence[Key],
) -> set[Key]:
    """For each one that is exposed the smallest number beside it that still shows; rather a part than the whole. Where
    all beside it are hidden, one beside those."""
    found = set()
    for key in exposed:
        here, known = {key}, {key}
        small_sums: set[Key] = set()
        while here:
            beside = [(one.whole, other) for each in here for one in of.get(each, ()) for other in one.all]
            seen = [
                (other == whole, values[other], str(other), other)
                for whole, other in beside
                if other not in gone and values[other] >= FEW
            ]
            if seen:
                found.add(min(seen, key=lambda each: each[:3])[3])
                break
            small_sums |= {whole for whole, _ in beside if gone.get(whole) == "few"}
            here = {other for _, other in beside if other in gone} - known
            known |= here
        else:  # all is hidden; but that a sum is small says something of its parts
            if small_sums:
                found.add(max(small_sums, key=lambda whole: (values[whole], str(whole))))
    return found


def range_of(count: int) -> tuple[int, int]:
    """From and to: 130 to 139, 5 to 9; nought alone."""
    begin = count // TEN * TEN
    return (0, 0) if count == 0 else (max(begin, FEW if count >= FEW else 1), begin + TEN - 1)


def _exposed(
    values: Mapping[Key, int], gone: Mapping[Key, Why], sums: Sequence[Sum[Key]], coarse: Collection[Key]
) -> list[Key]:
    """The small numbers that have one possible value only."""
    least, most = bounds(values, gone, sums, coarse)
    return [key for key in gone if values[key] < FEW and least[key] == most[key]]


def bounds(
    values: Mapping[Key, int], gone: Mapping[Key, Why], sums: Sequence[Sum[Key]], coarse: Collection[Key] = ()
) -> tuple[dict[Key, int], dict[Key, int]]:
    """The least and the most that each number can be, for who sees all the others."""
    least, most = dict(values), dict(values)
    for key in coarse:
        least[key], most[key] = range_of(values[key])
    for key, why in gone.items():
        least[key] = FEW if why == "kept_back" and values[key] >= FEW else 1
        most[key] = FEW - 1 if why == "few" else ENDLESS
    open_ones = [one for one in sums if any(key in gone or key in coarse for key in one.all)]
    for _ in range(ROUNDS):
        closer = [_drawn_closer(one, least, most) for one in open_ones]
        if not any(closer):
            break
    return least, most


def _drawn_closer(one: Sum[Key], least: dict[Key, int], most: dict[Key, int]) -> bool:
    """Apply one sum to all of its numbers; whether anything came of it."""
    low, high = sum(least[key] for key in one.parts), sum(most[key] for key in one.parts)
    closer = _set(one.whole, low, high, least, most)
    for key in one.parts:
        others_low, others_high = low - least[key], high - most[key]
        before = least[key], most[key]
        if _set(key, least[one.whole] - others_high, most[one.whole] - others_low, least, most):
            closer = True
            low += least[key] - before[0]
            high += most[key] - before[1]
    return closer


def _set(key: Key, low: int, high: int, least: dict[Key, int], most: dict[Key, int]) -> bool:
    low, high = max(low, least[key]), min(high, most[key])
    if (low, high) == (least[key], most[key]):
        return False
    least[key], most[key] = low, high
    return True
