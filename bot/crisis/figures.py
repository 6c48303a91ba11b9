"""How many of the labelled sentences are found, and how many harmless ones are taken for danger.

Printed by `tsunagari crisis figures` and kept in docs/crisis.md. A sentence counts as found when the person it is
about is answered at all; `exact` counts those whose person and level are both as labelled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.crisis.detection import SECOND_OPINION, Danger, Who
from bot.crisis.examples import RULES, SERVICE, Example
from bot.crisis.lexicon import CATEGORIES

EXPLICIT: Final = "explicit"
INDIRECT: Final = "indirect"
_SURE: Final = ("explicit", "mixed", "long")


@dataclass(frozen=True)
class Line:
    """One kind of sentence: how many there are, are found, and are read exactly; or are taken wrongly."""

    name: str
    of: int
    found: int
    right_person: int
    exact: int

    @property
    def share(self) -> float:
        return self.found / self.of if self.of else 0.0


@dataclass(frozen=True)
class Figures:
    """What was counted over one set of sentences."""

    categories: tuple[Line, ...]
    explicit: Line
    indirect: Line
    soft: Line
    false_alarms: Line
    """`found` are the harmless ones that were answered as danger."""
    ordinary: Line
    """Those of them that were not made to be mistaken."""
    false_alarms_of_rules: int
    found_by_rules: int


def figures(examples: Iterable[Example], heard: Callable[[str], Danger | None]) -> Figures:
    """Counts over these examples, as this detector hears them."""
    read = [(one, heard(one.text)) for one in examples]

    def line(name: str, wanted: Callable[[Example], bool]) -> Line:
        chosen = [(one, danger) for one, danger in read if wanted(one)]
        return Line(
            name,
            len(chosen),
            sum(danger is not None for _, danger in chosen),
            sum(_right_person(one, danger) for one, danger in chosen),
            sum(danger is not None and _exact(one, danger) for one, danger in chosen),
        )

    return Figures(
        tuple(
            line(name, lambda one, name=name: one.dangerous and one.category == name)  # type: ignore[misc]
            for name in CATEGORIES
        ),
        line(EXPLICIT, lambda one: one.dangerous and one.style in _SURE),
        line(INDIRECT, lambda one: one.dangerous and one.style == INDIRECT),
        line("soft", lambda one: one.dangerous and one.style == "soft"),
        line("harmless", lambda one: not one.dangerous),
        line("ordinary", lambda one: one.ordinary),
        sum(_by_rules(danger) for one, danger in read if not one.dangerous),
        sum(_by_rules(danger) for one, danger in read if one.dangerous),
    )


def sets(examples: Sequence[Example]) -> Mapping[str, list[Example]]:
    """The sets that are counted apart, by how honest their figures are."""
    return {
        "unseen": [one for one in examples if one.unseen],
        "held": [one for one in examples if one.held_back and not one.unseen],
        "learned": [one for one in examples if not one.held_back and one.batch not in (RULES, SERVICE)],
        "rules": [one for one in examples if one.batch == RULES],
        "service": [one for one in examples if one.batch == SERVICE],
    }


def _by_rules(danger: Danger | None) -> bool:
    """The opinion is only asked where the rules found nothing."""
    return danger is not None and not danger.reasons[0].startswith(SECOND_OPINION)


def _right_person(one: Example, danger: Danger | None) -> bool:
    return danger is not None and (danger.who.value == one.who or danger.who is Who.BOTH)


def _exact(one: Example, danger: Danger) -> bool:
    return (danger.who.value, danger.code) == (one.who, one.level)
