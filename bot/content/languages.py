"""In which languages news can be read: content/languages.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.content.errors import ContentError
from bot.content.yaml_files import tree_of

JAPANESE: Final = "ja"  # of whoever has chosen none
_KEY: Final = re.compile(r"[a-z]{2}(-[A-Za-z]{2,5})?")  # people.language has room for 8
_LONGEST: Final = {
    "name": 40,
    "called": 20,
    "typed": 200,
    "chosen": 400,
    "stop": 100,
    "less": 20,
    "choose": 20,
    "your_town": 40,
    "your_district": 40,
    "lead": 60,
    "more": 20,
    "rest": 100,
}


@dataclass(frozen=True)
class Language:
    """`name` is its own, `called` its Japanese one; the rest is said in it. `stop` ends every news, with the buttons
    `less` and `choose`; `typed` is what people type to choose it. `your_town` and `your_district` stand where a name
    would, of whoever did not tell us. `lead` begins a digest, `more` stands before an address, `rest` says that there is
    more ({count})."""

    key: str
    name: str
    called: str
    typed: tuple[str, ...]
    chosen: str
    stop: str
    less: str
    choose: str
    your_town: str
    your_district: str
    lead: str
    more: str
    rest: str


def load_languages(path: Path) -> Mapping[str, Language]:
    """By key, Japanese first; ContentError names the language and what is wrong with it."""
    raw = tree_of(path)
    if not isinstance(raw, list) or not raw:
        raise ContentError(path.name, "", "a list of languages is expected")
    found: dict[str, Language] = {}
    for number, entry in enumerate(raw, 1):
        try:
            one = _language(entry)
            if one.key in found:
                raise ValueError(f"key: {one.key} is there twice")
        except ValueError as trouble:
            raise ContentError(path.name, f"number {number}", str(trouble)) from trouble
        found[one.key] = one
    if next(iter(found)) != JAPANESE:
        raise ContentError(path.name, JAPANESE, "stands first: it is the language of whoever chose none")
    return found


def _language(entry: Any) -> Language:
    if not isinstance(entry, Mapping) or set(entry) != {"key", *_LONGEST}:
        raise ValueError(f"exactly key, {', '.join(_LONGEST)} are expected")
    key = entry["key"]
    if not isinstance(key, str) or len(key) > 8 or not _KEY.fullmatch(key):
        raise ValueError(f"key: {key!r} is not like en, ja-easy or zh-Hans")
    said: dict[str, str] = {}
    for name, longest in _LONGEST.items():
        value = entry[name]
        if not isinstance(value, str) or not 0 < len(value.strip()) <= longest:
            raise ValueError(f"{name}: a text of at most {longest} letters is expected, not {value!r}")
        said[name] = value.strip()
    if "{count}" not in said["rest"]:
        raise ValueError("rest: has to say how many ({count})")
    typed = tuple(word for word in said.pop("typed").split("、") if word)
    return Language(key, typed=typed, **said)
