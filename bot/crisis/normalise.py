"""One spelling for many: what a person typed, brought into the form in which the lexicon is written.

Two views of the same text. `ja`: half and full width, katakana and hiragana, capitals, spaces, symbols and long
vowel marks fall together; `。` ends a sentence and `、` a clause. `latin`: words without accents between single
spaces, ` . ` between sentences; `latin_accents` keeps the accents, which Vietnamese needs to be unambiguous.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from bot.crisis.romaji import in_kana
from bot.kana import TO_HIRAGANA

LONGEST: Final = 8_000
"""LINE's longest message has 5,000 characters; of anything longer the head and the tail are read."""

_SMALL_VOWELS: Final = str.maketrans("ぁぃぅぇぉ", "あいうえお")
_MASK_MARKS: Final = str.maketrans(dict.fromkeys("○〇◯●◎×✕✖*_□■", "○"))
_LONG_MARKS: Final = re.compile("[ー〜~―‐–—-]+")
_SENTENCE_END: Final = re.compile(r"[。.!?\r\n\u2028\u2029]+")
_CLAUSE_END: Final = re.compile(r"[、,;:()\[\]【】〈〉《》]+")
_NO_LETTER: Final = re.compile(r"[^\w、。○]+")
_MASK_RUN: Final = re.compile("○{2,}")
_STRETCHED: Final = re.compile(r"([ぁ-ん])\1{2,}")
_BREAKS: Final = re.compile("[、。]*。[、。]*|、+")
_CONNECTIVE: Final = re.compile(
    "(けれども|けれど|(?<!や)けど|(?<=や)けど(?![しをのがでに注跡])|ですが|ますが|ましたが|(?<!ん)だが|のに(?!疲|つかれ|ゅ)|ので(?!ん))(?=[^、。])"
)
_SEGMENTS: Final = re.compile("[^、。]+[、。]?")

_MASKED: Final = (
    (re.compile("たひ(?=[にぬねのんりた])"), "死"),
    (
        re.compile(
            "(?<![0-9彼])[氏4四詩屍○](?=に(?:た[いくす○]|てえ|ます)|のう(?:と|か)|ぬ(?:わ|ね|$|[、。]|って|つもり|しか)|ね(?:る|ます|たら))"
        ),
        "死",
    ),
    (re.compile("[市師志](?=にたい(?:です|と[思おい]|って|ん|$|[、。]))"), "死"),
    (
        re.compile("(?<![0-9])56(?=す(?:ぞ|$|[、。]|って|と|から|しか)|し(?:た[いく]|て(?:や|しま)|そう))"),
        "殺",
    ),
    (re.compile("頃(?=す(?:ぞ|$|[、。])|し(?:たい|てや))"), "殺"),
    (re.compile("死○(?=た[いく])|死[二2弐丹似](?=[た夕○])"), "死に"),
    (re.compile("[死し]に[○夕]い|[死し]にた○|し○たい"), "死にたい"),
    (re.compile("[死し]n(?=たい)|死に[鯛隊](?=$|[、。]|です|と[思おい])"), "死に"),
    (re.compile("自(?:s[ょよ]う|(?:しょう|○)(?=行為|こうい|ぐせ|癖|が[止とや]))|じ傷"), "自傷"),
    (
        re.compile(
            "[自じ]○(?=し|す|を|の|未|で|も)|じ○つ|[自○]殺(?=○)|自さつ(?![えきま])|自s(?:atsu|atu|a?つ)|じ殺|じさつ(?![えきま])"
        ),
        "自殺",
    ),
    (re.compile("れ○[ぷふ]"), "れいぷ"),
    (re.compile("虐○|○待(?=され|して)"), "虐待"),
    (re.compile("飛び?○り(?=[たまよるそて])"), "飛び降り"),
    (re.compile("[消き]え○い|[消き]○たい|○えたい"), "消えたい"),
    (re.compile("り○か|りす○|○すか(?=し)"), "りすか"),
    (re.compile("首(?:つ○|○り)"), "首吊り"),
)

