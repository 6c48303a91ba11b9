"""The length of a label, as LINE counts it."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as some

from bot.messages import clusters


@pytest.mark.parametrize(
    ("label", "length"),
    [
        ("", 0),
        ("つづける", 4),
        ("Ｔシャツ！", 5),
        ("ばす", 2),
        ("は\u3099す", 2),  # the dots by themselves
        ("ﾊﾞｽ", 2),  # and narrow
        ("👨‍👩‍👧と🇯🇵", 3),
        ("葛\U000e0100城", 2),
        ("e\u0301", 1),
        ("一\r\n二", 3),
    ],
)
def test_what_a_reader_calls_one_character_counts_once(label: str, length: int) -> None:
    assert clusters(label) == length


@given(
    some.text(
        alphabet=some.characters(codec="utf-8") | some.sampled_from("はが、。〜ー\u3099\u309a\u200d\ufe0f")
    )
)
def test_the_short_way_counts_as_the_long_one(label: str) -> None:
    assert clusters(label) == len(regex.findall(r"\X", label))
