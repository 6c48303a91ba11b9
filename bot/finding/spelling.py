"""One spelling for many, before a text is cut into words: width, capitals, signs, stretched letters, romaji."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from bot.crisis.romaji import in_kana
from bot.kana import TO_HIRAGANA

LONGEST: Final = 400
"""Characters that are read: who writes more says in the beginning and at the end what it is about."""

_SIGNS: Final = re.compile(r"[^\wー#]+")
_WAVES: Final = re.compile("[〜～~−–—―]+")
_STRETCHED: Final = re.compile(r"([ぁ-んァ-ヶー])\1{2,}")
_KANA: Final = re.compile("[ぁ-んァ-ヶー]+")
_LETTER_BY_LETTER: Final = re.compile(r"(?:\S ){3,}\S")
_ALL_KATAKANA: Final = re.compile("[ァ-ヶー ]{8,}")
"""A sentence as a telegram or an old telephone writes it; shorter ones are words."""
_SMALL: Final = str.maketrans("ぁぃぅぇぉっゃゅょゎぢづをゔ", "あいうえおつやゆよわじずおぶ")


_TALK: Final = (
    (re.compile("(?<=[っいきしちりえけせてねべめれ])とらん"), "ていない"),
    (re.compile("(?<=ん)どらん"), "でいない"),
    (re.compile("(?<=[るいたんだな])け(?:え|ん)(?=$|[^ぁ-ん]|[のよねぞ])"), "から "),
    (re.compile("(?<=[るいたなの])とこ(?!ろ|と|や|屋)"), "ところ"),
)
"""How people of San'in and others talk, as the dictionary writes it."""


def spelled(text: str) -> str:
    """The text in one spelling, at most LONGEST characters of it; empty where there is nothing to read."""
    wide = unicodedata.normalize("NFKC", _cut(text.encode("utf-8", "ignore").decode())).lower()
    wide = _cut(in_kana(wide) or wide)
    line = _SIGNS.sub(" ", _WAVES.sub("ー", wide)).replace("_", " ")
    line = _STRETCHED.sub(r"\1", line).replace("ぇ", "え").strip()
    if _LETTER_BY_LETTER.fullmatch(line):
        line = line.replace(" ", "")
    if _ALL_KATAKANA.fullmatch(line):
        line = line.translate(TO_HIRAGANA)
    for spoken, written in _TALK:
        line = spoken.sub(written, line)
    return line.strip()


def sound(reading: str) -> str:
    """A reading as it is heard by a thumb in a hurry: hiragana without small letters and long marks."""
    return reading.translate(TO_HIRAGANA).translate(_SMALL).replace("ー", "")


def in_kana_only(text: str) -> bool:
    """Whether there is no kanji in it, so that only its sound can say what it means."""
    return _KANA.fullmatch(text) is not None


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST // 2] + "。" + text[-LONGEST // 2 :]
