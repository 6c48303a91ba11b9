"""Texts: every word that a person reads, by key, from content/texts/<language>/*.yaml.

A key is `<file>.<key>` (nested keys are joined by dots; `ask` names its group itself, so that the words of a
question stand above those of its answers). `{name}` in a text is filled in by the caller.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from bot.content.errors import ContentError

_YES_OR_NO = {True: "yes", False: "no"}  # what YAML makes of a key yes or no without quotes
LONGEST = 2_000  # characters: far below LINE's limit, and already too much to read on a phone


@dataclass(frozen=True)
class Texts:
    """All texts of one language."""

    by_key: Mapping[str, str]

    def get(self, key: str, /, **params: str) -> str:
        """The text under `key`, filled in; KeyError where there is none."""
        return self.by_key[key].format_map(params) if params else self.by_key[key]

    def has(self, key: str) -> bool:
        return key in self.by_key

    def under(self, prefix: str) -> Mapping[str, str]:
        """All texts whose key begins with `<prefix>.`, by the rest of their key, in the file's order."""
        return self._groups.get(prefix, {})

    @cached_property
    def _groups(self) -> Mapping[str, Mapping[str, str]]:
        """Found once: a message is compared with several lists of words."""
        groups: dict[str, dict[str, str]] = {}
        for key, text in self.by_key.items():
            parts = key.split(".")
            for count in range(1, len(parts)):
                groups.setdefault(".".join(parts[:count]), {})[".".join(parts[count:])] = text
        return groups


def load_texts(folder: Path) -> Texts:
    """Read all files of one language; ContentError names language, file and key of what is wrong."""
    by_key: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        name = f"texts/{folder.name}/{path.name}"
        try:
            tree = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ContentError(name, "", f"cannot be read: {error}") from error
        for key, text in _leaves(tree, path.stem, name):
            by_key[key] = text
    return Texts(by_key)


def _leaves(tree: Any, prefix: str, file: str) -> Iterator[tuple[str, str]]:
    if not isinstance(tree, dict):
        raise ContentError(file, prefix, "a text or a group of texts is expected")
    for raw, value in tree.items():
        name = _YES_OR_NO.get(raw, raw) if isinstance(raw, bool) else raw
        key = prefix if name == "ask" else f"{prefix}.{name}"
        if isinstance(value, dict):
            yield from _leaves(value, key, file)
            continue
        if not isinstance(value, str) or not value.strip():
            raise ContentError(file, key, "a text is expected (put quotes around it)")
        text = value.strip()
        if len(text) > LONGEST:
            raise ContentError(file, key, f"is {len(text)} characters long, at most {LONGEST}")
        try:
            list(string.Formatter().parse(text))
        except ValueError as error:
            raise ContentError(file, key, f"has a broken {{placeholder}}: {error}") from error
        yield key, text
