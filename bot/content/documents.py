"""What one is asked to bring to a desk, read from content/documents.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.content.errors import ContentError
from bot.content.yaml_files import by_key, tree_of

_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
LONGEST_LABEL, LONGEST_HINT = 40, 80


@dataclass(frozen=True)
class Document:
    """Something to bring, and where one finds it (empty where that is plain)."""

    key: str
    label: str
    hint: str = ""


def load_documents(path: Path) -> Mapping[str, Document]:
    """The documents by key, in the file's order; ContentError names the entry and what is wrong with it."""
    raw = tree_of(path)
    if not isinstance(raw, list) or not raw:
        raise ContentError(path.name, "", "a list of documents is expected")
    return by_key(path, raw, lambda entry, _: _document(entry))


def _document(entry: Any) -> Document:
    if not isinstance(entry, Mapping) or not {"key", "label"} <= set(entry) <= {"key", "label", "hint"}:
        raise ValueError("key, label and perhaps hint are expected")
    key, label, hint = entry["key"], entry["label"], entry.get("hint", "")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise ValueError(f"key: {key!r} must be written in small letters, digits and _")
    if not isinstance(label, str) or not 0 < len(label) <= LONGEST_LABEL:
        raise ValueError(f"label: 1 to {LONGEST_LABEL} letters are expected, not {label!r}")
    if not isinstance(hint, str) or len(hint) > LONGEST_HINT:
        raise ValueError(f"hint: at most {LONGEST_HINT} letters are expected, not {hint!r}")
    return Document(key, label, hint)
