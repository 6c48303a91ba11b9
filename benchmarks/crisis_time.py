"""What reading a text for words of danger costs: .venv/bin/python benchmarks/crisis_time.py

Prints processor milliseconds (best of five) for ordinary texts and for 5,000 letters of hostile repetition, and
their ratio per letter: it stays near one as long as no pattern explodes.
"""

from __future__ import annotations

import time
from pathlib import Path

from bot.crisis import detect, load_lexicon

ROOT = Path(__file__).resolve().parent.parent
ORDINARY = "隣の一人暮らしのおばあさんのことで相談です。最近あまり姿を見かけないので心配しています。"
PIECES = (
    "死にたい",
    "母が死にたいと言います。",
    "もう、",
    "あ。",
    "今から",
    "首を",
    "薬を",
    "死",
    "I want to die. ",
    "た" * 50,
)


def cost(text: str) -> float:
    """Milliseconds of processor time, the best of five: other work on the machine must not decide."""
    best = float("inf")
    for _ in range(5):
        begin = time.process_time()
        detect(text, LEXICON)
        best = min(best, time.process_time() - begin)
    return best * 1_000


if __name__ == "__main__":
    LEXICON = load_lexicon(ROOT / "content" / "crisis" / "lexicon.yaml")
    ordinary = cost(ORDINARY)
    per_letter = ordinary / len(ORDINARY)
    print(f"ordinary text of {len(ORDINARY)} letters: {ordinary:.2f} ms")
    for piece in PIECES:
        hostile = cost((piece * 5_000)[:5_000])
        ratio = hostile / 5_000 / per_letter
        print(f"5,000 letters of {piece[:12]!r}: {hostile:.1f} ms, {ratio:.2f} x per letter")
