"""The vocabulary of a conversation: what a flow may ask, and how an answer is understood.

A flow is a generator function. It asks with `yield from choice(...)`, `many(...)`, `yes_no(...)` ...
and returns a list of effects. It is pure: no clock, no database, no randomness.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from bot.kana import in_hiragana

T = TypeVar("T")
SKIP = "skip"
DONE = "done"


class NotAnAnswer(Exception):
    """This does not answer the question; it is asked again, with the words under `text_key`."""

    def __init__(self, text_key: str, *, a_guess: bool = False, **params: str) -> None:
        super().__init__(text_key)
        self.text_key = text_key
        self.a_guess = a_guess  # it counts where guesses are limited (Words.guess)
        self.params = params


@dataclass(frozen=True)
class Option:
    """One possible answer. Without a label, the words are under `<flow>.<question>.<key>`."""

    key: str
    label: str | None = None
    alone: bool = False  # in a Many: cannot stand beside other answers
    also: tuple[str, ...] = ()  # other words for it that people type, such as a town in kana


@dataclass(frozen=True)
class Question:
    """What is asked. The words are under `<flow>.<key>`, unless the content brings its own `text`."""

    key: str
    text: str | None = None
    hint: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    call: tuple[str, ...] = ()  # keys of hotlines whose buttons stand above the answers
    on_web: bool = False  # so delicate that in a chat the web page is offered instead


@dataclass(frozen=True)
class Choice(Question):
    """One of several; with `skippable`, 「答えない・わからない」 is among them."""

    options: tuple[Option, ...] = ()
    skippable: bool = False


@dataclass(frozen=True)
class Many(Question):
    """Any number of several, at most `at_most`; ends when the person says that this is all."""

    options: tuple[Option, ...] = ()
    at_most: int = 99


@dataclass(frozen=True)
class Words(Question):
    """Something typed, at most `longest` characters. Never used for what concerns a neighbour."""

    longest: int = 40
    guess: str | None = None  # what could be guessed here, such as "code": wrong ones are limited per person


@dataclass(frozen=True)
class Tapped:
    """A button: the key of an option, `skip`, or `done`."""

    value: str


@dataclass(frozen=True)
class Typed:
    """Words that came where a button was expected, or where words were asked for."""

    text: str


Given = Tapped | Typed
Talk = Generator[Question, Any, T]


def choice(key: str, *options: str | Option, skippable: bool = False, **asked: Any) -> Talk[str | None]:
    """Ask for one of `options`; None when the person would rather not say (`skippable`)."""
    answer = yield Choice(key, options=_options(options), skippable=skippable, **asked)
    return None if answer == SKIP else str(answer)


def pick(key: str, *options: str | Option, **asked: Any) -> Talk[str]:
    """Ask for one of `options`, which the person has to choose."""
    answer = yield Choice(key, options=_options(options), **asked)
    return str(answer)


def yes_no(key: str, **asked: Any) -> Talk[bool]:
    """Ask a question that is answered with はい or いいえ."""
    answer = yield Choice(key, options=(Option("yes"), Option("no")), **asked)
    return bool(answer == "yes")


def many(key: str, *options: str | Option, at_most: int = 99, **asked: Any) -> Talk[tuple[str, ...]]:
    """Ask for any number of `options`; empty when the person would rather not say."""
    answer = yield Many(key, options=_options(options), at_most=at_most, **asked)
    return tuple(answer["picks"])


def words(key: str, longest: int = 40, **asked: Any) -> Talk[str]:
    """Ask for something that has to be typed, such as a course code."""
    answer = yield Words(key, longest=longest, **asked)
    return str(answer)


def _options(options: tuple[str | Option, ...]) -> tuple[Option, ...]:
    return tuple(Option(o) if isinstance(o, str) else o for o in options)


# ---- understanding ---------------------------------------------------------------------------------------

_NUMBER = re.compile(
    r"^(\d{1,2}|[一二三四五六七八九十])(?:番目|番|ばんめ|ばん|つ目|つめ)?(?:です|で)?[.)、。]?$"
)
_KANJI_DIGITS = {kanji: n for n, kanji in enumerate("一二三四五六七八九十", 1)}
_LONGEST_PART = 40  # characters: what is longer tells a story, and a word in it is not an answer
_READING = re.compile(r"([々〆ヶ\u4e00-\u9fff]+)（([ぁ-ゖー]+)）")
_KANA = re.compile(r"[ぁ-ゖー]+$")
_MEANT_OTHERWISE = re.compile(
    r"く|ほう|方が|ら|り|か|じゃ|ではな|でな|でもな|以外"
)  # after 「電話した」: 「くない」「ほうが」
_POLITE = re.compile(r"(?:です|だ)?[よねな]?$")
_YES = {
    *("はい", "うん", "ええ", "そう", "いい", "ok", "yes", "わかりました", "分かりました"),
    *("sim", "có", "vâng", "是", "是的", "好"),
    *("おねがいします", "お願いします", "おねがい", "お願い", "同意します", "どういします", "します"),
}
_AND = {"and", "e", "và", "和"}
_YES_BEGINS = re.compile(r"(?:はい|うん|ええ)+")
_NO = {
    *("いいえ", "いえ", "いいえー", "いや", "ちがう", "違う", "違います", "ちがいます", "ない"),
    *("no", "não", "không", "不", "不是"),
}
_SKIPS = {
    *("わからない", "わかりません", "分からない", "分かりません", "答えない", "こたえない"),
    *("すきっぷ", "ぱす", "とばす"),
}
_SKIP_BUTTON = "答えないわからない"
_DONES = {
    *("おわり", "終わり", "これでおわり", "これで終わり", "以上", "いじょう", "それだけ"),
    *("つぎへ", "次へ", "ない"),
}


def plain(text: str) -> str:
    """One spelling for many: width, case, kana, spaces and punctuation no longer matter."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in in_hiragana(folded) if unicodedata.category(c)[0] in "LN" or c == "ー")


