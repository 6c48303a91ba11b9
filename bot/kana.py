"""One kana for the other."""

from __future__ import annotations

from typing import Final

TO_HIRAGANA: Final = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}
"""For str.translate."""


def in_hiragana(text: str) -> str:
    """Katakana as hiragana; all else as it is."""
    return text.translate(TO_HIRAGANA)
