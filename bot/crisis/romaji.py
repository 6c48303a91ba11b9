"""Japanese written in the letters of the alphabet, as a telephone without kana or a newcomer writes it."""

from __future__ import annotations

import re
from typing import Final

_ROWS: Final = {
    "": "あいうえお", "k": "かきくけこ", "g": "がぎぐげご", "s": "さしすせそ", "z": "ざじずぜぞ", "t": "たちつてと",
    "d": "だぢづでど", "n": "なにぬねの", "h": "はひふへほ", "b": "ばびぶべぼ", "p": "ぱぴぷぺぽ", "m": "まみむめも",
    "r": "らりるれろ",
}  # fmt: skip
_SOFT: Final = {
    "ky": "き", "gy": "ぎ", "sh": "し", "sy": "し", "j": "じ", "jy": "じ", "zy": "じ", "ch": "ち", "ty": "ち", "ny": "に",
    "hy": "ひ", "by": "び", "py": "ぴ", "my": "み", "ry": "り",
}  # fmt: skip
_SINGLE: Final = {
    "shi": "し", "chi": "ち", "ji": "じ", "tsu": "つ", "fu": "ふ", "ya": "や", "yu": "ゆ", "yo": "よ", "wa": "わ",
    "wo": "を", "fa": "ふぁ", "fi": "ふぃ", "fe": "ふぇ", "fo": "ふぉ", "she": "しぇ", "je": "じぇ", "che": "ちぇ",
    "nya": "んや",
}  # fmt: skip
_SYLLABLES: Final = {
    **{row + vowel: kana for row, line in _ROWS.items() for vowel, kana in zip("aiueo", line, strict=True)},
    **{row + vowel: kana + small for row, kana in _SOFT.items() for vowel, small in zip("auo", "ゃゅょ", strict=True)},
    **_SINGLE,
}  # fmt: skip
_SYLLABLE: Final = "|".join(sorted(_SYLLABLES, key=len, reverse=True))
_PART: Final = re.compile(
    f"(?P<double>([bcdfghjkmpqrstwyz])(?=\\2)|t(?=ch))|(?P<kana>{_SYLLABLE})|(?P<n>n'?)(?![aiueoy])"
)
_WORD: Final = re.compile("[a-z']+")
_SIGN: Final = re.compile(
    r"\b(?:wo|wa|ga|ni|watashi|boku|ore|anata|ima|tasukete|mou|moo)\b|"
    r"(?:desu|masu|masen|mashita|nai|tai|shita|shite|tte|tta|teru|reta|kudasai|suru|dekinai|nda|desuka|masuka|naguru)\b"
)
"""Words that only Japanese has; without one of them a text is left as it is."""
_FOREIGN: Final = re.compile("[^\x00-\x7f\u0100-\u016bĀ-ū。、「」・!?…〜ー]")
_MACRONS: Final = str.maketrans({"ā": "aa", "ī": "ii", "ū": "uu", "ē": "ee", "ō": "ou"})
_PARTICLES: Final = {"wa": "は", "e": "へ", "o": "を"}


def in_kana(text: str) -> str | None:
    """「mune ga itai」 as 「むねがいたい」; None where a word cannot be read so, or nothing says that it is Japanese."""
    if _FOREIGN.search(text):
        return None
    plain = text.translate(_MACRONS)
    if not _SIGN.search(plain):
        return None
    words = {word: _kana(word) for word in _WORD.findall(plain)}
    if None in words.values() or len(words) < 2:
        return None
    return _WORD.sub(lambda found: words[found.group()] or "", plain)


def _kana(word: str) -> str | None:
    """A word of romaji; None where it is none."""
    if word in _PARTICLES:
        return _PARTICLES[word]
    letters: list[str] = []
    at = 0
    while at < len(word):
        part = _PART.match(word, at)
        if part is None:
            return None
        letters.append("っ" if part["double"] else "ん" if part["n"] else _SYLLABLES[part["kana"]])
        at = part.end()
    return "".join(letters)
