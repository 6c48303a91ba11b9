"""The words of a question, the same on LINE, on the web and in the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from bot.content.library import Content
from bot.content.texts import Texts
from bot.flows.talk import DONE, SKIP, Choice, Given, Many, Question, Typed, plain


@dataclass(frozen=True)
class Wording:
    """What a person reads: the question, a hint, the options by key, and the quieter ones by key."""

    text: str
    hint: str | None
    options: dict[str, str]
    quiet: dict[str, str]


def words_of(question: Question, flow: str, texts: Texts) -> Wording:
    """All words of a question; KeyError where content/texts lacks one."""
    name = f"{flow}.{question.key}"
    text = question.text or texts.get(name, **question.params)
    hint = question.hint
    if hint is None and texts.has(f"{name}.hint"):
        hint = texts.get(f"{name}.hint", **question.params)
    quiet = {}
    if isinstance(question, Choice) and question.skippable:
        quiet[SKIP] = texts.get("talk.skip")
    if isinstance(question, Many):
        quiet = {DONE: texts.get("talk.done"), SKIP: texts.get("talk.skip")}
    return Wording(text, hint, labels_of(question, flow, texts), quiet)


def in_japanese(given: Given, labels: Iterable[str], content: Content) -> Given:
    """A quieter button that somebody typed in their language (whole, or a part: 「skip」), in the words that we know."""
    if content.original is None or not isinstance(given, Typed):
        return given
    said = plain(given.text)
    if said in map(plain, labels):
        return given
    for key in ("talk.done", "talk.skip"):
        button = content.texts.get(key)
        if said in map(plain, (button, *re.split(r"[/／、]", button))):
            return Typed(content.original.texts.get(key))
    return given


def meant_by(text: str, lists: Mapping[str, str], polite: str) -> str | None:
    """Which of these lists of words (by name, in their order) has exactly these words, politely said or not."""
    said, named = plain(text), _named(tuple(lists.items()))
    spoken = (said, *(said.removesuffix(tail) for tail in words_listed(polite)))
    return min((named[one] for one in spoken if one in named), default=(0, None))[1]


@cache
def _named(lists: tuple[tuple[str, str], ...]) -> Mapping[str, tuple[int, str]]:
    """Each word with the first list that has it, and which in their order that is."""
    named: dict[str, tuple[int, str]] = {}
    for place, (name, listed) in enumerate(lists):
        for word in words_listed(listed):
            named.setdefault(word, (place, name))
    return named


@cache
def all_plain(words: frozenset[str] | tuple[str, ...]) -> frozenset[str]:
    """Words of content/, as `plain` makes them; never what a person typed."""
    return frozenset(map(plain, words))


@cache
def words_listed(listed: str) -> frozenset[str]:
    """A list of words from content/ (「はい、うん」), as `plain` makes them; never what a person typed."""
    return all_plain(tuple(listed.split("、")))


def labels_of(question: Question, flow: str, texts: Texts) -> dict[str, str]:
    """The label of each option by its key: the content's own, the flow's text, or a common one (はい)."""
    labels = {}
    for option in getattr(question, "options", ()):
        named = f"{flow}.{question.key}.{option.key}"
        common = f"talk.{option.key}"
        labels[option.key] = option.label or texts.get(named if texts.has(named) else common)
    return labels
