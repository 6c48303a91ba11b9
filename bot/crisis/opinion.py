"""The second opinion: a learned one, asked where the rules found nothing. It may raise none to soft, never lower.

Each run of one to four letters, and of families of words (`bot.crisis.families`), carries a weight that
`bot.crisis.training` learned from content/crisis/examples.csv; a passage's score is their sum, divided by the
root of their number (and a constant) so that neither length alone says something nor two words of a short
message. The passages of a text are its sentences, so that one sentence in the middle of a long letter is
heard, and neighbouring sentences together, because what one only hints at the next one makes clear. Where the
passages of a text speak of danger on average, half of that is added to each. A passage with a plain word of
danger (`plain` in lexicon.yaml), which no mask or guard has taken out, needs less. The weights are whole numbers
in a file that can be read and reviewed; scoring needs nothing but Python.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Final

from bot.crisis.families import NONE, Families, is_mark
from bot.crisis.normalise import Normal

LONGEST_RUN: Final = 4
LONGEST_WITH_FAMILY: Final = 3
UNIT: Final = 1_000
"""Weights are stored as thousandths."""
STEADY: Final = 60
"""Runs that every passage is taken to have besides its own, saying nothing: a few words alone must say more."""
_PASSAGE: Final = 48
_TOGETHER: Final = 70
_MOST_PASSAGES: Final = 120
_JAPANESE: Final = re.compile("[ぁ-ん\u4e00-\u9fff]")
_TOLD: Final = 6
NOTHING: Final = re.compile("(?!)")
"""For the words of an opinion that knows no plain ones."""


@dataclass(frozen=True)
class Opinion:
    """What was learned: for every run of letters how much it speaks for danger, and for somebody else's."""

    threshold: int
    """A passage that scores more than this is taken for danger."""
    plain_threshold: int
    """The same for a passage with a plain word of danger; never higher."""
    trained_on: str
    """Digest of what it learned from, so that a test sees when it must learn again."""
    families: Families
    danger: Mapping[str, int]
    other: Mapping[str, int]
    plain: re.Pattern[str] = NOTHING

    def limit(self, passage: str) -> int:
        """What this passage must score more than."""
        return self.plain_threshold if self.plain.search(passage) else self.threshold


@dataclass(frozen=True)
class Verdict:
    """The passage that scored furthest above its limit (or nearest to it), and the runs of letters that weighed most in it."""

    score: int
    threshold: int
    other: bool
    runs: tuple[tuple[str, int], ...]

    @property
    def danger(self) -> bool:
        return self.score > self.threshold


def load_opinion(path: Path, families: Families = NONE, plain: re.Pattern[str] = NOTHING) -> Opinion:
    """Reads opinion.json; ValueError says that it is none. Equal weights share one number, which saves megabytes."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"), parse_int=cache(int))
        danger, other = raw["danger"], raw["other"]
        if not all(isinstance(weight, int) for weights in (danger, other) for weight in weights.values()):
            raise ValueError("weights must be whole numbers")
        limits = int(raw["threshold"]), int(raw["plain_threshold"])
        return Opinion(*limits, str(raw["trained_on"]), families, danger, other, plain)
    except (KeyError, TypeError, AttributeError, ValueError) as trouble:
        raise ValueError(f"{path.name}: is no learned opinion: {trouble}") from trouble


def second_opinion(view: Normal, opinion: Opinion, *, only_danger: bool = False) -> Verdict | None:
    """What the learned weights say about a text; None where there are no words in it, or where nothing is danger
    and `only_danger` is asked for (what it was that did not alarm need not be known then)."""
    found = [
        (passage, runs_of(passage, opinion.families, view.marks)) for passage in dict.fromkeys(passages(view))
    ]
    if not found:
        return None
    scores = with_the_whole([score(runs, opinion.danger) for _, runs in found])
    above, passage, runs = max(
        (
            (scored - opinion.limit(passage), passage, runs)
            for scored, (passage, runs) in zip(scores, found, strict=True)
        ),
        key=itemgetter(0, 1),
    )
    if only_danger and above <= 0:
        return None
    weighed = sorted(((run, opinion.danger[run]) for run in runs if run in opinion.danger), key=_heaviest)
    told = tuple((opinion.families.spelled(run), weight) for run, weight in weighed[:_TOLD])
    limit = opinion.limit(passage)
    return Verdict(above + limit, limit, score(runs, opinion.other) > 0, told)


def passages(view: Normal) -> list[str]:
    """The sentences of a text (an endless one through a sliding window), then short neighbours read as one."""
    japanese = _JAPANESE.search(view.ja) is not None or not view.latin.strip()
    stop, times = ("。", 1) if japanese else (" . ", 2)
    text = view.ja if japanese else view.latin
    sentences = [sentence.strip() for sentence in text.split(stop) if sentence.strip()]
    alone = (piece for sentence in sentences for piece in _windows(sentence, times * _PASSAGE))
    together = _neighbours(sentences, stop, times * _TOGETHER)
    return [*islice(alone, _MOST_PASSAGES), *islice(together, _MOST_PASSAGES)]


def runs_of(passage: str, families: Families, marks: str = "") -> frozenset[str]:
    """All runs of letters in a passage, its beginning and end marked, those with a word's family in its place, and
    the text's own marks."""
    line = f"^{passage}$"
    runs = {
        line[at : at + length] for length in range(1, LONGEST_RUN + 1) for at in range(len(line) - length + 1)
    }
    line = f"^{families.marked(passage)}$"
    for at, letter in enumerate(line):
        if is_mark(letter):
            for length in range(1, LONGEST_WITH_FAMILY + 1):
                runs.update(line[start : start + length] for start in range(max(0, at - length + 1), at + 1))
    runs.update(marks)
    return frozenset(runs)


def score(runs: frozenset[str], weights: Mapping[str, int]) -> int:
    """The weight of a passage; the empty run is what every passage brings along."""
    total = weights.get("", 0) + sum(weights.get(run, 0) for run in runs)
    return round(total / math.sqrt(len(runs) + STEADY))


def with_the_whole(scores: Sequence[int]) -> list[int]:
    """The scores of a text's passages, each with half of what all say on average where that speaks for danger. It
    takes nothing away: one sentence in a long quiet letter is to be heard as before."""
    whole = max(0, round(sum(scores) / len(scores) / 2))
    return [each + whole for each in scores]


def _neighbours(sentences: list[str], stop: str, widest: int) -> Iterator[str]:
    """From every sentence on as many as fit, where that is more than one."""
    for at, joined in enumerate(sentences):
        for following in sentences[at + 1 :]:
            if len(joined) + len(stop) + len(following) > widest:
                break
            joined += stop + following
        if joined != sentences[at]:
            yield joined


def _windows(sentence: str, widest: int) -> Iterator[str]:
    if len(sentence) <= widest * 3 // 2:
        yield sentence
        return
    for start in range(0, len(sentence) - widest // 2, widest // 2):
        yield sentence[start : start + widest]


def _heaviest(weighed: tuple[str, int]) -> tuple[int, str]:
    return -abs(weighed[1]), weighed[0]
