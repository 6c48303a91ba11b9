"""Desks that nothing leads to, that nobody can telephone, or that nobody has made sure of for long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from bot.content.checks.catalogue import made_sure
from bot.content.findings import Finding
from bot.content.library import Content
from bot.content.places import Window

_FILE = "windows.yaml"


def of_desks(content: Content, on: date) -> Iterator[Finding]:
    """Every desk by itself, and whether schemes and kinds of concern lead to it."""
    asked = {
        word
        for scheme in content.catalogue.schemes
        for word in (scheme.window_kind, *scheme.window_kind.split("・"))
        if word
    }
    heirs = {window.replaced_by for window in content.windows} | {w.after_hours_desk for w in content.windows}
    for window in content.windows:
        if not window.active:
            continue
        yield from _alone(window, on)
        leads = window.kinds or window.all_kinds or window.fallback or window.key in heirs
        if not leads and not asked.intersection((window.name, *window.desks)):
            hint = "kinds か desks に書くか、なくなった窓口なら active: false にしてください。"
            yield _warning(window, "", "どの制度からも、どの種類の連絡からも、この窓口に来ません。", hint)
        for word in window.desks:
            if word not in asked:
                hint = "制度の window_kind と同じ言葉に直すか、消してください。"
                yield _warning(window, "desks", f"「{word}」を窓口とする制度がありません。", hint)


def _alone(window: Window, on: date) -> Iterator[Finding]:
    if window.phone is None:
        yield _warning(window, "phone", "電話番号がありません。", "窓口に確かめて、書いてください。")
    yield from made_sure(_FILE, window.key, window.verified_at, on, "窓口に")


def _warning(window: Window, field: str, words: str, hint: str) -> Finding:
    return Finding("warning", _FILE, window.key, field, words, hint)
