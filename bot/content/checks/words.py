"""Japanese words that promise, run on, are too long for their place, or are notes of staff."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bot.content.findings import Finding
from bot.content.library import Content
from bot.content.staff_notes import source_note, staff_note
from bot.content.words import missing_and_unused

LONGEST_SENTENCE: Final = 80
"""Letters; above it nobody of 75 years reads on."""
_LONGEST_HOURS, _LONGEST_COST = 80, 40
_PROMISE: Final = re.compile(
    r"対象(者)?です|対象(者)?になります|必ず(?!しも)(?=[^。]{0,20}(受け|もら|出|支給|給付|使え|借り|通り|認め))|絶対に|確実に|"
    r"(支給|給付)されます|間違いなく|保証します"
)
_SENTENCE: Final = re.compile(r"[。\n！？]")
_NOT_READ_OUT: Final = re.compile(r"（[ぁ-んー ]+）|\{[a-z_]+\}|<[^>]*>")
_FOR_STAFF: Final = ("desk", "register", "route", "incident")
"""Rooms of texts that only staff read."""
_LISTS: Final = re.compile(r"(^|\.)(words|typed|.*_words)(\.|$)")


@dataclass(frozen=True)
class Said:
    """Words that people read, and where they stand."""

    file: str
    place: str
    field: str
    text: str


def of_words(content: Content) -> Iterator[Finding]:
    """Everything that people read in Japanese, and texts that the code lacks or has no use for."""
    for said in (*_of_texts(content), *_of_questions(content), *_of_entries(content)):
        yield from _of_words(said)
    yield from _of_lines(content)
    yield from _of_code(content)
    if waiting := content.crisis_replies.unreviewed:
        names = "、".join(waiting)
        words = f"専門の方の確認（reviewer）がまだです: {names}"
        hint = "専門の方に読んでもらい、その人を reviewer に書いてください。"
        yield Finding("warning", "crisis/replies.yaml", "", "reviewer", words, hint)


def _of_words(said: Said) -> Iterator[Finding]:
    if promise := _PROMISE.search(said.text):
        words = f"約束に聞こえる言葉「{promise[0]}」があります。"
        yield Finding(
            "warning",
            said.file,
            said.place,
            said.field,
            words,
            "「〜できることがあります」のように書いてください。",
        )
    if note := staff_note(said.text):
        words = f"職員のメモに見える言葉「{note}」があります。"
        yield Finding("error", said.file, said.place, said.field, words, "住民が読む文に直してください。")
    longest = max((len(_NOT_READ_OUT.sub("", one)) for one in _SENTENCE.split(said.text)), default=0)
    if longest > LONGEST_SENTENCE:
        words = f"{longest}字の文があります。{LONGEST_SENTENCE}字までにしてください。"
        yield Finding("warning", said.file, said.place, said.field, words, "2つの文に分けてください。")


def _of_texts(content: Content) -> Iterator[Said]:
    """Words for people; not those that are only understood, and not those that only staff read."""
    for key, text in content.texts.by_key.items():
        room, _, rest = key.partition(".")
        if not _LISTS.search(rest) and not room.startswith(_FOR_STAFF):
            yield Said(f"texts/ja/{room}.yaml", rest, "", text)


def _of_questions(content: Content) -> Iterator[Said]:
    for question in content.questions:
        for field in ("text", "text_family", "hint", "hint_web"):
            yield Said("questions.yaml", question.key, field, getattr(question, field) or "")


def _of_entries(content: Content) -> Iterator[Said]:
    for scheme in content.catalogue.schemes:
        for field in ("plain_title", "what", "cost", "deadline", "say"):
            yield Said(scheme.file, scheme.id, field, getattr(scheme, field))
        yield from (Said(scheme.file, scheme.id, "who_for", one) for one in scheme.who_for)
    for window in content.windows:
        for field in ("name", "hours_text", "after_hours", "note"):
            yield Said("windows.yaml", window.key, field, getattr(window, field).replace("〇〇", ""))
    for document in content.documents.values():
        yield Said("documents.yaml", document.key, "hint", document.hint)
    for rule in content.rules.values():
        yield Said("rules.yaml", rule.key, "words", rule.words)
    for line in content.hotlines.values():
        for field in ("name", "short_name", "hours_text", "cost"):
            yield Said("hotlines.yaml", line.key, field, getattr(line, field))


def _of_lines(content: Content) -> Iterator[Finding]:
    for line in content.hotlines.values():
        for field, longest in (("hours_text", _LONGEST_HOURS), ("cost", _LONGEST_COST)):
            text = getattr(line, field)
            if note := source_note(text):
                words = f"いつの資料かを書いた「{note}」があります。"
                hint = "note（職員だけが見る欄）に移してください。"
                yield Finding("error", "hotlines.yaml", line.key, field, words, hint)
            if len(text) > longest:
                words = f"{len(text)}字あります。{longest}字までにしてください。"
                yield Finding("warning", "hotlines.yaml", line.key, field, words, "短くしてください。")


def _of_code(content: Content) -> Iterator[Finding]:
    missing, unused = missing_and_unused(content.texts, content.parts_of_keys)
    for key in missing:
        yield Finding("error", "texts/ja", key, "", "文章がありません。", "この名前の文章を書いてください。")
    for key in unused:
        yield Finding(
            "warning", "texts/ja", key, "", "どこでも使われていません。", "使わないなら、消してください。"
        )
