"""How the second opinion learns: a linear classifier over runs of letters, in plain Python, the same bytes each time.

A support vector machine with squared hinge loss, trained by dual coordinate descent (Hsieh et al. 2008): every
example in turn is asked whether it is on the right side, and pulls on its own runs of letters if not. No randomness
(the order is that of the examples' digests), no library, about a minute with its cross-validation. A run of letters
that stands in few texts says more than one that stands in most: it pulls by the logarithm of its rarity, and that
factor is part of the weight that is stored.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import mul
from typing import Final

from bot.crisis.examples import Example
from bot.crisis.normalise import Normal
from bot.crisis.opinion import UNIT, Opinion, passages, runs_of, score

FOLDS: Final = 5
FALSE_ALARMS: Final = 0.03
"""Of the harmless examples, in cross-validation: that many may be taken for danger. Half of them are look-alikes; of the
ordinary ones it is one in a hundred."""
_ROUNDS: Final = 20
_STRICTNESS: Final = 0.5
_DONE: Final = 0.005
_LIGHTEST: Final = 100
"""Thousandths: lighter weights are left out of the file, which is to stay small enough to be looked through."""

Read = Callable[[str], Normal]
Weights = Mapping[str, int]


def learn(examples: Iterable[Example], read: Read) -> Opinion:
    """The opinion that follows from these examples; those held back are not looked at."""
    ordered = sorted((one for one in examples if not one.held_back), key=lambda one: _digest(one.text))
    threshold = _threshold(ordered, read)
    danger, other = _both(ordered, read)
    return Opinion(threshold, trained_on(ordered, read), danger, other)


def trained_on(examples: Iterable[Example], read: Read) -> str:
    """A digest of everything that the learning sees."""
    ordered = sorted((one for one in examples if not one.held_back), key=lambda one: _digest(one.text))
    seen = [[one.who, passages(read(one.text))] for one in ordered]
    return _digest(json.dumps(seen, ensure_ascii=False))


def as_json(opinion: Opinion) -> str:
    """The file's text: a line for every run of letters, so that a change can be read as a change."""
    lines = [
        f"  {json.dumps(run, ensure_ascii=False)}: [{opinion.danger.get(run, 0)}, {opinion.other.get(run, 0)}]"
        for run in sorted({*opinion.danger, *opinion.other})
    ]
    head = f'"threshold": {opinion.threshold},\n"trained_on": "{opinion.trained_on}",\n'
    return "{\n" + head + '"weights": {\n' + ",\n".join(lines) + "\n}\n}\n"


def _threshold(ordered: Sequence[Example], read: Read) -> int:
    """Where three in a hundred harmless texts, that the fold's opinion had not learned from, would be taken wrongly."""
    scores: list[int] = []
    for fold in range(FOLDS):
        weights = _train(*_danger_lines([one for at, one in enumerate(ordered) if at % FOLDS != fold], read))
        for one in ordered[fold::FOLDS]:
            if not one.dangerous:
                scores.append(
                    max((score(runs_of(each), weights) for each in passages(read(one.text))), default=-UNIT)
                )
    return sorted(scores)[-1 - math.floor(FALSE_ALARMS * len(scores))]


def _both(ordered: Sequence[Example], read: Read) -> tuple[Weights, Weights]:
    dangerous = [one for one in ordered if one.who in ("self", "other")]
    lines = [(runs_of(_longest(one, read)), one.who == "other") for one in dangerous]
    other = _train([runs for runs, _ in lines], [about for _, about in lines])
    return _train(*_danger_lines(ordered, read)), other


def _danger_lines(ordered: Sequence[Example], read: Read) -> tuple[list[frozenset[str]], list[bool]]:
    """Every passage of a harmless text is harmless; of a dangerous one the longest holds most of its sense."""
    lines: list[tuple[frozenset[str], bool]] = []
    for one in ordered:
        found = passages(read(one.text))
        if not one.dangerous:
            lines += [(runs_of(each), False) for each in found]
        elif found:
            lines.append((runs_of(max(found, key=len)), True))
    return [runs for runs, _ in lines], [dangerous for _, dangerous in lines]


def _longest(one: Example, read: Read) -> str:
    return max(passages(read(one.text)), key=len, default="")


def _train(lines: list[frozenset[str]], positive: list[bool]) -> Weights:
    rare = _rarity(lines)
    weights: dict[str, float] = dict.fromkeys(rare, 0.0)
    pulls = [0.0] * len(lines)
    slack = 1 / (2 * _STRICTNESS)
    ordered = [sorted([*runs, ""]) for runs in lines]
    scales = [1 / math.sqrt(len(runs)) for runs in ordered]
    pulled = [[rare[run] * scale for run in runs] for runs, scale in zip(ordered, scales, strict=True)]
    norms = [sum(part * part for part in parts) for parts in pulled]
    for _ in range(_ROUNDS):
        largest = 0.0
        for at, (runs, parts) in enumerate(zip(ordered, pulled, strict=True)):
            side = 1 if positive[at] else -1
            gap = side * sum(map(mul, map(weights.__getitem__, runs), parts)) - 1 + pulls[at] * slack
            pull = max(pulls[at] - gap / (norms[at] + slack), 0.0)
            step = (pull - pulls[at]) * side
            if step:
                pulls[at] = pull
                largest = max(largest, abs(step))
                for run, part in zip(runs, parts, strict=True):
                    weights[run] += step * part
        if largest < _DONE:
            break
    rounded = {run: round(weight * rare[run] * UNIT) for run, weight in weights.items()}
    return {run: weight for run, weight in rounded.items() if abs(weight) >= _LIGHTEST}


def _rarity(lines: list[frozenset[str]]) -> Mapping[str, float]:
    """A quarter of the logarithm of one over its share; the empty run, which every line brings along, counts one."""
    seen = Counter(run for runs in lines for run in sorted(runs))
    return {"": 1.0} | {run: math.log((len(lines) + 1) / (count + 0.5)) / 4 for run, count in seen.items()}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
