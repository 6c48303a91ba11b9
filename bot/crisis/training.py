"""How the second opinion learns: a linear classifier over runs of letters, in plain Python, the same bytes each time.

A support vector machine with squared hinge loss, trained by dual coordinate descent (Hsieh et al. 2008): every
example in turn is asked whether it is on the right side, and pulls on its own runs of letters if not. No randomness
(the order is that of the examples' digests), no library, four minutes with its cross-validation. A run pulls
harder the rarer it is and the more it stands on one side only (the root of its log-count ratio); both factors are part
of the weight that is stored. It learns twice: first from the longest passage of every dangerous text, then from the
one that the first learning found most telling.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from bot.crisis.examples import SERVICE, Example
from bot.crisis.families import Families
from bot.crisis.normalise import Normal
from bot.crisis.opinion import NOTHING, STEADY, UNIT, Opinion, passages, runs_of, with_the_whole

FOLDS: Final = 12
"""Parts of the writers that are left out in turn. Small ones: scores grow with what was learned, so that with a quarter
left out the limit comes out too low for an opinion that has learned from all."""
FALSE_ALARMS: Final = 0.0115
"""Of the ordinary messages of writers from whom nothing was learned (cross-validation by writer): that many may be
taken for danger by passages without a plain word of danger …"""
PLAIN_FALSE_ALARMS: Final = 0.004
"""… and that many by passages with one. One in twenty ordinary messages has such a word: these pay for being heard."""
_ROUNDS: Final = 20
_STRICTNESS: Final = 0.5
_DONE: Final = 0.005
_EVERYONE: Final = 5
_NEAR: Final = 0.3
"""Lines further than this on the right side are asked again only every fifth round."""
_ORDINARY: Final = 3
"""What people really send weighs this many times a look-alike: it is what comes every day."""
_FEWEST: Final = 2
"""A run that stands in one text only says nothing about the next one."""
_LIGHTEST: Final = 140
"""Thousandths: lighter weights are left out of the file, which is to stay small enough to be looked through."""

Read = Callable[[str], Normal]
Runs = tuple[int, ...]
"""The runs of a passage, by their numbers."""


@dataclass(frozen=True)
class _Text:
    example: Example
    passages: tuple[Runs, ...]
    longest: int
    """Which passage that is."""
    plain: tuple[bool, ...]
    """Which passages have a plain word of danger."""


@dataclass(frozen=True)
class _Line:
    runs: Runs
    positive: bool


def learn(
    examples: Iterable[Example], read: Read, families: Families, plain: re.Pattern[str] = NOTHING
) -> Opinion:
    """The opinion that follows from these examples; those held back are not looked at."""
    numbers: dict[str, int] = {}
    known = _ordered(examples)
    texts = [_text(one, read, families, plain, numbers) for one in known]
    limits = _limits(texts)
    told = [one for one in texts if one.example.who in ("self", "other")]
    other = _train([_Line(one.passages[one.longest], one.example.who == "other") for one in told])
    danger = _train_twice(texts)
    names = ["", *numbers]
    return Opinion(
        *limits,
        trained_on(known, read, families, plain),
        families,
        {names[run + 1]: weight for run, weight in sorted(danger.items())},
        {names[run + 1]: weight for run, weight in sorted(other.items())},
        plain,
    )


def trained_on(
    examples: Iterable[Example], read: Read, families: Families, plain: re.Pattern[str] = NOTHING
) -> str:
    """A digest of everything that the learning sees."""
    seen = [
        [
            one.who,
            one.batch,
            one.ordinary,
            view.marks,
            [[each, families.marked(each), bool(plain.search(each))] for each in passages(view)],
        ]
        for one in _ordered(examples)
        for view in [read(one.text)]
    ]
    return _digest(json.dumps(seen, ensure_ascii=False))


def as_json(opinion: Opinion) -> str:
    """The file's text: a line for every run of letters, so that a change can be read as a change."""
    limits = f'"threshold": {opinion.threshold},\n"plain_threshold": {opinion.plain_threshold},\n'
    head = f'{limits}"trained_on": "{opinion.trained_on}",\n'
    return f'{{\n{head}"danger": {_lines(opinion.danger)},\n"other": {_lines(opinion.other)}\n}}\n'


def _lines(weights: Mapping[str, int]) -> str:
    lines = [f"{json.dumps(run, ensure_ascii=False)}: {weight}" for run, weight in sorted(weights.items())]
    return "{\n" + ",\n".join(lines) + "\n}"


def _ordered(examples: Iterable[Example]) -> list[Example]:
    return sorted((one for one in examples if not one.held_back), key=lambda one: _digest(one.text))


def _text(
    one: Example, read: Read, families: Families, plain: re.Pattern[str], numbers: dict[str, int]
) -> _Text:
    view = read(one.text)
    found = list(dict.fromkeys(passages(view))) or [""]
    runs = (sorted(runs_of(each, families, view.marks)) for each in found)
    numbered = tuple(tuple(numbers.setdefault(run, len(numbers)) for run in each) for each in runs)
    longest = max(range(len(found)), key=lambda at: len(found[at]))
    return _Text(one, numbered, longest, tuple(plain.search(each) is not None for each in found))


