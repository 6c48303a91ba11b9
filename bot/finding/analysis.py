"""Cutting Japanese into words: each as a dictionary has it, and how it sounds. SudachiPy does the work.

Its dictionary is opened at the first text and not before, since most processes never search. It is mapped into memory,
not read into it: all processes of a machine share it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from bot.finding.spelling import in_kana_only, sound, spelled

if TYPE_CHECKING:
    from sudachipy import Morpheme, Tokenizer

NOT: Final = "ない"
"""Stands for every way to say no: ない, ません, ん, ず, へん."""
FUNCTIONS: Final = frozenset({NOT, "られる", "たい"})
"""What bends the word before it: 「たたかれる」 is not 「たたく」. It says nothing by itself."""

_NEGATIONS: Final = frozenset({"ない", "無い", "ぬ", "ず", "へん", "まい"})
_ENDINGS: Final = {"れる": "られる", "られる": "られる", "たい": "たい"}
_SAYS_SOMETHING: Final = frozenset(
    {"名詞", "代名詞", "動詞", "形容詞", "形状詞", "副詞", "接頭辞", "接尾辞", "連体詞"}
)
_LIMITS: Final = frozenset({"だけ", "ばかり", "しか"})
_LEAST_DIGITS: Final = 3
"""188 and 8050 say something, 3 of 「3か月」 does not."""
_TITLES: Final = frozenset({"さん", "様", "ちゃん", "君", "氏"})
_SILENT: Final = frozenset({"さん", "様", "ちゃん", "君", "達", "等", "氏", "御", "為る", "てる"})


@dataclass(frozen=True, slots=True)
class Word:
    """A word that says something, as a text has it (`surface`, heard as `sound`) and as a dictionary has it."""

    lemma: str
    base: str
    """The sound of its dictionary form: 払えない and はらえません both have はらう."""
    sound: str
    surface: str

    @property
    def in_kana(self) -> bool:
        return in_kana_only(self.surface)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text: its words without particles and endings, how it is spelled, all of it as it is heard, and whether a person
    is named in it."""

    words: tuple[Word, ...]
    line: str
    heard: str
    names_somebody: bool


class Analyser:
    """Texts to words; safe to share between threads."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._bases: dict[str, str] = {}

    def read(self, text: str) -> Spoken:
        """What a text says; any string is allowed."""
        line = spelled(text)
        parts = self._parts(line)
        heard = sound("".join(part.reading_form() for part in parts))
        return Spoken(tuple(self._words(parts)), line, heard, _names_somebody(parts))

    def _words(self, morphemes: Sequence[Morpheme]) -> Iterator[Word]:
        for at, one in enumerate(morphemes):
            lemma, after = one.normalized_form().lower(), morphemes[at + 1 : at + 2]
            if bent := _bends(one, after[0].normalized_form() if after else ""):
                yield Word(bent, sound(bent), sound(bent), one.surface())
            elif _says_something(one) and not _assists(one, morphemes[at - 1] if at else None):
                yield Word(lemma, self._base(one.dictionary_form()), sound(one.reading_form()), one.surface())

    def _base(self, form: str) -> str:
        if form not in self._bases:
            heard = "".join(part.reading_form() for part in self._parts(form))
            self._bases[form] = sound(form if in_kana_only(form) else heard)
        return self._bases[form]

    def _parts(self, line: str) -> list[Morpheme]:
        with self._one_at_a_time:  # a tokenizer keeps its state while it works
            return list(self._tokenizer.tokenize(line)) if line else []

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from sudachipy import Dictionary, SplitMode

        fields = {"pos", "normalized_form", "dictionary_form", "reading_form"}
        return Dictionary(dict="small").tokenizer(SplitMode.A, fields=fields)


def _names_somebody(parts: Sequence[Morpheme]) -> bool:
    """「山田さん」, or a family name and a given name in kanji."""
    return any(
        one.part_of_speech()[2] == "人名"
        and (after.normalized_form() in _TITLES or after.part_of_speech()[2] == "人名")
        and not in_kana_only(one.surface())
        for one, after in pairwise(parts)
    )


def _bends(one: Morpheme, after: str) -> str | None:
    """The ending that this is, if it is one that changes what is said. 「食べられない」 and 「食べれない」 are one."""
    kind, lemma = one.part_of_speech()[0], one.normalized_form()
    if kind in ("助動詞", "形容詞") and lemma in _NEGATIONS:
        return NOT
    if kind == "助動詞" and lemma in _ENDINGS and not (lemma != "たい" and after in _NEGATIONS):
        return _ENDINGS[lemma]
    return None


def _says_something(one: Morpheme) -> bool:
    kind, detail, *_ = one.part_of_speech()
    lemma = one.normalized_form()
    if lemma in _SILENT or (detail == "数詞" and len(one.surface()) < _LEAST_DIGITS):
        return False
    return kind in _SAYS_SOMETHING or (detail == "副助詞" and lemma in _LIMITS)


def _assists(one: Morpheme, before: Morpheme | None) -> bool:
    """Whether it only helps the verb before it: the いる of 「困っている」."""
    if before is None or one.part_of_speech()[1] != "非自立可能" or one.part_of_speech()[0] == "名詞":
        return False
    return before.part_of_speech()[1] == "接続助詞" and before.normalized_form() in ("て", "で")
