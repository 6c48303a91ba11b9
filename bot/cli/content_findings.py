"""How findings about content are told at the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from bot.cli import output
from bot.content.findings import Finding

MOST_ALIKE = 5
"""Findings of one kind that are told one by one; the others are counted."""
_MARKS = {"error": ("✗", output.BAD), "warning": ("!", output.WARN)}


def tell(findings: Iterable[Finding], *, few: bool = False) -> None:
    """One line each, errors first, with what to do under it; `few` counts what is said again and again."""
    alike: dict[tuple[str, ...], list[Finding]] = {}
    for found in sorted(findings, key=lambda each: each.level != "error"):
        kind = (found.level, found.file, found.words, found.hint) if few else (found.where, found.words)
        alike.setdefault(kind, []).append(found)
    for several in alike.values():
        shown = several[:MOST_ALIKE]
        mark, style = _MARKS[several[0].level]
        for found in shown:
            output.say(f"{mark} {found.where}: {found.words}", style)
        if hint := several[0].hint:
            output.say(f"    → {hint}", output.QUIET)
        if rest := len(several) - len(shown):
            output.say(f"    ほかに同じもの {rest} 件（--all で全部）", output.QUIET)
