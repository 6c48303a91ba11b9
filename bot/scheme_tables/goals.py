"""What a 連携目標 means here: a theme of the handbook, and the answers that lead to it."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.content.conditions import Token
from bot.content.questions import WORRIES, HandbookQuestion

OTHER: Final = "その他"
_UNKNOWN: Final = (WORRIES, "unknown")
_MOST_AGREE: Final = 0.75
_LONG_NUMBER: Final = 4  # digits: in 10018 the first one is the theme, in 12 it is nothing

# What departments write for a trouble (by its code in Q2) or a theme; squeezed as `_squeezed` does.
_ALSO_CALLED: Final[Mapping[str, str]] = {
    "money": "生活困窮 困窮 経済 経済的 家計 貧困 生活費 収入 くらし 暮らし 生活 お金の",
    "work": "就労 就職 雇用 失業 労働 しごと",
    "home": "住宅 居住 家賃 住居 すまい 居住支援",
    "mind": "心 心の健康 こころの健康 メンタルヘルス 精神保健 自殺 自殺予防 いのち",
    "body": "健康 医療 保健 体 身体 難病 がん",
    "disability": "障害福祉 障害児 発達障害",
    "child": "子ども 育児 子育て支援 ひとり親 母子 妊娠 出産 保育 子ども・子育て",
    "care": "高齢 高齢者福祉 高齢福祉 認知症 老後 地域包括",
    "family": "家庭 家族関係 dv 暴力 虐待 女性 男女共同参画",
    "school": "不登校 いじめ 教育 若者 学習 ヤングケアラー 青少年 学校教育",
    "alone": "孤独 孤立 孤独・孤立 ひきこもり 居場所 つながり 地域のつながり 社会参加",
    "debt": "債務 多重債務 法律 消費生活 消費者 権利擁護 人権 相続 契約",
    "addiction": "依存 アルコール ギャンブル 薬物",
    "disaster": "防災 被災 被災者 災害復興",
    "foreign": "外国 外国籍 外国人住民 多文化共生 多文化 国際 日本語",
    "unknown": "その他 一般 総合 総合相談 全般 相談",
}
_END: Final = re.compile(
    r"(に関すること|に関する(悩み|支援|相談|こと)|の?(支援|対策|悩み|問題|困りごと|相談|分野|こと|関係|推進|関連|者|福祉))+$"
)
_NUMBER: Final = re.compile(r"^(?:\(?(?:[0-9]+|[一二三四五六七八九十]|[a-z])[).:_\-、・]|[0-9]+)?[■□◆●【\[]?")
_BETWEEN: Final = re.compile(r"[、,，/／;；+＋&＆\n]")


@dataclass(frozen=True)
class Meaning:
    """A theme, and the answers that lead to what belongs to it."""

    theme: str
    leads: tuple[Token, ...]

    @property
    def show_if_any(self) -> str:
        return " ".join(f"{question}.{option}" for question, option in self.leads)


class Goals:
    """Words for themes, from the questions and from what departments write."""

    def __init__(self, questions: Iterable[HandbookQuestion]) -> None:
        options = next((question.options for question in questions if question.code == WORRIES), ())
        themes: dict[str, list[Token]] = {}
        words: dict[str, Meaning] = {}
        for option in options:
            if option.theme:
                themes.setdefault(option.theme, []).append((WORRIES, option.code))
        for option in options:
            theme = option.theme or (OTHER if option.code == _UNKNOWN[1] else None)
            if theme is None:
                continue
            meaning = Meaning(theme, ((WORRIES, option.code),))
            said = (option.label, *option.label.split("・"), *_ALSO_CALLED.get(option.code, "").split())
            for word in said if option.theme else said[2:]:
                words.setdefault(_squeezed(word), meaning)
        self.themes = {theme: Meaning(theme, tuple(leads)) for theme, leads in themes.items()}
        self.themes.setdefault(OTHER, Meaning(OTHER, (_UNKNOWN,)))
        for theme, meaning in self.themes.items():
            words[_squeezed(theme)] = meaning
            for part in theme.split("・"):
                words.setdefault(_squeezed(part), meaning)
        self._words = {word: meaning for word, meaning in words.items() if word}

    def read(self, goal: str) -> tuple[tuple[Meaning, ...], str]:
        """The meanings of 「お金、住まい」 in their order, and the first part that is not known (empty: all are)."""
        found: list[Meaning] = []
        for piece in _BETWEEN.split(goal):
            if not (word := _squeezed(piece)):
                continue
            parts = [self._words[part] for part in _parts(word) if part in self._words]
            if word in self._words:
                found.append(self._words[word])
            elif parts:
                found += parts
            else:
                return (), piece.strip()
        return tuple(dict.fromkeys(found)), ""

    def nearest(self, word: str) -> str | None:
        """The theme that was probably meant."""
        squeezed = _squeezed(word)
        close = difflib.get_close_matches(squeezed, self._words, n=1, cutoff=0.5)
        if close:
            return self._words[close[0]].theme
        return self.about(word)

    def about(self, *texts: str) -> str | None:
        """The theme whose words stand in these titles and names; None where they say nothing."""
        text = _plain("".join(texts))
        told = Counter[str]()
        for word, meaning in self._words.items():
            if len(word) > 1 and meaning.theme != OTHER and word in text:
                told[meaning.theme] += len(word)
        return told.most_common(1)[0][0] if told else None


def together(meanings: Iterable[Meaning]) -> Meaning:
    """The first theme, with the answers of all."""
    listed = list(meanings)
    return Meaning(listed[0].theme, tuple(dict.fromkeys(lead for each in listed for lead in each.leads)))


def beginning(table_id: str) -> str:
    """What IDs of one theme have in common: the first digit of 10018, the letters of A-003; empty where nothing is."""
    plain = _plain(table_id)
    if plain.isdigit():
        return plain[0] if len(plain) >= _LONG_NUMBER else ""
    letters = re.match(r"[^0-9\-_.]+", plain)
    return letters[0] if letters else ""


def learned(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Theme by the beginning of IDs, where nearly all rows (ID, theme) of that beginning agree."""
    seen: dict[str, Counter[str]] = {}
    for table_id, theme in pairs:
        if start := beginning(table_id):
            seen.setdefault(start, Counter())[theme] += 1
    agreed = {}
    for start, themes in seen.items():
        (theme, often), total = themes.most_common(1)[0], sum(themes.values())
        if often > 1 and often >= _MOST_AGREE * total:
            agreed[start] = theme
    return agreed


def _parts(word: str) -> list[str]:
    return [_END.sub("", part) or part for part in word.split("・")]


def _plain(text: str) -> str:
    text = re.sub(r"[\s　\]】)）]", "", unicodedata.normalize("NFKC", text)).casefold()
    return text.replace("障がい", "障害").replace("子供", "子ども").replace("こども", "子ども")


def _squeezed(text: str) -> str:
    plain = _NUMBER.sub("", _plain(text), count=1)
    return _END.sub("", plain) or plain