def _limits(texts: Sequence[_Text]) -> tuple[int, int]:
    """Where the ordinary messages of writers that the fold's opinion did not know would be taken wrongly: for
    passages without and with a plain word of danger."""
    scores: dict[bool, list[int]] = {False: [], True: []}
    messages = 0
    writers = sorted({one.example.batch for one in texts})
    folds = min(FOLDS, len(writers))
    for fold in range(folds):
        apart = frozenset(writers[fold::folds])
        weights = _train_twice([one for one in texts if one.example.batch not in apart])
        for one in texts:
            if one.example.ordinary and one.example.batch in apart:
                messages += 1
                for plain, most in _highest(one, weights).items():
                    scores[plain].append(most)
    if not messages:
        raise ValueError("there are no ordinary messages (note: ordinary) to choose the limit by")
    everything = scores[False] + scores[True]
    limit = _limit(scores[False] or everything, FALSE_ALARMS * messages)
    return limit, min(limit, _limit(scores[True] or everything, PLAIN_FALSE_ALARMS * messages))


def _highest(one: _Text, weights: Mapping[int, int]) -> Mapping[bool, int]:
    """The highest score of its passages without and with a plain word of danger, where it has such passages."""
    highest: dict[bool, int] = {}
    scores = with_the_whole([_score(runs, weights) for runs in one.passages])
    for scored, plain in zip(scores, one.plain, strict=True):
        highest[plain] = max(scored, highest.get(plain, scored))
    return highest


def _limit(scores: Sequence[int], most: float) -> int:
    """So that at most this many score more."""
    return sorted(scores)[-1 - min(math.floor(most), len(scores) - 1)]


def _train_twice(texts: Sequence[_Text]) -> Mapping[int, int]:
    """Every passage of a harmless text is harmless; of a dangerous one only some passage is dangerous."""
    harmless = [
        _Line(each, False)
        for one in texts
        if not one.example.dangerous
        for each in one.passages
        for _ in range(_ORDINARY if one.example.ordinary or one.example.batch == SERVICE else 1)
    ]
    dangerous = [one for one in texts if one.example.dangerous]
    first = _train([*harmless, *(_Line(one.passages[one.longest], True) for one in dangerous)])
    telling = (max(one.passages, key=lambda each: (_score(each, first), each)) for one in dangerous)
    return _train([*harmless, *(_Line(each, True) for each in telling)])


def _score(runs: Runs, weights: Mapping[int, int]) -> int:
    return round((weights[_BIAS] + sum(weights.get(run, 0) for run in runs)) / math.sqrt(len(runs) + STEADY))


_BIAS: Final = -1
"""The number of the empty run, which every line brings along."""


def _train(lines: list[_Line]) -> Mapping[int, int]:
    """The weights, each already with the factor by which its run pulls."""
    squares = {run: factor * factor for run, factor in _factors(lines).items()}
    at_of = {run: at for at, run in enumerate(squares)}
    square = list(squares.values())
    weights = [0.0] * len(square)
    slack = 1 / (2 * _STRICTNESS)
    known = [[at_of[run] for run in (_BIAS, *line.runs) if run in at_of] for line in lines]
    of = [itemgetter(*runs, 0) for runs in known]  # at least two, so that it gives a tuple
    scales = [1 / math.sqrt(len(line.runs) + 1) for line in lines]
    norms = [
        scale * scale * math.fsum(map(square.__getitem__, runs))
        for runs, scale in zip(known, scales, strict=True)
    ]
    pulls = [0.0] * len(lines)
    sides = [1 if line.positive else -1 for line in lines]
    everyone = range(len(lines))
    awake: Sequence[int] = everyone
    for turn in range(_ROUNDS):
        largest = 0.0
        still: list[int] = []
        for at in awake:
            side = sides[at]
            found = of[at](weights)
            gap = side * scales[at] * (math.fsum(found) - found[-1]) - 1 + pulls[at] * slack
            pull = max(pulls[at] - gap / (norms[at] + slack), 0.0)
            if pull > 0 or gap < _NEAR:
                still.append(at)
            if pull != pulls[at]:
                step = (pull - pulls[at]) * side * scales[at]
                largest = max(largest, abs(pull - pulls[at]))
                pulls[at] = pull
                for run in known[at]:
                    weights[run] += step * square[run]
        if largest < _DONE:
            break
        awake = everyone if turn % _EVERYONE == 0 else still
    rounded = {run: round(weight * UNIT) for run, weight in zip(squares, weights, strict=True)}
    return {run: weight for run, weight in rounded.items() if run == _BIAS or abs(weight) >= _LIGHTEST}


def _factors(lines: list[_Line]) -> Mapping[int, float]:
    """How hard a run pulls: the logarithm of its rarity times the root of its log-count ratio."""
    with_it: Counter[int] = Counter()
    without: Counter[int] = Counter()
    for line in lines:
        (with_it if line.positive else without).update(line.runs)
    all_with, all_without = sum(with_it.values()) + 1, sum(without.values()) + 1
    factors = {_BIAS: 1.0}
    for run in sorted({*with_it, *without}):
        count = with_it[run] + without[run]
        if count >= _FEWEST:
            rarity = math.log((len(lines) + 1) / (count + 0.5)) / 4
            ratio = math.log((with_it[run] + 1) / all_with * all_without / (without[run] + 1))
            factors[run] = rarity * math.sqrt(abs(ratio))
    return factors


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