_ADDRESS: Final = re.compile(
    r"https?://[!-~]+|(?<![!-~])[!-~]{1,99}@[!-~]{1,199}|(?<![a-z])[a-z0-9._+-]{1,64}@[!-~]{1,199}"
)
_TELEPHONE: Final = re.compile(r"(?<![0-9])0[0-9]{1,4}[-‐–—ー ]?[0-9]{1,4}[-‐–—ー ]?[0-9]{3,4}(?![0-9])")
_APOSTROPHES: Final = re.compile("['’`´ʼ]")
_LATIN_GAP: Final = re.compile(r"[^a-z0-9.]+")
_LATIN_ACCENTS_GAP: Final = re.compile(r"[^a-zà-ɏḀ-ỿ0-9.]+")
_LATIN_STOP: Final = re.compile(r"\s*[.](?:\s|[.])*")
_MARKED: Final = 120
"""Letters of a text whose question and exclamation marks still say something of all of it."""
_HAS_LATIN: Final = re.compile("[a-z]{2}|[a-zà-ɏḀ-ỿ]{3}")
_FULL_STOP: Final = re.compile(r"[。.!?\r\n]+")


@dataclass(frozen=True)
class Normal:
    """The views of one text; `latin` and `latin_accents` are empty where there is nothing to read in them."""

    ja: str
    latin: str
    latin_accents: str
    marks: str = ""
    """`!` and `?` where a short text has them: no view keeps them, and who asks or calls out speaks differently."""


def normalise(text: str) -> Normal:
    """Both views of a text; any string is allowed, lone surrogates and control characters too."""
    wide = unicodedata.normalize("NFKC", _cut(text)).lower()
    wide = _cut(wide)  # some characters unfold into many
    if "@" in wide or "://" in wide:
        wide = _ADDRESS.sub(" ", wide)
    wide = _TELEPHONE.sub(" ", wide)
    return Normal(_japanese(in_kana(wide) or wide), *_latin(wide), _marks(wide))


def fold(japanese: str) -> str:
    """Katakana, small vowels and long marks as in the `ja` view; leaves the signs of a regex alone."""
    return japanese.translate(TO_HIRAGANA).translate(_SMALL_VOWELS).replace("ー", "")


def _marks(wide: str) -> str:
    found = [mark for mark in "!?" if mark in wide]
    return "".join(found) if found and len("".join(wide.split())) <= _MARKED else ""


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST // 2] + "。" + text[-LONGEST // 2 :]


def _japanese(wide: str) -> str:
    line = wide.translate(TO_HIRAGANA).translate(_SMALL_VOWELS).translate(_MASK_MARKS)
    line = _LONG_MARKS.sub("", line)
    line = _CLAUSE_END.sub("、", _SENTENCE_END.sub("。", line))
    line = _MASK_RUN.sub("○", _NO_LETTER.sub("", line))
    line = _STRETCHED.sub(r"\1", line)
    line = _BREAKS.sub(lambda found: "。" if "。" in found.group() else "、", line)
    line = _join_scattered(line)
    for spelled, meant in _MASKED:
        line = spelled.sub(meant, line)
    return _CONNECTIVE.sub(r"\1、", line)


def _join_scattered(line: str) -> str:
    """Scraps of one or two letters belong to their neighbours: 「し。に。た。い」 and 「死に\\nたい」 are words."""
    joined: list[str] = []
    for piece in _SEGMENTS.findall(line):
        if joined and (len(joined[-1].rstrip("、。")) <= 2 or len(piece.rstrip("、。")) == 1):
            joined[-1] = joined[-1].rstrip("、。") + piece
        else:
            joined.append(piece)
    if len(joined) > 1 and len(joined[-1].rstrip("、。")) <= 2:
        last = joined.pop()
        joined[-1] = joined[-1].rstrip("、。") + last
    return "".join(joined)


def _latin(wide: str) -> tuple[str, str]:
    if not _HAS_LATIN.search(wide):
        return "", ""
    line = _APOSTROPHES.sub("", _FULL_STOP.sub(".", wide))
    accents = _words(_LATIN_ACCENTS_GAP.sub(" ", line))
    plain = unicodedata.normalize("NFD", line.replace("đ", "d"))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _words(_LATIN_GAP.sub(" ", plain)), accents


def _words(line: str) -> str:
    return f" {_LATIN_STOP.sub(' . ', line).strip()} "
