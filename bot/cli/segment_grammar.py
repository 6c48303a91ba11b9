"""How staff write whom a broadcast is for: (town=鳥取市 or topic=地域食堂) and not district=…; Japanese words, too.

Pure: words in, a tree of words out, each with its place; what they mean is looked up in bot/cli/segment.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from storage.segments import DEEPEST, MOST_PARTS, MOST_VALUES

LONGEST = 2_000  # characters of one --to
EVERYONE = ("everyone", "全員")
_PLAIN = str.maketrans("（）＝，、＠　“”＂", '()=,,@ """')  # one sign for one: places stay what they are

_OPERATOR = r"(?:または|又は|かつ|以外)"
_THEN = (
    rf"(?=[\s()]|{_OPERATOR}|@|not\s|全員|everyone|[^\s()=,@\"]+\s*=)"  # else it is part of a name (とんかつ)
)
_BARE = rf"(?:(?!{_OPERATOR}{_THEN}|以外$)[^\s()=,@\"])+"
_SPACE = re.compile(r"\s*")
_AND = re.compile(rf"and(?=[\s(]|$)|かつ(?:{_THEN}|$)", re.IGNORECASE)
_OR = re.compile(rf"or(?=[\s(]|$)|(?:または|又は)(?:{_THEN}|$)", re.IGNORECASE)
_NOT = re.compile(r"not(?=[\s(])", re.IGNORECASE)
_EXCEPT = re.compile(r"\s*以外")
_FIELD = re.compile(rf"(?P<word>{_BARE})\s*=\s*")
_VALUE = re.compile(rf"\"(?P<quoted>[^\"]*)\"|「(?P<said>[^」]*)」|(?P<bare>{_BARE})")
_COMMA = re.compile(r"\s*,\s*")
_NAME = re.compile(rf"@\s*(?:\"(?P<quoted>[^\"]*)\"|(?P<bare>{_BARE}))")
_WORD = re.compile(_BARE)


@dataclass(frozen=True)
class Place:
    """A place in what was typed after an option, counted from 0."""

    option: str
    line: str
    at: int

    def __str__(self) -> str:
        if self.at == 0:
            return f"{self.option} のはじめ"
        before, after = self.line[max(0, self.at - 12) : self.at], self.line[self.at : self.at + 12]
        return f"{self.option} の{self.at + 1}文字目: {before}▶{after}"


class NotUnderstood(ValueError):
    """What is wrong and where."""

    def __init__(self, what: str, place: Place, hint: str = "") -> None:
        super().__init__(what)
        self.place, self.hint = place, hint


@dataclass(frozen=True)
class Word:
    """What was typed, and where it began."""

    text: str
    place: Place


@dataclass(frozen=True)
class Condition:
    """town=鳥取市,岩美町"""

    field: Word
    values: tuple[Word, ...]


@dataclass(frozen=True)
class Everyone:
    """Said in so many words."""


@dataclass(frozen=True)
class Named:
    """@名前"""

    name: Word


@dataclass(frozen=True)
class And:
    parts: tuple[Typed, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Typed, ...]


@dataclass(frozen=True)
class Except:
    part: Typed


Typed = Condition | Everyone | Named | And | Or | Except


def parse(text: str, option: str) -> Typed:
    """The tree of what was typed after this option; NotUnderstood names the place where it is none."""
    reading = _Reading(option, text)
    if len(text) > LONGEST:
        raise NotUnderstood(f"長すぎます（{LONGEST} 文字まで）", reading.place(LONGEST))
    found = reading.expression(1)
    if reading.at < len(reading.text):
        raise reading.wrong_end()
    return found


def typable(name: str) -> bool:
    """Whether a name can be written after @ as it is."""
    found = _NAME.fullmatch("@" + name.translate(_PLAIN))
    return found is not None and found["bare"] is not None and found["bare"] == name