_SMALL = str.maketrans("ぁぃぅぇぉっゃゅょゎ", "あいうえおつやゆよわ", "ー\u3099\u309a")


def _loose(said: str) -> str:
    """As a thumb may have left it: no small kana, no dots, no long marks (「とつとりし」)."""
    return unicodedata.normalize("NFD", said).translate(_SMALL)


def _one_of(found: list[str]) -> str | None:
    return found[0] if len(set(found)) == 1 else None


Spellings = Mapping[str, tuple[str, ...]]  # what each option may be called, all of it `plain`


def spellings(labels: Mapping[str, str], options: tuple[Option, ...] = ()) -> Spellings:
    """The label of each option and its other words."""
    also = {option.key: option.also for option in options}
    return {
        key: tuple(name for each in (label, *also.get(key, ())) for name in read(each))
        for key, label in labels.items()
    }


@lru_cache(maxsize=10_000)
def read(words: str) -> tuple[str, ...]:
    """The words of an option, `plain`; of 「お金（かね）」 also お金 and おかね. Never what a person typed."""
    if not _READING.search(words):
        return (plain(words),)
    return plain(words), plain(_READING.sub(r"\1", words)), plain(_READING.sub(r"\2", words))


def match(text: str, called: Spellings) -> str | None:
    """The key of the one option that these words can mean: its label, its number, or a part only it has."""
    said = plain(text)
    if not said:
        return None
    if exact := _one_of([key for key, names in called.items() if said in names]):
        return exact
    raw = unicodedata.normalize("NFKC", text).strip()
    number = _NUMBER.match(raw)
    if number:
        position = _KANJI_DIGITS.get(number[1]) or int(number[1])
        return list(called)[position - 1] if 1 <= position <= len(called) else None
    if not 2 <= len(said) <= _LONGEST_PART:
        return None
    near = [key for key, names in called.items() if any(said in name or _holds(said, name) for name in names)]
    found = _one_of(near)
    if not near and len(said) > 2:  # nothing at all: then perhaps a slip of the thumb
        loose = _loose(said)
        return _one_of([key for key, names in called.items() if any(loose == _loose(one) for one in names)])
    if found is None or any(said in name or _means(said, name) for name in called[found]):
        return found
    return None


def _holds(said: str, label: str) -> bool:
    """Whether this label is in the words; a short one in kana (ない, はい) is in too many."""
    return len(label) >= (3 if _KANA.match(label) else 2) and label in said


def _means(said: str, label: str) -> bool:
    """Whether the words hold this label, and go on in a way that still means it."""
    return _holds(said, label) and not _MEANT_OTHERWISE.match(said, said.index(label) + len(label))


