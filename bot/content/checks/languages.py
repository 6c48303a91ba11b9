"""What a language lacks, says in vain, or has taken over from notes of staff."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from bot.content.errors import ContentError
from bot.content.findings import Finding
from bot.content.library import Content
from bot.content.translation import CHANGED, LEFT

_NAMED: Final = 8  # keys in a line
_YEAR: Final = re.compile(r"(?<![0-9-])20[0-9]{2}(?![0-9])")
_NOTE: Final = re.compile(
    r"please check(?! the official)|lecture|some sources|需确认|要确认|请核实|资料|"
    r"cần hỏi lại|tài liệu|confirmar|outra fonte|講演会|たしかめて",
    re.IGNORECASE,
)


def of_languages(content: Content) -> Iterator[Finding]:
    """By language one line for what is missing and one for what is left over, then every note by itself."""
    broken = False
    for language in content.languages:
        try:
            said = content.said_in(language)
        except ContentError as wrong:
            broken = True
            hint = "この訳を直してください。直すまで、サービスを始められません。"
            yield Finding("error", wrong.file, wrong.key, "", str(wrong).rpartition(": ")[2], hint)
            continue
        if said.original is not None:
            yield from _notes(content, said, language)
    for language, keys in () if broken else content.untranslated().items():
        yield from _gaps(language, keys)


def _gaps(language: str, keys: Sequence[str]) -> Iterator[Finding]:
    missing = [key for key in keys if not key.endswith((LEFT, CHANGED))]
    changed = [key.removesuffix(CHANGED) for key in keys if key.endswith(CHANGED)]
    left = [key.removesuffix(LEFT) for key in keys if key.endswith(LEFT)]
    for listed, words, hint in (
        (missing, "訳がありません（日本語で出ます）", "訳を書いてください。"),
        (changed, "日本語とちがう番号があります（日本語で出ます）", "番号を日本語と同じにしてください。"),
        (left, "訳だけがあり、日本語がありません", "消すか、名前を直してください。"),
    ):
        if listed:
            shown = "、".join(listed[:_NAMED]) + ("…" if len(listed) > _NAMED else "")
            words = f"{len(listed)}か所に{words}: {shown}"
            yield Finding("warning", f"texts/{language}", "", "", words, hint)


def _notes(japanese: Content, said: Content, language: str) -> Iterator[Finding]:
    for key, line in said.hotlines.items():
        own = japanese.hotlines[key]
        for field in ("hours_text", "cost"):
            text, original = getattr(line, field), getattr(own, field)
            found = _NOTE.search(text) or _YEAR.search(text)
            if text != original and found and not _YEAR.search(original):
                words = f"職員のメモに見える言葉「{found[0]}」があります: {text}"
                name = field.removesuffix("_text")
                yield Finding(
                    "error", f"texts/{language}/hotlines.yaml", key, name, words, "消してください。"
                )
