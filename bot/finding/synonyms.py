"""Words that mean the same to somebody who looks for help: content/synonyms.yaml as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.content.errors import ContentError
from bot.content.yaml_files import tree_of

_PARTS: Final = ("groups", "ignore", "less", "neighbours")


@dataclass(frozen=True)
class Synonyms:
    """Groups of like words; words that say nothing, or little, by themselves; signs that a neighbour is meant."""

    groups: tuple[tuple[str, ...], ...] = ()
    ignore: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    neighbours: tuple[str, ...] = ()


def load_synonyms(path: Path) -> Synonyms:
    """ContentError names the line that is wrong."""
    tree = tree_of(path)
    if not isinstance(tree, dict) or set(tree) != set(_PARTS):
        raise ContentError(path.name, "", f"{', '.join(_PARTS)} are expected")
    lines = tree["groups"]
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise ContentError(path.name, "groups", "a list of lines of words is expected")
    groups = tuple(_listed(line) for line in lines)
    for words in groups:
        if len(words) < 2:
            raise ContentError(path.name, "groups", f"「{'、'.join(words)}」 has no like word beside it")
        if len(set(words)) < len(words):
            raise ContentError(path.name, "groups", f"「{words[0]}」: a word stands twice in this line")
    return Synonyms(groups, *(_listed(str(tree[part])) for part in _PARTS[1:]))


def _listed(line: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in line.split("、") if word.strip())
