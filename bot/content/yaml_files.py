"""How a file of content/ is read: its tree, and lists of entries that each have a key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import yaml

from bot.content.errors import ContentError


class Keyed(Protocol):
    """Something that content knows by its key."""

    @property
    def key(self) -> str: ...


Made = TypeVar("Made", bound=Keyed)


def tree_of(path: Path) -> Any:
    """What stands in the file; ContentError where it is no YAML or not UTF-8."""
    try:
        return yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContentError(path.name, "", f"cannot be read: {error}") from error


def by_key(
    path: Path, entries: list[Any], read: Callable[[Any, Mapping[str, Made]], Made]
) -> dict[str, Made]:
    """The entries by key, in the file's order; ContentError names the number of the one that is wrong.

    `read` is given an entry and those before it, and raises ValueError.
    """
    found: dict[str, Made] = {}
    for number, entry in enumerate(entries, 1):
        try:
            made = read(entry, found)
            if made.key in found:
                raise ValueError(f"key: {made.key} is there twice")
        except ValueError as trouble:
            raise ContentError(path.name, f"number {number}", str(trouble)) from trouble
        found[made.key] = made
    return found
