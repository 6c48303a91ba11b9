"""Trying only the patterns whose letters stand in a text finds what trying all of them finds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.crisis import load_lexicon
from bot.crisis.examples import load_examples
from bot.crisis.normalise import normalise
from bot.crisis.sieve import Sieve, letters_of

CRISIS = Path(__file__).parents[1] / "content" / "crisis"
LEXICON = load_lexicon(CRISIS / "lexicon.yaml")
TEXTS = sorted({normalise(each.text).ja for each in load_examples(CRISIS / "examples.csv")})


@pytest.mark.parametrize(
    ("pattern", "letters"),
    [
        ("死にたい", {"死に"}),
        ("(?:死|消え)たい", {"たい"}),
        ("首(?:を)?吊", {"首"}),
        ("死|自殺", {"死", "自殺"}),
        ("もう(?:死)?", {"もう"}),
        ("[死首]", {"死", "首"}),
        ("(?:死)+", {"死"}),
        ("薬(?=を飲)", {"を飲"}),
        ("(?:死)?", None),
        ("[^死]", None),
        (".", None),
        ("", None),
        ("死|.", None),
    ],
)
def test_the_letters_that_every_match_contains(pattern: str, letters: set[str] | None) -> None:
    assert letters_of(re.compile(pattern)) == (None if letters is None else frozenset(letters))


def test_a_pattern_for_large_and_small_letters_is_always_tried() -> None:
    assert letters_of(re.compile("sos", re.IGNORECASE)) is None


def test_what_may_match_keeps_its_order() -> None:
    sieve = Sieve([(re.compile(word), word) for word in ("もう", "死", ".", "だめ")])
    assert [word for _, word in sieve.may_match("死ぬ、もう")] == ["もう", "死", "."]


@pytest.mark.parametrize("part", [0, *(pytest.param(n, marks=pytest.mark.hard) for n in range(1, 5))])
def test_no_example_loses_a_pattern_that_matches(part: int) -> None:
    for text in TEXTS[part::5]:
        _loses_nothing(text)


@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3), st.integers(0, 40), st.text(max_size=5))
def test_no_mixture_of_examples_loses_a_pattern_that_matches(texts: list[str], cut: int, more: str) -> None:
    _loses_nothing(more.join(text[cut:] for text in texts))


def _loses_nothing(text: str) -> None:
    for sieve in (LEXICON.by_letters, LEXICON.masked):
        tried = {pattern.pattern for pattern, _ in sieve.may_match(text)}
        missed = [p.pattern for p, _ in sieve.entries if p.pattern not in tried and p.search(text)]
        assert not missed, (text, missed)