def says_yes(text: str) -> bool:
    """はい, and what people say for it: 「はい、おねがいします」."""
    said = plain(text)
    after = _YES_BEGINS.sub("", said, count=1)
    return (after == "" and said != "") or _one_of_these(after, _YES) or _loose(said) == "はい"


def _one_of_these(text: str, listed: set[str]) -> bool:
    said = plain(text)
    return said in listed or _POLITE.sub("", said) in listed


def understand(question: Question, given: Given, labels: Mapping[str, str], so_far: Any = None) -> Any:
    """What to store for this answer. Raises NotAnAnswer when it fits nothing, or more than one thing.

    `labels` are the words that the person sees, by option key; `so_far` is what is stored for a Many already.
    """
    if isinstance(question, Words):
        if isinstance(given, Tapped):
            raise NotAnAnswer("talk.please_type")
        said = unicodedata.normalize("NFKC", given.text).strip()
        if not said or len(said) > question.longest:
            raise NotAnAnswer("talk.please_type")
        return said
    if isinstance(question, Many):
        return _add(question, given, labels, so_far or {"picks": [], "done": False})
    assert isinstance(question, Choice)
    if isinstance(given, Tapped):
        if given.value in labels or (question.skippable and given.value == SKIP):
            return given.value
        raise NotAnAnswer("talk.please_choose")
    key = match(given.text, spellings(labels, question.options))
    if key is None and set(labels) == {"yes", "no"}:
        key = "yes" if says_yes(given.text) else "no" if _one_of_these(given.text, _NO) else None
    if key is None and question.skippable and _one_of_these(given.text, {*_SKIPS, _SKIP_BUTTON}):
        key = SKIP
    if key is None:
        raise NotAnAnswer("talk.please_choose")
    return key


def _add(
    question: Many, given: Given, labels: Mapping[str, str], so_far: Mapping[str, Any]
) -> dict[str, Any]:
    picks = [p for p in so_far["picks"] if p in labels]
    if isinstance(given, Tapped):
        if given.value in (DONE, SKIP):
            return {"picks": picks if given.value == DONE else [], "done": True}
        chosen = [v for v in given.value.split(",") if v in labels]
    else:
        nothing_said = not any(
            option.alone for option in question.options
        )  # else 「どれもいらない」 is to be said
        if (picks or nothing_said) and _one_of_these(given.text, _DONES):
            return {"picks": picks, "done": True}
        skips = {_SKIP_BUTTON} if "unknown" in labels else {*_SKIPS, _SKIP_BUTTON}
        if _one_of_these(given.text, skips):
            return {"picks": [], "done": True}
        chosen = _several(given.text, spellings(labels, question.options))
    if not chosen:
        raise NotAnAnswer("talk.please_choose")
    alone = {option.key for option in question.options if option.alone}
    if lonely := alone.intersection(chosen):
        return {"picks": [next(key for key in chosen if key in lonely)], "done": True}
    picks = [key for key in picks if key not in alone]
    picks += [key for key in chosen if key not in picks]
    picks = picks[: question.at_most]
    return {"picks": picks, "done": so_far["done"] or len(picks) >= min(question.at_most, len(labels))}


def _several(text: str, called: Spellings) -> list[str]:
    """Every option that these words name: 「お金と仕事」, 「1、3」, 「お金や仕事のこと」."""
    said = plain(text)
    if len(said) > _LONGEST_PART * 2:
        return []
    if exact := [key for key, names in called.items() if said in names]:
        return exact
    words = (part for part in re.split(r"[、,，・と\s]+", text) if plain(part) not in _AND)
    if parts := [key for part in words if (key := match(part, called))]:
        return parts
    return [key for key, names in called.items() if any(_means(said, name) for name in names)]


def fits(question: Question, stored: Any) -> bool:
    """Whether a stored answer still answers this question (content and code may have changed since)."""
    keys = {o.key for o in getattr(question, "options", ())}
    if isinstance(question, Many):
        return isinstance(stored, dict) and bool(stored.get("done")) and set(stored.get("picks", [])) <= keys
    if isinstance(question, Choice):
        return stored in keys or (question.skippable and stored == SKIP)
    return isinstance(stored, str) and stored != ""
