"""{town}, {district}, {course} and {link:https://…} in the words of a broadcast. A name is never put in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from bot.broadcasting.links import BadAddress, address
from bot.broadcasting.problems import choose

Placeholder = Literal["town", "district", "course"]
PLACEHOLDERS: tuple[Placeholder, ...] = get_args(Placeholder)
_ALSO: Mapping[str, Placeholder] = {"市町": "town", "町": "town", "地区": "district", "講座": "course"}
_LINK = "link:"
_BRACES = re.compile(r"\{([^{}\n]{0,1200})\}")
_NAMES = ("name", "名前", "氏名", "お名前", "なまえ")


@dataclass(frozen=True)
class Mistake:
    """What is wrong with one pair of braces, and what to do."""

    text: str
    hint: str


def _meant(inside: str) -> Placeholder | None:
    word = inside.strip()
    return next((each for each in PLACEHOLDERS if each == word.lower()), _ALSO.get(word))


def used(text: str) -> frozenset[Placeholder]:
    """Which placeholders stand in it."""
    return frozenset(meant for found in _BRACES.findall(text) if (meant := _meant(found)))


def links(text: str) -> tuple[str, ...]:
    """The addresses of its {link:…}, as they are opened."""
    found = []
    for inside in _BRACES.findall(text):
        if inside.strip().startswith(_LINK):
            try:
                found.append(address(inside.strip().removeprefix(_LINK)))
            except BadAddress:
                continue
    return tuple(found)


def mistakes(text: str, *, course: bool, linked: bool = True) -> Iterator[Mistake]:
    """What cannot be filled in. `course`: whether it is clear which course is meant; `linked`: whether an address may
    stand here (in a picture nobody can tap it)."""
    for inside in _BRACES.findall(text):
        word = inside.strip()
        if word.startswith(_LINK):
            yield from _wrong_link(word.removeprefix(_LINK), linked)
        elif (meant := _meant(word)) == "course" and not course:
            yield Mistake(
                "{course} は、送る相手に講座がちょうど1つあるときだけ使えます。",
                "--to course=… か --to seat=… を1つ書くか、講座の名前をそのまま書いてください。",
            )
        elif meant is None:
            yield _unknown(word)


def _wrong_link(typed: str, linked: bool) -> Iterator[Mistake]:
    if not linked:
        yield Mistake("ここには {link:…} を書けません。", "文章かカードのボタンに書いてください。")
        return
    try:
        address(typed)
    except BadAddress as bad:
        yield Mistake(f"{{link:…}}: {bad}", "例: {link:https://www.example.lg.jp/page}")


def _unknown(word: str) -> Mistake:
    if word.lower() in _NAMES:
        return Mistake(
            f"{{{word}}} は使えません。お知らせに人の名前は入れません。",
            "「みなさん」などの言葉にしてください。",
        )
    right = (*PLACEHOLDERS, "link:https://…")
    return Mistake(
        f"{{{word}}} という差しこみはありません。",
        f"{choose(word, right)} かっこをそのまま出すなら、全角の｛｝で書いてください。",
    )


def fill(text: str, words: Mapping[Placeholder, str], link: Callable[[str], str]) -> str:
    """The text with its placeholders filled in; what is none stays as it is. `link` gives the address to be written."""

    def one(found: re.Match[str]) -> str:
        inside = found[1].strip()
        if inside.startswith(_LINK):
            try:
                return link(address(inside.removeprefix(_LINK)))
            except BadAddress:
                return found[0]
        meant = _meant(inside)
        return words.get(meant, found[0]) if meant else found[0]

    return _BRACES.sub(one, text)