class _Reading:
    """A place in the text that moves on."""

    def __init__(self, option: str, line: str) -> None:
        self.option, self.line, self.text = option, line, line.translate(_PLAIN)
        self.at = 0
        self.parts = 0
        self.skip()

    def place(self, at: int | None = None) -> Place:
        return Place(self.option, self.line, self.at if at is None else at)

    def skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def operator(self, pattern: re.Pattern[str]) -> bool:
        found = self.take(pattern) is not None
        self.skip()
        return found

    def expression(self, depth: int) -> Typed:
        """Parts that are joined by one word: who mixes かつ and または says by brackets what belongs together."""
        parts = [self.part(depth)]
        joined: re.Pattern[str] | None = None
        while True:
            here = self.place()
            word = next((each for each in (_AND, _OR) if self.operator(each)), None)
            if word is None:
                break
            if joined not in (None, word):
                raise NotUnderstood(
                    "「かつ（and）」と「または（or）」がまざっています",
                    here,
                    "先にまとめる方を、かっこで囲んでください。例: (town=鳥取市 または town=岩美町) かつ role=supporter",
                )
            joined = word
            parts.append(self.part(depth))
        if joined is None:
            return parts[0]
        return And(tuple(parts)) if joined is _AND else Or(tuple(parts))

    def part(self, depth: int) -> Typed:
        self.parts += 1
        if depth > DEEPEST or self.parts > MOST_PARTS:
            raise NotUnderstood(
                "条件がこみ入りすぎています", self.place(), "いくつかに分けて名前をつけてください。"
            )
        if self.operator(_NOT):
            return Except(self.part(depth + 1))
        found = self.bracket(depth) if self.text.startswith("(", self.at) else self.single()
        while self.take(_EXCEPT) is not None:
            found = Except(found)
        self.skip()
        return found

    def bracket(self, depth: int) -> Typed:
        begin = self.place()
        self.at += 1
        self.skip()
        inner = self.expression(depth + 1)
        if not self.text.startswith(")", self.at):
            if self.at < len(self.text):
                raise self.wrong_end()
            raise NotUnderstood("「(」がとじられていません", begin, "おわりに「)」を書いてください。")
        self.at += 1
        return inner

    def single(self) -> Typed:
        here = self.place()
        if named := self.take(_NAME):
            return Named(Word((named["quoted"] or named["bare"]).strip(), here))
        if field := self.take(_FIELD):
            return Condition(Word(field["word"], here), self.values())
        word = self.take(_WORD)
        if word is not None and word[0].lower() in EVERYONE:
            return Everyone()
        if word is None and here.at < len(self.text):
            raise NotUnderstood("ここに条件がありません", here, "条件は 項目=値 の形です。例: town=鳥取市")
        if word is None:
            raise NotUnderstood(
                "条件がとちゅうで終わっています", here, "続きに 項目=値 を書いてください。例: town=鳥取市"
            )
        raise NotUnderstood(f"「{word[0]}」は 項目=値 の形ではありません", here, "例: town=鳥取市")

    def values(self) -> tuple[Word, ...]:
        found: list[Word] = []
        while True:
            here = self.place()
            value = self.take(_VALUE)
            if value is not None:
                said = next(each for each in value.groups() if each is not None).strip()
                found += [Word(said, here)] if said else []
            if self.take(_COMMA) is None:
                break
        if not found:
            raise NotUnderstood("「=」のあとに値がありません", self.place(), "例: town=鳥取市")
        if len(found) > MOST_VALUES:
            raise NotUnderstood(f"値が多すぎます（{MOST_VALUES} まで）", found[MOST_VALUES].place)
        return tuple(found)

    def wrong_end(self) -> NotUnderstood:
        if self.text.startswith(")", self.at):
            return NotUnderstood("この「)」に合う「(」がありません", self.place())
        return NotUnderstood(
            "条件と条件のあいだに「かつ（and）」か「または（or）」がありません",
            self.place(),
            '名前に空白や記号があるときは "…" で囲んでください。',
        )
