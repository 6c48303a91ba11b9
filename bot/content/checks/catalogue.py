"""Schemes, rules, documents and options that are old, missing for a day, or used by nothing."""

from __future__ import annotations

import csv
import difflib
import re
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from bot.content.conditions import Token
from bot.content.findings import Finding
from bot.content.library import Content
from bot.content.schemes import Scheme, without_row
from bot.handbook.recommend import CONTACT

FRESH_FOR: Final = timedelta(days=180)
_NOT_ONLY_FOR_SCHEMES: Final = frozenset({"Q1", "Q4", CONTACT})
OTHER: Final = "その他"
"""The theme of what belongs to no trouble of Q2."""
_LONG_NAME: Final = 5  # letters: a shorter name stands in many others


def of_catalogue(content: Content, on: date) -> Iterator[Finding]:
    """What the catalogue lacks on this day, and what stands in it for nothing."""
    for scheme in content.catalogue.schemes:
        yield from _of_scheme(scheme, content, on)
    for town in dict.fromkeys(scheme.town for scheme in content.catalogue.schemes):
        if town is not None and town not in content.towns:
            words = "この名前の市町は towns.yaml にないので、だれにも出ません。"
            hint = f"ファイルの名前を、市町のキー（{'、'.join(content.towns)}）にしてください。"
            yield Finding("error", f"schemes/{town}.csv", "", "", words, hint)
    for scheme in without_row(content.catalogue.schemes, on):
        words = f"{scheme.valid_to} で終わり、{on} の行がありません。"
        hint = "次の行を足すか、終わったのなら ended に 1 を書いてください。"
        yield Finding("error", scheme.file, scheme.id, "valid_to", words, hint)
    yield from _unused(content)


def _of_scheme(scheme: Scheme, content: Content, on: date) -> Iterator[Finding]:
    themes = [option.theme for question in content.questions for option in question.options if option.theme]
    if scheme.theme not in (*themes, OTHER):
        near = next(iter(difflib.get_close_matches(scheme.theme, themes, 1, 0.3)), None)
        hint = f"「{near}」ですか？" if near else f"使えるもの: {'、'.join(themes)}、{OTHER}"
        words = f"「{scheme.theme}」というテーマは、質問の選択肢にありません。えらんだテーマとして出ません。"
        yield Finding("warning", scheme.file, scheme.id, "theme", words, hint)
    if scheme.verified_at > on or scheme.valid_on(on):
        yield from made_sure(scheme.file, scheme.id, scheme.verified_at, on, "公式の案内で")
    line = _line_of(scheme, content)
    if line is not None:
        words = f"「{line[0]}」の番号が、hotlines.yaml の {line[1]} とちがいます（{scheme.phone}）。"
        yield Finding("error", scheme.file, scheme.id, "phone", words, "どちらが正しいか確かめてください。")


def made_sure(file: str, key: str, verified_at: date, on: date, how: str) -> Iterator[Finding]:
    """That the day on which somebody made sure has not come yet, or is long ago; `how` to make sure again."""
    if verified_at > on:
        words = f"確かめた日 {verified_at} が、まだ来ていません。"
        yield Finding("error", file, key, "verified_at", words, "正しい日に直してください。")
    elif on - verified_at > FRESH_FOR:
        words = f"確かめてから {FRESH_FOR.days} 日をこえました。"
        hint = f"{how}確かめ、verified_at をその日にしてください。"
        yield Finding("warning", file, key, "verified_at", words, hint)


def _line_of(scheme: Scheme, content: Content) -> tuple[str, str] | None:
    """The line for everyone of the same name, where its number is another one."""
    if scheme.phone is None:
        return None
    own = _plain(scheme.official_name)
    for line in content.hotlines.values():
        if (
            line.phone
            and len(name := _plain(line.name)) >= _LONG_NAME
            and name == own
            and line.tel != scheme.tel
        ):
            return line.name, line.phone
    return None


def _unused(content: Content) -> Iterator[Finding]:
    catalogue = content.catalogue.schemes
    named = _named_in(content.folder / "schemes")
    for rule in content.rules.values():
        if rule.key not in named:
            words = f"「{rule.words}」を使う制度がありません。"
            yield Finding("warning", "rules.yaml", rule.key, "", words, "使わないなら、消してください。")
    brought = {key for scheme in catalogue for key in scheme.bring}
    for document in content.documents.values():
        if document.key not in brought:
            words = f"「{document.label}」を持ち物に書いた制度がありません。"
            yield Finding(
                "warning", "documents.yaml", document.key, "", words, "使わないなら、消してください。"
            )
    yield from _unused_options(content)


def _named_in(folder: Path) -> set[str]:
    """The rules that a scheme calls by name."""
    found: set[str] = set()
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as lines:
            for row in csv.DictReader(lines):
                cells = " ".join(row.get(column) or "" for column in ("show_if_any", "require", "exclude"))
                found.update(word for word in re.split(r"[\s+&]+", cells) if word and "." not in word)
    return found


def _unused_options(content: Content) -> Iterator[Finding]:
    """Options that open nothing, of questions that are there to find schemes.

    A question needs an answer for those to whom nothing of it applies: one option may be idle (「困っていない」). Who is meant
    (Q1), who lives here (Q4) and how somebody wants to talk (Q23) are asked for the words and the order as well.
    """
    used: set[Token] = {token for scheme in content.catalogue.schemes for token in scheme.tokens()}
    used |= {token for rule in content.rules.values() for token in rule.one_of}
    for question in content.questions:
        used |= question.asked_when.tokens() | question.asked_if_room.tokens()
    for question in content.questions:
        if question.options_from or question.code in _NOT_ONLY_FOR_SCHEMES:
            continue
        plain = [one for one in question.options if not (one.theme or one.leads_to or one.exclusive)]
        idle = [one for one in plain if (question.code, one.code) not in used]
        has_none = any(one.exclusive for one in question.options)
        for option in idle if len(idle) > 1 or has_none else ():
            words = f"「{option.label}」（{question.code}.{option.code}）と答えても、何も変わりません。"
            hint = "この答えで出す制度を書くか、選択肢を消してください。"
            yield Finding("warning", "questions.yaml", question.key, option.code, words, hint)


def _plain(text: str) -> str:
    return re.sub(r"[\s()（）「」・]", "", unicodedata.normalize("NFKC", text))
